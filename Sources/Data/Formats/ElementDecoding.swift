import Tensors

/// How a number stands in a file.
enum StoredElement: Sendable {
  case float16, bfloat16, float32, float64
  case int8, int16, int32, int64
  case uint8, uint16, uint32, uint64
  case bool
  case complex64, complex128

  /// The bytes of one element.
  var byteCount: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .float16, .bfloat16, .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64, .complex64: 8
    case .complex128: 16
    }
  }

  /// The smallest dtype that holds all its values; the halves' is float32, the unsigned 64 bits' int64 as far as that goes.
  var dtype: DType {
    switch self {
    case .float16, .bfloat16, .float32: .float32
    case .float64: .float64
    case .int8, .uint8, .int16, .uint16, .int32: .int32
    case .uint32, .int64, .uint64: .int64
    case .bool: .bool
    case .complex64: .complex64
    case .complex128: .complex128
    }
  }
}

/// Makes a tensor of elements as they stand in a file, without a copy of them in between.
struct ElementDecoder {
  let type: StoredElement
  /// Whether 16-bit floats stay what they are, and do not become float32.
  var keepsHalf = false
  var isBigEndian = false
  /// Fills its argument with the next bytes, all of it.
  let read: (UnsafeMutableRawBufferPointer) throws(DataError) -> Void
  /// An error about the element of an index.
  let error: (_ index: Int, _ message: String) -> DataError

  /// Reads a tensor of a shape, its elements row-major; an element that has no value in the dtype throws, as does a shape beyond memory.
  ///
  /// Fresh memory takes no room before it is written to: it grows with the bytes that come.
  func tensor(_ shape: Shape) throws(DataError) -> Tensor {
    let half: DType? = !keepsHalf ? nil : type == .float16 ? .float16 : type == .bfloat16 ? .bfloat16 : nil
    let tensor = try Tensor(shape, half ?? type.dtype) { (out) throws(DataError) in
      switch type {
      case .float16 where keepsHalf, .bfloat16 where keepsHalf:
        if isBigEndian { try convert(out) { (raw: UInt16, _) in raw } } else { try read(out) }
      case .float16: try convert(out) { (raw: UInt16, _) in float(half: raw) }
      case .bfloat16: try convert(out) { (raw: UInt16, _) in Float(bitPattern: UInt32(raw) << 16) }
      case .int8: try convert(out) { (raw: Int8, _) in Int32(raw) }
      case .uint8: try convert(out) { (raw: UInt8, _) in Int32(raw) }
      case .int16: try convert(out) { (raw: Int16, _) in Int32(raw) }
      case .uint16: try convert(out) { (raw: UInt16, _) in Int32(raw) }
      case .uint32: try convert(out) { (raw: UInt32, _) in Int64(raw) }
      case .uint64:
        try convert(out) { (raw: UInt64, index) throws(DataError) in
          guard let value = Int64(exactly: raw) else { throw error(index, "\(raw); at most \(Int64.max) fits an int64") }
          return value
        }
      case .bool:
        // A Bool of any other byte would be neither true nor false to Swift; and whatever wrote it meant something else.
        try convert(out) { (raw: UInt8, index) throws(DataError) in
          guard raw <= 1 else { throw error(index, "\(raw) as a Boolean; 0 or 1 would fit") }
          return raw
        }
      // Of complex numbers each part.
      case .float32, .int32, .complex64:
        if isBigEndian { try convert(out) { (raw: UInt32, _) in raw } } else { try read(out) }
      case .float64, .int64, .complex128:
        if isBigEndian { try convert(out) { (raw: UInt64, _) in raw } } else { try read(out) }
      }
    }
    guard let tensor else { throw error(0, "\(shape) as \(type.dtype) is more than this machine's memory could hold") }
    return tensor
  }

  /// Reads the elements piece by piece and converts each, given its index too.
  @inline(__always)
  private func convert<Raw: FixedWidthInteger & BitwiseCopyable, Element: BitwiseCopyable>(
    _ out: UnsafeMutableRawBufferPointer, _ body: (Raw, Int) throws(DataError) -> Element
  ) throws(DataError) {
    let out = out.assumingMemoryBound(to: Element.self)
    let piece = 64 << 10
    let scratch = UnsafeMutableBufferPointer<Raw>.allocate(capacity: min(out.count, piece))
    defer { scratch.deallocate() }
    var start = 0
    while start < out.count {
      let count = min(out.count - start, piece)
      try read(UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(scratch)[..<(count * MemoryLayout<Raw>.size)]))
      for i in 0..<count { out[start + i] = try body(isBigEndian ? Raw(bigEndian: scratch[i]) : Raw(littleEndian: scratch[i]), start + i) }
      start += count
    }
  }
}

/// The value of an IEEE half: 1 sign, 5 exponent and 10 fraction bits.
@inline(__always)
func float(half: UInt16) -> Float {
  let sign = UInt32(half & 0x8000) << 16
  let magnitude = UInt32(half & 0x7FFF) << 13
  // Infinity and NaN, whose bits are kept as they are.
  if magnitude >= 0x0F80_0000 { return Float(bitPattern: sign | 0x7F80_0000 | magnitude) }
  // With the exponent's bias corrected by a product, which is exact for subnormals too.
  return Float(bitPattern: sign | (Float(bitPattern: magnitude) * 0x1p112).bitPattern)
}
