import CZlib

/// The contents of a member of a zip archive, inflated where they are compressed; size and checksum are checked at their end.
final class ZipMemberSource: ByteSource {
  private let member: ZipArchive.Member
  private let input: StretchSource
  private let file: String
  // zlib keeps the address of the stream, so it may not move.
  private let stream: UnsafeMutablePointer<z_stream>?
  /// What has been read of the compressed bytes, and is being inflated.
  private var compressed: [UInt8] = []
  private var used = 0
  private var crc: UInt = 0
  private var produced = 0
  private var isAtEnd = false

  init(_ bytes: RandomAccessBytes, _ member: ZipArchive.Member) throws(DataError) {
    self.member = member
    file = bytes.name
    input = StretchSource(bytes, member.range, "member \(readable(member.name))")
    guard member.method == .deflated else {
      stream = nil
      return
    }
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    self.stream = stream
    // Negative: without a header or trailer.
    guard inflateInit2_(stream, -15, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw DataError(file: file, message: "zlib could not be started")
    }
  }

  deinit {
    guard let stream else { return }
    inflateEnd(stream)
    stream.deallocate()
  }

  var bound: Int? { member.size - produced }
  var isStored: Bool { member.method == .stored }
  var name: String { file }

  func read(into out: UnsafeMutableBufferPointer<UInt8>) throws(DataError) -> Int {
    var filled = 0
    while filled < out.count && !isAtEnd {
      // The checksum counts in 32 bits.
      let room = UnsafeMutableBufferPointer(rebasing: out[filled..<min(out.count, filled + 1 << 30)])
      let got = if let stream { try inflate(stream, room) } else { try input.read(into: room) }
      crc = crc32(crc, room.baseAddress, UInt32(got))
      filled += got
      produced += got
      if stream == nil && produced == member.size { isAtEnd = true }
      if produced > member.size { throw damage("more than the \(member.size) bytes that the archive tells come out") }
      if isAtEnd { try finish() }
    }
    return filled
  }

  /// Inflates some bytes; `isAtEnd` tells whether they were the last.
  private func inflate(_ stream: UnsafeMutablePointer<z_stream>, _ out: UnsafeMutableBufferPointer<UInt8>) throws(DataError) -> Int {
    while true {
      if used == compressed.count {
        // Little at first: often a header is all that is asked for.
        compressed = try input.bytes(min(64 << 10, max(1 << 10, 2 * compressed.count)))
        used = 0
      }
      var code: CInt = Z_OK
      var given = 0
      compressed.withUnsafeMutableBufferPointer { bytes in
        stream.pointee.next_in = bytes.baseAddress.map { $0 + used }
        stream.pointee.avail_in = UInt32(bytes.count - used)
        stream.pointee.next_out = out.baseAddress
        stream.pointee.avail_out = UInt32(out.count)
        code = CZlib.inflate(stream, Z_NO_FLUSH)
        used = bytes.count - Int(stream.pointee.avail_in)
        given = out.count - Int(stream.pointee.avail_out)
      }
      switch code {
      case Z_STREAM_END:
        isAtEnd = true
        return given
      case Z_OK where given > 0:
        return given
      case Z_OK, Z_BUF_ERROR:
        if used == compressed.count && input.bound == 0 { throw damage("its compressed bytes end before its contents do") }
      default:
        throw damage(stream.pointee.msg.map { String(cString: $0) } ?? "cannot be inflated")
      }
    }
  }

  private func finish() throws(DataError) {
    if produced < member.size { throw damage("\(produced) bytes come out; the archive tells of \(member.size)") }
    let rest = compressed.count - used + (input.bound ?? 0)
    if rest > 0 { throw damage("\(rest) bytes follow the end of its compressed bytes") }
    guard crc == UInt(member.crc) else {
      throw damage("its checksum is \(String(crc, radix: 16)); the archive tells of \(String(member.crc, radix: 16))")
    }
  }

  private func damage(_ message: String) -> DataError {
    DataError(file: file, field: "member \(readable(member.name))", offset: member.range.lowerBound, message: message)
  }
}
