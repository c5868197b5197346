import Tensors

/// What stands at the head of an array in NumPy's format, read field after field.
///
/// Layout: `93 NUMPY`, two bytes of version, the dictionary's length (two bytes in version 1, four in 2 and 3, little endian), the dictionary
/// as text, the elements. Source: NumPy, NEP 1, and `numpy/lib/format.py`.
struct NPYHeader: Sendable {
  let elementType: NPYFile.ElementType
  let isBigEndian: Bool
  /// Whether neighbours along the first axis lie side by side, and not those along the last.
  let isFortranOrder: Bool
  let shape: Shape
  /// Where the elements begin, in bytes.
  let elementsOffset: Int

  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// Dictionaries take some hundred bytes; one that claims more than this is none.
  private static let longest = 1 << 20

  /// The bytes that the elements take.
  var byteCount: Int { shape.elementCount * elementType.byteCount }

  /// Reads the header from the beginning of a source; `place` stands before each field in errors, for a member of an archive.
  init(_ source: any ByteSource, file: String, place: String = "") throws(DataError) {
    var reader = Reader(source: source, file: file, place: place)
    let magic = try reader.next(6, "magic number")
    guard magic == Self.magic else { throw reader.error("magic number", 0, "\(hex(magic)); an .npy file begins with \(hex(Self.magic))") }
    let version = try reader.next(2, "version")
    guard 1...3 ~= version[0] && version[1] == 0 else {
      throw reader.error("version", 6, "\(version[0]).\(version[1]); 1.0, 2.0 and 3.0 are known")
    }
    let length = try reader.next(version[0] == 1 ? 2 : 4, "header length").reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= Self.longest else { throw reader.error("header length", 8, "\(length); at most \(Self.longest) would fit") }
    let start = reader.offset
    let text = try reader.next(length, "header")
    var literal = NPYLiteral(text, at: start, error: reader.error)
    let fields = try literal.fields()
    (elementType, isBigEndian) = try reader.elementType(fields.descr.code, fields.descr.offset)
    isFortranOrder = fields.isFortranOrder
    shape = fields.shape
    elementsOffset = reader.offset
    // Zero counts as one here: an empty array's strides have to exist too. Sixteen: the largest element that a tensor may have.
    var product = 16
    for size in shape {
      let (next, overflow) = product.multipliedReportingOverflow(by: max(size, 1))
      if overflow || next > Int.max / 16 { throw reader.error("shape", start, "\(shape) has more elements than memory could hold") }
      product = next
    }
  }

  /// The head of a file of a tensor's elements, version 1.0; the elements then begin at a multiple of 64 bytes.
  static func bytes(shape: Shape, _ type: NPYFile.ElementType) -> [UInt8] {
    let sizes = shape.count == 1 ? "\(shape[0])," : shape.map { String($0) }.joined(separator: ", ")
    let order = type.byteCount == 1 ? "|" : "<"
    let text = "{'descr': '\(order)\(type.rawValue)', 'fortran_order': False, 'shape': (\(sizes)), }"
    let length = (10 + text.utf8.count + 1 + 63) / 64 * 64 - 10
    let blanks = repeatElement(UInt8(ascii: " "), count: length - text.utf8.count - 1)
    return magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(text.utf8) + blanks + [UInt8(ascii: "\n")]
  }

  private struct Reader {
    let source: any ByteSource
    let file: String
    let place: String
    var offset = 0

    func error(_ field: String, _ offset: Int, _ message: String) -> DataError {
      DataError(file: file, field: place + field, offset: offset, message: message)
    }

    mutating func next(_ count: Int, _ field: String) throws(DataError) -> [UInt8] {
      let bytes = try source.bytes(count)
      guard bytes.count == count else {
        throw error(field, offset, "it ends after \(offset + bytes.count) bytes, inside the header of an .npy file")
      }
      offset += count
      return bytes
    }

    func elementType(_ code: String, _ offset: Int) throws(DataError) -> (NPYFile.ElementType, isBigEndian: Bool) {
      let order = code.first.flatMap { "<>|=".contains($0) ? $0 : nil }
      let name = order == nil ? code : String(code.dropFirst())
      if let type = NPYFile.ElementType(rawValue: name == "?" ? "b1" : name) {
        // Without an order it is the writer's own, which nobody can know any more: that of nearly all machines.
        return (type, order == ">")
      }
      throw error("descr", offset, "elements of \(Self.kind(name)), \(readable(code)); \(NPYFile.ElementType.known) would fit")
    }

    private static func kind(_ name: String) -> String {
      switch name.first {
      case "c": "complex numbers of another size"
      case "S", "a", "U": "texts"
      case "O": "Python objects"
      case "V": "raw bytes"
      case "M", "m": "times"
      case "f", "g": "floats of another size"
      default: "an unknown type"
      }
    }
  }
}

/// Bytes as they are written: `93 4E`.
func hex(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: " ")
}
