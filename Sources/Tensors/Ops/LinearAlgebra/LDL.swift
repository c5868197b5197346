/// L and D of symmetric matrices, one in the other, and the exchanges, packed: [..., n·n + n].
struct LDL: Primitive {
  /// Whether complex matrices are Hermitian, and not symmetric.
  var isHermitian = false
  var name: String { "ldlFactors" }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    try x.checkMatrices(isSquare: true)
    return Signature(Shape(Array(x.batchShape) + [x.shape[-1] * (x.shape[-1] + 1)]), x.dtype)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    switch x.dtype {
    case .float32: try packed(x, result, Float.self)
    case .complex64: try packedComplex(x, result, Float.self)
    case .complex128: try packedComplex(x, result, Double.self)
    default: try packed(x, result, Double.self)
    }
  }

  private func packed<T: LAPACKElement>(_ x: Tensor, _ result: Signature, _ type: T.Type) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    let n = x.shape[-1]
    if y.elementCount == 0 { return y }
    let columns = try x.view(shape: x.shape.swappingLast(), strides: x.strides.swappingLast(), offset: x.offset).contiguousCopy()
    let (a, out) = (columns.numbers(type), y.numbers(type))
    try x.checkFinite(a)
    let order = Int32(n)
    let size = LAPACK.size(type) { T.sytrf(LAPACK.lower, order, a, order, nil, $0, -1) }
    // A zero on D's diagonal is no mistake: there is a factorisation, only no inverse.
    _ = try LAPACK.forEach(type, x.matrixCount, operations: n * n * n / 3, numbers: size, integers: n) { i, work, integers in
      let (a, out) = (a + i * n * n, out + i * n * (n + 1))
      _ = T.sytrf(LAPACK.lower, order, a, order, integers, work, Int32(size))
      for row in 0..<n { for column in 0..<n { out[row * n + column] = column <= row ? a[column * n + row] : 0 } }
      for row in 0..<n { out[n * n + row] = T(integers[row]) }
      return 0
    }
    withExtendedLifetime(columns) {}
    return y
  }

  /// None is known: NaN, which cannot be taken for one.
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [.full(x.shape, Double.nan, x.dtype)] }
}

/// The factors of symmetric matrices [..., n, n], of which the lower triangle is read: x = p • l • d • lᵀ • pᵀ, by Bunch and Kaufman.
///
/// l has ones on its diagonal, d blocks of one and of two rows. As LAPACK packs them `factors` has d on the diagonal, and beside it within
/// a block of
/// two, and l below; `pivots` [..., n], int32, says what was exchanged, counted from 1 and negative for both rows of a block of two. It is
/// what
/// ``ldlSolve(_:pivots:_:)`` takes.
///
/// Derivative: none is known; NaN. PyTorch: `linalg.ldl_factor`.
/// Complex matrices are symmetric, too, or Hermitian if `isHermitian`: then x = p • l • d • lᴴ • pᵀ.
public func ldlFactors(_ x: Tensor, isHermitian: Bool = false) -> (factors: Tensor, pivots: Tensor) {
  if x.dtype.isHalf {
    let (factors, pivots) = ldlFactors(x.widened)
    return (factors.cast(to: x.dtype), pivots)
  }
  let packed = LDL(isHermitian: isHermitian)(x)
  if Context.current.hasFailed { return (.placeholder, .placeholder) }
  let n = x.shape[-1]
  return (packed.unpacked(0, n, n), packed.unpacked(n * n, n).detached.real.cast(to: .int32))
}

