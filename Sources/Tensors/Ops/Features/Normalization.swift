import CKernels

/// Rows less their mean (if centred) over their deviation, times a weight, plus a bias: [x, weight?, bias?].
///
/// A row are the last elements, as many as `size` has.
struct NormalizeRows: Primitive {
  var label: StaticString
  let size: Shape
  let epsilon: Double
  let isCentered: Bool
  let hasWeight: Bool
  let hasBias: Bool
  var name: String { "\(label)" }

  func result(_ x: [Tensor]) throws(TensorError) -> Signature {
    let first = x[0]
    try first.requireFloats()
    if size.rank == 0 || first.rank < size.rank || Array(first.shape.suffix(size.rank)) != Array(size) {
      throw mistake("\(first.shape) over \(size); last axes of these sizes, one or more, would fit")
    }
    for (i, parameter) in x.enumerated().dropFirst() {
      if parameter.dtype != first.dtype { throw mixedDTypes(first.dtype, parameter.dtype) }
      if parameter.shape != size {
        throw mistake("a \(i == 1 && hasWeight ? "weight" : "bias") of shape \(parameter.shape); \(size) would fit")
      }
    }
    return Signature(first.shape, first.dtype)
  }

  func evaluate(_ x: [Tensor], _ result: Signature) throws(TensorError) -> Tensor {
    let parameters = try x.dropFirst().map { (x) throws(TensorError) in try x.ordered }
    let x = try x[0].ordered
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    let (n, bytes) = (size.elementCount, size.elementCount * x.dtype.byteCount)
    if y.elementCount == 0 { return y }
    parallel(x.elementCount / n, grain: Swift.max(1, Blocks.grain / 2 / n)) { rows in
      let at = rows.lowerBound * bytes
      fx_norm_rows(
        x.dtype.code, isCentered ? 1 : 0, rows.count, n, epsilon, x.pointer + at, hasWeight ? parameters[0].pointer : nil,
        hasBias ? parameters.last?.pointer : nil, y.pointer + at)
    }
    return y
  }

  func gradient(_ x: [Tensor], _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let inputs = hasWeight ? [x[0], x[1], dy] : [x[0], dy]
    return NormalizeRowsGradient(forward: self)(inputs).unpacked(x.map(\.shape)).map { $0 }
  }

  /// The same as a composition.
  func composed(_ x: [Tensor]) -> Tensor {
    let axes = Array((-size.rank)..<0)
    let centered = isCentered ? x[0] - x[0].mean(axes: axes, keepDims: true) : x[0]
    var y = centered * rsqrt(centered.squared.mean(axes: axes, keepDims: true) + epsilon)
    if hasWeight { y = y * x[1] }
    return hasBias ? y + x[x.count - 1] : y
  }
}

/// The gradients of ``NormalizeRows`` for all its inputs, one after the other, in one pass: [x, weight?, dy].
struct NormalizeRowsGradient: Primitive {
  let forward: NormalizeRows
  var name: String { forward.name }

  private func shapes(_ x: [Tensor]) -> [Shape] {
    [x[0].shape] + (forward.hasWeight ? [forward.size] : []) + (forward.hasBias ? [forward.size] : [])
  }

  func result(_ x: [Tensor]) -> Signature { Signature([shapes(x).reduce(0) { $0 + $1.elementCount }], x[0].dtype) }

  func evaluate(_ x: [Tensor], _ result: Signature) throws(TensorError) -> Tensor {
    let (x, w, dy) = try (x[0].ordered, forward.hasWeight ? x[1].ordered : nil, x[x.count - 1].ordered)
    let packed = try Tensor(uninitialized: result.shape, result.dtype)
    let n = forward.size.elementCount
    let (size, count) = (x.dtype.byteCount, x.elementCount)
    // Each stretch of rows adds up a gradient for the parameters of its own; those are added in order.
    let rows = n == 0 ? 0 : count / n
    let parts = Swift.max(1, Swift.min(16, rows * n / (Blocks.grain / 2)))
    let sums = try Tensor(zeros: [2, parts, n], x.dtype)
    if rows > 0 {
      let isLong = x.dtype == .float32 && rows.parts(of: parts) > DoubleAccumulator.chunk / 4
      try parallel(parts, grain: 1) { (range) throws(TensorError) in
        for part in range {
          let (from, to) = (rows * part / parts, rows * (part + 1) / parts)
          let dw = forward.hasWeight ? sums.pointer + part * n * size : nil
          let db = forward.hasBias ? sums.pointer + (parts + part) * n * size : nil
          func run(_ from: Int, _ to: Int) {
            let at = from * n * size
            fx_norm_rows_backward(
              x.dtype.code, forward.isCentered ? 1 : 0, to - from, n, forward.epsilon, x.pointer + at, w?.pointer, dy.pointer + at,
              packed.pointer + at, dw, db)
          }
          guard isLong else {
            run(from, to)
            continue
          }
          let totals = try [dw, db].compactMap { $0 }.map { (sums) throws(TensorError) in (sums, try DoubleAccumulator(n)) }
          // Rows are added up one after the other, in no lanes.
          for first in stride(from: from, to: to, by: DoubleAccumulator.chunk / 16) {
            run(first, Swift.min(to, first + DoubleAccumulator.chunk / 16))
            for (sums, totals) in totals { totals.take(sums) }
          }
          for (sums, totals) in totals { totals.write(to: sums) }
        }
      }
    }
    var target = packed.pointer + count * size
    for (i, isThere) in [forward.hasWeight, forward.hasBias].enumerated() where isThere && n > 0 {
      withRaw(Shape(0, n, 1)) {
        fx_reduce(Int32(FX_R_SUM.rawValue), x.dtype.code, 1, parts, n, $0, sums.pointer + i * parts * n * size, target)
      }
      target += n * size
    }
    return packed
  }

