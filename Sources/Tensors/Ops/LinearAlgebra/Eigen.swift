/// Eigenvalues and, by columns, vectors of symmetric matrices, packed; or the values alone.
struct SymmetricEigen: Primitive {
  let isUpper: Bool
  let hasVectors: Bool
  var name: String { hasVectors ? "symmetricEigen" : "symmetricEigenvalues" }
  var keeps: Keeps { .output }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    try eigenSignature(x, hasVectors: hasVectors)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    x.dtype == .float32 ? try packed(x, result, Float.self) : try packed(x, result, Double.self)
  }

  private func packed<T: LAPACKElement>(_ x: Tensor, _ result: Signature, _ type: T.Type) throws(TensorError) -> Tensor {
    let y = Tensor(uninitialized: result.shape, result.dtype)
    if y.elementCount == 0 { return y }
    let (n, out, size) = (x.shape[-1], y.numbers(type), result.shape[-1])
    let copy = x.contiguousCopy()
    let a = copy.numbers(type)
    // The other triangle may hold anything: it is overwritten before it is looked at.
    for i in 0..<x.matrixCount {
      let a = a + i * n * n
      for row in 0..<n { for column in row + 1..<Swift.max(n, row + 1) { mirror(a, row, column, n) } }
    }
    try x.checkFinite(a)
    let job = hasVectors ? LAPACK.with : LAPACK.without
    let order = Int32(n)
    func decompose(_ a: T.Numbers, _ w: T.Numbers, _ work: T.Numbers, _ size: Int, _ integers: T.Integers, _ integerSize: Int) -> Int32 {
      T.syevd(job, LAPACK.lower, order, a, order, w, work, Int32(size), integers, Int32(integerSize))
    }
    var integerSize: Int32 = 0
    let workSize = LAPACK.size(type) { decompose(a, out, $0, -1, &integerSize, -1) }
    let failure = LAPACK.forEach(
      type, x.matrixCount, operations: 9 * n * n * n, numbers: workSize, integers: Int(integerSize)
    ) { i, work, integers in
      let (a, values) = (a + i * n * n, out + i * size)
      let info = decompose(a, values, work, workSize, integers, Int(integerSize))
      if hasVectors { (values + n).update(from: a, count: n * n) }
      return info
    }
    withExtendedLifetime(copy) {}
    if let failure { throw mistake("\(Tensor.matrixName(failure.matrix, x.shape)): the iteration did not converge") }
    return y
  }

  /// Makes the two elements beside the diagonal the one of the triangle that counts.
  @inline(__always)
  private func mirror<T>(_ a: UnsafeMutablePointer<T>, _ row: Int, _ column: Int, _ n: Int) {
    if isUpper { a[column * n + row] = a[row * n + column] } else { a[row * n + column] = a[column * n + row] }
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let n = x.shape[-1]
    let ((values, vectors), (dvalues, dvectors)) = (y.eigenParts(n), dy.eigenParts(n))
    // Equal values, whose vectors are not unique, count as if these did not turn into each other.
    let gaps = values.unsqueezed(axis: -2) - values.unsqueezed(axis: -1)
    let turn = vectors.transposed() • dvectors
    let inner = (turn - turn.transposed()) * reciprocal(gaps) * 0.5 + dvalues.diagonalMatrix()
    return [vectors • inner • vectors.transposed()]
  }
}

/// Eigenvalues and vectors of any matrices whose eigenvalues are real, packed.
struct Eigen: Primitive {
  let hasVectors: Bool
  var name: String { hasVectors ? "eigen" : "eigenvalues" }
  var keeps: Keeps { .output }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    try eigenSignature(x, hasVectors: hasVectors)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    x.dtype == .float32 ? try packed(x, result, Float.self) : try packed(x, result, Double.self)
  }

  private func packed<T: LAPACKElement>(_ x: Tensor, _ result: Signature, _ type: T.Type) throws(TensorError) -> Tensor {
    let y = Tensor(uninitialized: result.shape, result.dtype)
    if y.elementCount == 0 { return y }
    let (n, out, size) = (x.shape[-1], y.numbers(type), result.shape[-1])
    let copy = x.view(shape: x.shape, strides: x.strides.swappingLast(), offset: x.offset).contiguousCopy()
    let imaginary = Tensor(uninitialized: Shape(Array(x.batchShape) + [n]), x.dtype)
    let (a, parts, order) = (copy.numbers(type), imaginary.numbers(type), Int32(n))
    try x.checkFinite(a)
    func decompose(_ i: Int, _ work: T.Numbers, size workSize: Int) -> Int32 {
      let values = out + i * size
      return T.geev(
        hasVectors ? LAPACK.with : LAPACK.without, order, a + i * n * n, order, values, parts + i * n, values + (hasVectors ? n : 0), order,
        work, Int32(workSize))
    }
    let workSize = LAPACK.size(type) { decompose(0, $0, size: -1) }
    let failure = LAPACK.forEach(type, x.matrixCount, operations: 25 * n * n * n, numbers: workSize) { i, work, _ in
      decompose(i, work, size: workSize)
    }
    defer { withExtendedLifetime((copy, imaginary)) {} }
    if let failure { throw mistake("\(Tensor.matrixName(failure.matrix, x.shape)): the iteration did not converge") }
    for i in 0..<x.matrixCount * n where parts[i] != 0 {
      let real = out[i / n * size + i % n]
      throw mistake(
        "\(Tensor.matrixName(i / n, x.shape)) has the complex eigenvalues \(real) ± \(Swift.abs(parts[i]))i; only real ones would fit")
    }
    return y
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let n = x.shape[-1]
    let ((values, vectors), (dvalues, dvectors)) = (y.eigenParts(n), dy.eigenParts(n))
    let transpose = vectors.transposed()
    // Vectors have length 1: what would stretch them is taken off.
    let turn = transpose • dvectors
    let length = (transpose • vectors) * turn.diagonal().unsqueezed(axis: -2)
    let gaps = values.unsqueezed(axis: -2) - values.unsqueezed(axis: -1)
    let inner = (turn - length) * reciprocal(gaps) + dvalues.diagonalMatrix()
    return [solve(transpose, inner • transpose)]
  }
}

