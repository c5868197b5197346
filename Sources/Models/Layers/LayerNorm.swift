import Tensors

/// The last axes less their mean over their deviation, times a weight, plus a bias (Ba, Kiros and Hinton 2016).
///
///     LayerNorm(128)         // over the last axis
///     LayerNorm([32, 32])    // over the last two
///     LayerNorm()            // over the last axis, whatever its size
///
/// y = (x − mean) / √(variance + epsilon) · weight + bias
///
/// Shapes: x [..., shape] to the same.
///
/// PyTorch: `LayerNorm`.
public struct LayerNorm: Placed, InputAdapting {
  /// Of `shape`, ones at first; nil unless affine.
  public var weight: Tensor?
  /// Of `shape`, zeros at first; nil unless affine, or without `hasBias`.
  public var bias: Tensor?
  /// The sizes of the last axes, which are normalised.
  public private(set) var shape: Shape
  /// What keeps a row of equal elements from being divided by 0.
  public let epsilon: Double
  /// Whether the last axis' size is still to be found out.
  public private(set) var isWaiting = false
  /// Where in a model it stands.
  public var place = Place()

  /// A layer for last axes of these sizes.
  public init(_ shape: Shape, epsilon: Double = 1e-5, isAffine: Bool = true, hasBias: Bool = true) {
    weight = isAffine ? .ones(shape) : nil
    bias = isAffine && hasBias ? .zeros(shape) : nil
    self.shape = shape
    self.epsilon = epsilon
    if shape.rank == 0 || shape.contains(where: { $0 < 1 }) {
      fail(TensorError("LayerNorm", "over \(shape); one size or more, each 1 or more, would fit"))
    }
    _ = Setting.nonNegative.holds(epsilon, "an epsilon", "LayerNorm")
  }

  /// A layer for a last axis of a size.
  public init(_ size: Int, epsilon: Double = 1e-5, isAffine: Bool = true, hasBias: Bool = true) {
    self.init([size], epsilon: epsilon, isAffine: isAffine, hasBias: hasBias)
  }

  /// A layer that learns the last axis' size from what it is called with, as ``Dense`` does.
  public init(epsilon: Double = 1e-5, isAffine: Bool = true, hasBias: Bool = true) {
    self.init(1, epsilon: epsilon, isAffine: isAffine, hasBias: hasBias)
    isWaiting = true
  }

  /// The last axes, normalised.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { layer in layerNorm(x, over: layer.shape, weight: layer.weight, bias: layer.bias, epsilon: layer.epsilon) }
  }

  /// Takes the last axis' size, if that is open.
  public mutating func adapt(to shape: Shape) {
    guard isWaiting, let size = lastSize(of: shape, "LayerNorm") else { return }
    isWaiting = false
    self.shape = [size]
    if weight != nil { weight = .ones([size]) }
    if bias != nil { bias = .zeros([size]) }
  }

  /// Its weight and its bias.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    if weight != nil { visitor.parameter(&weight!, "weight") }
    if bias != nil { visitor.parameter(&bias!, "bias") }
  }
}

extension LayerNorm {
  /// As it is written: `LayerNorm(128)`.
  public var code: String {
    call(
      "LayerNorm", isWaiting ? nil : shape.rank == 1 ? "\(shape[0])" : "\(shape)", argument("epsilon", epsilon, unless: 1e-5),
      argument("isAffine", weight != nil, unless: true), argument("hasBias", bias != nil, unless: weight != nil))
  }
}

/// The last axis' size of an input, for a layer that waits for it; nil after a mistake.
func lastSize(of shape: Shape, _ layer: String) -> Int? {
  if hasFailed { return nil }
  if shape.rank > 0 { return shape[-1] }
  fail(TensorError(layer, "a size is open and does not follow from \(shape); [..., size] would fit"))
  return nil
}
