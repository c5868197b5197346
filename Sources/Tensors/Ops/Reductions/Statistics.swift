import CKernels

extension Tensor {
  /// The elements over the given axes (or over all) as rows, one for each of the others: [others, n], in order.
  func rows(along axes: [Int]) throws(TensorError) -> Tensor {
    let reduced = axes.isEmpty ? Array(0..<rank) : axes.map { $0 < 0 ? $0 + rank : $0 }.sorted()
    let kept = (0..<rank).filter { !reduced.contains($0) }
    let n = reduced.reduce(1) { $0 * shape[$1] }
    return try detached.permuted(kept + reduced).reshaped([kept.reduce(1) { $0 * shape[$1] }, n]).ordered
  }

  /// Whether dtype and axes are such that means are defined; a mistake if not.
  func hasStatistics(_ axes: [Int], _ operation: StaticString) -> Bool {
    if dtype.isDifferentiable { return attempt { () throws(TensorError) in try axisMask(axes, "\(operation)") } != nil }
    fail(TensorError("\(operation)", "not defined for \(dtype), only for float32 and float64; convert with .cast(to:)"))
    return false
  }

  /// Σ (x − mean)² / (n − correction) over the given axes, or over all.
  ///
  /// PyTorch: `var`. Elements that are equal have the variance 0 exactly; squares of the mean's rounding do not count.
  ///
  /// Correction 1 (Bessel's, the default) makes a sample's variance unbiased; 0 is the variance of the elements themselves.
  public func variance(axes: [Int] = [], keepDims: Bool = false, correction: Double = 1) -> Tensor {
    guard hasStatistics(axes, "variance") else { return .placeholder }
    return Variance(axes: axes, keepDims: keepDims, correction: correction)(self)
  }
  /// The variance over one axis.
  public func variance(axis: Int, keepDims: Bool = false, correction: Double = 1) -> Tensor {
    variance(axes: [axis], keepDims: keepDims, correction: correction)
  }

  /// The square root of ``variance(axes:keepDims:correction:)``.
  ///
  /// Derivative: dy·(x − mean) / ((n − correction)·y), and 0 where all elements are equal. PyTorch: `std`. It is right where the variance itself
  /// would overflow or vanish.
  public func standardDeviation(axes: [Int] = [], keepDims: Bool = false, correction: Double = 1) -> Tensor {
    guard hasStatistics(axes, "standardDeviation") else { return .placeholder }
    return Variance(axes: axes, keepDims: keepDims, correction: correction, isRoot: true)(self)
  }
  /// The standard deviation over one axis.
  public func standardDeviation(axis: Int, keepDims: Bool = false, correction: Double = 1) -> Tensor {
    standardDeviation(axes: [axis], keepDims: keepDims, correction: correction)
  }
}

extension Tensor {
  /// The covariances of variables x [variables, observations], or of one variable [observations]: Σ w·(x − mean)·(x − mean)ᵀ / divisor.
  ///
  /// The result is [variables, variables], a scalar of one variable. An observation counts as often as `frequencies`, integers, say, and
  /// as much as `weights`, floats; w is their product, and the divisor Σ w − correction·Σ w·weights/Σ w, which without them is n −
  /// correction. PyTorch: `cov`.
  public func covariance(frequencies: Tensor? = nil, weights: Tensor? = nil, correction: Double = 1) -> Tensor {
    let frequencies = frequencies?.integersOfLiteral
    if let wide = Tensors.widened(self, weights) {
      return wide[0]!.covariance(frequencies: frequencies, weights: wide[1], correction: correction).cast(to: dtype)
    }
    guard let n = attempt({ () throws(TensorError) in try observations("covariance", frequencies, weights) }) else { return .placeholder }
    let x = reshaped([rank == 2 ? shape[0] : 1, n])
    let counts = frequencies?.cast(to: dtype.real)
    let w = counts.map { counts in weights.map { counts * $0 } ?? counts } ?? weights
    let total = w?.sum() ?? .full([], Double(n), dtype.real)
    func weighted(_ x: Tensor) -> Tensor { w.map { x * $0.cast(to: dtype) } ?? x }
    let mean = weighted(x).sum(axis: 1, keepDims: true) / total.cast(to: dtype)
    let centered = x - mean
    var divisor = total
    if let w, let weights, correction != 0 {
      divisor = total - (w * weights).sum() / total * correction
    } else {
      divisor = total - correction
    }
    let products = weighted(centered) • centered.adjoint()
    return (products / maximum(divisor, 0).cast(to: dtype)).reshaped(rank == 2 && shape[0] != 1 ? [shape[0], shape[0]] : [])
  }

