import Fluxion
import Testing

/// Groups of parameters and frozen ones against PyTorch's (Tests/Golden/groups.py makes the file), and what holds for any optimizer.
@Suite struct ParameterGroupTests {
  struct File: Decodable { let cases: [Case] }
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let optimizer: String
    let rest: Settings
    let groups: [Settings]
    let scales: [Double]
    let frozen: [[String]]
    let initial: [GoldenTensor]
    let gradients: [[[Double]]]
    let parameters: [[[Double]]]
    var testDescription: String { name }
  }
  struct Settings: Decodable, Sendable {
    var parts: [String]?
    var learningRate: Double
    var weightDecay: Double
    var momentum: Double

    func optimizer(_ name: String) -> any Optimizer {
      name == "SGD"
        ? SGD(learningRate: learningRate, momentum: momentum, weightDecay: weightDecay)
        : AdamW(learningRate: learningRate, weightDecay: weightDecay)
    }
  }

  struct Net: Model {
    var encoder: Dense
    var head: Dense
    init(_ encoder: Dense = Dense(2, 3), _ head: Dense = Dense(3, 2)) { (self.encoder, self.head) = (encoder, head) }
    func callAsFunction(_ x: Tensor) -> Tensor { head(tanh(encoder(x))) }
  }

  private static func net(_ values: [[Double]]) -> Net {
    func tensor(_ i: Int, _ shape: Shape) -> Tensor { Tensor(values[i], shape: shape) }
    return Net(
      Dense(weight: tensor(0, [3, 2]), bias: tensor(1, [3])), Dense(weight: tensor(2, [2, 3]), bias: tensor(3, [2])))
  }

  /// `some` of a protocol does not open an array's elements by itself.
  private static func group(_ parts: [String], _ optimizer: some Optimizer) -> ParameterGroup {
    ParameterGroup(where: { name in parts.contains { name == $0 || name.hasPrefix($0 + ".") } }, optimizer)
  }
  private static func groups(_ rest: some Optimizer, _ groups: [ParameterGroup]) -> ParameterGroups {
    ParameterGroups(rest) { for group in groups { group } }
  }

  @Test(arguments: try golden(File.self, "parameter-groups").cases)
  func equalsPyTorch(_ row: Case) throws {
    var model = Self.net(row.initial.map(\.values))
    var optimizer = Self.groups(
      row.rest.optimizer(row.optimizer), row.groups.map { Self.group($0.parts ?? [], $0.optimizer(row.optimizer)) })
    for step in row.scales.indices {
      model.thaw()
      for name in row.frozen[step] { model.freeze(name) }
      let before = model
      optimizer.learningRate = row.rest.learningRate * row.scales[step]
      optimizer.update(&model, along: Self.net(row.gradients[step]))
      let wanted = Self.net(row.parameters[step])
      for (found, wanted) in zip(model.parameters, wanted.parameters) {
        #expect(distance(found.value, wanted.value) < 1e-12, "\(found.name) after step \(step)")
      }
      for name in row.frozen[step] { #expect(model[parameter: name]?.scalars(Double.self) == before[parameter: name]?.scalars()) }
    }
  }

  /// Groups of the same optimizer are that optimizer, to the bit.
  @Test func groupsOfEqualsAreOne() {
    func train(_ optimizer: some Optimizer) -> [Float] {
      var (model, optimizer) = (withSeed(1) { Net() }, optimizer)
      let (x, y) = withSeed(2) { (Tensor.normal([8, 2]), Tensor.normal([8, 2])) }
      for _ in 0..<5 {
        let step = gradient(at: &model) { model in mse(model(x), y) }
        optimizer.update(&model, along: step)
      }
      return model.parameters.flatMap { $0.value.scalars(Float.self) }
    }
    let one = train(AdamW())
    #expect(
      one
        == train(
          ParameterGroups(AdamW()) {
            ParameterGroup(\Net.encoder.weight, AdamW())
            ParameterGroup("head", AdamW())
          }))
    #expect(one != train(ParameterGroups(AdamW()) { ParameterGroup("head", AdamW(learningRate: 1e-4)) }))
  }

  /// By key path, by name and by what a name is like; the first that fits.
  @Test func firstGroupThatFits() {
    var model = withSeed(1) { Net() }
    let ones = Net(
      Dense(weight: .ones([3, 2]), bias: .ones([3])), Dense(weight: .ones([2, 3]), bias: .ones([2])))
    let before = model
    var optimizer = ParameterGroups(SGD(learningRate: 1)) {
      ParameterGroup(\Net.encoder.bias, SGD(learningRate: 2))
      ParameterGroup(where: { $0.hasSuffix("bias") }, SGD(learningRate: 4))
      ParameterGroup("encoder", SGD(learningRate: 8))
    }
    optimizer.update(&model, along: ones)
    func change(_ name: String) -> Float? {
      before[parameter: name].flatMap { a in model[parameter: name].map { b in (a - b).mean().item(as: Float.self) } }
    }
    for (name, rate) in [("encoder.weight", Float(8)), ("encoder.bias", 2), ("head.weight", 1), ("head.bias", 4)] {
      #expect(abs((change(name) ?? 0) - rate) < 1e-5, "\(name)")
    }
    // One rate moves all in proportion, through 0 and back.
    optimizer.learningRate = 0
    #expect(optimizer.groups.map(\.optimizer.learningRate) == [0, 0, 0])
    optimizer.learningRate = 0.5
    #expect(optimizer.groups.map(\.optimizer.learningRate) == [1, 2, 4])
    // A group's own rate stays its own.
    optimizer.groups[0].optimizer.learningRate = 3
    optimizer.learningRate = 1
    #expect(optimizer.groups.map(\.optimizer.learningRate) == [6, 4, 8])
  }

  /// A step changes the model and nobody else's copy of it.
  @Test func stepsAreInPlace() {
    var model = withSeed(1) { Net() }
    let twin = model
    let before = twin.parameters.map { $0.value.scalars(Float.self) }
    var optimizer = ParameterGroups(AdamW(learningRate: 0.1)) { ParameterGroup("head", SGD(learningRate: 0.1)) }
    for _ in 0..<3 {
      let step = gradient(at: &model) { model in model(.ones([4, 2])).squared.sum() }
      optimizer.update(&model, along: step)
    }
    #expect(twin.parameters.map { $0.value.scalars(Float.self) } == before)
    #expect(!zip(model.parameters, before).contains { $0.value.scalars(Float.self) == $1 })
  }

  static let optimizers: [any Optimizer] = [
    SGD(learningRate: 0.1, momentum: 0.9, weightDecay: 0.1), Adam(learningRate: 0.1, weightDecay: 0.1), AdamW(learningRate: 0.1),
    ParameterGroups(AdamW(learningRate: 0.1)) { ParameterGroup("encoder", SGD(learningRate: 0.1, weightDecay: 0.1)) },
  ]

  /// What is frozen keeps its bits, in training runs too; thawed, it takes its own first step.
  @Test(arguments: 0..<optimizers.count)
  func frozenBitsStay(_ index: Int) {
    func run(_ optimizer: some Optimizer) {
      var optimizer = optimizer
      var model = withSeed(1) { Net() }
      let x = withSeed(2) { Tensor.normal([8, 2]) }
      model.freeze(\.encoder)
      let encoder = model.encoder
      for _ in 0..<3 {
        let step = gradient(at: &model) { model in model(x).squared.mean() }
        optimizer.update(&model, along: step)
      }
      #expect(model.encoder.weight.scalars(Float.self) == encoder.weight.scalars(Float.self))
      #expect(model.frozenParameterNames == ["encoder.weight", "encoder.bias"])
      model.thaw()
      let step = gradient(at: &model) { model in model(x).squared.mean() }
      // The same step by an optimizer that never ran.
      var (fresh, first) = (model, Self.optimizers[index])
      first.update(&fresh, along: step)
      optimizer.update(&model, along: step)
      #expect(model.encoder.weight.scalars(Float.self) == fresh.encoder.weight.scalars(Float.self))
      #expect(model.encoder.weight.scalars(Float.self) != encoder.weight.scalars(Float.self))
    }
    run(Self.optimizers[index])
  }

  /// A gradient that was taken while a part was frozen says nothing of it, and one that was taken before says it in vain.
  @Test func freezingBetweenGradientAndStep() {
    var model = withSeed(1) { Net() }
    let before = model
    var optimizer = AdamW(learningRate: 0.1)
    let whole = gradient(at: &model) { model in model(.ones([4, 2])).squared.sum() }
    model.freeze("head")
    optimizer.update(&model, along: whole)
    #expect(model.head.weight.scalars(Float.self) == before.head.weight.scalars(Float.self))
    #expect(model.encoder.weight.scalars(Float.self) != before.encoder.weight.scalars(Float.self))
    let part = gradient(at: &model) { model in model(.ones([4, 2])).squared.sum() }
    model.thaw("head")
    optimizer.update(&model, along: part)
    #expect(model.head.weight.scalars(Float.self) == before.head.weight.scalars(Float.self))
  }

  @Test(arguments: [
    (
      "ParameterGroups: no parameter of Net belongs to the group \"decoder\"; "
        + "it has encoder.weight, encoder.bias, head.weight, head.bias",
      ParameterGroups(AdamW()) { ParameterGroup("decoder", AdamW()) }
    ),
    (
      "ParameterGroups: no parameter of Net belongs to the group where: { … }; "
        + "it has encoder.weight, encoder.bias, head.weight, head.bias",
      ParameterGroups(AdamW()) { ParameterGroup(where: { $0.isEmpty }, AdamW()) }
    ),
    (
      "ParameterGroups: no parameter of Net belongs to the group \"head.bias\": those before it have them all",
      ParameterGroups(AdamW()) {
        ParameterGroup("head", AdamW())
        ParameterGroup("head.bias", AdamW())
      }
    ),
    (
      "ParameterGroups: the group \\Chain.layers is not of Net", ParameterGroups(AdamW()) { ParameterGroup(\Chain.layers, AdamW()) }
    ),
  ])
  func namesTheMistake(_ sentence: String, _ groups: ParameterGroups) {
    let model = withSeed(1) { Net() }
    #expect {
      try checked {
        var (model, groups) = (model, groups)
        groups.update(&model, along: model)
      }
    } throws: {
      "\($0)" == sentence
    }
  }
}
