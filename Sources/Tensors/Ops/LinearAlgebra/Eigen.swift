/// Eigenvalues and, by columns, vectors of symmetric matrices, packed; or the values alone.
struct SymmetricEigen: Primitive {
  let isUpper: Bool
  let hasVectors: Bool
  /// Whether a gradient is being taken: then the vectors of equal values are turned, and a number more is packed (``PackedVectors``).
  var isTracked = false
  /// The operator that decomposes.
  var operation: String?
  var name: String { operation ?? (hasVectors ? "symmetricEigen" : "symmetricEigenvalues") }
  var keeps: Keeps { .output }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    try eigenSignature(x, hasVectors: hasVectors, isTracked: isTracked)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    x.dtype == .float32 ? try packed(x, result, Float.self) : try packed(x, result, Double.self)
  }

  private func packed<T: LAPACKElement>(_ x: Tensor, _ result: Signature, _ type: T.Type) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    if x.elementCount == 0 { return .zeros(result.shape, result.dtype) }
    let (n, out, size) = (x.shape[-1], y.numbers(type), result.shape[-1])
    let copy = try x.contiguousCopy()
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
    let failure = try LAPACK.forEach(
      type, x.matrixCount, operations: 9 * n * n * n, numbers: workSize, integers: Int(integerSize)
    ) { i, work, integers in
      let (a, values) = (a + i * n * n, out + i * size)
      let info = decompose(a, values, work, workSize, integers, Int(integerSize))
      if hasVectors { (values + n).update(from: a, count: n * n) }
      if isTracked {
        values[size - 1] = 0
        for group in EqualValues.groups((0..<n).map { Double(values[$0]) }, x.dtype) {
          EqualValues.reflect(values + n, group, step: n, stride: 1, length: n)
        }
      }
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
    let ((values, vectors), (dvalues, dvectors)) = (eigenResults(y, n, isTracked: true), dy.eigenParts(n))
    guard dy.comesFromVectors else { return [vectors • dvalues.diagonalMatrix() • vectors.transposed()] }
    let groups = y.eigenGroups(n)
    let isEqual = EqualValues.mask(groups, x.shape, n)
    let gaps = values.unsqueezed(axis: -2) - values.unsqueezed(axis: -1)
    let turn = vectors.transposed() • dvectors
    let turns = (turn - turn.transposed()) * 0.5
    let inner = select(isEqual, 0, turns / select(isEqual, 1, gaps)) + dvalues.diagonalMatrix()
    let size = abs(vectors.detached).transposed() • abs(dvectors.detached)
    let remedy = "symmetricMatrixFunction has the gradient of v • diag(f(values)) • vᵀ, equal values or not"
    if !hasGradient(x, values, dvalues, inner, turns, size + size.transposed(), groups, "symmetricEigen", remedy) { return [nil] }
    return [vectors • inner • vectors.transposed()]
  }
}

/// Whether the gradient for vectors is right; a mistake if not.
private func hasGradient(
  _ x: Tensor, _ values: Tensor, _ slopes: Tensor, _ inner: Tensor, _ turns: Tensor, _ sizes: Tensor, _ groups: [[[Int]]],
  _ operation: String, _ remedy: String
) -> Bool {
  let n = x.shape[-1]
  let (values, slopes, inner, turns, sizes) = (values.doubles, slopes.doubles, inner.doubles, turns.doubles, sizes.doubles)
  if Context.current.hasFailed { return false }
  for matrix in groups.indices {
    let (row, square) = (matrix * n..<(matrix + 1) * n, matrix * n * n..<(matrix + 1) * n * n)
    let check = VectorCheck(
      dtype: x.dtype, values: values[row], slopes: slopes[row], inner: inner[square], turns: turns[square], sizes: sizes[square],
      groups: groups[matrix])
    if let problem = check.problem() {
      fail(TensorError(operation, check.message(problem, Tensor.matrixName(matrix, x.shape), "eigenvalues", remedy: remedy)), with: x)
      return false
    }
  }
  return true
}

