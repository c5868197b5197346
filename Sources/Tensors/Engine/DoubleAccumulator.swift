import CKernels

/// Accumulates long float32 sums in double precision: chunks of their terms are summed in float32, and those sums are added up here.
///
/// A float32 sum of n terms one after the other is off by up to n/2 units in its last place.
struct DoubleAccumulator {
  /// The terms of a chunk where kernels add up in lanes or blocks.
  static let chunk = 1 << 14

  private let count: Int
  private let memory: Tensor
  private var totals: UnsafeMutablePointer<Double> { memory.pointer.assumingMemoryBound(to: Double.self) }

  init(_ count: Int) throws(TensorError) {
    self.count = count
    memory = try Tensor(zeros: [count], .float64)
  }

  /// Adds a chunk's sums, of which `x` has as many as the totals.
  func add(_ x: UnsafeMutableRawPointer) {
    parallel(count, grain: Blocks.grain) { range in
      fx_add_totals(range.count, x.assumingMemoryBound(to: Float.self) + range.lowerBound, totals + range.lowerBound)
    }
  }

  /// The same, and begins the next chunk's sums at 0.
  func take(_ x: UnsafeMutableRawPointer) {
    add(x)
    fillElements(x, 0, .float32, count)
  }

  /// Writes the totals over `y`, or adds them to it.
  func write(to y: UnsafeMutableRawPointer, adds: Bool = false) {
    parallel(count, grain: Blocks.grain) { range in
      fx_write_totals(range.count, totals + range.lowerBound, adds ? 1 : 0, y.assumingMemoryBound(to: Float.self) + range.lowerBound)
    }
  }

  /// The same for rows `lead` elements apart.
  func write(to y: UnsafeMutableRawPointer, rows: Int, lead: Int, adds: Bool) {
    let columns = count / rows
    parallel(rows, grain: Swift.max(1, Blocks.grain / columns)) { range in
      for i in range {
        fx_write_totals(columns, totals + i * columns, adds ? 1 : 0, y.assumingMemoryBound(to: Float.self) + i * lead)
      }
    }
  }

  /// Begins anew.
  func clear() { fillElements(memory.pointer, 0, .float64, count) }
}
