import CKernels
import Models
import Tensors

/// Adagrad: Duchi, Hazan and Singer 2011.
///
/// PyTorch: `Adagrad`, with its order of operations and its defaults.
///
/// g' = g + weightDecay·p, s = s + g'², p −= learningRate/(1 + (t − 1)·rateDecay) · g' / (√s + ε); s begins with `initialSum`.
public struct Adagrad: StatefulOptimizer {
  /// The size of a step; it may change while training.
  public var learningRate: Double
  /// How fast steps become smaller by their number alone (PyTorch's `lr_decay`).
  public var rateDecay: Double
  /// The pull toward 0, added to the gradient.
  public var weightDecay: Double
  /// What the sum of squared gradients begins with (PyTorch's `initial_accumulator_value`).
  public var initialSum: Double
  /// What keeps the divisor from 0.
  public var epsilon: Double
  var state = ParameterState()

  /// PyTorch's defaults unless told.
  public init(
    learningRate: Double = 1e-2, rateDecay: Double = 0, weightDecay: Double = 0, initialSum: Double = 0, epsilon: Double = 1e-10
  ) {
    self.learningRate = learningRate
    self.rateDecay = rateDecay
    self.weightDecay = weightDecay
    self.initialSum = initialSum
    self.epsilon = epsilon
    var check = SettingCheck("Adagrad")
    check.number(learningRate, "a learning rate")
    check.number(rateDecay, "a rate decay")
    check.number(weightDecay, "a weight decay")
    check.number(initialSum, "an initial sum")
    check.number(epsilon, "an epsilon")
  }

  /// One step.
  public mutating func update<M: Model>(_ model: inout M, along gradient: M) {
    let (rate, rateDecay, decay, initial, epsilon) = (learningRate, rateDecay, weightDecay, initialSum, epsilon)
    state.update("Adagrad", &model, along: gradient, slots: 1) { x in
      fx_adagrad(
        x.dtype, x.count, rate / (1 + Double(x.step - 1) * rateDecay), epsilon, decay, x.step == 1 ? initial : 0, x.gradient, x.slots.0,
        x.values)
    }
  }
}
