import Tensors

/// The largest element of each channel.
///
/// Derivative: dy at the place of the largest element, the first of equal ones.
///
/// Shapes: x [batch, channels, …] to [batch, channels]; with `keepsAxes` the others stay with size 1.
///
/// PyTorch: `AdaptiveMaxPool2d(1)` and `Flatten`.
public struct GlobalMaxPool: Placed {
  /// Whether the spatial axes stay, with size 1.
  public let keepsAxes: Bool
  /// Where in a model it stands.
  public var place = Place()

  /// A layer that has nothing to set but whether the spatial axes stay.
  public init(keepsAxes: Bool = false) { self.keepsAxes = keepsAxes }

  /// The largest elements.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { layer in
      guard x.hasSpatialAxes("GlobalMaxPool") else { return x }
      return maxPool(x.flattened(from: 2), to: [1]).reshaped(x.shape.ofChannels(keepsAxes: layer.keepsAxes))
    }
  }

  /// Nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {}
}

/// The mean of each channel (Lin, Chen and Yan 2014).
///
/// Shapes: x [batch, channels, …] to [batch, channels]; with `keepsAxes` the others stay with size 1.
///
/// PyTorch: `AdaptiveAvgPool2d(1)` and `Flatten`.
public struct GlobalMeanPool: Placed {
  /// Whether the spatial axes stay, with size 1.
  public let keepsAxes: Bool
  /// Where in a model it stands.
  public var place = Place()

  /// A layer that has nothing to set but whether the spatial axes stay.
  public init(keepsAxes: Bool = false) { self.keepsAxes = keepsAxes }

  /// The means.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { layer in
      guard x.hasSpatialAxes("GlobalMeanPool") else { return x }
      return x.mean(axes: Array(2..<x.rank), keepDims: layer.keepsAxes)
    }
  }

  /// Nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {}
}

extension GlobalMaxPool {
  /// As it is written: `GlobalMaxPool()`.
  public var code: String {
    call("GlobalMaxPool", argument("keepsAxes", keepsAxes, unless: false))
  }
}

extension GlobalMeanPool {
  /// As it is written: `GlobalMeanPool()`.
  public var code: String {
    call("GlobalMeanPool", argument("keepsAxes", keepsAxes, unless: false))
  }
}

extension Tensor {
  /// Whether there are elements behind the channels to take one of; if not, that is a mistake of the layer.
  fileprivate func hasSpatialAxes(_ layer: String) -> Bool {
    if hasFailed { return false }
    if rank >= 3 && shape.dropFirst(2).reduce(1, *) > 0 { return true }
    fail(TensorError(layer, "\(shape) has nothing behind the channels; [batch, channels, …] would fit"))
    return false
  }
}

extension Shape {
  /// [batch, channels], and as many axes of size 1 as there are others, if those stay.
  fileprivate func ofChannels(keepsAxes: Bool) -> Shape {
    Shape(Array(prefix(2)) + Array(repeating: 1, count: keepsAxes ? rank - 2 : 0))
  }
}
