import Tensors

/// Each position's features less their mean, over their deviation, times a weight, plus a bias.
///
/// Ba, Kiros and Hinton 2016. PyTorch: `LayerNorm`.
///
/// Shapes: x [..., features] to the same.
public struct LayerNorm: Model {
  /// [features], ones at first.
  public var weight: Tensor
  /// [features], zeros at first, unless the layer was made without one.
  public var bias: Tensor?
  /// What keeps equal features from being divided by 0.
  public let epsilon: Double

  /// A layer for that many features.
  public init(_ features: Int, epsilon: Double = 1e-5, hasBias: Bool = true) {
    weight = .ones([features])
    bias = hasBias ? .zeros([features]) : nil
    self.epsilon = epsilon
  }

  /// x normalised over its last axis.
  public func callAsFunction(_ x: Tensor) -> Tensor { layerNorm(x, over: weight.shape, weight: weight, bias: bias, epsilon: epsilon) }
}

extension LayerNorm {
  /// As it is written: `LayerNorm(128)`.
  public var code: String {
    call(
      "LayerNorm",
      ["\(weight.shape[0])"] + (epsilon == 1e-5 ? [] : ["epsilon: \(epsilon)"]) + (bias == nil ? ["hasBias: false"] : []))
  }
}
