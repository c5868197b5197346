#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Bytes that can be read at any position: those of a file, which stays open, or of an array.
///
/// A file is read by `pread` and not through a memory map. What a map spares is a copy, and there is one in any case, as tensors have memory of
/// their own; what it costs is safety: a file that is cut short while it is mapped, or a disk or network that fails, ends the process with a bus
/// error where `pread` gives fewer bytes or a reason, which become a thrown error. (256 MB from the system's cache: 64 to 111 ms by `pread`, 55 to 88 ms by
/// a map and a copy, on a busy machine.) As with a map only what is asked for is read, from the system's
/// cache if it is there, and a file that is replaced meanwhile stays readable as it was opened.
final class RandomAccessBytes: Sendable {
  /// What errors name.
  let name: String
  /// The number of bytes when it was opened.
  let size: Int
  private let contents: Contents

  private enum Contents {
    case file(CInt)
    case memory([UInt8])
  }

  init(_ path: String) throws(DataError) {
    // Without waiting: a pipe would have the process wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    var status = stat()
    if descriptor < 0 { throw DataError(file: path, message: "cannot be opened: \(SystemCalls.lastError)") }
    let isKnown = fstat(descriptor, &status) == 0
    guard isKnown, status.st_mode & S_IFMT == S_IFREG else {
      let reason = isKnown ? String(cString: strerror(EISDIR)) : SystemCalls.lastError
      close(descriptor)
      let isOther = isKnown && status.st_mode & S_IFMT != S_IFDIR
      throw DataError(file: path, message: isOther ? "is no regular file, which can be read at any position" : "cannot be read: \(reason)")
    }
    name = path
    size = Int(status.st_size)
    contents = .file(descriptor)
  }

  init(_ bytes: [UInt8], name: String) {
    self.name = name
    size = bytes.count
    contents = .memory(bytes)
  }

  deinit {
    if case .file(let descriptor) = contents { close(descriptor) }
  }

  /// Fills `out` with the bytes from a position on, which have been found to lie within ``size``.
  ///
  /// Throws if the file cannot be read or has become shorter; `field` is what the error names.
  func read(into out: UnsafeMutableRawBufferPointer, at offset: Int, _ field: String) throws(DataError) {
    switch contents {
    case .memory(let bytes):
      bytes.withUnsafeBytes { out.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + out.count])) }
    case .file(let descriptor):
      guard let count = SystemCalls.read(descriptor, into: out, at: offset) else {
        throw DataError(file: name, field: field, offset: offset, message: "cannot be read: \(SystemCalls.lastError)")
      }
      if count < out.count {
        throw DataError(
          file: name, field: field, offset: offset,
          message: "the file ends after \(offset + count) bytes; it had \(size) when it was opened and has been cut short since")
      }
    }
  }

  /// The bytes of a range, which have been found to lie within ``size``.
  func bytes(_ range: Range<Int>, _ field: String) throws(DataError) -> [UInt8] {
    try checkRoom(range.count, file: name, field: field)
    var bytes = [UInt8](repeating: 0, count: range.count)
    try bytes.withUnsafeMutableBufferPointer { (out) throws(DataError) in
      try read(into: UnsafeMutableRawBufferPointer(out), at: range.lowerBound, field)
    }
    return bytes
  }
}