/// Eigenvalues and vectors of any matrices whose eigenvalues are real, packed.
struct Eigen: Primitive {
  let hasVectors: Bool
  /// As with symmetric matrices.
  var isTracked = false
  var name: String { hasVectors ? "eigen" : "eigenvalues" }
  var keeps: Keeps { .output }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    try eigenSignature(x, hasVectors: hasVectors, isTracked: isTracked)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    x.dtype == .float32 ? try packed(x, result, Float.self) : try packed(x, result, Double.self)
  }

  private func packed<T: LAPACKElement>(_ x: Tensor, _ result: Signature, _ type: T.Type) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    if x.elementCount == 0 { return .zeros(result.shape, result.dtype) }
    let (n, out, size) = (x.shape[-1], y.numbers(type), result.shape[-1])
    let copy = try x.view(shape: x.shape, strides: x.strides.swappingLast(), offset: x.offset).contiguousCopy()
    let imaginary = try Tensor(uninitialized: Shape(Array(x.batchShape) + [n]), x.dtype)
    let (a, parts, order) = (copy.numbers(type), imaginary.numbers(type), Int32(n))
    try x.checkFinite(a)
    func decompose(_ i: Int, _ work: T.Numbers, size workSize: Int) -> Int32 {
      let values = out + i * size
      return T.geev(
        hasVectors ? LAPACK.with : LAPACK.without, order, a + i * n * n, order, values, parts + i * n, values + (hasVectors ? n : 0), order,
        work, Int32(workSize))
    }
    let workSize = LAPACK.size(type) { decompose(0, $0, size: -1) }
    let failure = try LAPACK.forEach(type, x.matrixCount, operations: 25 * n * n * n, numbers: workSize) { i, work, _ in
      decompose(i, work, size: workSize)
    }
    defer { withExtendedLifetime((copy, imaginary)) {} }
    if let failure { throw mistake("\(Tensor.matrixName(failure.matrix, x.shape)): the iteration did not converge") }
    for i in 0..<x.matrixCount * n where parts[i] != 0 {
      let real = out[i / n * size + i % n]
      throw mistake(
        "\(Tensor.matrixName(i / n, x.shape)) has the complex eigenvalues \(real) ± \(Swift.abs(parts[i]))i; only real ones would fit")
    }
    if isTracked {
      for i in 0..<x.matrixCount {
        let values = out + i * size
        values[size - 1] = 0
        for group in EqualValues.groups((0..<n).map { Double(values[$0]) }, x.dtype) {
          EqualValues.reflect(values + n, group, step: n, stride: 1, length: n)
          // These were not at right angles.
          for vector in group.map({ values + n + $0 * n }) {
            let length = (0..<n).reduce(0) { $0 + vector[$1] * vector[$1] }.squareRoot()
            if length > 0 { for k in 0..<n { vector[k] /= length } }
          }
        }
      }
    }
    return y
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let n = x.shape[-1]
    let ((values, vectors), (dvalues, dvectors)) = (eigenResults(y, n, isTracked: true), dy.eigenParts(n))
    let transpose = vectors.transposed()
    for (matrix, isDefective) in vectors.isNearlySingular.enumerated() where isDefective {
      fail(
        TensorError(
          "eigen", "\(Tensor.matrixName(matrix, x.shape)) has vectors that are nearly dependent, and its eigenvalues no gradient"), with: x)
      return [nil]
    }
    guard dy.comesFromVectors else { return [solve(transpose, dvalues.diagonalMatrix() • transpose)] }
    // Vectors have length 1: what would stretch them is taken off.
    let turn = transpose • dvectors
    let length = (transpose • vectors) * turn.diagonal().unsqueezed(axis: -2)
    let groups = y.eigenGroups(n)
    let isEqual = EqualValues.mask(groups, x.shape, n)
    let gaps = values.unsqueezed(axis: -2) - values.unsqueezed(axis: -1)
    // The diagonal of the difference is 0.
    let turns = turn - length
    let inner = select(isEqual, 0, turns / select(isEqual, 1, gaps)) + dvalues.diagonalMatrix()
    let size = abs(vectors.detached).transposed() • abs(dvectors.detached)
    let sizes = size + size.diagonal().unsqueezed(axis: -2)
    let remedy = "matrixPower, matrixExponential or inverse may do what is wanted without them"
    if !hasGradient(x, values, dvalues, inner, turns, sizes, groups, "eigen", remedy) { return [nil] }
    return [solve(transpose, inner • transpose)]
  }
}

/// Both kinds pack alike: for each matrix the values and, if wanted, the vectors, one after the other; and a number more for the gradient.
private func eigenSignature(_ x: Tensor, hasVectors: Bool, isTracked: Bool) throws(TensorError) -> Signature {
  try x.checkMatrices(isSquare: true)
  let n = x.shape[-1]
  return Signature(Shape(Array(x.batchShape) + [(hasVectors ? n + n * n : n) + (isTracked ? 1 : 0)]), x.dtype)
}

extension Tensor {
  /// What ``eigenSignature(_:hasVectors:isTracked:)`` packs: the values [..., n] and, by columns, the vectors [..., n, n].
  func eigenParts(_ n: Int) -> (values: Tensor, vectors: Tensor) { (unpacked(0, n), unpacked(n, n, n).transposed()) }

  /// The groups of equal values of each matrix, from what is packed.
  fileprivate func eigenGroups(_ n: Int) -> [[[Int]]] {
    let values = unpacked(0, n).doubles
    return Swift.stride(from: 0, to: values.count, by: Swift.max(1, n)).map { EqualValues.groups(values[$0..<$0 + n], dtype) }
  }

  /// Of each matrix of vectors whether half of its digits or more are lost in its inverse.
  fileprivate var isNearlySingular: [Bool] {
    (0..<matrixCount).map { i in
      let matrix = detached.reshaped(Shape([matrixCount] + Array(shape.suffix(2))))[i]
      let inverse: Tensor
      do throws(TensorError) {
        inverse = try Inverse().evaluate(matrix, try Inverse().result(matrix))
      } catch {
        // Without memory nothing is known of the vectors.
        if !error.message.contains("is singular") { fail(TensorError("eigen", error.message)) }
        return true
      }
      return !(inverse.squared.sum().item() * dtype.precision < 1)
    }
  }
}

