import Tensors

/// Each group of channels of each image less its mean over its deviation, times a weight, plus a bias for each channel (Wu and He 2018).
///
///     GroupNorm(16, groups: 4)    // for [batch, 16, …]
///     GroupNorm(groups: 4)        // as many channels as the input has
///
/// It does not depend on the other images of the batch, and does the same in training and inference.
///
/// Shapes: x [batch, channels, …] to the same.
///
/// PyTorch: `GroupNorm`.
public struct GroupNorm: Placed, InputAdapting {
  /// [channels], ones at first; nil unless affine.
  public var weight: Tensor?
  /// [channels], zeros at first; nil unless affine.
  public var bias: Tensor?
  /// How many groups the channels make, neighbours together.
  public let groups: Int
  /// What keeps a group of equal elements from being divided by 0.
  public let epsilon: Double
  private var channelCount: Int
  /// Whether the number of channels is still to be found out.
  public private(set) var isWaiting = false
  /// Where in a model it stands.
  public var place = Place()

  /// A layer for a number of channels.
  public init(_ channels: Int, groups: Int, epsilon: Double = 1e-5, isAffine: Bool = true) {
    weight = isAffine ? .ones([max(0, channels)]) : nil
    bias = isAffine ? .zeros([max(0, channels)]) : nil
    self.groups = groups
    self.epsilon = epsilon
    channelCount = channels
    check()
    _ = Setting.nonNegative.holds(epsilon, "an epsilon", "GroupNorm")
  }

  /// A layer that learns its number of channels from what it is called with, as ``Dense`` does.
  public init(groups: Int, epsilon: Double = 1e-5, isAffine: Bool = true) {
    self.init(groups, groups: groups, epsilon: epsilon, isAffine: isAffine)
    isWaiting = true
  }

  private func check() {
    if groups < 1 {
      fail(TensorError("GroupNorm", "\(groups) groups; 1 or more would fit"))
    } else if channelCount < 1 || channelCount % groups != 0 {
      fail(TensorError("GroupNorm", "\(channelCount) channels in \(groups) groups; a number that \(groups) divides would fit"))
    }
  }

  /// The groups, normalised.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { layer in
      if !hasFailed, x.rank > 1, x.shape[1] != layer.channelCount {
        fail(TensorError("GroupNorm", "\(x.shape) for \(layer.channelCount) channels; [batch, \(layer.channelCount), …] would fit"))
      }
      return groupNorm(x, groups: layer.groups, weight: layer.weight, bias: layer.bias, epsilon: layer.epsilon)
    }
  }

  /// Takes the size of the second axis as the number of channels, if that is open.
  public mutating func adapt(to shape: Shape) {
    guard isWaiting, let channels = channels(of: shape, "GroupNorm") else { return }
    isWaiting = false
    channelCount = channels
    check()
    if weight != nil { weight = .ones([channels]) }
    if bias != nil { bias = .zeros([channels]) }
  }

  /// Its weight and its bias.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    if weight != nil { visitor.parameter(&weight!, "weight") }
    if bias != nil { visitor.parameter(&bias!, "bias") }
  }
}

extension GroupNorm {
  /// As it is written: `GroupNorm(16, groups: 4)`.
  public var code: String {
    call(
      "GroupNorm", isWaiting ? nil : "\(channelCount)", "groups: \(groups)", argument("epsilon", epsilon, unless: 1e-5),
      argument("isAffine", weight != nil, unless: true))
  }
}
