import CKernels
import RealModule

// Activation functions: programs of the formulas in Formulary.swift, forward and backward fused for free.

/// 1/(1 + e⁻ˣ).
///
/// Derivative: dy·y·(1 − y).
///
/// Accuracy: 2 ulp in float32, 2 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func sigmoid(_ x: consuming Tensor) -> Tensor { mapped("sigmoid", A.sigmoid, x) }
/// 1/(1 + e⁻ˣ), as a symbol.
public func sigmoid(_ x: Symbol) -> Symbol { Symbol.unary(FX_SIGMOID, x) }
/// ``sigmoid(_:)-(Tensor)``, as equations write it.
public func σ(_ x: Tensor) -> Tensor { sigmoid(x) }
/// ``sigmoid(_:)-(Symbol)``, as equations write it.
public func σ(_ x: Symbol) -> Symbol { sigmoid(x) }

/// max(x, 0); NaN stays NaN.
///
/// Derivative: dy where x > 0, else 0.
public func relu(_ x: consuming Tensor) -> Tensor { mapped("relu", A.relu, x) }

/// x where x > 0, else slope·x.
///
/// Derivative: dy or slope·dy. PyTorch: `leaky_relu`.
public func leakyRelu(_ x: consuming Tensor, slope: Double) -> Tensor { mapped("leakyRelu", A.leakyRelu, x, scalar: slope) }
/// With slope 0.01: as a layer, `activation: leakyRelu`.
public func leakyRelu(_ x: consuming Tensor) -> Tensor { leakyRelu(x, slope: 0.01) }

/// x where x > 0, else slope·x with slopes of their own, broadcast together: `leakyRelu(x, slope: a.reshaped([-1, 1, 1]))` has one for each
/// channel of images.
///
/// Derivative: dy or slope·dy; for the slope 0 or x·dy. PyTorch: `prelu`.
public func leakyRelu(_ x: Tensor, slope: Tensor) -> Tensor { mapped("leakyRelu", A.leakyReluTensor, x, slope) }

/// x where x > 0, else alpha·(eˣ − 1).
///
/// Derivative: dy, or dy·alpha·eˣ.
///
/// Accuracy: 1 ulp in float32, 2 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func elu(_ x: consuming Tensor, alpha: Double) -> Tensor { mapped("elu", A.elu, x, SIMD4(alpha, 0, 0, 0)) }
/// With alpha 1: as a layer, `activation: elu`.
public func elu(_ x: consuming Tensor) -> Tensor { elu(x, alpha: 1) }

/// x where x > 0, else alpha·(exp(x/alpha) − 1): ``elu(_:alpha:)-(Tensor,_)`` with a continuous slope (Barron 2017).
///
/// Derivative: dy, or dy·exp(x/alpha). PyTorch: `celu`.
///
/// Accuracy: 2 ulp in float32, 2 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func celu(_ x: consuming Tensor, alpha: Double) -> Tensor {
  if alpha == 0 || !alpha.isFinite {
    fail(TensorError("celu", "an alpha of \(alpha); a finite number other than 0 would fit"))
    return .placeholder
  }
  return mapped("celu", A.celu, x, SIMD4(alpha, 0, 0, 0))
}
/// With alpha 1: as a layer, `activation: celu`.
public func celu(_ x: consuming Tensor) -> Tensor { celu(x, alpha: 1) }

/// 1.0507·elu(x, alpha: 1.67326), which keeps mean 0 and variance 1 from layer to layer (Klambauer 2017).
///
/// Derivative: 1.0507·dy, or dy·1.0507·1.67326·eˣ. PyTorch: `selu`.
///
/// Accuracy: 2 ulp in float32, 2 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func selu(_ x: consuming Tensor) -> Tensor { mapped("selu", A.selu, x) }

/// x·sigmoid(x), also called swish.
///
/// Derivative: dy·(s + x·s·(1 − s)).
///
/// Accuracy: 2 ulp in float32, 2 in float64.
/// Derivatives: the first 16 ulp, the second 16, of 1 where they are smaller.
public func silu(_ x: consuming Tensor) -> Tensor { mapped("silu", A.silu, x) }

/// log(1 + eˣ), without overflow.
///
/// Derivative: dy·sigmoid(x).
///
/// Accuracy: 2 ulp in float32, 2 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func softplus(_ x: consuming Tensor) -> Tensor { mapped("softplus", A.softplus, x) }

