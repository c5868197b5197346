import Tensors

/// The last axes over their root mean square, times a weight (Zhang and Sennrich 2019).
///
///     RMSNorm(128)         // over the last axis
///     RMSNorm([32, 32])    // over the last two
///     RMSNorm()            // over the last axis, whatever its size
///
/// y = x / √(mean of x² + epsilon) · weight
///
/// Shapes: x [..., shape] to the same.
///
/// PyTorch: `RMSNorm`.
public struct RMSNorm: Placed, InputAdapting {
  /// Of `shape`, ones at first; nil unless affine.
  public var weight: Tensor?
  /// The sizes of the last axes, which are normalised.
  public private(set) var shape: Shape
  /// What keeps a row of zeros from being divided by 0; if nil, the distance from 1 to the next number of the input's dtype.
  public let epsilon: Double?
  /// Whether the last axis' size is still to be found out.
  public private(set) var isWaiting = false
  /// Where in a model it stands.
  public var place = Place()

  /// A layer for last axes of these sizes.
  public init(_ shape: Shape, epsilon: Double? = nil, isAffine: Bool = true) {
    weight = isAffine ? .ones(shape) : nil
    self.shape = shape
    self.epsilon = epsilon
    if shape.rank == 0 || shape.contains(where: { $0 < 1 }) {
      fail(TensorError("RMSNorm", "over \(shape); one size or more, each 1 or more, would fit"))
    }
    _ = Setting.nonNegative.holds(epsilon ?? 0, "an epsilon", "RMSNorm")
  }

  /// A layer for a last axis of a size.
  public init(_ size: Int, epsilon: Double? = nil, isAffine: Bool = true) { self.init([size], epsilon: epsilon, isAffine: isAffine) }

  /// A layer that learns the last axis' size from what it is called with, as ``Dense`` does.
  public init(epsilon: Double? = nil, isAffine: Bool = true) {
    self.init(1, epsilon: epsilon, isAffine: isAffine)
    isWaiting = true
  }

  /// The last axes, normalised.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { layer in rmsNorm(x, over: layer.shape, weight: layer.weight, epsilon: layer.epsilon) }
  }

  /// Takes the last axis' size, if that is open.
  public mutating func adapt(to shape: Shape) {
    guard isWaiting, let size = lastSize(of: shape, "RMSNorm") else { return }
    isWaiting = false
    self.shape = [size]
    if weight != nil { weight = .ones([size]) }
  }

  /// Its weight.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    if weight != nil { visitor.parameter(&weight!, "weight") }
  }
}

extension RMSNorm {
  /// As it is written: `RMSNorm(128)`.
  public var code: String {
    call(
      "RMSNorm", isWaiting ? nil : shape.rank == 1 ? "\(shape[0])" : "\(shape)", argument("epsilon", epsilon, unless: nil),
      argument("isAffine", weight != nil, unless: true))
  }
}
