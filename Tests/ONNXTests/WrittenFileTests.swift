import Fluxion
import Foundation
import SwiftProtobuf
import Tensors
import Testing

@testable import FluxionONNX

/// What stands in a written file: names, dynamic axes, states, weights beside it.
@Suite struct WrittenFileTests {
  private func proto(_ path: String) throws -> Onnx_ModelProto { try Onnx_ModelProto(file: path) }
  private func dimensions(_ info: Onnx_ValueInfoProto) -> [String] {
    info.type.tensorType.shape.dim.map { $0.dimParam.isEmpty ? "\($0.dimValue)" : $0.dimParam }
  }

  @Test func names() throws {
    try withFolder { folder in
      let model = Chain {
        Dense(4, 5, activation: relu)
        BatchNorm(5)
        Dense(5, 2)
      }
      try model.writeONNX(to: folder + "/model.onnx", input: [1, 4], dynamicAxes: [0])
      let file = try proto(folder + "/model.onnx")
      let initializers = Set(file.graph.initializer.map(\.name))
      #expect(initializers.isSuperset(of: model.parameters.map(\.name)))
      #expect(initializers.isSuperset(of: ["layers.1.running_mean", "layers.1.running_var"]))
      #expect(file.graph.node.map(\.name).contains("/layers.0/Gemm") && file.graph.node.map(\.name).contains("/layers.0/Relu"))
      #expect(file.graph.input.map(\.name) == ["input"] && dimensions(file.graph.input[0]) == ["batch", "4"])
      #expect(file.graph.output.map(\.name) == ["output"] && dimensions(file.graph.output[0]) == ["batch", "2"])
      #expect(file.opsetImport.map(\.version) == [20])
      #expect(try ONNXModel(from: folder + "/model.onnx").parameters.map(\.name).contains("layers.0.weight"))
    }
  }

  /// A model of several tensors, in a struct with a list.
  private struct Summing: Model {
    struct Parts {
      var first: Tensor
      var rest: [Tensor]
    }
    var scale: Tensor = [2, 3]
    func callAsFunction(_ x: (parts: Parts, Tensor)) -> (sum: Tensor, Tensor) {
      (x.parts.rest.reduce(x.parts.first) { $0 + $1 } * scale, x.1)
    }
  }

  @Test func severalTensors() throws {
    try withFolder { folder in
      let x = Tensor.ones([3, 2])
      try Summing().writeONNX(to: folder + "/model.onnx", input: (Summing.Parts(first: x, rest: [x, x]), [1, 2, 3]), dynamicAxes: [0])
      let model = try ONNXModel(from: folder + "/model.onnx")
      #expect(model.inputs.map(\.name) == ["parts.first", "parts.rest.0", "parts.rest.1", "input.1"])
      #expect(model.outputNames == ["sum", "output.1"])
      let y = Tensor.ones([4, 2])
      let answers = model(inputs: ["parts.first": y, "parts.rest.0": y, "parts.rest.1": y, "input.1": Tensor.ones([4])])
      #expect(answers["sum"]?.scalars(Float.self) == [6, 9, 6, 9, 6, 9, 6, 9])
      #expect(answers["output.1"]?.shape == [4])
    }
  }

