import CKernels

/// Channels of a batch less their mean over their deviation, times a weight, plus a bias: [x, weight?, bias?], x [batch, channels, ...].
struct BatchNorm: SavingPrimitive {
  let epsilon: Double
  let hasWeight: Bool
  let hasBias: Bool
  /// Where the means and variances go, [2, channels]: the gradient reads them, and whoever keeps running ones.
  let moments: Tensor
  var saved: [Tensor] { [moments] }
  var name: String { "batchNorm" }

  func result(_ x: [Tensor]) -> Signature { Signature(x[0].shape, x[0].dtype) }

  func evaluate(_ x: [Tensor], _ result: Signature) throws(TensorError) -> Tensor {
    let parameters = try x.dropFirst().map { (x) throws(TensorError) in try x.ordered }
    let x = try x[0].ordered
    if suitsColumns(x) { return try ofColumns(x, hasWeight ? parameters[0] : nil, hasBias ? parameters.last : nil) }
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    let (batch, channels, n) = x.around(1)
    let size = x.dtype.byteCount
    parallel(channels, grain: Swift.max(1, Blocks.grain / 2 / Swift.max(1, batch * n))) { range in
      let (c, at) = (range.lowerBound * size, range.lowerBound * n * size)
      fx_norm_channels(
        x.dtype.code, batch, channels * n, range.count, n, epsilon, x.pointer + at, hasWeight ? parameters[0].pointer + c : nil,
        hasBias ? parameters[parameters.count - 1].pointer + c : nil, moments.pointer + c, moments.pointer + channels * size + c,
        y.pointer + at)
    }
    return y
  }

  func gradient(_ x: [Tensor], _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let inputs = hasWeight ? [x[0], x[1], dy] : [x[0], dy]
    let parts = BatchNormGradient(forward: self)(inputs).unpacked([x[0].shape, [x[0].shape[1]], [x[0].shape[1]]])
    return [parts[0]] + (hasWeight ? [parts[1]] : []) + (hasBias ? [parts[2]] : [])
  }

  /// The same as a composition.
  func composed(_ x: [Tensor]) -> Tensor {
    let (mean, variance) = BatchNorm.moments(x[0])
    let y = (x[0] - mean) * rsqrt(variance + epsilon)
    return y.scaled(byChannel: hasWeight ? x[1] : nil, hasBias ? x[x.count - 1] : nil)
  }

  /// All axes but the channels'.
  static func otherAxes(_ x: Tensor) -> [Int] { (0..<x.rank).filter { $0 != 1 } }

  /// Mean and variance of each channel, [channels, 1, ...].
  static func moments(_ x: Tensor) -> (mean: Tensor, variance: Tensor) {
    let axes = otherAxes(x)
    let mean = x.mean(axes: axes, keepDims: true)
    return (mean, (x - mean).squared.mean(axes: axes, keepDims: true))
  }
}

/// The gradients of ``BatchNorm`` for x, weight and bias, one after the other: [x, weight?, dy].
struct BatchNormGradient: Primitive {
  let forward: BatchNorm
  var name: String { "batchNorm" }

  func result(_ x: [Tensor]) -> Signature { Signature([x[0].elementCount + 2 * x[0].shape[1]], x[0].dtype) }

  func evaluate(_ x: [Tensor], _ result: Signature) throws(TensorError) -> Tensor {
    let (x, w, dy) = try (x[0].ordered, forward.hasWeight ? x[1].ordered : nil, x[x.count - 1].ordered)
    let packed = try Tensor(uninitialized: result.shape, result.dtype)
    if forward.suitsColumns(x) {
      try forward.gradientOfColumns(x, w, dy, packed)
      return packed
    }
    let (batch, channels, n) = x.around(1)
    let size = x.dtype.byteCount
    let dw = packed.pointer + x.elementCount * size
    parallel(channels, grain: Swift.max(1, Blocks.grain / 2 / Swift.max(1, batch * n))) { range in
      let (c, at) = (range.lowerBound * size, range.lowerBound * n * size)
      fx_norm_channels_backward(
        x.dtype.code, batch, channels * n, range.count, n, forward.epsilon, x.pointer + at, w.map { $0.pointer + c },
        forward.moments.pointer + c, forward.moments.pointer + channels * size + c, dy.pointer + at, packed.pointer + at, dw + c,
        dw + channels * size + c)
    }
    return packed
  }

  func gradient(_ x: [Tensor], _ y: Tensor, _ d: Tensor, _ needs: Needs) -> [Tensor?] {
    let zeros = Tensor.zeros([x[0].shape[1]], d.dtype)
    let whole = BatchNorm(epsilon: forward.epsilon, hasWeight: true, hasBias: true, moments: zeros)
    return pullback(
      { x in
        packed(pullback(whole.composed, at: [x[0], forward.hasWeight ? x[1] : zeros + 1, zeros], x[x.count - 1]))
      }, at: x, d
    ).map { $0 }
  }
}

