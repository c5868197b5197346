/// The members of a zip archive: those of its directory, each found to stand where and as the directory says.
///
/// Members are stored or deflated, and come with a checksum. Larger archives than 4 GiB (zip64) are read too; encrypted ones and those in several
/// volumes are not. Layout, all numbers little endian: the members, each behind a header of its own; the directory; its end. Source: PKWARE's
/// APPNOTE.TXT 6.3.
struct ZipArchive: Sendable {
  enum Method: UInt16 {
    case stored = 0
    case deflated = 8
  }
  struct Member: Sendable {
    let name: String
    let method: Method
    /// The checksum of the contents.
    let crc: UInt32
    /// The bytes of the contents, as the archive claims.
    let size: Int
    /// Where the contents stand, compressed or not.
    let range: Range<Int>
  }

  let bytes: RandomAccessBytes
  /// In the order of the directory.
  let members: [Member]

  init(_ bytes: RandomAccessBytes) throws(DataError) {
    self.bytes = bytes
    let directory = try ZipDirectory(bytes)
    let entries = try directory.entries()
    var members: [Member] = []
    members.reserveCapacity(entries.count)
    for entry in entries { members.append(try entry.member(bytes, before: directory.range.lowerBound)) }
    try Self.checkDisjoint(entries, members, bytes.name)
    self.members = members
  }

  /// Members that share bytes would come to more than the file's true size.
  private static func checkDisjoint(_ entries: [ZipEntry], _ members: [Member], _ file: String) throws(DataError) {
    let order = entries.indices.sorted { entries[$0].headerOffset < entries[$1].headerOffset }
    for (a, b) in zip(order, order.dropFirst()) where members[a].range.upperBound > entries[b].headerOffset {
      throw DataError(
        file: file, field: "member \(readable(members[a].name))", offset: members[a].range.lowerBound,
        message: "its \(members[a].range.count) bytes overlap the member \(readable(members[b].name)) at offset \(entries[b].headerOffset)")
    }
  }

  /// The contents of a member, checked against its checksum at their end.
  func source(_ member: Member) throws(DataError) -> any ByteSource { try ZipMemberSource(bytes, member) }
}

/// Numbers and texts one after another, of bytes that are there.
struct ZipFields {
  let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: ArraySlice<UInt8>) { (self.bytes, position) = (bytes, bytes.startIndex) }

  var rest: ArraySlice<UInt8> { bytes[position...] }

  mutating func take(_ count: Int) -> ArraySlice<UInt8> {
    defer { position += count }
    return bytes[position..<position + count]
  }

  mutating func next<T: FixedWidthInteger>(_ type: T.Type) -> T {
    take(MemoryLayout<T>.size).reversed().reduce(0) { $0 << 8 | T($1) }
  }
}