/// Both kinds pack alike: for each matrix the values and, if wanted, the vectors, one after the other.
private func eigenSignature(_ x: Tensor, hasVectors: Bool) throws(TensorError) -> Signature {
  try x.checkMatrices(isSquare: true)
  let n = x.shape[-1]
  return Signature(Shape(Array(x.batchShape) + [hasVectors ? n + n * n : n]), x.dtype)
}

extension Tensor {
  /// What ``eigenSignature(_:hasVectors:)`` packs: the values [..., n] and, by columns, the vectors [..., n, n].
  fileprivate func eigenParts(_ n: Int) -> (values: Tensor, vectors: Tensor) { (unpacked(0, n), unpacked(n, n, n).transposed()) }
}

/// The eigenvalues [..., n], in ascending order, and eigenvectors, the columns of [..., n, n], of symmetric matrices [..., n, n].
///
/// x = vectors • diag(values) • vectorsᵀ. Only the lower triangle is read, or the upper one if told. Vectors have length 1 and are unique up to
/// their signs. NaN and infinity are a mistake that names the matrix.
///
/// Derivative: the symmetric v·((vᵀ·dv − dvᵀ·v)/2(λⱼ − λᵢ) + diag(dλ))·vᵀ; where two eigenvalues are equal the quotient counts as 0, which is
/// right for functions that do not depend on the choice of their vectors. PyTorch: `linalg.eigh`.
public func symmetricEigen(_ x: Tensor, upper: Bool = false) -> (values: Tensor, vectors: Tensor) {
  let packed = SymmetricEigen(isUpper: upper, hasVectors: true)(x)
  if Context.current.hasFailed { return (.placeholder, .placeholder) }
  return packed.eigenParts(x.shape[-1])
}

/// The eigenvalues [..., n], in ascending order, of symmetric matrices [..., n, n], of which one triangle is read.
///
/// Without the vectors, unless a gradient needs them.
///
/// Derivative: v·diag(dy)·vᵀ. PyTorch: `linalg.eigvalsh`.
public func symmetricEigenvalues(_ x: Tensor, upper: Bool = false) -> Tensor {
  if x.isTracked { return symmetricEigen(x, upper: upper).values }
  return SymmetricEigen(isUpper: upper, hasVectors: false)(x)
}

/// The eigenvalues [..., n] and eigenvectors, the columns of [..., n, n], of matrices [..., n, n] whose eigenvalues are real.
///
/// x • vectors = vectors • diag(values), in LAPACK's order; vectors have length 1. A matrix with complex eigenvalues is a mistake that names it
/// and the first pair.
///
/// Derivative: v⁻ᵀ·((vᵀ·dv − vᵀ·v·diag(vᵀ·dv))/(λⱼ − λᵢ) + diag(dλ))·vᵀ; where two eigenvalues are equal the quotient counts as 0.
/// PyTorch: `linalg.eig`, whose results are complex.
public func eigen(_ x: Tensor) -> (values: Tensor, vectors: Tensor) {
  let packed = Eigen(hasVectors: true)(x)
  if Context.current.hasFailed { return (.placeholder, .placeholder) }
  return packed.eigenParts(x.shape[-1])
}

/// The eigenvalues [..., n] of matrices [..., n, n] that have real ones only.
///
/// Without the vectors, unless a gradient needs them. PyTorch: `linalg.eigvals`, whose result is complex.
public func eigenvalues(_ x: Tensor) -> Tensor {
  if x.isTracked { return eigen(x).values }
  return Eigen(hasVectors: false)(x)
}
