/// L and U, one in the other, the order of rows, and the exchanges that make it, counted from 1, packed: [..., m·n + m + k].
struct LU: Primitive {
  var name: String { "lu" }
  var keeps: Keeps { .output }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    try x.checkMatrices()
    return Signature(Shape(Array(x.batchShape) + [x.shape[-2] * x.shape[-1] + x.shape[-2] + Swift.min(x.shape[-2], x.shape[-1])]), x.dtype)
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
    let (m, n) = (x.shape[-2], x.shape[-1])
    let columns = try x.view(shape: x.shape.swappingLast(), strides: x.strides.swappingLast(), offset: x.offset).contiguousCopy()
    let (a, out) = (columns.numbers(type), y.numbers(type))
    // A zero pivot is no mistake: there is a factorisation, only no inverse.
    _ = try LAPACK.forEach(type, x.matrixCount, operations: m * n * Swift.min(m, n), integers: 2 * m) {
      (i, _, integers) throws(TensorError) in
      let (a, out) = (a + i * m * n, out + i * (m * n + m + Swift.min(m, n)))
      if n > 0 && m > 0 { _ = try Blocked.lu(m, n, a, integers) }
      for row in 0..<m { for column in 0..<n { out[row * n + column] = a[column * m + row] } }
      // The exchanges, one after the other, as the order that they make.
      let order = integers + m
      for row in 0..<m { order[row] = Int32(row) }
      for row in 0..<Swift.min(m, n) {
        let other = Int(integers[row]) - 1
        (order[row], order[other]) = (order[other], order[row])
      }
      for row in 0..<m { out[m * n + row] = T(order[row]) }
      for row in 0..<Swift.min(m, n) { out[m * n + m + row] = n > 0 ? T(integers[row]) : 0 }
      return 0
    }
    withExtendedLifetime(columns) {}
    return y
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let (m, n) = (x.shape[-2], x.shape[-1])
    let k = Swift.min(m, n)
    let (lu, d) = (y.unpacked(0, m, n), dy.unpacked(0, m, n))
    // The square part x₁ = l₁·u₁ of the rows in order, and what lies below (l₂ = x₂·u₁⁻¹) or beside (u₂ = l₁⁻¹·x₂).
    let square = lu[.ellipsis, 0..<k, 0..<k]
    let (l, u) = (square.lowerTriangle(diagonal: -1) + Tensor.eye(k, nil, x.dtype), square.upperTriangle())
    let slope = d[.ellipsis, 0..<k, 0..<k]
    var lower = l.adjoint() • slope.lowerTriangle(diagonal: -1)
    var upper = slope.upperTriangle() • u.adjoint()
    var rest: Tensor?
    if m > n {
      let (l2, d2) = (lu[.ellipsis, k..<m, 0..<k], d[.ellipsis, k..<m, 0..<k])
      upper -= matmul(l2.adjoint(), d2)
      rest = solveTriangular(u, d2.adjoint(), upper: true).adjoint()
    } else if m < n {
      let (u2, d2) = (lu[.ellipsis, 0..<k, k..<n], d[.ellipsis, 0..<k, k..<n])
      lower -= matmul(d2, u2.adjoint())
      rest = solveTriangular(l.adjoint(), d2, upper: true, unitDiagonal: true)
    }
    let inner = lower.lowerTriangle(diagonal: -1) + upper.upperTriangle()
    let left = solveTriangular(l.adjoint(), inner, upper: true, unitDiagonal: true)
    var dx = solveTriangular(u, left.adjoint(), upper: true).adjoint()
    if let rest { dx = concatenate([dx, rest], axis: m > n ? -2 : -1) }
    return [LU.permutation(y.unpacked(m * n, m)) • dx]
  }

  /// The matrix that puts rows back to where they came from.
  static func permutation(_ order: Tensor) -> Tensor {
    let places = Tensor.arange(order.shape[-1]).unsqueezed(axis: 1).cast(to: order.dtype)
    return (places .== order.unsqueezed(axis: -2)).cast(to: order.dtype)
  }
}

/// The factors of matrices [..., m, n] with row exchanges: x = p • l • u.
///
/// p [..., m, m] is a permutation, l [..., m, k] lower triangular with ones on the diagonal, u [..., k, n] upper triangular, k the smaller of m
/// and n. A singular matrix has such factors too, with zeros on u's diagonal, and no derivative.
///
/// Derivative for square ones: p·l⁻ᵀ·(lower part of lᵀ·dl + upper part of du·uᵀ)·u⁻ᵀ; p is constant. PyTorch: `lu`, `linalg.lu`.
public func lu(_ x: Tensor) -> (p: Tensor, l: Tensor, u: Tensor) {
  if x.dtype.isHalf {
    let (p, l, u) = lu(x.widened)
    return (p.cast(to: x.dtype), l.cast(to: x.dtype), u.cast(to: x.dtype))
  }
  let packed = LU()(x)
  if Context.current.hasFailed { return (.placeholder, .placeholder, .placeholder) }
  let (m, n) = (x.shape[-2], x.shape[-1])
  let k = Swift.min(m, n)
  let factors = packed.unpacked(0, m, n)
  let l = factors[.ellipsis, 0..<m, 0..<k].lowerTriangle(diagonal: -1) + Tensor.eye(m, k, x.dtype)
  return (LU.permutation(packed.unpacked(m * n, m).detached), l, factors[.ellipsis, 0..<k, 0..<n].upperTriangle())
}
