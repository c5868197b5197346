extension Tensor {
  /// Whether dtype and axes are such that means are defined; a mistake if not.
  func hasStatistics(_ axes: [Int], _ operation: StaticString) -> Bool {
    if dtype.isFloatingPoint { return attempt { () throws(TensorError) in try axisMask(axes, "\(operation)") } != nil }
    fail(TensorError("\(operation)", "not defined for \(dtype), only for float32 and float64; convert with .cast(to:)"))
    return false
  }

  /// Σ (x − mean)² / (n − correction) over the given axes, or over all.
  ///
  /// PyTorch: `var`.
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
  /// Derivative: dy·(x − mean) / ((n − correction)·y), and 0 where all elements are equal. PyTorch: `std`.
  public func standardDeviation(axes: [Int] = [], keepDims: Bool = false, correction: Double = 1) -> Tensor {
    guard hasStatistics(axes, "standardDeviation") else { return .placeholder }
    let variance = variance(axes: axes, keepDims: keepDims, correction: correction)
    // The root's derivative at 0 is infinite, the variance's is 0: the product of the two is taken to be 0.
    let isFlat = variance .== 0
    return `where`(isFlat, 0, sqrt(`where`(isFlat, 1, variance)))
  }
  /// The standard deviation over one axis.
  public func standardDeviation(axis: Int, keepDims: Bool = false, correction: Double = 1) -> Tensor {
    standardDeviation(axes: [axis], keepDims: keepDims, correction: correction)
  }
}

/// The variance as one primitive: the mean's own derivative adds up to nothing, so that the gradient is one pass.
struct Variance: Primitive {
  let axes: [Int]
  let keepDims: Bool
  let correction: Double

  var name: String { "variance" }

  func result(_ x: Tensor) throws(TensorError) -> Signature { try Reduce(kind: .sum, axes: axes, keepDims: keepDims).result(x) }

  func evaluate(_ x: Tensor, _ result: Signature) -> Tensor {
    let x = x.detached
    return Self.squares.sum(x, x.mean(axes: axes, keepDims: true), axes: axes, keepDims: keepDims) / divisor(x, result.shape)
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let mean = x.mean(axes: axes, keepDims: true)
    let slope = (dy * 2 / divisor(x, dy.shape)).reshaped(mean.shape)
    return [Self.slopes(x, mean, slope)]
  }

  private func divisor(_ x: Tensor, _ kept: Shape) -> Double {
    Swift.max(0, Double(x.elementCount) / Double(Swift.max(1, kept.elementCount)) - correction)
  }

  private static let squares = Elementwise { x, mean in (x - mean) * (x - mean) }
  private static let slopes = Elementwise { x, mean, slope in (x - mean) * slope }
}
