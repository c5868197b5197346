/// u • vᵀ from the singular value decomposition: of all matrices with orthonormal columns (or rows, of a wide matrix) the nearest one.
struct PolarFactor: Primitive {
  var name: String { "polarDecomposition" }
  var keeps: Keeps { .both }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    try x.checkMatrices()
    return Signature(x.shape, x.dtype)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    if x.elementCount == 0 { return .zeros(result.shape, result.dtype) }
    let (m, n) = (x.shape[-2], x.shape[-1])
    let (k, decomposition, wide) = try (Swift.min(m, n), SVD(kind: .reduced), x.detached.cast(to: .float64).made)
    let packed = try decomposition.evaluate(wide, try decomposition.result(wide))
    return (packed.unpacked(0, m, k) • packed.unpacked(m * k + k, k, n)).cast(to: x.dtype)
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    if x.shape[-2] < x.shape[-1] { return [PolarFactor.slope(x.transposed(), y.transposed(), dy.transposed()).transposed()] }
    return [PolarFactor.slope(x, y, dy)]
  }

  /// The gradient for a tall matrix x = u • p.
  ///
  /// u·s with s·p + p·s = uᵀ·dy − dyᵀ·u, and (dy − u·uᵀ·dy)·p⁻¹: only sums of singular values are divided by.
  private static func slope(_ x: Tensor, _ u: Tensor, _ dy: Tensor) -> Tensor {
    let transpose = u.transposed()
    let (p, product) = (transpose • x, transpose • dy)
    let turn = u • Lyapunov()(Pair(p, product - product.transposed()))
    if x.shape[-2] == x.shape[-1] || Context.current.hasFailed { return turn }
    let factor = (p + p.transposed()) * 0.5
    return turn + solve(factor, (dy - u • product).transposed()).transposed()
  }
}

/// The y with p • y + y • p = b for symmetric positive definite p, of which the symmetric part counts.
struct Lyapunov: Primitive {
  var name: String { "polarDecomposition" }
  var keeps: Keeps { .both }

  func result(_ x: Pair) throws(TensorError) -> Signature { Signature(x.b.shape, x.b.dtype) }

  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    if result.shape.elementCount == 0 { return .zeros(result.shape, result.dtype) }
    let (p, b, n) = (x.a.detached.cast(to: .float64), x.b.detached.cast(to: .float64), x.b.shape[-1])
    let decomposition = SymmetricEigen(isUpper: false, hasVectors: true)
    let symmetric = try ((p + p.transposed()) * 0.5).made
    let (values, vectors) = try decomposition.evaluate(symmetric, try decomposition.result(symmetric)).eigenParts(n)
    let extremes = (values[.ellipsis, 0].doubles, values[.ellipsis, -1].doubles)
    for i in extremes.0.indices where !(extremes.0[i] > Double(n) * result.dtype.precision * extremes.1[i]) {
      throw mistake("\(Tensor.matrixName(i, x.b.shape)) is singular: its polar factors have no gradient")
    }
    let turned = vectors.transposed() • b • vectors
    let y = vectors • (turned / (values.unsqueezed(axis: -1) + values.unsqueezed(axis: -2))) • vectors.transposed()
    return y.cast(to: result.dtype)
  }

  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let db = Lyapunov()(Pair(x.a, dy))
    if !needs[0] { return [nil, db] }
    let product = db • y.transposed() + y.transposed() • db
    return [(product + product.transposed()) * -0.5, db]
  }
}

/// The polar decomposition of matrices [..., m, n]: x = u • p with p [..., n, n] symmetric and positive semidefinite.
///
/// u [..., m, n] has orthonormal columns, or rows where m < n (then x is u • p as well): of all such matrices it is the nearest to x. With the singular
/// value decomposition x = w • diag(s) • vt they are u = w • vt and p = vᵀ • diag(s) • vt. Computed in float64. NaN and infinity are a mistake that
/// names the matrix.
///
/// Derivative: of u, w·((k − kᵀ)/(sᵢ + sⱼ))·vt with k = wᵀ·du·v, and what turns it out of its space; right at equal singular values, of every
/// order. A matrix of less than full rank, to within rounding, has no gradient, which is a mistake. SciPy: `linalg.polar`.
public func polarDecomposition(_ x: Tensor) -> (u: Tensor, p: Tensor) {
  if x.isComplex {
    let (w, _, vt) = svd(x)
    let u = w • vt
    let p = u.adjoint() • x
    return (u, (p + p.adjoint()) * 0.5)
  }
  let u = PolarFactor()(x)
  if Context.current.hasFailed { return (.placeholder, .placeholder) }
  let p = u.transposed() • x
  return (u, (p + p.transposed()) * 0.5)
}
