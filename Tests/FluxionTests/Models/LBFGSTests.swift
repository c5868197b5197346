import Fluxion
import Foundation
import Testing

@Suite struct LBFGSTests {
  /// A model that is a point.
  private struct Point: Model {
    var x: Tensor
    init(_ values: [Double]) { x = Tensor(values) }
    func callAsFunction(_ input: Tensor) -> Tensor { x }
  }

  private static func rosenbrock(_ x: Tensor) -> Tensor {
    let (a, b) = (x[..<(x.shape[0] - 1)], x[1...])
    let (curve, rest) = (b - a * a, 1.0 - a)
    return (curve * curve).sum() * 100.0 + (rest * rest).sum()
  }

  /// To 1e-8 from the points that SciPy's documentation and the literature begin with, in about as many evaluations as SciPy's L-BFGS-B.
  @Test(arguments: [([-1.2, 1], 60), ([1.3, 0.7, 0.8, 1.9, 1.2], 50)] as [([Double], Int)]) func rosenbrock(_ start: [Double], _ most: Int)
  {
    var model = Point(start)
    var optimizer = LBFGS(history: 10, iterations: 200, gradientTolerance: 1e-10, changeTolerance: 1e-16)
    let loss = optimizer.step(&model) { model in Self.rosenbrock(model.x) }
    #expect(loss < 1e-16, "\(loss)")
    #expect(model.x.scalars(Double.self).allSatisfy { abs($0 - 1) < 1e-8 }, "\(model.x)")
    #expect(optimizer.evaluationCount <= most, "\(optimizer.evaluationCount) evaluations, \(optimizer.iterationCount) iterations")
  }

  @Test func leastSquares() throws {
    let a = withSeed(1) { Tensor.normal([30, 8], .float64) }
    let truth = withSeed(2) { Tensor.normal([8, 1], .float64) }
    var layer = withSeed(3) { Dense(8, 1) }
    layer.updateParameters { _, value in value = value.cast(to: .float64) }
    var optimizer = LBFGS(gradientTolerance: 1e-12, changeTolerance: 1e-20)
    let target = a • truth + 0.5
    for _ in 0..<3 { optimizer.step(&layer) { model in mse(model(a), target) } }
    #expect(abs(layer.weight.reshaped([-1]) - truth.reshaped([-1])).max().item() < 1e-8)
    #expect(abs(layer.bias!.item() - 0.5) < 1e-8 && optimizer.evaluationCount < 60, "\(optimizer.evaluationCount)")
  }

  /// A network with dropout, a frozen part and float32: the loss falls, as far as dropout's noise lets it, and what is frozen stays.
  @Test func networks() throws {
    let x = withSeed(1) { Tensor.normal([40, 3]) }
    let y = sin(x.sum(axis: 1, keepDims: true))
    var model = withSeed(2) {
      Chain {
        Dense(3, 16, activation: { tanh($0) }); Dropout(0.1); Dense(16, 1)
      }
    }
    model.freeze("layers.0.bias")
    let (start, before) = (mse(model.predict(x), y).item(), try #require(model[parameter: "layers.0.bias"]))
    var optimizer = LBFGS(history: 20)
    for _ in 0..<10 { optimizer.step(&model) { model in mse(model(x), y) } }
    #expect(mse(model.predict(x), y).item() < start / 5)
    #expect(same([("b", try #require(model[parameter: "layers.0.bias"]))], [("b", before)]))
    // Thawed, the space is another one.
    model.thaw("layers.0.bias")
    optimizer.step(&model) { model in mse(model(x), y) }
    #expect(!same([("b", try #require(model[parameter: "layers.0.bias"]))], [("b", before)]))
  }

  /// Where the loss is not finite a step is too long; where it is not finite at the start there is none.
  @Test func lossesThatAreNotFinite() throws {
    // log(x) has no value below 0, where the first step leads.
    var model = Point([10])
    var optimizer = LBFGS(learningRate: 50, iterations: 100)
    let loss = optimizer.step(&model) { model in (model.x - log(model.x)).sum() }
    #expect(abs(model.x.item() - 1) < 1e-6 && abs(loss - 1) < 1e-10)
    model = Point([-1])
    let before = model.parameters
    #expect { try checked { _ = optimizer.step(&model) { model in log(model.x).sum() } } } throws: {
      "\($0)".contains("LBFGS: the loss is") && "\($0)".contains("nothing was changed")
    }
    #expect(same(model.parameters, before))
    // A closure that throws.
    struct Stop: Error {}
    model = Point([3])
    #expect(throws: Stop.self) { try optimizer.step(&model) { (_: inout Point) throws(Stop) -> Tensor in throw Stop() } }
    #expect(model.x.item() == 3)
  }

