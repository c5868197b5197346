import Fluxion
import Foundation

/// IDX files as they should be, made byte by byte, and folders to put them in.
enum IDXFixture {
  static func header(_ type: IDXFile.ElementType, _ sizes: [Int]) -> [UInt8] {
    [0, 0, type.rawValue, UInt8(sizes.count)] + sizes.flatMap { bigEndian(UInt32($0)) }
  }

  static func bigEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

  /// A small file of each type, and its elements.
  static let samples: [(type: IDXFile.ElementType, bytes: [UInt8], sizes: [Int], values: [Double])] = [
    (.uint8, header(.uint8, [2, 3]) + [0, 1, 2, 127, 128, 255], [2, 3], [0, 1, 2, 127, 128, 255]),
    (.int8, header(.int8, [3]) + [0x80, 0xFF, 0x7F], [3], [-128, -1, 127]),
    (.int16, header(.int16, [1, 2, 1]) + [0x80, 0x00, 0x01, 0x02], [1, 2, 1], [-32768, 258]),
    (.int32, header(.int32, [2]) + [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE], [2], [2_147_483_647, -2]),
    (.float32, header(.float32, [2]) + [1.5, -0.25].flatMap { bigEndian(Float($0).bitPattern) }, [2], [1.5, -0.25]),
    (.float64, header(.float64, [1, 1]) + bigEndian((0.1).bitPattern), [1, 1], [0.1]),
    (.uint8, header(.uint8, [1, 1, 1, 1, 1, 1, 1, 2]) + [7, 8], [1, 1, 1, 1, 1, 1, 1, 2], [7, 8]),
    (.int32, header(.int32, [0, 5]), [0, 5], []),
  ]

  /// A gzip member that holds bytes as they are, in one stored block.
  static func gzip(_ bytes: [UInt8]) -> [UInt8] {
    let size = UInt16(bytes.count)
    let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
    let block = [1] + littleEndian(size) + littleEndian(~size) + bytes
    return header + block + littleEndian(crc32(bytes)) + littleEndian(UInt32(bytes.count))
  }

  private static func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] { bigEndian(value).reversed() }

  private static func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(0xFFFF_FFFF as UInt32) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
  }

  /// Runs `body` with a new folder, and removes it.
  static func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fluxion-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  static func write(_ bytes: [UInt8], _ path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
}
