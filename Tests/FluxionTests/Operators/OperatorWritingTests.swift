import Data
import Fluxion
import Foundation
import Tensors
import Testing

@testable import FluxionONNX

/// Every operator of the table is written as ONNX's operators and read again, or refused with a sentence.
@Suite struct OperatorWritingTests {
  private struct Operator: Model {
    let row: OperatorRow
    let dtype: DType
    func callAsFunction(_ x: [Tensor]) -> Tensor { row.apply(x, dtype) }
  }

  @Test(arguments: OperatorTable.rows) func isWritten(_ row: OperatorRow) throws {
    let dtype = row.dtypes.contains(.float32) ? .float32 : row.dtypes[0]
    guard let shapes = row.cases.first, !shapes.isEmpty else { return }
    let x = row.operands(shapes, dtype).map { $0.tensor(dtype) }
    let model = Operator(row: row, dtype: dtype)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("onnx-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/model.onnx"
    do {
      try model.writeONNX(to: path, input: x)
    } catch let error as ONNXError {
      let isKnown =
        error.message.contains("no form in ONNX") || error.message.contains("elements of a tensor that depends on the inputs")
        || error.message.contains("random numbers")
      #expect(isKnown, "\(error)")
      if ProcessInfo.processInfo.environment["FLUXION_ONNX_WRITE"] != nil {
        print("REFUSED", row.name, error.description.replacing(path, with: ""))
      }
      return
    }
    let expected = model.predict(x)
    let written = try ONNXModel(from: path)
    let inputs = Dictionary(zip(x.indices.map { "input.\($0)" }, x)) { $1 }.filter { name, _ in written.inputs.contains { $0.name == name }
    }
    let answers = try checked { withMode(.inference) { written(inputs: inputs) } }
    let y = try #require(answers["output"])
    #expect(y.shape == expected.shape && y.dtype == expected.dtype, "\(y.dtype) \(y.shape), \(expected.dtype) \(expected.shape)")
    if y.shape == expected.shape && y.dtype == expected.dtype {
      #expect(y.isClose(to: expected, relative: 1e-5, absolute: 1e-5, equalNaN: true), "\(y) and \(expected)")
    }
    // Integers divided by 0 stop onnxruntime.
    if row.name.hasSuffix("Divide by 0") { return }
    if let kept = ProcessInfo.processInfo.environment["FLUXION_ONNX_WRITE"] {
      let place = "\(kept)/operator \(row.name.replacing("/", with: " "))"
      try? FileManager.default.removeItem(atPath: place)
      try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: path, toPath: place + "/model.onnx")
      for (i, x) in x.enumerated() { try NPYFile.write(x, to: place + "/input_\(i).npy") }
      try NPYFile.write(expected, to: place + "/output_0.npy")
    }
  }
}
