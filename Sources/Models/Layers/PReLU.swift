import Tensors

/// x where x > 0, else slope·x, with a slope that is trained: one for all elements, or one for each channel (He and others 2015).
///
///     PReLU()      // one slope
///     PReLU(16)    // one for each of 16 channels
///
/// Shapes: x [batch, channels, …] to the same; with one slope any.
///
/// PyTorch: `PReLU`.
public struct PReLU: Placed {
  /// The slopes, [1] or [channels].
  public var weight: Tensor
  /// Where in a model it stands.
  public var place = Place()

  /// A layer with so many slopes, which begin as one value.
  public init(_ channels: Int = 1, slope: Double = 0.25) {
    weight = .full([max(1, channels)], slope)
    _ = Setting.finite.holds(slope, "a slope", "PReLU")
    if channels < 1 { fail(TensorError("PReLU", "\(channels) slopes; one, or one for each channel, would fit")) }
  }

  /// x, its negative elements times the slope.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { layer in
      let count = layer.weight.elementCount
      if count == 1 || hasFailed { return leakyRelu(x, slope: layer.weight.reshaped([])) }
      if x.rank < 2 || x.shape[1] != count {
        fail(TensorError("PReLU", "\(x.shape) for \(count) slopes; [batch, \(count), …] would fit"))
        return x
      }
      return leakyRelu(x, slope: layer.weight.reshaped(Shape([count] + Array(repeating: 1, count: x.rank - 2))))
    }
  }

  /// Its slopes.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { visitor.parameter(&weight, "weight") }
}

extension PReLU {
  /// As it is written: `PReLU(16)`.
  public var code: String { weight.elementCount == 1 ? "PReLU()" : "PReLU(\(weight.elementCount))" }
}
