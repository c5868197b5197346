import ArgumentParser
import Fluxion
import FluxionONNX
import Foundation
import Tensors

/// `fluxion-onnx time FILE --input x.npy`.
struct Time: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Times a model, operator by operator and compiled.",
    discussion: """
      Prints the least milliseconds of a round's runs, a line for each round. Compiled answers are compared with the others to the bit.
      """)

  @Argument(help: "An ONNX file.")
  var file: String

  @OptionGroup var inputs: Inputs

  @Option(help: "An input that is the same at each run, by its name; an If that depends on it can then be compiled.")
  var fix: [String] = []

  @Option(help: "How many runs a round has of each kind.")
  var `repeat` = 20

  @Option(help: "How many rounds.")
  var rounds = 1

  @Flag(help: "Waits for a line of standard input before each round, to take turns with another program.")
  var turns = false

  func run() throws {
    var model = try ONNXModel(from: file)
    var tensors = try inputs.tensors(model)
    var fixed: [String: Tensor] = [:]
    for name in fix { fixed[name] = tensors.removeValue(forKey: name) }
    model = try model.fixing(fixed)
    let named = model.named
    let expected = try checked { named.predict(tensors) }
    let fast = named.compiled(fallback: .eager)
    // Traced twice, then by the plan, which keeps what it computed of the weights.
    for _ in 0..<6 { try compare(try checked { fast.predict(tensors) }, expected) }
    say("compiled: \(fast.plans.last ?? "no plan")")
    for _ in 0..<max(1, rounds) {
      if turns && readLine() == nil { return }
      let eager = try least { _ = named.predict(tensors) }
      let compiled = try least { _ = fast.predict(tensors) }
      say("eager \(eager) compiled \(compiled)")
    }
    try compare(try checked { fast.predict(tensors) }, expected)
  }

  private func compare(_ answers: [String: Tensor], _ expected: [String: Tensor]) throws {
    for (name, y) in expected where !(answers[name]?.hasSameBytes(as: y) ?? false) {
      say("compiled: \(name) has other bits")
      throw ExitCode(1)
    }
  }

  /// A line at once, also where somebody waits for it at the other end of a pipe.
  private func say(_ line: String) { FileHandle.standardOutput.write(Foundation.Data("\(line)\n".utf8)) }

  /// The least milliseconds of some runs.
  private func least(_ body: () -> Void) throws -> Double {
    let clock = ContinuousClock()
    var least = Double.infinity
    for _ in 0..<max(1, `repeat`) {
      least = min(least, try clock.measure { try checked { body() } } / .milliseconds(1))
    }
    return (least * 10_000).rounded() / 10_000
  }
}
