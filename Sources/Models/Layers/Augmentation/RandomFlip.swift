import Tensors

/// Mirrors images with a probability, each for itself, while training.
///
///     RandomFlip()                      // left and right, every other image
///     RandomFlip(.vertical, probability: 0.2)
///
/// Shapes: x [batch, channels, height, width] to the same.
///
/// PyTorch: torchvision's `RandomHorizontalFlip`, `RandomVerticalFlip`; here each image of a batch draws for itself.
public struct RandomFlip: Placed {
  /// What is exchanged.
  public enum Direction: Sendable, Hashable { case horizontal, vertical }
  /// What is exchanged: left and right, or top and bottom.
  public let direction: Direction
  /// How likely an image is mirrored.
  public let probability: Double
  private var random: RandomStream
  /// Where in a model it stands.
  public var place = Place()

  /// A layer with a stream split off the one in force.
  public init(_ direction: Direction = .horizontal, probability: Double = 0.5) {
    self.direction = direction
    self.probability = checkedProbability(probability, "RandomFlip")
    random = currentRandomStream()
  }

  /// x with images mirrored, in training mode.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (layer: inout Self) in
      x.asImages("RandomFlip") { x in
        if currentMode == .inference || layer.probability == 0 { return x }
        let mask = Tensor.bernoulli([x.shape[0], 1, 1, 1], probability: layer.probability, using: &layer.random)
        return select(mask, x.reversed(axes: layer.direction == .horizontal ? 3 : 2), x)
      }
    }
  }

  /// Its stream; nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { visitor.stream(&random, "random") }
}

extension RandomFlip {
  /// As it is written: `RandomFlip(.vertical)`.
  public var code: String {
    call("RandomFlip", direction == .vertical ? ".vertical" : nil, argument("probability", probability, unless: 0.5))
  }
}