  /// The state goes from call to call as the model's own does.
  @Test func states() throws {
    try withFolder { folder in
      let path = folder + "/model.onnx"
      let model = withSeed(1) {
        Chain {
          LSTM(3, 4); Dense(4, 2)
        }
      }
      let x = withSeed(2) { Tensor.normal([5, 2, 3]) }
      try model.writeONNX(to: path, input: [2, 3])
      var written = try ONNXModel(from: path)
      #expect(written.inputs.map(\.name) == ["input"])
      #expect(written.outputNames == ["output", "layers.0.hidden_l0.next", "layers.0.cell_l0.next"])
      try model.writeONNX(to: path, input: [1, 3], dynamicAxes: [0])
      written = try ONNXModel(from: path)
      #expect(written.inputs.map(\.name) == ["input", "layers.0.hidden_l0", "layers.0.cell_l0"])
      var (own, hidden, cell) = (model, Tensor.zeros([2, 4]), Tensor.zeros([2, 4]))
      for t in 0..<5 {
        let expected = own.predictAndAdvance(x[t])
        let answers = written(inputs: ["input": x[t], "layers.0.hidden_l0": hidden, "layers.0.cell_l0": cell])
        #expect(try #require(answers["output"]).isClose(to: expected, relative: 1e-5, absolute: 1e-6))
        (hidden, cell) = (try #require(answers["layers.0.hidden_l0.next"]), try #require(answers["layers.0.cell_l0.next"]))
      }
    }
  }

  /// Keys and values so far go from call to call, for parts of any length.
  @Test func growingState() throws {
    func check<M: Model<Tensor, Tensor>>(_ model: M, _ parts: [Tensor], _ what: String) throws {
      try withFolder { folder in
        let path = folder + "/model.onnx"
        var own = model.incremental()
        try own.writeONNX(to: path, input: parts[0], dynamicAxes: [0, 1], growingState: true)
        let written = try ONNXModel(from: path)
        let states = written.inputs.dropFirst()
        #expect(states.map(\.type) == states.map { _ in "float[batch, 2, past, 4]" } && !states.isEmpty, "\(what): \(states)")
        #expect(written.outputNames == ["output"] + states.map { "\($0.name).next" }, "\(what)")
        var past = states.map { _ in Tensor.zeros([parts[0].shape[0], 2, 0, 4]) }
        for part in parts {
          let expected = own.predictAndAdvance(part)
          let given = [part] + past
          let answers = try checked { written(inputs: Dictionary(zip(written.inputs.map(\.name), given)) { $1 }) }
          #expect(try #require(answers["output"]).isClose(to: expected, relative: 1e-5, absolute: 1e-5), "\(what)")
          past = try states.map { try #require(answers["\($0.name).next"]) }
          try keepWritten("\(what), \(part.shape[1]) more", path, given, [expected] + past, in: writtenFolder)
        }
      }
    }
    try withSeed(6) {
      func normal(_ shape: Shape) -> Tensor { Tensor.normal(shape) }
      func ids(_ shape: Shape) -> Tensor { (Tensor.uniform(shape) * 5.0).cast(to: .int64) }
      try check(
        MultiHeadAttention(8, heads: 2, isCausal: true), [normal([2, 4, 8]), normal([2, 1, 8]), normal([2, 3, 8])], "growing, attention")
      try check(
        Chain {
          Embedding(5, 8); LearnedPositions(16, 8)
          TransformerEncoderBlock(8, heads: 2, hidden: 5, activation: gelu, dropout: 0, isCausal: true)
          TransformerEncoderBlock(8, heads: 2, hidden: 5, activation: gelu, dropout: 0, isCausal: true)
          LayerNorm(8); Dense(8, 5)
        }, [ids([3, 4]), ids([3, 1]), ids([3, 2])], "growing, decoder")
    }
  }

  @Test func severalDynamicAxes() throws {
    func check<M: Model<Tensor, Tensor>>(_ model: M, _ axes: [Int], _ example: Tensor, _ other: Tensor, _ what: String) throws {
      try withFolder { folder in
        let path = folder + "/model.onnx"
        try model.writeONNX(to: path, input: example, dynamicAxes: axes)
        let written = try ONNXModel(from: path)
        for x in [example, other] {
          let y = try checked { withMode(.inference) { written(x) } }
          let expected = model.predict(x)
          #expect(y.shape == expected.shape, "\(what)")
          #expect(y.isClose(to: expected, relative: 1e-5, absolute: 1e-5), "\(what)")
          try keepWritten("\(what), axes \(axes) dynamic, \(x.shape)", path, [x], [expected], in: writtenFolder)
        }
      }
    }
    try withSeed(5) {
      func normal(_ shape: Shape) -> Tensor { Tensor.normal(shape) }
      func ids(_ shape: Shape) -> Tensor { (Tensor.uniform(shape) * 5.0).cast(to: .int64) }
      try check(Dense(4, 2), [0, 1], normal([2, 3, 4]), normal([5, 7, 4]), "Dense")
      try check(LSTM(4, 5, layers: 2).unrolled(), [0, 1], normal([2, 3, 4]), normal([4, 6, 4]), "LSTM")
      try check(GRU(4, 5).unrolled(outputs: .last), [0, 1], normal([2, 3, 4]), normal([4, 6, 4]), "GRU, last")
      try check(Bidirectional { LSTM(4, 5) }, [0, 1], normal([2, 3, 4]), normal([4, 6, 4]), "Bidirectional")
      try check(MultiHeadAttention(8, heads: 2, isCausal: true), [0, 1], normal([2, 3, 8]), normal([4, 6, 8]), "MultiHeadAttention")
      try check(
        TransformerEncoderBlock(8, heads: 2, hidden: 5, activation: gelu, isCausal: true), [0, 1], normal([2, 3, 8]), normal([1, 9, 8]),
        "TransformerEncoderBlock")
      try check(
        Chain {
          Embedding(5, 4); LearnedPositions(12, 4); LayerNorm(4); Dense(4, 5)
        }, [0, 1], ids([2, 3]), ids([3, 8]), "LearnedPositions")
      try check(
        Chain {
          Conv2D(1, 4, kernel: 3, padding: 1); BatchNorm(4); relu; MaxPool2D(2); Conv2D(4, 4, kernel: 3); GlobalMeanPool(); Dense(4, 2)
        }, [0, 2, 3], normal([1, 1, 8, 12]), normal([3, 1, 16, 9]), "convolutions")
      try check(
        Chain {
          Conv2D(2, 4, kernel: 3, padding: .same); PixelShuffle(2)
        }, [0, 2, 3], normal([1, 2, 4, 6]), normal([2, 2, 7, 5]), "PixelShuffle")
      try check(
        Layer { x in concatenate([x[.all, 1...], x[.all, ..<1]], axis: 1).reversed(axes: 1) }, [0, 1], normal([2, 4]), normal([3, 7]),
        "slices")
      try check(
        Layer { x in x.cumulativeSum(axis: 1).softmax(axis: 1).flattened() }, [0, 1], normal([2, 4]), normal([3, 7]), "flattened")
    }
  }

  @Test func weightsBesideTheFile() throws {
    try withFolder { folder in
      let path = folder + "/model.onnx"
      let model = withSeed(1) { Dense(64, 32) }
      let x = withSeed(2) { Tensor.normal([3, 64]) }
      try ONNXFile(model, x, dynamicAxes: []).write(to: path, mostBytes: 1000)
      #expect(FileManager.default.fileExists(atPath: path + ".data"))
      #expect(try ONNXModel(from: path)(x).isClose(to: model.predict(x), relative: 1e-6, absolute: 1e-6))
    }
  }

  /// A table that is used twice is one initializer.
  @Test func sharedWeights() throws {
    try withFolder { folder in
      try Repeat(2, sharing: true) { Dense(4, 4) }.writeONNX(to: folder + "/model.onnx", input: [1, 4])
      let file = try proto(folder + "/model.onnx")
      #expect(file.graph.initializer.filter { $0.dims == [4, 4] }.count == 1)
    }
  }

  @Test func compiledModels() throws {
    try withFolder { folder in
      let model = withSeed(1) {
        Chain {
          Dense(4, 5, activation: tanh); Dense(5, 2)
        }
      }
      let x = withSeed(2) { Tensor.normal([3, 4]) }
      try model.compiled().writeONNX(to: folder + "/model.onnx", input: x)
      #expect(try ONNXModel(from: folder + "/model.onnx")(x).hasSameBytes(as: model.predict(x)))
    }
  }

  /// A file that is there stays as it is where the new one cannot be written.
  @Test func filesThatAreThere() throws {
    try withFolder { folder in
      let path = folder + "/model.onnx"
      try Dense(2, 2).writeONNX(to: path, input: [1, 2])
      let before = try Data(contentsOf: URL(filePath: path))
      #expect(throws: ONNXError.self) { try Layer { x in inverse(x) }.writeONNX(to: path, input: Tensor.eye(2)) }
      #expect(try Data(contentsOf: URL(filePath: path)) == before)
    }
  }

  @Test func attributesOfAGraph() throws {
    let f = compile { (x: Tensor) in x.sum(axis: 1, keepDims: true).reshaped([-1]) }
    for _ in 0..<3 { _ = f(Tensor.ones([2, 3])) }
    let node = try #require(f.graph?.nodes.first { $0.operation == "sum" })
    #expect(node.attributes.map(\.name) == ["kind", "axes", "keepDims"])
    #expect(node.attributes.map(\.text) == ["sum", "[1]", "true"])
  }
}
