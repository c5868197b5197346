import Tensors

/// Images within a border: zeros or another value, or elements of their own.
///
///     Padding2D(1)                                        // a border of zeros
///     Padding2D([0, 2], mode: .reflect)                   // two columns on each side, mirrored
///     Padding2D(before: [1, 0], after: 0, value: -1)
///
/// Shapes: x [batch, channels, …] to [batch, channels, …], both also without the batch.
///
/// PyTorch: `ZeroPad2d`, `ConstantPad2d`, `ReflectionPad2d`, `ReplicationPad2d`, `CircularPad2d`, and those for one and three axes.
public struct Padding<let spatialAxes: Int>: Placed {
  /// How many elements are added in front of each axis; negative numbers take elements away.
  public let before: PerAxis
  /// How many elements are added behind each axis; negative numbers take elements away.
  public let after: PerAxis
  /// What elements of its own the border consists of; `value` if nil.
  public let mode: PaddingMode?
  /// What the border consists of without a mode.
  public let value: Double
  /// Where in a model it stands.
  public var place = Place()

  /// A layer that adds a value in front of and behind each axis.
  public init(before: any PerAxisConvertible, after: any PerAxisConvertible, value: Double = 0) {
    let (before, after) = (before.perAxis, after.perAxis)
    self.init(before, after, nil, value)
  }
  /// A layer that adds a value on each side.
  public init(_ amount: any PerAxisConvertible, value: Double = 0) { self.init(amount.perAxis, amount.perAxis, nil, value) }
  /// A layer that adds elements of the image in front of and behind each axis.
  public init(before: any PerAxisConvertible, after: any PerAxisConvertible, mode: PaddingMode) {
    self.init(before.perAxis, after.perAxis, mode, 0)
  }
  /// A layer that adds elements of the image on each side.
  public init(_ amount: any PerAxisConvertible, mode: PaddingMode) { self.init(amount.perAxis, amount.perAxis, mode, 0) }
  private init(_ before: PerAxis, _ after: PerAxis, _ mode: PaddingMode?, _ value: Double) {
    self.before = before
    self.after = after
    self.mode = mode
    self.value = value
  }

  /// The images within their border.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { layer in
      guard x.isImage(spatialAxes, Self.typeName), let amounts = layer.amounts else { return x }
      return layer.mode.map { x.padded(amounts, mode: $0) } ?? x.padded(amounts, value: layer.value)
    }
  }

  private var amounts: [(before: Int, after: Int)]? {
    attempt { () throws(TensorError) in
      let before = try before.numbers("a padding", axes: spatialAxes, least: -1 << 24, Self.typeName)
      let after = try after.numbers("a padding", axes: spatialAxes, least: -1 << 24, Self.typeName)
      return zip(before, after).map { (before: $0, after: $1) }
    }
  }

  /// Nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {}
}

/// A border around signals, [batch, channels, length].
public typealias Padding1D = Padding<1>
/// A border around images, [batch, channels, height, width].
public typealias Padding2D = Padding<2>
/// A border around volumes, [batch, channels, depth, height, width].
public typealias Padding3D = Padding<3>

extension Padding: NamedType {
  /// As it is written, which is not as Swift calls it.
  package static var typeName: String { "Padding\(spatialAxes)D" }
}

extension Padding {
  /// As it is written: `Padding2D(1, mode: .reflect)`.
  public var code: String {
    call(
      Self.typeName, before == after ? "\(before)" : "before: \(before), after: \(after)",
      argument("mode", mode.map { ".\($0)" }, unless: nil), argument("value", value, unless: 0))
  }
}
