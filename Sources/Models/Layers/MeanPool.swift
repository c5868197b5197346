import Tensors

/// The mean under each place of a window that slides over images.
///
///     MeanPool2D(2)                                                    // [8, 16, 32, 32] to [8, 16, 16, 16]
///     MeanPool2D(3, stride: 1, padding: .same, countsPadding: false)
///
/// The stride is the window's size unless told. Padding counts as zeros, or not at all without `countsPadding`.
///
/// Shapes: x [batch, channels, …] to [batch, channels, …], both also without the batch.
///
/// PyTorch: `AvgPool1d`, `AvgPool2d`, `AvgPool3d`.
public struct MeanPool<let spatialAxes: Int>: Placed {
  /// The window's size.
  public let window: PerAxis
  /// How far it moves from one place to the next; its own size if nil.
  public let stride: PerAxis?
  /// What is added around the image, at most half the window.
  public let padding: WindowPadding
  /// Whether a last place that begins inside and reaches over the end counts.
  public let roundsUp: Bool
  /// Whether padding counts among the elements that sums are divided by.
  public let countsPadding: Bool
  /// What sums are divided by; the number of elements if nil.
  public let divisor: Int?
  /// Where in a model it stands.
  public var place = Place()

  /// A layer with a window of a size.
  public init(
    _ window: any PerAxisConvertible, stride: (any PerAxisConvertible)? = nil, padding: any WindowPaddingConvertible = 0,
    roundsUp: Bool = false, countsPadding: Bool = true,
    divisor: Int? = nil
  ) {
    let (window, stride, padding) = (window.perAxis, stride?.perAxis, padding.windowPadding)
    self.window = window
    self.stride = stride
    self.padding = padding
    self.roundsUp = roundsUp
    self.countsPadding = countsPadding
    self.divisor = divisor
  }

  /// The means.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { layer in
      guard x.isImage(spatialAxes, Self.typeName), let window = layer.window.spread(over: spatialAxes, Self.typeName) else { return x }
      return meanPool(
        x, window: window, stride: layer.stride, padding: layer.padding, roundsUp: layer.roundsUp, countsPadding: layer.countsPadding,
        divisor: layer.divisor)
    }
  }

  /// Nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {}
}

/// The means of signals, [batch, channels, length].
public typealias MeanPool1D = MeanPool<1>
/// The means of images, [batch, channels, height, width].
public typealias MeanPool2D = MeanPool<2>
/// The means of volumes, [batch, channels, depth, height, width].
public typealias MeanPool3D = MeanPool<3>

extension MeanPool: NamedType {
  /// As it is written, which is not as Swift calls it.
  package static var typeName: String { "MeanPool\(spatialAxes)D" }
}

extension MeanPool {
  /// As it is written: `MeanPool2D(3, stride: 2)`.
  public var code: String {
    call(
      Self.typeName, "\(window)", argument("stride", stride, unless: nil), argument("padding", padding, unless: 0),
      argument("roundsUp", roundsUp, unless: false), argument("countsPadding", countsPadding, unless: true),
      argument("divisor", divisor, unless: nil))
  }
}
