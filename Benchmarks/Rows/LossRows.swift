import Fluxion

/// Losses with kernels of their own, forward and backward.
func lossRows() -> [Row] {
  [
    // 32 sequences of 100 steps and 64 classes, targets of 20: the log-softmax is in it.
    .timed("loss/ctc/32x100x64") {
      let x = Tensor.normal([32, 100, 64])
      let targets = classIDs([32, 20], below: 63) + 1
      return { gradient(at: x) { x in ctc(x, targets) } }
    }
  ]
}
