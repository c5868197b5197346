import CZlib

/// Pixels as a PNG file's bytes (ISO/IEC 15948), for pictures inside other files.
package enum PNGBytes {
  private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// 8 bits a channel, pixel after pixel, of 1 channel (gray), 2 (with opacity), 3 (colour) or 4 (with opacity).
  package static func encode(_ pixels: [UInt8], width: Int, height: Int, channels: Int) throws(DataError) -> [UInt8] {
    precondition(pixels.count == width * height * channels && 1...4 ~= channels)
    let colorTypes: [UInt8] = [0, 4, 2, 6]
    // Each row begins with its filter; 0 is none.
    var rows: [UInt8] = []
    rows.reserveCapacity(height * (width * channels + 1))
    for row in 0..<height {
      rows.append(0)
      rows += pixels[row * width * channels..<(row + 1) * width * channels]
    }
    var header = bigEndian(UInt32(width)) + bigEndian(UInt32(height))
    header += [8, colorTypes[channels - 1], 0, 0, 0]
    return try signature + chunk("IHDR", header) + chunk("IDAT", deflated(rows)) + chunk("IEND", [])
  }

  private static func chunk(_ type: String, _ body: [UInt8]) -> [UInt8] {
    let bytes = Array(type.utf8) + body
    let crc = bytes.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) }
    return bigEndian(UInt32(body.count)) + bytes + bigEndian(UInt32(truncatingIfNeeded: crc))
  }

  private static func deflated(_ bytes: [UInt8]) throws(DataError) -> [UInt8] {
    var size = compressBound(UInt(bytes.count))
    var out = [UInt8](repeating: 0, count: Int(size))
    guard compress(&out, &size, bytes, UInt(bytes.count)) == Z_OK else {
      throw DataError(file: "PNG", message: "zlib could not deflate \(bytes.count) bytes")
    }
    return Array(out.prefix(Int(size)))
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
}
