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
    let centered = self - mean(axes: axes, keepDims: true)
    let total = centered.squared.sum(axes: axes, keepDims: keepDims)
    let n = Double(elementCount) / Double(Swift.max(1, total.elementCount))
    return total / Swift.max(0, n - correction)
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