  /// Pearson's correlations of variables x [variables, observations]: covariances over the products of the standard deviations, within
  /// −1…1.
  ///
  /// The result is [variables, variables], a scalar of one variable. PyTorch: `corrcoef`.
  public func correlation() -> Tensor {
    if dtype.isHalf { return widened.correlation().cast(to: dtype) }
    let c = covariance()
    if Context.current.hasFailed { return .placeholder }
    if c.rank == 0 { return c / c }
    if c.isComplex {
      let deviations = sqrt(c.diagonal().real).cast(to: c.dtype)
      let y = c / deviations.unsqueezed(axis: 1) / deviations
      return complex(y.real.clamped(min: -1.0, max: 1.0), y.imag.clamped(min: -1.0, max: 1.0))
    }
    let deviations = sqrt(c.diagonal())
    return (c / deviations.unsqueezed(axis: 1) / deviations).clamped(min: -1.0, max: 1.0)
  }

  private func observations(_ name: String, _ frequencies: Tensor?, _ weights: Tensor?) throws(TensorError) -> Int {
    func mistake(_ message: String) -> TensorError { TensorError(name, message) }
    if !dtype.isDifferentiable { throw mistake("not defined for \(dtype), only for float32 and float64; convert with .cast(to:)") }
    if rank != 1 && rank != 2 { throw mistake("observations of shape \(shape); [variables, observations] or [observations] would fit") }
    let n = shape[-1]
    for (what, t) in [("frequencies", frequencies), ("weights", weights)] {
      if let t, t.shape != [n] { throw mistake("\(what) of shape \(t.shape) for \(n) observations; [\(n)] would fit") }
    }
    if let frequencies, !frequencies.dtype.isInteger { throw mistake("frequencies of \(frequencies.dtype); int32 or int64 would fit") }
    if let weights, weights.dtype != dtype.real {
      throw mistake("weights of \(weights.dtype) for \(dtype); convert them with .cast(to: .\(dtype.real))")
    }
    return n
  }
}

/// The variance, or its root, as one primitive: the mean's own derivative adds up to nothing, so that the gradient is one pass.
struct Variance: Primitive {
  let axes: [Int]
  let keepDims: Bool
  let correction: Double
  var isRoot = false

  var name: String { isRoot ? "standardDeviation" : "variance" }
  var keeps: Keeps { isRoot ? .both : .inputs }

  func result(_ x: Tensor) throws(TensorError) -> Signature { try Reduce(kind: .sum, axes: axes, keepDims: keepDims).result(x) }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let x = x.detached
    let mean = x.mean(axes: axes, keepDims: true)
    let divisor = self.divisor(x, result.shape)
    let y = try (Self.squares.sum(x, mean, axes: axes, keepDims: keepDims) / divisor).made
    let (means, code, count) = try (mean.ordered, y.dtype.code, y.elementCount)
    if fx_any_doubtful(code, count, means.pointer, y.pointer) == 0 { return isRoot ? sqrt(y) : y }
    let (rows, mended) = try (x.rows(along: axes), y.contiguousCopy())
    fx_mend_variances(code, count, rows.shape[1], divisor, isRoot ? 1 : 0, rows.pointer, means.pointer, mended.pointer)
    withExtendedLifetime((rows, means)) {}
    return mended
  }

  /// The squares' sum over the axes, which stay: what a variance is made of.
  static func squaredDeviations(_ x: Tensor, _ mean: Tensor, _ axes: [Int]) -> Tensor { squares.sum(x, mean, axes: axes, keepDims: true) }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let mean = x.mean(axes: axes, keepDims: true)
    let divisor = self.divisor(x, dy.shape)
    // The root's derivative at 0 is infinite, the variance's is 0: the product of the two is taken to be 0.
    let isFlat = isRoot ? y .== 0 : nil
    let slope = isFlat.map { select($0, 0, dy / divisor / select($0, 1, y)) } ?? dy * 2 / divisor
    return [Self.slopes(x, mean, slope.reshaped(mean.shape))]
  }

  private func divisor(_ x: Tensor, _ kept: Shape) -> Double {
    Swift.max(0, Double(x.elementCount) / Double(Swift.max(1, kept.elementCount)) - correction)
  }

  private static let squares = Elementwise { x, mean in (x - mean) * (x - mean) }
  private static let slopes = Elementwise { x, mean, slope in (x - mean) * slope }
}
