import CKernels
import Models
import RealModule
import Tensors

/// Adam: Kingma and Ba 2015.
///
/// PyTorch: `Adam`, with its order of operations.
///
/// m = β₁m + (1 − β₁)g, v = β₂v + (1 − β₂)g², p −= learningRate·m̂ / (√v̂ + ε), with m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ).
public struct Adam: Optimizer {
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
  private var moments = Moments()

  /// PyTorch's defaults unless told.
  public init(learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// One step.
  public mutating func update<M: Model>(_ model: inout M, along gradient: M) {
    moments.update("Adam", &model, along: gradient, learningRate, beta1, beta2, epsilon, weightDecay, isDecoupled: false)
  }
}

/// Adam with decoupled weight decay, p −= learningRate·weightDecay·p: Loshchilov and Hutter 2019.
///
/// PyTorch: `AdamW`.
public struct AdamW: Optimizer {
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
  private var moments = Moments()

  /// PyTorch's defaults unless told.
  public init(learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0.01) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// One step.
  public mutating func update<M: Model>(_ model: inout M, along gradient: M) {
    moments.update("AdamW", &model, along: gradient, learningRate, beta1, beta2, epsilon, weightDecay, isDecoupled: true)
  }
}

/// The two moments of each parameter.
private struct Moments: Sendable, Resumable {
  var state = ParameterState()

  mutating func update<M: Model>(
    _ name: String, _ model: inout M, along gradient: M, _ rate: Double, _ beta1: Double, _ beta2: Double, _ epsilon: Double,
    _ decay: Double, isDecoupled: Bool
  ) {
    state.update(name, &model, along: gradient, slots: 2) { step, n, dtype, g, slots, p in
      let (c1, c2) = (1 - Double.pow(beta1, step), 1 - Double.pow(beta2, step))
      fx_adam(Int32(dtype.rawValue), n, rate, beta1, beta2, epsilon, decay, isDecoupled ? 1 : 0, c1, c2, g, slots[0], slots[1], p)
    }
  }
}
