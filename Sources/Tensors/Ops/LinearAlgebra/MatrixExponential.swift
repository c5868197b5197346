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
    if x.elementCount == 0 { return try constant.contiguousCopy() }
    let a = constant.cast(to: .float64)
    func spread(_ t: Tensor) -> Tensor { t.unsqueezed(axis: -1).unsqueezed(axis: -1) }
    let norms = try MatrixExponential.norm(a).made
    // Infinities make NaN, and no mistake of the solver.
    let isFinite = spread(norms.isFinite)
    let finite = try select(isFinite, a, 0).made
    let halvings = MatrixExponential.halvings(finite, norms.scalars(Double.self))
    let counts = spread(Tensor(halvings, shape: norms.shape))
    var scaled = try (finite * pow(0.5, counts)).made
    let kinds = MatrixExponential.triangles(finite)
    var y = kinds.exact(MatrixExponential.padé(scaled), scaled)
    // Of triangular matrices the diagonal and what is beside it are known at each step: squaring would lose their digits.
    for step in 0..<Int(halvings.max() ?? 0) {
      let isSquared = counts .> Double(step)
      scaled = select(isSquared, scaled * 2, scaled)
      y = select(isSquared, kinds.exact(y • y, scaled), y)
    }
    return select(isFinite, y, Double.nan).cast(to: x.dtype)
  }

  /// The largest sum of sizes over a column.
  private static func norm(_ a: Tensor) -> Tensor { abs(a).sum(axis: -2).max(axis: -1) }

  /// How often each matrix is halved, until the approximant is exact to the last bit for it (Al-Mohy and Higham 2009).
  ///
  /// Not the norm counts but what it is of powers, ‖aᵏ‖^(1/k): of a matrix far from normal these are smaller by far, and needless halving
  /// costs digits.
  private static func halvings(_ a: Tensor, _ norms: [Double]) -> [Double] {
    if norms.allSatisfy({ !($0 > 4.25) || !$0.isFinite }) { return norms.map { _ in 0 } }
    // Made small first, by powers of two, so that powers do not overflow.
    let exponents = norms.map { $0 > 0 && $0.isFinite ? Double(Swift.min($0.exponent, 1000)) : 0 }
    let b = a * pow(0.5, Tensor(exponents, shape: Shape(a.shape.dropLast(2)))).unsqueezed(axis: -1).unsqueezed(axis: -1)
    let b2 = b • b
    let b4 = b2 • b2
    let b6 = b4 • b2
    func roots(_ t: Tensor, _ power: Double) -> [Double] { norm(t).scalars(Double.self).map { Double.pow($0, 1 / power) } }
    let (d6, d8, d10) = (roots(b6, 6), roots(b4 • b4, 8), roots(b4 • b6, 10))
    if Context.current.hasFailed { return norms.map { _ in 0 } }
    // ‖|b|²⁷‖ in logarithms: the ones' row times |b|, 27 times over.
    let (sizes, first) = (abs(b), norm(b).scalars(Double.self))
    var row = Tensor.ones(Shape(Array(a.shape.dropLast(2)) + [1, a.shape[-1]]), .float64)
    var logarithms = norms.map { _ in 0.0 }
    for _ in 0..<27 {
      row = matmul(row, sizes)
      let largest = row.max(axis: -1, keepDims: true)
      for (i, value) in largest.scalars(Double.self).enumerated() {
        logarithms[i] += value > 0 ? Double.log(value) / Double.log(2) : -.infinity
      }
      row = row / select(largest .> 0, largest, 1)
    }
    if Context.current.hasFailed { return norms.map { _ in 0 } }
    return norms.indices.map { i in
      if !(norms[i] > 4.25) || !norms[i].isFinite { return 0 }
      let size = Swift.min(Swift.max(d6[i], d8[i]), Swift.max(d8[i], d10[i]))
      func log2(_ x: Double) -> Double { Double.log(x) / Double.log(2) }
      let s = size > 0 ? Swift.max(0, (log2(size / 4.25) + exponents[i]).rounded(.up)) : 0
      // The first term that the approximant's series is cut off at, for |b|: u = 2⁻⁵³ of it may be lost.
      let term = log2(8.83e-36) + logarithms[i] - log2(first[i]) + 26 * (exponents[i] - s)
      return s + (term.isFinite ? Swift.max(0, ((term + 53) / 26).rounded(.up)) : 0)
    }
  }

  /// Which matrices are triangular, and what is known of their exponentials.
  private struct Triangles {
    /// Masks of the triangular ones: the diagonal, the elements beside it, and those of the side that is zero.
    struct Masks { let diagonal, beside, zeros: Tensor }
    /// nil if there are none.
    let masks: Masks?

    func exact(_ y: Tensor, _ a: Tensor) -> Tensor {
      guard let masks else { return y }
      // The quotient (eᵃ − eᵇ)/(a − b), of the larger's power and their distance.
      let values = a.diagonal()
      let (row, column) = (values.unsqueezed(axis: -1), values.unsqueezed(axis: -2))
      let (largest, gap) = (maximum(row, column), abs(row - column))
      let isEqual = gap .== 0
      let quotient = exp(largest) * select(isEqual, 1, -expm1(-gap) / select(isEqual, 1, gap))
      let others = select(masks.beside, a * quotient, y)
      // The solver's row exchanges leave rounding errors where there is nothing.
      return select(masks.diagonal, exp(largest), select(masks.zeros .| (masks.beside .& (a .== 0)), 0, others))
    }
  }

  private static func triangles(_ a: Tensor) -> Triangles {
    let n = a.shape[-1]
    func isZero(_ t: Tensor) -> Tensor { abs(t).sum(axes: [-2, -1]) .== 0 }
    func spread(_ t: Tensor) -> Tensor { t.unsqueezed(axis: -1).unsqueezed(axis: -1) }
    let (isLower, isUpper) = (isZero(a.upperTriangle(diagonal: 1)), isZero(a.lowerTriangle(diagonal: -1)))
    guard (isLower .| isUpper).any().item(as: Bool.self) else { return Triangles(masks: nil) }
    let position = Tensor.arange(n)
    let offset = position - position.unsqueezed(axis: 1)
    let (lower, upper) = (spread(isLower), spread(isUpper))
    let isThat = lower .| upper
    return Triangles(
      masks: Triangles.Masks(
        diagonal: isThat .& (offset .== 0), beside: isThat .& (abs(offset) .== 1),
        zeros: (lower .& (offset .> 0)) .| (upper .& (offset .< 0))))
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
    if x.elementCount == 0 { return [dy] }
    // exp [xᵀ dy; 0 xᵀ] has the derivative of exp at xᵀ along dy in its corner (Mathias 1996).
    let n = x.shape[-1]
    let transpose = x.transposed()
    // It is linear in dy, which is brought to size 1: a large one would be halved in vain.
    let largest = abs(dy.detached).max(axes: [-2, -1], keepDims: true)
    let size = select((largest .> 0) .& largest.isFinite, largest, 1)
    let top = concatenate([transpose, dy / size], axis: -1)
    let bottom = concatenate([.zeros(x.shape, x.dtype), transpose], axis: -1)
    return [MatrixExponential()(concatenate([top, bottom], axis: -2))[.ellipsis, 0..<n, n..<2 * n] * size]
  }
}

/// Σ xⁱ/i! of square matrices [..., n, n], by halving, a Padé approximant and squaring; computed in float64.
///
/// How often it is halved depends on ‖xᵏ‖^(1/k) and not on the norm (Al-Mohy and Higham 2009), and of a triangular matrix the diagonal is
/// that of exponentials: exact too for matrices of large norm that are far from normal. NaN and infinity give NaN.
///
/// Derivative: that of exp at xᵀ along dy, the corner of a matrix exponential of twice the size. PyTorch: `matrix_exp`.
public func matrixExponential(_ x: Tensor) -> Tensor { MatrixExponential()(x) }

extension MatrixExponential: ComplexForm {
  /// That of [a −b; b a], which stands for a + i·b.
  func onComplex(_ x: Tensor) throws(TensorError) -> Tensor? {
    try x.checkMatrices(isSquare: true)
    let (a, b, n) = (x.real, x.imag, x.shape[-1])
    let whole = concatenate([concatenate([a, -b], axis: -1), concatenate([b, a], axis: -1)], axis: -2)
    let y = self(whole)
    return complex(y[.ellipsis, 0..<n, 0..<n], y[.ellipsis, n..<2 * n, 0..<n])
  }
}
