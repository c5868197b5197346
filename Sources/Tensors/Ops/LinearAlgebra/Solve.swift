import CKernels

/// a⁻¹ • b for triangular matrices of equal batches.
struct SolveTriangular: Primitive {
  let isUpper: Bool
  let isUnit: Bool
  var name: String { "solveTriangular" }
  var keeps: Keeps { .both }

  func result(_ x: Pair) throws(TensorError) -> Signature {
    if x.a.dtype != x.b.dtype { throw mixedDTypes(x.a.dtype, x.b.dtype) }
    try x.a.checkMatrices(isSquare: true)
    return Signature(x.b.shape, x.b.dtype)
  }

  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    switch x.b.dtype {
    case .float32: try solution(x.a, x.b, Float.self)
    case .complex64: try complexSolution(x.a, x.b, Float.self)
    case .complex128: try complexSolution(x.a, x.b, Double.self)
    default: try solution(x.a, x.b, Double.self)
    }
  }

  private func solution<T: LAPACKElement>(_ a: Tensor, _ b: Tensor, _ type: T.Type) throws(TensorError) -> Tensor {
    let y = try b.contiguousCopy()
    if y.elementCount == 0 { return y }
    let (n, columns, out) = (y.shape[-2], y.shape[-1], y.numbers(type))
    if SmallSystems.suits(y.matrixCount, n) {
      let operand = try SmallSystems.Operand(a)
      _ = try SmallSystems.forEach(y.matrixCount, operations: SmallSystems.operations(n, n * n * columns)) { first, count, _ in
        fx_small_triangular(
          y.dtype.code, count, n, columns, self.isUpper ? 1 : 0, isUnit ? 1 : 0, operand.from(first), operand.step, operand.row,
          operand.column,
          out + first * n * columns)
      }
      return y
    }
    let a = try a.forBLAS
    guard let matrix = a.matrix else { return y }
    let size = a.dtype.byteCount
    // A stored transpose has its triangle on the other side.
    let isUpper = self.isUpper != matrix.isTransposed
    _ = try LAPACK.forEach(type, y.matrixCount, operations: n * n * columns) { i, _, _ in
      let a = (matrix.pointer + a.batchOffset(i) * size).assumingMemoryBound(to: type)
      T.trsm(
        false, isUpper, matrix.isTransposed, isUnit, Int32(n), Int32(columns), a, Int32(matrix.lead), out + i * n * columns, Int32(columns))
      return 0
    }
    withExtendedLifetime(a) {}
    return y
  }

  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let db = SolveTriangular(isUpper: !isUpper, isUnit: isUnit)(Pair(x.a.adjoint(), dy))
    if !needs[0] { return [nil, db] }
    let da = -(db • y.adjoint())
    return [isUpper ? da.upperTriangle(diagonal: isUnit ? 1 : 0) : da.lowerTriangle(diagonal: isUnit ? -1 : 0), db]
  }
}

/// The LU factors of a batch of square matrices and the order of rows, as ``Solve`` takes them: a constant.
struct Factors: Sendable {
  /// L and U by columns, one in the other.
  var lu: Tensor
  /// LAPACK's row exchanges: int32 [..., n].
  var pivots: Tensor

  /// Of the matrices of `x`, which may be singular if `isInvertible` is false; nil after a mistake, in `operation`'s name.
  init?(_ x: Tensor, _ operation: String, isInvertible: Bool = true) {
    guard
      let made = attempt({ () throws(TensorError) in
        do throws(TensorError) {
          try x.checkMatrices(isSquare: true)
          if x.isHollow || Context.current.isDry { return Factors(lu: x, pivots: x) }
          return x.dtype == .float32
            ? try Factors.made(x, isInvertible, Float.self) : try Factors.made(x, isInvertible, Double.self)
        } catch {
          throw TensorError(operation, error.message)
        }
      })
    else { return nil }
    self = made
  }

  private init(lu: Tensor, pivots: Tensor) {
    self.lu = lu
    self.pivots = pivots
  }

