import CKernels
import Models
import RealModule
import Tensors

/// RAdam, Adam whose first steps are rectified: Liu and others 2020.
///
/// PyTorch: `RAdam`, with its order of operations and its defaults.
///
/// g' = g + weightDecay·p, m = β₁m + (1 − β₁)g', v = β₂v + (1 − β₂)g'², ρ∞ = 2/(1 − β₂) − 1, ρₜ = ρ∞ − 2tβ₂ᵗ/(1 − β₂ᵗ). Where ρₜ > 5,
/// p −= learningRate·r·m̂·√(1 − β₂ᵗ) / (√v + ε) with r² = (ρₜ − 4)(ρₜ − 2)ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)ρₜ), else p −= learningRate·m̂; m̂ = m/(1 − β₁ᵗ).
/// With `decoupledWeightDecay` p −= learningRate·weightDecay·p first, and g' = g.
public struct RAdam: StatefulOptimizer {
  /// The size of a step; it may change while training.
  public var learningRate: Double
  /// How much of the mean of gradients is kept at each step.
  public var beta1: Double
  /// How much of the mean of squared gradients is kept at each step.
  public var beta2: Double
  /// What keeps the divisor from 0.
  public var epsilon: Double
  /// The pull toward 0, added to the gradient unless decoupled.
  public var weightDecay: Double
  /// Whether the pull toward 0 stands beside the gradient, as in ``AdamW``.
  public var decoupledWeightDecay: Bool
  var state = ParameterState()

  /// PyTorch's defaults unless told.
  public init(
    learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0,
    decoupledWeightDecay: Bool = false
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.decoupledWeightDecay = decoupledWeightDecay
    checkMoments("RAdam", learningRate, beta1, beta2, weightDecay, epsilon)
  }

  /// One step.
  public mutating func update<M: Model>(_ model: inout M, along gradient: M) {
    let (rate, beta1, beta2, epsilon) = (learningRate, beta1, beta2, epsilon)
    let (decay, shrink) = decoupledWeightDecay ? (0, 1 - rate * weightDecay) : (weightDecay, 1)
    state.update("RAdam", &model, along: gradient, slots: 2) { x in
      let kept = Double.pow(beta2, x.step)
      let (c1, c2) = (1 - Double.pow(beta1, x.step), 1 - kept)
      let longest = 2 / (1 - beta2) - 1
      let length = longest - 2 * Double(x.step) * kept / c2
      // Of fewer steps the variance of v is not known.
      let isAdaptive = length > 5
      let rectified = ((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)).squareRoot() * c2.squareRoot()
      fx_radam(
        x.dtype, x.count, rate / c1 * (isAdaptive ? rectified : 1), isAdaptive ? 1 : 0, beta1, beta2, epsilon, decay, shrink, x.gradient,
        x.slots.0, x.slots.1, x.values)
    }
  }
}
