import CKernels
import RealModule

// Circular and hyperbolic functions and their inverses, on tensors and on symbols. Derivatives are in Elementwise/Gradient.swift.

/// The sine of x in radians.
///
/// Derivative: dy·cos x.
///
/// Accuracy: 2 ulp in float32, 1 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func sin(_ x: consuming Tensor) -> Tensor { mapped("sin", T.sin, x) }
/// The sine, as a symbol.
public func sin(_ x: Symbol) -> Symbol { Symbol.sin(x) }
/// The cosine of x in radians.
///
/// Derivative: −dy·sin x.
///
/// Accuracy: 2 ulp in float32, 1 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func cos(_ x: consuming Tensor) -> Tensor { mapped("cos", T.cos, x) }
/// The cosine, as a symbol.
public func cos(_ x: Symbol) -> Symbol { Symbol.cos(x) }
/// The tangent of x in radians.
///
/// Derivative: dy·(1 + tan² x).
///
/// Accuracy: 3 ulp in float32, 2 in float64.
/// Derivatives: the first 6 ulp, the second 8, of 1 where they are smaller.
public func tan(_ x: consuming Tensor) -> Tensor { mapped("tan", T.tan, x) }
/// The tangent of x in radians, as a symbol.
public func tan(_ x: Symbol) -> Symbol { Symbol.tan(x) }
/// The angle in −π/2…π/2 whose sine is x; NaN beyond ±1.
///
/// Derivative: dy/√(1 − x²).
///
/// Accuracy: 3 ulp in float32, 1 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func asin(_ x: consuming Tensor) -> Tensor { mapped("asin", T.asin, x) }
/// The angle in −π/2…π/2 whose sine is x, as a symbol.
public func asin(_ x: Symbol) -> Symbol { Symbol.asin(x) }
/// The angle in 0…π whose cosine is x; NaN beyond ±1.
///
/// Derivative: −dy/√(1 − x²).
///
/// Accuracy: 2 ulp in float32, 1 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func acos(_ x: consuming Tensor) -> Tensor { mapped("acos", T.acos, x) }
/// The angle in 0…π whose cosine is x, as a symbol.
public func acos(_ x: Symbol) -> Symbol { Symbol.acos(x) }
/// The angle in −π/2…π/2 whose tangent is x.
///
/// Derivative: dy/(1 + x²).
///
/// Accuracy: 2 ulp in float32, 1 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func atan(_ x: consuming Tensor) -> Tensor { mapped("atan", T.atan, x) }
/// The angle in −π/2…π/2 whose tangent is x, as a symbol.
public func atan(_ x: Symbol) -> Symbol { Symbol.atan(x) }
/// The angle in −π…π of the point (x, y), broadcast together: atan(y/x) with the quadrant.
///
/// Derivative: dy·x/(x² + y²), −dy·y/(x² + y²), without overflow; 0 at the origin. PyTorch: `atan2`.
///
/// Accuracy: 2 ulp in float32, 1 in float64.
/// Derivatives: the first 4 ulp, the second 16.
public func atan2(_ y: Tensor, _ x: Tensor) -> Tensor { mapped("atan2", T.atan2, y, x) }
/// The angle of the point (x, y), as a symbol.
public func atan2(_ y: Symbol, _ x: Symbol) -> Symbol { Symbol.binary(FX_ATAN2, y, x) }
/// √(x² + y²), broadcast together, without overflow.
///
/// Derivative: dy·x/hypot, dy·y/hypot; 0 at the origin. PyTorch: `hypot`.
///
/// Accuracy: 1 ulp in float32, 1 in float64.
/// Derivatives: the first 4 ulp, the second 8.
public func hypot(_ x: Tensor, _ y: Tensor) -> Tensor { mapped("hypot", T.hypot, x, y) }
/// √(x² + y²), as a symbol.
public func hypot(_ x: Symbol, _ y: Symbol) -> Symbol { Symbol.binary(FX_HYPOT, x, y) }

