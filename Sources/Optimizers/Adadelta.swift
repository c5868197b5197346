import CKernels
import Models
import Tensors

/// Adadelta: Zeiler 2012.
///
/// PyTorch: `Adadelta`, with its order of operations and its defaults.
///
/// g' = g + weightDecay·p, v = ρv + (1 − ρ)g'², d = √(u + ε)/√(v + ε) · g', u = ρu + (1 − ρ)d², p −= learningRate·d.
public struct Adadelta: StatefulOptimizer {
  /// What a step is multiplied by; it may change while training.
  public var learningRate: Double
  /// How much of the means of squares is kept at each step.
  public var rho: Double
  /// What keeps the divisor from 0, and lets the first step be one.
  public var epsilon: Double
  /// The pull toward 0, added to the gradient.
  public var weightDecay: Double
  var state = ParameterState()

  /// PyTorch's defaults unless told.
  public init(learningRate: Double = 1, rho: Double = 0.9, epsilon: Double = 1e-6, weightDecay: Double = 0) {
    self.learningRate = learningRate
    self.rho = rho
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    var check = SettingCheck("Adadelta")
    check.number(learningRate, "a learning rate")
    check.fraction(rho, "a rho", includesOne: true)
    check.number(epsilon, "an epsilon")
    check.number(weightDecay, "a weight decay")
  }

  /// One step.
  public mutating func update<M: Model>(_ model: inout M, along gradient: M) {
    let (rate, rho, epsilon, decay) = (learningRate, rho, epsilon, weightDecay)
    state.update("Adadelta", &model, along: gradient, slots: 2) { x in
      fx_adadelta(x.dtype, x.count, rate, rho, epsilon, decay, x.gradient, x.slots.0, x.slots.1, x.values)
    }
  }
}
