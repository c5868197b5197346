extension Tensor {
  /// Q of the QR decomposition of a tall matrix, the signs chosen so that R's diagonal is positive; no gradient.
  ///
  /// Of a normally distributed matrix it is uniformly distributed (Mezzadri 2007).
  package func orthonormalColumns() -> Tensor {
    // In a dry run, or after a mistake, there is nothing to decompose.
    guard rank == 2, shape[0] >= shape[1], !isHollow, elementCount > 0 else { return .zeros(shape, dtype) }
    let (q, r) = qr(detached)
    return q * select(r.diagonal() .< 0, -1, Tensor.ones([shape[1]], dtype))
  }
}
