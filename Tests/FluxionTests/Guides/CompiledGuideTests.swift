import Fluxion
import Testing

/// The blocks of the guide to compiled models.
@Suite struct CompiledGuideTests {
  private let model = withSeed(1) {
    Chain {
      Dense(4, 8, activation: tanh); Dense(8, 3)
    }
  }

  @Test func models() {
    let x = Tensor.ones([2, 4])
    var fast = model.compiled()
    let y = fast.predict(x)
    for _ in 0..<3 { #expect([Float](fast(x)) == [Float](y)) }
    #expect(fast.graph != nil)
  }

  @Test func trainingSteps() {
    let batches = (0..<5).map { i in withSeed(UInt64(i)) { (Tensor.normal([6, 4]), Tensor([0, 1, 2, 0, 1, 2])) } }
    var losses: [Double] = []
    var step = model.trainingStep(optimizer: Adam(learningRate: 1e-3)) { model, x, y in crossEntropy(model(x), y) }.compiled()
    for (x, y) in batches { losses.append(step(x, y).item()) }
    print(step.plans)
    #expect(losses.count == 5 && step.plans.count == 1 && step.graph != nil)
  }

  @Test func functions() {
    let slope = compile { (x: Tensor, w: Tensor) in gradient(at: x) { x in (tanh(x) * w).sum() } }
    for _ in 0..<4 { #expect(slope([0], [3]).item() == 3) }
  }
}
