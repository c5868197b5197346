import Tensors

/// The largest element under each place of a window that slides over images.
///
///     MaxPool2D(2)                          // [8, 16, 32, 32] to [8, 16, 16, 16]
///     MaxPool2D(3, stride: 2, padding: 1)
///
/// The stride is the window's size unless told. Padding never is the largest.
///
/// Shapes: x [batch, channels, …] to [batch, channels, …], both also without the batch.
///
/// PyTorch: `MaxPool1d`, `MaxPool2d`, `MaxPool3d`.
public struct MaxPool<let spatialAxes: Int>: Placed {
  /// The window's size.
  public let window: PerAxis
  /// How far it moves from one place to the next; its own size if nil.
  public let stride: PerAxis?
  /// What is added around the image, at most half the window.
  public let padding: WindowPadding
  /// How far apart the elements are that the window sees.
  public let dilation: PerAxis
  /// Whether a last place that begins inside and reaches over the end counts.
  public let roundsUp: Bool
  /// Where in a model it stands.
  public var place = Place()

  /// A layer with a window of a size.
  public init(
    _ window: any PerAxisConvertible, stride: (any PerAxisConvertible)? = nil, padding: any WindowPaddingConvertible = 0,
    dilation: any PerAxisConvertible = 1, roundsUp: Bool = false
  ) {
    let (window, stride, padding, dilation) = (window.perAxis, stride?.perAxis, padding.windowPadding, dilation.perAxis)
    self.window = window
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.roundsUp = roundsUp
  }

  /// The largest elements.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { layer in
      guard x.isImage(spatialAxes, Self.typeName), let window = layer.window.spread(over: spatialAxes, Self.typeName) else { return x }
      return maxPool(
        x, window: window, stride: layer.stride, padding: layer.padding, dilation: layer.dilation, roundsUp: layer.roundsUp)
    }
  }

  /// Nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {}
}

/// The largest elements of signals, [batch, channels, length].
public typealias MaxPool1D = MaxPool<1>
/// The largest elements of images, [batch, channels, height, width].
public typealias MaxPool2D = MaxPool<2>
/// The largest elements of volumes, [batch, channels, depth, height, width].
public typealias MaxPool3D = MaxPool<3>

extension MaxPool: NamedType {
  /// As it is written, which is not as Swift calls it.
  package static var typeName: String { "MaxPool\(spatialAxes)D" }
}

extension MaxPool {
  /// As it is written: `MaxPool2D(3, stride: 2, padding: 1)`.
  public var code: String {
    call(
      Self.typeName, "\(window)", argument("stride", stride, unless: nil), argument("padding", padding, unless: 0),
      argument("dilation", dilation, unless: 1), argument("roundsUp", roundsUp, unless: false))
  }
}

extension PerAxis {
  /// A number for each axis: an operator that is given one number would look at the input for how many axes there are.
  func spread(over axes: Int, _ layer: String) -> PerAxis? {
    attempt { () throws(TensorError) in PerAxis(Array(try numbers("a window", axes: axes, least: 1, layer))) }
  }
}
