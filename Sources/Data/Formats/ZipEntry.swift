/// What a zip archive's directory says of one member.
struct ZipEntry {
  let name: String
  /// Where the member's own header stands.
  let headerOffset: Int
  /// The bytes of the entry.
  let byteCount: Int
  private let method: ZipArchive.Method
  private let crc: UInt32
  private let compressedSize: Int
  private let size: Int

  private static let fixedSize = 46
  private static let headerSize = 30
  private static let isEncrypted: UInt16 = 1
  /// Checksum and sizes stand behind the contents and not in the header.
  private static let isDescribedBehind: UInt16 = 1 << 3

  init(_ text: ArraySlice<UInt8>, _ index: Int, at offset: Int, _ file: String) throws(DataError) {
    func error(_ message: String) -> DataError { DataError(file: file, field: "entry \(index)", offset: offset, message: message) }

    guard text.count >= Self.fixedSize else { throw error("the directory ends inside it") }
    var fields = ZipFields(text)
    guard fields.next(UInt32.self) == ZipDirectory.Signature.entry else { throw error("\(hex(text.prefix(4))); 50 4B 01 02 would fit") }
    _ = fields.take(4)
    let (flags, code) = (fields.next(UInt16.self), fields.next(UInt16.self))
    _ = fields.take(4)
    crc = fields.next(UInt32.self)
    let (compressedSize, size) = (fields.next(UInt32.self), fields.next(UInt32.self))
    let (nameSize, extraSize) = (Int(fields.next(UInt16.self)), Int(fields.next(UInt16.self)))
    let commentSize = Int(fields.next(UInt16.self))
    let disk = fields.next(UInt16.self)
    _ = fields.take(6)
    let headerOffset = fields.next(UInt32.self)
    byteCount = Self.fixedSize + nameSize + extraSize + commentSize
    guard text.count >= byteCount else {
      throw error("its name, extra fields and comment of \(byteCount - Self.fixedSize) bytes go beyond the directory")
    }
    let nameBytes = fields.take(nameSize)
    guard let name = String(validating: nameBytes, as: UTF8.self), !name.utf8.contains(0) else {
      throw error("the name \(readable(String(decoding: nameBytes, as: UTF8.self))) is not UTF-8")
    }
    self.name = name
    let member = "member \(readable(name))"
    if flags & Self.isEncrypted != 0 { throw error("\(member) is encrypted") }
    guard let method = ZipArchive.Method(rawValue: code) else {
      throw error("\(member) is compressed by method \(code); 0 and 8 are known")
    }
    self.method = method

    // What the fields cannot hold stands in an extra field, each where its field is full.
    var long: [UInt64] = []
    let full = [size, compressedSize, headerOffset].count { $0 == .max } + (disk == .max ? 1 : 0)
    if full > 0 {
      guard let extra = Self.extra(1, fields.take(extraSize)), extra.count >= 8 * (full - (disk == .max ? 1 : 0)) else {
        throw error("\(member) has no zip64 sizes")
      }
      var extraFields = ZipFields(extra)
      while extraFields.rest.count >= 8 { long.append(extraFields.next(UInt64.self)) }
    }
    func resolve(_ short: UInt32) -> UInt64 { short == .max ? long.removeFirst() : UInt64(short) }
    let resolved = (resolve(size), resolve(compressedSize), resolve(headerOffset))
    guard disk == 0 || disk == .max else { throw error("\(member) is in another volume") }
    guard resolved.0 <= Int.max / 2, resolved.1 < offset, resolved.2 < offset else {
      throw error("\(member) of \(resolved.1) bytes at offset \(resolved.2) is beyond the members, which end before \(offset)")
    }
    (self.size, self.compressedSize, self.headerOffset) = (Int(resolved.0), Int(resolved.1), Int(resolved.2))
    if method == .stored && self.size != self.compressedSize {
      throw error("\(member) is stored, but takes \(compressedSize) bytes and has \(size)")
    }
    // Deflate writes at most 258 bytes for two bits.
    if method == .deflated && self.size / 1032 > self.compressedSize {
      throw error("\(member) is to have \(self.size) bytes; the \(self.compressedSize) it takes cannot be inflated to so many")
    }
  }

  /// The contents of an extra field of a tag.
  private static func extra(_ tag: UInt16, _ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    var fields = ZipFields(text)
    while fields.rest.count >= 4 {
      let (found, count) = (fields.next(UInt16.self), Int(fields.next(UInt16.self)))
      guard fields.rest.count >= count else { return nil }
      let contents = fields.take(count)
      if found == tag { return contents }
    }
    return nil
  }

  /// The member, once its own header has been found to say the same; its contents end before `limit`.
  func member(_ bytes: RandomAccessBytes, before limit: Int) throws(DataError) -> ZipArchive.Member {
    let field = "member \(readable(name))"
    func error(_ message: String) -> DataError { DataError(file: bytes.name, field: field, offset: headerOffset, message: message) }

    guard limit - headerOffset >= Self.headerSize else { throw error("its header goes beyond the members, which end at \(limit)") }
    let text = try bytes.bytes(headerOffset..<headerOffset + Self.headerSize, field)
    var fields = ZipFields(text[...])
    guard fields.next(UInt32.self) == ZipDirectory.Signature.header else {
      throw error("\(hex(text.prefix(4))) where its header should be; 50 4B 03 04 would fit")
    }
    _ = fields.take(2)
    let (flags, code) = (fields.next(UInt16.self), fields.next(UInt16.self))
    _ = fields.take(4)
    let (crc, compressedSize, size) = (fields.next(UInt32.self), fields.next(UInt32.self), fields.next(UInt32.self))
    let (nameSize, extraSize) = (Int(fields.next(UInt16.self)), Int(fields.next(UInt16.self)))
    let start = headerOffset + Self.headerSize + nameSize + extraSize
    guard limit - start >= self.compressedSize else {
      throw error("it takes \(self.compressedSize) bytes from offset \(start) on; the members end at \(limit)")
    }
    let tail = try bytes.bytes(headerOffset + Self.headerSize..<start, field)
    guard tail.prefix(nameSize).elementsEqual(name.utf8) else {
      throw error("its header calls it \(readable(String(decoding: tail.prefix(nameSize), as: UTF8.self)))")
    }
    if flags & Self.isEncrypted != 0 { throw error("it is encrypted") }
    guard code == method.rawValue else { throw error("its header has method \(code), the directory \(method.rawValue)") }
    if flags & Self.isDescribedBehind == 0 {
      var sizes = [UInt64(size), UInt64(compressedSize)]
      if size == .max || compressedSize == .max {
        guard let extra = Self.extra(1, tail[nameSize...]), extra.count >= 16 else { throw error("its header has no zip64 sizes") }
        var fields = ZipFields(extra)
        sizes = [fields.next(UInt64.self), fields.next(UInt64.self)]
      }
      guard sizes == [UInt64(self.size), UInt64(self.compressedSize)] && crc == self.crc else {
        throw error(
          "its header has \(sizes[0]) bytes in \(sizes[1]) and checksum \(String(crc, radix: 16)),"
            + " the directory \(self.size) in \(self.compressedSize) and \(String(self.crc, radix: 16))")
      }
    }
    return ZipArchive.Member(name: name, method: method, crc: self.crc, size: self.size, range: start..<start + self.compressedSize)
  }
}
