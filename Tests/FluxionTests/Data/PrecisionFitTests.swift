import Fluxion
import Foundation
import Testing

@testable import Tensors
@testable import Training

/// `fit` with products in 16 bits.
@Suite struct PrecisionFitTests {
  private let data = withSeed(1) {
    let x = Tensor.normal([256, 8])
    return TensorDataset(x, (x[.all, 0] * x[.all, 1] .> 0).cast(to: .int64))
  }
  private func model() -> Chain {
    withSeed(2) {
      Chain {
        Dense(8, 32, activation: tanh); Dropout(0.1); Dense(32, 2)
      }
    }
  }

  @discardableResult
  private func run(
    _ model: inout Chain, _ precision: ProductPrecision, epochs: Int = 12, compiled: Bool = false, checkpoints: String? = nil
  ) throws -> History {
    try model.fit(
      data, validation: data, loss: crossEntropy, optimizer: Adam(learningRate: 0.01), epochs: epochs, batchSize: 32, seed: 3,
      checkpoints: checkpoints, resume: checkpoints != nil, progress: .none, precision: precision, compiled: compiled)
  }

  /// The loss after 320 steps is float32's within 5 %, and was a third more at the beginning.
  @Test(arguments: [ProductPrecision.bfloat16, .float16], [false, true]) func losses(
    _ precision: ProductPrecision, _ isCompiled: Bool
  ) throws {
    var (plain, mixed) = (model(), model())
    let expected = try run(&plain, .float32, epochs: 40)
    let history = try run(&mixed, precision, epochs: 40, compiled: isCompiled)
    let (x, y) = (expected.epochs.last!.validation!.loss, history.epochs.last!.validation!.loss)
    #expect(abs(x - y) < 0.05 * x, "\(x), \(y)")
    #expect(x != y && history.epochs[0].training.loss > 1.3 * y)
    for (a, b) in zip(plain.parameters, mixed.parameters) { #expect(a.value.dtype == .float32 && b.value.dtype == .float32) }
  }

  /// A run that is interrupted goes on to the bit; in another precision it is refused.
  @Test(arguments: [ProductPrecision.bfloat16, .float16], [false, true]) func checkpoints(
    _ precision: ProductPrecision, _ isCompiled: Bool
  ) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fluxion-precision-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var (whole, first, second) = (model(), model(), model())
    try run(&whole, precision, epochs: 4)
    try run(&first, precision, epochs: 2, compiled: isCompiled, checkpoints: folder)
    var other = model()
    #expect(
      "\(throwing { try run(&other, .float32, epochs: 4, checkpoints: folder) })".contains(
        "precision: \(precision), and that of this run is float32"))
    try run(&second, precision, epochs: 4, checkpoints: folder)
    for (a, b) in zip(whole.parameters, second.parameters) { #expect(a.value.hasSameElements(as: b.value), "\(a.name)") }
  }
  private func throwing(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "nothing"
    } catch { return "\(error)" }
  }

  /// Gradients beyond float16's range are left out, and the factor is halved until they are finite.
  @Test func lossScale() throws {
    var trainer = Trainer(withSeed(1) { Dense(4, 1) }, optimizer: SGD(learningRate: 1e-9))
    let x = withSeed(2) { Tensor.normal([8, 4]) }
    var steps: [Tensor] = []
    _ = try trainer.fit(
      0..<24, epochs: 1, progress: .none, callbacks: [.afterBatch { _, run in steps.append(run.model.weight.detached) }],
      precision: .float16
    ) { model, _ in pow(model(x) * 1000, 2).sum() * 1e-3 }
    // 65536 times slopes of thousands are infinite in 16 bits: there are steps along them only later.
    let changes = zip(steps, steps.dropFirst()).map { !$0.hasSameElements(as: $1) }
    #expect(!changes[0] && changes.last! && changes == changes.sorted { !$0 && $1 })

    var (scale, layer) = (LossScale(4, doublingEvery: 2), Dense(2, 1))
    func gradient(_ value: Double) -> Dense {
      var gradient = layer
      gradient.weight = .full([1, 2], value)
      gradient.bias = .ones([1])
      return gradient
    }
    var g = gradient(8)
    let outcomes = [8, .infinity, 8, 8, .nan, 8].map { value in
      g = gradient(value)
      return scale.unscale(&g, of: layer) ? scale.value : -scale.value
    }
    #expect(outcomes == [4, -2, 2, 4, -2, 2])
    #expect(scale.skipped == 2 && scale.finiteSteps == 1 && g.weight[0, 0].item() == 4)
    layer.weight = g.weight
  }

  @Test func mistakes() {
    #expect(message { _ = LossScale(0) } == "LossScale: a factor of 0.0; 2⁻¹⁴ to 2³⁰ would fit")
    #expect(message { _ = LossScale(.nan) } == "LossScale: a factor of nan; 2⁻¹⁴ to 2³⁰ would fit")
    #expect(message { _ = LossScale(doublingEvery: 0) } == "LossScale: doubled every 0 steps; 1 or more would fit")
  }
  private func message(_ body: () -> Void) -> String {
    do {
      try checked { body() }
      return ""
    } catch { return "\(error)" }
  }
}
