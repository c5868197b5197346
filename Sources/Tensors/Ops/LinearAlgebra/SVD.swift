/// U, the singular values and Vᵀ packed; or the singular values alone.
struct SVD: Primitive {
  enum Kind: Sendable { case reduced, full, values }
  let kind: Kind
  var name: String { kind == .values ? "singularValues" : "svd" }
  var keeps: Keeps { .output }

  /// The columns of U and the rows of Vᵀ.
  func widths(_ x: Shape) -> (u: Int, v: Int) {
    let k = Swift.min(x[-2], x[-1])
    return kind == .full ? (x[-2], x[-1]) : kind == .values ? (0, 0) : (k, k)
  }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    try x.checkMatrices()
    let (u, v) = widths(x.shape)
    let size = x.shape[-2] * u + Swift.min(x.shape[-2], x.shape[-1]) + v * x.shape[-1]
    return Signature(Shape(Array(x.batchShape) + [size]), x.dtype)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    x.dtype == .float32 ? try packed(x, result, Float.self) : try packed(x, result, Double.self)
  }

  private func packed<T: LAPACKElement>(_ x: Tensor, _ result: Signature, _ type: T.Type) throws(TensorError) -> Tensor {
    let y = Tensor(uninitialized: result.shape, result.dtype)
    if y.elementCount == 0 { return y }
    let (m, n, k, out) = (x.shape[-2], x.shape[-1], Swift.min(x.shape[-2], x.shape[-1]), y.numbers(type))
    let (columnsU, rowsV) = widths(x.shape)
    let size = result.shape[-1]
    if k == 0 {
      // Nothing to decompose; whole bases are needed all the same.
      fillElements(y.pointer, 0, y.dtype, y.elementCount)
      for i in 0..<x.matrixCount {
        for j in 0..<columnsU { out[i * size + j * m + j] = 1 }
        for j in 0..<rowsV { out[i * size + m * columnsU + j * n + j] = 1 }
      }
      return y
    }
    // By rows it is the transpose by columns, whose U is V and whose Vᵀ is Uᵀ by columns: both come out by rows.
    let copy = x.contiguousCopy()
    let a = copy.numbers(type)
    try x.checkFinite(a)
    let job = kind == .full ? LAPACK.all : kind == .values ? LAPACK.without : LAPACK.some
    let (rows, columns) = (Int32(n), Int32(m))
    let leadU = Int32(n)
    let leadV = Int32(kind == .values ? 1 : kind == .full ? m : k)
    let isLarge = (kind == .reduced || kind == .full && m == n) && Bidiagonal.suits(n, m)
    func decompose(_ i: Int, _ work: T.Numbers, _ workSize: Int, _ integers: T.Integers) -> Int32 {
      let u = out + i * size
      let s = u + m * columnsU
      if isLarge && workSize > 0, let info = Bidiagonal.decompose(n, m, a + i * m * n, s, s + k, u, work, integers) { return info }
      return T.gesdd(job, rows, columns, a + i * m * n, rows, s, s + k, leadU, u, leadV, work, Int32(workSize), integers)
    }
    let driverSize = withUnsafeTemporaryAllocation(of: Int32.self, capacity: 8 * k) { integers in
      LAPACK.size(type) { decompose(0, $0, -1, integers.baseAddress!) }
    }
    let workSize = isLarge ? Swift.max(driverSize, Bidiagonal.workSize(n, m)) : driverSize
    let failure = LAPACK.forEach(
      type, x.matrixCount, operations: 10 * m * n * k, numbers: workSize, integers: 8 * k
    ) { i, work, integers in
      decompose(i, work, workSize, integers)
    }
    withExtendedLifetime(copy) {}
    if let failure { throw mistake("\(Tensor.matrixName(failure.matrix, x.shape)): the iteration did not converge") }
    return y
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let (m, n) = (x.shape[-2], x.shape[-1])
    let k = Swift.min(m, n)
    let (columnsU, rowsV) = widths(x.shape)
    // Of whole bases only what the reduced ones have is unique.
    func factors(_ t: Tensor) -> (u: Tensor, s: Tensor, vt: Tensor) {
      let start = m * columnsU + k
      return (
        t.unpacked(0, m, columnsU)[.ellipsis, 0..<m, 0..<k], t.unpacked(m * columnsU, k),
        t.unpacked(start, rowsV, n)[.ellipsis, 0..<k, 0..<n]
      )
    }
    let ((u, s, vt), (du, ds, dvt)) = (factors(y), factors(dy))
    let (row, column) = (s.unsqueezed(axis: -2), s.unsqueezed(axis: -1))
    func skew(_ t: Tensor) -> Tensor { t - t.transposed() }
    let turn = skew(u.transposed() • du) * row + skew(vt • dvt.transposed()) * column
    // Equal singular values, whose vectors are not unique, count as if these did not turn into each other.
    let gaps = (row - column) * (row + column)
    let inner = turn * reciprocal(gaps) + ds.diagonalMatrix()
    var dx = u • inner • vt
    let inverse = reciprocal(s)
    if m > n {
      let beyond = du * inverse.unsqueezed(axis: -2)
      dx += matmul(beyond - u • (u.transposed() • beyond), vt)
    } else if m < n {
      let beyond = dvt * inverse.unsqueezed(axis: -1)
      dx += matmul(u, beyond - (beyond • vt.transposed()) • vt)
    }
    return [dx]
  }
}

