import Tensors

/// Sets elements to 0 with a probability while training, and scales the others by 1/(1 − probability); the identity otherwise.
///
/// Srivastava, Hinton and others 2014. The random stream is the layer's own and is stored in it: a copy drops the same elements. PyTorch: `Dropout`.
public struct Dropout: Placed {
  /// How likely an element is dropped.
  public let probability: Double
  private var random: RandomStream
  /// Where in a model it stands.
  public var place = Place()

  /// A layer with a stream split off the one in force.
  public init(_ probability: Double) {
    self.probability = probability
    random = currentRandomStream()
    if !(0...1).contains(probability) { fail(TensorError("Dropout", "a probability of \(probability); 0 to 1 would fit")) }
  }

  /// x with elements dropped, in training mode.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (layer: inout Self) in
      if currentMode == .inference || layer.probability == 0 { return x }
      return x.dropout(probability: layer.probability, using: &layer.random)
    }
  }

  /// Its stream; nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { visitor.stream(&random, "random") }
}

extension Dropout {
  /// As it is written: `Dropout(0.5)`.
  public var code: String { "Dropout(\(probability))" }
}
