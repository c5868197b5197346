extension Tensor {
  /// x / max(‖x‖, epsilon), the norm along an axis: vectors of length 1.
  ///
  /// PyTorch: `normalize`. Right for elements of any size whose norm is a number of the dtype.
  ///
  /// - Parameters:
  ///   - order: The p of the norm (Σ |x|ᵖ)^(1/p).
  ///   - axis: The axis that a vector lies along.
  ///   - epsilon: The smallest divisor.
  public func normalized(order p: Double = 2, axis: Int, epsilon: Double = 1e-12) -> Tensor {
    if dtype.isHalf { return widened.normalized(order: p, axis: axis, epsilon: epsilon).cast(to: dtype) }
    guard attempt({ () throws(TensorError) in try checkRows(axis, "normalized") }) != nil,
      Setting.nonNegative.holds(epsilon, "an epsilon", "normalized")
    else { return .placeholder }
    return self / maximum(norm(p, axis: axis, keepDims: true), epsilon).cast(to: dtype)
  }

  fileprivate func checkRows(_ axis: Int, _ operation: StaticString) throws(TensorError) {
    if !dtype.isDifferentiable {
      throw TensorError("\(operation)", "not defined for \(dtype), only for floating-point dtypes; convert with .cast(to:)")
    }
    _ = try self.axis(axis, "\(operation)")
  }
}

/// x·y / (‖x‖·‖y‖) along an axis, which goes: the cosine of the angle between vectors.
///
/// Tensors broadcast together. PyTorch: `cosine_similarity`.
///
/// A norm counts as `epsilon` at least, so that the cosine with a vector of zeros is 0.
public func cosineSimilarity(_ x: Tensor, _ y: Tensor, axis: Int = -1, epsilon: Double = 1e-8) -> Tensor {
  if let wide = widened(x, y) { return cosineSimilarity(wide[0]!, wide[1]!, axis: axis, epsilon: epsilon).cast(to: x.dtype) }
  let (x, y) = broadcasted("cosineSimilarity", x, y)
  if x.isComplex {
    fail(TensorError("cosineSimilarity", "not defined for \(x.dtype), only for floating-point dtypes; .real, .imag or abs(_:) would fit"))
    return .placeholder
  }
  guard attempt({ () throws(TensorError) in try x.checkRows(axis, "cosineSimilarity") }) != nil,
    Setting.nonNegative.holds(epsilon, "an epsilon", "cosineSimilarity")
  else { return .placeholder }
  return (x.normalized(axis: axis, epsilon: epsilon) * y.normalized(axis: axis, epsilon: epsilon)).sum(axis: axis)
}

/// ‖x − y + epsilon‖ along the last axis, which goes: the distance from row to row.
///
/// Tensors broadcast together. PyTorch: `pairwise_distance`. Of all rows from all rows it is ``pairwiseDistances(_:_:order:)``.
///
/// - Parameters:
///   - x: [..., features].
///   - y: [..., features].
///   - p: The p of the norm (Σ |x|ᵖ)^(1/p).
///   - epsilon: Added to each difference, which keeps the derivative of a distance of 0 away.
///   - keepDims: Whether the last axis stays with size 1.
public func rowDistance(
  _ x: Tensor, _ y: Tensor, order p: Double = 2, epsilon: Double = 1e-6, keepDims: Bool = false
) -> Tensor {
  if let wide = widened(x, y) {
    return rowDistance(wide[0]!, wide[1]!, order: p, epsilon: epsilon, keepDims: keepDims).cast(to: x.dtype)
  }
  let (x, y) = broadcasted("rowDistance", x, y)
  guard attempt({ () throws(TensorError) in try x.checkRows(-1, "rowDistance") }) != nil,
    Setting.finite.holds(epsilon, "an epsilon", "rowDistance")
  else { return .placeholder }
  return (x - y + epsilon).norm(p, axis: -1, keepDims: keepDims)
}
