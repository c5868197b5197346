import Tensors

/// Images of r² times fewer channels and r times the height and width (Shi and others 2016).
///
/// Channel c·r² + i·r + j of pixel (h, w) becomes channel c of pixel (h·r + i, w·r + j).
///
/// Shapes: x […, channels·r², height, width] to […, channels, height·r, width·r].
///
/// PyTorch: `PixelShuffle`.
public struct PixelShuffle: Placed {
  /// r.
  public let factor: Int
  /// Where in a model it stands.
  public var place = Place()

  /// A layer that makes images `factor` times as high and wide.
  public init(_ factor: Int) { self.factor = factor }

  /// The larger images.
  public func callAsFunction(_ x: Tensor) -> Tensor { placed(on: x) { layer in x.pixelShuffled(by: layer.factor) } }

  /// Nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {}
}

/// Images of r² times as many channels and r times less height and width: what ``PixelShuffle`` undoes.
///
/// Shapes: x […, channels, height·r, width·r] to […, channels·r², height, width].
///
/// PyTorch: `PixelUnshuffle`.
public struct PixelUnshuffle: Placed {
  /// r.
  public let factor: Int
  /// Where in a model it stands.
  public var place = Place()

  /// A layer that makes images `factor` times less high and wide.
  public init(_ factor: Int) { self.factor = factor }

  /// The smaller images.
  public func callAsFunction(_ x: Tensor) -> Tensor { placed(on: x) { layer in x.pixelUnshuffled(by: layer.factor) } }

  /// Nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {}
}

extension PixelShuffle {
  /// As it is written: `PixelShuffle(2)`.
  public var code: String { "PixelShuffle(\(factor))" }
}

extension PixelUnshuffle {
  /// As it is written: `PixelUnshuffle(2)`.
  public var code: String { "PixelUnshuffle(\(factor))" }
}
