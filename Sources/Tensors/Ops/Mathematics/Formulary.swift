import CKernels

// The formulary: each composite element-wise function of the library as its formula, for `Elementwise` closures, and for the function of the
// same name on tensors, which is a program of it: forward and backward one fused pass each. What each computes is told at that function.

// MARK: - Activations

/// max(x, 0), as a symbol.
public func relu(_ x: Symbol) -> Symbol { select(x .<= 0, 0, x) }
/// x where x > 0, else slope·x, as a symbol.
public func leakyRelu(_ x: Symbol, slope: Symbol) -> Symbol { select(x .<= 0, slope * x, x) }
/// With slope 0.01, as a symbol.
public func leakyRelu(_ x: Symbol) -> Symbol { leakyRelu(x, slope: 0.01) }
/// x where x > 0, else alpha·(eˣ − 1), as a symbol.
public func elu(_ x: Symbol, alpha: Symbol) -> Symbol {
  // The exponential of the positive part is not wanted and must not overflow into a NaN of its derivative.
  select(x .<= 0, alpha * expm1(select(x .<= 0, x, 0)), x)
}
/// With alpha 1, as a symbol.
public func elu(_ x: Symbol) -> Symbol { elu(x, alpha: 1) }
/// x where x > 0, else alpha·(exp(x/alpha) − 1), as a symbol.
public func celu(_ x: Symbol, alpha: Symbol) -> Symbol {
  select(x .<= 0, alpha * expm1(select(x .<= 0, x, 0) / alpha), x)
}
/// With alpha 1, as a symbol.
public func celu(_ x: Symbol) -> Symbol { celu(x, alpha: 1) }
/// 1.0507·elu(x, alpha: 1.67326), as a symbol.
public func selu(_ x: Symbol) -> Symbol { 1.0507009873554805 * elu(x, alpha: 1.6732632423543772) }
/// x·sigmoid(x), as a symbol.
public func silu(_ x: Symbol) -> Symbol { x * sigmoid(x) }
/// log(1 + eˣ), as a symbol.
public func softplus(_ x: Symbol) -> Symbol { Symbol.unary(FX_SOFTPLUS, x) }
/// log sigmoid(x), as a symbol.
public func logSigmoid(_ x: Symbol) -> Symbol { -softplus(-x) }
/// x·tanh(softplus(x)), as a symbol.
public func mish(_ x: Symbol) -> Symbol { x * tanh(softplus(x)) }
/// x·Φ(x), as a symbol.
public func gelu(_ x: Symbol) -> Symbol { gelu(x, approximation: .none) }
/// x·Φ(x), or its approximation, as a symbol.
public func gelu(_ x: Symbol, approximation: GELUApproximation) -> Symbol {
  switch approximation {
  case .none: x * Symbol.unary(FX_NORMAL_CDF, x)
  case .tanh: 0.5 * x * (1 + tanh(Symbol((2 / Double.pi).squareRoot()) * (x + 0.044715 * (x * (x * x)))))
  }
}
/// The nearest number in `lower`…`upper`, as a symbol.
public func hardTanh(_ x: Symbol, min lower: Symbol = -1, max upper: Symbol = 1) -> Symbol {
  select(x .<= lower, lower, select(x .>= upper, upper, x))
}
/// Between −1 and 1, as a symbol.
public func hardTanh(_ x: Symbol) -> Symbol { hardTanh(x, min: -1, max: 1) }
/// min(max(x, 0), 6), as a symbol.
public func relu6(_ x: Symbol) -> Symbol { hardTanh(x, min: 0, max: 6) }
/// relu6(x + 3)/6, as a symbol.
public func hardSigmoid(_ x: Symbol) -> Symbol { relu6(x + 3) / 6 }
/// x·relu6(x + 3)/6, as a symbol.
public func hardSwish(_ x: Symbol) -> Symbol { Symbol.unary(FX_HARD_SWISH, x) }
/// x, but 0 within ±lambda, as a symbol.
public func hardShrink(_ x: Symbol, lambda: Symbol) -> Symbol { select((x .>= -lambda) * (x .<= lambda), 0, x) }
/// With lambda 0.5, as a symbol.
public func hardShrink(_ x: Symbol) -> Symbol { hardShrink(x, lambda: 0.5) }
/// x nearer to 0 by lambda, and 0 within ±lambda, as a symbol.
public func softShrink(_ x: Symbol, lambda: Symbol) -> Symbol {
  // NaN is neither, and stays by the product.
  select(x .> lambda, x - lambda, select(x .< -lambda, x + lambda, 0 * x))
}
/// With lambda 0.5, as a symbol.
public func softShrink(_ x: Symbol) -> Symbol { softShrink(x, lambda: 0.5) }
/// x/(1 + |x|), as a symbol.
public func softsign(_ x: Symbol) -> Symbol { x / (1 + abs(x)) }
/// x − tanh x, as a symbol.
public func tanhShrink(_ x: Symbol) -> Symbol { x - tanh(x) }

