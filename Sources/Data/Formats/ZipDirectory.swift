import Tensors

/// The directory at the end of a zip archive.
struct ZipDirectory {
  /// The signatures that records begin with.
  enum Signature {
    static let header: UInt32 = 0x0403_4B50
    static let entry: UInt32 = 0x0201_4B50
    static let end: UInt32 = 0x0605_4B50
    static let end64: UInt32 = 0x0606_4B50
    static let locator64: UInt32 = 0x0706_4B50
  }

  private let bytes: RandomAccessBytes
  /// Where the entries stand.
  private(set) var range: Range<Int>
  private let count: Int

  private static let endSize = 22
  private static let end64Size = 56
  private static let locatorSize = 20

  /// Finds the directory.
  init(_ bytes: RandomAccessBytes) throws(DataError) {
    self.bytes = bytes
    func error(_ offset: Int?, _ message: String) -> DataError {
      DataError(file: bytes.name, field: "end of the directory", offset: offset, message: message)
    }
    // Behind the record there may be a comment, whose length it tells.
    let tail = max(0, bytes.size - Self.endSize - 0xFFFF)
    let text = try bytes.bytes(tail..<bytes.size, "end of the directory")
    let candidates = stride(from: text.count - Self.endSize, through: 0, by: -1)
    guard
      let found = candidates.first(where: {
        var fields = ZipFields(text[$0...])
        return fields.next(UInt32.self) == Signature.end && Int(text[$0 + 20]) | Int(text[$0 + 21]) << 8 == text.count - Self.endSize - $0
      })
    else {
      throw error(nil, "there is none: this is no zip archive, or one that has been cut short")
    }
    let offset = tail + found
    var fields = ZipFields(text[(found + 4)...])
    var (disk, firstDisk) = (UInt32(fields.next(UInt16.self)), UInt32(fields.next(UInt16.self)))
    var (here, all) = (UInt64(fields.next(UInt16.self)), UInt64(fields.next(UInt16.self)))
    var (size, start) = (UInt64(fields.next(UInt32.self)), UInt64(fields.next(UInt32.self)))
    var end = offset

    // An archive beyond what these fields can hold has a longer record before this one, and a third one that tells where.
    let locator = offset - Self.locatorSize
    if locator >= 0 {
      let place = try bytes.bytes(locator..<offset, "zip64 locator")
      var fields = ZipFields(place[...])
      if fields.next(UInt32.self) == Signature.locator64 {
        _ = fields.next(UInt32.self)
        let place = fields.next(UInt64.self)
        guard place <= UInt64(max(0, locator - Self.end64Size)), locator >= Self.end64Size else {
          throw error(locator, "the zip64 record is to be at offset \(place), where none can be")
        }
        end = Int(place)
        let record = try bytes.bytes(end..<end + Self.end64Size, "zip64 record")
        fields = ZipFields(record[...])
        guard fields.next(UInt32.self) == Signature.end64 else { throw error(end, "there is no zip64 record") }
        _ = fields.take(12)
        (disk, firstDisk) = (fields.next(UInt32.self), fields.next(UInt32.self))
        (here, all) = (fields.next(UInt64.self), fields.next(UInt64.self))
        (size, start) = (fields.next(UInt64.self), fields.next(UInt64.self))
      }
    }
    guard disk == 0 && firstDisk == 0 && here == all else { throw error(end, "the archive has several volumes; one file would fit") }
    let (upper, overflow) = start.addingReportingOverflow(size)
    guard !overflow && upper == UInt64(end) else {
      throw error(end, "the directory is to take \(size) bytes from offset \(start) on; it ends at \(end)")
    }
    // An entry takes 46 bytes and a name.
    guard all <= size / 46 else { throw error(end, "\(all) members, but the directory has \(size) bytes") }
    range = Int(start)..<end
    count = Int(all)
  }

  /// Reads the entries.
  func entries() throws(DataError) -> [ZipEntry] {
    let text = try bytes.bytes(range, "directory")
    var (entries, position): ([ZipEntry], Int) = ([], 0)
    var names: Set<ByteName> = []
    for index in 0..<count {
      let entry = try ZipEntry(text[position...], index, at: range.lowerBound + position, bytes.name)
      position += entry.byteCount
      guard names.insert(ByteName(entry.name)).inserted else {
        throw DataError(
          file: bytes.name, field: "entry \(index)", offset: range.lowerBound + position - entry.byteCount,
          message: "a second member \(readable(entry.name))")
      }
      entries.append(entry)
    }
    guard position == text.count else {
      throw DataError(
        file: bytes.name, field: "directory", offset: range.lowerBound + position,
        message: "\(text.count - position) bytes follow its \(count) entries")
    }
    return entries
  }
}
