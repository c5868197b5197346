import Fluxion

/// Training steps of recurrent models, as the peers' scripts define them.
func recurrenceRows() -> [Row] {
  [
    trainSequences(
      "train/lstm/32x50", work(inputs: 64, hidden: 256, gates: 4, layers: 2),
      Chain {
        LSTM(64, 256, layers: 2).unrolled()
        Dense(256, 64)
      }),
    trainSequences(
      "train/gru/32x50", work(inputs: 64, hidden: 128, gates: 3, layers: 1),
      Chain {
        GRU(64, 128).unrolled()
        Dense(128, 64)
      }),
  ]
}

/// A step of Adam on 32 sequences of 50 steps with 64 features and classes.
private func trainSequences(_ name: String, _ work: Work, _ model: @autoclosure @escaping () -> Chain) -> Row {
  train(name, work, model(), Adam(learningRate: 1e-3), .normal([32, 50, 64]), classIDs([32, 50], below: 64)) { crossEntropy($0, $1) }
}

/// The matrix products of a step: each layer's from its input and from its hidden value, and the head's, three times but for the gradient at
/// the model's input.
private func work(inputs: Int, hidden: Int, gates: Int, layers: Int) -> Work {
  let first = inputs * gates * hidden
  let weights = first + layers * hidden * gates * hidden + (layers - 1) * hidden * gates * hidden + hidden * 64
  return .product(32 * 50, 3 * weights - first, 1)
}