  func gradient(_ x: [Tensor], _ y: Tensor, _ d: Tensor, _ needs: Needs) -> [Tensor?] {
    let bias = forward.hasBias ? [Tensor.zeros(forward.size, d.dtype)] : []
    return pullback({ packed(pullback(forward.composed, at: Array($0.dropLast()) + bias, $0[$0.count - 1])) }, at: x, d).map { $0 }
  }
}

extension Tensor {
  /// A mistake unless the elements are float32 or float64.
  func requireFloats() throws(TensorError) {
    if !dtype.isFloatingPoint { throw mistake("not defined for \(dtype), only for floating-point dtypes; convert with .cast(to:)") }
  }
}

/// (x − mean) / √(variance + epsilon) · weight + bias, mean and variance over the last axes (Ba, Kiros and Hinton 2016).
///
/// PyTorch: `layer_norm`.
///
/// One pass forward, one for the gradients of all three. Derivative for x: the part of dy·weight that is neither constant along a row nor
/// along the result, over the deviation. Value and gradients are right for elements of any size, and for rows that are nearly constant: those whose
/// squares overflow or vanish, or whose deviation is less than 1/512 of the mean (10⁻⁶ in float64), are computed in double.
///
/// - Parameters:
///   - x: [..., shape].
///   - shape: The sizes of the axes that are normalised, which are x's last.
///   - weight: Of `shape`.
///   - bias: Of `shape`.
///   - epsilon: What keeps a row of equal elements from being divided by 0.
public func layerNorm(
  _ x: Tensor, over shape: Shape, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5
) -> Tensor {
  guard Setting.finite.holds(epsilon, "an epsilon", "layerNorm") else { return .placeholder }
  return NormalizeRows(
    label: "layerNorm", size: shape, epsilon: epsilon, isCentered: true, hasWeight: weight != nil, hasBias: bias != nil)(
      [x, weight, bias].compactMap { $0 })
}

/// x / √(mean of x² + epsilon) · weight, the mean over the last axes (Zhang and Sennrich 2019).
///
/// PyTorch: `rms_norm`.
///
/// - Parameters:
///   - x: [..., shape].
///   - shape: The sizes of the axes that are normalised, which are x's last.
///   - weight: Of `shape`.
///   - epsilon: The distance from 1 to the next number of the dtype unless told.
public func rmsNorm(_ x: Tensor, over shape: Shape, weight: Tensor? = nil, epsilon: Double? = nil) -> Tensor {
  let epsilon = epsilon ?? (x.dtype.real != .float64 ? Double(Float.ulpOfOne) : .ulpOfOne)
  guard Setting.finite.holds(epsilon, "an epsilon", "rmsNorm") else { return .placeholder }
  return NormalizeRows(
    label: "rmsNorm", size: shape, epsilon: epsilon, isCentered: false,
    hasWeight: weight != nil, hasBias: false)([x, weight].compactMap { $0 })
}

/// ``layerNorm(_:over:weight:bias:epsilon:)`` of groups of channels, with a weight and a bias for each channel (Wu and He 2018).
///
/// PyTorch: `group_norm`.
///
/// - Parameters:
///   - x: [batch, channels, ...].
///   - groups: How many groups the channels make, neighbours together.
///   - weight: [channels].
///   - bias: [channels].
///   - epsilon: What keeps a group of equal elements from being divided by 0.
public func groupNorm(
  _ x: Tensor, groups: Int, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5
) -> Tensor {
  normalizedGroups("groupNorm", x, groups, weight, bias, epsilon)
}

/// Each channel of each image less its own mean over its own deviation, times weight, plus bias (Ulyanov, Vedaldi and Lempitsky 2016).
///
/// PyTorch: `instance_norm`.
///
/// - Parameters:
///   - x: [batch, channels, ...].
///   - weight: [channels].
///   - bias: [channels].
///   - epsilon: What keeps a channel of equal elements from being divided by 0.
public func instanceNorm(_ x: Tensor, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5) -> Tensor {
  normalizedGroups("instanceNorm", x, x.rank > 1 ? x.shape[1] : 1, weight, bias, epsilon)
}

