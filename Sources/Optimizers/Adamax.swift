import CKernels
import Models
import RealModule
import Tensors

/// Adamax, Adam by the infinity norm: Kingma and Ba 2015, section 7.1.
///
/// PyTorch: `Adamax`, with its order of operations and its defaults.
///
/// g' = g + weightDecay·p, m = β₁m + (1 − β₁)g', u = max(β₂u, |g'| + ε), p −= learningRate/(1 − β₁ᵗ) · m/u.
public struct Adamax: StatefulOptimizer {
  /// The size of a step; it may change while training.
  public var learningRate: Double
  /// How much of the mean of gradients is kept at each step.
  public var beta1: Double
  /// How much of the largest gradient is kept at each step.
  public var beta2: Double
  /// What keeps the divisor from 0.
  public var epsilon: Double
  /// The pull toward 0, added to the gradient.
  public var weightDecay: Double
  var state = ParameterState()

  /// PyTorch's defaults unless told.
  public init(learningRate: Double = 2e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    checkMoments("Adamax", learningRate, beta1, beta2, weightDecay, epsilon)
  }

  /// One step.
  public mutating func update<M: Model>(_ model: inout M, along gradient: M) {
    let (rate, beta1, beta2, epsilon, decay) = (learningRate, beta1, beta2, epsilon, weightDecay)
    state.update("Adamax", &model, along: gradient, slots: 2) { x in
      let c1 = 1 - Double.pow(beta1, x.step)
      fx_adamax(x.dtype, x.count, rate, beta1, beta2, epsilon, decay, c1, x.gradient, x.slots.0, x.slots.1, x.values)
    }
  }
}
