import CKernels
import Models
import RealModule
import Tensors

/// NAdam, Adam with Nesterov's momentum: Dozat 2016.
///
/// PyTorch: `NAdam`, with its order of operations and its defaults.
///
/// g' = g + weightDecay·p, m = β₁m + (1 − β₁)g', v = β₂v + (1 − β₂)g'²,
/// p −= learningRate·((1 − μₜ)/(1 − Πμ)·g' + μₜ₊₁/(1 − Πμ·μₜ₊₁)·m) / (√v̂ + ε), with v̂ = v/(1 − β₂ᵗ), μₜ = β₁·(1 − ½·0.96^(t·momentumDecay))
/// and Πμ the product of μ₁ … μₜ. With `decoupledWeightDecay` p −= learningRate·weightDecay·p first, and g' = g.
public struct NAdam: StatefulOptimizer {
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
  /// How fast the momentum grows to β₁.
  public var momentumDecay: Double
  /// Whether the pull toward 0 stands beside the gradient, as in ``AdamW``.
  public var decoupledWeightDecay: Bool
  var state = ParameterState()

  /// PyTorch's defaults unless told.
  public init(
    learningRate: Double = 2e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0,
    momentumDecay: Double = 4e-3, decoupledWeightDecay: Bool = false
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.momentumDecay = momentumDecay
    self.decoupledWeightDecay = decoupledWeightDecay
    checkMoments("NAdam", learningRate, beta1, beta2, weightDecay, epsilon)
    var check = SettingCheck("NAdam")
    check.number(momentumDecay, "a momentum decay")
  }

  /// One step.
  public mutating func update<M: Model>(_ model: inout M, along gradient: M) {
    let (rate, beta1, beta2, epsilon, growth) = (learningRate, beta1, beta2, epsilon, momentumDecay)
    let (decay, shrink) = decoupledWeightDecay ? (0, 1 - rate * weightDecay) : (weightDecay, 1)
    func momentum(_ step: Int) -> Double { beta1 * (1 - 0.5 * Double.pow(0.96, Double(step) * growth)) }
    state.update("NAdam", &model, along: gradient, slots: 2) { x, product in
      product *= momentum(x.step)
    } _: { x in
      let (now, next) = (momentum(x.step), momentum(x.step + 1))
      fx_nadam(
        x.dtype, x.count, rate * (1 - now) / (1 - x.number), rate * next / (1 - x.number * next), beta1, beta2, epsilon, decay, shrink,
        1 - Double.pow(beta2, x.step), x.gradient, x.slots.0, x.slots.1, x.values)
    }
  }
}
