import Tensors

/// 1 − (2·Σ p·t + s)/(Σ p² + Σ t² + s): how little two masks overlap, after Dice's coefficient.
///
/// Milletari, Navab and Ahmadi 2016. Flux: `dice_coeff_loss`.
///
/// - Parameters:
///   - p: Probabilities, of any shape.
///   - target: The mask, of 0 and 1, of p's shape.
///   - axes: What is summed over, such as [-2, -1] for images; everything unless told.
///   - smoothing: s, which makes two empty masks equal.
///   - reduction: What becomes of the losses of the axes that are left; the mean unless told.
public func dice(
  _ p: Tensor, _ target: Tensor, axes: [Int] = [], smoothing: Double = 1, reduction: Reduction = .mean
) -> Tensor {
  guard fitTogether("dice", p, target) else { return p }
  let both = (p * target).sum(axes: axes)
  let each = (p * p).sum(axes: axes) + (target * target).sum(axes: axes)
  return reduction(1 - (2 * both + smoothing) / (each + smoothing))
}
/// Dice's loss over all elements.
public func dice(_ p: Tensor, _ target: Tensor) -> Tensor { dice(p, target, axes: []) }

/// 1 − (Σ p·t + s)/(Σ p·t + a·Σ p·(1 − t) + b·Σ (1 − p)·t + s): Dice's loss with other weights for what is found wrongly and what is
/// missed.
///
/// Salehi, Erdogmus and Gholipour 2017, whose best weights are the defaults. Flux: `tversky_loss`, whose beta is a and 1 − beta b. With
/// both ½ it is Dice's loss, but for the squares.
///
/// - Parameters:
///   - p: Probabilities, of any shape.
///   - target: The mask, of 0 and 1, of p's shape.
///   - falsePositives: a.
///   - falseNegatives: b.
///   - axes: What is summed over, such as [-2, -1] for images; everything unless told.
///   - smoothing: s, which makes two empty masks equal.
///   - reduction: What becomes of the losses of the axes that are left; the mean unless told.
public func tversky(
  _ p: Tensor, _ target: Tensor, falsePositives: Double = 0.3, falseNegatives: Double = 0.7, axes: [Int] = [], smoothing: Double = 1,
  reduction: Reduction = .mean
) -> Tensor {
  guard fitTogether("tversky", p, target) else { return p }
  let both = (p * target).sum(axes: axes)
  let wrong = (p * (1 - target)).sum(axes: axes) * falsePositives + ((1 - p) * target).sum(axes: axes) * falseNegatives
  return reduction(1 - (both + smoothing) / (both + wrong + smoothing))
}
/// Tversky's loss over all elements.
public func tversky(_ p: Tensor, _ target: Tensor) -> Tensor { tversky(p, target, axes: []) }
