// Singular values, and eigenvalues of Hermitian and other matrices, of complex ones: by LAPACK, each with its gradient.

/// U, the singular values and Vᴴ packed, as complex numbers.
struct ComplexSVD: Primitive, ComplexForm {
  let isFull: Bool
  var name: String { "svd" }
  var keeps: Keeps { .output }

  func widths(_ x: Shape) -> (u: Int, v: Int) {
    let k = Swift.min(x[-2], x[-1])
    return isFull ? (x[-2], x[-1]) : (k, k)
  }

  func onComplex(_ x: Tensor) -> Tensor? { nil }
  func result(_ x: Tensor) throws(TensorError) -> Signature {
    try x.checkMatrices()
    let (u, v) = widths(x.shape)
    return Signature(Shape(Array(x.batchShape) + [x.shape[-2] * u + Swift.min(x.shape[-2], x.shape[-1]) + v * x.shape[-1]]), x.dtype)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    x.dtype == .complex64 ? try packed(x, result, Float.self) : try packed(x, result, Double.self)
  }

  private func packed<T: ComplexLAPACK>(_ x: Tensor, _ result: Signature, _ type: T.Type) throws(TensorError) -> Tensor {
    let y = try Tensor(zeros: result.shape, result.dtype)
    let (m, n, k, size) = (x.shape[-2], x.shape[-1], Swift.min(x.shape[-2], x.shape[-1]), result.shape[-1])
    let (columnsU, rowsV) = widths(x.shape)
    let out = y.pointer.numbers(type)
    if k == 0 {
      for i in 0..<x.matrixCount {
        for j in 0..<columnsU { out[2 * (i * size + j * m + j)] = 1 }
        for j in 0..<rowsV { out[2 * (i * size + m * columnsU + j * n + j)] = 1 }
      }
      return y
    }
    // By rows it is the transpose by columns, whose U is conj V and whose Vᴴ is Uᵀ by columns: both come out by rows.
    let copy = try Tensor(uninitialized: x.shape, x.dtype)
    copyElements(from: x, to: copy)
    let a = copy.pointer.numbers(type)
    try copy.checkFinite(copy.pointer.numbers(type))
    let job = isFull ? LAPACK.all : LAPACK.some
    let (leadU, leadV) = (Int32(n), Int32(isFull ? m : k))
    let longest = Swift.max(m, n)
    let realSize = Swift.max(5 * k * k + 5 * k, 2 * longest * k + 2 * k * k + k)
    func decompose(_ i: Int, _ work: T.Numbers, _ workSize: Int, _ reals: T.Numbers, _ integers: T.Integers) -> Int32 {
      let u = out + 2 * i * size
      let s = u + 2 * m * columnsU
      let info = T.cgesdd(
        job, Int32(n), Int32(m), a + 2 * i * m * n, Int32(n), reals, s + 2 * k, leadU, u, leadV, work, Int32(workSize), reals + k, integers)
      if workSize > 0 { for j in 0..<k { (s[2 * j], s[2 * j + 1]) = (reals[j], 0) } }
      return info
    }
    let workSize = try withWorkingMemory(of: T.self, count: 2 + k + realSize) { (reals) throws(TensorError) in
      try withWorkingMemory(of: Int32.self, count: 8 * k) { (integers) throws(TensorError) in
        _ = decompose(0, reals, -1, reals + 2, integers)
        return Int(reals[0]) + 1
      }
    }
    let failure = try LAPACK.forEach(
      type, x.matrixCount, operations: 40 * m * n * k, numbers: 2 * workSize + k + realSize, integers: 8 * k
    ) { i, work, integers in
      decompose(i, work, workSize, work + 2 * workSize, integers)
    }
    withExtendedLifetime(copy) {}
    if let failure { throw mistake("\(Tensor.matrixName(failure.matrix, x.shape)): the iteration did not converge") }
    return y
  }

