import Autodiff
import Tensors

/// −(t·log p + (1 − t)·log(1 − p)), the logarithms at least −100.
///
/// PyTorch: `binary_cross_entropy`.
///
/// Derivative for p: dy·(p − t)/(p·(1 − p)), the divisor at least 10⁻¹², as in PyTorch: a saturated p that is wrong still moves. For t:
/// dy·(log(1 − p) − log p). Where p is the sigmoid of something, ``binaryCrossEntropy(logits:_:weights:positiveWeights:reduction:)`` is
/// exact.
public func binaryCrossEntropy(_ p: Tensor, _ target: Tensor, weights: Tensor? = nil, reduction: Reduction) -> Tensor {
  guard let weights else { return elementwise("binaryCrossEntropy", Kernels.binary, p, target, reduction) }
  guard fitTogether("binaryCrossEntropy", p, target) else { return p }
  return reduction(Kernels.binary(cleared(p, weights), cleared(target, weights)) * weights)
}
/// The mean binary cross-entropy of probabilities.
public func binaryCrossEntropy(_ p: Tensor, _ target: Tensor) -> Tensor { binaryCrossEntropy(p, target, reduction: .mean) }

/// The binary cross-entropy of sigmoid(logits), exact for logits of any size: (1 − t)·x + log(1 + e⁻ˣ).
///
/// PyTorch: `binary_cross_entropy_with_logits`. A logit of ±∞ gives the limit: 0 on the target's side, else ∞.
///
/// - Parameters:
///   - x: Logits of any shape.
///   - target: Of the logits' shape.
///   - weights: A factor for each loss; broadcasts. Where it is 0 nothing counts, whatever logit and target hold.
///   - positiveWeights: A factor for the part of t, p·t·log(1/sigmoid(x)): above 1 it weighs misses more. It broadcasts.
///   - reduction: The mean unless told.
public func binaryCrossEntropy(
  logits x: Tensor, _ target: Tensor, weights: Tensor? = nil, positiveWeights: Tensor? = nil, reduction: Reduction = .mean
) -> Tensor {
  if weights == nil && positiveWeights == nil {
    return elementwise("binaryCrossEntropy", Kernels.binaryLogits, x, target, reduction)
  }
  guard fitTogether("binaryCrossEntropy", x, target) else { return x }
  let (x, target) = (cleared(x, weights), cleared(target, weights))
  let losses = positiveWeights.map { Kernels.weightedBinaryLogits(x, target, $0) } ?? Kernels.binaryLogits(x, target)
  return reduction(weights.map { losses * $0 } ?? losses)
}

/// (1 − t)·x + log(1 + e⁻ˣ) as a symbol: for infinite x the limit, and no digit lost of either probability.
func logisticLoss(_ x: Symbol, _ t: Symbol) -> Symbol {
  let isPositive = x .> 0
  // A product of 0 and ∞ would be NaN: a target that is met has no loss.
  let wrong = select(isPositive, 1 - t, -t)
  return wrong * select((wrong .== 0) .& x.isInfinite, 0, x) + softplus(select(isPositive, -x, x))
}

private enum Kernels {
  static let binary = Elementwise.withSlopes { p, t in
    -(t * maximum(log(p), -100) + (1 - t) * maximum(log(1 - p), -100))
  } _: { p, t in
    ((p - t) / maximum(p * (1 - p), 1e-12), maximum(log(1 - p), -100) - maximum(log(p), -100))
  }
  static let binaryLogits = Elementwise { x, t in logisticLoss(x, t) }
  static let weightedBinaryLogits = Elementwise { x, t, w in
    func product(_ factor: Symbol, _ x: Symbol) -> Symbol {
      factor * softplus(select((factor .== 0) .& x.isInfinite, 0, x))
    }
    return product(1 - t, x) + product(w * t, -x)
  }
}