/// 1/x, and 0 where x is 0, for the derivatives too.
func reciprocal(_ x: Tensor) -> Tensor {
  let isZero = (x .== 0).detached
  return `where`(isZero, 0, 1 / `where`(isZero, 1, x))
}

/// The singular value decomposition of matrices [..., m, n]: x = u • diag(s) • vt.
///
/// u is [..., m, k] with orthonormal columns, s [..., k] has the singular values, the largest first, and vt is [..., k, n] with orthonormal rows; k is
/// the smaller of m and n. With `fullMatrices` u and vt are whole orthogonal matrices, [..., m, m] and [..., n, n], and
/// x = u[.ellipsis, 0..<k] • diag(s) • vt[.ellipsis, 0..<k, .all].
///
/// Vectors are unique up to the sign of each pair. NaN and infinity are a mistake that names the matrix.
///
/// Derivative: with skew(a) = a − aᵀ, u·(((skew(uᵀ·du)·diag(s) + diag(s)·skew(vᵀ·dv)) / (sⱼ² − sᵢ²)) + diag(ds))·vᵀ, and what turns u or v out of
/// its space. Where two singular values are equal, or one is 0, the quotient counts as 0: the derivative is right for functions that do not
/// depend on the choice of their vectors. Columns and rows beyond the k-th have none. PyTorch: `linalg.svd`.
public func svd(_ x: Tensor, fullMatrices: Bool = false) -> (u: Tensor, s: Tensor, vt: Tensor) {
  let decomposition = SVD(kind: fullMatrices ? .full : .reduced)
  let packed = decomposition(x)
  if Context.current.hasFailed { return (.placeholder, .placeholder, .placeholder) }
  let (m, n) = (x.shape[-2], x.shape[-1])
  let k = Swift.min(m, n)
  let (columns, rows) = decomposition.widths(x.shape)
  return (packed.unpacked(0, m, columns), packed.unpacked(m * columns, k), packed.unpacked(m * columns + k, rows, n))
}

/// The singular values of matrices [..., m, n], the largest first: [..., k] with k the smaller of m and n.
///
/// Without the vectors, unless a gradient needs them.
///
/// Derivative: u·diag(dy)·vᵀ. PyTorch: `linalg.svdvals`.
public func singularValues(_ x: Tensor) -> Tensor {
  if x.isTracked { return svd(x).s }
  return SVD(kind: .values)(x)
}
