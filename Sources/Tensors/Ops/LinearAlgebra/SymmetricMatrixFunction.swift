/// v • diag(f(λ)) • vᵀ of symmetric matrices and its derivatives along others, which are symmetric too.
///
/// Its operands are x, what ``SymmetricEigen`` packs of it in float64, and up to two directions. Along e it is
/// v • (f[λᵢ, λⱼ]·(vᵀ e v)ᵢⱼ) • vᵀ (Daleckii and Krein 1951), along e and h a sum over f[λᵢ, λₖ, λⱼ]. It does not depend on the choice of
/// vectors, and has no gaps in it.
struct SymmetricMatrixFunction: Primitive {
  let f: DividedDifferences
  var name: String { "symmetricMatrixFunction" }

  func result(_ x: [Tensor]) throws(TensorError) -> Signature {
    try x[0].checkMatrices(isSquare: true)
    return Signature(x[0].shape, x[0].dtype)
  }

  func evaluate(_ x: [Tensor], _ result: Signature) throws(TensorError) -> Tensor {
    if result.shape.elementCount == 0 { return .zeros(result.shape, result.dtype) }
    let (values, vectors) = x[1].eigenParts(x[0].shape[-1])
    let transpose = vectors.transposed()
    func turned(_ direction: Tensor) -> Tensor {
      let t = direction.detached.cast(to: .float64)
      return transpose • ((t + t.transposed()) * 0.5) • vectors
    }
    let (row, column) = (values.unsqueezed(axis: -1), values.unsqueezed(axis: -2))
    let y: Tensor
    switch x.count {
    case 2: y = vectors * f(values).unsqueezed(axis: -2)
    case 3: y = matmul(vectors, f(row, column) * turned(x[2]))
    default:
      // [..., i, k, j].
      let (e, h) = (turned(x[2]), turned(x[3]))
      let f = f(row.unsqueezed(axis: -1), row.unsqueezed(axis: -3), column.unsqueezed(axis: -2))
      let products = e.unsqueezed(axis: -1) * h.unsqueezed(axis: -3) + h.unsqueezed(axis: -1) * e.unsqueezed(axis: -3)
      y = matmul(vectors, (f * products).sum(axis: -2))
    }
    return (y • transpose).cast(to: result.dtype)
  }

  func gradient(_ x: [Tensor], _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    // Σ dy·y is symmetric in dy and the directions.
    var gradients = [Tensor?](repeating: nil, count: x.count)
    for i in 2..<Swift.max(2, x.count) where needs[i] {
      var operands = x
      operands[i] = dy
      gradients[i] = self(operands)
    }
    if needs[0] {
      if x.count > 3 {
        fail(TensorError(name, "of derivatives there are the first two, and the third was asked for"))
        return gradients
      }
      gradients[0] = self(x + [dy])
    }
    return gradients
  }
}

/// v • diag(f(λ)) • vᵀ of symmetric matrices [..., n, n] with eigenvalues λ and eigenvectors v: matrix square roots, logarithms, powers and any other
/// function.
///
///     let root = symmetricMatrixFunction(a) { sqrt($0) }                     // root • root = a
///     let white = x • symmetricMatrixFunction(covariance) { 1 / sqrt($0 + 1e-6) }
///     let onto = symmetricMatrixFunction(a) { select($0 .> 2, 1, 0) }        // the projection onto the eigenvectors beyond 2
///
/// Of x its symmetric part (x + xᵀ)/2 counts. Computed in float64. NaN and infinity are a mistake that names the matrix; eigenvalues for which f is
/// not defined give NaN.
///
/// Derivative: v·(f[λᵢ, λⱼ]·(vᵀ·dy·v)ᵢⱼ)·vᵀ with divided differences, which are derivatives at equal eigenvalues and keep their digits at near ones,
/// so that gradients are right where those through ``symmetricEigen(_:upper:)`` are not defined; and the second derivative, which takes n³ numbers. A third
/// one is a mistake. SciPy: `funm`, with `sqrtm`, `logm`, `fractional_matrix_power` and `expm` of symmetric matrices.
public func symmetricMatrixFunction(_ x: Tensor, _ f: (Symbol) -> Symbol) -> Tensor {
  let function = SymmetricMatrixFunction(f: DividedDifferences(f))
  if Context.current.hasFailed { return .placeholder }
  do {
    try x.checkMatrices(isSquare: true)
  } catch {
    fail(TensorError(function.name, error.message), with: x)
    return .placeholder
  }
  let constant = x.detached.cast(to: .float64)
  let packed = SymmetricEigen(isUpper: false, hasVectors: true, operation: function.name)((constant + constant.transposed()) * 0.5)
  return function([x, packed])
}
