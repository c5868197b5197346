import Fluxion
import Testing

/// What holds for every optimizer, over the list of them all.
@Suite struct OptimizerLawTests {
  struct Net: Model {
    var encoder = Dense(6, 5, activation: { tanh($0) })
    var head = Dense(5, 2)
    func callAsFunction(_ x: Tensor) -> Tensor { head(encoder(x)) }
  }

  private static func step(_ model: inout Net, _ optimizer: inout any Optimizer, _ step: Int) {
    let (x, y) = withSeed(UInt64(step)) { (Tensor.normal([7, 6]), Tensor.normal([7, 2])) }
    let gradient = gradient(at: &model) { model in mse(model(x), y) }
    optimizer.update(&model, along: gradient)
  }

  private static func bits(_ model: Net) -> [UInt32] { model.parameters.flatMap { $0.value.scalars(Float.self).map(\.bitPattern) } }

  /// Written down after five steps and taken up by a new one, it goes on as if nothing had happened.
  @Test(arguments: OptimizerRow.all) func goesOnWithTheSameBits(_ row: OptimizerRow) throws {
    var (model, optimizer) = (withSeed(1) { Net() }, row.make())
    model.freeze("encoder.bias")
    for i in 0..<5 {
      if i == 3 { model.thaw() }
      if i == 4 { optimizer.learningRate *= 0.5 }
      Self.step(&model, &optimizer, i)
    }
    var visitor = StateVisitor()
    optimizer.visitState(&visitor)
    let written = InMemoryTensors(visitor.tensors, metadata: visitor.values)
    // The new one stands where a program would make it anew.
    var (restored, twin) = (row.make(), model)
    var restorer = StateVisitor(restoring: written)
    restored.visitState(&restorer)
    try restorer.finish("\(row)")
    var again = StateVisitor()
    restored.visitState(&again)
    #expect(again.values == written.metadata)
    #expect(again.tensors.map(\.name) == written.names)
    for i in 5..<10 {
      Self.step(&model, &optimizer, i)
      Self.step(&twin, &restored, i)
    }
    #expect(Self.bits(model) == Self.bits(twin))
    // The state is what makes the difference.
    if !written.tensors.isEmpty {
      var (fresh, without) = (model, row.make())
      without.learningRate = optimizer.learningRate
      for i in 10..<13 {
        Self.step(&model, &optimizer, i)
        Self.step(&fresh, &without, i)
      }
      #expect(Self.bits(model) != Self.bits(fresh))
    }
  }

  struct Large: Model {
    var weight: Tensor
    func callAsFunction(_ x: Tensor) -> Tensor { x * weight }
  }

  /// The same bits whatever the number of threads.
  @Test(arguments: OptimizerRow.ungrouped, [DType.float32, .float64])
  func threadsChangeNothing(_ row: OptimizerRow, _ dtype: DType) {
    func run(_ threads: Int) -> [UInt64] {
      let outer = Threads.count
      Threads.count = threads
      defer { Threads.count = outer }
      var (model, optimizer) = (withSeed(1) { Large(weight: .normal([200_003], dtype)) }, row.make())
      for i in 0..<2 { optimizer.update(&model, along: withSeed(UInt64(i + 2)) { Large(weight: .normal([200_003], dtype)) }) }
      return model.weight.cast(to: .float64).scalars(Double.self).map(\.bitPattern)
    }
    #expect(run(1) == run(2))
  }

  /// A parameter, or an update, of zeros has no size to go by.
  @Test func lambOfZeros() {
    var model = Large(weight: .zeros([4]))
    var optimizer = LAMB(learningRate: 0.1, weightDecay: 0)
    optimizer.update(&model, along: Large(weight: [1, -1, 2, 0]))
    // m̂/√v̂ = ±1: the step is the learning rate.
    #expect(distance(model.weight, [-0.1, 0.1, -0.1, 0]) < 1e-6)
    var still = Large(weight: [1, 2])
    var other = LAMB(learningRate: 0.1, weightDecay: 0)
    other.update(&still, along: Large(weight: [0, 0]))
    #expect(distance(still.weight, [1, 2]) == 0)
  }

  /// A parameter without elements has a step that does nothing.
  @Test(arguments: OptimizerRow.ungrouped) func emptyParameters(_ row: OptimizerRow) {
    var (model, optimizer) = (Large(weight: .zeros([0])), row.make())
    for _ in 0..<2 { optimizer.update(&model, along: Large(weight: .zeros([0]))) }
    #expect(model.weight.shape == [0])
  }

  @Test(arguments: [
    ErrorRow("SGD: a momentum of -0.9; a finite number, 0 or more, would fit") { _ = SGD(learningRate: 0.1, momentum: -0.9) },
    ErrorRow("Adam: a beta1 of 1.0; 0 or more and less than 1 would fit") { _ = Adam(beta1: 1) },
    ErrorRow("AdamW: a learning rate of nan; a finite number, 0 or more, would fit") { _ = AdamW(learningRate: .nan) },
    ErrorRow("Lion: a beta2 of 1.5; 0 or more and less than 1 would fit") { _ = Lion(beta2: 1.5) },
    ErrorRow("LAMB: a weight decay of -0.1; a finite number, 0 or more, would fit") { _ = LAMB(weightDecay: -0.1) },
    ErrorRow("NAdam: a momentum decay of -1.0; a finite number, 0 or more, would fit") { _ = NAdam(momentumDecay: -1) },
    ErrorRow("RAdam: an epsilon of inf; a finite number, 0 or more, would fit") { _ = RAdam(epsilon: .infinity) },
    ErrorRow("Adamax: a beta2 of -0.5; 0 or more and less than 1 would fit") { _ = Adamax(beta2: -0.5) },
    ErrorRow("RMSProp: an alpha of 1.1; 0 to 1 would fit") { _ = RMSProp(alpha: 1.1) },
    ErrorRow("Adadelta: a rho of -1.0; 0 to 1 would fit") { _ = Adadelta(rho: -1) },
    ErrorRow("Adagrad: an initial sum of -1.0; a finite number, 0 or more, would fit") { _ = Adagrad(initialSum: -1) },
  ]) func wrongSettings(_ row: ErrorRow) {
    #expect {
      try checked { row.call() }
    } throws: {
      "\($0)" == row.sentence
    }
  }
}