  /// Written down after some steps, and taken up again, it goes the same way.
  @Test func resumes() throws {
    var (model, optimizer) = (Point([-1.2, 1]), LBFGS(history: 5, iterations: 4))
    for _ in 0..<3 { optimizer.step(&model) { model in Self.rosenbrock(model.x) } }
    var visitor = StateVisitor()
    optimizer.visitState(&visitor)
    var (twin, other) = (model, LBFGS(history: 5, iterations: 4))
    var restoring = StateVisitor(restoring: InMemoryTensors(visitor.tensors, metadata: visitor.values))
    other.visitState(&restoring)
    try restoring.finish("LBFGS")
    for _ in 0..<2 {
      optimizer.step(&model) { model in Self.rosenbrock(model.x) }
      other.step(&twin) { model in Self.rosenbrock(model.x) }
    }
    #expect(same(model.parameters, twin.parameters) && other.evaluationCount == optimizer.evaluationCount)
  }

  @Test func settings() {
    let rows: [(String, () -> Void)] = [
      ("LBFGS: a learning rate of 0.0; a finite number above 0 would fit", { _ = LBFGS(learningRate: 0) }),
      ("LBFGS: 0 pairs of history; 1 or more would fit", { _ = LBFGS(history: 0) }),
      ("LBFGS: 0 iterations; 1 or more would fit", { _ = LBFGS(iterations: 0) }),
      ("LBFGS: a gradient tolerance of -1.0; a finite number, 0 or more, would fit", { _ = LBFGS(gradientTolerance: -1) }),
    ]
    for (sentence, body) in rows { #expect { try checked { body() } } throws: { "\($0)" == sentence } }
  }
}

@Suite struct LearningRateFinderTests {
  @Test func findsAndChangesNothing() throws {
    let x = withSeed(1) { Tensor.normal([200, 4]) }
    let data = TensorDataset(x, (x[.all, 0] .> x[.all, 1]).cast(to: .int64))
    let model = withSeed(2) {
      Chain {
        Dense(4, 16, activation: relu); Dropout(0.1); Dense(16, 2)
      }
    }
    let before = model.namedTensors(includingState: true)
    try withSeed(3) {
      let expected = withSeed(3) { Tensor.normal([3]) }
      let curve = try model.learningRateFinder(
        data, loss: crossEntropy, optimizer: SGD(learningRate: 0.1), from: 1e-5, to: 1e3, steps: 120, batchSize: 32)
      #expect(same([("n", Tensor.normal([3]))], [("n", expected)]))
      #expect(same(model.namedTensors(includingState: true), before))
      // It ends where the loss has grown.
      #expect(curve.rates.count < 120 && curve.rates.count == curve.losses.count && curve.losses.allSatisfy(\.isFinite))
      #expect(abs(curve.rates[1] / curve.rates[0] - pow(1e8, 1.0 / 119)) < 1e-9 && curve.rates[0] == 1e-5)
      let suggestion = try #require(curve.suggestion)
      #expect(0.01...20 ~= suggestion, "\(suggestion)")
      #expect(curve.svg().contains("steepest at") && !curve.svg().contains("nan"))
      // It trains well with that rate.
      var trained = model
      let history = try trained.fit(
        data, loss: crossEntropy, optimizer: SGD(learningRate: suggestion), epochs: 5, batchSize: 32, seed: 1, progress: .none)
      #expect(history.epochs[4].training.loss < history.epochs[0].training.loss)
    }
    #expect { try checked { _ = try model.learningRateFinder(data, loss: crossEntropy, optimizer: Adam(), from: 1, to: 0.1) } } throws: {
      "\($0)" == "learningRateFinder: rates from 1.0 to 0.1; finite ones above 0, the second one larger, would fit"
    }
    #expect(LearningRateCurve(rates: [1, 2], losses: [1, 2]).suggestion == nil)
  }
}
