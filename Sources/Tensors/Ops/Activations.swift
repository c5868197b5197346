import CKernels
import RealModule

// Activation functions: programs, one line each, forward and backward fused for free. Each works on tensors and on symbols.

/// 1/(1 + e⁻ˣ).
///
/// Derivative: dy·y·(1 − y).
public func sigmoid(_ x: Tensor) -> Tensor { mapped("sigmoid", A.sigmoid, x) }
/// 1/(1 + e⁻ˣ), as a symbol.
public func sigmoid(_ x: Symbol) -> Symbol { Symbol.unary(FX_SIGMOID, x) }
/// ``sigmoid(_:)-(Tensor)``, as equations write it.
public func σ(_ x: Tensor) -> Tensor { sigmoid(x) }
/// ``sigmoid(_:)-(Symbol)``, as equations write it.
public func σ(_ x: Symbol) -> Symbol { sigmoid(x) }

/// max(x, 0); NaN stays NaN.
///
/// Derivative: dy where x > 0, else 0.
public func relu(_ x: Tensor) -> Tensor { mapped("relu", A.relu, x) }
/// max(x, 0), as a symbol.
public func relu(_ x: Symbol) -> Symbol { `where`(x .<= 0, 0, x) }

/// x where x > 0, else slope·x.
///
/// Derivative: dy or slope·dy. PyTorch: `leaky_relu`.
public func leakyRelu(_ x: Tensor, slope: Double = 0.01) -> Tensor { mapped("leakyRelu", A.leakyRelu, x, scalar: slope) }
/// x where x > 0, else slope·x, as a symbol.
public func leakyRelu(_ x: Symbol, slope: Symbol = 0.01) -> Symbol { `where`(x .<= 0, slope * x, x) }

/// x where x > 0, else alpha·(eˣ − 1).
///
/// Derivative: dy, or dy·alpha·eˣ.
public func elu(_ x: Tensor, alpha: Double = 1) -> Tensor { mapped("elu", A.elu, x, SIMD4(alpha, 0, 0, 0)) }
/// x where x > 0, else alpha·(eˣ − 1), as a symbol.
public func elu(_ x: Symbol, alpha: Symbol = 1) -> Symbol {
  // The exponential of the positive part is not wanted and must not overflow into a NaN of its derivative.
  `where`(x .<= 0, alpha * expm1(`where`(x .<= 0, x, 0)), x)
}

/// x·sigmoid(x), also called swish.
///
/// Derivative: dy·(s + x·s·(1 − s)).
public func silu(_ x: Tensor) -> Tensor { mapped("silu", A.silu, x) }
/// x·sigmoid(x), as a symbol.
public func silu(_ x: Symbol) -> Symbol { x * sigmoid(x) }

/// log(1 + eˣ), without overflow.
///
/// Derivative: dy·sigmoid(x).
public func softplus(_ x: Tensor) -> Tensor { mapped("softplus", A.softplus, x) }
/// log(1 + eˣ), as a symbol.
public func softplus(_ x: Symbol) -> Symbol {
  // −|x| chosen by the same comparison as relu: at 0 both take the left branch, whose derivatives of every order are softplus's own.
  relu(x) + log1p(exp(`where`(x .<= 0, x, -x)))
}

/// How ``gelu(_:approximation:)-(Tensor,_)`` computes the normal distribution's Φ.
public enum GELUApproximation: Sendable {
  /// Φ(x) by the error function.
  case none
  /// ½(1 + tanh(√(2/π)·(x + 0.044715·x³))), as GPT-2 has it.
  case tanh
}

/// x·Φ(x), Φ the normal distribution (Hendrycks and Gimpel 2016).
///
/// Derivative: dy·(Φ(x) + x·φ(x)).
public func gelu(_ x: Tensor, approximation: GELUApproximation) -> Tensor {
  mapped("gelu", approximation == .none ? A.gelu : A.geluTanh, x)
}
/// x·Φ(x), exact: as a layer, `activation: gelu`.
public func gelu(_ x: Tensor) -> Tensor { mapped("gelu", A.gelu, x) }
/// x·Φ(x), as a symbol.
public func gelu(_ x: Symbol, approximation: GELUApproximation = .none) -> Symbol {
  switch approximation {
  case .none: 0.5 * x * (1 + erf(x * Symbol(0.5.squareRoot())))
  case .tanh: 0.5 * x * (1 + tanh(Symbol((2 / Double.pi).squareRoot()) * (x + 0.044715 * (x * (x * x)))))
  }
}

/// The programs behind these functions.
private enum A {
  static let sigmoid = Program.unary { Tensors.sigmoid($0) }
  static let relu = Program.unary { Tensors.relu($0) }
  static let leakyRelu = Program.unary { Tensors.leakyRelu($0, slope: Symbol(.scalar(0))) }
  static let elu = Program.unary { Tensors.elu($0, alpha: Symbol(.scalar(0))) }
  static let silu = Program.unary { Tensors.silu($0) }
  static let softplus = Program.unary { Tensors.softplus($0) }
  static let gelu = Program.unary { Tensors.gelu($0) }
  static let geluTanh = Program.unary { Tensors.gelu($0, approximation: .tanh) }
}
