import ArgumentParser
import Data
import Fluxion
import FluxionONNX
import Foundation
import Tensors

/// `fluxion-onnx`: looks into ONNX files and runs them.
@main
struct ONNXTool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fluxion-onnx", abstract: "Looks into ONNX files, runs and checks them.",
    subcommands: [Inspect.self, Run.self, Check.self, Time.self, Guide.self])

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let code as ExitCode {
      exit(withError: code)
    } catch let error where error is ONNXError || error is TensorError || error is DataError {
      stop("\(error)")
    } catch {
      // What was asked for, as help; anything else is a mistake in the call.
      if exitCode(for: error) == .success { exit(withError: error) }
      stop(fullMessage(for: error).replacing("Error: ", with: "", maxReplacements: 1))
    }
  }

  /// One sentence, and 2 as `diff` has it for trouble.
  private static func stop(_ message: String) -> Never {
    FileHandle.standardError.write(Foundation.Data("fluxion-onnx: \(message)\n".utf8))
    Foundation.exit(2)
  }
}

/// `fluxion-onnx inspect FILE`.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows operators with counts and support, inputs and outputs. The exit code is 1 if some are not supported.")

  @Argument(help: "An ONNX file.")
  var file: String

  func run() throws {
    let support = try ONNXModel.support(of: file)
    print(support)
    if !support.isSupported { throw ExitCode(1) }
  }
}

/// The inputs of a run.
struct Inputs: ParsableArguments {
  @Option(name: .long, help: "A NumPy file: x.npy for a model of one input, or NAME=x.npy.")
  var input: [String] = []

  func tensors(_ model: ONNXModel) throws -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for text in input {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      let name = parts.count == 2 ? parts[0] : model.inputs.first?.name ?? ""
      if tensors.updateValue(try NPYFile(parts.last ?? "").tensor, forKey: name) != nil {
        throw ValidationError("two files for the input \(name); NAME=x.npy names another")
      }
    }
    return tensors
  }

  func answers(_ model: ONNXModel) throws -> [String: Tensor] {
    let tensors = try tensors(model)
    return try checked { withMode(.inference) { model(inputs: tensors) } }
  }
}

/// `fluxion-onnx run FILE --input x.npy --output y.npy`.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Runs a model on NumPy files.")

  @Argument(help: "An ONNX file.")
  var file: String

  @OptionGroup var inputs: Inputs

  @Option(help: "Where the first output goes, or NAME=y.npy; without it shapes are printed.")
  var output: [String] = []

  @Option(help: "How many times to run, to say the least and the middle time.")
  var `repeat` = 1

  func run() throws {
    let model = try ONNXModel(from: file)
    let answers = try inputs.answers(model)
    if `repeat` > 1 {
      let tensors = try inputs.tensors(model)
      let clock = ContinuousClock()
      let times = try (0..<`repeat`).map { _ in
        try clock.measure { _ = try checked { withMode(.inference) { model(inputs: tensors) } } } / .milliseconds(1)
      }.sorted()
      print(
        "least \((times[0] * 1000).rounded() / 1000) ms, median \((times[times.count / 2] * 1000).rounded() / 1000) ms of \(times.count) runs"
      )
    }
    for name in model.outputNames { if let y = answers[name] { print("\(name): \(y.dtype) \(y.shape)") } }
    for text in output {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      let name = parts.count == 2 ? parts[0] : model.outputNames.first ?? ""
      guard let y = answers[name] else { throw ValidationError("the model gives no tensor \(name)") }
      try NPYFile.write(y, to: parts.last ?? "")
    }
  }
}

/// `fluxion-onnx check FILE --input x.npy --against y.npy`.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compares a model's answer with a NumPy file. The exit code is 1 if they differ.")

  @Argument(help: "An ONNX file.")
  var file: String

  @OptionGroup var inputs: Inputs

  @Option(help: "What the first output should be, or NAME=y.npy.")
  var against: [String]

  @Option(help: "The relative tolerance.")
  var relative = 1e-4

  @Option(help: "The absolute tolerance.")
  var absolute = 1e-5

  func run() throws {
    let model = try ONNXModel(from: file)
    let answers = try inputs.answers(model)
    var differs = false
    for text in against {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      let name = parts.count == 2 ? parts[0] : model.outputNames.first ?? ""
      guard let y = answers[name] else { throw ValidationError("the model gives no tensor \(name)") }
      let expected = try NPYFile(parts.last ?? "").tensor.cast(to: y.dtype)
      let agrees = y.shape == expected.shape && y.isClose(to: expected, relative: relative, absolute: absolute, equalNaN: true)
      differs = differs || !agrees
      guard y.shape == expected.shape else {
        print("\(name): \(y.shape), and \(expected.shape) in the file")
        continue
      }
      let difference = y.elementCount == 0 ? 0 : abs(y.cast(to: .float64) - expected.cast(to: .float64)).max().item()
      print("\(name): \(agrees ? "agrees" : "differs"), by at most \(difference)")
    }
    if differs { throw ExitCode(1) }
  }
}

/// `fluxion-onnx guide`: the operator table.
struct Guide: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Prints the table of operators, as it stands in Guides/FromONNX.md.")

  func run() { print(ONNXOperatorGuide.text, terminator: "") }
}
