#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The system's calls that move bytes: repeated after a signal.
enum SystemCalls {
  /// More than this at once some systems refuse.
  private static let mostAtOnce = 1 << 30

  /// The system's sentence for its last error.
  static var lastError: String { String(cString: strerror(errno)) }

  /// Reads from a position until `out` is full or the file ends; gives the number of bytes, nil after an error, which `errno` then tells.
  static func read(_ descriptor: CInt, into out: UnsafeMutableRawBufferPointer, at offset: Int) -> Int? {
    var filled = 0
    while filled < out.count {
      let got = pread(descriptor, out.baseAddress! + filled, min(out.count - filled, mostAtOnce), off_t(offset + filled))
      if got == 0 { break }
      if got > 0 { filled += got } else if errno != EINTR { return nil }
    }
    return filled
  }

  /// Reads the next bytes, as many as there are by now, none at the end; nil after an error, which `errno` then tells.
  static func read(_ descriptor: CInt, intoSomeOf out: UnsafeMutableRawBufferPointer) -> Int? {
    while true {
      #if canImport(Glibc)
        let count = Glibc.read(descriptor, out.baseAddress, out.count)
      #elseif canImport(Musl)
        let count = Musl.read(descriptor, out.baseAddress, out.count)
      #else
        let count = Darwin.read(descriptor, out.baseAddress, out.count)
      #endif
      if count >= 0 { return count }
      if errno != EINTR { return nil }
    }
  }

  /// Writes all the bytes; false after an error, which `errno` then tells.
  static func write(_ descriptor: CInt, _ bytes: UnsafeRawBufferPointer) -> Bool {
    var written = 0
    while written < bytes.count {
      #if canImport(Glibc)
        let count = Glibc.write(descriptor, bytes.baseAddress! + written, min(bytes.count - written, mostAtOnce))
      #elseif canImport(Musl)
        let count = Musl.write(descriptor, bytes.baseAddress! + written, min(bytes.count - written, mostAtOnce))
      #else
        let count = Darwin.write(descriptor, bytes.baseAddress! + written, min(bytes.count - written, mostAtOnce))
      #endif
      if count >= 0 { written += count } else if errno != EINTR { return false }
    }
    return true
  }

  /// Waits until the disk has what was written; false after an error.
  static func flush(_ descriptor: CInt) -> Bool {
    #if canImport(Darwin)
      // There fsync stops at the drive's own cache.
      if fcntl(descriptor, F_FULLFSYNC) == 0 { return true }
    #endif
    var code = fsync(descriptor)
    while code != 0 && errno == EINTR { code = fsync(descriptor) }
    return code == 0
  }
}
