import Tensors

/// Sets a whole example to 0 with a probability while training, and scales the others by 1/(1 − probability); the identity otherwise.
///
/// At the end of a residual branch it leaves the branch out: stochastic depth (Huang, Sun, Liu, Sedra and Weinberger 2016). The random
/// stream is the layer's own, as ``Dropout``'s.
///
/// Shapes: x [batch, …] to the same.
///
/// PyTorch: torchvision's `StochasticDepth(mode="row")`, timm's `DropPath`.
public struct DropPath: Placed {
  /// How likely an example is dropped.
  public let probability: Double
  private var random: RandomStream
  /// Where in a model it stands.
  public var place = Place()

  /// A layer with a stream split off the one in force.
  public init(_ probability: Double) {
    self.probability = checkedProbability(probability, "DropPath")
    random = currentRandomStream()
  }

  /// x with examples dropped, in training mode.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (layer: inout Self) in x.dropping(axesKept: 1, layer.probability, &layer.random) }
  }

  /// Its stream; nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { visitor.stream(&random, "random") }
}

extension DropPath {
  /// As it is written: `DropPath(0.1)`.
  public var code: String { "DropPath(\(probability))" }
}
