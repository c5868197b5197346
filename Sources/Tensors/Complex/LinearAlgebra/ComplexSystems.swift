// Systems of complex equations, inverses and determinants, from the LU factors.

/// The x with a • x = b, of equal batches.
func complexSolve(_ a: Tensor, _ b: Tensor) -> Tensor { solve(a, "solve") { $0 • b } }

func complexInverse(_ x: Tensor) -> Tensor {
  guard attempt("inverse", { () throws(TensorError) in try x.checkMatrices(isSquare: true) }) != nil else { return .placeholder }
  return solve(x, "inverse") { $0 }
}

/// The solution by the LU factors, of what the inverse of the row exchanges makes of the right side.
private func solve(_ a: Tensor, _ operation: String, _ right: (Tensor) -> Tensor) -> Tensor {
  let (p, l, u) = lu(a)
  guard !Context.current.hasFailed, isInvertible(u, operation) else { return .placeholder }
  return solveTriangular(u, solveTriangular(l, right(p.transposed()), upper: false, unitDiagonal: true), upper: true)
}

/// Whether no pivot is 0; a mistake if one is.
private func isInvertible(_ u: Tensor, _ operation: String) -> Bool {
  if Context.current.isDry || u.elementCount == 0 { return true }
  let n = u.shape[-1]
  guard let place = [Bool](u.detached.diagonal() .== 0).firstIndex(of: true) else { return true }
  var error = singular(LAPACK.Failure(matrix: place / n, info: place % n + 1), u.shape)
  error.operation = operation
  fail(error)
  return false
}

/// The determinant of complex matrices.
struct ComplexDeterminant: Primitive, ComplexForm {
  var name: String { "determinant" }
  var keeps: Keeps { .both }

  func onComplex(_ x: Tensor) -> Tensor? { nil }
  func result(_ x: Tensor) throws(TensorError) -> Signature {
    try x.checkMatrices(isSquare: true)
    return Signature(x.batchShape, x.dtype)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let factors = try lu(x.detached).u.made
    return try (factors.diagonal().prod(axis: -1) * parity(of: x)).made
  }

  /// 1, or −1 where an odd number of rows was exchanged.
  private func parity(of x: Tensor) -> Tensor { determinant(lu(x.detached).p.real).cast(to: x.dtype) }

  /// dy·conj det x·x⁻ᴴ; of a singular matrix its cofactors, from the singular values.
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    func spread(_ t: Tensor) -> Tensor { t.unsqueezed(axis: -1).unsqueezed(axis: -1) }
    guard (y.detached .== 0).any().item(as: Bool.self) else { return [spread(dy * y.conjugate()) * complexInverse(x).adjoint()] }
    let (u, s, vt) = svd(x.detached)
    let isSame = Tensor.eye(s.shape[-1], nil, s.dtype) .!= 0
    let others = select(isSame, 1, s.unsqueezed(axis: -2)).prod(axis: -1).cast(to: x.dtype)
    let phase = complexDeterminant(u) * complexDeterminant(vt)
    return [spread(dy * phase.conjugate()) * ((u * others.unsqueezed(axis: -2)) • vt)]
  }
}

func complexDeterminant(_ x: Tensor) -> Tensor { ComplexDeterminant()(x) }

/// The determinant over its absolute value, and that one's logarithm.
func complexLogDeterminant(_ x: Tensor) -> (sign: Tensor, logarithm: Tensor) {
  guard attempt("logDeterminant", { () throws(TensorError) in try x.checkMatrices(isSquare: true) }) != nil else {
    return (.placeholder, .placeholder)
  }
  let (p, _, u) = lu(x)
  if Context.current.hasFailed { return (.placeholder, .placeholder) }
  let pivots = u.diagonal()
  return (sign(pivots).prod(axis: -1) * determinant(p.real).cast(to: x.dtype), log(abs(pivots)).sum(axis: -1))
}

/// The pseudoinverse of complex matrices; see ``pseudoInverse(_:relativeTolerance:absoluteTolerance:)``.
struct ComplexPseudoInverse: Primitive, ComplexForm {
  let relative: Double?
  let absolute: Double
  var name: String { "pseudoInverse" }
  var keeps: Keeps { .both }

  func onComplex(_ x: Tensor) -> Tensor? { nil }
  func result(_ x: Tensor) throws(TensorError) -> Signature {
    try x.checkMatrices()
    return Signature(x.shape.swappingLast(), x.dtype)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    if x.elementCount == 0 { return .zeros(result.shape, result.dtype) }
    let (u, s, vt) = svd(x.detached)
    let precision = x.dtype == .complex64 ? Double(Float.ulpOfOne) : Double.ulpOfOne
    let relative = relative ?? (absolute > 0 ? 0 : Double(Swift.max(x.shape[-2], x.shape[-1])) * precision)
    let cutoff = maximum(try s.made[.ellipsis, 0..<1] * relative, absolute)
    let reciprocals = select(s .> cutoff, 1 / s, 0).cast(to: x.dtype)
    return try (vt.adjoint() • (u * reciprocals.unsqueezed(axis: -2)).adjoint()).made
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [PseudoInverse.slope(x, y, dy)] }
}
