import Data

/// TensorFlow's record format ("TFRecords"): each record is its length, a checksum of that, its bytes, and a checksum of those.
struct RecordFile {
  let file: AppendedFile

  init(_ path: String) throws(DataError) { file = try AppendedFile(path) }

  func write(_ record: [UInt8]) throws(DataError) { try file.write(Self.framed(record)) }

  static func framed(_ record: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(record.count))
    return length + littleEndian(maskedChecksum(length)) + record + littleEndian(maskedChecksum(record))
  }

  /// CRC-32C, turned and shifted, so that a record which holds checksums has another one itself.
  static func maskedChecksum(_ bytes: [UInt8]) -> UInt32 {
    let crc = checksum(bytes)
    return (crc >> 15 | crc << 17) &+ 0xA282_EAD8
  }

  /// CRC-32C (Castagnoli; RFC 3720, appendix B.4), whose polynomial is not that of zlib's.
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(0xFFFF_FFFF as UInt32) { crc, byte in crc >> 8 ^ table[Int((crc ^ UInt32(byte)) & 0xFF)] }
  }

  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(byte) { crc, _ in crc >> 1 ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
  }

  private static func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
