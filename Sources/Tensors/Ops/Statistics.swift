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
  /// PyTorch: `std`.
  public func standardDeviation(axes: [Int] = [], keepDims: Bool = false, correction: Double = 1) -> Tensor {
    guard hasStatistics(axes, "standardDeviation") else { return .placeholder }
    return sqrt(variance(axes: axes, keepDims: keepDims, correction: correction))
  }
  /// The standard deviation over one axis.
  public func standardDeviation(axis: Int, keepDims: Bool = false, correction: Double = 1) -> Tensor {
    standardDeviation(axes: [axis], keepDims: keepDims, correction: correction)
  }
}
