import Data
import Fluxion
import Foundation
import Tensors
import Testing

@testable import FluxionONNX

/// What is written is read again, and answers as the model does.
@Suite struct WriterTests {
  /// What is several operators in ONNX, which round otherwise in the last places: attention, RMS norms and those of a batch, resizing, means that are divided
  /// by another number, norms of rows, log1p.
  private static let withOtherBits: Set<String> = [
    "MultiHeadAttention", "MultiHeadAttention, grouped and rotary", "MultiHeadAttention, dropping", "TransformerEncoderBlock",
    "TransformerEncoderBlock, dropping", "TransformerEncoder", "TransformerDecoder", "Incremental", "GPT", "RMSNorm(5)",
    "RMSNorm([6, 5], epsilon: 0.1, isAffine: false)", "BatchNorm(4, momentum: 0.5, tracksStatistics: false)",
    "Upsample(scales: [2.0, 1.5], method: .cubic)", "MeanPool3D(2, divisor: 3)", "AdaptiveMeanPool([2, 3])", "Embedding, padded",
    "Elementwise",
  ]

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
      if !Self.withOtherBits.contains(row) { #expect(y.hasSameBytes(as: expected), "\(what) \(name): other bits") }
    }
  }

  @Test(arguments: writtenModels) func isReadAgain(_ row: WrittenModel) throws {
    try withFolder { folder in
      let path = folder + "/model.onnx"
      let (inputs, outputs) = try row.write(path, [])
      try compare(ONNXModel(from: path), inputs, outputs, row.name)
      try keepWritten(row.name, path, inputs, outputs, in: writtenFolder)
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
      try keepWritten("\(row.name), dynamic", path, larger.inputs, larger.outputs, in: writtenFolder)
    }
  }
}

/// Where written models are to be kept, if they are.
let writtenFolder = ProcessInfo.processInfo.environment["FLUXION_ONNX_WRITE"]

/// A folder for each model with its file, inputs and outputs: what `written_models.py` compares with onnxruntime.
func keepWritten(_ name: String, _ path: String, _ inputs: [Tensor], _ outputs: [Tensor], in folder: String?) throws {
  guard let folder else { return }
  let place = folder + "/" + name.replacing("/", with: " ")
  try? FileManager.default.removeItem(atPath: place)
  try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
  try FileManager.default.copyItem(atPath: path, toPath: place + "/model.onnx")
  for (i, x) in inputs.enumerated() { try NPYFile.write(x, to: place + "/input_\(i).npy") }
  for (i, y) in outputs.enumerated() { try NPYFile.write(y, to: place + "/output_\(i).npy") }
}
