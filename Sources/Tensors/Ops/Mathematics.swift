import CKernels
import RealModule

// Mathematical functions: one line each, on tensors and, for use in `Elementwise` closures, on symbols.
// Derivatives are in Elementwise/Gradient.swift.

/// eˣ.
///
/// Derivative: dy·eˣ.
public func exp(_ x: Tensor) -> Tensor { mapped("exp", M.exp, x) }
/// eˣ, as a symbol.
public func exp(_ x: Symbol) -> Symbol { Symbol.exp(x) }
/// eˣ − 1, exact for small x.
///
/// Derivative: dy·eˣ.
public func expm1(_ x: Tensor) -> Tensor { mapped("expm1", M.expm1, x) }
/// eˣ − 1, as a symbol.
public func expm1(_ x: Symbol) -> Symbol { Symbol.expMinusOne(x) }
/// The natural logarithm; NaN below 0, −∞ at 0.
///
/// Derivative: dy/x.
public func log(_ x: Tensor) -> Tensor { mapped("log", M.log, x) }
/// The natural logarithm, as a symbol.
public func log(_ x: Symbol) -> Symbol { Symbol.log(x) }
/// log(1 + x), exact for small x.
///
/// Derivative: dy/(1 + x).
public func log1p(_ x: Tensor) -> Tensor { mapped("log1p", M.log1p, x) }
/// log(1 + x), as a symbol.
public func log1p(_ x: Symbol) -> Symbol { Symbol.log(onePlus: x) }
/// √x; NaN below 0.
///
/// Derivative: dy/(2√x).
public func sqrt(_ x: Tensor) -> Tensor { mapped("sqrt", M.sqrt, x) }
/// √x, as a symbol.
public func sqrt(_ x: Symbol) -> Symbol { Symbol.sqrt(x) }
/// 1/√x.
///
/// Derivative: −dy·x^(−3/2)/2.
public func rsqrt(_ x: Tensor) -> Tensor { mapped("rsqrt", M.rsqrt, x) }
/// 1/√x, as a symbol.
public func rsqrt(_ x: Symbol) -> Symbol { Symbol.unary(FX_RSQRT, x) }
/// The sine of x in radians.
///
/// Derivative: dy·cos x.
public func sin(_ x: Tensor) -> Tensor { mapped("sin", M.sin, x) }
/// The sine, as a symbol.
public func sin(_ x: Symbol) -> Symbol { Symbol.sin(x) }
/// The cosine of x in radians.
///
/// Derivative: −dy·sin x.
public func cos(_ x: Tensor) -> Tensor { mapped("cos", M.cos, x) }
/// The cosine, as a symbol.
public func cos(_ x: Symbol) -> Symbol { Symbol.cos(x) }
/// The hyperbolic tangent.
///
/// Derivative: dy·(1 − tanh² x).
public func tanh(_ x: Tensor) -> Tensor { mapped("tanh", M.tanh, x) }
/// The hyperbolic tangent, as a symbol.
public func tanh(_ x: Symbol) -> Symbol { Symbol.tanh(x) }
/// The error function 2/√π ∫₀ˣ exp(−t²) dt.
///
/// Derivative: dy·2/√π·exp(−x²).
public func erf(_ x: Tensor) -> Tensor { mapped("erf", M.erf, x) }
/// The error function, as a symbol.
public func erf(_ x: Symbol) -> Symbol { Symbol.unary(FX_ERF, x) }
/// |x|.
///
/// Derivative: dy·sign x, 0 at 0.
public func abs(_ x: Tensor) -> Tensor { mapped("abs", M.abs, x) }
/// |x|, as a symbol.
public func abs(_ x: Symbol) -> Symbol { Symbol.unary(FX_ABS, x) }
/// −1, 0 or 1; NaN stays NaN.
///
/// Derivative: 0.
public func sign(_ x: Tensor) -> Tensor { mapped("sign", M.sign, x) }
/// −1, 0 or 1, as a symbol.
public func sign(_ x: Symbol) -> Symbol { Symbol.unary(FX_SIGN, x) }

/// xʸ, broadcast together.
///
/// Derivative: dy·y·xʸ⁻¹, dy·xʸ·log x (0 at x = 0, y ≥ 0).
public func pow(_ x: Tensor, _ y: Tensor) -> Tensor { mapped("pow", M.pow, x, y) }
/// xʸ, as a symbol.
public func pow(_ x: Symbol, _ y: Symbol) -> Symbol { Symbol.pow(x, y) }
/// xᵃ; squares, roots and reciprocals take their short ways.
///
/// Derivative: dy·a·xᵃ⁻¹.
public func pow<S: Scalar>(_ x: Tensor, _ exponent: S) -> Tensor {
  let a = exponent.double
  if x.dtype.isFloatingPoint {
    if a == 2 { return mapped("pow", M.square, x) }
    if a == 0.5 { return mapped("pow", M.sqrt, x) }
    if a == 3 { return mapped("pow", M.cube, x) }
    if a == -1 { return mapped("pow", M.reciprocal, x) }
  }
  return mapped("pow", M.powScalar, x, scalar: exponent)
}
/// aˣ.
///
/// Derivative: dy·aˣ·log a.
public func pow<S: Scalar>(_ base: S, _ x: Tensor) -> Tensor { mapped("pow", M.scalarPow, x, scalar: base) }