/// What both kinds unpack to: the values and the vectors.
private func eigenResults(_ packed: Tensor, _ n: Int, isTracked: Bool) -> (values: Tensor, vectors: Tensor) {
  if Context.current.hasFailed { return (.placeholder, .placeholder) }
  guard isTracked else { return packed.eigenParts(n) }
  return (packed.unpacked(0, n), PackedVectors(start: n, rows: n, columns: n)(packed).transposed())
}

/// The eigenvalues [..., n], in ascending order, and eigenvectors, the columns of [..., n, n], of symmetric matrices [..., n, n].
///
/// x = vectors • diag(values) • vectorsᵀ. Only the lower triangle is read, or the upper one if told. Vectors have length 1 and are unique up to
/// their signs; those of equal values are any orthonormal ones of their space, and where a gradient is taken other ones than where not. NaN and
/// infinity are a mistake that names the matrix.
///
/// Derivative: the symmetric v·((vᵀ·dv − dvᵀ·v)/2(λⱼ − λᵢ) + diag(dλ))·vᵀ. Where eigenvalues are equal, to some 16 units in the last place, a
/// function of the values alone that treats them alike has that gradient too (of another it is a subgradient). A function of vectors has it if
/// the quotient's limit there is 0, as for a projection onto the space of all the equal values, or a function of other vectors. Otherwise, as
/// for v • diag(f(λ)) • vᵀ, the limit cannot be told from dλ and dv: that is a mistake, as are gaps so small that rounding would be more
/// than 1e-6 of the gradient (float32: 1e-3), which begins some 1e-9 (1e-4) of the values apart. ``symmetricMatrixFunction(_:_:)`` has the
/// gradients of all such functions, wherever the eigenvalues are. PyTorch: `linalg.eigh`.
public func symmetricEigen(_ x: Tensor, upper: Bool = false) -> (values: Tensor, vectors: Tensor) {
  if x.dtype.isHalf {
    let (values, vectors) = symmetricEigen(x.widened, upper: upper)
    return (values.cast(to: x.dtype), vectors.cast(to: x.dtype))
  }
  if x.isComplex { return complexEigen(x, isUpper: upper) }
  let isTracked = x.isTracked
  let packed = SymmetricEigen(isUpper: upper, hasVectors: true, isTracked: isTracked)(x)
  return eigenResults(packed, x.rank > 0 ? x.shape[-1] : 0, isTracked: isTracked)
}

/// The eigenvalues [..., n], in ascending order, of symmetric matrices [..., n, n], of which one triangle is read.
///
/// Without the vectors, unless a gradient needs them.
///
/// Derivative: v·diag(dy)·vᵀ, a subgradient where equal values have different dy; the second derivative of equal values is a mistake (see
/// ``symmetricEigen(_:upper:)``) unless it is a multiple of the identity. PyTorch: `linalg.eigvalsh`.
public func symmetricEigenvalues(_ x: Tensor, upper: Bool = false) -> Tensor {
  if x.isTracked || x.isComplex { return symmetricEigen(x, upper: upper).values }
  return SymmetricEigen(isUpper: upper, hasVectors: false)(x)
}

/// The eigenvalues [..., n] and eigenvectors, the columns of [..., n, n], of matrices [..., n, n] whose eigenvalues are real.
///
/// x • vectors = vectors • diag(values), in LAPACK's order; vectors have length 1. A matrix with complex eigenvalues is a mistake that names it
/// and the first pair.
///
/// Derivative: v⁻ᵀ·((vᵀ·dv − vᵀ·v·diag(vᵀ·dv))/(λⱼ − λᵢ) + diag(dλ))·vᵀ. What holds for equal and close eigenvalues of symmetric matrices
/// (``symmetricEigen(_:upper:)``) holds here. A matrix that is defective, or so nearly that the inverse of its vectors is larger than
/// 1/√precision, has no gradient, which is a mistake. PyTorch: `linalg.eig`, whose results are complex.
public func eigen(_ x: Tensor) -> (values: Tensor, vectors: Tensor) {
  if x.dtype.isHalf {
    let (values, vectors) = eigen(x.widened)
    return (values.cast(to: x.dtype), vectors.cast(to: x.dtype))
  }
  if x.isComplex { return complexEigen(x, isUpper: nil) }
  let isTracked = x.isTracked
  let packed = Eigen(hasVectors: true, isTracked: isTracked)(x)
  return eigenResults(packed, x.rank > 0 ? x.shape[-1] : 0, isTracked: isTracked)
}

/// The eigenvalues [..., n] of matrices [..., n, n] that have real ones only.
///
/// Without the vectors, unless a gradient needs them. PyTorch: `linalg.eigvals`, whose result is complex.
public func eigenvalues(_ x: Tensor) -> Tensor {
  if x.isTracked || x.isComplex { return eigen(x).values }
  return Eigen(hasVectors: false)(x)
}
