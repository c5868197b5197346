import CKernels

/// The Cholesky factors of a batch of matrices.
struct Cholesky: Primitive {
  var name: String { "cholesky" }
  var keeps: Keeps { .output }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    try x.checkMatrices(isSquare: true)
    return Signature(x.shape, x.dtype)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    switch x.dtype {
    case .float32: try factors(x, Float.self)
    case .complex64: try complexFactors(x, Float.self)
    case .complex128: try complexFactors(x, Double.self)
    default: try factors(x, Double.self)
    }
  }

  private func factors<T: LAPACKElement>(_ x: Tensor, _ type: T.Type) throws(TensorError) -> Tensor {
    let n = x.shape[-1]
    if SmallSystems.suits(x.matrixCount, n) {
      let (operand, y) = try (SmallSystems.Operand(x), try Tensor(uninitialized: x.shape, x.dtype))
      let failure = try SmallSystems.forEach(x.matrixCount, operations: SmallSystems.operations(n, n * n * n / 3)) { first, count, infos in
        fx_small_cholesky(
          x.dtype.code, count, n, operand.from(first), operand.step, operand.row, operand.column, y.numbers(type) + first * n * n, infos)
      }
      if let failure { throw indefinite(failure, x.shape) }
      return y
    }
    let y = try x.contiguousCopy()
    let a = y.numbers(type)
    if y.elementCount == 0 { return y }
    let failure = try LAPACK.forEach(type, y.matrixCount, operations: n * n * n / 3) { (i, _, _) throws(TensorError) in
      let a = a + i * n * n
      let info = try Blocked.cholesky(n, a)
      if info != 0 { return info }
      for row in 0..<n {
        // OpenBLAS lets NaN and infinity pass.
        if !a[row * n + row].isFinite { return Int32(row + 1) }
        (a + row * n + row + 1).update(repeating: 0, count: n - row - 1)
      }
      return 0
    }
    if let failure { throw indefinite(failure, x.shape) }
    return y
  }

  func indefinite(_ failure: LAPACK.Failure, _ shape: Shape) -> TensorError {
    mistake("\(Tensor.matrixName(failure.matrix, shape)) is not positive definite: the leading minor of order \(failure.info) is not")
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    if dy.dtype.isComplex { return [complexSlope(y, dy)] }
    // Half of y⁻ᵀ·(S + Sᵀ)·y⁻¹ with S the lower triangle of yᵀ·dy, its diagonal halved: symmetric, as x is.
    let product = (y.transposed() • dy).lowerTriangle()
    let symmetric = (product + product.lowerTriangle(diagonal: -1).transposed()) * 0.5
    let left = solveTriangular(y.transposed(), symmetric, upper: true)
    return [solveTriangular(y.transposed(), left.transposed(), upper: true).transposed()]
  }
}

/// The lower triangular L with x = L • Lᵀ, of complex ones L • Lᴴ, of symmetric or Hermitian positive definite matrices [..., n, n].
///
/// Only the lower triangle is read. A matrix that is not positive definite, or has a NaN or infinity, is a mistake that names it and the first leading
/// minor that is not.
///
/// Derivative: the symmetric one, L⁻ᵀ·Φ(Lᵀ·dy)·L⁻¹ with Φ half the sum of a lower triangle and its transpose. PyTorch: `linalg.cholesky`.
public func cholesky(_ x: Tensor) -> Tensor { Cholesky()(x) }

/// (l • lᵀ)⁻¹ • b for matrices of equal batches.
struct CholeskySolve: Primitive {
  var name: String { "choleskySolve" }
  var keeps: Keeps { .both }

  func result(_ x: Pair) throws(TensorError) -> Signature {
    try SolveTriangular(isUpper: false, isUnit: false).result(x)
  }

  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let transpose = x.a.view(shape: x.a.shape, strides: x.a.strides.swappingLast(), offset: x.a.offset)
    let half = try SolveTriangular(isUpper: false, isUnit: false).evaluate(x, result)
    return try SolveTriangular(isUpper: true, isUnit: false).evaluate(Pair(transpose, half), result)
  }

  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let db = CholeskySolve()(Pair(x.a, dy))
    if !needs[0] { return [nil, db] }
    let product = db • y.transposed()
    return [-((product + product.transposed()) • x.a), db]
  }
}

/// The x with l • lᵀ • x = b, for the Cholesky factor l [..., n, n] of a matrix, and b [..., n, k] or [n]: two triangular systems.
///
/// Only l's lower triangle is read.
///
/// Derivative: a⁻¹ • dy for b, and for l that of a = l • lᵀ, in which the zeros of l count too. PyTorch: `cholesky_solve`.
public func choleskySolve(_ l: Tensor, _ b: Tensor) -> Tensor {
  guard let (wide, right) = aligned("choleskySolve", l, b) else { return .placeholder }
  if l.isComplex {
    let x = solveTriangular(wide.adjoint(), solveTriangular(wide, right, upper: false), upper: true)
    return b.rank == 1 ? x.squeezed(axes: -1) : x
  }
  let x = CholeskySolve()(Pair(wide, right))
  return b.rank == 1 ? x.squeezed(axes: -1) : x
}