/// ½x² where |x| ≤ delta, else delta·(|x| − ½delta), as a symbol: Huber's loss of a difference.
package func huber(_ x: Symbol, delta: Symbol) -> Symbol { Symbol.binary(FX_HUBER, x, delta) }

// MARK: - Steps and mixtures

/// 0 where x < 0, 1 where x > 0, and `y` at 0, as a symbol.
public func heaviside(_ x: Symbol, atZero y: Symbol) -> Symbol { select(x .== 0, y, x .> 0) }
/// x + weight·(y − x), as a symbol.
public func lerp(_ x: Symbol, _ y: Symbol, weight: Symbol) -> Symbol { Symbol(.apply(FX_LERP, x.node, y.node, weight.node)).limited(x) }

// MARK: - Bounds

/// The larger of the two, if one is NaN the other, as a symbol.
public func maximumNumber(_ x: Symbol, _ y: Symbol) -> Symbol { select(Symbol.binary(FX_OR, x .>= y, y .!= y), x, y) }
/// The smaller of the two, if one is NaN the other, as a symbol.
public func minimumNumber(_ x: Symbol, _ y: Symbol) -> Symbol { select(Symbol.binary(FX_OR, x .<= y, y .!= y), x, y) }
extension Symbol {
  /// The number, or the bound it lies beyond, as ``Tensor/clamped(min:max:)-(S,_)`` has it; NaN if a bound is.
  public func clamped(min lower: Symbol, max upper: Symbol) -> Symbol {
    if lower.mayBeNaN || upper.mayBeNaN { return clamped(min: lower).clamped(max: upper) }
    // Of bounds that contradict each other the upper one counts, as in PyTorch.
    return select(self .< lower, Symbol.binary(FX_MIN, lower, upper), select(self .> upper, upper, self))
  }
  /// The number, at least `lower`.
  public func clamped(min lower: Symbol) -> Symbol {
    select(lower.mayBeNaN ? Symbol.binary(FX_OR, self .< lower, lower .!= lower) : self .< lower, lower, self)
  }
  /// The number, at most `upper`.
  public func clamped(max upper: Symbol) -> Symbol {
    select(upper.mayBeNaN ? Symbol.binary(FX_OR, self .> upper, upper .!= upper) : self .> upper, upper, self)
  }
  /// Whether a bound has to be looked at: the numbers that a use brings have been.
  private var mayBeNaN: Bool {
    switch node.kind {
    case .constant(let value): value.isNaN
    case .scalar, .whole: false
    case .input, .apply: true
    }
  }
}

// MARK: - Logarithms

/// x·log y, and 0 where x is 0, as a symbol.
public func xLogY(_ x: Symbol, _ y: Symbol) -> Symbol {
  let isZero = (x .== 0) * (y .== y)
  return select(isZero, 0, x * log(select(isZero, 1, y)))
}
/// log(x/(1 − x)), as a symbol.
public func logit(_ x: Symbol) -> Symbol { log(x) - log1p(-x) }
/// log(eˣ + eʸ), as a symbol.
public func logAddExp(_ x: Symbol, _ y: Symbol) -> Symbol { Symbol.binary(FX_LOG_ADD_EXP, x, y) }
/// log₂(2ˣ + 2ʸ), as a symbol.
public func logAddExp2(_ x: Symbol, _ y: Symbol) -> Symbol {
  let (larger, distance) = parts(x, y)
  return larger + log1p(exp2(distance)) * Symbol(1 / Double.log(2))
}
/// The larger of two and minus their distance.
///
/// Both are chosen by one comparison, so that derivatives of every order are right where the two are equal. Two equal infinities are 0
/// apart.
private func parts(_ x: Symbol, _ y: Symbol) -> (Symbol, Symbol) {
  let isLess = x .<= y
  let areInfinite = (x .== y) * (abs(x) .== Symbol(.infinity))
  return (select(isLess, y, x), select(areInfinite, 0, select(isLess, x - y, y - x)))
}
