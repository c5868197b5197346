/// Calls `body` with room for elements that are not set, which is its own until it returns: on the stack where that is little, else the pool's.
///
/// Throws where the memory cannot be had, and what `body` throws.
@inline(__always)
func withWorkingMemory<T: BitwiseCopyable, R>(
  of type: T.Type, count: Int, _ body: (UnsafeMutablePointer<T>) throws(TensorError) -> R
) throws(TensorError) -> R {
  let (byteCount, overflow) = max(1, count).multipliedReportingOverflow(by: MemoryLayout<T>.stride)
  if overflow { throw mistake("\(count) elements to work in are more than memory could hold") }
  if byteCount <= MemoryPool.smallest {
    return try withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 64) { (bytes) -> Result<R, TensorError> in
      Result { () throws(TensorError) in try body(bytes.baseAddress!.assumingMemoryBound(to: T.self)) }
    }.get()
  }
  let memory = try Tensor(uninitialized: Shape((byteCount + 7) / 8), .int64)
  defer { withExtendedLifetime(memory) {} }
  return try body(memory.pointer.assumingMemoryBound(to: T.self))
}

/// The same in bytes.
@inline(__always)
func withWorkingMemory<R>(byteCount: Int, _ body: (UnsafeMutableRawPointer) throws(TensorError) -> R) throws(TensorError) -> R {
  try withWorkingMemory(of: UInt8.self, count: byteCount) { (bytes) throws(TensorError) in try body(UnsafeMutableRawPointer(bytes)) }
}
