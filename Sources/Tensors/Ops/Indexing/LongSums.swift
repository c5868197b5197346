import CKernels

/// What rounding takes from sums at positions, where so many terms may meet in one place that it would count.
///
/// A float32 sum of n terms one after the other is off by up to n/2 units in its last place; with it the error is one such unit, and n² · 2⁻⁴⁸ of the
/// terms' magnitudes.
struct LongSums {
  private let rest: Tensor

  /// For sums in `y`, nil where they have few terms or another dtype.
  init?(_ y: Tensor, terms: Int) throws(TensorError) {
    guard terms > LongSums.few, y.dtype == .float32 else { return nil }
    rest = try Tensor(zeros: y.shape, .float32)
  }
  private static let few = 1 << 15

  var pointer: UnsafeMutablePointer<Float> { rest.pointer.assumingMemoryBound(to: Float.self) }

  /// Gives it to the sums.
  func add(to y: Tensor) {
    parallel(y.elementCount, grain: Blocks.grain) { range in
      fx_add_rest(range.count, pointer + range.lowerBound, y.pointer.assumingMemoryBound(to: Float.self) + range.lowerBound)
    }
  }
}