  /// PyTorch's rule: of whole bases what completes them has no gradient, and each pair's phase has no influence.
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let (m, n) = (x.shape[-2], x.shape[-1])
    let k = Swift.min(m, n)
    let (columnsU, rowsV) = widths(x.shape)
    func left(_ t: Tensor) -> Tensor { t.unpacked(0, m, columnsU)[.ellipsis, 0..<k] }
    func values(_ t: Tensor) -> Tensor { t.unpacked(m * columnsU, k).real }
    func right(_ t: Tensor) -> Tensor { t.unpacked(m * columnsU + k, rowsV, n)[.ellipsis, 0..<k, 0..<n] }
    let (u, s, vt) = (left(y), values(y), right(y))
    let (du, ds, dvt) = (left(dy), values(dy), right(dy))
    func skew(_ t: Tensor) -> Tensor { t - t.adjoint() }
    func wide(_ t: Tensor) -> Tensor { t.cast(to: x.dtype) }
    let (turnU, turnV) = (skew(u.adjoint() • du), skew(vt • dvt.adjoint()))
    let (row, column) = (s.unsqueezed(axis: -2), s.unsqueezed(axis: -1))
    let isSame = Tensor.eye(k, nil, s.dtype) .!= 0
    let gaps = select(isSame, 1, (row - column) * (row + column))
    let outside = (turnU * wide(row) + wide(column) * turnV) / wide(gaps)
    let phases = turnU.diagonal() / wide(2 * s) + wide(ds)
    let inner = select(isSame, phases.diagonalMatrix(), outside)
    // What turns the vectors out of the space that there are singular values for.
    if m > k { return [(u • inner + (du - u • (u.adjoint() • du)) / wide(row)) • vt] }
    if n > k { return [u • (inner • vt + (dvt - (dvt • vt.adjoint()) • vt) / wide(column))] }
    return [u • inner • vt]
  }
}

func complexSVD(_ x: Tensor, isFull: Bool) -> (u: Tensor, s: Tensor, vt: Tensor) {
  let decomposition = ComplexSVD(isFull: isFull)
  let packed = decomposition(x)
  if Context.current.hasFailed { return (.placeholder, .placeholder, .placeholder) }
  let (m, n) = (x.shape[-2], x.shape[-1])
  let k = Swift.min(m, n)
  let (columns, rows) = decomposition.widths(x.shape)
  return (packed.unpacked(0, m, columns), packed.unpacked(m * columns, k).real, packed.unpacked(m * columns + k, rows, n))
}

/// Eigenvalues and vectors of Hermitian or of any matrices, packed: the values, and the vectors by columns.
struct ComplexEigen: Primitive, ComplexForm {
  /// Nil for any matrices, else which triangle of Hermitian ones is read.
  let isUpper: Bool?
  var name: String { isUpper == nil ? "eigen" : "symmetricEigen" }
  var keeps: Keeps { .output }

  func onComplex(_ x: Tensor) -> Tensor? { nil }
  func result(_ x: Tensor) throws(TensorError) -> Signature {
    try x.checkMatrices(isSquare: true)
    return Signature(Shape(Array(x.batchShape) + [x.shape[-1] * (x.shape[-1] + 1)]), x.dtype)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    x.dtype == .complex64 ? try packed(x, result, Float.self) : try packed(x, result, Double.self)
  }

  private func packed<T: ComplexLAPACK>(_ x: Tensor, _ result: Signature, _ type: T.Type) throws(TensorError) -> Tensor {
    let y = try Tensor(zeros: result.shape, result.dtype)
    let n = x.shape[-1]
    if y.elementCount == 0 { return y }
    let copy = try Tensor(uninitialized: x.shape, x.dtype)
    copyElements(from: x.view(shape: x.shape, strides: x.strides.swappingLast(), offset: x.offset), to: copy)
    try copy.checkFinite(copy.pointer.numbers(type))
    if isUpper == nil, let real = try packedReal(copy, result, type) { return real }
    let (a, out, order) = (copy.pointer.numbers(type), y.pointer.numbers(type), Int32(n))
    func decompose(
      _ i: Int, _ work: T.Numbers, _ size: Int, _ reals: T.Numbers, _ realSize: Int, _ integers: T.Integers, _ integerSize: Int
    ) -> Int32 {
      let (a, values) = (a + 2 * i * n * n, out + 2 * i * n * (n + 1))
      guard let isUpper else { return T.cgeev(order, a, order, values, values + 2 * n, order, work, Int32(size), reals) }
      // The diagonal of a Hermitian matrix is real, whatever stands beside it.
      let info = T.heevd(
        isUpper ? LAPACK.upper : LAPACK.lower, order, a, order, reals, work, Int32(size), reals + n, Int32(realSize), integers,
        Int32(integerSize))
      if size > 0 {
        for j in 0..<n { values[2 * j] = reals[j] }
        (values + 2 * n).update(from: a, count: 2 * n * n)
      }
      return info
    }
    // What LAPACK's manual says is enough.
    let (realSize, integerSize) = (1 + 5 * n + 2 * n * n, 3 + 5 * n)
    let size = try withWorkingMemory(of: T.self, count: 2 + n + realSize) { (reals) throws(TensorError) in
      try withWorkingMemory(of: Int32.self, count: integerSize) { (integers) throws(TensorError) in
        _ = decompose(0, reals, -1, reals + 2, realSize, integers, integerSize)
        return Swift.max(Int(reals[0]) + 1, 2 * n + n * n)
      }
    }
    let failure = try LAPACK.forEach(
      type, x.matrixCount, operations: 40 * n * n * n, numbers: 2 * size + n + realSize, integers: integerSize
    ) { i, work, integers in
      decompose(i, work, size, work + 2 * size, realSize, integers, integerSize)
    }
    withExtendedLifetime(copy) {}
    if let failure { throw mistake("\(Tensor.matrixName(failure.matrix, x.shape)): the iteration did not converge") }
    return y
  }

