import ArgumentParser
import Fluxion
import Foundation

/// Trains six kinds of model on tasks of their own, and tells what they reached.
@main
struct Tasks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tasks",
    abstract: "Trains six kinds of model on tasks of their own, and tells what they reached.",
    discussion: """
      vae        a variational autoencoder: draws digits, and fills in halves that are missing
      dqn        deep Q-learning: keeps a pole upright on a cart
      physics    a network that solves Poisson's equation, by L-BFGS
      resnet     a residual network that reads digits, trained on images that are shifted, turned and partly covered
      tabular    a network for a table with texts and gaps, in five folds
      cachedgpt  a GPT whose attention and cache of keys and values are written here
      """)

  @Argument(help: "Which of them (default: all).")
  var tasks: [TaskKind] = []

  @Option(help: "What the first parameters follow from.")
  var seed: UInt64 = 1

  func run() throws {
    let chosen = tasks.isEmpty ? TaskKind.allCases : tasks
    var missed: [TaskKind] = []
    for task in chosen {
      let begin = Date()
      let outcome = try withSeed(seed) { try task.run() }
      let name = "\(task):".padding(toLength: 11, withPad: " ", startingAt: 0)
      print("\(name)\(outcome.text) (\(fixed(-begin.timeIntervalSinceNow, 1)) s)")
      if !outcome.isReached { missed.append(task) }
    }
    if !missed.isEmpty {
      print("not reached: \(missed.map { "\($0)" }.joined(separator: ", "))")
      throw ExitCode.failure
    }
    print(chosen.count == TaskKind.allCases.count ? "all six reached their results" : "reached")
  }
}

/// What there is to run.
enum TaskKind: String, ExpressibleByArgument, CaseIterable {
  case vae, dqn, physics, resnet, tabular, cachedgpt

  func run() throws -> Outcome {
    switch self {
    case .vae: try trainVAE()
    case .dqn: trainDQN()
    case .physics: trainPhysics()
    case .resnet: try trainResNet()
    case .tabular: try trainTabular()
    case .cachedgpt: try trainCachedGPT()
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
