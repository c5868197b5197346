import CKernels
import Models
import Tensors

/// Lion, steps of equal size by the sign of a momentum: Chen et al., *Symbolic Discovery of Optimization Algorithms* (2023).
///
/// PyTorch has none; defaults are those of the authors' own code.
///
/// p −= learningRate·(sign(β₁m + (1 − β₁)g) + weightDecay·p), then m = β₂m + (1 − β₂)g: weight decay is decoupled. The authors advise a
/// learning rate three to ten times smaller, and a weight decay as many times larger, than ``AdamW``'s.
public struct Lion: StatefulOptimizer {
  /// The size of a step; it may change while training.
  public var learningRate: Double
  /// How much of the momentum is in a step's direction.
  public var beta1: Double
  /// How much of the momentum is kept at each step.
  public var beta2: Double
  /// The pull toward 0, beside the gradient.
  public var weightDecay: Double
  var state = ParameterState()

  /// The authors' defaults unless told.
  public init(learningRate: Double = 1e-4, beta1: Double = 0.9, beta2: Double = 0.99, weightDecay: Double = 0) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.weightDecay = weightDecay
    checkMoments("Lion", learningRate, beta1, beta2, weightDecay)
  }

  /// One step.
  public mutating func update<M: Model>(_ model: inout M, along gradient: M) {
    let (rate, beta1, beta2, shrink) = (learningRate, beta1, beta2, 1 - learningRate * weightDecay)
    state.update("Lion", &model, along: gradient, slots: 1) { x in
      fx_lion(x.dtype, x.count, rate, beta1, beta2, shrink, x.gradient, x.slots.0, x.values)
    }
  }
}