  /// Of matrices by columns without imaginary parts: their values are real or in pairs, the vectors of a pair each other's conjugates.
  private func packedReal<T: ComplexLAPACK>(_ columns: Tensor, _ result: Signature, _ type: T.Type) throws(TensorError) -> Tensor? {
    let (n, numbers) = (columns.shape[-1], columns.pointer.numbers(type))
    for i in 0..<columns.elementCount where numbers[2 * i + 1] != 0 { return nil }
    let (y, copy) = (try Tensor(zeros: result.shape, result.dtype), try columns.part(false).contiguousCopy())
    let (a, out, order) = (copy.numbers(type), y.pointer.numbers(type), Int32(n))
    let size = LAPACK.size(type) { T.geev(LAPACK.with, order, a, order, a, a, a, order, $0, -1) }
    let failure = try LAPACK.forEach(type, columns.matrixCount, operations: 25 * n * n * n, numbers: size + 2 * n + n * n) { i, work, _ in
      let (re, im, vectors) = (work + size, work + size + n, work + size + 2 * n)
      let info = T.geev(LAPACK.with, order, a + i * n * n, order, re, im, vectors, order, work, Int32(size))
      let values = out + 2 * i * n * (n + 1)
      for j in 0..<n {
        (values[2 * j], values[2 * j + 1]) = (re[j], im[j])
        // Of a pair the first has the real parts in its column, and the imaginary ones in the next.
        let (first, sign): (Int, T) = im[j] < 0 ? (j - 1, -1) : (j, 1)
        for k in 0..<n {
          let place = 2 * (n + j * n + k)
          values[place] = vectors[first * n + k]
          values[place + 1] = im[j] == 0 ? 0 : sign * vectors[(first + 1) * n + k]
        }
      }
      return info
    }
    withExtendedLifetime(copy) {}
    if let failure { throw mistake("\(Tensor.matrixName(failure.matrix, columns.shape)): the iteration did not converge") }
    return y
  }

  static func parts(_ t: Tensor, _ n: Int) -> (values: Tensor, vectors: Tensor) { (t.unpacked(0, n), t.unpacked(n, n, n).transposed()) }

  /// v⁻ᴴ·((vᴴ·dv − vᴴ·v·diag(Re vᴴ·dv))/conj(λⱼ − λᵢ) + diag(dλ))·vᴴ.
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let n = x.shape[-1]
    let ((values, v), (dvalues, dv)) = (ComplexEigen.parts(y, n), ComplexEigen.parts(dy, n))
    let product = v.adjoint() • dv
    let isSame = Tensor.eye(n, nil, x.dtype.real) .!= 0
    let gaps = select(isSame, Tensor.ones([], x.dtype), values.unsqueezed(axis: -2) - values.unsqueezed(axis: -1))
    if isUpper != nil {
      let inner = select(isSame, dvalues.diagonalMatrix(), product / gaps)
      return [v • inner • v.adjoint()]
    }
    let scales = product.diagonal().real.cast(to: x.dtype).unsqueezed(axis: -2)
    let turned = (product - (v.adjoint() • v) * scales) / gaps.conjugate()
    return [solve(v.adjoint(), select(isSame, dvalues.diagonalMatrix(), turned) • v.adjoint())]
  }
}

func complexEigen(_ x: Tensor, isUpper: Bool?) -> (values: Tensor, vectors: Tensor) {
  let packed = ComplexEigen(isUpper: isUpper)(x)
  if Context.current.hasFailed { return (.placeholder, .placeholder) }
  let (values, vectors) = ComplexEigen.parts(packed, x.shape[-1])
  return (isUpper == nil ? values : values.real, vectors)
}
