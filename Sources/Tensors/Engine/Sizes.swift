// Sizes are computed by saturating arithmetic, and looked at once, where a shape is checked: what is made of hostile numbers stays too large
// to exist, and never wraps around to something that could.

extension Int {
  /// The product; `Int.max` (or `.min`) where it is beyond them.
  @inline(__always)
  package func saturatingTimes(_ other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? (self < 0) == (other < 0) ? .max : .min : product
  }

  /// The sum; `Int.max` (or `.min`) where it is beyond them.
  @inline(__always)
  package func saturatingPlus(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? other > 0 ? .max : .min : sum
  }
}

/// From this size on a list's memory is asked for, and given back, before Swift asks for it: `ulimit`, a control group or the machine may not have it.
private let doubtful = 1 << 20

/// That memory for a list of so many parts, each of so many bytes, can be had; lists that Swift makes would stop the program otherwise.
package func checkList(_ count: Int, of bytes: Int, _ operation: String, _ what: @autoclosure () -> String) throws(TensorError) {
  let size = Swift.max(0, count).saturatingTimes(bytes)
  if size > MemoryPool.shared.left { throw TensorError(operation, "\(what()) take \(size) bytes, more than memory could hold") }
  if size < doubtful { return }
  do throws(TensorError) {
    SystemMemory.free(try MemoryPool.shared.room(size, for: what()), size)
  } catch {
    throw TensorError(operation, error.message, location: error.location)
  }
}
