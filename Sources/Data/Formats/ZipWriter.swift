import CZlib

/// Writes a zip archive, member after member: stored or deflated, with the records of zip64 where sizes need them.
struct ZipWriter {
  private let file: AtomicFile
  private var directory: [UInt8] = []
  private var count = 0

  init(_ file: AtomicFile) { self.file = file }

  /// Appends a member of `size` bytes, which `contents` hands on piece by piece, the same ones each time it is called.
  mutating func add(
    _ name: String, size: Int, compressed: Bool,
    _ contents: ((UnsafeRawBufferPointer) throws(DataError) -> Void) throws(DataError) -> Void
  ) throws(DataError) {
    var crc: UInt = 0
    var deflated: Deflater?
    if compressed { deflated = try Deflater(file.path) }
    try contents { (bytes) throws(DataError) in
      // zlib counts in 32 bits.
      var rest = bytes
      while !rest.isEmpty {
        let piece = UnsafeRawBufferPointer(rebasing: rest[..<min(rest.count, 1 << 30)])
        crc = crc32(crc, piece.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt32(piece.count))
        try deflated?.add(piece)
        rest = UnsafeRawBufferPointer(rebasing: rest[piece.count...])
      }
    }
    let packed = try deflated?.finish()
    let record = Record(
      name: Array(name.utf8), method: compressed ? .deflated : .stored, crc: UInt32(crc), size: size,
      compressedSize: packed?.count ?? size, offset: file.offset)
    try file.write(record.header)
    if let packed { try file.write(packed) } else { try contents { (bytes) throws(DataError) in try file.write(bytes) } }
    directory += record.entry
    count += 1
  }

  /// Appends the directory.
  func finish() throws(DataError) {
    let start = file.offset
    try file.write(directory)
    let end = file.offset
    var tail = Fields()
    if count > 0xFFFE || end >= 0xFFFF_FFFF {
      tail.add(ZipDirectory.Signature.end64)
      tail.add(44 as UInt64)
      tail.add(45 as UInt16)
      tail.add(45 as UInt16)
      tail.add(0 as UInt64)
      for number in [count, count, directory.count, start] { tail.add(UInt64(number)) }
      tail.add(ZipDirectory.Signature.locator64)
      tail.add(0 as UInt32)
      tail.add(UInt64(end))
      tail.add(1 as UInt32)
    }
    tail.add(ZipDirectory.Signature.end)
    tail.add(0 as UInt32)
    for _ in 0..<2 { tail.add(UInt16(min(count, 0xFFFF))) }
    tail.add(UInt32(clamping: directory.count))
    tail.add(UInt32(clamping: start))
    tail.add(0 as UInt16)
    try file.write(tail.bytes)
  }

  private struct Fields {
    var bytes: [UInt8] = []
    mutating func add<T: FixedWidthInteger>(_ value: T) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
  }

  /// What header and directory say of a member.
  private struct Record {
    let name: [UInt8]
    let method: ZipArchive.Method
    let crc: UInt32
    let size: Int
    let compressedSize: Int
    let offset: Int

    private var isLong: Bool { size >= 0xFFFF_FFFF || compressedSize >= 0xFFFF_FFFF }

    /// From the version to the checksum; the time is the earliest that can be told, so that the same tensors give the same bytes.
    private func common(_ isLong: Bool) -> [UInt8] {
      var fields = Fields()
      fields.add((isLong ? 45 : 20) as UInt16)
      fields.add((name.allSatisfy { $0 < 128 } ? 0 : 1 << 11) as UInt16)
      fields.add(method.rawValue)
      fields.add(0 as UInt16)
      fields.add(0x21 as UInt16)
      fields.add(crc)
      return fields.bytes
    }

    var header: [UInt8] {
      var fields = Fields()
      fields.add(ZipDirectory.Signature.header)
      fields.bytes += common(isLong)
      fields.add(isLong ? UInt32.max : UInt32(compressedSize))
      fields.add(isLong ? UInt32.max : UInt32(size))
      fields.add(UInt16(name.count))
      fields.add((isLong ? 20 : 0) as UInt16)
      fields.bytes += name
      if isLong { fields.bytes += extra([size, compressedSize]) }
      return fields.bytes
    }

    var entry: [UInt8] {
      let isFar = offset >= 0xFFFF_FFFF
      let numbers = (isLong ? [size, compressedSize] : []) + (isFar ? [offset] : [])
      var fields = Fields()
      fields.add(ZipDirectory.Signature.entry)
      fields.add((numbers.isEmpty ? 20 : 45) as UInt16)
      fields.bytes += common(!numbers.isEmpty)
      fields.add(isLong ? UInt32.max : UInt32(compressedSize))
      fields.add(isLong ? UInt32.max : UInt32(size))
      fields.add(UInt16(name.count))
      fields.add(UInt16(numbers.isEmpty ? 0 : 4 + 8 * numbers.count))
      for _ in 0..<3 { fields.add(0 as UInt16) }
      fields.add(0 as UInt32)
      fields.add(isFar ? UInt32.max : UInt32(offset))
      fields.bytes += name
      if !numbers.isEmpty { fields.bytes += extra(numbers) }
      return fields.bytes
    }

    private func extra(_ numbers: [Int]) -> [UInt8] {
      var fields = Fields()
      fields.add(1 as UInt16)
      fields.add(UInt16(8 * numbers.count))
      for number in numbers { fields.add(UInt64(number)) }
      return fields.bytes
    }
  }
}

/// Deflates bytes into memory.
final class Deflater {
  // zlib keeps the address of the stream, so it may not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private let path: String
  private var out: [UInt8] = []
  private var filled = 0

  init(_ path: String) throws(DataError) {
    self.path = path
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // Negative: without a header or trailer. 8: zlib's usual memory.
    let size = CInt(MemoryLayout<z_stream>.size)
    guard deflateInit2_(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK else {
      throw DataError(file: path, message: "zlib could not be started")
    }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// Takes bytes in, at most 2³² - 1.
  func add(_ bytes: UnsafeRawBufferPointer) throws(DataError) { try run(bytes, Z_NO_FLUSH) }

  /// All that came out.
  func finish() throws(DataError) -> [UInt8] {
    try run(UnsafeRawBufferPointer(start: nil, count: 0), Z_FINISH)
    out.removeLast(out.count - filled)
    return out
  }

  private func run(_ bytes: UnsafeRawBufferPointer, _ flush: CInt) throws(DataError) {
    stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = UInt32(bytes.count)
    var code = Z_OK
    repeat {
      if filled == out.count { out.append(contentsOf: repeatElement(0, count: max(64 << 10, out.count / 2))) }
      out.withUnsafeMutableBufferPointer { out in
        let room = min(out.count - filled, 1 << 30)
        stream.pointee.next_out = out.baseAddress! + filled
        stream.pointee.avail_out = UInt32(room)
        code = deflate(stream, flush)
        filled += room - Int(stream.pointee.avail_out)
      }
      guard code == Z_OK || code == Z_BUF_ERROR || code == Z_STREAM_END else { throw DataError(file: path, message: "cannot be deflated") }
    } while stream.pointee.avail_out == 0 && code != Z_STREAM_END
  }
}
