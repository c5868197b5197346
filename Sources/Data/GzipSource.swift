import CZlib

/// What a gzip file (RFC 1952) held before compression: all of its members, with their checksums and lengths checked.
final class GzipSource: ByteSource {
  private let file: FileSource
  // zlib keeps the address of the stream, so it may not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private var isAtEnd = false

  init(_ file: FileSource) throws(DataError) {
    self.file = file
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 15: any window; 16: a gzip header and trailer, and no other.
    guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw DataError(file: file.path, message: "zlib could not be started")
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Deflate writes at most 258 bytes for two bits.
  var bound: Int? { file.bound.map { $0 < Int.max / 2048 ? $0 * 1032 + 1032 : Int.max } }

  var isStored: Bool { false }
  var name: String { file.path }

  /// The first bytes, as many as come of what there is of the file; throws if none do.
  static func head(_ count: Int, of file: FileSource) throws(DataError) -> [UInt8] {
    let source = try GzipSource(FileSource(bytes: file.peek(64 << 10), name: file.path))
    var bytes: [UInt8] = []
    // One at a time: all that came before the end of what was looked at counts.
    while bytes.count < count {
      do throws(DataError) {
        let byte = try source.bytes(1)
        if byte.isEmpty { break }
        bytes += byte
      } catch {
        if bytes.isEmpty { throw error }
        break
      }
    }
    return bytes
  }

  func read(into out: UnsafeMutableBufferPointer<UInt8>) throws(DataError) -> Int {
    var filled = 0
    while filled < out.count && !isAtEnd {
      var code: CInt = Z_OK
      var (taken, given, isEndOfFile) = (0, 0, false)
      try file.consume { input in
        isEndOfFile = input.isEmpty
        let room = min(out.count - filled, 1 << 30)
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = out.baseAddress.map { $0 + filled }
        stream.pointee.avail_out = UInt32(room)
        code = inflate(stream, Z_NO_FLUSH)
        taken = input.count - Int(stream.pointee.avail_in)
        given = room - Int(stream.pointee.avail_out)
        return taken
      }
      filled += given
      switch code {
      case Z_STREAM_END:
        try finishMember()
      case Z_OK where taken + given > 0:
        break
      case Z_OK, Z_BUF_ERROR:
        if isEndOfFile { throw damage("ends before its data does: the file is truncated") }
        if taken + given == 0 { throw damage("cannot be inflated") }
      default:
        throw damage(stream.pointee.msg.map { String(cString: $0) } ?? "cannot be inflated")
      }
    }
    return filled
  }

  /// Behind a member there may be another one, and nothing else.
  private func finishMember() throws(DataError) {
    isAtEnd = try file.isAtEnd()
    if isAtEnd { return }
    guard try file.startsWithGzipMagic() else { throw damage("bytes follow its end that are no gzip member") }
    inflateReset(stream)
  }

  private func damage(_ message: String) -> DataError {
    DataError(file: file.path, field: "gzip stream", offset: file.offset, message: message)
  }
}

extension FileSource {
  fileprivate func isAtEnd() throws(DataError) -> Bool {
    var isAtEnd = false
    try consume { input in
      isAtEnd = input.isEmpty
      return 0
    }
    return isAtEnd
  }
}
