import Fluxion
import Foundation
import Tensors
import Testing

@testable import FluxionONNX

/// What is done to a graph so that it runs faster gives what the operators one by one give.
@Suite struct RunningTests {
  /// A convolution with a batch normalisation, hard-swish in single operators, and another convolution.
  private func network(_ producer: String) -> Onnx_ModelProto {
    withSeed(7) {
      func number(_ name: String, _ value: Float) -> Onnx_NodeProto { node("Constant", [], [name], ["value": tensor("", [value], [])]) }
      var proto = model(
        graph(
          [
            number("three", 3), number("zero", 0), number("six", 6),
            node("Conv", ["x", "w", "b"], ["c"], ["kernel_shape": [3, 3], "pads": [1, 1, 1, 1]]),
            node("BatchNormalization", ["c", "scale", "shift", "mean", "variance"], ["n"], ["epsilon": Float(1e-3)]),
            node("Add", ["n", "three"], ["a"]), node("Clip", ["a", "zero", "six"], ["k"]), node("Mul", ["n", "k"], ["m"]),
            node("Div", ["m", "six"], ["h"]), node("Conv", ["h", "v"], ["y"], ["kernel_shape": [1, 1]]), node("Add", ["h", "x"], ["z"]),
          ], inputs: [value("x", .float, ["batch", 4, 6, 5])], outputs: [value("y"), value("z")],
          initializers: [
            tensor("w", Tensor.normal([4, 4, 3, 3])), tensor("b", Tensor.normal([4])), tensor("scale", Tensor.normal([4])),
            tensor("shift", Tensor.normal([4])), tensor("mean", Tensor.normal([4])), tensor("variance", Tensor.uniform([4]) + 0.1),
            tensor("v", Tensor.normal([2, 4, 1, 1])),
          ]))
      proto.producerName = producer
      return proto
    }
  }

  @Test func fewerOperators() throws {
    // What Fluxion wrote runs as it is.
    let (joined, plain) = (try network("another").read, try network("Fluxion").read)
    #expect(plain.graph.nodes.count == 11 && joined.graph.nodes.count == 9)
    #expect(joined.graph.nodes.map(\.operation.name).contains("elementwise"))
    #expect(joined.parameters.map(\.name) == plain.parameters.map(\.name))
    let x = withSeed(8) { Tensor.normal([2, 4, 6, 5]) }
    let (a, b) = (joined(inputs: ["x": x]), plain(inputs: ["x": x]))
    for name in ["y", "z"] {
      #expect(try #require(a[name]).isClose(to: try #require(b[name]), relative: 1e-4, absolute: 1e-5), "\(name)")
    }
    func slopes(_ model: ONNXModel) -> [Tensor] {
      var model = model
      let gradient = gradient(at: &model) { model in model(inputs: ["x": x])["y"]!.squared.sum() }
      return ["w", "b", "scale", "shift", "v"].map { gradient[parameter: $0]! }
    }
    for (a, b) in zip(slopes(joined), slopes(plain)) { #expect(a.isClose(to: b, relative: 1e-3, absolute: 1e-3)) }
  }

  /// What depends on weights alone is kept, and computed again once they are others.
  @Test func weightsThatChange() throws {
    var model = try network("another").read
    let x = withSeed(8) { Tensor.normal([2, 4, 6, 5]) }
    let first = model(x)
    #expect(model(x).hasSameBytes(as: first))
    let copy = model
    for name in ["w", "scale"] {
      model.put(model[parameter: name]! * 2, name)
      var twin = try network("another").read
      for (name, value) in model.parameters { twin.put(value, name) }
      #expect(model(x).hasSameBytes(as: twin(x)) && !model(x).hasSameBytes(as: first), "\(name)")
    }
    #expect(copy(x).hasSameBytes(as: first))
    _ = try model.fit(
      TensorDataset(x, Tensor.zeros([2, 2, 6, 5])), loss: { y, t in (y - t).squared.mean() }, optimizer: SGD(learningRate: 0.01), epochs: 1,
      progress: .none)
    let trained = model(x)
    var twin = try network("another").read
    for (name, value) in model.parameters { twin.put(value, name) }
    #expect(trained.hasSameBytes(as: twin(x)))
  }

  @Test func compiled() throws {
    let model = try network("another").read
    var fast = model.named.compiled()
    for seed in 0..<5 {
      let x = withSeed(UInt64(seed)) { Tensor.normal([2, 4, 6, 5]) }
      if seed == 3 { fast.model.put(model[parameter: "w"]! * 0.5, "w") }
      let expected = fast.model.model(inputs: ["x": x])
      for _ in 0..<3 {
        let y = fast.predict(["x": x])
        for name in ["y", "z"] { #expect(try #require(y[name]).hasSameBytes(as: try #require(expected[name])), "\(name)") }
      }
    }
    #expect(fast.plans.last?.contains("in the plan") ?? false, "\(fast.plans)")
  }

  /// A branch that depends on an input is no question of a run once the input is fixed.
  @Test func fixedInputs() throws {
    func branch(_ name: String, _ operation: String) -> Onnx_GraphProto {
      graph([node(operation, ["x"], [name])], outputs: [value(name)])
    }
    let proto = model(
      graph(
        [
          node("Constant", [], ["rate"], ["value": integers("", [16000], [])]), node("Equal", ["sr", "rate"], ["is16"]),
          node("If", ["is16"], ["y"], ["then_branch": branch("a", "Exp"), "else_branch": branch("b", "Neg")]),
        ], inputs: [value("x", .float, [2]), value("sr", .int64, [])], outputs: [value("y")]))
    let model = try proto.read
    let x: Tensor = [1, 2]
    let low = try model.fixing(["sr": Tensor(8000, .int64)]), high = try model.fixing(["sr": Tensor(16000, .int64)])
    #expect(high.inputs.map(\.name) == ["x"])
    #expect(high(x).hasSameBytes(as: exp(x)) && low(x).hasSameBytes(as: -x))
    var fast = high.compiled()
    for _ in 0..<3 { #expect(fast(x).hasSameBytes(as: exp(x))) }
    #expect(fast.graph?.nodes.count == 1)
    #expect(throws: ONNXError.self) { try model.fixing(["rate": x]) }
    #expect(throws: ONNXError.self) { try model.fixing(["sr": x]) }
  }
}

extension Model {
  /// Puts another tensor in the place of a parameter.
  fileprivate mutating func put(_ value: Tensor, _ name: String) {
    var visitor = Put(value: value, name: name)
    visit(&visitor)
  }
}

private struct Put: ModelVisitor {
  let value: Tensor
  let name: String

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) { if "\(name)" == self.name { tensor = value } }
}
