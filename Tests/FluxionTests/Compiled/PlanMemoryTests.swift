import Fluxion
import Testing

@testable import Tensors

/// Where values of a plan lie, and for how long: each way to take less memory gives what operators one by one give.
@Suite struct PlanMemoryTests {
  private func bits(_ x: Tensor) -> [UInt32] { [Float](x).map(\.bitPattern) }

  /// Results that are parts of others, the same one twice, and in another order of axes.
  @Test func resultsThatArePartsOfOthers() {
    @Sendable func parts(_ x: Tensor) -> [Tensor] {
      let y = exp(x)
      return [y[1], y, y.transposed(), y[0..., 1], y, (y + 1)[0]]
    }
    let f = compile { (x: Tensor) in parts(x) }
    for i in 0..<6 {
      let x = Tensor([0.5, 1, 1.5, 2, 2.5, 3], shape: [2, 3]).cast(to: .float32) * Double(i)
      let (results, expected) = (f(x), parts(x))
      #expect(results.map(\.shape) == expected.map(\.shape))
      for (result, expected) in zip(results, expected) { #expect(bits(result) == bits(expected)) }
    }
    #expect(f.plans.count == 1)
  }

  /// relu's mask is read from its result, of special values as well.
  @Test func masksOfSpecialValues() {
    let x = Tensor([Float.nan, -0, 0, .infinity, -.infinity, 1, -1, .leastNonzeroMagnitude])
    let slope: @Sendable (Tensor, Tensor) -> [Tensor] = { x, w in
      let (dx, dw) = gradient(at: x, w) { x, w in
        let y = relu(x * w)
        return (y * y).sum()
      }
      return [dx, dw]
    }
    let f = compile { (x: Tensor, w: Tensor) in slope(x, w) }
    for i in 1...5 {
      let w = Tensor.full([8], Float(i))
      for (result, expected) in zip(f(x, w), slope(x, w)) { #expect(bits(result) == bits(expected)) }
    }
  }

  /// Large activations are computed again for the backward pass, small ones are kept.
  @Test func activationsAreComputedAgain() throws {
    let model = withSeed(1) {
      Chain {
        Dense(64, 512, activation: gelu)
        Dense(512, 64, activation: gelu)
        Dense(64, 64)
      }
    }
    var eager = model.trainingStep(optimizer: Adam()) { model, x, y in mse(model(x), y) }
    var step = eager.compiled()
    for i in 0..<5 {
      let (x, y) = withSeed(UInt64(i)) { (Tensor.normal([64, 64]), Tensor.normal([64, 64])) }
      #expect(bits(step(x, y)) == bits(eager(x, y)))
    }
    for (a, b) in zip(step.model.parameters, eager.model.parameters) { #expect(bits(a.value) == bits(b.value)) }
    let nodes = try #require(step.graph).nodes
    let forward = try #require(nodes.first { $0.operation == "gelu" }).formula
    #expect(nodes.count { $0.formula == forward } == 3)
  }

  /// What weights give alone is computed once, and again after they have been changed; also where it is given back.
  @Test func resultsOfWeightsAlone() {
    var model = withSeed(3) { Scaled(weight: Tensor.normal([8, 5]), filter: Tensor.normal([16, 16, 3, 3])) }
    var fast = model.compiled()
    for i in 0..<12 {
      if i % 4 == 3 {
        model.weight = model.weight * 1.5
        fast.model.weight = fast.model.weight * 1.5
      }
      if i == 6 {
        model.filter[0] = model.filter[1]
        fast.model.filter[0] = fast.model.filter[1]
      }
      let x = withSeed(UInt64(i)) { Tensor.normal([2, 16, 12, 8]) }
      let (results, expected) = (fast.predict(x), model.predict(x))
      for (result, expected) in zip(results, expected) { #expect(bits(result) == bits(expected), "call \(i)") }
    }
    #expect(fast.plans.count == 1 && fast.graph != nil, "\(fast.plans)")
  }

  /// A step that needs much for itself, and whose result nobody else reads, waits until less is kept.
  @Test func stepsArePutOff() {
    // Kept for the backward pass, an operand, and what the second step works in.
    var pieces = [
      PlanPiece(byteCount: 100, steps: 0...3), PlanPiece(byteCount: 10, steps: 0...1), PlanPiece(byteCount: 50, steps: 1...1),
    ]
    var order = StepOrder(pieces, stepCount: 5)
    #expect(order.putOff(1, own: [2], operands: [1], &pieces))
    #expect(order.list == [0, 2, 3, 4, 1])
    #expect(pieces.map(\.steps) == [0...3, 0...4, 4...4])
    // Of two that need the same nothing is gained.
    var alike = [PlanPiece(byteCount: 50, steps: 0...0), PlanPiece(byteCount: 50, steps: 1...1)]
    var other = StepOrder(alike, stepCount: 2)
    #expect(!other.putOff(0, own: [0], operands: [], &alike))
    #expect(other.list == [0, 1])
  }

  /// A step is not put off past one that writes its result over an operand, also where that result is the caller's.
  @Test func operandsAreReadBeforeTheyAreOverwritten() {
    // Few rows that lie as columns are copied, in memory that would fit better after the running sum is not needed any more.
    @Sendable func results(_ x: Tensor, _ w: Tensor) -> [Tensor] {
      let (running, y) = (x.cumulativeSum(axis: 0), tanh(x))
      return [y.transposed() • w.transposed(), y * running, (x * 3).sum()]
    }
    let f = compile { (x: Tensor, w: Tensor) in results(x, w) }
    for i in 0..<5 {
      let (x, w) = withSeed(UInt64(i)) { (Tensor.normal([2048, 8]), Tensor.normal([16, 2048])) }
      for (result, expected) in zip(f(x, w), results(x, w)) { #expect(bits(result) == bits(expected)) }
    }
    #expect(f.plans.count == 1 && f.graph != nil)
  }

  /// Weights of a model that answers are packed once, and again after it has changed: the bits are those of operators one by one.
  @Test(arguments: [9, 24, 64, 70]) func weightsArePacked(_ rows: Int) {
    let model = withSeed(1) {
      Chain {
        Dense(150, 96, activation: relu)
        Dense(96, 130, activation: tanh)
        Dense(130, 10)
      }
    }
    var fast = model.compiled()
    for i in 0..<12 {
      let x = withSeed(UInt64(i)) { Tensor.normal([rows, 150]) }
      let expected = bits(fast.model.predict(x))
      #expect(bits(fast.predict(x)) == expected, "call \(i)")
      if i == 5 || i == 8 { fast.model.updateParameters { $1 = $1 * 0.5 } }
    }
    let copy = fast
    fast.model.updateParameters { $1 = $1 * 2 }
    for i in 0..<8 {
      let x = withSeed(UInt64(i)) { Tensor.normal([rows, 150]) }
      #expect(bits(fast.predict(x)) == bits(fast.model.predict(x)))
      #expect(bits(copy.predict(x)) == bits(copy.model.predict(x)))
    }
  }

  /// A step's graph ends with an update of each parameter that is trained, also where the loss does not depend on one of them.
  @Test func updatesAreInTheGraph() throws {
    struct Two: Model {
      var used = withSeed(1) { Dense(3, 2) }
      var unused: Tensor = [1, 2]
      func callAsFunction(_ x: Tensor) -> Tensor { used(x) }
    }
    var model = Two()
    model.freeze("used.weight")
    var step = model.trainingStep(optimizer: Adam()) { model, x, y in mse(model(x), y) }.compiled()
    for i in 0..<4 { _ = withSeed(UInt64(i)) { step(Tensor.normal([5, 3]), Tensor.normal([5, 2])) } }
    let graph = try #require(step.graph)
    let updates = graph.nodes.filter { $0.operation == "Adam" }
    #expect(updates.map(\.part) == ["used.bias"])
    let update = try #require(updates.first)
    #expect(update.inputs.count == 2 && graph.inputs.contains(update.inputs[0]) && graph.outputs.contains(update.output))
    #expect(graph.values[update.output].shape == [2])
    #expect(graph.nodes.contains { $0.output == update.inputs[1] } && !graph.outputs.contains(update.inputs[1]))
  }
}

/// A model with weights that others are computed of.
private struct Scaled: Model {
  var weight: Tensor
  var filter: Tensor

  func callAsFunction(_ x: Tensor) -> [Tensor] {
    // Memory that is free again when the weights' turn comes.
    let rows = (x.reshaped([-1, 8]) • weight).softmax() • weight.transposed()
    let scale = exp(weight).sum(axis: 0) * 0.1
    let product = rows • (weight * scale + 1)
    return [product, scale, convolution(x, weight: filter * 2.0, padding: 1), convolution(x, weight: filter, padding: 1)]
  }
}