/// log(1 + exp(beta·x))/beta, and x itself where beta·x is beyond the threshold, as PyTorch has it at 20.
///
/// Derivative: dy·sigmoid(beta·x), dy beyond the threshold. PyTorch: `softplus`.
public func softplus(_ x: Tensor, beta: Double, threshold: Double = .infinity) -> Tensor {
  if beta == 0 || !beta.isFinite || threshold.isNaN {
    fail(
      TensorError("softplus", "a beta of \(beta) and a threshold of \(threshold); a finite number other than 0, and a number, would fit"))
    return .placeholder
  }
  return mapped("softplus", A.boundedSoftplus, x, SIMD4(beta, threshold, 0, 0))
}

/// log sigmoid(x) = −log(1 + e⁻ˣ), without overflow.
///
/// Derivative: dy·sigmoid(−x). PyTorch: `logsigmoid`.
///
/// Accuracy: 2 ulp in float32, 2 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func logSigmoid(_ x: consuming Tensor) -> Tensor { mapped("logSigmoid", A.logSigmoid, x) }

/// x·tanh(softplus(x)) (Misra 2019).
///
/// Derivative: dy·(t + x·(1 − t²)·sigmoid(x)), t = tanh(softplus(x)). PyTorch: `mish`.
///
/// Accuracy: 4 ulp in float32, 4 in float64; 128 of the least number below the normal range.
/// Derivatives: the first 32 ulp, the second 64, of 1 where they are smaller.
public func mish(_ x: consuming Tensor) -> Tensor { mapped("mish", A.mish, x) }

/// a·sigmoid(b) of the two halves a and b of an axis (Dauphin 2017).
///
/// Derivative: of a and b, joined. PyTorch: `glu`.
public func glu(_ x: Tensor, axis: Int) -> Tensor {
  guard let axis = attempt({ () throws(TensorError) in try x.axis(axis, "glu") }) else { return .placeholder }
  guard x.shape[axis] % 2 == 0 else {
    fail(TensorError("glu", "axis \(axis) of \(x.shape) has an odd size, and so no halves; an even size would fit"))
    return .placeholder
  }
  let halves = x.split(sizes: [x.shape[axis] / 2, x.shape[axis] / 2], axis: axis)
  return halves.count == 2 ? mapped("glu", A.glu, halves[0], halves[1]) : .placeholder
}
/// Of the last axis: as a chain's part, `glu`.
public func glu(_ x: Tensor) -> Tensor { glu(x, axis: -1) }

/// How ``gelu(_:approximation:)-(Tensor,_)`` computes the normal distribution's Φ.
public enum GELUApproximation: Sendable {
  /// Φ(x) itself: in float32 at most 2.8·2⁻²⁴ off down to −3.5 and to the last digits below, in float64 to the last digits.
  case none
  /// ½(1 + tanh(√(2/π)·(x + 0.044715·x³))), as GPT-2 has it.
  case tanh
}

/// x·Φ(x), Φ the normal distribution (Hendrycks and Gimpel 2016).
///
/// Derivative: dy·(Φ(x) + x·φ(x)).
///
/// Accuracy: 8 ulp in float32, 4 in float64, of 0.25 where the result is smaller; 128 of the least number below the normal range.
/// Derivatives: the first 8 ulp, the second 16, of 1 where they are smaller.
public func gelu(_ x: Tensor, approximation: GELUApproximation) -> Tensor {
  mapped("gelu", approximation == .none ? A.gelu : A.geluTanh, x)
}
/// x·Φ(x), exact: as a layer, `activation: gelu`.
public func gelu(_ x: consuming Tensor) -> Tensor { mapped("gelu", A.gelu, x) }

// MARK: - In pieces