/// The x with a • x = b, from the LDL factors of a symmetric a.
///
/// The factors are what ``ldlFactors(_:)`` makes of a. b is [..., n, k] or [n]; batches broadcast together.
///
/// Derivative: that of its triangular systems, for b and for the factors. PyTorch: `linalg.ldl_solve`.
public func ldlSolve(_ factors: Tensor, pivots: Tensor, _ b: Tensor, isHermitian: Bool = false) -> Tensor {
  if let x = widened(factors, b) { return ldlSolve(x[0]!, pivots: pivots, x[1]!).cast(to: factors.dtype) }
  guard aligned("ldlSolve", factors, b) != nil else { return .placeholder }
  let pivots = pivots.integersOfLiteral
  let n = factors.shape[-1]
  guard pivots.shape == Shape(factors.shape.dropLast()), pivots.dtype.isInteger, factors.dtype.isDifferentiable else {
    let fitting = Shape(factors.shape.dropLast())
    fail(
      TensorError(
        "ldlSolve",
        "pivots of shape \(pivots.shape) and \(pivots.dtype) for factors of \(factors.shape) and \(factors.dtype); integers of \(fitting) would fit"
      ))
    return .placeholder
  }
  let order = BlockOrder()(pivots)
  if Context.current.hasFailed { return .placeholder }
  let p = LU.permutation(order.unpacked(0, n).cast(to: factors.dtype))
  let beside = order.unpacked(n * (n + 1), n).cast(to: factors.dtype)
  let below = factors.lowerTriangle(diagonal: -1)
  // Of a block of two the element below the diagonal is d's and not l's.
  let columns = below * beside.unsqueezed(axis: -2)
  let blocks = columns - columns.lowerTriangle(diagonal: -2)
  let l = (below - blocks).gather(order.unpacked(n, n, n), axis: -2).lowerTriangle(diagonal: -1)
  let d = factors.diagonal().diagonalMatrix() + blocks + (isHermitian ? blocks.adjoint() : blocks.transposed())
  let right = b.rank == 1 ? b.unsqueezed(axis: 1) : b
  let inner = solve(d, solveTriangular(l, p.transposed() • right, upper: false, unitDiagonal: true))
  let x = p • solveTriangular(isHermitian ? l.adjoint() : l.transposed(), inner, upper: true, unitDiagonal: true)
  return b.rank == 1 ? x.squeezed(axes: -1) : x
}

/// What LAPACK's exchanges of an LDL factorisation make: the order of rows [n], for each place of l the row it comes from [n, n], and
/// whether a block of two
/// begins at a column [n], packed: int64.
struct BlockOrder: NonDifferentiable {
  var name: String { "ldlSolve" }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    Signature(Shape(Array(x.shape.dropLast()) + [x.shape[-1] * (x.shape[-1] + 2)]), .int64)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, .int64)
    let out = y.pointer.assumingMemoryBound(to: Int64.self)
    let numbers = try x.detached.cast(to: .int64).ordered
    let pivots = numbers.pointer.assumingMemoryBound(to: Int64.self)
    let n = x.shape[-1]
    for i in 0..<numbers.elementCount / Swift.max(1, n) {
      let order = out + i * n * (n + 2)
      let (rows, pairs) = (order + n, order + n * (n + 1))
      for j in 0..<n {
        (order[j], pairs[j]) = (Int64(j), 0)
        for column in 0..<n { rows[j * n + column] = Int64(j) }
      }
      var k = 0
      while k < n {
        let pivot = pivots[i * n + k]
        let isPair = pivot < 0
        guard pivot != 0, pivot.magnitude <= UInt64(n), !isPair || k + 1 < n else {
          throw mistake("a pivot of \(pivot); ±1 to ±\(n) would fit")
        }
        let (row, other) = (isPair ? k + 1 : k, Int(pivot.magnitude) - 1)
        if isPair { pairs[k] = 1 }
        if row != other {
          (order[row], order[other]) = (order[other], order[row])
          // LAPACK leaves the columns before as they were.
          for column in 0..<k { (rows[row * n + column], rows[other * n + column]) = (rows[other * n + column], rows[row * n + column]) }
        }
        k += isPair ? 2 : 1
      }
    }
    withExtendedLifetime(numbers) {}
    return y
  }
}
