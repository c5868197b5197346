import Fluxion

/// Points on two spiral arms, each with the number of its arm.
func spirals(_ count: Int, seed: UInt64) -> TensorDataset {
  withSeed(seed) {
    let arm = Tensor((0..<count).map { $0 % 2 })
    let along = Tensor.uniform([count], in: 0.5..<3)
    let angle = along * 3 + arm.cast(to: .float32) * Double.pi
    let points = stack([along * cos(angle), along * sin(angle)], axis: 1)
    return TensorDataset(points + 0.08 * Tensor.normal([count, 2]), arm)
  }
}

seed(1)
let (train, test) = (spirals(1000, seed: 1), spirals(400, seed: 2))

var model = Chain {
  Dense(2, 32, activation: tanh)
  Dense(32, 32, activation: tanh)
  Dense(32, 2)
}

let history = try model.fit(
  train, validation: test, loss: crossEntropy, optimizer: AdamW(), epochs: 30, batchSize: 50, metrics: [.accuracy],
  schedule: .oneCycle(peak: 2e-2))

try model.save(to: "starter.safetensors")
print(model.predict([[0.5, 0.5], [-1, 2]]).softmax())  // the probabilities of two points
print("test accuracy", history.epochs[29].validation?["accuracy"] ?? 0)