private func normalizedGroups(
  _ label: StaticString, _ x: Tensor, _ groups: Int, _ weight: Tensor?, _ bias: Tensor?, _ epsilon: Double
) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  if let wide = widened(x, weight, bias) { return normalizedGroups(label, wide[0]!, groups, wide[1], wide[2], epsilon).cast(to: x.dtype) }
  guard attempt({ () throws(TensorError) in try x.requireChannels("\(label)", weight, bias) }) != nil,
    Setting.finite.holds(epsilon, "an epsilon", "\(label)")
  else { return .placeholder }
  let channels = x.shape[1]
  guard groups > 0 && channels % groups == 0 || channels == 0 && groups == 0 else {
    fail(TensorError("\(label)", "\(groups) groups of the \(channels) channels of \(x.shape); a divisor of \(channels) would fit"))
    return .placeholder
  }
  let n = groups == 0 ? 0 : channels / groups * x.shape.dropFirst(2).reduce(1, *)
  let rows = NormalizeRows(label: label, size: [n], epsilon: epsilon, isCentered: true, hasWeight: false, hasBias: false)
  return rows([x.reshaped([x.shape[0], groups, n])]).reshaped(x.shape).scaled(byChannel: weight, bias)
}

extension Tensor {
  /// A mistake unless this is [batch, channels, ...] of floats, and parameters are [channels] of the same dtype.
  func requireChannels(_ operation: @autoclosure () -> String, _ parameters: Tensor?...) throws(TensorError) {
    if !dtype.isFloatingPoint {
      throw TensorError(operation(), "not defined for \(dtype), only for floating-point dtypes; convert with .cast(to:)")
    }
    if rank < 2 { throw TensorError(operation(), "\(shape) has no channels; [batch, channels, ...] would fit") }
    for case let parameter? in parameters {
      if parameter.dtype != dtype { throw TensorError(operation(), mixedDTypes(dtype, parameter.dtype).message) }
      if parameter.shape != [shape[1]] {
        throw TensorError(operation(), "a parameter of shape \(parameter.shape) for \(shape[1]) channels; [\(shape[1])] would fit")
      }
    }
  }

  /// x·weight + bias, one number of each for a channel of [batch, channels, ...].
  func scaled(byChannel weight: Tensor?, _ bias: Tensor?) -> Tensor {
    if Context.current.hasFailed { return .placeholder }
    let shape = Shape([self.shape[1]] + Array(repeating: 1, count: rank - 2))
    switch (weight?.reshaped(shape), bias?.reshaped(shape)) {
    case (let weight?, let bias?): return affine(self, weight, bias)
    case (let weight?, nil): return self * weight
    case (nil, let bias?): return self + bias
    case (nil, nil): return self
    }
  }
}

/// In one instruction, which walks the channels' rows.
private let affine = Elementwise { x, a, b in Symbol(.apply(FX_FMA, x.node, a.node, b.node)) }

/// x / (k + alpha·mean of x² over neighbouring channels)^beta.
///
/// Krizhevsky, Sutskever and Hinton 2012. PyTorch: `local_response_norm`. Squares have to fit into the dtype: elements up to 10¹⁹ in float32.
///
/// - Parameters:
///   - x: [batch, channels, ...].
///   - size: How many channels, half of them before and half behind; those beyond the ends count as 0.
///   - alpha: The weight of the mean.
///   - beta: The exponent.
///   - k: What is added to the mean.
public func localResponseNorm(_ x: Tensor, size: Int, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1) -> Tensor {
  if let wide = widened(x) { return localResponseNorm(wide[0]!, size: size, alpha: alpha, beta: beta, k: k).cast(to: x.dtype) }
  guard attempt({ () throws(TensorError) in try x.requireChannels("localResponseNorm") }) != nil,
    Setting.finite.holds(alpha, "an alpha", "localResponseNorm"), Setting.finite.holds(beta, "a beta", "localResponseNorm"),
    Setting.finite.holds(k, "a k", "localResponseNorm")
  else { return .placeholder }
  guard size > 0 else {
    fail(TensorError("localResponseNorm", "over \(size) channels; 1 or more would fit"))
    return .placeholder
  }
  let channels = x.shape[1]
  // More on either side than there are channels would only add zeros.
  let (before, after) = (Swift.min(size / 2, channels), Swift.min((size - 1) / 2, channels))
  let edges = [(before, after)] + Array(repeating: (0, 0), count: x.rank - 2)
  let squares = x.squared.padded(edges.map { (before: $0.0, after: $0.1) })
  var sum = squares[0..., 0..<channels]
  for shift in 1..<Swift.max(1, before + after + 1) where shift <= before + after { sum = sum + squares[0..., shift..<shift + channels] }
  return x / pow(sum * (alpha / Double(size)) + k, beta)
}
