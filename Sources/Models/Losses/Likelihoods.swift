import Tensors

/// t·(log t − log p), Kullback and Leibler's divergence of p from t, element by element; given log p.
///
/// PyTorch: `kl_div`. Its `batchmean` is `klDivergence(y, t, reduction: .sum) / n` for n rows.
///
/// - Parameters:
///   - logProbabilities: log p, of any shape.
///   - target: t, of the same shape; where it is 0 the loss is 0.
///   - isLogTarget: Whether the target is log t; where it is −∞ the loss is 0.
///   - reduction: The mean over all elements unless told.
public func klDivergence(_ logProbabilities: Tensor, _ target: Tensor, isLogTarget: Bool = false, reduction: Reduction) -> Tensor {
  elementwise("klDivergence", isLogTarget ? Kernels.divergenceOfLogs : Kernels.divergence, logProbabilities, target, reduction)
}
/// The mean of t·(log t − log p) over all elements, given log p.
public func klDivergence(_ logProbabilities: Tensor, _ target: Tensor) -> Tensor {
  klDivergence(logProbabilities, target, reduction: .mean)
}

/// λ − t·log λ, −log of the probability of a count t if λ are expected (Poisson), but for what does not depend on λ.
///
/// PyTorch: `poisson_nll_loss`.
///
/// - Parameters:
///   - y: log λ, or λ.
///   - target: The counts, of y's shape and dtype.
///   - isLog: Whether y is log λ.
///   - isFull: Whether log t! is added, by Stirling's formula for t > 1.
///   - epsilon: Added to a λ whose logarithm is taken.
///   - reduction: The mean unless told.
public func poissonLikelihood(
  _ y: Tensor, _ target: Tensor, isLog: Bool = true, isFull: Bool = false, epsilon: Double = 1e-8, reduction: Reduction
) -> Tensor {
  if let wide = widened(y, target) {
    return poissonLikelihood(wide[0]!, wide[1]!, isLog: isLog, isFull: isFull, epsilon: epsilon, reduction: reduction).cast(to: y.dtype)
  }
  let losses =
    isLog
    ? elementwise("poissonLikelihood", Kernels.poissonOfLogs, y, target, .none)
    : elementwise("poissonLikelihood", Kernels.poisson, y, target, epsilon, .none)
  return reduction(isFull && !hasFailed ? losses + Kernels.stirling(target) : losses)
}
/// The mean of λ − t·log λ, given log λ.
public func poissonLikelihood(_ y: Tensor, _ target: Tensor) -> Tensor { poissonLikelihood(y, target, reduction: .mean) }

/// ½(log v + (y − t)²/v), −log of the density at t of a normal distribution with mean y and variance v, but for a constant.
///
/// PyTorch: `gaussian_nll_loss`.
///
/// - Parameters:
///   - y: The means.
///   - target: Of y's shape.
///   - variance: Of y's shape, or of one that broadcasts to it. Less than epsilon counts as epsilon, and has the derivative it would have
///     there: it is not stuck.
///   - isFull: Whether the constant ½·log 2π is added.
///   - epsilon: The smallest variance.
///   - reduction: The mean unless told.
public func gaussianLikelihood(
  _ y: Tensor, _ target: Tensor, variance: Tensor, isFull: Bool = false, epsilon: Double = 1e-6, reduction: Reduction = .mean
) -> Tensor {
  if let wide = widened(y, target, variance) {
    return gaussianLikelihood(wide[0]!, wide[1]!, variance: wide[2]!, isFull: isFull, epsilon: epsilon, reduction: reduction)
      .cast(to: y.dtype)
  }
  guard fitTogether("gaussianLikelihood", y, target) else { return y }
  let bounded = variance + (maximum(variance, epsilon) - variance).detached
  let losses = Kernels.gaussian(y, target, bounded)
  if !hasFailed && losses.shape != y.shape {
    fail(
      TensorError(
        "gaussianLikelihood", "a variance of shape \(variance.shape) for means of \(y.shape); one that broadcasts to it would fit"))
  }
  return reduction(isFull ? losses + 0.5 * .log(2 * .pi) : losses)
}

private enum Kernels {
  // Where t is 0 there is nothing to take a logarithm of, nor a derivative.
  static let divergence = Elementwise { y, t in
    let isZero = t .== 0
    return select(isZero, 0, t * (log(select(isZero, 1, t)) - select(isZero, 0, y)))
  }
  static let divergenceOfLogs = Elementwise { y, t in
    let isZero = t .== Symbol(-Double.infinity)
    return exp(t) * (select(isZero, 0, t) - select(isZero, 0, y))
  }
  // Of an event that is impossible and did not happen, λ = 0 and t = 0, the loss is 0.
  static let poisson = Elementwise { y, t, epsilon in
    let rate = y + epsilon
    return y - t * log(select((t .== 0) .& (rate .== 0), 1, rate))
  }
  static let poissonOfLogs = Elementwise { y, t in exp(y) - t * select((t .== 0) .& y.isInfinite, 0, y) }
  static let stirling = Elementwise { t in
    let s = select(t .> 1, t, 1)
    return select(t .> 1, s * log(s) - s + 0.5 * log(Symbol(2 * Double.pi) * s), 0)
  }
  static let gaussian = Elementwise { y, t, v in 0.5 * (log(v) + (y - t) * (y - t) / v) }
}
