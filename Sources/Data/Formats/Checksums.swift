import CZlib

/// The checksums that a safetensors file may have beside its texts: CRC-32, as zlib and gzip compute it, of the header and of each tensor.
///
/// `"fluxion.checksums": "crc32 HEADER TENSOR TENSOR …"`, each eight hexadecimal digits: the header's, in which its own digits count as zeros, and
/// then those of the tensors' bytes, in the header's order. A program that keeps the text and changes the tensors makes the file one that is refused.
struct Checksums: Sendable {
  static let key = "fluxion.checksums"
  private static let start = "crc32 "
  private static let digits = 8

  let header: UInt32
  let tensors: [UInt32]

  /// The text with a header's checksum that is still to be computed.
  static func text(_ tensors: [UInt32]) -> String {
    start + ([0] + tensors).map(hexadecimal).joined(separator: " ")
  }

  /// Nil if a text is none, for so many tensors.
  init?(_ text: String, count: Int) {
    guard text.hasPrefix(Self.start) else { return nil }
    let numbers = text.utf8.dropFirst(Self.start.utf8.count).split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard numbers.count == count + 1 else { return nil }
    var values: [UInt32] = []
    for number in numbers {
      // As it is written here, so that no other digits mean the same.
      guard let value = UInt32(String(decoding: number, as: UTF8.self), radix: 16), Self.hexadecimal(value).utf8.elementsEqual(number)
      else { return nil }
      values.append(value)
    }
    (header, tensors) = (values[0], Array(values[1...]))
  }

  static func hexadecimal(_ value: UInt32) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }

  /// A header's checksum, its own digits taken for zeros; `place` is where in the header the text begins.
  static func ofHeader(_ header: [UInt8], textAt place: Int) -> UInt32 {
    var header = header
    for i in range(textAt: place) where i < header.count { header[i] = UInt8(ascii: "0") }
    return header.withUnsafeBytes { Checksum.of($0) }
  }

  /// Puts a header's checksum into it.
  static func complete(_ header: inout [UInt8], textAt place: Int) {
    let value = ofHeader(header, textAt: place)
    header.replaceSubrange(range(textAt: place), with: hexadecimal(value).utf8)
  }

  private static func range(textAt place: Int) -> Range<Int> {
    let first = place + start.utf8.count
    return first..<first + digits
  }
}

/// A checksum that grows with the bytes that come.
struct Checksum {
  private(set) var value: UInt32 = 0

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    // zlib counts in 32 bits.
    var rest = bytes
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest[..<min(rest.count, 1 << 30)])
      value = UInt32(crc32(UInt(value), piece.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt32(piece.count)))
      rest = UnsafeRawBufferPointer(rebasing: rest[piece.count...])
    }
  }

  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var checksum = Checksum()
    checksum.add(bytes)
    return checksum.value
  }
}
