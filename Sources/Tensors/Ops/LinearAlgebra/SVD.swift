/// U, the singular values and Vᵀ packed; or the singular values alone.
struct SVD: Primitive {
  enum Kind: Sendable { case reduced, full, values }
  let kind: Kind
  /// Whether a gradient is being taken: then the vectors of equal values are turned, and a number more is packed (``PackedVectors``).
  var isTracked = false
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
    let size = x.shape[-2] * u + Swift.min(x.shape[-2], x.shape[-1]) + v * x.shape[-1] + (isTracked ? 1 : 0)
    return Signature(Shape(Array(x.batchShape) + [size]), x.dtype)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    x.dtype == .float32 ? try packed(x, result, Float.self) : try packed(x, result, Double.self)
  }

  private func packed<T: LAPACKElement>(_ x: Tensor, _ result: Signature, _ type: T.Type) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
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
    let copy = try x.contiguousCopy()
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
    let failure = try LAPACK.forEach(
      type, x.matrixCount, operations: 10 * m * n * k, numbers: workSize, integers: 8 * k
    ) { i, work, integers in
      decompose(i, work, workSize, integers)
    }
    withExtendedLifetime(copy) {}
    if let failure { throw mistake("\(Tensor.matrixName(failure.matrix, x.shape)): the iteration did not converge") }
    if isTracked { for i in 0..<x.matrixCount { turnEqual(out + i * size, m, n, columnsU, rowsV, x.dtype, size) } }
    return y
  }

  /// Turns the vectors of equal singular values; those of zero turn freely on both sides, also out of the reduced ones' space.
  private func turnEqual<T: LAPACKElement>(
    _ u: UnsafeMutablePointer<T>, _ m: Int, _ n: Int, _ columnsU: Int, _ rowsV: Int, _ dtype: DType, _ size: Int
  ) {
    let k = Swift.min(m, n)
    let s = u + m * columnsU
    let vt = s + k
    u[size - 1] = 0
    let values = (0..<k).map { Double(s[$0]) }
    for group in EqualValues.groups(values, dtype) where values[group[0]] != 0 {
      EqualValues.reflect(u, group, step: 1, stride: columnsU, length: m)
      EqualValues.reflect(vt, group, step: n, stride: 1, length: n)
    }
    guard let first = values.firstIndex(of: 0), k - first > 1 || m != n else { return }
    let besideU = m > columnsU ? EqualValues.beside(u, count: columnsU, step: 1, stride: columnsU, length: m) : []
    let besideV = n > rowsV ? EqualValues.beside(vt, count: rowsV, step: n, stride: 1, length: n) : []
    EqualValues.reflect(u, first..<columnsU, step: 1, stride: columnsU, length: m, beside: besideU)
    EqualValues.reflect(vt, first..<rowsV, step: n, stride: 1, length: n, beside: besideV, seed: 2)
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let (m, n) = (x.shape[-2], x.shape[-1])
    let k = Swift.min(m, n)
    let (columnsU, rowsV) = widths(x.shape)
    let (startS, startV) = (m * columnsU, m * columnsU + k)
    let (s, ds) = (y.unpacked(startS, k), dy.unpacked(startS, k))
    let wholeU = PackedVectors(start: 0, rows: m, columns: columnsU)(y)
    let wholeVt = PackedVectors(start: startV, rows: rowsV, columns: n)(y)
    let (dWholeU, dWholeVt) = (dy.unpacked(0, m, columnsU), dy.unpacked(startV, rowsV, n))
    let (u, vt) = (wholeU[.ellipsis, 0..<k], wholeVt[.ellipsis, 0..<k, 0..<n])
    guard dy.comesFromVectors else { return [u • ds.diagonalMatrix() • vt] }
    var (du, dvt) = (dWholeU[.ellipsis, 0..<k], dWholeVt[.ellipsis, 0..<k, 0..<n])
    func skew(_ t: Tensor) -> Tensor { t - t.transposed() }
    // The rest of a whole basis turns against the vectors that there are singular values for.
    var rests: [(turn: Tensor, size: Tensor)] = []
    func addRest(_ rest: Tensor, _ dRest: Tensor) {
      rests.append((skew(rest.transposed() • dRest).detached, abs(rest.detached).transposed() • abs(dRest.detached)))
    }
    if columnsU > k {
      let (rest, dRest) = (wholeU[.ellipsis, k..<columnsU], dWholeU[.ellipsis, k..<columnsU])
      addRest(rest, dRest)
      du -= matmul(rest, dRest.transposed() • u)
    }
    if rowsV > k {
      let (rest, dRest) = (wholeVt[.ellipsis, k..<rowsV, 0..<n], dWholeVt[.ellipsis, k..<rowsV, 0..<n])
      addRest(rest.transposed(), dRest.transposed())
      dvt -= matmul(vt • dRest.transposed(), rest)
    }
    // What turns u and v alike goes with the gap between singular values, what turns them against each other with their sum.
    let values = s.doubles
    let groups = Swift.stride(from: 0, to: values.count, by: Swift.max(1, k)).map { EqualValues.groups(values[$0..<$0 + k], x.dtype) }
    let isEqual = EqualValues.mask(groups, Shape(Array(x.batchShape) + [k, k]), k)
    let (row, column) = (s.unsqueezed(axis: -2), s.unsqueezed(axis: -1))
    let (turnU, turnV) = (skew(u.transposed() • du), skew(vt • dvt.transposed()))
    let alike = (turnU + turnV) * 0.5
    let inner =
      select(isEqual, 0, alike / select(isEqual, 1, row - column)) + (turnU - turnV) * 0.5 * reciprocal(row + column)
      + ds.diagonalMatrix()
    let inverse = reciprocal(s)
    var beyond: Tensor?
    if m > n {
      beyond = du - matmul(u, u.transposed() • du)
    } else if m < n {
      beyond = (dvt - (dvt • vt.transposed()) • vt).transposed()
    }
    if !hasGradient(x, s, ds, inner, alike, (u, vt), (du, dvt), (turnU, turnV), beyond, rests, groups) { return [nil] }
    var dx = u • inner • vt
    if let beyond {
      let out = beyond * inverse.unsqueezed(axis: -2)
      dx += m > n ? matmul(out, vt) : matmul(u, out.transposed())
    }
    return [dx]
  }

  /// Whether the gradient for vectors is right; a mistake if not.
  private func hasGradient(
    _ x: Tensor, _ s: Tensor, _ ds: Tensor, _ inner: Tensor, _ alike: Tensor, _ vectors: (u: Tensor, vt: Tensor),
    _ slopes: (du: Tensor, dvt: Tensor), _ turns: (u: Tensor, v: Tensor), _ beyond: Tensor?, _ rests: [(turn: Tensor, size: Tensor)],
    _ groups: [[[Int]]]
  ) -> Bool {
    let k = s.shape[-1]
    func sizes(_ v: Tensor, _ dv: Tensor) -> Tensor {
      let size = abs(v.detached).transposed() • abs(dv.detached)
      return size + size.transposed()
    }
    let size = sizes(vectors.u, slopes.du) + sizes(vectors.vt.transposed(), slopes.dvt.transposed())
    let (values, ds, inner, alike, sizes) = (s.doubles, ds.doubles, inner.doubles, alike.doubles, size.doubles)
    let (turnsU, turnsV) = (turns.u.doubles, turns.v.doubles)
    // The largest element of each vector's part out of its space, and of its gradient.
    let out = beyond.map { abs($0.detached).max(axis: -2).doubles }
    let outSizes = beyond.map { _ in
      x.shape[-2] > x.shape[-1] ? abs(slopes.du.detached).max(axis: -2).doubles : abs(slopes.dvt.detached).max(axis: -1).doubles
    }
    if Context.current.hasFailed { return false }
    let remedy =
      "polarDecomposition has the gradient of u • vt, symmetricMatrixFunction that of functions of xᵀ • x, and x is u • diag(s) • vt"
    for matrix in groups.indices {
      let (line, square) = (matrix * k..<(matrix + 1) * k, matrix * k * k..<(matrix + 1) * k * k)
      let check = VectorCheck(
        dtype: x.dtype, values: values[line], slopes: ds[line], inner: inner[square], turns: alike[square], sizes: sizes[square],
        groups: groups[matrix])
      let matrixName = Tensor.matrixName(matrix, x.shape)
      func refuse(_ message: String) -> Bool {
        fail(TensorError("svd", message), with: x)
        return false
      }
      if let problem = check.problem() { return refuse(check.message(problem, matrixName, "singular values", remedy: remedy)) }
      let (largest, floor, noise) = check.scale
      let allowed = Swift.max(check.tolerance * largest, floor)
      let isFree = beyond != nil || values[line].count { $0 == 0 } > 1
      for i in 0..<k {
        let value = values[line][line.lowerBound + i]
        // Nothing but 0 is known to be right for what turns freely.
        if value == 0 && isFree {
          let turn = (0..<k).filter { values[line.lowerBound + $0] == 0 }.reduce(0) { turn, j in
            let place = square.lowerBound + i * k + j
            return Swift.max(turn, Swift.abs(turnsU[place]), Swift.abs(turnsV[place]))
          }
          if turn > noise || Swift.abs(ds[line.lowerBound + i]) > Swift.max(1e-3 * allowed, floor) || out?[line.lowerBound + i] ?? 0 > noise
          {
            return refuse("\(matrixName): singular value \(i) is 0, where its vectors have no gradient; \(remedy)")
          }
        }
        if value > 0, let size = outSizes?[line.lowerBound + i], x.dtype.precision * size > value * allowed {
          return refuse("\(matrixName): singular value \(i) (\(value)) is too near 0 for its vectors' gradient in \(x.dtype); \(remedy)")
        }
        for j in 0..<k where j != i && value + values[line.lowerBound + j] > 0 {
          if x.dtype.precision * sizes[square.lowerBound + i * k + j] > (value + values[line.lowerBound + j]) * allowed {
            return refuse(
              "\(matrixName): singular values \(i) and \(j) are too near 0 for their vectors' gradient in \(x.dtype); \(remedy)")
          }
        }
      }
    }
    for rest in rests where rest.turn.elementCount > 0 {
      if abs(rest.turn).max().item() > 64 * x.dtype.precision * rest.size.max().item() {
        fail(TensorError("svd", "the function depends on which vectors complete the bases, so that it has no gradient"), with: x)
        return false
      }
    }
    return true
  }
}

