import FluxionONNX
import Foundation
import Tensors

/// A node test as ONNX lays it out: `NAME/model.onnx`, `NAME/test_data_set_N/input_J.pb` and `output_J.pb`, and `NAME/tolerance` if need be.
public struct NodeTest: Sendable {
  /// Its folder.
  public let folder: String
  /// The folder's name.
  public var name: String { URL(fileURLWithPath: folder).lastPathComponent }

  /// What came of a test.
  public enum Outcome: Sendable, Equatable {
    case passed
    /// What is drawn at random has the right shape and type, and cannot have the same elements.
    case random
    /// The model, or a value of the test, has element types that Fluxion has no dtype for.
    case refused(String)
    case failed(String)
  }

  /// The test in a folder.
  public init(_ folder: String) { self.folder = folder }

  /// The tests in a folder: it itself, or those below it.
  public static func all(in folder: String) -> [NodeTest] {
    let manager = FileManager.default
    if manager.fileExists(atPath: folder + "/model.onnx") { return [NodeTest(folder)] }
    let names = (try? manager.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().flatMap { name in
      var isFolder: ObjCBool = false
      let path = folder + "/" + name
      return manager.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue ? all(in: path) : []
    }
  }

  /// Runs all its data sets.
  public func run() -> Outcome {
    let model: ONNXModel
    do { model = try ONNXModel(from: folder + "/model.onnx") } catch { return outcome(of: error) }
    let sets = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasPrefix("test_data_set_") }.sorted()
    if sets.isEmpty { return .failed("has no test_data_set_0") }
    for set in sets {
      do {
        if let problem = try run(model, folder + "/" + set) {
          return model.drawsAtRandom && !problem.isShape ? .random : .failed(problem.text)
        }
      } catch {
        return outcome(of: error)
      }
    }
    return .passed
  }

  private func outcome(of error: any Error) -> Outcome {
    let text = "\(error)".replacing(folder + "/", with: "")
    return text.contains("which Fluxion has no dtype for") ? .refused(text) : .failed(text)
  }

  private var tolerance: (relative: Double, absolute: Double) {
    guard let text = try? String(contentsOfFile: folder + "/tolerance", encoding: .utf8) else { return (1e-3, 1e-7) }
    let numbers = text.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
    return numbers.count == 2 ? (numbers[0], numbers[1]) : (1e-3, 1e-7)
  }

  private struct Problem {
    let text: String
    var isShape = false
  }

  private func run(_ model: ONNXModel, _ set: String) throws -> Problem? {
    var inputs: [String: Value] = [:]
    for (i, input) in model.declaredInputs.enumerated() {
      let path = "\(set)/input_\(i).pb"
      guard FileManager.default.fileExists(atPath: path) else { continue }
      inputs[input.name] = try Value(file: path, as: input.type)
    }
    let outputs = try checked { try model.answers(to: inputs) }
    for (i, output) in outputs.enumerated() {
      let path = "\(set)/output_\(i).pb"
      guard FileManager.default.fileExists(atPath: path) else { continue }
      let expected = try Value(file: path, as: model.declaredOutputs[i])
      if let problem = compare(output.value, expected, output.name) { return problem }
    }
    return nil
  }

  private func compare(_ value: Value?, _ expected: Value, _ name: String) -> Problem? {
    switch (value, expected) {
    case (.tensor(let x)?, .tensor(let y)):
      if x.type != y.type { return Problem(text: "\(name) is \(x.type) and not \(y.type)", isShape: true) }
      if x.shape != y.shape { return Problem(text: "\(name) is \(x.shape) and not \(y.shape)", isShape: true) }
      let (a, b) = (numbers(x.tensor), numbers(y.tensor))
      var worst: (i: Int, difference: Double)?
      for i in a.indices where !isClose(a[i], b[i]) {
        let difference = abs(a[i] - b[i])
        if worst == nil || difference > worst?.difference ?? 0 { worst = (i, difference) }
      }
      let wrong = a.indices.count { !isClose(a[$0], b[$0]) }
      return worst.map { Problem(text: "\(name): \(wrong) of \(a.count) differ; element \($0.i) is \(a[$0.i]) and not \(b[$0.i])") }
    case (.sequence(let x, _)?, .sequence(let y, _)):
      if x.count != y.count { return Problem(text: "\(name) has \(x.count) elements and not \(y.count)", isShape: true) }
      for (i, pair) in zip(x, y).enumerated() { if let problem = compare(pair.0, pair.1, "\(name)[\(i)]") { return problem } }
      return nil
    case (.nothing?, .nothing), (nil, .nothing): return nil
    default: return Problem(text: "\(name) is \(value?.kind ?? "missing") and not \(expected.kind)", isShape: true)
    }
  }

  private func numbers(_ x: Tensor) -> [Double] {
    x.dtype == .int64 ? x.reshaped([-1]).scalars(Int.self).map { Double($0) } : x.reshaped([-1]).cast(to: .float64).scalars(Double.self)
  }

  private func isClose(_ x: Double, _ y: Double) -> Bool {
    if x == y || x.isNaN && y.isNaN { return true }
    return abs(x - y) <= tolerance.absolute + tolerance.relative * abs(y)
  }
}
