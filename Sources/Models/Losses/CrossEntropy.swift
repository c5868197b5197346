import Tensors

/// −log of the probability that softmax(logits) gives to the target.
///
/// PyTorch: `cross_entropy`, with the classes on the last axis.
///
/// - Parameters:
///   - logits: [..., classes].
///   - target: Class ids, int32 or int64 of shape [...], or probabilities of the logits' shape and dtype.
///   - weights: A factor for each class, [classes]. A mean over class ids is then divided by the sum of the factors that count.
///   - labelSmoothing: This much of each target is spread evenly over all classes.
///   - ignoring: A class id whose rows count nothing, whatever they hold; nor does a class whose probability or factor is 0.
///   - reduction: The mean over the rows unless told.
public func crossEntropy(
  _ logits: Tensor, _ target: Tensor, weights: Tensor? = nil, labelSmoothing: Double = 0, ignoring: Int? = nil, reduction: Reduction
) -> Tensor {
  if let wide = widened(logits, target, weights) {
    return crossEntropy(
      wide[0]!, wide[1]!, weights: wide[2], labelSmoothing: labelSmoothing, ignoring: ignoring, reduction: reduction
    ).cast(to: logits.dtype)
  }
  guard logits.rank > 0 else {
    fail(TensorError("crossEntropy", "logits without axes; [..., classes] would fit"))
    return logits
  }
  guard Setting.fraction.holds(labelSmoothing, "a label smoothing", "crossEntropy") else { return logits }
  let classes = logits.shape[-1]
  if let weights, weights.shape != [classes] {
    fail(TensorError("crossEntropy", "weights of shape \(weights.shape) for \(classes) classes"))
    return logits
  }
  // Integers in the logits' shape are probabilities of 0 and 1.
  let target = target.shape == logits.shape ? target : target.integersOfLiteral
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
    return reduction(-Kernels.expected.sum(weighted, logits.logSoftmax(), axis: -1))
  }
  guard target.shape == Shape(logits.shape.dropLast()) else {
    fail(
      TensorError(
        "crossEntropy",
        "logits of shape \(logits.shape) and class ids of shape \(target.shape); \(Shape(logits.shape.dropLast())) would fit"))
    return logits
  }
  let ids = classIDs(target, classes: classes, ignoring: ignoring)
  var rows = logits.rank == 2 ? logits : logits.reshaped([ids.elementCount, classes])
  var losses = rows.crossEntropyRows(ids)
  if weights == nil && labelSmoothing == 0 && ignoring == nil {
    return reduction(target.rank == 1 ? losses : losses.reshaped(target.shape))
  }
  let isCounted = ids .>= 0
  let factors = classFactors(weights, ids, logits.dtype)
  losses = weighted(losses, factors)
  if labelSmoothing != 0 {
    if ignoring != nil { rows = select(isCounted.unsqueezed(axis: 1), rows, 0) }
    let all = -rows.logSoftmax()
    let spread = select(isCounted, (weights.map { weighted(all, $0) } ?? all).sum(axis: -1), 0)
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

/// −log p of the target's class, given the logarithms of all probabilities.
///
/// PyTorch: `nll_loss`, with the classes on the last axis.
///
/// Where they are the log-softmax of something, ``crossEntropy(_:_:weights:labelSmoothing:ignoring:reduction:)`` is one pass.
///
/// - Parameters:
///   - logProbabilities: [..., classes].
///   - target: Class ids, int32 or int64 of shape [...].
///   - weights: A factor for each class, [classes]. A mean is then divided by the sum of the factors that count.
///   - ignoring: A class id whose rows count nothing.
///   - reduction: The mean over the rows unless told.
public func negativeLogLikelihood(
  _ logProbabilities: Tensor, _ target: Tensor, weights: Tensor? = nil, ignoring: Int? = nil, reduction: Reduction
) -> Tensor {
  if let wide = widened(logProbabilities, target, weights) {
    return negativeLogLikelihood(wide[0]!, wide[1]!, weights: wide[2], ignoring: ignoring, reduction: reduction)
      .cast(to: logProbabilities.dtype)
  }
  let name = "negativeLogLikelihood"
  guard let (rows, ids) = classRows(name, logProbabilities, target, weights, ignoring: ignoring) else { return logProbabilities }
  let factors = classFactors(weights, ids, rows.dtype)
  let picked = rows.gather(ids.clamped(min: 0).unsqueezed(axis: 1), axis: 1).squeezed(axes: 1)
  let losses = weighted(select(ids .>= 0, -picked, 0), factors)
  switch reduction {
  case .mean: return losses.sum() / factors.sum()
  case .sum: return losses.sum()
  case .none: return losses.reshaped(target.shape)
  }
}
/// The mean of −log p of the target's class.
public func negativeLogLikelihood(_ logProbabilities: Tensor, _ target: Tensor) -> Tensor {
  negativeLogLikelihood(logProbabilities, target, reduction: .mean)
}

private enum Kernels {
  // p·log q, and 0 where p is 0, whatever log q is.
  static let expected = Elementwise.withSlopes { p, logQ in
    select(p .== 0, 0, p * logQ)
  } _: { p, logQ in
    (logQ, p)
  }
}

/// Each row's factor by its class, 1 unless there are weights; 0 for ids of −1.
func classFactors(_ weights: Tensor?, _ ids: Tensor, _ dtype: DType) -> Tensor {
  let isCounted = ids .>= 0
  guard let weights else { return isCounted.cast(to: dtype) }
  return select(isCounted, weights.take(ids.clamped(min: 0)), 0)
}

/// Scores as [rows, classes] and class ids as a vector, −1 for those ignored; nil after a mistake.
func classRows(
  _ name: String, _ scores: Tensor, _ target: Tensor, _ weights: Tensor?, ignoring: Int? = nil
) -> (rows: Tensor, ids: Tensor)? {
  let target = target.integersOfLiteral
  guard scores.rank > 0, target.dtype.isInteger, target.shape == Shape(scores.shape.dropLast()) else {
    fail(
      TensorError(
        name,
        "scores of shape \(scores.shape) and a target \(target.dtype) \(target.shape); [..., classes] and class ids of shape [...] "
          + "would fit"))
    return nil
  }
  let classes = scores.shape[-1]
  if let weights, weights.shape != [classes] {
    fail(TensorError(name, "weights of shape \(weights.shape) for \(classes) classes"))
    return nil
  }
  let ids = classIDs(target, classes: classes, ignoring: ignoring, name)
  return hasFailed ? nil : (scores.reshaped([ids.elementCount, classes]), ids)
}

/// Class ids as a vector of int64, ignored ones as −1; a mistake where one is no class.
func classIDs(_ target: Tensor, classes: Int, ignoring: Int?, _ name: String = "crossEntropy") -> Tensor {
  let ids = Checked(ClassIDs(classes: classes, ignored: ignoring, name: name))(
    target.detached.cast(to: .int64).reshaped([target.elementCount]))
  return ignoring.map { select(ids .== $0, -1, ids) } ?? ids
}

private struct ClassIDs: ElementCheck {
  let classes: Int
  let ignored: Int?
  let name: String

  func check(_ x: Tensor) throws(TensorError) {
    guard let wrong = x.withElements(Int.self, { $0.firstIndex { $0 != ignored && !(0..<classes ~= $0) } }) else { return }
    throw TensorError(
      name,
      "class id \(x[wrong].item(as: Int.self)) at position \(wrong) for \(classes) classes; 0 to \(classes - 1)"
        + (ignored.map { ", or \($0) to be ignored," } ?? "") + " would fit")
  }
}
