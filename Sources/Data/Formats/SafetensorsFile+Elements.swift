import Tensors

extension SafetensorsFile.Entry {
  /// Reads the elements.
  func tensor(_ bytes: RandomAccessBytes) throws(DataError) -> Tensor {
    guard let dtype = elementType.dtype else {
      let known = SafetensorsFile.ElementType.allCases.filter { $0.dtype != nil }.map(\.rawValue).joined(separator: ", ")
      throw error(bytes, 0, "\(elementType.rawValue) cannot be read; \(known) can")
    }
    let tensor = try Tensor(shape, dtype) { (out) throws(DataError) in
      switch elementType {
      case .float32, .float64, .int32, .int64: try bytes.read(into: out, at: byteRange.lowerBound, SafetensorsHeader.printed(name))
      case .float16: try convert(bytes, out) { (raw: UInt16, _) in float(half: raw) }
      case .bfloat16: try convert(bytes, out) { (raw: UInt16, _) in Float(bitPattern: UInt32(raw) << 16) }
      case .int8: try convert(bytes, out) { (raw: Int8, _) in Int32(raw) }
      case .uint8: try convert(bytes, out) { (raw: UInt8, _) in Int32(raw) }
      case .int16: try convert(bytes, out) { (raw: Int16, _) in Int32(raw) }
      case .uint16: try convert(bytes, out) { (raw: UInt16, _) in Int32(raw) }
      case .uint32: try convert(bytes, out) { (raw: UInt32, _) in Int64(raw) }
      case .uint64:
        try convert(bytes, out) { (raw: UInt64, index) throws(DataError) in
          guard let value = Int64(exactly: raw) else { throw error(bytes, index, "\(raw); at most \(Int64.max) fits an int64") }
          return value
        }
      case .bool:
        // A Bool of any other byte would be neither true nor false to Swift; and whatever wrote it meant something else.
        try convert(bytes, out) { (raw: UInt8, index) throws(DataError) in
          guard raw <= 1 else { throw error(bytes, index, "\(raw) as a Boolean; 0 or 1 would fit") }
          return raw
        }
      default: break
      }
    }
    guard let tensor else { throw error(bytes, 0, "\(dtype) \(shape) is more than this machine's memory could hold") }
    return tensor
  }

  /// An error about the element of an index.
  private func error(_ bytes: RandomAccessBytes, _ index: Int, _ message: String) -> DataError {
    DataError(
      file: bytes.name, field: SafetensorsHeader.printed(name), offset: byteRange.lowerBound + index * elementType.bitCount / 8,
      message: message)
  }

  /// Reads the elements piece by piece, at whatever address they lie, and converts each, given its index too.
  @inline(__always)
  private func convert<Raw: BitwiseCopyable, Element: BitwiseCopyable>(
    _ bytes: RandomAccessBytes, _ out: UnsafeMutableRawBufferPointer, _ body: (Raw, Int) throws(DataError) -> Element
  ) throws(DataError) {
    let out = out.assumingMemoryBound(to: Element.self)
    let piece = 64 << 10
    let scratch = UnsafeMutableBufferPointer<Raw>.allocate(capacity: min(out.count, piece))
    defer { scratch.deallocate() }
    var start = 0
    while start < out.count {
      let count = min(out.count - start, piece)
      let raw = UnsafeMutableBufferPointer(rebasing: scratch[..<count])
      try bytes.read(
        into: UnsafeMutableRawBufferPointer(raw), at: byteRange.lowerBound + start * MemoryLayout<Raw>.size, SafetensorsHeader.printed(name)
      )
      for i in 0..<count { out[start + i] = try body(raw[i], start + i) }
      start += count
    }
  }
}

/// The value of an IEEE half: 1 sign, 5 exponent and 10 fraction bits.
@inline(__always)
private func float(half: UInt16) -> Float {
  let sign = UInt32(half & 0x8000) << 16
  let magnitude = UInt32(half & 0x7FFF) << 13
  // Infinity and NaN, whose bits are kept as they are.
  if magnitude >= 0x0F80_0000 { return Float(bitPattern: sign | 0x7F80_0000 | magnitude) }
  // With the exponent's bias corrected by a product, which is exact for subnormals too.
  return Float(bitPattern: sign | (Float(bitPattern: magnitude) * 0x1p112).bitPattern)
}
