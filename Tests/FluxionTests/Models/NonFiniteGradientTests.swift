import Fluxion
import Testing

/// A gradient that is not finite is found before anything is written.
@Suite struct NonFiniteGradientTests {
  private struct Net: Model {
    var encoder: Dense
    var head: Dense
    mutating func callAsFunction(_ x: Tensor) -> Tensor { head(encoder(x)) }
  }

  private static func net(_ dtype: DType = .float32) -> Net {
    var net = withSeed(1) { Net(encoder: Dense(3, 4), head: Dense(4, 2)) }
    net.castParameters(to: dtype)
    return net
  }

  private static func slopes(_ net: Net) -> Net {
    var net = net
    return gradient(at: &net) { net in net(.ones([2, 3], net.head.weight.dtype)).squared.mean() }
  }

  /// All that an optimizer keeps, as text.
  private static func contents(_ optimizer: any Optimizer) -> [String] {
    var (copy, visitor) = (optimizer, StateVisitor())
    copy.visitState(&visitor)
    return visitor.values.map { "\($0.key): \($0.value)" }.sorted() + visitor.tensors.map { "\($0.name) \($0.value.copyOfElements)" }
  }

  @Test(arguments: OptimizerRow.all, [DType.float32, .float64]) func nothingChanges(_ row: OptimizerRow, _ dtype: DType) {
    // This one leaves such steps out by itself.
    let skips = row.description == "OptimizerChain"
    for (value, part) in [(Double.nan, "has NaN"), (.infinity, "is infinite"), (-.infinity, "is infinite")] {
      var (model, optimizer) = (Self.net(dtype), row.make())
      for _ in 0..<5 { optimizer.update(&model, along: Self.slopes(model)) }
      var bad = Self.slopes(model)
      bad.head.weight[1, 3] = Tensor(value).cast(to: dtype)
      let (before, state) = (model, Self.contents(optimizer))
      // A group that gathers makes no step yet.
      for _ in 0..<(row.description.hasPrefix("chains") ? 1 : 2) {
        if skips {
          optimizer.update(&model, along: bad)
        } else if row.description.hasPrefix("chains"), value.isInfinite {
          // Clipped to a number before anything looks at it.
        } else {
          #expect {
            try checked { optimizer.update(&model, along: bad) }
          } throws: {
            if !"\($0)".contains("the gradient of head.weight \(part); nothing was changed") { Issue.record("\($0)") }
            return true
          }
          #expect(Self.contents(optimizer) == state)
        }
        #expect(same(model.parameters, before.parameters))
      }
      // What is frozen has no step, and may have any gradient.
      model.freeze(\.head)
      let weight = model.head.weight.copyOfElements
      #expect(throws: Never.self) { try checked { optimizer.update(&model, along: bad) } }
      #expect(model.head.weight.copyOfElements == weight)
    }
  }

  /// Elements in every place of a vector, behind the last whole one, and of a tensor that several threads read.
  @Test func everyElementIsLookedAt() {
    struct One: Model {
      var weight: Tensor
      mutating func callAsFunction(_ x: Tensor) -> Tensor { x * weight }
    }
    for count in [1, 7, 16, 63, 70_001] {
      for place in Set([0, count / 2, count - 1]) {
        for value in [Float.nan, -.nan, .infinity, -.infinity, .signalingNaN] {
          var elements = [Float](repeating: .greatestFiniteMagnitude, count: count)
          var model = One(weight: .zeros([count]))
          var optimizer = SGD(learningRate: 1e-38)
          #expect(throws: Never.self) { try checked { optimizer.update(&model, along: One(weight: Tensor(elements))) } }
          elements[place] = value
          let bad = One(weight: Tensor(elements))
          #expect(throws: TensorError.self) { try checked { optimizer.update(&model, along: bad) } }
        }
      }
    }
  }

  /// The norm of a gradient with NaN says nothing about where it is.
  @Test func clippingLeavesTheNameThatIsToBlame() {
    var model = Self.net()
    var bad = Self.slopes(model)
    bad.head.bias?[0] = Tensor(Float.nan)
    for order in [2.0, 1, .infinity] {
      var chain = OptimizerChain {
        ClipNorm(1, order: order); Adam()
      }
      #expect { try checked { chain.update(&model, along: bad) } } throws: {
        "\($0)"
          == "OptimizerChain: the gradient of head.bias has NaN; nothing was changed, and SkipNonFinite() in an OptimizerChain leaves such steps out"
      }
    }
  }

  // MARK: fit

  /// A loss that is finite where its gradient is not, at the third step.
  @Test(arguments: OptimizerRow.all + [OptimizerRow("by hand") { Plain(learningRate: 0.1) }])
  func fitStopsAtTheStep(_ row: OptimizerRow) throws {
    func fit<O: Optimizer>(_ optimizer: O) throws {
      var inputs = [Float](repeating: 1, count: 36)
      for i in 24..<36 { inputs[i] = 0 }
      let data = TensorDataset(Tensor(inputs, shape: [12, 3]), .zeros([12, 2]))
      let loss: (Tensor, Tensor) -> Tensor = { outputs, targets in
        // The square root's slope at 0 is infinite, and 0 · ∞ is NaN.
        targets.sum().item() > 0 ? sqrt((outputs * 0).sum()) + 1 : mse(outputs, targets)
      }
      var bad = data.targets.scalars(Float.self)
      for i in 16..<24 { bad[i] = 1 }
      let train = TensorDataset(data.inputs, Tensor(bad, shape: [12, 2]))
      var expected = Self.net()
      try expected.fit(train[0..<8], loss: loss, optimizer: optimizer, epochs: 1, batchSize: 4, shuffle: false, progress: .none)
      var model = Self.net()
      do {
        try model.fit(train, loss: loss, optimizer: optimizer, epochs: 1, batchSize: 4, shuffle: false, progress: .none)
        #expect(row.description == "OptimizerChain", "no error")
      } catch TrainingError.nonFiniteGradient(let name, let epoch, let step) {
        // The rest of a group is looked at first.
        #expect(name == (row.description.contains("roups") ? "head.weight" : "encoder.weight") && epoch == 1 && step == 3)
        #expect(same(model.parameters, expected.parameters))
      }
    }
    try fit(row.make())
    #expect(
      TrainingError.nonFiniteGradient("head.bias", epoch: 3, step: 17).description
        == "fit: the gradient of head.bias is not finite at epoch 3, step 17, though the loss is; the model is as it was before that step")
  }

  /// What a user may write: no state, and no look at gradients.
  private struct Plain: Optimizer {
    var learningRate: Double
    mutating func update<M: Model>(_ model: inout M, along gradient: M) {
      let gradients = gradient.parameters.map(\.value)
      var i = 0
      model.updateParameters { _, value in
        value = value - gradients[i] * learningRate
        i += 1
      }
    }
  }
}
