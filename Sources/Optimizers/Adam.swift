import CKernels
import Models
import RealModule
import Tensors

/// Adam: Kingma and Ba 2015.
///
/// PyTorch: `Adam`, with its order of operations and its defaults.
///
/// g' = g + weightDecay·p, m = β₁m + (1 − β₁)g', v = β₂v + (1 − β₂)g'², p −= learningRate·m̂ / (√v̂ + ε), with m̂ = m/(1 − β₁ᵗ) and
/// v̂ = v/(1 − β₂ᵗ). With `amsgrad` (Reddi, Kale and Kumar 2018) v̂ is made of the largest v so far.
public struct Adam: StatefulOptimizer {
  /// The size of a step; it may change while training.
  public var learningRate: Double
  /// How much of the mean of gradients is kept at each step.
  public var beta1: Double
  /// How much of the mean of squared gradients is kept at each step.
  public var beta2: Double
  /// What keeps the divisor from 0.
  public var epsilon: Double
  /// The pull toward 0, added to the gradient (see ``AdamW`` for the other way).
  public var weightDecay: Double
  /// Whether a step is divided by the largest mean of squares so far.
  public var amsgrad: Bool
  var state = ParameterState()

  /// PyTorch's defaults unless told.
  public init(
    learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0,
    amsgrad: Bool = false
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.amsgrad = amsgrad
    checkMoments("Adam", learningRate, beta1, beta2, weightDecay, epsilon)
  }

  /// One step.
  public mutating func update<M: Model>(_ model: inout M, along gradient: M) {
    state.adam("Adam", &model, along: gradient, learningRate, beta1, beta2, epsilon, weightDecay, isDecoupled: false, amsgrad)
  }
}

/// Adam with decoupled weight decay: Loshchilov and Hutter 2019.
///
/// PyTorch: `AdamW`, with its order of operations and its defaults.
///
/// p −= learningRate·weightDecay·p, and then a step of ``Adam`` without weight decay.
public struct AdamW: StatefulOptimizer {
  /// The size of a step; it may change while training.
  public var learningRate: Double
  /// How much of the mean of gradients is kept at each step.
  public var beta1: Double
  /// How much of the mean of squared gradients is kept at each step.
  public var beta2: Double
  /// What keeps the divisor from 0.
  public var epsilon: Double
  /// The pull toward 0, beside the gradient.
  public var weightDecay: Double
  /// Whether a step is divided by the largest mean of squares so far.
  public var amsgrad: Bool
  var state = ParameterState()

  /// PyTorch's defaults unless told.
  public init(
    learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0.01,
    amsgrad: Bool = false
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.amsgrad = amsgrad
    checkMoments("AdamW", learningRate, beta1, beta2, weightDecay, epsilon)
  }

  /// One step.
  public mutating func update<M: Model>(_ model: inout M, along gradient: M) {
    state.adam("AdamW", &model, along: gradient, learningRate, beta1, beta2, epsilon, weightDecay, isDecoupled: true, amsgrad)
  }
}

extension ParameterState {
  /// The two are one pass over memory, told apart by where the decay goes.
  fileprivate mutating func adam<M: Model>(
    _ name: String, _ model: inout M, along gradient: M, _ rate: Double, _ beta1: Double, _ beta2: Double, _ epsilon: Double,
    _ decay: Double, isDecoupled: Bool, _ amsgrad: Bool
  ) {
    func corrections(_ step: Int) -> (Double, Double) { (1 - Double.pow(beta1, step), 1 - Double.pow(beta2, step)) }
    // Most parameters have made the same number of steps.
    let next = steps + 1
    let ofNext = corrections(next)
    update(name, &model, along: gradient, slots: amsgrad ? 3 : 2) { x in
      let (c1, c2) = x.step == next ? ofNext : corrections(x.step)
      fx_adam(
        x.dtype, x.count, rate, beta1, beta2, epsilon, decay, isDecoupled ? 1 : 0, c1, c2, x.gradient, x.slots.0, x.slots.1, x.slots.2,
        x.values)
    }
  }
}
