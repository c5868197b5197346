import CKernels
import RealModule

// Mathematical functions: one line each, on tensors and, for use in `Elementwise` closures, on symbols.
// Derivatives are in Elementwise/Gradient.swift.

/// eˣ.
///
/// Derivative: dy·eˣ.
///
/// Accuracy: 1 ulp in float32, 2 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func exp(_ x: consuming Tensor) -> Tensor { mapped("exp", M.exp, x) }
/// eˣ, as a symbol.
public func exp(_ x: Symbol) -> Symbol { Symbol.exp(x) }
/// eˣ − 1, exact for small x.
///
/// Derivative: dy·eˣ.
///
/// Accuracy: 2 ulp in float32, 2 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func expm1(_ x: consuming Tensor) -> Tensor { mapped("expm1", M.expm1, x) }
/// eˣ − 1, as a symbol.
public func expm1(_ x: Symbol) -> Symbol { Symbol.expMinusOne(x) }
/// The natural logarithm; NaN below 0, −∞ at 0.
///
/// Derivative: dy/x.
///
/// Accuracy: 1 ulp in float32, 1 in float64.
/// Derivatives: the first 4 ulp, the second 8.
public func log(_ x: consuming Tensor) -> Tensor { mapped("log", M.log, x) }
/// The natural logarithm, as a symbol.
public func log(_ x: Symbol) -> Symbol { Symbol.log(x) }
/// 2ˣ, exact at integers.
///
/// Derivative: dy·2ˣ·log 2. PyTorch: `exp2`.
///
/// Accuracy: 1 ulp in float32, 2 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func exp2(_ x: consuming Tensor) -> Tensor { mapped("exp2", M.exp2, x) }
/// 2ˣ, as a symbol.
public func exp2(_ x: Symbol) -> Symbol { Symbol.unary(FX_EXP2, x) }
/// The logarithm to base 2, exact at powers of 2; NaN below 0, −∞ at 0.
///
/// Derivative: dy/(x·log 2). PyTorch: `log2`.
///
/// Accuracy: 1 ulp in float32, 1 in float64.
/// Derivatives: the first 4 ulp, the second 8.
public func log2(_ x: consuming Tensor) -> Tensor { mapped("log2", M.log2, x) }
/// The logarithm to base 2, as a symbol.
public func log2(_ x: Symbol) -> Symbol { Symbol.unary(FX_LOG2, x) }
/// The logarithm to base 10, exact at powers of 10; NaN below 0, −∞ at 0.
///
/// Derivative: dy/(x·log 10). PyTorch: `log10`.
///
/// Accuracy: 1 ulp in float32, 1 in float64.
/// Derivatives: the first 4 ulp, the second 8.
public func log10(_ x: consuming Tensor) -> Tensor { mapped("log10", M.log10, x) }
/// The logarithm to base 10, as a symbol.
public func log10(_ x: Symbol) -> Symbol { Symbol.unary(FX_LOG10, x) }
/// log(1 + x), exact for small x.
///
/// Derivative: dy/(1 + x).
///
/// Accuracy: 1 ulp in float32, 1 in float64.
/// Derivatives: the first 4 ulp, the second 8.
public func log1p(_ x: consuming Tensor) -> Tensor { mapped("log1p", M.log1p, x) }
/// log(1 + x), as a symbol.
public func log1p(_ x: Symbol) -> Symbol { Symbol.log(onePlus: x) }
/// √x; NaN below 0.
///
/// Derivative: dy/(2√x).
///
/// Accuracy: 1 ulp in float32, 1 in float64.
/// Derivatives: the first 4 ulp, the second 8.
public func sqrt(_ x: consuming Tensor) -> Tensor { mapped("sqrt", M.sqrt, x) }
/// √x, as a symbol.
public func sqrt(_ x: Symbol) -> Symbol { Symbol.sqrt(x) }
/// 1/√x.
///
/// Derivative: −dy·x^(−3/2)/2.
///
/// Accuracy: 2 ulp in float32, 2 in float64.
/// Derivatives: the first 8 ulp, the second 16.
public func rsqrt(_ x: consuming Tensor) -> Tensor { mapped("rsqrt", M.rsqrt, x) }
/// 1/√x, as a symbol.
public func rsqrt(_ x: Symbol) -> Symbol { Symbol.unary(FX_RSQRT, x) }
/// |x|.
///
/// Derivative: dy·sign x, 0 at 0.
public func abs(_ x: consuming Tensor) -> Tensor { mapped("abs", M.abs, x) }
/// |x|, as a symbol.
public func abs(_ x: Symbol) -> Symbol { Symbol.unary(FX_ABS, x) }
/// −1, 0 or 1; NaN stays NaN.
///
/// Derivative: 0.
public func sign(_ x: consuming Tensor) -> Tensor { mapped("sign", M.sign, x) }
/// −1, 0 or 1, as a symbol.
public func sign(_ x: Symbol) -> Symbol { Symbol.unary(FX_SIGN, x) }

