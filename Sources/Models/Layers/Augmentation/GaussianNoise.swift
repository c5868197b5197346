import Tensors

/// Adds normally distributed numbers while training; the identity otherwise.
///
///     GaussianNoise(0.1)
///
/// Shapes: any x to the same. PyTorch: torchvision's `GaussianNoise`, without holding values within 0...1.
public struct GaussianNoise: Placed {
  /// The numbers' standard deviation.
  public let standardDeviation: Double
  private var random: RandomStream
  /// Where in a model it stands.
  public var place = Place()

  /// A layer with a stream split off the one in force.
  public init(_ standardDeviation: Double) {
    let isFine = Setting.nonNegative.holds(standardDeviation, "a standard deviation", "GaussianNoise")
    self.standardDeviation = isFine ? standardDeviation : 0
    random = currentRandomStream()
  }

  /// x with noise, in training mode.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (layer: inout Self) in
      if currentMode == .inference || layer.standardDeviation == 0 { return x }
      guard x.dtype.isFloatingPoint else {
        fail(TensorError("GaussianNoise", "not defined for \(x.dtype), only for floating-point dtypes; convert with .cast(to:)"))
        return x
      }
      return x + Tensor.normal(x.shape, standardDeviation: layer.standardDeviation, x.dtype, using: &layer.random)
    }
  }

  /// Its stream; nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { visitor.stream(&random, "random") }
}

extension GaussianNoise {
  /// As it is written: `GaussianNoise(0.1)`.
  public var code: String { "GaussianNoise(\(standardDeviation))" }
}
