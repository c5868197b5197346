import Fluxion
import Testing

/// Arrays in NumPy's format, and archives of them, made byte by byte.
enum NPYFixture {
  static func file(_ dictionary: String, _ elements: [UInt8] = [], version: UInt8 = 1) -> [UInt8] {
    let text = Array((dictionary + "\n").utf8)
    let length = littleEndian(UInt32(text.count)).prefix(version == 1 ? 2 : 4)
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + text + elements
  }

  static func file(_ descr: String, _ shape: String, _ elements: [UInt8], isFortran: Bool = false, version: UInt8 = 1) -> [UInt8] {
    let order = isFortran ? "True" : "False"
    return file("{'descr': '\(descr)', 'fortran_order': \(order), 'shape': \(shape), }", elements, version: version)
  }

  static func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
  static func bigEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] { littleEndian(value).reversed() }

  struct Sample: Sendable, CustomTestStringConvertible {
    let bytes: [UInt8]
    let type: NPYFile.ElementType
    let shape: Shape
    let values: [Double]
    var testDescription: String { "\(type) \(shape)" }
  }

  /// A small file of each type, order and version.
  static let samples: [Sample] = {
    var rows: [Sample] = []
    func add<T: FixedWidthInteger & SendableMetatype>(_ type: NPYFile.ElementType, _ raw: [T], _ values: [Double]) {
      let shape: Shape = [raw.count]
      rows.append(
        Sample(
          bytes: file("<\(type.rawValue)", "(\(raw.count),)", raw.flatMap { littleEndian($0) }), type: type, shape: shape, values: values))
      rows.append(
        Sample(
          bytes: file(">\(type.rawValue)", "(\(raw.count), 1)", raw.flatMap { bigEndian($0) }, version: 2), type: type,
          shape: [raw.count, 1],
          values: values))
    }
    add(
      .float16, [0x3C00, 0xC000, 0x7BFF, 0x0001, 0x03FF, 0x0400, 0x7C00] as [UInt16],
      [1, -2, 65504, 0x1p-24, 0x1.FF8p-15, 0x1p-14, .infinity])
    add(.float32, [Float(0.1).bitPattern, Float(-3).bitPattern], [Double(Float(0.1)), -3])
    add(.float64, [(0.1).bitPattern, (-Double.greatestFiniteMagnitude).bitPattern], [0.1, -Double.greatestFiniteMagnitude])
    add(.int8, [-128, 127] as [Int8], [-128, 127])
    add(.int16, [-32768, 258] as [Int16], [-32768, 258])
    add(.int32, [.min, 7] as [Int32], [-0x1p31, 7])
    add(.int64, [1 << 40, -1] as [Int64], [0x1p40, -1])
    add(.uint8, [0, 255] as [UInt8], [0, 255])
    add(.uint16, [1, 65535] as [UInt16], [1, 65535])
    add(.uint32, [.max, 1] as [UInt32], [4_294_967_295, 1])
    add(.uint64, [1 << 62, 3] as [UInt64], [0x1p62, 3])
    add(.bool, [1, 0, 1] as [UInt8], [1, 0, 1])
    let six: [UInt8] = [1, 2, 3, 4, 5, 6]
    rows += [
      Sample(bytes: file("|u1", "(2, 3)", six), type: .uint8, shape: [2, 3], values: [1, 2, 3, 4, 5, 6]),
      Sample(bytes: file("|u1", "(2, 3)", six, isFortran: true), type: .uint8, shape: [2, 3], values: [1, 3, 5, 2, 4, 6]),
      Sample(
        bytes: file("|u1", "(1, 2, 3)", six, isFortran: true, version: 3), type: .uint8, shape: [1, 2, 3], values: [1, 3, 5, 2, 4, 6]),
      Sample(bytes: file("|u1", "()", [9]), type: .uint8, shape: [], values: [9]),
      Sample(bytes: file("|b1", "(0, 5)", []), type: .bool, shape: [0, 5], values: []),
      Sample(bytes: file("|u1", "(1,1,1,1,1,1,2,3)", six), type: .uint8, shape: [1, 1, 1, 1, 1, 1, 2, 3], values: [1, 2, 3, 4, 5, 6]),
      // As Python 2 wrote it, and with all that a literal allows.
      Sample(
        bytes: file("{\"shape\" :(2L,3L) ,\t\"fortran_order\":False,\"descr\":'u1'}", six), type: .uint8, shape: [2, 3],
        values: [1, 2, 3, 4, 5, 6]),
    ]
    return rows
  }()

  // MARK: Archives

  /// A member, with what its header and the directory say of it, each of which may be wrong.
  struct Member {
    var name: String
    var contents: [UInt8]
    var method: UInt16 = 0
    var headerMethod: UInt16?
    var headerName: String?
    var flags: UInt16 = 0
    var headerFlags: UInt16?
    var crc: UInt32?
    var headerCRC: UInt32?
    var size: UInt32?
    var compressedSize: UInt32?
    var offset: UInt32?
    var disk: UInt16 = 0
    var extra: [UInt8] = []
    var headerExtra: [UInt8] = []
    /// Sizes that only the header has.
    var headerSizes: (UInt32, UInt32)?
    /// The bytes before compression, for their size and checksum.
    var plain: [UInt8]?
    var rawName: [UInt8]?
  }

  static func zip(_ members: [Member], comment: String = "", count: UInt16? = nil, adjust: (inout [UInt8]) -> Void = { _ in }) -> [UInt8] {
    var (bytes, directory): ([UInt8], [UInt8]) = ([], [])
    for member in members {
      let plain = member.plain ?? member.contents
      let crc = member.crc ?? crc32(plain)
      let size = member.size ?? UInt32(plain.count)
      let packed = member.compressedSize ?? UInt32(member.contents.count)
      let offset = member.offset ?? UInt32(bytes.count)
      let name = member.rawName ?? Array(member.name.utf8)
      let headerName = Array((member.headerName ?? member.name).utf8)
      let (first, second) = member.headerSizes ?? (packed, size)
      bytes += littleEndian(0x0403_4B50 as UInt32) + [20, 0] + littleEndian(member.headerFlags ?? member.flags)
      bytes += littleEndian(member.headerMethod ?? member.method) + [0, 0, 0x21, 0] + littleEndian(member.headerCRC ?? crc)
      bytes += littleEndian(first) + littleEndian(second) + littleEndian(UInt16(member.rawName == nil ? headerName.count : name.count))
      bytes += littleEndian(UInt16(member.headerExtra.count)) + (member.rawName ?? headerName) + member.headerExtra + member.contents
      directory += littleEndian(0x0201_4B50 as UInt32) + [20, 0, 20, 0] + littleEndian(member.flags) + littleEndian(member.method)
      directory += [0, 0, 0x21, 0] + littleEndian(crc) + littleEndian(packed) + littleEndian(size) + littleEndian(UInt16(name.count))
      directory += littleEndian(UInt16(member.extra.count)) + [0, 0] + littleEndian(member.disk) + [0, 0, 0, 0, 0, 0]
      directory += littleEndian(offset) + name + member.extra
    }
    let start = bytes.count
    let number = count ?? UInt16(members.count)
    bytes += directory + littleEndian(0x0605_4B50 as UInt32) + [0, 0, 0, 0] + littleEndian(number) + littleEndian(number)
    bytes +=
      littleEndian(UInt32(directory.count)) + littleEndian(UInt32(start)) + littleEndian(UInt16(comment.utf8.count)) + Array(comment.utf8)
    adjust(&bytes)
    return bytes
  }

  static func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(0xFFFF_FFFF as UInt32) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
  }

  /// Bytes as deflate can write them: as they are, in one block.
  static func deflated(_ bytes: [UInt8]) -> [UInt8] {
    [1] + littleEndian(UInt16(bytes.count)) + littleEndian(~UInt16(bytes.count)) + bytes
  }
}