/// The nearest number in `lower`…`upper`: ``Tensor/clamped(min:max:)-(S,_)`` with a derivative of 0 on the bounds.
///
/// Derivative: dy between the bounds, else 0. PyTorch: `hardtanh`.
public func hardTanh(_ x: Tensor, min lower: Double = -1, max upper: Double = 1) -> Tensor {
  guard lower <= upper else {
    fail(TensorError("hardTanh", "bounds of \(lower) and \(upper); a lower one that is not above the upper one would fit"))
    return .placeholder
  }
  return mapped("hardTanh", A.hardTanh, x, SIMD4(lower, upper, 0, 0))
}
/// Between −1 and 1: as a layer, `activation: hardTanh`.
public func hardTanh(_ x: Tensor) -> Tensor { hardTanh(x, min: -1, max: 1) }
/// min(max(x, 0), 6).
///
/// Derivative: dy between 0 and 6, else 0. PyTorch: `relu6`.
public func relu6(_ x: consuming Tensor) -> Tensor { mapped("relu6", A.relu6, x) }
/// relu6(x + 3)/6, a sigmoid of three straight lines.
///
/// Derivative: dy/6 between −3 and 3, else 0. PyTorch: `hardsigmoid`.
///
/// Accuracy: 2 ulp in float32, 2 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func hardSigmoid(_ x: consuming Tensor) -> Tensor { mapped("hardSigmoid", A.hardSigmoid, x) }
/// x·relu6(x + 3)/6 (Howard 2019).
///
/// Derivative: 0 up to −3, dy·(x/3 + ½) up to 3, dy beyond. PyTorch: `hardswish`.
///
/// Accuracy: 2 ulp in float32, 2 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func hardSwish(_ x: consuming Tensor) -> Tensor { mapped("hardSwish", A.hardSwish, x) }
/// x, but 0 within ±lambda.
///
/// Derivative: dy where x is kept. PyTorch: `hardshrink`.
public func hardShrink(_ x: consuming Tensor, lambda: Double) -> Tensor {
  guard Setting.number.holds(lambda, "a lambda", "hardShrink") else { return .placeholder }
  return mapped("hardShrink", A.hardShrink, x, SIMD4(lambda, 0, 0, 0))
}
/// With lambda 0.5: as a layer, `activation: hardShrink`.
public func hardShrink(_ x: consuming Tensor) -> Tensor { hardShrink(x, lambda: 0.5) }
/// x nearer to 0 by lambda, and 0 within ±lambda.
///
/// Derivative: dy beyond ±lambda, else 0. PyTorch: `softshrink`.
public func softShrink(_ x: consuming Tensor, lambda: Double) -> Tensor {
  guard Setting.nonNegative.holds(lambda, "a lambda", "softShrink") else { return .placeholder }
  return mapped("softShrink", A.softShrink, x, SIMD4(lambda, 0, 0, 0))
}
/// With lambda 0.5: as a layer, `activation: softShrink`.
public func softShrink(_ x: consuming Tensor) -> Tensor { softShrink(x, lambda: 0.5) }
/// x/(1 + |x|).
///
/// Derivative: dy/(1 + |x|)². PyTorch: `softsign`.
///
/// Accuracy: 2 ulp in float32, 2 in float64.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func softsign(_ x: consuming Tensor) -> Tensor { mapped("softsign", A.softsign, x) }
/// x − tanh x.
///
/// Derivative: dy·tanh² x. PyTorch: `tanhshrink`.
///
/// Accuracy: 2 ulp in float32, 2 in float64, of 1 where the result is smaller.
/// Derivatives: the first 4 ulp, the second 8, of 1 where they are smaller.
public func tanhShrink(_ x: consuming Tensor) -> Tensor { mapped("tanhShrink", A.tanhShrink, x) }

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
  static let leakyReluTensor = Program.binary { Tensors.leakyRelu($0, slope: $1) }
  static let celu = Program.unary { Tensors.celu($0, alpha: Symbol(.scalar(0))) }
  static let selu = Program.unary { Tensors.selu($0) }
  static let boundedSoftplus = Program.unary { x in
    let (beta, threshold) = (Symbol(.scalar(0)), Symbol(.scalar(1)))
    return select(beta * x .> threshold, x, Tensors.softplus(beta * x) / beta)
  }
  static let logSigmoid = Program.unary { Tensors.logSigmoid($0) }
  static let mish = Program.unary { Tensors.mish($0) }
  static let glu = Program.binary { $0 * Tensors.sigmoid($1) }
  static let hardTanh = Program.unary { Tensors.hardTanh($0, min: Symbol(.scalar(0)), max: Symbol(.scalar(1))) }
  static let relu6 = Program.unary { Tensors.relu6($0) }
  static let hardSigmoid = Program.unary { Tensors.hardSigmoid($0) }
  static let hardSwish = Program.unary { Tensors.hardSwish($0) }
  static let hardShrink = Program.unary { Tensors.hardShrink($0, lambda: Symbol(.scalar(0))) }
  static let softShrink = Program.unary { Tensors.softShrink($0, lambda: Symbol(.scalar(0))) }
  static let softsign = Program.unary { Tensors.softsign($0) }
  static let tanhShrink = Program.unary { Tensors.tanhShrink($0) }
}