  private static func made<T: LAPACKElement>(_ x: Tensor, _ isInvertible: Bool, _ type: T.Type) throws(TensorError) -> Factors {
    let n = x.shape[-1]
    let pivots = try Tensor(uninitialized: Shape(x.shape.dropLast()), .int32)
    let exchanges = pivots.pointer.assumingMemoryBound(to: Int32.self)
    let lu: Tensor
    var failure: LAPACK.Failure?
    if SmallSystems.suits(x.matrixCount, n) {
      lu = try Tensor(uninitialized: x.shape, x.dtype)
      failure = try SmallSystems.lu(x, lu, exchanges)
    } else {
      lu = try x.view(shape: x.shape, strides: x.strides.swappingLast(), offset: x.offset).contiguousCopy()
      if lu.elementCount == 0 { return Factors(lu: lu, pivots: pivots) }
      let a = lu.numbers(type)
      failure = try LAPACK.forEach(type, lu.matrixCount, operations: 2 * n * n * n / 3) { (i, _, _) throws(TensorError) in
        try Blocked.lu(n, n, a + i * n * n, exchanges + i * n)
      }
    }
    if let failure, isInvertible { throw singular(failure, x.shape) }
    return Factors(lu: lu, pivots: pivots)
  }
}

/// a⁻¹ • b, or a⁻ᵀ • b, from a's factors.
struct Solve: Primitive {
  let factors: Factors
  let isTransposed: Bool
  var name: String { "solve" }
  var keeps: Keeps { .both }

  func result(_ x: Pair) throws(TensorError) -> Signature {
    if x.a.dtype != x.b.dtype { throw mixedDTypes(x.a.dtype, x.b.dtype) }
    return Signature(x.b.shape, x.b.dtype)
  }

  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    try x.b.dtype == .float32 ? solution(x.b, Float.self) : solution(x.b, Double.self)
  }

  private func solution<T: LAPACKElement>(_ b: Tensor, _ type: T.Type) throws(TensorError) -> Tensor {
    // By columns, as LAPACK wants it; the result is a view of that.
    let strides = b.strides.swappingLast()
    let shape = b.shape.swappingLast()
    let y = try b.view(shape: shape, strides: strides, offset: b.offset).contiguousCopy()
    let result = y.view(shape: b.shape, strides: y.strides.swappingLast(), offset: 0)
    if y.elementCount == 0 { return result }
    let (n, count, out) = (b.shape[-2], b.shape[-1], y.numbers(type))
    let (a, pivots) = (factors.lu.numbers(type), factors.pivots.pointer.assumingMemoryBound(to: Int32.self))
    let matrices = y.matrixCount
    if SmallSystems.suits(matrices, n) {
      _ = try SmallSystems.forEach(matrices, operations: SmallSystems.operations(n, 2 * n * n * count)) { first, group, _ in
        fx_small_solve(
          y.dtype.code, group, n, count, isTransposed ? 1 : 0, a + first * n * n, pivots + first * n, out + first * n * count)
      }
      return result
    }
    // Many right sides of one matrix are shared among threads, too.
    let parts = matrices == 1 ? Swift.min(16, Swift.max(1, count / 64)) : 1
    _ = try LAPACK.forEach(type, matrices * parts, operations: 2 * n * n * count / parts) { i, _, _ in
      let (matrix, part) = (i / parts, i % parts)
      let (from, to) = (count * part / parts, count * (part + 1) / parts)
      return T.getrs(
        isTransposed ? LAPACK.transposed : LAPACK.without, Int32(n), Int32(to - from), a + matrix * n * n, Int32(n), pivots + matrix * n,
        out + (matrix * count + from) * n, Int32(n))
    }
    return result
  }

  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let db = Solve(factors: factors, isTransposed: !isTransposed)(Pair(x.a, dy))
    if !needs[0] { return [nil, db] }
    return [isTransposed ? -(y • db.transposed()) : -(db • y.transposed()), db]
  }
}

extension Shape {
  /// The last two exchanged.
  func swappingLast() -> Shape {
    var result = self
    result[-1] = self[-2]
    result[-2] = self[-1]
    return result
  }
}

