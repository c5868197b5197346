import Tensors

/// Cuts a window out of each image, at a random place while training and in the middle otherwise.
///
///     RandomCrop(padding: 4)            // as large as the image, up to 4 pixels aside: for CIFAR
///     RandomCrop([24, 24])              // a smaller one
///     RandomCrop(28, padding: 2, mode: .reflect)
///
/// Shapes: x [batch, channels, height, width] to [batch, channels, rows, columns], which do not depend on the mode.
///
/// PyTorch: torchvision's `RandomCrop`; here each image of a batch draws for itself.
public struct RandomCrop: Placed {
  /// The window's rows and columns; nil for the image's own.
  public let size: PerAxis?
  /// The pixels around an image before the window is cut out.
  public let padding: PerAxis
  /// What they are; nil for `value`.
  public let mode: PaddingMode?
  /// What they are without a mode.
  public let value: Double
  private var random: RandomStream
  /// Where in a model it stands.
  public var place = Place()

  /// A layer with a stream split off the one in force.
  public init(_ size: PerAxis? = nil, padding: PerAxis = 0, mode: PaddingMode? = nil, value: Double = 0) {
    (self.size, self.padding, self.mode, self.value) = (size, padding, mode, value)
    random = currentRandomStream()
  }

  /// The windows.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (layer: inout Self) in x.asImages("RandomCrop") { x in layer.windows(x) } }
  }

  private mutating func windows(_ x: Tensor) -> Tensor {
    let sizes = attempt { () throws(TensorError) in
      let around = try padding.numbers("a padding", axes: 2, least: 0, "RandomCrop")
      let window = try size.map { size throws(TensorError) in try size.numbers("a size", axes: 2, least: 1, "RandomCrop") }
      let (height, width) = (x.shape[2] + 2 * around[0], x.shape[3] + 2 * around[1])
      let (rows, columns) = (window?[0] ?? x.shape[2], window?[1] ?? x.shape[3])
      if rows > height || columns > width {
        throw TensorError(
          "RandomCrop",
          "a window of \(rows) by \(columns) in \(x.shape), \(height) by \(width) with its padding; a larger padding would fit")
      }
      return (rows, columns, around[0], around[1])
    }
    guard let (rows, columns, above, beside) = sizes else { return x }
    // In the middle no padding shows, unless the window is larger than the image.
    let isFixed = currentMode == .inference
    if isFixed && rows <= x.shape[2] && columns <= x.shape[3] {
      let (top, left) = ((x.shape[2] - rows) / 2, (x.shape[3] - columns) / 2)
      return x[.all, .all, top..<top + rows, left..<left + columns]
    }
    let amounts = [(before: above, after: above), (before: beside, after: beside)]
    let wide = above + beside == 0 ? x : mode.map { x.padded(amounts, mode: $0) } ?? x.padded(amounts, value: value)
    if hasFailed { return x }
    let (freeRows, freeColumns) = (wide.shape[2] - rows, wide.shape[3] - columns)
    if isFixed || x.shape[0] == 0 {
      return wide[.all, .all, freeRows / 2..<freeRows / 2 + rows, freeColumns / 2..<freeColumns / 2 + columns]
    }
    func starts(_ free: Int) -> Tensor {
      Tensor.uniform([x.shape[0]], in: 0..<Double(free + 1), .float64, using: &random).cast(to: .int64)
    }
    let corners = stack([starts(freeRows), starts(freeColumns)], axis: 1)
    return wide.windows(rows: rows, columns: columns, at: corners)
  }

  /// Its stream; nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { visitor.stream(&random, "random") }
}

extension RandomCrop {
  /// As it is written: `RandomCrop(padding: 4)`.
  public var code: String {
    call(
      "RandomCrop", size.map { "\($0)" }, argument("padding", padding, unless: 0), mode.map { "mode: .\($0)" },
      argument("value", value, unless: 0))
  }
}
