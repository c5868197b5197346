import Fluxion

/// What image models have beside dense convolutions: depthwise ones, means under windows, and operators with a number for each channel.
func channelRows() -> [Row] {
  /// Each of 64 channels by a filter of its own.
  func depthwise(
    _ name: String, _ size: Int, stride: Int = 1, _ job: @escaping (Tensor, Tensor, (Tensor, Tensor) -> Tensor) -> Tensor
  ) -> Row {
    let side = 32 / stride
    return .timed("kernel/\(name)/16x64x32x32", .product(16 * 64, side * side, size * size)) {
      let (x, w) = (Tensor.normal([16, 64, 32, 32]), Tensor.normal([64, 1, size, size]))
      return {
        job(x, w) { x, w in
          convolution(x, weight: w, stride: PerAxis(stride), padding: WindowPadding(PerAxis(size / 2)), groups: 64)
        }
      }
    }
  }
  return [
    depthwise("depthwise-3x3", 3) { x, w, f in f(x, w) },
    depthwise("depthwise-5x5-stride-2", 5, stride: 2) { x, w, f in f(x, w) },
    // Forward, and both gradients.
    depthwise("depthwise-3x3-gradient", 3) { x, w, f in gradient(at: x, w) { f($0, $1).squared.sum() }.0 },
    .timed("kernel/meanpool/16x32x56x56", .floats(16 * 32 * 56 * 56 * 5 / 4)) {
      let x = Tensor.normal([16, 32, 56, 56])
      return { meanPool(x, window: 2) }
    },
    .timed("kernel/meanpool-3x3/16x32x56x56", .floats(16 * 32 * 56 * 56 * 2)) {
      let x = Tensor.normal([16, 32, 56, 56])
      return { meanPool(x, window: 3, stride: 1, padding: 1) }
    },
    .timed("kernel/batchnorm-infer/32x64x32x32", .floats(4 << 20), limit: "copy/1M") {
      let (x, w, b) = (Tensor.normal([32, 64, 32, 32]), Tensor.normal([64]), Tensor.normal([64]))
      let (mean, variance) = (Tensor.normal([64]), Tensor.uniform([64], in: 0.1..<0.9))
      return { batchNorm(x, mean: mean, variance: variance, weight: w, bias: b) }
    },
    .timed("kernel/sum-channels/32x64x32x32", .floats(2 << 20), limit: "copy/1M") {
      let x = Tensor.normal([32, 64, 32, 32])
      return { x.sum(axes: [0, 2, 3]) }
    },
  ]
}
