import CKernels

extension Tensor {
  /// (Σ |x|ᵖ)^(1/p) along axes, which stay with size 1; the number of elements that are not 0 for p = 0, extremes for infinite p.
  ///
  /// Where a norm has no derivative, at 0, it is 0 as in PyTorch.
  func distance(order p: Double, axis: Int) -> Tensor {
    func guarded(_ x: Tensor, _ f: (Tensor) -> Tensor) -> Tensor {
      let isZero = x .== 0
      return `where`(isZero, 0, f(`where`(isZero, 1, x)))
    }
    let size = abs(self)
    switch p {
    case 0: return (self .!= 0).cast(to: dtype).sum(axis: axis, keepDims: true)
    case 1: return size.sum(axis: axis, keepDims: true)
    case 2: return guarded(squared.sum(axis: axis, keepDims: true)) { sqrt($0) }
    case .infinity: return size.max(axis: axis, keepDims: true)
    case -.infinity: return size.min(axis: axis, keepDims: true)
    case 0...: return guarded(guarded(size) { pow($0, p) }.sum(axis: axis, keepDims: true)) { pow($0, 1 / p) }
    default: return pow(pow(size, p).sum(axis: axis, keepDims: true), 1 / p)
    }
  }

  /// x / max(‖x‖, epsilon), the norm along an axis: vectors of length 1.
  ///
  /// PyTorch: `normalize`.
  ///
  /// - Parameters:
  ///   - order: The p of the norm (Σ |x|ᵖ)^(1/p).
  ///   - axis: The axis that a vector lies along.
  ///   - epsilon: The smallest divisor.
  public func normalized(order p: Double = 2, axis: Int, epsilon: Double = 1e-12) -> Tensor {
    guard attempt({ () throws(TensorError) in try checkRows(axis, "normalized") }) != nil else { return .placeholder }
    return self / maximum(distance(order: p, axis: axis), epsilon)
  }

  fileprivate func checkRows(_ axis: Int, _ operation: StaticString) throws(TensorError) {
    if !dtype.isFloatingPoint {
      throw TensorError("\(operation)", "not defined for \(dtype), only for float32 and float64; convert with .cast(to:)")
    }
    _ = try self.axis(axis, "\(operation)")
  }
}

/// x·y / (‖x‖·‖y‖) along an axis, which goes: the cosine of the angle between vectors. Tensors broadcast together.
///
/// PyTorch: `cosine_similarity`.
///
/// A norm counts as `epsilon` at least, so that the cosine with a vector of zeros is 0.
public func cosineSimilarity(_ x: Tensor, _ y: Tensor, axis: Int = -1, epsilon: Double = 1e-8) -> Tensor {
  let (x, y) = broadcasted("cosineSimilarity", x, y)
  guard attempt({ () throws(TensorError) in try x.checkRows(axis, "cosineSimilarity") }) != nil else { return .placeholder }
  return (x.normalized(axis: axis, epsilon: epsilon) * y.normalized(axis: axis, epsilon: epsilon)).sum(axis: axis)
}

/// ‖x − y + epsilon‖ along the last axis, which goes: the distance from row to row. Tensors broadcast together.
///
/// PyTorch: `pairwise_distance`.
///
/// - Parameters:
///   - x: [..., features].
///   - y: [..., features].
///   - p: The p of the norm (Σ |x|ᵖ)^(1/p).
///   - epsilon: Added to each difference, which keeps the derivative of a distance of 0 away.
///   - keepDims: Whether the last axis stays with size 1.
public func pairwiseDistance(
  _ x: Tensor, _ y: Tensor, order p: Double = 2, epsilon: Double = 1e-6, keepDims: Bool = false
) -> Tensor {
  let (x, y) = broadcasted("pairwiseDistance", x, y)
  guard attempt({ () throws(TensorError) in try x.checkRows(-1, "pairwiseDistance") }) != nil else { return .placeholder }
  let distance = (x - y + epsilon).distance(order: p, axis: -1)
  return keepDims ? distance : distance.squeezed(axes: -1)
}
