import RealModule

/// The matrix exponential of a batch of matrices.
struct MatrixExponential: Primitive {
  var name: String { "matrixExponential" }
  var keeps: Keeps { .inputs }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    try x.checkMatrices(isSquare: true)
    return Signature(x.shape, x.dtype)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    var constant = x
    constant.node = .none
    if x.elementCount == 0 { return constant.contiguousCopy() }
    let a = constant.cast(to: .float64)
    // Each matrix is halved until its 1-norm is below what the approximant is exact to the last bit for, and the result squared as often.
    let norms = abs(a).sum(axis: -2).max(axis: -1)
    let halvings: [Double] = norms.scalars(Double.self).map { norm in
      norm > 5.37 && norm.isFinite ? (Double.log(norm / 5.37) / Double.log(2)).rounded(.up) : 0
    }
    let counts = Tensor(halvings, shape: norms.shape).unsqueezed(axis: -1).unsqueezed(axis: -1)
    let unit = pow(0.5, counts)
    // Infinities make NaN, and no mistake of the solver.
    let isFinite = norms.isFinite.unsqueezed(axis: -1).unsqueezed(axis: -1)
    var y = `where`(isFinite, MatrixExponential.padé(`where`(isFinite, a * unit, 0)), Double.nan)
    for step in 0..<Int(halvings.max() ?? 0) { y = `where`(counts .> Double(step), y • y, y) }
    return y.cast(to: x.dtype)
  }

  /// The approximant of degree 13 over 13 (Higham 2005).
  private static func padé(_ a: Tensor) -> Tensor {
    let b: [Double] = [
      64_764_752_532_480_000, 32_382_376_266_240_000, 7_771_770_303_897_600, 1_187_353_796_428_800, 129_060_195_264_000, 10_559_470_521_600,
      670_442_572_800, 33_522_128_640, 1_323_241_920, 40_840_800, 960_960, 16_380, 182, 1,
    ]
    let one = Tensor.eye(a.shape[-1], nil, a.dtype)
    let a2 = a • a
    let a4 = a2 • a2
    let a6 = a4 • a2
    let odd = a • (a6 • (a6 * b[13] + a4 * b[11] + a2 * b[9]) + a6 * b[7] + a4 * b[5] + a2 * b[3] + one * b[1])
    let even = a6 • (a6 * b[12] + a4 * b[10] + a2 * b[8]) + a6 * b[6] + a4 * b[4] + a2 * b[2] + one * b[0]
    return solve(even - odd, even + odd)
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    // exp [xᵀ dy; 0 xᵀ] has the derivative of exp at xᵀ along dy in its corner (Mathias 1996).
    let n = x.shape[-1]
    let transpose = x.transposed()
    let top = concatenate([transpose, dy], axis: -1)
    let bottom = concatenate([.zeros(x.shape, x.dtype), transpose], axis: -1)
    return [MatrixExponential()(concatenate([top, bottom], axis: -2))[.ellipsis, 0..<n, n..<2 * n]]
  }
}

/// Σ xⁱ/i! of square matrices [..., n, n], by halving, a Padé approximant and squaring; computed in float64.
///
/// NaN and infinity give NaN.
///
/// Derivative: that of exp at xᵀ along dy, the corner of a matrix exponential of twice the size. PyTorch: `matrix_exp`.
public func matrixExponential(_ x: Tensor) -> Tensor { MatrixExponential()(x) }

/// x • x • … of square matrices [..., n, n], by repeated squaring; for a negative power of the inverse, for 0 the identity.
///
/// PyTorch: `linalg.matrix_power`.
public func matrixPower(_ x: Tensor, _ power: Int) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  guard x.rank >= 2, x.shape[-1] == x.shape[-2] else {
    fail(TensorError("matrixPower", "the matrices of \(x.shape) are not square; [..., n, n] would fit"))
    return .placeholder
  }
  if power == 0 { return Tensor.eye(x.shape[-1], nil, x.dtype).expanded(x.shape) }
  var square = power < 0 ? inverse(x) : x
  var rest = power.magnitude
  var result: Tensor?
  while true {
    if rest & 1 == 1 { result = result.map { $0 • square } ?? square }
    rest >>= 1
    if rest == 0 { return result ?? square }
    square = matmul(square, square)
  }
}
