import Fluxion
import Testing

@Suite struct RecurrenceTests {
  /// Unrolled equals single steps; the composed form with the same weights equals the equation.
  @Test func unrollingEqualsSingleSteps() {
    var steps = withSeed(7) { SimpleRecurrent(3, 4) }
    var unrolled = steps.unrolled(steps: 5)
    let x = withSeed(8) { Tensor.normal([2, 5, 3]) }
    let sequence = unrolled(x)
    #expect(sequence.shape == [2, 5, 4])
    for t in 0..<5 { #expect(distance(steps(x[.all, t]), sequence[.all, t]) == 0) }

    var composed = ComposedRecurrent(
      Dense(weight: concatenate([steps.wx, steps.wh]).transposed(), bias: steps.b), outputs: 4
    ).unrolled(steps: 5)
    #expect(distance(composed(x), sequence) < 1e-6)
    #expect(composed.parameters.map(\.name) == ["layer.weight", "layer.bias"])
  }

  @Test func stateIsResetOrCarried() {
    let model = withSeed(7) { SimpleRecurrent(3, 4) }
    let x = withSeed(8) { Tensor.normal([2, 5, 3]) }
    var fresh = model.unrolled(steps: 5)
    #expect(distance(fresh(x), fresh(x)) == 0)
    var carrying = model.unrolled(steps: 5, stateful: true)
    let first = carrying(x)
    #expect(distance(carrying(x), first) > 1e-4)
    carrying.reset()
    #expect(distance(carrying(x), first) == 0)
  }

  @Test func gradientsFlowThroughTimeAndStopBetweenCalls() throws {
    var model = withSeed(7) { SimpleRecurrent(2, 2) }
    let x = withSeed(8) { Tensor.normal([3, 2]) }
    // Two steps in one call: the second depends on wh through both.
    let together = gradient(at: &model) { model in
      model.reset()
      _ = model(x)
      return model(x).sum()
    }
    model.reset()
    _ = model(x)
    let apart = gradient(at: &model) { model in model(x).sum() }
    #expect(distance(together.wx, apart.wx) > 1e-4)

    // Each parameter of a recurrence against central differences.
    let base = model
    for parameter in [\SimpleRecurrent.wx, \.wh, \.b] as [WritableKeyPath<SimpleRecurrent, Tensor> & Sendable] {
      try checkGradient(
        of: { value in
          var model = base
          model.wx = model.wx.cast(to: .float64)
          model.wh = model.wh.cast(to: .float64)
          model.b = model.b.cast(to: .float64)
          model.hidden = .zeros([1, 2], .float64)
          model[keyPath: parameter] = value
          _ = model(x.cast(to: .float64))
          return model(x.cast(to: .float64))
        }, at: base[keyPath: parameter].cast(to: .float64))
    }
  }

  @Test func predictionLeavesTheModelAlone() {
    var model = withSeed(7) {
      Chain {
        SimpleRecurrent(3, 4); Dropout(0.5)
      }
    }
    let x = Tensor.ones([2, 3])
    let first = model.predict(x)
    #expect(distance(model.predict(x), first) == 0)
    #expect(distance(withMode(.inference) { model(x) }, first) == 0)
    #expect(distance(model.predict(x), first) > 0)
  }
}

@Suite struct LayerTests {
  @Test func dropoutDropsWhileTrainingOnly() {
    var layer = withSeed(1) { Dropout(0.25) }
    let x = Tensor.ones([100, 100])
    #expect(distance(layer(x), x) == 0)
    let y = withMode(.training) { layer(x) }
    let kept = (y .> 0).cast(to: .float64).mean().item()
    #expect(abs(kept - 0.75) < 0.02)
    #expect(abs(y.max().item() - 1 / 0.75) < 1e-6)
    // A copy carries its own stream: it drops the same elements.
    var twin = layer
    #expect(withMode(.training) { distance(twin(x), layer(x)) } == 0)
    #expect(withMode(.training) { distance(layer(x), y) } > 0)
    // The gradient passes where the elements passed.
    var third = twin
    let slope = gradient(at: x) { x in twin(x).sum() }
    #expect(withMode(.training) { distance(third(x), slope) } == 0)
  }

  struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    let initializer: Initializer
    let mean: Double
    let deviation: Double
    var testDescription: String { name }
  }

  /// Moments over a [400, 200] weight: fan-in 200, fan-out 400.
  @Test(arguments: [
    Row(name: "zeros", initializer: .zeros, mean: 0, deviation: 0),
    Row(name: "ones", initializer: .ones, mean: 1, deviation: 0),
    Row(name: "constant", initializer: .constant(3), mean: 3, deviation: 0),
    Row(name: "uniform", initializer: .uniform(0.3), mean: 0, deviation: 0.3 / 3.0.squareRoot()),
    Row(name: "normal", initializer: .normal(standardDeviation: 0.2), mean: 0, deviation: 0.2),
    Row(name: "glorotUniform", initializer: .glorotUniform(), mean: 0, deviation: (2.0 / 600).squareRoot()),
    Row(name: "glorotNormal", initializer: .glorotNormal(gain: 2), mean: 0, deviation: 2 * (2.0 / 600).squareRoot()),
    Row(name: "kaimingUniform", initializer: .kaimingUniform(), mean: 0, deviation: (2.0 / 200).squareRoot()),
    Row(name: "kaimingNormal", initializer: .kaimingNormal(gain: 1), mean: 0, deviation: (1.0 / 200).squareRoot()),
    Row(name: "lecunUniform", initializer: .lecunUniform, mean: 0, deviation: (1.0 / 200).squareRoot()),
    Row(name: "lecunNormal", initializer: .lecunNormal, mean: 0, deviation: (1.0 / 200).squareRoot()),
    Row(name: "orthogonal", initializer: .orthogonal(), mean: 0, deviation: (1.0 / 400).squareRoot()),
  ])
  func initializersHaveTheirMoments(_ row: Row) {
    var random = RandomStream(seed: 11)
    let w = row.initializer([400, 200], using: &random)
    // 80,000 samples: four standard errors of the mean and of the deviation.
    #expect(abs(w.mean().item() - row.mean) <= 4 * row.deviation / 280 + 1e-7)
    #expect(abs(w.standardDeviation().item() - row.deviation) <= 4 * row.deviation / 280 + 1e-7)
  }

  @Test(arguments: [[5, 3], [3, 5], [4, 4], [6, 2, 2]])
  func orthogonalRowsOrColumns(_ shape: [Int]) {
    let w = withSeed(2) { Initializer.orthogonal(gain: 2)(Shape(shape)) }.reshaped([shape[0], -1])
    let product = w.shape[0] <= w.shape[1] ? w • w.transposed() : w.transposed() • w
    #expect(distance(product, Tensor.eye(product.shape[0]) * 4.0) < 1e-5)
  }

  @Test func sameSeedSameWeights() {
    func weights() -> [Float] {
      withSeed(9) {
        Chain {
          Dense(3, 4); SimpleRecurrent(4, 2)
        }
      }.parameters.flatMap { $0.value.scalars(Float.self) }
    }
    #expect(weights() == weights())
    #expect(
      weights()
        != withSeed(10) {
          Chain {
            Dense(3, 4); SimpleRecurrent(4, 2)
          }
        }.parameters.flatMap { $0.value.scalars(Float.self) })
  }
}
