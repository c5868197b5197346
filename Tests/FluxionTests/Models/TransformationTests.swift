import Fluxion
import Testing

/// Clipping and chains of transformations against PyTorch's (Tests/Golden/transformations.py makes the file), and what holds for them.
@Suite struct TransformationTests {
  struct File: Decodable {
    let clips: [Clip]
    let runs: [Run]
  }
  struct Clip: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let kind: String
    let limit: Double
    let order: Double
    let gradients: [[Double]]
    let norm: Double
    let clipped: [[Double]]
    var testDescription: String { name }
  }
  struct Run: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let optimizer: String
    let learningRate: Double
    let every: Int
    let norm: Double
    let value: Double
    let centralized: Bool
    let decay: Double
    let initial: [[Double]]
    let gradients: [[[Double]]]
    let parameters: [[[Double]]]
    var testDescription: String { name }
  }

  struct Three: Model {
    var weight: Tensor
    var bias: Tensor
    var filter: Tensor
    func callAsFunction(_ x: Tensor) -> Tensor { x }

    init(_ values: [[Double]], _ dtype: DType = .float64) {
      func tensor(_ i: Int, _ shape: Shape) -> Tensor { Tensor(values[i], shape: shape).cast(to: dtype) }
      (weight, bias, filter) = (tensor(0, [3, 4]), tensor(1, [5]), tensor(2, [2, 2, 3]))
    }
  }

  private static func expectEqual(_ a: Three, _ b: Three, _ tolerance: Double, _ note: String = "") {
    for (x, y) in zip(a.parameters, b.parameters) { #expect(distance(x.value, y.value) < tolerance, "\(x.name) \(note)") }
  }

  @Test(arguments: try golden(File.self, "transformations").clips, [DType.float64, .float32])
  func clipsAsPyTorch(_ row: Clip, _ dtype: DType) throws {
    let tolerance = dtype == .float64 ? 1e-12 : 1e-6
    var gradient = Three(row.gradients, dtype)
    let (before, wanted) = (gradient, Three(row.clipped, dtype))
    let order = row.order == 0 ? .infinity : row.order
    if row.kind == "norm" {
      #expect(abs(gradient.clipNorm(row.limit, order: order) - row.norm) <= tolerance * max(1, row.norm))
    } else {
      gradient.clipValues(row.limit)
    }
    Self.expectEqual(gradient, wanted, tolerance)
    // The same in a chain; the gradient that it is given stays as it was.
    var model = Three(row.gradients.map { $0.map { _ in 0 } }, dtype)
    var chain = OptimizerChain {
      if row.kind == "norm" { ClipNorm(row.limit, order: order) } else { ClipValues(row.limit) }
      SGD(learningRate: 1)
    }
    chain.update(&model, along: before)
    Self.expectEqual(-1 * model, wanted, tolerance)
    Self.expectEqual(before, Three(row.gradients, dtype), 1e-15)
  }

  @Test(arguments: try golden(File.self, "transformations").runs)
  func stepsAsPyTorch(_ row: Run) throws {
    var model = Three(row.initial)
    let optimizer: any Optimizer =
      row.optimizer == "SGD" ? SGD(learningRate: row.learningRate) : AdamW(learningRate: row.learningRate)
    var chain = OptimizerChain {
      Accumulate(row.every)
      if row.centralized { Centralize() }
      if row.decay > 0 { DecayWeights(row.decay) }
      if row.norm > 0 { ClipNorm(row.norm) }
      if row.value > 0 { ClipValues(row.value) }
      optimizer
    }
    for (i, gradient) in row.gradients.enumerated() {
      chain.update(&model, along: Three(gradient))
      Self.expectEqual(model, Three(row.parameters[i]), 1e-12, "after batch \(i)")
    }
  }

  private static let ones = [[Double]](
    arrayLiteral: .init(repeating: 1, count: 12), .init(repeating: 1, count: 5), .init(repeating: 1, count: 12))

  /// Frozen parameters count for nothing, whether they were frozen before or after the gradient was taken.
  @Test func frozenOnesAreLeftOut() {
    var gradient = Three(Self.ones)
    gradient.freeze("weight")
    #expect(abs(gradient.clipNorm(1) - 17.0.squareRoot()) < 1e-12)
    #expect(distance(gradient.weight, .ones([3, 4], .float64)) == 0)

    var model = Three(Self.ones)
    model.freeze("filter")
    var chain = OptimizerChain {
      Accumulate(2); ClipNorm(1); Centralize(); DecayWeights(0.5); AddNoise(variance: 0.1, seed: 1); SGD(learningRate: 0.1)
    }
    for _ in 0..<4 { chain.update(&model, along: Three(Self.ones)) }
    #expect(distance(model.filter, .ones([2, 2, 3], .float64)) == 0)
    #expect(distance(model.bias, .ones([5], .float64)) > 0.01)
  }

  @Test func normsThatAreNotFinite() {
    func clipped(_ value: Double) -> Three {
      var gradient = Three(Self.ones)
      gradient.bias[0] = Tensor(value)
      #expect(!gradient.clipNorm(1).isFinite)
      return gradient
    }
    // As PyTorch's: 1/∞ of everything, and ∞/∞ where the infinity was; no number anywhere after NaN.
    #expect(clipped(.infinity).bias.scalars(Double.self)[1...] == [0, 0, 0, 0])
    #expect(clipped(.infinity).bias.scalars(Double.self)[0].isNaN)
    #expect(clipped(.nan).weight.scalars(Double.self).allSatisfy { $0.isNaN })
    var gradient = Three(Self.ones)
    gradient.bias[0] = Tensor(Double.nan)
    #expect(gradient.clipNorm(1, order: .infinity).isNaN)
    // An element of float64 may be finite and its square not.
    var large = Three(Self.ones)
    large.bias[0] = Tensor(1e200, .float64)
    var (model, skipping) = (
      Three(Self.ones),
      OptimizerChain {
        SkipNonFinite(); SGD(learningRate: 1e-201)
      }
    )
    skipping.update(&model, along: large)
    #expect(model.bias.scalars(Double.self)[0] == 0.9)
    large.bias[0] = Tensor(Double.infinity)
    let before = model
    skipping.update(&model, along: large)
    Self.expectEqual(model, before, 1e-300)
    #expect((skipping.transformations[0] as? SkipNonFinite)?.skipped == 1)
  }

  /// Squares of float64 overflow beyond 10¹⁵⁴ and vanish below 10⁻¹⁶², norms do not.
  @Test func normsOfLargeAndSmallGradients() {
    for size in [1e200, 3e-200] {
      var gradient = Three(Self.ones)
      (gradient.weight, gradient.filter, gradient.bias) = (gradient.weight * size, gradient.filter * size, gradient.bias * size)
      let count = gradient.weight.elementCount + gradient.filter.elementCount + gradient.bias.elementCount
      let norm = Double(count).squareRoot()
      #expect(abs(gradient.clipNorm(size) / size / norm - 1) < 1e-12)
      if size > 1 { #expect(abs(gradient.bias.scalars(Double.self)[0] / size * norm - 1) < 1e-12) }
    }
  }

  /// What pulls parameters to 0 in a chain does what the optimizer's own setting does.
  @Test func decayIsTheOptimizersOwn() {
    var (a, b) = (Three(Self.ones), Three(Self.ones))
    var own = SGD(learningRate: 0.1, momentum: 0.9, weightDecay: 0.3)
    var chain = OptimizerChain {
      DecayWeights(0.3); SGD(learningRate: 0.1, momentum: 0.9)
    }
    var some = OptimizerChain {
      DecayWeights(0.3) { name in name == "bias" }; SGD(learningRate: 0.1)
    }
    var c = a
    some.update(&c, along: Three(Self.ones))
    for _ in 0..<5 {
      own.update(&a, along: Three(Self.ones))
      chain.update(&b, along: Three(Self.ones))
    }
    Self.expectEqual(a, b, 1e-12)
    #expect(abs(c.bias[0].item() - 0.87) < 1e-12 && abs(c.weight[0, 0].item() - 0.9) < 1e-12)
  }

  @Test func noiseFades() {
    func run(_ steps: Int, _ fading: Double) -> Double {
      var model = Chain { Dense(weight: .zeros([100, 100]), bias: .zeros([100])) }
      let gradient = model
      var chain = OptimizerChain {
        AddNoise(variance: 0.25, fading: fading, seed: 3); SGD(learningRate: 1)
      }
      for _ in 0..<steps { chain.update(&model, along: gradient) }
      return model.norm * model.norm / 10_100
    }
    #expect(abs(run(1, 1) - 0.25) < 0.02)
    #expect(abs(run(4, 1) - 0.25 * (1 + 1 / 2.0 + 1 / 3.0 + 1 / 4.0)) < 0.04)
    #expect(run(2, 0.5) == run(2, 0.5))
  }

  /// A group's norm is that of its own gradient; around groups it is everybody's.
  @Test func chainsAndGroupsNest() {
    let gradient = Three(Self.ones)
    let zeros = Self.ones.map { $0.map { _ in 0.0 } }
    var (inside, outside) = (Three(zeros), Three(zeros))
    var groups = ParameterGroups(SGD(learningRate: 1)) {
      ParameterGroup(
        "bias",
        OptimizerChain {
          Accumulate(2); ClipNorm(1); SGD(learningRate: 1)
        })
    }
    groups.update(&inside, along: gradient)
    #expect(distance(inside.bias, .zeros([5], .float64)) == 0)
    groups.update(&inside, along: gradient)
    #expect(abs(inside.bias.norm().item() - 1) < 1e-6)
    #expect(distance(inside.weight, -2 * Tensor.ones([3, 4], .float64)) < 1e-12)

    var chain = OptimizerChain {
      ClipNorm(1)
      ParameterGroups(SGD(learningRate: 1)) { ParameterGroup("bias", SGD(learningRate: 2)) }
    }
    chain.update(&outside, along: gradient)
    let unit = 1 / 29.0.squareRoot()
    #expect(abs(outside.weight[0, 0].item() + unit) < 1e-6 && abs(outside.bias[0].item() + 2 * unit) < 1e-6)
    chain.learningRate = 0.5
    #expect((chain.optimizer as? ParameterGroups)?.groups[0].optimizer.learningRate == 1)
    #expect(groups.learningRate == 1)
  }

  @Test func gatheredGradientsKeepToTheirModel() {
    var (model, other) = (Chain { Dense(2, 3) }, Chain { Dense(4, 5) })
    var chain = OptimizerChain {
      Accumulate(3); Adam()
    }
    chain.update(&model, along: model)
    #expect((chain.transformations[0] as? Accumulate)?.pending == 1)
    #expect {
      try checked(&other) { other in chain.update(&other, along: other) }
    } throws: {
      "\($0)" == "Accumulate: the gradients so far belong to another model; a new model needs a new optimizer"
    }
  }

  /// A gradient that does not fit its model is the optimizer's to refuse, whatever stands before it.
  @Test func gradientsThatDoNotFit() {
    var model = Chain { Dense(2, 3) }
    var chain = OptimizerChain {
      Centralize(); DecayWeights(0.1); ClipNorm(1); AddNoise(variance: 1); Adam()
    }
    #expect {
      try checked(&model) { model in chain.update(&model, along: Chain { Dense(4, 3) }) }
    } throws: {
      "\($0)" == "Adam: parameter layers.0.weight is float32 [3, 2], its gradient float32 [3, 4]"
    }
  }

  @Test(arguments: [
    ErrorRow("ClipNorm: a largest norm of -1.0; a finite number, 0 or more, would fit") { _ = ClipNorm(-1) },
    ErrorRow("ClipNorm: a norm of order 0.0; a number above 0, or .infinity, would fit") { _ = ClipNorm(1, order: 0) },
    ErrorRow("clipNorm: a largest norm of nan; a finite number, 0 or more, would fit") {
      var gradient = Chain { Dense(1, 1) }
      gradient.clipNorm(.nan)
    },
    ErrorRow("clipNorm: the gradient's norm is nan because of layers.0.bias; a finite one would fit") {
      var gradient = Chain { Dense(weight: .zeros([1, 1]), bias: Tensor([Float.nan])) }
      gradient.clipNorm(1, requiresFinite: true)
    },
    ErrorRow("ClipValues: a limit of -1.0; a finite number, 0 or more, would fit") { _ = ClipValues(-1) },
    ErrorRow("clipValues: a limit of inf; a finite number, 0 or more, would fit") {
      var gradient = Chain { Dense(1, 1) }
      gradient.clipValues(.infinity)
    },
    ErrorRow("Accumulate: 0 steps; 1 or more would fit") { _ = Accumulate(0) },
    ErrorRow("DecayWeights: a weight decay of -1.0; a finite number, 0 or more, would fit") { _ = DecayWeights(-1) },
    ErrorRow("ScaleGradients: a factor of nan; a finite number would fit") { _ = ScaleGradients(by: .nan) },
    ErrorRow("AddNoise: a variance of -1.0; a finite number, 0 or more, would fit") { _ = AddNoise(variance: -1) },
  ]) func wrongSettings(_ row: ErrorRow) {
    #expect {
      try checked { row.call() }
    } throws: {
      "\($0)" == row.sentence
    }
  }
}