/// Both with their batches broadcast together, b as matrices, a's only where it is to be `wide`; nil after a mistake.
func aligned(_ operation: StaticString, _ a: Tensor, _ b: Tensor, wide: Bool = true) -> (Tensor, Tensor)? {
  if Context.current.hasFailed { return nil }
  if a.rank < 2 || a.shape[-1] != a.shape[-2] || b.rank == 0 {
    fail(TensorError("\(operation)", "a of shape \(a.shape) and b of \(b.shape); [..., n, n] and [..., n, k] or [n] would fit"))
    return nil
  }
  if b.rank == 1 { return aligned(operation, a, b.unsqueezed(axis: 1), wide: wide) }
  if a.shape[-1] != b.shape[-2] {
    fail(TensorError("\(operation)", "a of shape \(a.shape) and b of \(b.shape): \(a.shape[-1]) columns and \(b.shape[-2]) rows differ"))
    return nil
  }
  guard case .success(let batch) = a.batchShape.broadcast(with: b.batchShape) else {
    fail(
      TensorError(
        "\(operation)", "a of shape \(a.shape) and b of \(b.shape): batch axes \(a.batchShape) and \(b.batchShape) do not broadcast"))
    return nil
  }
  func expanded(_ t: Tensor) -> Tensor { t.expanded(Shape(Array(batch) + Array(t.shape.suffix(2)))) }
  return (wide ? expanded(a) : a, expanded(b))
}

/// The x with a • x = b, for square matrices a [..., n, n] and b [..., n, k], or a vector [n]; batches broadcast together.
///
/// A singular matrix is a mistake that names it and its first pivot that is zero; a NaN gives NaN. X • a = b is
/// `solve(a.transposed(), b.transposed()).transposed()`.
///
/// Derivative: a⁻ᵀ • dy for b, −(a⁻ᵀ • dy) • xᵀ for a, from the same LU factors. PyTorch: `linalg.solve`.
public func solve(_ a: Tensor, _ b: Tensor) -> Tensor {
  guard let (a, right) = aligned("solve", a, b, wide: false) else { return .placeholder }
  guard a.dtype == b.dtype else {
    var error = mixedDTypes(a.dtype, b.dtype)
    error.operation = "solve"
    fail(error)
    return .placeholder
  }
  // A matrix is factored once, however many of b's batch it is for.
  if right.batchShape != a.batchShape {
    let wide = a.expanded(Shape(Array(right.batchShape) + Array(a.shape.suffix(2))))
    guard a.batchShape.elementCount == 1 else { return solved(wide, right, b) }
    // One matrix for all: the right sides side by side.
    let axes = right.rank
    let order = [axes - 2] + Array(0..<axes - 2) + [axes - 1]
    let rows = right.permuted(order)
    let flat = rows.reshaped([right.shape[-2], right.shape.elementCount / Swift.max(1, right.shape[-2])])
    guard right.shape.elementCount > 0 else { return solved(wide, right, b) }
    let x = solved(a.reshaped(Shape(a.shape.suffix(2))), flat, flat).reshaped(rows.shape)
    let y = x.permuted(Array(1..<axes - 1) + [0, axes - 1])
    return b.rank == 1 ? y.squeezed(axes: -1) : y
  }
  return solved(a, right, b)
}

private func solved(_ a: Tensor, _ right: Tensor, _ b: Tensor) -> Tensor {
  if let x = widened(a, right, b) { return solved(x[0]!, x[1]!, x[2]!).cast(to: a.dtype) }
  if a.isComplex {
    let x = complexSolve(a, right)
    return b.rank == 1 ? x.squeezed(axes: -1) : x
  }
  guard let factors = Factors(a, "solve") else { return .placeholder }
  let x = Solve(factors: factors, isTransposed: false)(Pair(a, right))
  return b.rank == 1 ? x.squeezed(axes: -1) : x
}

/// The x with a • x = b for triangular a [..., n, n], of which only the named triangle is read, and b [..., n, k] or [n].
///
/// With `unitDiagonal` a's diagonal is taken for ones and not read. A zero on it gives infinities and NaN.
///
/// Derivative: a⁻ᵀ • dy for b, the triangle of −(a⁻ᵀ • dy) • xᵀ for a. PyTorch: `linalg.solve_triangular`.
public func solveTriangular(_ a: Tensor, _ b: Tensor, upper: Bool, unitDiagonal: Bool = false) -> Tensor {
  guard let (wide, right) = aligned("solveTriangular", a, b) else { return .placeholder }
  let x = SolveTriangular(isUpper: upper, isUnit: unitDiagonal)(Pair(wide, right))
  return b.rank == 1 ? x.squeezed(axes: -1) : x
}
