import Autodiff
import Tensors

/// What becomes of the losses of single elements or rows.
public enum Reduction: Sendable {
  /// Their mean.
  case mean
  /// Their sum.
  case sum
  /// They stay as they are.
  case none

  func callAsFunction(_ losses: Tensor) -> Tensor {
    switch self {
    case .mean: losses.mean()
    case .sum: losses.sum()
    case .none: losses
    }
  }
}

/// (y − target)², mean squared error by default.
///
/// PyTorch: `mse_loss`.
public func mse(_ y: Tensor, _ target: Tensor, reduction: Reduction) -> Tensor { elementwise("mse", Kernels.squared, y, target, reduction) }
/// The mean squared error.
public func mse(_ y: Tensor, _ target: Tensor) -> Tensor { mse(y, target, reduction: .mean) }

/// |y − target|, mean absolute error by default.
///
/// PyTorch: `l1_loss`.
public func mae(_ y: Tensor, _ target: Tensor, reduction: Reduction) -> Tensor {
  elementwise("mae", Kernels.absolute, y, target, reduction)
}
/// The mean absolute error.
public func mae(_ y: Tensor, _ target: Tensor) -> Tensor { mae(y, target, reduction: .mean) }

/// ½d² where d = |y − target| ≤ delta, else delta·(d − ½delta): Huber 1964.
///
/// PyTorch: `huber_loss`.
public func huber(_ y: Tensor, _ target: Tensor, delta: Double = 1, reduction: Reduction) -> Tensor {
  guard delta > 0 else {
    fail(TensorError("huber", "a delta of \(delta); a positive number would fit"))
    return y
  }
  // With d/δ in place of d one kernel serves every delta.
  return elementwise("huber", Kernels.huber, y / delta, target / delta, reduction) * (delta * delta)
}
/// Huber's loss with delta 1.
public func huber(_ y: Tensor, _ target: Tensor) -> Tensor { huber(y, target, reduction: .mean) }

/// −log of the probability that softmax(logits) gives to the target.
///
/// PyTorch: `cross_entropy`, with the classes on the last axis.
///
/// - Parameters:
///   - logits: [..., classes].
///   - target: Class ids, int32 or int64 of shape [...], or probabilities of the logits' shape and dtype.
///   - weights: A factor for each class, [classes]. A mean over class ids is then divided by the sum of the factors that count.
///   - labelSmoothing: This much of each target is spread evenly over all classes.
///   - ignoring: A class id whose rows count nothing.
///   - reduction: The mean over the rows unless told.
public func crossEntropy(
  _ logits: Tensor, _ target: Tensor, weights: Tensor? = nil, labelSmoothing: Double = 0, ignoring: Int? = nil, reduction: Reduction
) -> Tensor {
  guard logits.rank > 0 else {
    fail(TensorError("crossEntropy", "logits without axes; [..., classes] would fit"))
    return logits
  }
  let classes = logits.shape[-1]
  if let weights, weights.shape != [classes] {
    fail(TensorError("crossEntropy", "weights of shape \(weights.shape) for \(classes) classes"))
    return logits
  }
  guard target.dtype.isInteger else {
    guard target.shape == logits.shape, target.dtype == logits.dtype else {
      fail(
        TensorError(
          "crossEntropy",
          "logits \(logits.dtype) \(logits.shape) and a target \(target.dtype) \(target.shape); class ids of shape "
            + "\(Shape(logits.shape.dropLast())), or probabilities of the logits' dtype and shape would fit"))
      return logits
    }
    let p = labelSmoothing == 0 ? target : target * (1 - labelSmoothing) + labelSmoothing / Double(classes)
    let weighted = weights.map { p * $0 } ?? p
    return reduction(-(weighted * logits.logSoftmax()).sum(axis: -1))
  }
  guard target.shape == Shape(logits.shape.dropLast()) else {
    fail(
      TensorError(
        "crossEntropy",
        "logits of shape \(logits.shape) and class ids of shape \(target.shape); \(Shape(logits.shape.dropLast())) would fit"))
    return logits
  }
  let ids = classIDs(target, classes: classes, ignoring: ignoring)
  let rows = logits.rank == 2 ? logits : logits.reshaped([ids.elementCount, classes])
  var losses = rows.crossEntropyRows(ids)
  if weights == nil && labelSmoothing == 0 && ignoring == nil {
    return reduction(target.rank == 1 ? losses : losses.reshaped(target.shape))
  }
  let counts = (ids .>= 0).cast(to: logits.dtype)
  let factors = weights.map { $0.take(ids.clamped(min: 0)) * counts } ?? counts
  losses = losses * factors
  if labelSmoothing != 0 {
    let all = -rows.logSoftmax()
    let spread = (weights.map { all * $0 } ?? all).sum(axis: -1) * counts
    losses = losses * (1 - labelSmoothing) + spread * (labelSmoothing / Double(classes))
  }
  switch reduction {
  case .mean: return losses.sum() / factors.sum()
  case .sum: return losses.sum()
  case .none: return losses.reshaped(target.shape)
  }
}
/// The mean cross-entropy of softmax(logits), [..., classes], and class ids or probabilities.
public func crossEntropy(_ logits: Tensor, _ target: Tensor) -> Tensor { crossEntropy(logits, target, reduction: .mean) }