/// Each channel less its mean over its deviation, both over the batch, times weight, plus bias (Ioffe and Szegedy 2015).
///
/// PyTorch: `batch_norm` with `training=True`.
///
/// - Parameters:
///   - x: [batch, channels, ...].
///   - weight: [channels].
///   - bias: [channels].
///   - epsilon: What keeps a channel of equal elements from being divided by 0; those become the bias, however large they are.
public func batchNorm(_ x: Tensor, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5) -> Tensor {
  normalized(x, weight, bias, epsilon).y
}

/// The same, and running statistics that move toward the batch's: r ← (1 − momentum)·r + momentum·s.
///
/// PyTorch: `batch_norm` with `training=True` and running statistics.
///
/// The variance that moves the running one is the unbiased one, Σ (x − mean)² / (n − 1), as in PyTorch.
public func batchNorm(
  _ x: Tensor, updating mean: inout Tensor, _ variance: inout Tensor, momentum: Double = 0.1, weight: Tensor? = nil,
  bias: Tensor? = nil, epsilon: Double = 1e-5
) -> Tensor {
  guard Setting.fraction.holds(momentum, "a momentum", "batchNorm") else { return .placeholder }
  return batchNorm(
    x, updating: &mean, &variance, momentum: (.full([], momentum, x.dtype), .full([], 1 - momentum, x.dtype)), weight: weight, bias: bias,
    epsilon: epsilon)
}

/// The same with the momentum and 1 − momentum as scalars, which may depend on how many batches there were.
package func batchNorm(
  _ x: Tensor, updating mean: inout Tensor, _ variance: inout Tensor, momentum: (new: Tensor, old: Tensor), weight: Tensor?, bias: Tensor?,
  epsilon: Double
) -> Tensor {
  guard attempt({ [mean, variance] () throws(TensorError) in try x.requireChannels("batchNorm", mean, variance) }) != nil else {
    return .placeholder
  }
  let n = x.shape[1] == 0 ? 0 : x.elementCount / x.shape[1]
  guard n != 1 else {
    fail(TensorError("batchNorm", "one number for each channel of \(x.shape); statistics want two or more"))
    return .placeholder
  }
  let (y, known) = normalized(x, weight, bias, epsilon)
  if Context.current.hasFailed || Context.current.isDry || n == 0 { return y }
  let moments = known ?? BatchNorm.moments(x.detached)
  mean = (mean * momentum.old + moments.mean.reshaped(mean.shape) * momentum.new).detached
  let unbiased = moments.variance.reshaped(mean.shape) * (Double(n) / Double(n - 1))
  variance = (variance * momentum.old + unbiased * momentum.new).detached
  return y
}

/// (x − mean) / √(variance + epsilon) · weight + bias, with a number of each for every channel.
///
/// PyTorch: `batch_norm` with `training=False`. As there it is x·scale + shift, whose rounding is that of mean · weight / √(variance + epsilon): where
/// the mean is far larger than the deviation, take it off first.
///
/// Derivative: for x and all four parameters, as they are given.
public func batchNorm(
  _ x: Tensor, mean: Tensor, variance: Tensor, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5
) -> Tensor {
  guard attempt({ () throws(TensorError) in try x.requireChannels("batchNorm", mean, variance, weight, bias) }) != nil,
    Setting.finite.holds(epsilon, "an epsilon", "batchNorm")
  else { return .placeholder }
  if let wide = widened(x, mean, variance, weight, bias) {
    return batchNorm(wide[0]!, mean: wide[1]!, variance: wide[2]!, weight: wide[3], bias: wide[4], epsilon: epsilon).cast(to: x.dtype)
  }
  let r = rsqrt(variance + epsilon)
  let scale = weight.map { $0 * r } ?? r
  let shift = bias.map { $0 - mean * scale } ?? -(mean * scale)
  return x.scaled(byChannel: scale, shift)
}

/// The result, and the means and variances where they came with it.
private func normalized(
  _ x: Tensor, _ weight: Tensor?, _ bias: Tensor?, _ epsilon: Double
) -> (y: Tensor, moments: (mean: Tensor, variance: Tensor)?) {
  guard attempt({ () throws(TensorError) in try x.requireChannels("batchNorm", weight, bias) }) != nil,
    Setting.finite.holds(epsilon, "an epsilon", "batchNorm")
  else { return (.placeholder, nil) }
  let channels = x.shape[1]
  let isDry = Context.current.isDry
  guard let moments = Tensor.made([2, channels], x.dtype.computed, "batchNorm") else { return (.placeholder, nil) }
  let primitive = BatchNorm(epsilon: epsilon, hasWeight: weight != nil, hasBias: bias != nil, moments: moments)
  let inputs = [x, weight, bias].compactMap { $0 }
  let y = primitive(inputs)
  return (y, isDry ? nil : (moments[0].cast(to: x.dtype), moments[1].cast(to: x.dtype)))
}
