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
  return reduction(elementwise("binaryCrossEntropy", Kernels.binary, p, target, .none) * weights)
}
/// The mean binary cross-entropy of probabilities.
public func binaryCrossEntropy(_ p: Tensor, _ target: Tensor) -> Tensor { binaryCrossEntropy(p, target, reduction: .mean) }

/// The binary cross-entropy of sigmoid(logits), exact for logits of any size: (1 − t)·x + log(1 + e⁻ˣ).
///
/// PyTorch: `binary_cross_entropy_with_logits`.
///
/// - Parameters:
///   - x: Logits of any shape.
///   - target: Of the logits' shape.
///   - weights: A factor for each loss; broadcasts.
///   - positiveWeights: A factor for the part of t, p·t·log(1/sigmoid(x)): above 1 it weighs misses more. It broadcasts.
///   - reduction: The mean unless told.
public func binaryCrossEntropy(
  logits x: Tensor, _ target: Tensor, weights: Tensor? = nil, positiveWeights: Tensor? = nil, reduction: Reduction = .mean
) -> Tensor {
  let losses: Tensor
  if let positiveWeights {
    guard fitTogether("binaryCrossEntropy", x, target) else { return x }
    losses = Kernels.weightedBinaryLogits(x, target, positiveWeights)
  } else {
    losses = elementwise("binaryCrossEntropy", Kernels.binaryLogits, x, target, weights == nil ? reduction : .none)
    if weights == nil { return losses }
  }
  return reduction(weights.map { losses * $0 } ?? losses)
}

private enum Kernels {
  static let binary = Elementwise.withSlopes { p, t in
    -(t * maximum(log(p), -100) + (1 - t) * maximum(log(1 - p), -100))
  } _: { p, t in
    ((p - t) / maximum(p * (1 - p), 1e-12), maximum(log(1 - p), -100) - maximum(log(p), -100))
  }
  static let binaryLogits = Elementwise { x, t in (1 - t) * x + softplus(-x) }
  static let weightedBinaryLogits = Elementwise { x, t, w in (1 - t) * x + (1 + (w - 1) * t) * softplus(-x) }
}
