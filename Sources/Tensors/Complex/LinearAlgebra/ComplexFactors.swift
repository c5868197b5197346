// Factors of complex matrices, by LAPACK: what the primitives of real ones run for complex dtypes.

extension LU: ComplexForm {
  func onComplex(_ x: Tensor) -> Tensor? { nil }

  func packedComplex<T: ComplexLAPACK>(_ x: Tensor, _ result: Signature, _ type: T.Type) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    let (m, n, k) = (x.shape[-2], x.shape[-1], Swift.min(x.shape[-2], x.shape[-1]))
    let columns = try x.view(shape: x.shape.swappingLast(), strides: x.strides.swappingLast(), offset: x.offset).contiguousCopy()
    let (a, out) = (columns.pointer.numbers(type), y.pointer.numbers(type))
    _ = try LAPACK.forEach(type, x.matrixCount, operations: 4 * m * n * k, integers: 2 * m) { i, _, integers in
      let (a, out) = (a + 2 * i * m * n, out + 2 * i * (m * n + m + k))
      if n > 0 && m > 0 { _ = T.cgetrf(Int32(m), Int32(n), a, Int32(m), integers) }
      for row in 0..<m {
        for column in 0..<n {
          for part in 0..<2 { out[2 * (row * n + column) + part] = a[2 * (column * m + row) + part] }
        }
      }
      let order = integers + m
      for row in 0..<m { order[row] = Int32(row) }
      for row in 0..<k {
        let other = Int(integers[row]) - 1
        (order[row], order[other]) = (order[other], order[row])
      }
      for row in 0..<m { (out[2 * (m * n + row)], out[2 * (m * n + row) + 1]) = (T(order[row]), 0) }
      for row in 0..<k { (out[2 * (m * n + m + row)], out[2 * (m * n + m + row) + 1]) = (n > 0 ? T(integers[row]) : 0, 0) }
      return 0
    }
    withExtendedLifetime(columns) {}
    return y
  }
}

extension QR: ComplexForm {
  func onComplex(_ x: Tensor) -> Tensor? { nil }

  func packedComplex<T: ComplexLAPACK>(_ x: Tensor, _ result: Signature, _ type: T.Type) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    if y.elementCount == 0 { return y }
    let (m, n, k) = (x.shape[-2], x.shape[-1], width(x.shape))
    let count = Swift.min(m, n)
    let columns = try x.view(shape: x.shape.swappingLast(), strides: x.strides.swappingLast(), offset: x.offset).contiguousCopy()
    let (a, out) = (columns.pointer.numbers(type), y.pointer.numbers(type))
    let lead = Int32(Swift.max(1, m))
    let size = Swift.max(
      LAPACK.size(type) { T.cgeqrf(Int32(m), Int32(n), a, lead, $0, $0, -1) },
      LAPACK.size(type) { T.ungqr(Int32(m), Int32(k), Int32(count), out, lead, $0, $0, -1) })
    _ = try LAPACK.forEach(type, x.matrixCount, operations: 16 * m * n * count, numbers: 2 * (count + size)) { i, work, _ in
      let (a, q) = (a + 2 * i * m * n, out + 2 * i * k * (m + n))
      let r = q + 2 * m * k
      let (scales, work) = (work, work + 2 * count)
      if count > 0 { _ = T.cgeqrf(Int32(m), Int32(n), a, lead, scales, work, Int32(size)) }
      for column in 0..<n {
        let filled = Swift.min(column + 1, k)
        (r + 2 * column * k).update(from: a + 2 * column * m, count: 2 * filled)
        (r + 2 * (column * k + filled)).update(repeating: 0, count: 2 * (k - filled))
      }
      q.update(from: a, count: 2 * m * count)
      return T.ungqr(Int32(m), Int32(k), Int32(count), q, lead, scales, work, Int32(size))
    }
    withExtendedLifetime(columns) {}
    return y
  }
}

extension Cholesky: ComplexForm {
  func onComplex(_ x: Tensor) -> Tensor? { nil }

