/// Q by columns and R by columns, packed.
struct QR: Primitive {
  let isComplete: Bool
  var name: String { "qr" }
  var keeps: Keeps { .output }

  /// The columns of Q.
  func width(_ x: Shape) -> Int { isComplete ? x[-2] : Swift.min(x[-2], x[-1]) }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    try x.checkMatrices()
    let k = width(x.shape)
    return Signature(Shape(Array(x.batchShape) + [k * (x.shape[-2] + x.shape[-1])]), x.dtype)
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
    if y.elementCount == 0 { return y }
    let (m, n, k) = (x.shape[-2], x.shape[-1], width(x.shape))
    let count = Swift.min(m, n)
    let columns = try x.view(shape: x.shape.swappingLast(), strides: x.strides.swappingLast(), offset: x.offset).contiguousCopy()
    let (a, out) = (columns.numbers(type), y.numbers(type))
    let (rows, wide, width, reflections) = (Int32(m), Int32(n), Int32(k), Int32(count))
    let lead = Swift.max(1, rows)
    let size = Swift.max(
      LAPACK.size(type) { T.geqrf(rows, wide, a, lead, $0, $0, -1) },
      LAPACK.size(type) { T.orgqr(rows, width, reflections, out, lead, $0, $0, -1) })
    _ = try LAPACK.forEach(type, x.matrixCount, operations: 4 * m * n * count, numbers: count + size) { i, work, _ in
      let (a, q) = (a + i * m * n, out + i * k * (m + n))
      let r = q + m * k
      let (scales, work) = (work, work + count)
      if count > 0 { _ = T.geqrf(rows, wide, a, lead, scales, work, Int32(size)) }
      for column in 0..<n {
        let filled = Swift.min(column + 1, k)
        (r + column * k).update(from: a + column * m, count: filled)
        (r + column * k + filled).update(repeating: 0, count: k - filled)
      }
      q.update(from: a, count: m * count)
      return T.orgqr(rows, width, reflections, q, lead, scales, work, Int32(size))
    }
    withExtendedLifetime(columns) {}
    return y
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    // Of the complete form only what the reduced one has is unique.
    let (m, n, k) = (x.shape[-2], x.shape[-1], width(x.shape))
    let count = Swift.min(m, n)
    func factors(_ t: Tensor) -> (q: Tensor, r: Tensor) {
      (
        t.unpacked(0, k, m)[.ellipsis, 0..<count, 0..<m].transposed(),
        t.unpacked(m * k, n, k)[.ellipsis, 0..<n, 0..<count].transposed()
      )
    }
    let ((q, r), (dq, dr)) = (factors(y), factors(dy))
    func square(_ dq: Tensor, _ r: Tensor, _ dr: Tensor) -> Tensor {
      let product = (dr • r.adjoint() - q.adjoint() • dq).upperTriangle()
      let above = product.upperTriangle(diagonal: 1)
      // The diagonal of a Hermitian matrix is real.
      let symmetric = (product.isComplex ? product.diagonal().real.cast(to: product.dtype).diagonalMatrix() + above : product) + above.adjoint()
      return solveTriangular(r, (dq + q • symmetric).adjoint(), upper: true).adjoint()
    }
    if m >= n { return [square(dq, r, dr)] }
    // x = q·[r₁ r₂]: the columns beyond the m-th have r₂ = qᵀ·x₂, which adds to q's gradient.
    let (r1, r2) = (r[.ellipsis, 0..<m, 0..<m], r[.ellipsis, 0..<m, m..<n])
    let (dr1, dr2) = (dr[.ellipsis, 0..<m, 0..<m], dr[.ellipsis, 0..<m, m..<n])
    return [concatenate([square(dq + q • (r2 • dr2.adjoint()), r1, dr1), q • dr2], axis: -1)]
  }
}

/// The factors of matrices [..., m, n] in q with orthonormal columns and upper triangular r: x = q • r.
///
/// q is [..., m, k] and r [..., k, n], with k the smaller of m and n, or m if `complete`: then q is a whole orthogonal matrix. The signs are
/// LAPACK's; r's diagonal may be negative.
///
/// Derivative: q of a wide x and r as they are unique; of a complete q the first n columns only. It needs the first k columns of x to be
/// independent. PyTorch: `linalg.qr`.
public func qr(_ x: Tensor, complete: Bool = false) -> (q: Tensor, r: Tensor) {
  if x.dtype.isHalf {
    let (q, r) = qr(x.widened, complete: complete)
    return (q.cast(to: x.dtype), r.cast(to: x.dtype))
  }
  let decomposition = QR(isComplete: complete)
  let packed = decomposition(x)
  if Context.current.hasFailed { return (.placeholder, .placeholder) }
  let (m, n, k) = (x.shape[-2], x.shape[-1], decomposition.width(x.shape))
  return (packed.unpacked(0, k, m).transposed(), packed.unpacked(m * k, n, k).transposed())
}
