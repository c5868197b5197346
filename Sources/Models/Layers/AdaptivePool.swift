import Tensors

/// The largest element of each part, where images are cut into so many even parts along each spatial axis.
///
///     AdaptiveMaxPool(4)         // [8, 16, 30, 40] to [8, 16, 4, 4]
///     AdaptiveMaxPool([5, 7])    // [8, 16, 30, 40] to [8, 16, 5, 7]
///
/// A `size` of one number is meant for all axes but the first two, a list for as many of the last axes.
///
/// Shapes: x [batch, channels, …] to [batch, channels, …]; with a list whatever stands before the last axes.
///
/// PyTorch: `AdaptiveMaxPool1d`, `AdaptiveMaxPool2d`, `AdaptiveMaxPool3d`.
public struct AdaptiveMaxPool: Placed {
  /// How many parts there are along each axis.
  public let size: PerAxis
  /// Where in a model it stands.
  public var place = Place()

  /// A layer whose results have a size.
  public init(_ size: any PerAxisConvertible) { self.size = size.perAxis }

  /// The largest elements.
  public func callAsFunction(_ x: Tensor) -> Tensor { placed(on: x) { layer in maxPool(x, to: layer.size) } }

  /// Nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {}
}

/// The mean of each part, where images are cut into so many even parts along each spatial axis.
///
///     AdaptiveMeanPool(4)         // [8, 16, 30, 40] to [8, 16, 4, 4]
///     AdaptiveMeanPool([5, 7])    // [8, 16, 30, 40] to [8, 16, 5, 7]
///
/// A `size` of one number is meant for all axes but the first two, a list for as many of the last axes. One mean for each channel, without axes
/// of size 1 behind it, gives ``GlobalMeanPool``.
///
/// Shapes: x [batch, channels, …] to [batch, channels, …]; with a list whatever stands before the last axes.
///
/// PyTorch: `AdaptiveAvgPool1d`, `AdaptiveAvgPool2d`, `AdaptiveAvgPool3d`, and `Upsample(mode="area")`.
public struct AdaptiveMeanPool: Placed {
  /// How many parts there are along each axis.
  public let size: PerAxis
  /// Where in a model it stands.
  public var place = Place()

  /// A layer whose results have a size.
  public init(_ size: any PerAxisConvertible) { self.size = size.perAxis }

  /// The means.
  public func callAsFunction(_ x: Tensor) -> Tensor { placed(on: x) { layer in meanPool(x, to: layer.size) } }

  /// Nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {}
}

extension AdaptiveMaxPool {
  /// As it is written: `AdaptiveMaxPool(4)`.
  public var code: String { "AdaptiveMaxPool(\(size))" }
}

extension AdaptiveMeanPool {
  /// As it is written: `AdaptiveMeanPool(4)`.
  public var code: String { "AdaptiveMeanPool(\(size))" }
}
