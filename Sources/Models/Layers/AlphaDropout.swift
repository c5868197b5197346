import Tensors

/// Sets elements to what selu gives for −∞ with a probability while training, then scales and shifts so that mean and variance stay; the
/// identity otherwise.
///
/// For networks of ``selu(_:)-(Tensor)``, whose values have mean 0 and variance 1 (Klambauer, Unterthiner, Mayr and Hochreiter 2017):
/// y = a·(kept x, or α′ where dropped) + b with α′ = −1.7581, a = 1/√((1 − p)·(1 + p·α′²)), b = −a·p·α′. The random stream is the layer's own,
/// as ``Dropout``'s.
///
/// Shapes: any.
///
/// PyTorch: `AlphaDropout`.
public struct AlphaDropout: Placed {
  /// How likely an element is dropped.
  public let probability: Double
  private var random: RandomStream
  /// Where in a model it stands.
  public var place = Place()

  /// −λα of selu: what it gives for −∞.
  private static let saturation = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717

  /// A layer with a stream split off the one in force.
  public init(_ probability: Double) {
    self.probability = checkedProbability(probability, "AlphaDropout")
    random = currentRandomStream()
  }

  /// x with elements dropped, in training mode.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (layer: inout Self) in
      let p = layer.probability
      if currentMode == .inference || p == 0 { return x }
      // Nothing is kept whose variance could be restored.
      if p == 1 { return .zeros(x.shape, x.dtype) }
      let low = Self.saturation
      let a = 1 / ((1 - p) * (1 + p * low * low)).squareRoot()
      // Dropout's scale is undone: kept is 0 or 1.
      let kept = Tensor.ones(x.shape, x.dtype).dropout(probability: p, using: &layer.random) * (1 - p)
      return weighted(x, kept) * a + ((1 - kept) * (a * low) - a * p * low)
    }
  }

  /// Its stream; nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { visitor.stream(&random, "random") }
}

extension AlphaDropout {
  /// As it is written: `AlphaDropout(0.1)`.
  public var code: String { "AlphaDropout(\(probability))" }
}
