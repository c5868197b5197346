import Fluxion
import Testing

/// Ten steps of each optimizer against PyTorch's, or their papers' (Tests/Golden/optimizers.py makes the file).
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
  /// A setting is a number or a Boolean.
  struct Settings: Decodable, Sendable {
    let values: [String: Setting]

    init(from decoder: any Decoder) throws { values = try decoder.singleValueContainer().decode([String: Setting].self) }

    func number(_ name: String, _ fallback: Double) -> Double {
      if case .number(let value) = values[name] { return value }
      return fallback
    }
    func flag(_ name: String) -> Bool {
      if case .flag(let value) = values[name] { return value }
      return false
    }
  }
  enum Setting: Decodable, Sendable {
    case flag(Bool)
    case number(Double)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      self = try (try? container.decode(Bool.self)).map { .flag($0) } ?? .number(container.decode(Double.self))
    }
  }

  /// The optimizer of a row; what the row leaves out has PyTorch's default there and ours here.
  private static func optimizer(_ name: String, _ s: Settings) -> any Optimizer {
    // A default that says itself: the optimizer is made, then changed where the row says so.
    func made<O: Optimizer>(
      _ optimizer: O, _ settings: [(String, WritableKeyPath<O, Double>)], _ flags: [(String, WritableKeyPath<O, Bool>)] = []
    )
      -> any Optimizer
    {
      var optimizer = optimizer
      for (name, path) in settings { optimizer[keyPath: path] = s.number(name, optimizer[keyPath: path]) }
      for (name, path) in flags where s.flag(name) { optimizer[keyPath: path] = true }
      let known = Set(settings.map(\.0) + flags.map(\.0))
      for name in s.values.keys where !known.contains(name) { Issue.record("\(name) is no setting of \(O.self)") }
      return optimizer
    }
    return switch name {
    case "SGD":
      made(
        SGD(learningRate: 0), [("momentum", \.momentum), ("dampening", \.dampening), ("weightDecay", \.weightDecay)],
        [("nesterov", \.nesterov)])
    case "Adam":
      made(
        Adam(), [("beta1", \.beta1), ("beta2", \.beta2), ("epsilon", \.epsilon), ("weightDecay", \.weightDecay)],
        [("amsgrad", \.amsgrad)])
    case "AdamW":
      made(
        AdamW(), [("beta1", \.beta1), ("beta2", \.beta2), ("epsilon", \.epsilon), ("weightDecay", \.weightDecay)],
        [("amsgrad", \.amsgrad)])
    case "RMSProp":
      made(
        RMSProp(), [("alpha", \.alpha), ("epsilon", \.epsilon), ("weightDecay", \.weightDecay), ("momentum", \.momentum)],
        [("centered", \.centered)])
    case "Adagrad":
      made(
        Adagrad(),
        [("rateDecay", \.rateDecay), ("weightDecay", \.weightDecay), ("initialSum", \.initialSum), ("epsilon", \.epsilon)])
    case "Adadelta": made(Adadelta(), [("rho", \.rho), ("epsilon", \.epsilon), ("weightDecay", \.weightDecay)])
    case "Adamax":
      made(Adamax(), [("beta1", \.beta1), ("beta2", \.beta2), ("epsilon", \.epsilon), ("weightDecay", \.weightDecay)])
    case "NAdam":
      made(
        NAdam(),
        [
          ("beta1", \.beta1), ("beta2", \.beta2), ("epsilon", \.epsilon), ("weightDecay", \.weightDecay),
          ("momentumDecay", \.momentumDecay),
        ], [("decoupledWeightDecay", \.decoupledWeightDecay)])
    case "RAdam":
      made(
        RAdam(), [("beta1", \.beta1), ("beta2", \.beta2), ("epsilon", \.epsilon), ("weightDecay", \.weightDecay)],
        [("decoupledWeightDecay", \.decoupledWeightDecay)])
    case "Lion": made(Lion(), [("beta1", \.beta1), ("beta2", \.beta2), ("weightDecay", \.weightDecay)])
    default: made(LAMB(), [("beta1", \.beta1), ("beta2", \.beta2), ("epsilon", \.epsilon), ("weightDecay", \.weightDecay)])
    }
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
    var optimizer = Self.optimizer(row.optimizer, row.settings)
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
