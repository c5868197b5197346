import Foundation
import Models
import Tensors

/// Takes each output's mean off the gradients of weights: Yong et al., *Gradient Centralization* (2020).
///
/// g −= mean of g over all axes but the first, for parameters of two axes and more; the others, biases for example, stay as they are.
public struct Centralize: GradientTransformation {
  /// For all weights.
  public init() {}

  /// Centres the gradients of weights.
  public func apply<M: Model>(to gradient: inout M, of model: M) -> Bool {
    gradient.updateGradients(of: model) { _, g, _ in
      if g.rank < 2 || g.elementCount == 0 { return }
      let whole = g.detached
      g = whole - whole.mean(axes: Array(1..<g.rank), keepDims: true)
    }
    return true
  }
}

/// Pulls parameters toward 0: g += decay·p.
///
/// The same as ``SGD/weightDecay`` right before an optimizer; before ``ClipNorm``, the pull is clipped too. PyTorch: `weight_decay`, where it
/// is not decoupled.
public struct DecayWeights: GradientTransformation {
  /// The strength of the pull.
  public let decay: Double
  private let isMember: (@Sendable (String) -> Bool)?

  /// Of all parameters, or of those whose names fit: `where: { name in !name.hasSuffix("bias") }`.
  public init(_ decay: Double, where isMember: (@Sendable (_ name: String) -> Bool)? = nil) {
    (self.decay, self.isMember) = (decay, isMember)
    var check = SettingCheck("DecayWeights")
    check.number(decay, "a weight decay")
  }

  /// Adds the pull to the gradient.
  public func apply<M: Model>(to gradient: inout M, of model: M) -> Bool {
    let isPulled = isMember.map { isMember in model.parameters.map { isMember($0.name) } }
    gradient.updateGradients(of: model) { i, g, p in
      if isPulled?[i] ?? true { g = g.detached + p.detached * decay }
    }
    return true
  }
}

/// Multiplies gradients by a number: by 1/s, for a loss that was multiplied by s.
public struct ScaleGradients: GradientTransformation {
  /// What gradients are multiplied by.
  public let factor: Double

  /// By a number.
  public init(by factor: Double) {
    self.factor = factor
    var check = SettingCheck("ScaleGradients")
    if !factor.isFinite { check.refuse("a factor of \(factor)", "a finite number would fit") }
  }

  /// Multiplies the gradient.
  public func apply<M: Model>(to gradient: inout M, of model: M) -> Bool {
    gradient.updateGradients(of: model) { _, g, _ in g = g.detached * factor }
    return true
  }
}

/// Adds normal noise that fades from step to step: Neelakantan et al., *Adding Gradient Noise Improves Learning for Very Deep Networks* (2015).
///
/// g += N(0, variance / (1 + t)^fading), with t the number of steps so far. The noise follows from the seed, and from nothing else.
public struct AddNoise: GradientTransformation {
  /// The variance at the first step; the paper tries 0.01, 0.3 and 1.
  public let variance: Double
  /// How fast it fades; the paper's unless told.
  public let fading: Double
  private var random: RandomStream
  private var step = 0

  /// Noise from a seed, or from the stream in force (see ``withSeed(_:_:)``).
  public init(variance: Double, fading: Double = 0.55, seed: UInt64? = nil) {
    (self.variance, self.fading) = (variance, fading)
    random = seed.map { RandomStream(seed: $0) } ?? currentRandomStream()
    var check = SettingCheck("AddNoise")
    check.number(variance, "a variance")
    check.number(fading, "a fading")
  }

  /// Adds the noise.
  public mutating func apply<M: Model>(to gradient: inout M, of model: M) -> Bool {
    let deviation = (variance / pow(1 + Double(step), fading)).squareRoot()
    var random = random
    gradient.updateGradients(of: model) { _, g, _ in
      g = g.detached + Tensor.normal(g.shape, standardDeviation: deviation, g.dtype, using: &random)
    }
    self.random = random
    step += 1
    return true
  }
}
