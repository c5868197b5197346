import Fluxion

/// Whole training steps and answers, as a user writes them and as the peers' scripts define them.
func trainRows() -> [Row] {
  let sizes = [784, 128, 64, 10]
  func digits(_ name: String, _ batch: Int, _ optimizer: some Optimizer) -> Row {
    train(name, training(sizes, batch), mlp(), optimizer, .normal([batch, 784]), classIDs([batch], below: 10)) { crossEntropy($0, $1) }
  }
  return [
    train("train/xor/4", nil, xor(), Adam(), .normal([4, 2]), .normal([4, 1])) { mse($0, $1) },
    digits("train/mlp/1-sgd", 1, SGD(learningRate: 1e-3)),
    digits("train/mlp/64", 64, Adam()),
    digits("train/mlp/512", 512, Adam()),
    infer("infer/mlp/1", .product(1, 1, 784 * 128 + 128 * 64 + 64 * 10), mlp(), .normal([1, 784])),
    infer("infer/policy/1", nil, policy(), .normal([1, 4])),
    train("train/policy/8", nil, policy(), Adam(), .normal([8, 4]), .normal([8, 2])) { mse($0, $1) },
    advance("infer/gru-step/1x32", nil, GRU(32, 128), .normal([1, 32])),
    train(
      "train/simple-recurrent/32x50", .product(32 * 50, 3 * (192 * 128 + 128 * 64), 1),
      sequence(), Adam(), .normal([32, 50, 64]), classIDs([32, 50], below: 64)
    ) { crossEntropy($0, $1) },
  ]
}

/// 2-16-1 with tanh.
func xor() -> Chain {
  Chain {
    Dense(2, 16, activation: { tanh($0) })
    Dense(16, 1)
  }
}

/// What a controller in a program asks at each step: 4-32-32-2 with tanh.
private func policy() -> Chain {
  Chain {
    Dense(4, 32, activation: { tanh($0) })
    Dense(32, 32, activation: { tanh($0) })
    Dense(32, 2)
  }
}

/// The perceptron for digits, 784-128-64-10 with relu.
func mlp() -> Chain {
  Chain {
    Dense(784, 128, activation: relu)
    Dense(128, 64, activation: relu)
    Dense(64, 10)
  }
}

/// The simple recurrence, 64 numbers to 128 hidden ones to 64, over 50 steps.
func sequence() -> Unrolled<Chain> {
  Chain {
    ComposedRecurrent(Dense(64 + 128, 128), outputs: 128)
    Dense(128, 64)
  }.unrolled(steps: 50)
}

/// Class ids drawn with equal probability, int64 as PyTorch's.
func classIDs(_ shape: Shape, below classes: Int) -> Tensor {
  var random = currentRandomStream()
  return Tensor((0..<shape.elementCount).map { _ in Int.random(in: 0..<classes, using: &random) }, shape: shape)
}

/// The whole call of a training step: forward, backward, the optimiser's update; operator by operator, and compiled; rows of mixed precision are
/// called `…/bf16`.
func train<M: Model<Tensor, Tensor>>(
  _ name: String, _ work: Work?, _ model: @autoclosure @escaping () -> M, _ optimizer: some Optimizer,
  _ x: @autoclosure @escaping () -> Tensor, _ target: @autoclosure @escaping () -> Tensor, in precision: ProductPrecision = .float32,
  loss: @escaping @Sendable (Tensor, Tensor) -> Tensor
) -> Row {
  func row(_ name: String, limit: String?, _ budget: Budget, isCompiled: Bool) -> Row {
    .timed(
      name, work, limit: limit, budget: budget,
      leaving: {
        let (x, y) = (x(), target())
        var step = model().trainingStep(optimizer: optimizer) { model, x, y in withPrecision(precision) { loss(model(x), y) } }
        if isCompiled { step = step.compiled() }
        return ({ step(x, y) }, { step.model.parameters.map(\.value) })
      })
  }
  var eager = row(name, limit: nil, .fastestPeer, isCompiled: false)
  eager.others = [row("compiled/\(name)", limit: name, .eager, isCompiled: true)]
  return eager
}

/// The answer to one input, operator by operator and compiled.
func infer<M: Model<Tensor, Tensor>>(
  _ name: String, _ work: Work?, _ model: @autoclosure @escaping () -> M, _ x: @autoclosure @escaping () -> Tensor,
  in precision: ProductPrecision = .float32
) -> Row {
  var eager = Row.timed(name, work, budget: .fastestPeer) {
    let (model, x) = (model(), x())
    return { withPrecision(precision) { model.predict(x) } }
  }
  eager.others = [
    .timed("compiled/\(name)", work, limit: name, budget: .eager) {
      let (model, x) = (model().compiled(), x())
      return { withPrecision(precision) { model.predict(x) } }
    }
  ]
  return eager
}

/// One step of a recurrent model from the state that the step before left, operator by operator and compiled.
func advance<M: Model<Tensor, Tensor>>(
  _ name: String, _ work: Work?, _ model: @autoclosure @escaping () -> M, _ x: @autoclosure @escaping () -> Tensor
) -> Row {
  var eager = Row.timed(name, work, budget: .fastestPeer) {
    var model = model()
    let x = x()
    return { model(x) }
  }
  eager.others = [
    .timed("compiled/\(name)", work, limit: name, budget: .eager) {
      var model = model().compiled()
      let x = x()
      return { model(x) }
    }
  ]
  return eager
}

/// The matrix products of a training step through dense layers of these sizes: each layer's result, the gradient at its weight and, but for
/// the first layer, at its input.
func training(_ sizes: [Int], _ batch: Int) -> Work {
  let weights = zip(sizes, sizes.dropFirst()).map { $0 * $1 }
  return .product(batch, 3 * weights.reduce(0, +) - weights[0], 1)
}
