import CKernels

/// The inverses of a batch of matrices.
struct Inverse: Primitive {
  var name: String { "inverse" }
  var keeps: Keeps { .output }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    try x.checkMatrices(isSquare: true)
    return Signature(x.shape, x.dtype)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    x.dtype == .float32 ? try inverse(x, Float.self) : try inverse(x, Double.self)
  }

  private func inverse<T: LAPACKElement>(_ x: Tensor, _ type: T.Type) throws(TensorError) -> Tensor {
    let n = x.shape[-1]
    if SmallSystems.suits(x.matrixCount, n) {
      let (operand, columns) = try (SmallSystems.Operand(x), try Tensor(uninitialized: x.shape, x.dtype))
      let failure = try SmallSystems.forEach(x.matrixCount, operations: SmallSystems.operations(n, 4 * n * n * n)) { first, count, infos in
        fx_small_inverse(
          x.dtype.code, count, n, operand.from(first), operand.step, operand.row, operand.column, columns.numbers(type) + first * n * n,
          infos)
      }
      if let failure { throw singular(failure, x.shape) }
      return columns.view(shape: x.shape, strides: columns.strides.swappingLast(), offset: 0)
    }
    let columns = try x.view(shape: x.shape, strides: x.strides.swappingLast(), offset: x.offset).contiguousCopy()
    let y = columns.view(shape: x.shape, strides: columns.strides.swappingLast(), offset: 0)
    if y.elementCount == 0 { return y }
    let a = columns.numbers(type)
    let size = LAPACK.size(type) { T.getri(Int32(n), a, Int32(n), UnsafeMutableRawPointer($0).assumingMemoryBound(to: Int32.self), $0, -1) }
    let failure = try LAPACK.forEach(type, x.matrixCount, operations: 2 * n * n * n, numbers: size, integers: n) {
      (i, work, pivots) throws(TensorError) in
      let a = a + i * n * n
      let info = try Blocked.lu(n, n, a, pivots)
      return info != 0 ? info : T.getri(Int32(n), a, Int32(n), pivots, work, Int32(size))
    }
    if let failure { throw singular(failure, x.shape) }
    return y
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let transpose = y.transposed()
    return [-(transpose • dy • transpose)]
  }
}

/// x⁻¹ of square matrices [..., n, n].
///
/// A singular matrix is a mistake that names it and its first pivot that is zero; a NaN gives NaN. To solve equations, ``solve(_:_:)`` is
/// faster and more exact.
///
/// Derivative: −x⁻ᵀ • dy • x⁻ᵀ. PyTorch: `linalg.inv`.
public func inverse(_ x: Tensor) -> Tensor { x.isComplex ? complexInverse(x) : Inverse()(x) }

/// The pseudoinverses of a batch of matrices.
struct PseudoInverse: Primitive {
  let relative: Double?
  let absolute: Double
  var name: String { "pseudoInverse" }
  var keeps: Keeps { .both }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    try x.checkMatrices()
    return Signature(x.shape.swappingLast(), x.dtype)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let (m, n) = (x.shape[-2], x.shape[-1])
    let k = Swift.min(m, n)
    if x.elementCount == 0 { return Tensor.zeros(result.shape, result.dtype) }
    let decomposition = SVD(kind: .reduced)
    var constant = x
    constant.node = .none
    let packed: Tensor
    do throws(TensorError) {
      packed = try decomposition.evaluate(constant, try decomposition.result(constant))
    } catch {
      throw mistake(error.message)
    }
    let (u, s, vt) = (packed.unpacked(0, m, k), packed.unpacked(m * k, k), packed.unpacked(m * k + k, k, n))
    let precision = x.dtype == .float32 ? Double(Float.ulpOfOne) : Double.ulpOfOne
    let relative = relative ?? (absolute > 0 ? 0 : Double(Swift.max(m, n)) * precision)
    let cutoff = maximum(s[.ellipsis, 0..<1] * relative, absolute)
    let reciprocals = select(s .> cutoff, 1 / s, 0)
    return vt.transposed() • (u * reciprocals.unsqueezed(axis: -2)).transposed()
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [PseudoInverse.slope(x, y, dy)]
  }

  /// The gradient for x of a function of its pseudoinverse y: Golub and Pereyra 1973.
  static func slope(_ x: Tensor, _ y: Tensor, _ dy: Tensor) -> Tensor {
    // −yᵀ·dy·yᵀ + (1 − x·y)·dyᵀ·y·yᵀ + yᵀ·y·dyᵀ·(1 − y·x); the last two are 0 for an invertible matrix.
    let (yt, dyt) = (y.adjoint(), dy.adjoint())
    // In the order in which what is between has the smaller of the two sizes.
    if x.shape[-2] >= x.shape[-1] {
      let first = dyt • (y • yt)
      let second = yt • (y • dyt)
      return first - x • (y • first) + second - second • (y • x) - yt • (dy • yt)
    }
    let first = (dyt • y) • yt
    let second = (yt • y) • dyt
    return first - (x • y) • first + second - (second • y) • x - (yt • dy) • yt
  }
}

/// The Moore–Penrose inverse [..., n, m] of matrices [..., m, n]: of a matrix of full rank the solution of least squares, (xᵀx)⁻¹ • xᵀ.
///
/// Singular values up to the larger of `relativeTolerance` times the largest one and `absoluteTolerance` count as zero; the relative
/// tolerance is the larger of m and n times the dtype's precision, unless one of the two is given.
///
/// Derivative: that of matrices of constant rank (Golub and Pereyra 1973). PyTorch: `linalg.pinv`.
public func pseudoInverse(_ x: Tensor, relativeTolerance: Double? = nil, absoluteTolerance: Double = 0) -> Tensor {
  guard Setting.nonNegative.holds(absoluteTolerance, "an absolute tolerance", "pseudoInverse"),
    Setting.nonNegative.holds(relativeTolerance ?? 0, "a relative tolerance", "pseudoInverse")
  else { return .placeholder }
  if x.isComplex { return ComplexPseudoInverse(relative: relativeTolerance, absolute: absoluteTolerance)(x) }
  return PseudoInverse(relative: relativeTolerance, absolute: absoluteTolerance)(x)
}

/// The condition number of square matrices: how many times larger a relative error of b may be in the solution of x • y = b.
///
/// In the 2-norm (the default) the largest singular value over the smallest, for any matrices; in the others the norms of x and x⁻¹ multiplied.
/// PyTorch: `linalg.cond`.
public func conditionNumber(_ x: Tensor, _ order: MatrixNorm = .two) -> Tensor {
  switch order {
  case .two, .minusTwo:
    let s = singularValues(x)
    if Context.current.hasFailed { return .placeholder }
    let (largest, smallest) = (s[.ellipsis, 0], s[.ellipsis, -1])
    return order == .two ? largest / smallest : smallest / largest
  default: return x.matrixNorm(order) * inverse(x).matrixNorm(order)
  }
}
