import Tensors

// What layers that change images at random share. Images are [batch, channels, height, width] of float32 or float64, or one of them without the batch; numbers
// are 0 to 1 where colours count. Each example draws numbers of its own, from a stream that is the layer's and is stored in it; outside of training images pass as
// they are.

extension Tensor {
  /// Runs `body` on images as a batch; x itself, after a mistake, if it has no such shape.
  func asImages(_ layer: String, _ body: (Tensor) -> Tensor) -> Tensor {
    guard isImage(2, layer) else { return self }
    guard dtype.isFloatingPoint else {
      fail(TensorError(layer, "not defined for \(dtype), only for floating-point dtypes; convert with .cast(to:)"))
      return self
    }
    return rank == 4 ? body(self) : body(unsqueezed(axis: 0)).squeezed(axes: 0)
  }
}

/// A range that numbers are drawn from, which has to be finite and begin at `least` or above.
func checkedRange(
  _ range: ClosedRange<Double>, _ what: String, least: Double = -.infinity, most: Double = .infinity, _ layer: String
) -> ClosedRange<Double> {
  if range.lowerBound >= least, range.upperBound <= most, (range.upperBound - range.lowerBound).isFinite, range.lowerBound.isFinite {
    return range
  }
  let bounds = most < .infinity ? "\(least) to \(most)" : least > -.infinity ? "finite numbers, \(least) or more," : "finite numbers"
  fail(TensorError(layer, "\(what) of \(range.lowerBound) to \(range.upperBound); \(bounds) would fit"))
  return 0...0
}

extension ClosedRange where Bound == Double {
  /// A number of the range for each example: [count, 1, 1, 1].
  func drawn(_ count: Int, _ dtype: DType, _ random: inout RandomStream) -> Tensor {
    Tensor.uniform([count, 1, 1, 1], dtype, using: &random) * (upperBound - lowerBound) + lowerBound
  }
}

/// A largest number, which has to be finite and 0 or more.
func checkedMost(_ value: Double, _ what: String, most: Double = .greatestFiniteMagnitude, _ layer: String) -> Double {
  if value >= 0 && value <= most { return value }
  fail(
    TensorError(layer, "\(what) of \(value); \(most < .greatestFiniteMagnitude ? "0 to \(most)" : "a finite number, 0 or more,") would fit")
  )
  return 0
}
