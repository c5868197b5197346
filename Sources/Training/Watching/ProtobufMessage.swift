/// A message in protocol buffers' wire format (protobuf.dev, "Encoding"): the few kinds of field that event files have.
///
/// A field is its number and kind as one varint, then the value. The order of fields is the caller's.
struct ProtobufMessage {
  private(set) var bytes: [UInt8] = []

  /// Kind 0: 7 bits a byte, the least significant ones first.
  ///
  /// Negative numbers take ten bytes, as int64's do.
  mutating func integer(_ field: Int, _ value: Int) {
    key(field, 0)
    varint(UInt64(bitPattern: Int64(value)))
  }

  /// Kind 1: eight bytes, little endian.
  mutating func double(_ field: Int, _ value: Double) {
    key(field, 1)
    append(value.bitPattern)
  }

  /// Kind 5: four bytes, little endian.
  mutating func float(_ field: Int, _ value: Float) {
    key(field, 5)
    append(value.bitPattern)
  }

  /// Kind 2: their count, then the bytes.
  mutating func bytes(_ field: Int, _ value: [UInt8]) {
    key(field, 2)
    varint(UInt64(value.count))
    bytes += value
  }

  mutating func text(_ field: Int, _ value: String) { bytes(field, Array(value.utf8)) }

  mutating func message(_ field: Int, _ body: (inout ProtobufMessage) -> Void) {
    var message = ProtobufMessage()
    body(&message)
    bytes(field, message.bytes)
  }

  /// Kind 2 too: eight bytes each, without keys of their own.
  mutating func packed(_ field: Int, _ values: [Double]) {
    var message = ProtobufMessage()
    for value in values { message.append(value.bitPattern) }
    bytes(field, message.bytes)
  }

  private mutating func key(_ field: Int, _ kind: Int) { varint(UInt64(field << 3 | kind)) }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest > 0x7F {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func append<T: FixedWidthInteger>(_ value: T) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
}