/// The larger of the two, broadcast together; NaN if one is.
///
/// Derivative: dy to the larger, half to each where they are equal.
public func maximum(_ x: Tensor, _ y: Tensor) -> Tensor { mapped("maximum", M.maximum, x, y) }
/// The larger of element and number.
public func maximum<S: Scalar>(_ x: Tensor, _ a: S) -> Tensor { mapped("maximum", M.maximumScalar, x, scalar: a) }
/// The larger of the two, as a symbol.
public func maximum(_ x: Symbol, _ y: Symbol) -> Symbol { Symbol.binary(FX_MAX, x, y) }
/// The smaller of the two, broadcast together; NaN if one is.
///
/// Derivative: dy to the smaller, half to each where they are equal.
public func minimum(_ x: Tensor, _ y: Tensor) -> Tensor { mapped("minimum", M.minimum, x, y) }
/// The smaller of element and number.
public func minimum<S: Scalar>(_ x: Tensor, _ a: S) -> Tensor { mapped("minimum", M.minimumScalar, x, scalar: a) }
/// The smaller of the two, as a symbol.
public func minimum(_ x: Symbol, _ y: Symbol) -> Symbol { Symbol.binary(FX_MIN, x, y) }

extension Tensor {
  /// Each element, or the bound it lies beyond.
  ///
  /// Derivative: dy inside and on the bounds, 0 outside. PyTorch: `clamp`.
  public func clamped<S: Scalar>(min lower: S, max upper: S) -> Tensor {
    if !dtype.isFloatingPoint && !(admits(lower.double, "clamped") && admits(upper.double, "clamped")) { return .placeholder }
    return mapped("clamped", M.clamp, self, SIMD4(lower.double, upper.double, 0, 0))
  }
  /// Each element, at least `lower`.
  public func clamped<S: Scalar>(min lower: S) -> Tensor { mapped("clamped", M.clampMin, self, scalar: lower) }
  /// Each element, at most `upper`.
  public func clamped<S: Scalar>(max upper: S) -> Tensor { mapped("clamped", M.clampMax, self, scalar: upper) }

  /// x².
  public var squared: Tensor { mapped("squared", M.square, self) }
}

/// The programs behind these functions.
private enum M {
  static let exp = Program.unary { Symbol.exp($0) }
  static let expm1 = Program.unary { Symbol.expMinusOne($0) }
  static let log = Program.unary { Symbol.log($0) }
  static let log1p = Program.unary { Symbol.log(onePlus: $0) }
  static let sqrt = Program.unary { Symbol.sqrt($0) }
  static let rsqrt = Program.unary { Symbol.unary(FX_RSQRT, $0) }
  static let reciprocal = Program.unary { Symbol.unary(FX_RECIPROCAL, $0) }
  static let square = Program.unary { Symbol.unary(FX_SQUARE, $0) }
  static let cube = Program.unary { $0 * Symbol.unary(FX_SQUARE, $0) }
  static let sin = Program.unary { Symbol.sin($0) }
  static let cos = Program.unary { Symbol.cos($0) }
  static let tanh = Program.unary { Symbol.tanh($0) }
  static let erf = Program.unary { Symbol.unary(FX_ERF, $0) }
  static let abs = Program.unary { Symbol.unary(FX_ABS, $0) }
  static let sign = Program.unary { Symbol.unary(FX_SIGN, $0) }
  static let pow = Program.binary { Symbol.pow($0, $1) }
  static let powScalar = Program.scalar { Symbol.pow($0, $1) }
  static let scalarPow = Program.scalar { Symbol.pow($1, $0) }
  static let maximum = Program.binary { Symbol.binary(FX_MAX, $0, $1) }
  static let minimum = Program.binary { Symbol.binary(FX_MIN, $0, $1) }
  static let maximumScalar = Program.scalar { Symbol.binary(FX_MAX, $0, $1) }
  static let minimumScalar = Program.scalar { Symbol.binary(FX_MIN, $0, $1) }
  static let clampMin = Program.scalar { `where`($0 .< $1, $1, $0) }
  static let clampMax = Program.scalar { `where`($0 .> $1, $1, $0) }
  static let clamp: Program = {
    let (x, lower, upper) = (Symbol(.input(0)), Symbol(.scalar(0)), Symbol(.scalar(1)))
    // Of bounds that contradict each other the upper one counts, as in PyTorch.
    return Program(`where`(x .< lower, Symbol.binary(FX_MIN, lower, upper), `where`(x .> upper, upper, x)).node, inputCount: 1)
  }()
}
