import CKernels
import Models
import Tensors

/// Stochastic gradient descent, with momentum and weight decay if wanted.
///
/// PyTorch: `SGD`, with its order of operations.
///
/// g' = g + weightDecay·p; v = momentum·v + (1 − dampening)·g' (v = g' at the first step); p −= learningRate·v, or with Nesterov's momentum
/// learningRate·(g' + momentum·v).
public struct SGD: StatefulOptimizer {
  /// The size of a step; it may change while training.
  public var learningRate: Double
  /// How much of the last step's direction is kept.
  public var momentum: Double
  /// How much of the gradient is left out of the momentum.
  public var dampening: Double
  /// The pull toward 0, added to the gradient.
  public var weightDecay: Double
  /// Whether the gradient is looked at where the momentum leads.
  public var nesterov: Bool
  var state = ParameterState()

  /// Plain gradient descent unless told.
  public init(learningRate: Double, momentum: Double = 0, dampening: Double = 0, weightDecay: Double = 0, nesterov: Bool = false) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.dampening = dampening
    self.weightDecay = weightDecay
    self.nesterov = nesterov
    var check = SettingCheck("SGD")
    check.number(learningRate, "a learning rate")
    check.number(momentum, "a momentum")
    check.number(weightDecay, "a weight decay")
    if nesterov && (momentum <= 0 || dampening != 0) {
      fail(
        TensorError(
          "SGD", "Nesterov's momentum with momentum \(momentum) and dampening \(dampening); a positive momentum and no dampening would fit")
      )
    }
  }

  /// One step.
  public mutating func update<M: Model>(_ model: inout M, along gradient: M) {
    let (rate, momentum, dampening, decay, nesterov) = (learningRate, momentum, dampening, weightDecay, nesterov)
    state.update("SGD", &model, along: gradient, slots: momentum == 0 ? 0 : 1) { x in
      fx_sgd(
        x.dtype, x.count, rate, momentum, dampening, decay, nesterov ? 1 : 0, x.step == 1 ? 1 : 0, x.gradient, x.slots.0, x.values)
    }
  }
}