/// −(t·log p + (1 − t)·log(1 − p)), the logarithms at least −100.
///
/// PyTorch: `binary_cross_entropy`.
///
/// Derivative for p: dy·(p − t)/(p·(1 − p)), the divisor at least 10⁻¹², as in PyTorch: a saturated p that is wrong still moves. The target
/// is a constant. Where p is the sigmoid of something, ``binaryCrossEntropy(logits:_:weights:reduction:)`` is exact.
public func binaryCrossEntropy(_ p: Tensor, _ target: Tensor, weights: Tensor? = nil, reduction: Reduction) -> Tensor {
  guard fitTogether("binaryCrossEntropy", p, target) else { return p }
  let target = target.detached
  let losses = customGradient(at: p) { p in
    Kernels.binary(p, target)
  } pullback: { p, _, dy in
    dy * Kernels.binarySlope(p, target)
  }
  return reduction(weights.map { losses * $0 } ?? losses)
}
/// The mean binary cross-entropy of probabilities.
public func binaryCrossEntropy(_ p: Tensor, _ target: Tensor) -> Tensor { binaryCrossEntropy(p, target, reduction: .mean) }

/// The binary cross-entropy of sigmoid(logits), exact for logits of any size: (1 − t)·x + log(1 + e⁻ˣ).
///
/// PyTorch: `binary_cross_entropy_with_logits`.
public func binaryCrossEntropy(logits x: Tensor, _ target: Tensor, weights: Tensor? = nil, reduction: Reduction = .mean) -> Tensor {
  let losses = elementwise("binaryCrossEntropy", Kernels.binaryLogits, x, target, .none)
  return reduction(weights.map { losses * $0 } ?? losses)
}

/// Class ids as a vector of int64, ignored ones as −1; a mistake where one is no class.
private func classIDs(_ target: Tensor, classes: Int, ignoring: Int?) -> Tensor {
  let ids = target.detached.cast(to: .int64).reshaped([target.elementCount])
  if ids.isPlaceholder { return ids }
  guard let ignoring else {
    let wrong = ids.withElements(Int.self) { $0.firstIndex { $0 < 0 || $0 >= classes } }
    if let wrong {
      fail(
        TensorError(
          "crossEntropy",
          "class id \(ids[wrong].item(as: Int.self)) at position \(wrong) for \(classes) classes; 0 to \(classes - 1) would fit"))
    }
    return ids
  }
  let marked = `where`(ids .== ignoring, -1, ids)
  let wrong = ids.withElements(Int.self) { $0.firstIndex { $0 != ignoring && ($0 < 0 || $0 >= classes) } }
  if let wrong {
    fail(
      TensorError(
        "crossEntropy",
        "class id \(ids[wrong].item(as: Int.self)) at position \(wrong) for \(classes) classes; 0 to \(classes - 1), or \(ignoring) to be ignored, would fit"
      ))
  }
  return marked
}

private func elementwise(_ name: String, _ kernel: Elementwise, _ y: Tensor, _ target: Tensor, _ reduction: Reduction) -> Tensor {
  fitTogether(name, y, target) ? reduction(kernel(y, target)) : y
}

/// A silent broadcast of [n] against [n, 1] to [n, n] is the classic mistake with losses.
private func fitTogether(_ name: String, _ y: Tensor, _ target: Tensor) -> Bool {
  if y.dtype != target.dtype {
    fail(TensorError(name, "a result of \(y.dtype) and a target of \(target.dtype); convert one with .cast(to:)"))
    return false
  }
  if y.shape == target.shape { return true }
  fail(TensorError(name, "a result of shape \(y.shape) and a target of \(target.shape); equal shapes would fit"))
  return false
}

private enum Kernels {
  static let squared = Elementwise { y, t in (y - t) * (y - t) }
  static let absolute = Elementwise { y, t in abs(y - t) }
  static let huber = Elementwise { y, t in
    let d = abs(y - t)
    return `where`(d .<= 1, 0.5 * (d * d), d - 0.5)
  }
  static let binary = Elementwise { p, t in -(t * maximum(log(p), -100) + (1 - t) * maximum(log(1 - p), -100)) }
  static let binarySlope = Elementwise { p, t in (p - t) / maximum(p * (1 - p), 1e-12) }
  static let binaryLogits = Elementwise { x, t in (1 - t) * x + softplus(-x) }
}
