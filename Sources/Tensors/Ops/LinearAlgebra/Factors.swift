// Factors as LAPACK packs them, for systems with many right sides that come one after the other.

/// The LU factors of matrices [..., m, n], one in the other, and the exchanges of rows: what ``luSolve(_:pivots:_:)`` takes.
///
/// `factors` [..., m, n] is u on and above the diagonal and l below it, whose ones are left out; `pivots` [..., k] says that row i was
/// exchanged with row
/// pivots[i], counted from 1: int32, k the smaller of m and n. ``lu(_:)`` gives the three matrices apart.
///
/// Derivative: of the factors as of `lu`. PyTorch: `linalg.lu_factor`.
public func luFactors(_ x: Tensor) -> (factors: Tensor, pivots: Tensor) {
  if x.dtype.isHalf {
    let (factors, pivots) = luFactors(x.widened)
    return (factors.cast(to: x.dtype), pivots)
  }
  let packed = LU()(x)
  if Context.current.hasFailed { return (.placeholder, .placeholder) }
  let (m, n) = (x.shape[-2], x.shape[-1])
  return (packed.unpacked(0, m, n), packed.unpacked(m * n + m, Swift.min(m, n)).detached.real.cast(to: .int32))
}

/// The matrices of LU factors: x = p • l • u, of what ``luFactors(_:)`` makes of x [..., m, n].
///
/// PyTorch: `lu_unpack`.
public func luUnpacked(_ factors: Tensor, pivots: Tensor) -> (p: Tensor, l: Tensor, u: Tensor) {
  if factors.dtype.isHalf {
    let (p, l, u) = luUnpacked(factors.widened, pivots: pivots)
    return (p.cast(to: factors.dtype), l.cast(to: factors.dtype), u.cast(to: factors.dtype))
  }
  guard let order = orderOfRows("luUnpacked", factors, pivots) else { return (.placeholder, .placeholder, .placeholder) }
  let (m, n) = (factors.shape[-2], factors.shape[-1])
  let k = Swift.min(m, n)
  let l = factors[.ellipsis, 0..<m, 0..<k].lowerTriangle(diagonal: -1) + Tensor.eye(m, k, factors.dtype)
  return (LU.permutation(order.cast(to: factors.dtype)), l, factors[.ellipsis, 0..<k, 0..<n].upperTriangle())
}

/// The x with a • x = b, from LU factors; with aᵀ, or aᴴ of a complex a, in place of a if `transposed`.
///
/// The factors are what ``luFactors(_:)`` makes of a. b is [..., n, k] or [n]; batches broadcast together.
///
/// Derivative: as of ``solveTriangular(_:_:upper:unitDiagonal:)``. PyTorch: `linalg.lu_solve`.
public func luSolve(_ factors: Tensor, pivots: Tensor, _ b: Tensor, transposed: Bool = false) -> Tensor {
  if let x = widened(factors, b) { return luSolve(x[0]!, pivots: pivots, x[1]!, transposed: transposed).cast(to: factors.dtype) }
  guard let order = orderOfRows("luSolve", factors, pivots), aligned("luSolve", factors, b) != nil else { return .placeholder }
  let p = LU.permutation(order.cast(to: factors.dtype))
  let right = b.rank == 1 ? b.unsqueezed(axis: 1) : b
  func solved() -> Tensor {
    if transposed {
      let inner = solveTriangular(factors.adjoint(), right, upper: false)
      return p • solveTriangular(factors.adjoint(), inner, upper: true, unitDiagonal: true)
    }
    return solveTriangular(factors, solveTriangular(factors, p.transposed() • right, upper: false, unitDiagonal: true), upper: true)
  }
  let x = solved()
  return b.rank == 1 ? x.squeezed(axes: -1) : x
}

/// The order of rows that exchanges make; nil after a mistake.
private func orderOfRows(_ name: String, _ factors: Tensor, _ pivots: Tensor) -> Tensor? {
  if Context.current.hasFailed { return nil }
  let pivots = pivots.integersOfLiteral
  let isFitting: Void? = attempt { () throws(TensorError) in
    func mistake(_ message: String) -> TensorError { TensorError(name, message) }
    if !factors.dtype.isDifferentiable { throw mistake("factors of \(factors.dtype); float32 or float64 would fit") }
    if factors.rank < 2 { throw mistake("factors of shape \(factors.shape); [..., m, n] would fit") }
    let fitting = Shape(Array(factors.batchShape) + [Swift.min(factors.shape[-2], factors.shape[-1])])
    if pivots.shape != fitting || !pivots.dtype.isInteger {
      throw mistake("pivots of shape \(pivots.shape) and \(pivots.dtype) for factors of \(factors.shape); integers of \(fitting) would fit")
    }
  }
  guard isFitting != nil else { return nil }
  return RowOrder(rows: factors.shape[-2])(pivots)
}

/// The order that exchanges make of rows 0, 1, …: [..., rows], int64.
struct RowOrder: NonDifferentiable {
  let rows: Int
  var name: String { "luUnpacked" }

  func result(_ x: Tensor) throws(TensorError) -> Signature { Signature(Shape(Array(x.shape.dropLast()) + [rows]), .int64) }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, .int64)
    let order = y.pointer.assumingMemoryBound(to: Int64.self)
    let numbers = try x.detached.cast(to: .int64).ordered
    let pivots = numbers.pointer.assumingMemoryBound(to: Int64.self)
    let k = x.shape[-1]
    for i in 0..<y.elementCount / Swift.max(1, rows) {
      let row = order + i * rows
      for j in 0..<rows { row[j] = Int64(j) }
      for j in 0..<k {
        let other = pivots[i * k + j]
        guard other >= 1 && other <= Int64(rows) else { throw mistake("a pivot of \(other); 1 to \(rows) would fit") }
        (row[j], row[Int(other) - 1]) = (row[Int(other) - 1], row[j])
      }
    }
    withExtendedLifetime(numbers) {}
    return y
  }
}