/// 1/x, and 0 where x is 0, for the derivatives too.
func reciprocal(_ x: Tensor) -> Tensor {
  let isZero = (x .== 0).detached
  return select(isZero, 0, 1 / select(isZero, 1, x))
}

/// The singular value decomposition of matrices [..., m, n]: x = u • diag(s) • vt.
///
/// u is [..., m, k] with orthonormal columns, s [..., k] has the singular values, the largest first, and vt is [..., k, n] with orthonormal rows; k is
/// the smaller of m and n. With `fullMatrices` u and vt are whole orthogonal matrices, [..., m, m] and [..., n, n], and
/// x = u[.ellipsis, 0..<k] • diag(s) • vt[.ellipsis, 0..<k, .all].
///
/// Vectors are unique up to the sign of each pair; those of equal values are any of their space, and where a gradient is taken other ones than
/// where not. NaN and infinity are a mistake that names the matrix.
///
/// Derivative: with p = skew(uᵀ·du), q = skew(vᵀ·dv) and skew(a) = a − aᵀ, u·((p + q)/2(sⱼ − sᵢ) + (p − q)/2(sⱼ + sᵢ) + diag(ds))·vᵀ, and what
/// turns u or v out of its space. So u • vt has its gradient at equal singular values, too, as have functions of the values alone that treat
/// equal ones alike (of others it is a subgradient). Any other function whose first quotient has a limit other than 0 there, such as
/// u • diag(f(s)) • vt, is a mistake, as it cannot be told from du, ds and dv; so are gaps, sums and single values so small that rounding would
/// be more than 1e-6 of the gradient (float32: 1e-3), and functions of the vectors of a value of 0 unless it has no influence.
/// ``polarDecomposition(_:)`` and ``symmetricMatrixFunction(_:_:)`` have no such gaps. PyTorch: `linalg.svd`.
public func svd(_ x: Tensor, fullMatrices: Bool = false) -> (u: Tensor, s: Tensor, vt: Tensor) {
  if x.dtype.isHalf {
    let (u, s, vt) = svd(x.widened, fullMatrices: fullMatrices)
    return (u.cast(to: x.dtype), s.cast(to: x.dtype), vt.cast(to: x.dtype))
  }
  if x.isComplex { return complexSVD(x, isFull: fullMatrices) }
  let decomposition = SVD(kind: fullMatrices ? .full : .reduced, isTracked: x.isTracked)
  let packed = decomposition(x)
  if Context.current.hasFailed { return (.placeholder, .placeholder, .placeholder) }
  let (m, n) = (x.shape[-2], x.shape[-1])
  let k = Swift.min(m, n)
  let (columns, rows) = decomposition.widths(x.shape)
  let s = packed.unpacked(m * columns, k)
  guard decomposition.isTracked else { return (packed.unpacked(0, m, columns), s, packed.unpacked(m * columns + k, rows, n)) }
  return (
    PackedVectors(start: 0, rows: m, columns: columns)(packed), s, PackedVectors(start: m * columns + k, rows: rows, columns: n)(packed)
  )
}

/// The singular values of matrices [..., m, n], the largest first: [..., k] with k the smaller of m and n.
///
/// Without the vectors, unless a gradient needs them.
///
/// Derivative: u·diag(dy)·vᵀ, a subgradient where equal values have different dy, or a value is 0. PyTorch: `linalg.svdvals`.
public func singularValues(_ x: Tensor) -> Tensor {
  if x.isTracked || x.isComplex { return svd(x).s }
  return SVD(kind: .values)(x)
}
