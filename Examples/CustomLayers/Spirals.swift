import Fluxion

/// Two spirals, one inside the other, and which of them each point is of: no straight line tells them apart anywhere.
struct Spirals {
  let points: Tensor
  let labels: Tensor

  /// So many points of each, with noise.
  init(_ count: Int, turns: Double = 1.75, noise: Double = 0.02) {
    let radius = Tensor.uniform([2 * count], in: 0.1..<1)
    labels = concatenate([Tensor.zeros([count], .int64), .ones([count], .int64)], axis: 0)
    let halfTurns = radius * (2 * turns) + labels.cast(to: .float32)
    let angle = halfTurns * Double.pi
    let curve = stack([radius * cos(angle), radius * sin(angle)], axis: 1)
    points = curve + .normal([2 * count, 2], standardDeviation: noise)
  }
}

/// Trains a model to tell two spirals apart, and gives the share of other points that it gets right.
func learnSpirals(_ model: inout Chain, steps: Int) -> Double {
  let (train, test) = (Spirals(400), Spirals(1000))
  var optimizer = Adam(learningRate: 5e-3)
  for _ in 0..<steps {
    let gradient = gradient(at: &model) { model in crossEntropy(model(train.points), train.labels) }
    optimizer.update(&model, along: gradient)
  }
  return accuracy(model.predict(test.points), test.labels)
}
