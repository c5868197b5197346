// What file formats need: elements as the bytes that they are in memory, little endian on every platform that Swift runs on.
extension Tensor {
  /// A tensor whose elements `body` writes, all of them, as bytes in row-major order: Booleans as 0 and 1.
  ///
  /// Nil if the shape has a negative size, or the memory for it cannot be had.
  package init?<E: Error>(
    _ shape: Shape, _ dtype: DType, filling body: (UnsafeMutableRawBufferPointer) throws(E) -> Void
  ) throws(E) {
    guard shape.fitsMemory(dtype) else { return nil }
    guard let made = try? Tensor(uninitialized: shape, dtype) else { return nil }
    self = made
    try body(UnsafeMutableRawBufferPointer(start: pointer, count: shape.elementCount * dtype.byteCount))
  }

  /// Calls `body` with the elements' bytes in row-major order, copied only if they do not lie so already.
  ///
  /// For a tensor that has elements (`hasElements`). Nil where there is no memory for the copy.
  package func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R? {
    guard let x = try? ordered else { return nil }
    return try withExtendedLifetime(x) { () throws(E) in
      try body(UnsafeRawBufferPointer(start: x.pointer, count: elementCount * dtype.byteCount))
    }
  }
}

extension Shape {
  /// Whether a tensor of this shape can exist, and could be held by the memory that this process may have.
  package func fitsMemory(_ dtype: DType) -> Bool {
    guard (try? check("")) != nil, elementCount <= Int.max / 16 else { return false }
    return elementCount * dtype.byteCount <= SystemMemory.limit.bytes
  }
}
