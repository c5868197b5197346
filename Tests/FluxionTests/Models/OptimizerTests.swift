import Fluxion
import Testing

/// Ten steps of each optimizer against PyTorch's (Tests/Golden/optimizers.py makes the file).
@Suite struct OptimizerTests {
  struct File: Decodable { let cases: [Case] }
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let optimizer: String
    let dtype: String
    let settings: Settings
    let learningRates: [Double]
    let initial: [GoldenTensor]
    let gradients: [[[Double]]]
    let parameters: [[[Double]]]
    var testDescription: String { name }
  }
  struct Settings: Decodable, Sendable {
    var momentum: Double?
    var dampening: Double?
    var weightDecay: Double?
    var nesterov: Bool?
    var beta1: Double?
    var beta2: Double?
    var epsilon: Double?
  }

  struct TwoParameters: Model {
    var weight: Tensor
    var bias: Tensor
    func callAsFunction(_ x: Tensor) -> Tensor { x }
  }

  @Test(arguments: try golden(File.self, "optimizers").cases)
  func equalsPyTorch(_ row: Case) throws {
    let dtype: DType = row.dtype == "float32" ? .float32 : .float64
    let shapes = row.initial.map { Shape($0.shape) }
    var model = TwoParameters(weight: row.initial[0].tensor(dtype).cast(to: dtype), bias: row.initial[1].tensor(dtype).cast(to: dtype))
    let s = row.settings
    var optimizer: any Optimizer =
      switch row.optimizer {
      case "SGD":
        SGD(
          learningRate: 0, momentum: s.momentum ?? 0, dampening: s.dampening ?? 0, weightDecay: s.weightDecay ?? 0,
          nesterov: s.nesterov ?? false)
      case "Adam":
        Adam(learningRate: 0, beta1: s.beta1 ?? 0.9, beta2: s.beta2 ?? 0.999, epsilon: s.epsilon ?? 1e-8, weightDecay: s.weightDecay ?? 0)
      default:
        AdamW(
          learningRate: 0, beta1: s.beta1 ?? 0.9, beta2: s.beta2 ?? 0.999, epsilon: s.epsilon ?? 1e-8, weightDecay: s.weightDecay ?? 0.01)
      }
    #expect(row.learningRates.count == 10)
    for step in row.learningRates.indices {
      func tensors(_ values: [[Double]]) -> [Tensor] { zip(values, shapes).map { Tensor($0, shape: $1).cast(to: dtype) } }
      let g = tensors(row.gradients[step])
      let wanted = tensors(row.parameters[step])
      optimizer.learningRate = row.learningRates[step]
      optimizer.update(&model, along: TwoParameters(weight: g[0], bias: g[1]))
      let tolerance = dtype == .float32 ? 1e-6 : 1e-12
      #expect(distance(model.weight, wanted[0]) < tolerance, "step \(step)")
      #expect(distance(model.bias, wanted[1]) < tolerance, "step \(step)")
    }
  }

  @Test func stateThatDoesNotFitIsRefused() throws {
    var model = Chain { Dense(2, 3) }
    var other = Chain { Dense(2, 4) }
    var optimizer = Adam()
    optimizer.update(&model, along: model)
    let before = other.parameters.map(\.value)
    func refusal(_ body: () throws -> Void) -> String? {
      do {
        try body()
        return nil
      } catch {
        return "\(error)"
      }
    }
    #expect(
      refusal { try checked(&other) { other in optimizer.update(&other, along: Chain { Dense(2, 3) }) } }
        == "Adam: parameter layers.0.weight is float32 [4, 2], its gradient float32 [3, 2]")
    #expect(
      refusal { try checked(&other) { other in optimizer.update(&other, along: other) } }
        == "Adam: parameter layers.0.weight is float32 [4, 2], and the optimizer's state belongs to another model; "
        + "a new model needs a new optimizer")
    // The same shapes in another dtype are another model, too.
    var wide = model
    wide.updateParameters { _, value in value = value.cast(to: .float64) }
    #expect(refusal { try checked(&wide) { wide in optimizer.update(&wide, along: wide) } }?.contains("is float64 [3, 2], and the") == true)
    #expect(zip(before, other.parameters).allSatisfy { distance($0, $1.value) == 0 })
  }

  @Test func momentumMayBeginLater() {
    var model = TwoParameters(weight: [1], bias: [2])
    var optimizer = SGD(learningRate: 1)
    let gradient = TwoParameters(weight: [0.5], bias: [0.25])
    optimizer.update(&model, along: gradient)
    optimizer.momentum = 0.5
    optimizer.update(&model, along: gradient)
    optimizer.update(&model, along: gradient)
    // 1 − 0.5 − 0.5 − (0.5·0.5 + 0.5), and half of each for the bias.
    #expect(model.weight.item() == -0.75)
    #expect(model.bias.item() == 1.125)
  }

  @Test func copiesOfAnUpdatedModelStayAsTheyWere() {
    var model = withSeed(1) { Chain { Dense(3, 2) } }
    let twin = model
    let before = twin.parameters.map { $0.value.scalars(Float.self) }
    var optimizer = SGD(learningRate: 1)
    let step = gradient(at: &model) { model in model(.ones([1, 3])).sum() }
    optimizer.update(&model, along: step)
    #expect(twin.parameters.map { $0.value.scalars(Float.self) } == before)
    #expect(model.parameters.map { $0.value.scalars(Float.self) } != before)
  }
}
