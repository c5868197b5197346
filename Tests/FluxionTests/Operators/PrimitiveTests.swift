import Fluxion
import Testing

/// Operators of a user's own get what the library's have.
@Suite struct PrimitiveTests {
  private let average = MovingAverage(decay: 0.75)

  @Test func kernelsRunOnBothDTypesAndAnyLayout() {
    let x = Tensor([4.0, 0.0, 8.0, -4.0, 4.0, 0.0], shape: [2, 3], .float64)
    let expected = Tensor([1.0, 0.75, 2.5625, -1.0, 0.25, 0.1875], shape: [2, 3], .float64)
    #expect(distance(average(x), expected) < 1e-12)
    let single = average(x.cast(to: .float32))
    #expect(single.dtype == .float32 && distance(single, expected) < 1e-6)
    // Operands that do not lie in row-major order are handed to the kernel as if they did.
    let turned = Tensor([4.0, -4.0, 0.0, 4.0, 8.0, 0.0], shape: [3, 2], .float64).transposed()
    #expect(distance(average(turned), expected) < 1e-12)
    #expect(average(Tensor.zeros([3, 0])).shape == [3, 0])
    #expect(distance(average(Tensor.ones([1]).expanded([4, 3])[1..<3]), average(.ones([2, 3]))) == 0)
  }

  @Test func gradientsToSecondOrder() throws {
    let x = withSeed(1) { Tensor.normal([2, 5], .float64) }
    let (a, b) = withSeed(2) { (Tensor.normal([3, 4], .float64), Tensor.normal([2, 4], .float64)) }
    try checkGradient(of: { average($0) }, at: x)
    try checkGradient(of: { x in gradient(at: x) { pow(average($0), 3).sum() } }, at: x)
    try checkGradient(of: { CubicDistances()($0[0], $0[1]) }, at: [a, b])
    try checkGradient(
      of: { x in gradient(at: x[0]) { a in CubicDistances()(a, x[1]).squared.sum() } }, at: [a, b])
    let mask = Tensor([true, false, true])
    try checkGradient(of: { Choice()(mask, $0[0], $0[1]) }, at: [a[0..<1].reshaped([4])[0..<3], b[0, 1...]])
    try checkGradient(of: { Largest()($0) }, at: [a, a.reversed(axes: 1), a * 0.5])
  }

  @Test func valuesOfSeveralOperands() {
    #expect(distance(CubicDistances()([[0, 0]], [[1, -2], [0, 3]]), [[9, 27]]) == 0)
    #expect(
      distance(
        Choice()(Tensor([true, false]), Tensor([1.0, 2.0], .float64), Tensor([3.0, 4.0], .float64)), Tensor([1.0, 4.0], .float64)) == 0)
    #expect(distance(Largest()([Tensor([1.0, 5.0], .float64), Tensor([2.0, 4.0], .float64)]), Tensor([2.0, 5.0], .float64)) == 0)
  }

  /// The kernel cuts its rows itself: the same bits for any number of threads.
  @Test func kernelsRunOnSeveralThreads() {
    let (a, b) = withSeed(3) { (Tensor.normal([600, 16]), Tensor.normal([50, 16])) }
    let whole = CubicDistances()(a, b)
    #expect((0..<600).allSatisfy { whole[$0].scalars(Float.self) == CubicDistances()(a[$0..<$0 + 1], b)[0].scalars(Float.self) })
  }

  @Test(arguments: [1.001, -1, 0]) func wrongRulesAreFound(_ factor: Double) {
    struct Scaled: Primitive {
      var factor: Double
      var name: String { "scaled" }
      func result(_ x: Tensor) -> Signature { Signature(x.shape, x.dtype) }
      func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
        try result.filled(Double.self, from: x) { x, y in for i in x.indices { y[i] = 3 * x[i] } }
      }
      func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [dy * (3 * factor)] }
    }
    let x = Tensor([1.0, -2.0], .float64)
    #expect(throws: GradientMismatch.self) { try checkGradient(of: { Scaled(factor: factor)($0) }, at: x) }
    #expect(throws: Never.self) { try checkGradient(of: { Scaled(factor: 1)($0) }, at: x) }
  }

  // MARK: In models

  private struct Smooth: Placed {
    var scale: Tensor = .ones([5])
    var place = Place()
    func callAsFunction(_ x: Tensor) -> Tensor { placed(on: x) { layer in MovingAverage(decay: 0.5)(x * layer.scale) } }
  }

  private struct Prototypes: Placed {
    var points: Tensor
    var place = Place()
    func callAsFunction(_ x: Tensor) -> Tensor { placed(on: x) { layer in CubicDistances()(x, layer.points) } }
  }

  @Test func runsOnShapesAndSummaries() throws {
    let model = Chain {
      Smooth(); Dense(5, 4); Prototypes(points: .zeros([3, 4]))
    }
    #expect(try model.outputShape(for: [7, 5]) == [7, 3])
    let summary = try model.summary(for: [7, 5])
    #expect(summary.parts.last?.output == [7, 3])
    #expect(summary.parts.last?.multiplyAdds == 3 * 7 * 3 * 4)
    #expect("\(summary)".contains("Prototypes"))
    // x·scale and the average of it.
    #expect(summary.parts[1].activationBytes == 2 * 7 * 5 * 4)
  }

  @Test func mistakesNameTheOperatorAndThePart() {
    let model = Chain {
      Dense(5, 4); Prototypes(points: .zeros([3, 6]))
    }
    #expect { try model.outputShape(for: [7, 5]) } throws: {
      "\($0)" == "cubicDistances: [n, k] and [m, k] would fit, not [7, 4] and [3, 6], in layers.1 (Prototypes)"
    }
    #expect { try checked { model.predict(.zeros([7, 5])) } } throws: {
      "\($0)" == "cubicDistances: [n, k] and [m, k] would fit, not [7, 4] and [3, 6], in layers.1 (Prototypes)"
    }
    #expect { try checked { MovingAverage(decay: 0.5)(Tensor([1, 2], .int64)) } } throws: {
      "\($0)" == "movingAverage: of int64 [2]; float32 or float64 with an axis would fit"
    }
    #expect { try checked { Largest()([]) } } throws: { "\($0)" == "largest: of no tensors; one or more would fit" }
    // After the first mistake nothing runs.
    #expect { try checked { average(Tensor([1, 2], .int64)) + Wrong(mistake: .kernelThrows)(.ones([2])) } } throws: {
      "\($0)".hasPrefix("movingAverage")
    }
  }

  @Test func training() throws {
    // The scale that the data were made with.
    let x = withSeed(4) { Tensor.normal([64, 5]) }
    let y = MovingAverage(decay: 0.5)(x * Tensor([1.0, -1.0, 2.0, 0.5, 3.0] as [Float]))
    var model = Smooth()
    var optimizer = Adam(learningRate: 0.1)
    for _ in 0..<300 {
      let (_, gradient) = valueAndGradient(at: &model) { model in mse(model(x), y) }
      optimizer.update(&model, along: gradient)
    }
    #expect(distance(model.scale, Tensor([1.0, -1.0, 2.0, 0.5, 3.0] as [Float])) < 0.01)
  }
}