  func complexFactors<T: ComplexLAPACK>(_ x: Tensor, _ type: T.Type) throws(TensorError) -> Tensor {
    let n = x.shape[-1]
    // By columns its conjugate transpose: the upper triangle then is the lower one's.
    let y = try x.contiguousCopy()
    let copy = y.sharesMemory(with: x) ? try Tensor(uninitialized: x.shape, x.dtype) : y
    if y.elementCount == 0 { return copy }
    copyElements(from: x, to: copy)
    let a = copy.pointer.numbers(type)
    let failure = try LAPACK.forEach(type, x.matrixCount, operations: 2 * n * n * n) { i, _, _ in
      let a = a + 2 * i * n * n
      // Of rows taken for columns the upper triangle is the lower one transposed, so that its factor Uᴴ·U is conj(L)·Lᵀ.
      let info = T.hpotrf(LAPACK.upper, Int32(n), a, Int32(n))
      if info != 0 { return info }
      for row in 0..<n {
        if !a[2 * (row * n + row)].isFinite { return Int32(row + 1) }
        (a + 2 * (row * n + row + 1)).update(repeating: 0, count: 2 * (n - row - 1))
      }
      return 0
    }
    if let failure { throw indefinite(failure, x.shape) }
    return copy
  }
}

extension CholeskySolve: ComplexForm {
  func onComplex(_ x: Pair) -> Tensor? { nil }
}

extension SolveTriangular: ComplexForm {
  func onComplex(_ x: Pair) -> Tensor? { nil }

  func complexSolution<T: ComplexLAPACK>(_ a: Tensor, _ b: Tensor, _ type: T.Type) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: b.shape, b.dtype)
    if y.elementCount == 0 { return y }
    copyElements(from: b, to: y)
    let (n, columns, out) = (y.shape[-2], y.shape[-1], y.pointer.numbers(type))
    let a = try a.forBLAS
    guard let matrix = a.matrix else { return y }
    let isUpper = self.isUpper != matrix.isTransposed
    _ = try LAPACK.forEach(type, y.matrixCount, operations: 4 * n * n * columns) { i, _, _ in
      let a = matrix.pointer.numbers(type) + 2 * a.batchOffset(i)
      T.ctrsm(
        isUpper, matrix.isTransposed, isUnit, Int32(n), Int32(columns), a, Int32(matrix.lead), out + 2 * i * n * columns, Int32(columns))
      return 0
    }
    withExtendedLifetime(a) {}
    return y
  }
}

extension LDL: ComplexForm {
  func onComplex(_ x: Tensor) -> Tensor? { nil }

  func packedComplex<T: ComplexLAPACK>(_ x: Tensor, _ result: Signature, _ type: T.Type) throws(TensorError) -> Tensor {
    let y = try Tensor(zeros: result.shape, result.dtype)
    let n = x.shape[-1]
    if y.elementCount == 0 { return y }
    let columns = try Tensor(uninitialized: x.shape, x.dtype)
    copyElements(from: x.view(shape: x.shape, strides: x.strides.swappingLast(), offset: x.offset), to: columns)
    try columns.checkFinite(columns.pointer.numbers(type))
    let (a, out, order) = (columns.pointer.numbers(type), y.pointer.numbers(type), Int32(n))
    let size = LAPACK.size(type) { T.csytrf(isHermitian, order, a, order, nil, $0, -1) }
    _ = try LAPACK.forEach(type, x.matrixCount, operations: 2 * n * n * n, numbers: 2 * size, integers: n) { i, work, integers in
      let (a, out) = (a + 2 * i * n * n, out + 2 * i * n * (n + 1))
      _ = T.csytrf(isHermitian, order, a, order, integers, work, Int32(size))
      for row in 0..<n {
        for column in 0...row { for part in 0..<2 { out[2 * (row * n + column) + part] = a[2 * (column * n + row) + part] } }
        out[2 * (n * n + row)] = T(integers[row])
      }
      return 0
    }
    withExtendedLifetime(columns) {}
    return y
  }
}
