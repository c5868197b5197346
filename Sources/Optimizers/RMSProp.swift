import CKernels
import Models
import Tensors

/// RMSProp: Tieleman and Hinton, *Lecture 6.5* (2012); centred as by Graves 2013.
///
/// PyTorch: `RMSprop`, with its order of operations and its defaults.
///
/// g' = g + weightDecay·p, v = αv + (1 − α)g'², d = g' / (√v + ε), p −= learningRate·d. With momentum b = momentum·b + d stands in d's place.
/// If `centered`, v − m² stands in v's place, m = αm + (1 − α)g': a variance, which rounding does not take below 0.
public struct RMSProp: StatefulOptimizer {
  /// The size of a step; it may change while training.
  public var learningRate: Double
  /// How much of the mean of squared gradients is kept at each step.
  public var alpha: Double
  /// What keeps the divisor from 0.
  public var epsilon: Double
  /// The pull toward 0, added to the gradient.
  public var weightDecay: Double
  /// How much of the last step's direction is kept.
  public var momentum: Double
  /// Whether gradients are divided by their deviation rather than by their size.
  public var centered: Bool
  var state = ParameterState()

  /// PyTorch's defaults unless told.
  public init(
    learningRate: Double = 1e-2, alpha: Double = 0.99, epsilon: Double = 1e-8, weightDecay: Double = 0, momentum: Double = 0,
    centered: Bool = false
  ) {
    self.learningRate = learningRate
    self.alpha = alpha
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.momentum = momentum
    self.centered = centered
    var check = SettingCheck("RMSProp")
    check.number(learningRate, "a learning rate")
    check.fraction(alpha, "an alpha", includesOne: true)
    check.number(epsilon, "an epsilon")
    check.number(weightDecay, "a weight decay")
    check.number(momentum, "a momentum")
  }

  /// One step.
  public mutating func update<M: Model>(_ model: inout M, along gradient: M) {
    let (rate, alpha, epsilon, decay, momentum, centered) = (learningRate, alpha, epsilon, weightDecay, momentum, centered)
    let hasMomentum = momentum > 0
    state.update("RMSProp", &model, along: gradient, slots: 1 + (centered ? 1 : 0) + (hasMomentum ? 1 : 0)) { x in
      let direction = hasMomentum ? (centered ? x.slots.2 : x.slots.1) : nil
      fx_rmsprop(
        x.dtype, x.count, rate, alpha, epsilon, decay, momentum, x.gradient, x.slots.0, centered ? x.slots.1 : nil, direction, x.values)
    }
  }
}
