import ArgumentParser
import Fluxion
import Foundation

/// Trains five layers of one's own, each on a task of its own, and tells what they reached.
@main
struct CustomLayers: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "customlayers",
    abstract: "Trains five layers of one's own, each on a task of its own, and tells what they reached.",
    discussion: """
      activation  a wavelet as activation, for two spirals
      trained     an activation whose slopes are trained, for the same
      binary      a layer of bits with a straight-through gradient: 32 symbols through 8 bits
      attention   attention by distances: finds the value that belongs to a key
      springs     masses and springs found from how they move, through an integrator
      """)

  @Argument(help: "Which of them (default: all).")
  var experiments: [Experiment] = []
  @Option(help: "What weights and data follow from.")
  var seed: UInt64 = 1

  func run() throws {
    let chosen = experiments.isEmpty ? Experiment.allCases : experiments
    var missed: [Experiment] = []
    for experiment in chosen {
      let begin = Date()
      let outcome = withSeed(seed) { experiment.run() }
      let name = "\(experiment):".padding(toLength: 12, withPad: " ", startingAt: 0)
      print("\(name)\(outcome.text) (\(String(format: "%.1f", -begin.timeIntervalSinceNow)) s)")
      if !outcome.isReached { missed.append(experiment) }
    }
    if !missed.isEmpty {
      print("not reached: \(missed.map { "\($0)" }.joined(separator: ", "))")
      throw ExitCode.failure
    }
    print(chosen.count == Experiment.allCases.count ? "all five reached their results" : "reached")
  }
}

/// What there is to run.
enum Experiment: String, ExpressibleByArgument, CaseIterable {
  case activation, trained, binary, attention, springs

  func run() -> Outcome {
    switch self {
    case .activation: trainWavelets()
    case .trained: trainSlopes()
    case .binary: trainBits()
    case .attention: trainAttention()
    case .springs: findSprings()
    }
  }
}

/// What one of them gave: a line, and whether it is what it should be.
struct Outcome {
  let text: String
  let isReached: Bool
}

/// A number with so many digits behind the point.
func fixed(_ x: Double, _ digits: Int = 3) -> String { String(format: "%.\(digits)f", x) }
