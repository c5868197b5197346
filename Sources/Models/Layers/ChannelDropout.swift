import Tensors

/// Sets whole channels to 0 with a probability while training, and scales the others by 1/(1 − probability); the identity otherwise.
///
/// Neighbours in an image are alike, so that dropping single elements hides little (Tompson and others 2015). The random stream is the
/// layer's own, as ``Dropout``'s.
///
/// Shapes: x [batch, channels, …] to the same; each channel of each image is dropped for itself.
///
/// PyTorch: `Dropout1d`, `Dropout2d`, `Dropout3d`.
public struct ChannelDropout: Placed {
  /// How likely a channel is dropped.
  public let probability: Double
  private var random: RandomStream
  /// Where in a model it stands.
  public var place = Place()

  /// A layer with a stream split off the one in force.
  public init(_ probability: Double) {
    self.probability = checkedProbability(probability, "ChannelDropout")
    random = currentRandomStream()
  }

  /// x with channels dropped, in training mode.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (layer: inout Self) in
      guard x.hasChannels("ChannelDropout") else { return x }
      return x.dropping(axesKept: 2, layer.probability, &layer.random)
    }
  }

  /// Its stream; nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { visitor.stream(&random, "random") }
}

extension ChannelDropout {
  /// As it is written: `ChannelDropout(0.5)`.
  public var code: String { "ChannelDropout(\(probability))" }
}

extension Tensor {
  /// With everything that shares the first axes dropped together, in training mode.
  func dropping(axesKept: Int, _ probability: Double, _ random: inout RandomStream) -> Tensor {
    if currentMode == .inference || probability == 0 || rank < axesKept { return self }
    let shape = Shape(self.shape.prefix(axesKept) + Array(repeating: 1, count: rank - axesKept))
    return weighted(self, Tensor.ones(shape, dtype).dropout(probability: probability, using: &random))
  }
}

/// A probability of a layer, which is a mistake unless it is one.
func checkedProbability(_ probability: Double, _ layer: String) -> Double {
  _ = Setting.fraction.holds(probability, "a probability", layer)
  return probability
}
