import Data
import Fluxion
import Foundation
import Tensors
import Testing

@testable import FluxionONNX

/// What is written is read again, and answers as the model does.
@Suite struct WriterTests {
  /// Tensors with the names of the file's inputs.
  private func named(_ model: ONNXModel, _ inputs: [Tensor]) -> [String: Tensor] {
    Dictionary(zip(model.inputs.map(\.name), inputs)) { $1 }
  }

  private func compare(_ model: ONNXModel, _ inputs: [Tensor], _ outputs: [Tensor], _ row: String, _ what: String = "") throws {
    let answers = try checked { withMode(.inference) { model(inputs: named(model, inputs)) } }
    for (name, expected) in zip(model.outputNames, outputs) {
      let y = try #require(answers[name])
      #expect(
        y.shape == expected.shape && y.dtype == expected.dtype,
        "\(what) \(name): \(y.dtype) \(y.shape), \(expected.dtype) \(expected.shape)")
      guard y.shape == expected.shape else { continue }
      #expect(y.isClose(to: expected, relative: 1e-5, absolute: 1e-5, equalNaN: true), "\(what) \(name): \(y) and \(expected)")
      if ProcessInfo.processInfo.environment["FLUXION_ONNX_BITS"] != nil, !y.hasSameBytes(as: expected) { print("OTHER BITS", row) }
    }
  }

  @Test(arguments: writtenModels) func isReadAgain(_ row: WrittenModel) throws {
    try withFolder { folder in
      let path = folder + "/model.onnx"
      let (inputs, outputs) = try row.write(path, [])
      try compare(ONNXModel(from: path), inputs, outputs, row.name)
      if let kept = ProcessInfo.processInfo.environment["FLUXION_ONNX_WRITE"] { try keep(row.name, path, inputs, outputs, in: kept) }
    }
  }

  @Test(arguments: writtenModels.filter { $0.larger != nil }) func hasADynamicBatch(_ row: WrittenModel) throws {
    try withFolder { folder in
      let path = folder + "/model.onnx"
      let (inputs, outputs) = try row.write(path, [0])
      let model = try ONNXModel(from: path)
      let make = try #require(row.larger)
      let larger = make()
      // A state has the batch's size too, and is given with it.
      let states = model.inputs.dropFirst(larger.inputs.count)
      if !states.isEmpty { return }
      try compare(model, inputs, outputs, row.name, "the example")
      try compare(model, larger.inputs, larger.outputs, row.name, "another batch")
      if let kept = ProcessInfo.processInfo.environment["FLUXION_ONNX_WRITE"] {
        try keep("\(row.name), dynamic", path, larger.inputs, larger.outputs, in: kept)
      }
    }
  }

  /// A folder for each model with its file, inputs and outputs: what `written_models.py` compares with onnxruntime.
  private func keep(_ name: String, _ path: String, _ inputs: [Tensor], _ outputs: [Tensor], in folder: String) throws {
    let place = folder + "/" + name.replacing("/", with: " ")
    try? FileManager.default.removeItem(atPath: place)
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: path, toPath: place + "/model.onnx")
    for (i, x) in inputs.enumerated() { try NPYFile.write(x, to: place + "/input_\(i).npy") }
    for (i, y) in outputs.enumerated() { try NPYFile.write(y, to: place + "/output_\(i).npy") }
  }
}