/// The magnitude of x with the sign of y, broadcast together; that of −0 and of NaN too.
///
/// Derivative: dy, or −dy where the sign changed, 0 at x = 0; 0 for y. PyTorch: `copysign`.
public func copysign(_ x: Tensor, _ y: Tensor) -> Tensor { mapped("copysign", M.copysign, x, y) }
/// The magnitude of x with the sign of y, as a symbol.
public func copysign(_ x: Symbol, _ y: Symbol) -> Symbol { Symbol.binary(FX_COPYSIGN, x, y) }
/// 0 where x < 0, 1 where x > 0, and `y` at 0, broadcast together; NaN counts as negative.
///
/// Derivative: 0; dy for `y` at x = 0. PyTorch: `heaviside`.
public func heaviside(_ x: Tensor, atZero y: Tensor) -> Tensor { mapped("heaviside", M.heaviside, x, y) }

/// x + weight·(y − x): x at weight 0, y at 1, both exactly and whatever the other one is; the three broadcast together.
///
/// Where y − x is infinite it is (1 − weight)·x + weight·y: finite between ±3e38, and an infinity beside any number.
///
/// Derivative: dy·(1 − weight), dy·weight, dy·(y − x). PyTorch: `lerp`.
public func lerp(_ x: Tensor, _ y: Tensor, weight: Tensor) -> Tensor { mapped("lerp", M.lerp, x, y, weight) }
/// x + weight·(y − x) with one weight.
public func lerp(_ x: Tensor, _ y: Tensor, weight: Double) -> Tensor {
  mapped("lerp", M.lerpScalar, x, y, SIMD4(weight, 0, 0, 0))
}

/// xʸ, broadcast together.
///
/// Derivative: dy·y·xʸ⁻¹, dy·xʸ·log x (0 at x = 0, y ≥ 0).
///
/// Accuracy: 1 ulp in float32, 2 in float64.
/// Derivatives: the first 512 ulp, the second 1024, of 1 where they are smaller; the second's of its largest term.
public func pow(_ x: Tensor, _ y: Tensor) -> Tensor { mapped("pow", M.pow, x, y) }
/// xʸ, as a symbol.
public func pow(_ x: Symbol, _ y: Symbol) -> Symbol { Symbol.pow(x, y) }
/// xᵃ; squares, roots and reciprocals take their short ways.
///
/// Derivative: dy·a·xᵃ⁻¹.
public func pow<S: Scalar>(_ x: Tensor, _ exponent: S) -> Tensor {
  let a = exponent.double
  if x.dtype.isDifferentiable && !S.dtype.isComplex {
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
public func pow<S: Scalar>(_ base: S, _ x: consuming Tensor) -> Tensor { mapped("pow", M.scalarPow, x, scalar: base) }

extension Tensor {
  /// x².
  public var squared: Tensor { mapped("squared", M.square, self) }
}

/// The programs behind these functions.
private enum M {
  static let exp = Program.unary { Symbol.exp($0) }
  static let expm1 = Program.unary { Symbol.expMinusOne($0) }
  static let exp2 = Program.unary { Symbol.unary(FX_EXP2, $0) }
  static let log = Program.unary { Symbol.log($0) }
  static let log2 = Program.unary { Symbol.unary(FX_LOG2, $0) }
  static let log10 = Program.unary { Symbol.unary(FX_LOG10, $0) }
  static let log1p = Program.unary { Symbol.log(onePlus: $0) }
  static let sqrt = Program.unary { Symbol.sqrt($0) }
  static let rsqrt = Program.unary { Symbol.unary(FX_RSQRT, $0) }
  static let reciprocal = Program.unary { Symbol.unary(FX_RECIPROCAL, $0) }
  static let square = Program.unary { Symbol.unary(FX_SQUARE, $0) }
  static let cube = Program.unary { $0 * Symbol.unary(FX_SQUARE, $0) }
  static let abs = Program.unary { Symbol.unary(FX_ABS, $0) }
  static let sign = Program.unary { Symbol.unary(FX_SIGN, $0) }
  static let pow = Program.binary { Symbol.pow($0, $1) }
  static let powScalar = Program.scalar { Symbol.pow($0, $1) }
  static let scalarPow = Program.scalar { Symbol.pow($1, $0) }
  static let copysign = Program.binary { Symbol.binary(FX_COPYSIGN, $0, $1) }
  static let heaviside = Program.binary { Tensors.heaviside($0, atZero: $1) }
  static let lerp = Program.ternary { Tensors.lerp($0, $1, weight: $2) }
  static let lerpScalar = Program.binary { Tensors.lerp($0, $1, weight: Symbol(.scalar(0))) }
}
