import Fluxion

/// Safetensors files made byte by byte.
enum SafetensorsFixture {
  /// A header, as it is, and what follows it.
  static func file(_ header: String, _ data: [UInt8] = []) -> [UInt8] { file(Array(header.utf8), data) }
  static func file(_ header: [UInt8], _ data: [UInt8] = []) -> [UInt8] { littleEndian(UInt64(header.count)) + header + data }

  /// One tensor that takes all of the data.
  static func file(_ type: String, _ shape: [Int], _ data: [UInt8]) -> [UInt8] {
    file("{\"x\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[0,\(data.count)]}}", data)
  }

  /// The text of one tensor's entry.
  static func entry(_ name: String, _ type: String, _ shape: String, _ offsets: String) -> String {
    "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
  }

  static func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
  static func littleEndian(_ value: Float) -> [UInt8] { littleEndian(value.bitPattern) }
  static func littleEndian(_ value: Double) -> [UInt8] { littleEndian(value.bitPattern) }

  /// A file of every type that can be read: what it holds, and the tensor that it is.
  static let readable: [(type: String, data: [UInt8], value: Tensor)] = [
    (
      "F32", ([0, -0.0, 1.5, .infinity, .leastNonzeroMagnitude] as [Float]).flatMap(littleEndian),
      Tensor([0, -0.0, 1.5, .infinity, .leastNonzeroMagnitude] as [Float])
    ),
    (
      "F64", ([0.1, -.infinity, .leastNonzeroMagnitude] as [Double]).flatMap(littleEndian),
      Tensor([0.1, -.infinity, .leastNonzeroMagnitude])
    ),
    ("I32", ([.min, -1, .max] as [Int32]).flatMap(littleEndian), Tensor([.min, -1, .max] as [Int32])),
    ("I64", ([.min, -1, .max] as [Int64]).flatMap(littleEndian), Tensor([.min, -1, .max] as [Int64])),
    ("BOOL", [0, 1, 1, 0], Tensor([false, true, true, false])),
    ("I8", [0x80, 0xFF, 0, 0x7F], Tensor([-128, -1, 0, 127] as [Int32])),
    ("U8", [0x80, 0xFF, 0, 0x7F], Tensor([128, 255, 0, 127] as [Int32])),
    ("I16", ([.min, -1, .max] as [Int16]).flatMap(littleEndian), Tensor([-32768, -1, 32767] as [Int32])),
    ("U16", ([.min, 1, .max] as [UInt16]).flatMap(littleEndian), Tensor([0, 1, 65535] as [Int32])),
    ("U32", ([.min, 1, .max] as [UInt32]).flatMap(littleEndian), Tensor([0, 1, 4_294_967_295] as [Int64])),
    ("U64", ([0, 1, UInt64(Int64.max)] as [UInt64]).flatMap(littleEndian), Tensor([0, 1, .max] as [Int64])),
    (
      "F16", ([0, 0x8000, 0x3C00, 0xC000, 0x0001, 0x03FF, 0x0400, 0x7BFF, 0x7C00, 0xFC00] as [UInt16]).flatMap(littleEndian),
      Tensor([0, -0.0, 1, -2, 0x1p-24, 0x3FFp-24, 0x1p-14, 65504, .infinity, -.infinity] as [Float])
    ),
    (
      "BF16", ([0, 0x8000, 0x3F80, 0xC000, 0x0001, 0x7F7F, 0x7F80, 0xFF80] as [UInt16]).flatMap(littleEndian),
      Tensor([0, -0.0, 1, -2, 0x1p-133, Float(bitPattern: 0x7F7F_0000), .infinity, -.infinity] as [Float])
    ),
  ]
}
