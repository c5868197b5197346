import CKernels

// Functions of probability: the normal distribution, incomplete gamma functions and Hurwitz's zeta function. Derivatives are in
// Elementwise/Gradient.swift, methods in CKernels/incomplete.h.

/// e^(x²)·erfc x, which stays a number where erfc has come to 0.
///
/// Derivative: dy·(2x·y − 2/√π). PyTorch: `special.erfcx`.
///
/// Accuracy: 1e-13 of the result in float64, 1 ulp in float32.
public func erfcScaled(_ x: consuming Tensor) -> Tensor { mapped("erfcScaled", D.erfcScaled, x) }
/// e^(x²)·erfc x, as a symbol.
public func erfcScaled(_ x: Symbol) -> Symbol { Symbol.unary(FX_ERFCX, x) }

/// Φ(x), the probability that a standard normal number is at most x.
///
/// Derivative: dy·e^(−x²/2)/√(2π). PyTorch: `special.ndtr`.
public func normalCDF(_ x: consuming Tensor) -> Tensor { mapped("normalCDF", D.normalCDF, x) }
/// Φ(x), as a symbol.
public func normalCDF(_ x: Symbol) -> Symbol { Symbol.unary(FX_NORMAL_CDF, x) }

/// log Φ(x), which stays a number where Φ has come to 0.
///
/// Derivative: dy·e^(−x²/2 − y)/√(2π). PyTorch: `special.log_ndtr`.
///
/// Accuracy: 1e-13 of the result in float64, 1 ulp in float32.
public func logNormalCDF(_ x: consuming Tensor) -> Tensor { mapped("logNormalCDF", D.logNormalCDF, x) }
/// log Φ(x), as a symbol.
public func logNormalCDF(_ x: Symbol) -> Symbol { Symbol.unary(FX_LOG_NORMAL_CDF, x) }

/// The x with Φ(x) = p; ∓∞ at 0 and 1, NaN beyond.
///
/// Derivative: dy·√(2π)·e^(y²/2). PyTorch: `special.ndtri`.
///
/// Accuracy: 1e-12 of the result in float64, 1 ulp in float32.
public func normalQuantile(_ p: consuming Tensor) -> Tensor { mapped("normalQuantile", D.normalQuantile, p) }
/// The x with Φ(x) = p, as a symbol.
public func normalQuantile(_ p: Symbol) -> Symbol { Symbol.unary(FX_NORMAL_QUANTILE, p) }

/// P(a, x) = 1/Γ(a)·∫₀ˣ tᵃ⁻¹e⁻ᵗ dt, the lower incomplete gamma function, regularised; a and x ≥ 0 broadcast together.
///
/// NaN where one is negative.
///
/// Derivative: dy·xᵃ⁻¹e⁻ˣ/Γ(a) for x; for a there is none, NaN. PyTorch: `igamma`, `special.gammainc`.
///
/// Accuracy: 1e-11 of the result, or of 1e-300, in float64; 1 ulp in float32.
public func gammaP(_ a: Tensor, _ x: Tensor) -> Tensor { mapped("gammaP", D.gammaP, a, x) }
/// P(a, x), as a symbol.
public func gammaP(_ a: Symbol, _ x: Symbol) -> Symbol { Symbol.binary(FX_GAMMA_LOWER, a, x) }

/// Q(a, x) = 1 − P(a, x), the upper incomplete gamma function, regularised; a and x ≥ 0 broadcast together.
///
/// NaN where one is negative.
///
/// Derivative: −dy·xᵃ⁻¹e⁻ˣ/Γ(a) for x; for a there is none, NaN. PyTorch: `igammac`, `special.gammaincc`.
///
/// Accuracy: 1e-11 of the result, or of 1e-300, in float64; 1 ulp in float32.
public func gammaQ(_ a: Tensor, _ x: Tensor) -> Tensor { mapped("gammaQ", D.gammaQ, a, x) }
/// Q(a, x), as a symbol.
public func gammaQ(_ a: Symbol, _ x: Symbol) -> Symbol { Symbol.binary(FX_GAMMA_UPPER, a, x) }

/// Hurwitz's zeta function Σ (q + k)⁻ˢ over k ≥ 0 for s > 1, broadcast together; of q = 1 Riemann's.
///
/// ∞ at s = 1 and at q = 0, −1, −2, …; NaN for a smaller s, and for another negative q unless s is an integer.
///
/// Derivative: −dy·s·zeta(s + 1, q) for q; for s there is none, NaN. PyTorch: `special.zeta`.
///
/// Accuracy: 1e-13 of the result in float64, 1 ulp in float32.
public func zeta(_ s: Tensor, _ q: Tensor) -> Tensor { mapped("zeta", D.zeta, s, q) }
/// Hurwitz's zeta function, as a symbol.
public func zeta(_ s: Symbol, _ q: Symbol) -> Symbol { Symbol.binary(FX_ZETA, s, q) }

/// The logarithm of the multivariate gamma function of dimension p: p(p − 1)/4·log π + Σ log |Γ(x − j/2)| over j < p.
///
/// Derivative: dy·Σ digamma(x − j/2). PyTorch: `mvlgamma`.
public func multivariateLogGamma(_ p: Int, _ x: Tensor) -> Tensor {
  guard p > 0 else {
    fail(TensorError("multivariateLogGamma", "dimension \(p); 1 or more would fit"))
    return .placeholder
  }
  let halves = Tensor.arange(p).cast(to: x.dtype.isFloatingPoint ? x.dtype : .float32) * 0.5
  if Context.current.hasFailed { return .placeholder }
  return logGamma(x.unsqueezed(axis: -1) - halves).sum(axis: -1) + Double(p) * Double(p - 1) / 4 * Double.log(.pi)
}

/// x·log(1 + y), and 0 where x is 0 and y is a number; broadcast together.
///
/// Derivative: dy·log(1 + y) (0 at x = 0), dy·x/(1 + y). PyTorch: `special.xlog1py`.
public func xLog1p(_ x: Tensor, _ y: Tensor) -> Tensor { mapped("xLog1p", D.xLog1p, x, y) }
/// x·log(1 + y), and 0 where x is 0, as a symbol.
public func xLog1p(_ x: Symbol, _ y: Symbol) -> Symbol {
  let isZero = (x .== 0) * (y .== y)
  return select(isZero, 0, x * log1p(select(isZero, 0, y)))
}

/// The programs behind these functions.
private enum D {
  static let erfcScaled = Program.unary { Tensors.erfcScaled($0) }
  static let normalCDF = Program.unary { Tensors.normalCDF($0) }
  static let logNormalCDF = Program.unary { Tensors.logNormalCDF($0) }
  static let normalQuantile = Program.unary { Tensors.normalQuantile($0) }
  static let gammaP = Program.binary { Tensors.gammaP($0, $1) }
  static let gammaQ = Program.binary { Tensors.gammaQ($0, $1) }
  static let zeta = Program.binary { Tensors.zeta($0, $1) }
  static let xLog1p = Program.binary { Tensors.xLog1p($0, $1) }
}
