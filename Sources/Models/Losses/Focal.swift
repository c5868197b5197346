import Tensors

/// −(1 − p)^gamma·log p, p being what softmax(logits) gives to the target: the cross-entropy, turned down where the model is right already.
///
/// Lin, Goyal, Girshick, He and Dollár 2017. Flux: `focal_loss`. With gamma 0 it is the cross-entropy.
///
/// - Parameters:
///   - logits: [..., classes]. Logarithms of probabilities will do as well: their log-softmax is themselves.
///   - target: Class ids, int32 or int64 of shape [...].
///   - gamma: How much what is right already is turned down.
///   - weights: A factor for each class, [classes].
///   - ignoring: A class id whose rows count nothing, whatever they hold.
///   - reduction: Unless told, the mean over the rows that count.
public func focal(
  _ logits: Tensor, _ target: Tensor, gamma: Double = 2, weights: Tensor? = nil, ignoring: Int? = nil, reduction: Reduction
) -> Tensor {
  if let wide = widened(logits, target, weights) {
    return focal(wide[0]!, wide[1]!, gamma: gamma, weights: wide[2], ignoring: ignoring, reduction: reduction).cast(to: logits.dtype)
  }
  guard isExponent("focal", gamma), let (rows, ids) = classRows("focal", logits, target, weights, ignoring: ignoring) else { return logits }
  let factors = classFactors(weights, ids, rows.dtype)
  let counted = ignoring == nil && weights == nil ? rows : cleared(rows, factors.unsqueezed(axis: 1))
  let logP = counted.logSoftmax().gather(ids.clamped(min: 0).unsqueezed(axis: 1), axis: 1).squeezed(axes: 1)
  let losses = Kernels.focal(logP, .full([], gamma, rows.dtype)) * factors
  switch reduction {
  case .mean: return losses.sum() / (ids .>= 0).cast(to: rows.dtype).sum()
  case .sum: return losses.sum()
  case .none: return losses.reshaped(target.shape)
  }
}
/// The mean focal loss of softmax(logits), [..., classes], and class ids, with gamma 2.
public func focal(_ logits: Tensor, _ target: Tensor) -> Tensor { focal(logits, target, reduction: .mean) }

/// The binary cross-entropy of sigmoid(logits) times (1 − p)^gamma, p being the probability that the model gives to the target.
///
/// Lin, Goyal, Girshick, He and Dollár 2017. torchvision: `sigmoid_focal_loss`; Flux: `binary_focal_loss`, of probabilities.
///
/// - Parameters:
///   - x: Logits of any shape.
///   - target: Of the logits' shape, 0 to 1; between them p = t·σ(x) + (1 − t)·(1 − σ(x)).
///   - gamma: How much what is right already is turned down.
///   - alpha: A factor for targets of 1; those of 0 get 1 − alpha. Lin and others have 0.25; unless told both count alike, as 1.
///   - reduction: The mean unless told.
public func binaryFocal(
  logits x: Tensor, _ target: Tensor, gamma: Double = 2, alpha: Double? = nil, reduction: Reduction = .mean
) -> Tensor {
  guard isExponent("binaryFocal", gamma) else { return x }
  if let alpha, !(0...1 ~= alpha) {
    fail(TensorError("binaryFocal", "an alpha of \(alpha); 0 to 1 would fit"))
    return x
  }
  guard let alpha else { return elementwise("binaryFocal", Kernels.binary, x, target, gamma, reduction) }
  guard fitTogether("binaryFocal", x, target) else { return x }
  let factors = target * (2 * alpha - 1) + (1 - alpha)
  let counted = alpha == 0 || alpha == 1 ? cleared(x, factors) : x
  return reduction(Kernels.binary(counted, target, .full([], gamma, x.dtype)) * factors)
}

private func isExponent(_ name: String, _ gamma: Double) -> Bool {
  if gamma >= 0 { return true }
  fail(TensorError(name, "a gamma of \(gamma); 0 or more would fit"))
  return false
}

private enum Kernels {
  // The smallest base keeps the slope of a root at 0 finite; what it stands for is 0 in either dtype's product.
  static let focal = Elementwise { logP, gamma in -(pow(maximum(-expm1(logP), 1e-30), gamma) * logP) }
  static let binary = Elementwise { x, t, gamma in
    let wrong = t * sigmoid(-x) + (1 - t) * sigmoid(x)
    return pow(maximum(wrong, 1e-30), gamma) * logisticLoss(x, t)
  }
}
