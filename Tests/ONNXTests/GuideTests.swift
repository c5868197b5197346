import BundledDigits
import Fluxion
import FluxionONNX
import Foundation
import Tensors
import Testing

/// The code of Guides/FromONNX.md, compiled and run, and whether the page is that of the table.
@Suite struct GuideTests {
  @Test func blocks() throws {
    try withFolder { folder in
      try Data(digitsNetwork().bytes).write(to: URL(filePath: folder + "/digits.onnx"))
      let images = Tensor.ones([4, 1, 28, 28])
      let digits = TensorDataset(withSeed(3) { Tensor.normal([8, 1, 28, 28]) }, Tensor([0, 1, 2, 3, 4, 5, 6, 7], shape: [8]))

      var model = try ONNXModel(from: folder + "/digits.onnx")
      let scores = model.predict(images)  // of a model with one input the first output
      let answers = try checked { model(inputs: ["image": images]) }
      print(model.inputs, model.outputNames)  // [(name: "image", type: "float[batch, 1, 28, 28]")] ["scores"]
      print(answers["scores"]!.shape)  // [4, 10]
      #expect(scores.shape == [4, 10] && answers["scores"]?.shape == [4, 10])
      #expect(model.inputs.map(\.name) == ["image"])

      print(model.parameters.map(\.name).prefix(2))  // ["conv1.weight", "conv1.bias"]
      model.freeze("conv1")
      try model.fit(digits, loss: crossEntropy, optimizer: Adam(learningRate: 1e-3), epochs: 1, progress: .none)
      try model.save(to: folder + "/digits.safetensors")
      #expect(model.frozenParameterNames == ["conv1.weight", "conv1.bias"])

      let fast = model.named.compiled()
      let quick = fast.predict(["image": images])["scores"]!
      for _ in 0..<3 { #expect(fast.predict(["image": images])["scores"]!.hasSameBytes(as: quick)) }

      print(try ONNXModel.support(of: folder + "/digits.onnx"))
      #expect(try ONNXModel.support(of: folder + "/digits.onnx").isSupported)

      let network = Chain {
        Conv2D(1, 8, kernel: 3, padding: 1, activation: relu)
        MaxPool2D(2)
        Flatten()
        Dense(8 * 14 * 14, 10)
      }
      try network.writeONNX(to: folder + "/network.onnx", input: [1, 1, 28, 28], dynamicAxes: [0])  // the batch may have any size
      print(try ONNXModel(from: folder + "/network.onnx").inputs)  // [(name: "input", type: "float[batch, 1, 28, 28]")]
      #expect(try ONNXModel(from: folder + "/network.onnx").inputs.map(\.type) == ["float[batch, 1, 28, 28]"])

      let recurrent = Chain {
        LSTM(3, 4)
        Dense(4, 2)
      }
      try recurrent.writeONNX(to: folder + "/step.onnx", input: Tensor.zeros([1, 3]))
      print(try ONNXModel(from: folder + "/step.onnx").outputNames)  // ["output", "layers.0.hidden_l0.next", "layers.0.cell_l0.next"]
      #expect(try ONNXModel(from: folder + "/step.onnx").outputNames == ["output", "layers.0.hidden_l0.next", "layers.0.cell_l0.next"])

      let decoder = Chain {
        Embedding(50, 8)
        LearnedPositions(64, 8)
        TransformerEncoderBlock(8, heads: 2, hidden: 32, isCausal: true)
        Dense(8, 50)
      }
      let ids = Tensor.zeros([1, 4], .int64)
      try decoder.incremental().writeONNX(to: folder + "/decoder.onnx", input: ids, dynamicAxes: [0, 1], growingState: true)
      print(try ONNXModel(from: folder + "/decoder.onnx").inputs[1].type)  // float[batch, 2, past, 4]
      #expect(try ONNXModel(from: folder + "/decoder.onnx").inputs[1].type == "float[batch, 2, past, 4]")
    }
  }

  @Test func pageIsCurrent() throws {
    var root = URL(filePath: #filePath)
    for _ in 0..<3 { root.deleteLastPathComponent() }
    let page = try String(contentsOf: root.appending(path: "Guides/FromONNX.md"), encoding: .utf8)
    #expect(page == ONNXOperatorGuide.text, "swift run fluxion-onnx guide > Guides/FromONNX.md")
  }
}
