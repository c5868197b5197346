import CKernels
import RealModule

// Special functions, on tensors and on symbols. Derivatives are in Elementwise/Gradient.swift.

/// The error function 2/√π ∫₀ˣ exp(−t²) dt.
///
/// Derivative: dy·2/√π·exp(−x²).
///
/// Accuracy: 1 ulp in float32, 2 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func erf(_ x: consuming Tensor) -> Tensor { mapped("erf", F.erf, x) }
/// The error function, as a symbol.
public func erf(_ x: Symbol) -> Symbol { Symbol.unary(FX_ERF, x) }
/// 1 − erf x, exact where erf x is near 1.
///
/// Derivative: −dy·2/√π·exp(−x²). PyTorch: `erfc`.
///
/// Accuracy: 3 ulp in float32, 3 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func erfc(_ x: consuming Tensor) -> Tensor { mapped("erfc", F.erfc, x) }
/// 1 − erf x, as a symbol.
public func erfc(_ x: Symbol) -> Symbol { Symbol.unary(FX_ERFC, x) }
/// The number whose error function is x; ±∞ at ±1, NaN beyond.
///
/// Derivative: dy·√π/2·exp(y²). PyTorch: `erfinv`.
///
/// Accuracy: 2 ulp in float32, 3 in float64.
/// Derivatives: the first 128 ulp, the second 512, of 1 where they are smaller.
public func erfInverse(_ x: consuming Tensor) -> Tensor { mapped("erfInverse", F.erfInverse, x) }
/// The number whose error function is x, as a symbol.
public func erfInverse(_ x: Symbol) -> Symbol { Symbol.unary(FX_ERFINV, x) }

/// log |Γ(x)|, which at x + 1 is the logarithm of x!; ∞ at 0 and the negative integers.
///
/// Derivative: dy·digamma x. PyTorch: `lgamma`.
///
/// Accuracy: 2 ulp in float32, 4 in float64.
/// Derivatives: the first 16 ulp, the second 16, of 1 where they are smaller.
public func logGamma(_ x: consuming Tensor) -> Tensor { mapped("logGamma", F.logGamma, x) }
/// log |Γ(x)|, as a symbol.
public func logGamma(_ x: Symbol) -> Symbol { Symbol.unary(FX_LGAMMA, x) }
/// ψ(x), the derivative of log Γ; ∓∞ at ±0, NaN at the negative integers.
///
/// Derivative: dy·polygamma(1, x). PyTorch: `digamma`.
///
/// Accuracy: 1 ulp in float32, 8 in float64, of 1 where the result is smaller.
/// Derivatives: the first 8 ulp, the second 128, of 1 where they are smaller.
public func digamma(_ x: consuming Tensor) -> Tensor { mapped("digamma", F.digamma, x) }
/// ψ(x), the derivative of log Γ, as a symbol.
public func digamma(_ x: Symbol) -> Symbol { Symbol.unary(FX_DIGAMMA, x) }
/// ψ⁽ⁿ⁾(x), the n-th derivative of ``digamma(_:)-(Tensor)``: (−1)ⁿ⁺¹·n!·Σ 1/(x + k)ⁿ⁺¹ over k ≥ 0.
///
/// Derivative: dy·polygamma(n + 1, x). PyTorch: `polygamma`.
///
/// Accuracy: of order 1 1 ulp in float32 and 8 in float64, of order 2 1 and 128, of 1 where the result is smaller.
public func polygamma(_ order: Int, _ x: Tensor) -> Tensor {
  guard order >= 0 else {
    fail(TensorError("polygamma", "order \(order); 0 or more would fit"))
    return .placeholder
  }
  return order == 0 ? mapped("polygamma", F.digamma, x) : mapped("polygamma", F.polygamma, x, SIMD4(Double(order), 0, 0, 0))
}
/// ψ⁽ⁿ⁾(x), the n-th derivative of digamma, as a symbol.
public func polygamma(_ order: Int, _ x: Symbol) -> Symbol {
  order == 0 ? digamma(x) : Symbol.binary(FX_POLYGAMMA, Symbol(Double(order)), x)
}

/// x·log y, and 0 where x is 0 and y is a number; broadcast together.
///
/// Derivative: dy·log y (0 at x = 0), dy·x/y. PyTorch: `xlogy`.
///
/// Accuracy: 2 ulp in float32, 2 in float64.
/// Derivatives: the first 4 ulp, the second 8.
public func xLogY(_ x: Tensor, _ y: Tensor) -> Tensor { mapped("xLogY", F.xLogY, x, y) }
/// log(x/(1 − x)), the inverse of ``sigmoid(_:)-(Tensor)``; NaN beyond 0…1.
///
/// Derivative: dy/(x·(1 − x)). PyTorch: `logit`.
///
/// Accuracy: 4 ulp in float32, 4 in float64, of 1 where the result is smaller.
/// Derivatives: the first 8 ulp, the second 64, of the second's 1 where it is smaller.
public func logit(_ x: consuming Tensor) -> Tensor { mapped("logit", F.logit, x) }
/// log(x/(1 − x)) of x taken into epsilon…1 − epsilon.
///
/// Derivative: dy/(x·(1 − x)), 0 where x was taken to a bound. PyTorch: `logit`.
public func logit(_ x: consuming Tensor, epsilon: Double) -> Tensor {
  guard Setting.fraction.holds(epsilon, "an epsilon", "logit") else { return .placeholder }
  return mapped("logit", F.boundedLogit, x, SIMD4(epsilon, 0, 0, 0))
}

/// log(eˣ + eʸ), broadcast together, without overflow.
///
/// Derivative: dy·sigmoid(x − y), dy·sigmoid(y − x). PyTorch: `logaddexp`.
///
/// Accuracy: 4 ulp in float32, 4 in float64, of 1 where the result is smaller.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func logAddExp(_ x: Tensor, _ y: Tensor) -> Tensor { mapped("logAddExp", F.logAddExp, x, y) }
/// log₂(2ˣ + 2ʸ), broadcast together, without overflow.
///
/// Derivative: dy·2ˣ/(2ˣ + 2ʸ), dy·2ʸ/(2ˣ + 2ʸ). PyTorch: `logaddexp2`.
///
/// Accuracy: 4 ulp in float32, 4 in float64, of 1 where the result is smaller.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func logAddExp2(_ x: Tensor, _ y: Tensor) -> Tensor { mapped("logAddExp2", F.logAddExp2, x, y) }

/// The programs behind these functions.
private enum F {
  static let erf = Program.unary { Tensors.erf($0) }
  static let erfc = Program.unary { Tensors.erfc($0) }
  static let erfInverse = Program.unary { Tensors.erfInverse($0) }
  static let logGamma = Program.unary { Tensors.logGamma($0) }
  static let digamma = Program.unary { Tensors.digamma($0) }
  static let polygamma = Program.scalar { Symbol.binary(FX_POLYGAMMA, $1, $0) }
  static let xLogY = Program.binary { Tensors.xLogY($0, $1) }
  static let logit = Program.unary { Tensors.logit($0) }
  static let boundedLogit = Program.scalar { x, epsilon in
    Tensors.logit(select(x .< epsilon, epsilon, select(x .> 1 - epsilon, 1 - epsilon, x)))
  }
  static let logAddExp = Program.binary { Tensors.logAddExp($0, $1) }
  static let logAddExp2 = Program.binary { Tensors.logAddExp2($0, $1) }
}