/// Reflections H₀·H₁⋯, Hᵢ = 1 − scaleᵢ·vᵢ·vᵢᵀ, multiplied with a matrix: Q • c, or c • Q if `fromRight`, with Qᵀ, or Qᴴ of complex ones, in place
/// of Q if `transposed`.
///
/// `reflections` [..., m, k] has the vectors below its diagonal, as LAPACK's `geqrf` leaves them: vᵢ is 0 above place i, 1 there, and then
/// column i. `scales`
/// is [..., k], c [..., m, n]. Without c the product is with the first k columns of the unit matrix, which makes Q's:
/// ``householderProduct(_:scales:)``.
///
/// Derivative: that of the products one after the other. PyTorch: `ormqr`.
public func householderProduct(
  _ reflections: Tensor, scales: Tensor, with c: Tensor, fromRight: Bool = false, transposed: Bool = false
) -> Tensor {
  if let x = widened(reflections, scales, c) {
    return householderProduct(x[0]!, scales: x[1]!, with: x[2]!, fromRight: fromRight, transposed: transposed).cast(to: reflections.dtype)
  }
  guard let count = reflectionCount(reflections, scales, c, fromRight) else { return .placeholder }
  // From the right it is the transpose of the transposed product from the left.
  if fromRight {
    return householderProduct(reflections, scales: scales, with: c.adjoint(), transposed: !transposed).adjoint()
  }
  let m = reflections.shape[-2]
  let vectors = reflections[.ellipsis, 0..<m, 0..<count].lowerTriangle(diagonal: -1) + Tensor.eye(m, count, reflections.dtype)
  var y = c
  let scales = transposed ? scales.conjugate() : scales
  for i in transposed ? Array(0..<count) : (0..<count).reversed() {
    let v = vectors[.ellipsis, 0..<m, i..<i + 1]
    y = y - scales[.ellipsis, i].unsqueezed(axis: -1).unsqueezed(axis: -1) * (v • (v.adjoint() • y))
  }
  return y
}

/// The first columns of the orthogonal matrix that reflections make, as many as `reflections` [..., m, n] has, n ≤ m.
///
/// PyTorch: `linalg.householder_product`, LAPACK's `orgqr`.
public func householderProduct(_ reflections: Tensor, scales: Tensor) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  if reflections.rank >= 2 && reflections.shape[-2] < reflections.shape[-1] {
    fail(TensorError("householderProduct", "reflections of shape \(reflections.shape); no more columns than rows would fit"))
    return .placeholder
  }
  let columns = reflections.rank < 2 ? Tensor.zeros([0, 0]) : Tensor.eye(reflections.shape[-2], reflections.shape[-1], reflections.dtype)
  let c = reflections.rank < 2 ? columns : columns.expanded(reflections.shape)
  return householderProduct(reflections, scales: scales, with: c)
}

private func reflectionCount(_ v: Tensor, _ scales: Tensor, _ c: Tensor, _ fromRight: Bool) -> Int? {
  if Context.current.hasFailed { return nil }
  return attempt { () throws(TensorError) in
    func mistake(_ message: String) -> TensorError { TensorError("householderProduct", message) }
    if v.rank < 2 || !v.dtype.isDifferentiable {
      throw mistake("reflections of shape \(v.shape) and \(v.dtype); floats [..., m, k] would fit")
    }
    if scales.rank != v.rank - 1 || scales.batchOfVectors != v.batchShape || scales.shape[-1] > Swift.min(v.shape[-2], v.shape[-1]) {
      throw mistake("scales of shape \(scales.shape) for reflections of \(v.shape); one for each of the first columns would fit")
    }
    if scales.dtype != v.dtype || c.dtype != v.dtype { throw mixedDTypes(v.dtype, scales.dtype == v.dtype ? c.dtype : scales.dtype) }
    if c.rank < 2 || c.shape[fromRight ? -1 : -2] != v.shape[-2] || c.batchShape != v.batchShape {
      throw mistake(
        "a matrix of shape \(c.shape) for reflections of \(v.shape); \(v.shape[-2]) \(fromRight ? "columns" : "rows") would fit")
    }
    return scales.shape[-1]
  }
}

extension Tensor {
  /// The axes before the vectors.
  fileprivate var batchOfVectors: Shape { Shape(shape.dropLast()) }
}

/// How many singular values of matrices [..., m, n] count as not zero: int64.
///
/// Those up to the larger of `relativeTolerance` times the largest one and `absoluteTolerance` count as zero; the relative tolerance is the
/// larger of m and n
/// times the dtype's precision, unless one of the two is given. PyTorch: `linalg.matrix_rank`.
public func matrixRank(_ x: Tensor, relativeTolerance: Double? = nil, absoluteTolerance: Double = 0) -> Tensor {
  guard Setting.nonNegative.holds(absoluteTolerance, "an absolute tolerance", "matrixRank"),
    Setting.nonNegative.holds(relativeTolerance ?? 0, "a relative tolerance", "matrixRank")
  else { return .placeholder }
  let s = singularValues(x.detached)
  if Context.current.hasFailed { return .placeholder }
  if s.elementCount == 0 { return .zeros(x.batchShape, .int64) }
  let precision = x.dtype.real != .float64 ? Double(Float.ulpOfOne) : Double.ulpOfOne
  let relative = relativeTolerance ?? (absoluteTolerance > 0 ? 0 : Double(Swift.max(x.shape[-2], x.shape[-1])) * precision)
  return (s .> maximum(s.max(axis: -1, keepDims: true) * relative, absoluteTolerance)).sum(axis: -1)
}
