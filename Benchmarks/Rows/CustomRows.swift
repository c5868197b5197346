import CLoops
import Fluxion

/// Closures as kernels, each beside the loop over the C library's functions that a user would write in its place; the loops run on one thread.
func customRows() -> [Row] {
  let mish = Elementwise { x in x * tanh(log1p(exp(x))) }
  var rows: [Row] = []
  for (label, n) in [("1K", 1 << 10), ("1M", 1 << 20), ("16M", 1 << 24)] {
    rows.append(
      .timed("c/mish/\(label)", .floats(2 * n)) {
        let x = Tensor.normal([n]).scalars(Float.self)
        var y = x
        return { loop_mish(n, x, &y) }
      })
    rows.append(
      .timed("kernel/custom-mish/\(label)", .floats(2 * n), limit: "c/mish/\(label)") {
        let x = Tensor.normal([n])
        return { mish(x) }
      })
  }
  return rows + lossRows(4, "4") + lossRows(1 << 20, "1M") + [customMLPRow(mish)]
}

/// A loss of one's own, log cosh of the error, and its mean: one pass over memory, beside the same with the values stored, and the loop in C.
private func lossRows(_ n: Int, _ label: String) -> [Row] {
  // |d| + log(1 + e⁻²ᵈ) − log 2 does not overflow; the loop takes the short way.
  let loss = Elementwise { x, y in
    let d = abs(x - y)
    return d + log1p(exp(-2 * d)) - 0.6931471805599453
  }
  func row(_ name: String, limit: String? = nil, _ f: @escaping (Tensor, Tensor) -> Tensor) -> Row {
    .timed("kernel/\(name)/\(label)", .floats(2 * n), limit: limit) {
      let (x, y) = (Tensor.normal([n]), Tensor.normal([n]))
      return { f(x, y) }
    }
  }
  return [
    .timed("c/loss/\(label)", .floats(2 * n)) {
      let (x, y) = (Tensor.normal([n]).scalars(Float.self), Tensor.normal([n]).scalars(Float.self))
      return { loop_log_cosh(n, x, y) }
    },
    row("custom-loss", limit: "c/loss/\(label)") { loss.mean($0, $1) },
    row("custom-loss-stored", limit: "c/loss/\(label)") { loss($0, $1).mean() },
    row("custom-loss-gradient") { x, y in gradient(at: x) { x in loss.mean(x, y) } },
    row("custom-loss-gradient-stored") { x, y in gradient(at: x) { x in loss(x, y).mean() } },
  ]
}

/// The perceptron for digits with a closure as its activation.
private func customMLPRow(_ activation: Elementwise) -> Row {
  func model() -> Chain {
    Chain {
      Dense(784, 128, activation: { activation($0) })
      Dense(128, 64, activation: { activation($0) })
      Dense(64, 10)
    }
  }
  return train("train/custom-mlp", nil, model(), Adam(), .normal([64, 784]), classIDs([64], below: 10)) { crossEntropy($0, $1) }
}
