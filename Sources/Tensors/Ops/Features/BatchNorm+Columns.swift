import CKernels

// Where a channel's elements lie apart, as those of features [batch, channels] do: sums along the batch are then faster than stretches of a few.
extension BatchNorm {
  func suitsColumns(_ x: Tensor) -> Bool {
    let (batch, _, n) = x.around(1)
    return n < 8 && batch > 0 && x.elementCount > 0
  }

  /// Of elements that lie in order.
  func ofColumns(_ x: Tensor, _ weight: Tensor?, _ bias: Tensor?) throws(TensorError) -> Tensor {
    let axes = Self.otherAxes(x)
    let (batch, channels, n) = x.around(1)
    let mean = try x.detached.mean(axes: axes, keepDims: true).ordered
    let variance = try (Variance.squaredDeviations(x.detached, mean, axes) * (1 / Double(batch * n))).ordered
    let bytes = channels * x.dtype.byteCount
    moments.pointer.copyMemory(from: mean.pointer, byteCount: bytes)
    (moments.pointer + bytes).copyMemory(from: variance.pointer, byteCount: bytes)
    let root = rsqrt(variance + epsilon)
    let scale = weight.map { root * $0.detached.reshaped(mean.shape) } ?? root
    let y = try normalize(x.detached, mean, scale, bias?.detached.reshaped(mean.shape) ?? .zeros([], x.dtype)).ordered
    for c in 0..<channels where fx_is_doubtful(x.dtype.code, c, epsilon, mean.pointer, variance.pointer) != 0 {
      let (at, c) = (c * n * x.dtype.byteCount, c * x.dtype.byteCount)
      fx_norm_channels(
        x.dtype.code, batch, channels * n, 1, n, epsilon, x.pointer + at, weight.map { $0.pointer + c }, bias.map { $0.pointer + c },
        moments.pointer + c, moments.pointer + bytes + c, y.pointer + at)
    }
    withExtendedLifetime((x, weight, bias, mean, variance)) {}
    return y
  }

  /// The gradients for x, weight and bias, one after the other in `packed`.
  func gradientOfColumns(_ x: Tensor, _ weight: Tensor?, _ dy: Tensor, _ packed: Tensor) throws(TensorError) {
    let axes = Self.otherAxes(x)
    let (batch, channels, n) = x.around(1)
    let (size, bytes) = (x.dtype.byteCount, channels * x.dtype.byteCount)
    let kept = Shape([1, channels] + Array(repeating: 1, count: x.rank - 2))
    let (x, dy) = (x.detached, dy.detached)
    let (mean, variance) = (moments[0].reshaped(kept), moments[1].reshaped(kept))
    let root = rsqrt(variance + epsilon)
    let scale = weight.map { root * $0.detached.reshaped(kept) } ?? root
    let (sum, products) = (dy.sum(axes: axes, keepDims: true), productsWithDeviations.sum(dy, x, mean, axes: axes, keepDims: true))
    let (db, dw) = try (sum.ordered, (products * root).ordered)
    let count = 1 / Double(batch * n)
    let operands = [dy, x, mean, sum * count, products * root * root * count, scale].map { $0.expanded(x.shape) }
    let dx = try slope.applied(operands, .zero, "batchNorm").ordered
    let to = packed.pointer + x.elementCount * size
    packed.pointer.copyMemory(from: dx.pointer, byteCount: x.elementCount * size)
    to.copyMemory(from: dw.pointer, byteCount: bytes)
    (to + bytes).copyMemory(from: db.pointer, byteCount: bytes)
    for c in 0..<channels where fx_is_doubtful(x.dtype.code, c, epsilon, moments.pointer, moments.pointer + bytes) != 0 {
      let (at, c) = (c * n * size, c * size)
      fx_norm_channels_backward(
        x.dtype.code, batch, channels * n, 1, n, epsilon, x.pointer + at, weight.map { $0.pointer + c }, moments.pointer + c,
        moments.pointer + bytes + c, dy.pointer + at, packed.pointer + at, to + c, to + bytes + c)
    }
    withExtendedLifetime((x, weight, dy, dx, db, dw)) {}
  }
}

private let normalize = Elementwise { x, mean, scale, shift in (x - mean) * scale + shift }
private let productsWithDeviations = Elementwise { dy, x, mean in dy * (x - mean) }
private let slope: Program = {
  let x = (0..<6).map { Symbol(.input($0)) }
  return Program(((x[0] - x[3] - (x[1] - x[2]) * x[4]) * x[5]).node, inputCount: 6)
}()