/// The hyperbolic sine.
///
/// Derivative: dy·cosh x.
///
/// Accuracy: 2 ulp in float32, 2 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func sinh(_ x: consuming Tensor) -> Tensor { mapped("sinh", T.sinh, x) }
/// The hyperbolic sine, as a symbol.
public func sinh(_ x: Symbol) -> Symbol { Symbol.sinh(x) }
/// The hyperbolic cosine.
///
/// Derivative: dy·sinh x.
///
/// Accuracy: 2 ulp in float32, 2 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func cosh(_ x: consuming Tensor) -> Tensor { mapped("cosh", T.cosh, x) }
/// The hyperbolic cosine, as a symbol.
public func cosh(_ x: Symbol) -> Symbol { Symbol.cosh(x) }
/// The hyperbolic tangent.
///
/// Derivative: dy·(1 − tanh² x).
///
/// Accuracy: 2 ulp in float32, 2 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func tanh(_ x: consuming Tensor) -> Tensor { mapped("tanh", T.tanh, x) }
/// The hyperbolic tangent, as a symbol.
public func tanh(_ x: Symbol) -> Symbol { Symbol.tanh(x) }
/// The number whose hyperbolic sine is x.
///
/// Derivative: dy/√(x² + 1).
///
/// Accuracy: 1 ulp in float32, 2 in float64.
/// Derivatives: the first 4 ulp, the second 8.
public func asinh(_ x: consuming Tensor) -> Tensor { mapped("asinh", T.asinh, x) }
/// The number whose hyperbolic sine is x, as a symbol.
public func asinh(_ x: Symbol) -> Symbol { Symbol.asinh(x) }
/// The number ≥ 0 whose hyperbolic cosine is x; NaN below 1.
///
/// Derivative: dy/√(x² − 1).
///
/// Accuracy: 1 ulp in float32, 2 in float64.
/// Derivatives: the first 4 ulp, the second 8.
public func acosh(_ x: consuming Tensor) -> Tensor { mapped("acosh", T.acosh, x) }
/// The number ≥ 0 whose hyperbolic cosine is x, as a symbol.
public func acosh(_ x: Symbol) -> Symbol { Symbol.acosh(x) }
/// The number whose hyperbolic tangent is x; ±∞ at ±1, NaN beyond.
///
/// Derivative: dy/(1 − x²).
///
/// Accuracy: 1 ulp in float32, 2 in float64.
/// Derivatives: the first 4 ulp, the second 8, of the second's 1 where it is smaller.
public func atanh(_ x: consuming Tensor) -> Tensor { mapped("atanh", T.atanh, x) }
/// The number whose hyperbolic tangent is x, as a symbol.
public func atanh(_ x: Symbol) -> Symbol { Symbol.atanh(x) }

/// sin(πx)/(πx), 1 at 0 and exactly 0 at other integers.
///
/// Derivative: dy·(cos(πx) − sinc x)/x, 0 at 0; those of every order are exact near 0. PyTorch: `sinc`.
///
/// Accuracy: 3 ulp in float32, 2 in float64.
/// Derivatives: the first 16 ulp, the second 16, of 1 where they are smaller.
public func sinc(_ x: consuming Tensor) -> Tensor { mapped("sinc", T.sinc, x) }
/// sin(πx)/(πx), as a symbol.
public func sinc(_ x: Symbol) -> Symbol { Symbol.binary(FX_SINC, 0, x) }

/// The programs behind these functions.
private enum T {
  static let sin = Program.unary { Symbol.sin($0) }
  static let cos = Program.unary { Symbol.cos($0) }
  static let tan = Program.unary { Symbol.tan($0) }
  static let asin = Program.unary { Symbol.asin($0) }
  static let acos = Program.unary { Symbol.acos($0) }
  static let atan = Program.unary { Symbol.atan($0) }
  static let sinh = Program.unary { Symbol.sinh($0) }
  static let cosh = Program.unary { Symbol.cosh($0) }
  static let tanh = Program.unary { Symbol.tanh($0) }
  static let asinh = Program.unary { Symbol.asinh($0) }
  static let acosh = Program.unary { Symbol.acosh($0) }
  static let atanh = Program.unary { Symbol.atanh($0) }
  static let atan2 = Program.binary { Symbol.binary(FX_ATAN2, $0, $1) }
  static let hypot = Program.binary { Symbol.binary(FX_HYPOT, $0, $1) }
  static let sinc = Program.unary { Tensors.sinc($0) }
}
