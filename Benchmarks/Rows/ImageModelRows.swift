import Fluxion

/// Training steps and answers of models for images, as the peers' scripts define them.
func imageModelRows() -> [Row] {
  let dense = 400 * 120 + 120 * 84 + 84 * 10
  // Products of each convolution: outputs, what each of them sums up, and places.
  let (first, second) = (6 * 25 * 28 * 28, 16 * 150 * 10 * 10)
  let (a, b, c) = (32 * 27 * 32 * 32, 64 * 288 * 16 * 16, 128 * 576 * 8 * 8)
  return [
    // Backward costs twice as much as forward, but for the first layer, whose input needs no gradient.
    train(
      "train/lenet/64", .product(64, 3 * (first + second + dense) - first, 1), lenet(), Adam(), .normal([64, 1, 28, 28]),
      classIDs([64], below: 10)
    ) { crossEntropy($0, $1) },
    infer("infer/lenet/1", .product(1, 1, first + second + dense), lenet(), .normal([1, 1, 28, 28])),
    train(
      "train/convnet/32", .product(32, 3 * (a + b + c + 1280) - a, 1), convnet(), Adam(), .normal([32, 3, 32, 32]),
      classIDs([32], below: 10)
    ) { crossEntropy($0, $1) },
  ]
}

/// LeNet-5 with relu and largest elements, [batch, 1, 28, 28] to [batch, 10].
func lenet() -> Chain {
  Chain {
    Conv2D(1, 6, kernel: 5, padding: 2, activation: relu)
    MaxPool2D(2)
    Conv2D(6, 16, kernel: 5, activation: relu)
    MaxPool2D(2)
    Flatten()
    Dense(400, 120, activation: relu)
    Dense(120, 84, activation: relu)
    Dense(84, 10)
  }
}

/// Three times convolution, batch normalisation and relu, 3-32-64-128 channels, [batch, 3, 32, 32] to [batch, 10].
func convnet() -> Chain {
  Chain {
    Conv2D(3, 32, kernel: 3, padding: 1, hasBias: false); BatchNorm(32); relu; MaxPool2D(2)
    Conv2D(32, 64, kernel: 3, padding: 1, hasBias: false); BatchNorm(64); relu; MaxPool2D(2)
    Conv2D(64, 128, kernel: 3, padding: 1, hasBias: false); BatchNorm(128); relu; GlobalMeanPool()
    Dense(128, 10)
  }
}
