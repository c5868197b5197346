import Tensors

/// A range of axes as one: all but the batch's, unless told.
///
///     Flatten()            // [8, 16, 5, 5] to [8, 400]
///     Flatten(from: 2)     // [8, 16, 5, 5] to [8, 16, 25]
///
/// PyTorch: `Flatten`.
public struct Flatten: Placed {
  /// The first of the axes.
  public let start: Int
  /// The last of the axes; negative ones count from the end.
  public let end: Int
  /// Where in a model it stands.
  public var place = Place()

  /// A layer that makes axes `start` to `end` one.
  public init(from start: Int = 1, to end: Int = -1) {
    self.start = start
    self.end = end
  }

  /// x with fewer axes.
  public func callAsFunction(_ x: Tensor) -> Tensor { placed(on: x) { layer in x.flattened(from: layer.start, to: layer.end) } }

  /// Nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {}
}

/// Each example of a batch in another shape.
///
///     Reshape([1, 28, 28])    // [8, 784] to [8, 1, 28, 28]
///     Reshape([16, -1])       // [8, 16, 5, 5] to [8, 16, 25]
///
/// Shapes: x [batch, …] to [batch] + shape, of which one size may be −1, for what is left.
///
/// PyTorch: `Unflatten` with `dim=1`.
public struct Reshape: Placed {
  /// The shape of an example, without the batch.
  public let shape: Shape
  /// Where in a model it stands.
  public var place = Place()

  /// A layer whose examples have a shape.
  public init(_ shape: Shape) { self.shape = shape }

  /// x in the other shape.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { layer in
      if hasFailed { return x }
      guard x.rank > 0 else {
        fail(TensorError("Reshape", "\(x.shape) has no batch; [batch, …] would fit"))
        return x
      }
      return x.reshaped(Shape([x.shape[0]] + Array(layer.shape)))
    }
  }

  /// Nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {}
}

extension Flatten {
  /// As it is written: `Flatten()`.
  public var code: String {
    call("Flatten", argument("from", start, unless: 1), argument("to", end, unless: -1))
  }
}

extension Reshape {
  /// As it is written: `Reshape([1, 28, 28])`.
  public var code: String { "Reshape(\(shape))" }
}
