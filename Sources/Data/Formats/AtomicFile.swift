#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file being written, which takes its place as a whole or not at all: whatever happens, the path holds the old file or the new one.
///
///     try AtomicFile.write(to: path) { (file) throws(DataError) in
///       try file.write("header")
///       try file.write(bytes)
///     }
///
/// The bytes go to a temporary file in the same directory, in chunks; that is flushed to the disk and renamed, and the directory is flushed. If
/// anything fails the temporary file is removed. One that a killed process left behind is removed by the next file written into that directory:
/// a process that still writes holds a lock on its own.
package final class AtomicFile {
  /// The path as it was given: what errors name.
  package let path: String
  /// The number of bytes written so far.
  package private(set) var offset = 0
  private let descriptor: CInt
  /// Small pieces are gathered here.
  private var buffer: [UInt8] = []
  private static let chunk = 256 << 10

  private init(_ path: String, _ descriptor: CInt) {
    self.path = path
    self.descriptor = descriptor
    buffer.reserveCapacity(Self.chunk)
  }

  /// Writes the file at `path`, replacing one that is there and keeping its permissions; `body` says what is in it.
  ///
  /// A symbolic link stays, and the file it points to is replaced, or made if there is none. Throws what `body` throws, or the system's reason with the path.
  package static func write(to path: String, _ body: (AtomicFile) throws(DataError) -> Void) throws(DataError) {
    func failure(_ reason: String = SystemCalls.lastError) -> DataError { DataError(file: path, message: "cannot be written: \(reason)") }

    guard let target = resolved(path) else { throw failure() }
    var status = stat()
    let isThere = stat(target, &status) == 0
    if isThere && status.st_mode & S_IFMT != S_IFREG {
      // Renaming would put a file in the place of a device or a pipe.
      throw failure(status.st_mode & S_IFMT == S_IFDIR ? String(cString: strerror(EISDIR)) : "it is no regular file")
    }
    let directory = folder(of: target)
    TemporaryFile.removeAbandoned(in: directory)
    guard let temporary = TemporaryFile(in: directory) else { throw failure() }
    var isInPlace = false
    defer {
      if !isInPlace { unlink(temporary.path) }
      close(temporary.descriptor)
    }
    if isThere { _ = fchmod(temporary.descriptor, status.st_mode & 0o777) }

    let file = AtomicFile(path, temporary.descriptor)
    try body(file)
    try file.empty()
    guard SystemCalls.flush(temporary.descriptor), rename(temporary.path, target) == 0 else { throw failure() }
    isInPlace = true
    // Until the directory is flushed a power failure may bring back the old file, whole.
    let folder = open(directory, O_RDONLY | O_CLOEXEC)
    guard folder >= 0 else { return }
    defer { close(folder) }
    // Some file systems have nothing to flush there, and say so.
    guard SystemCalls.flush(folder) || errno == EINVAL || errno == ENOTSUP else { throw failure() }
  }

  /// Appends bytes.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(DataError) {
    offset += bytes.count
    if buffer.count + bytes.count > Self.chunk { try empty() }
    if bytes.count >= Self.chunk { try put(bytes) } else { buffer.append(contentsOf: bytes) }
  }

  /// Appends bytes.
  package func write(_ bytes: [UInt8]) throws(DataError) {
    try bytes.withUnsafeBufferPointer { (bytes) throws(DataError) in try write(UnsafeRawBufferPointer(bytes)) }
  }

  /// Appends a text, as UTF-8.
  package func write(_ text: String) throws(DataError) { try write(Array(text.utf8)) }

  private func empty() throws(DataError) {
    try buffer.withUnsafeBufferPointer { (bytes) throws(DataError) in try put(UnsafeRawBufferPointer(bytes)) }
    buffer.removeAll(keepingCapacity: true)
  }

  private func put(_ bytes: UnsafeRawBufferPointer) throws(DataError) {
    if SystemCalls.write(descriptor, bytes) { return }
    throw DataError(file: path, message: "cannot be written: \(SystemCalls.lastError)")
  }

  /// Where a symbolic link leads to, whether or not there is a file; any other path as it is; nil after an error, which `errno` then tells.
  private static func resolved(_ path: String) -> String? {
    var status = stat()
    if stat(path, &status) == 0 {
      guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return path }
      // What is no file is refused, and has a path to name that need not exist: /dev/stdout leads to a pipe.
      guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return path }
      guard let real = realpath(path, nil) else { return nil }
      defer { free(real) }
      return String(cString: real)
    }
    // A link to what is not there yet, or to another such link: as many as the system itself would follow.
    var path = path
    for _ in 0..<40 {
      guard let next = destination(of: path) else { return path }
      path = next.hasPrefix("/") ? next : folder(of: path) + "/" + next
    }
    errno = ELOOP
    return nil
  }

  /// What a symbolic link holds; nil if the path is none.
  private static func destination(of path: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
      let count = buffer.baseAddress.map { readlink(path, $0, buffer.count) } ?? 0
      return count > 0 ? String(decoding: UnsafeRawBufferPointer(buffer).prefix(count), as: UTF8.self) : nil
    }
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}

/// A file of a name of its own, which is locked as long as its writer lives.
private struct TemporaryFile {
  static let (prefix, suffix) = (".fluxion-", ".tmp")

  let path: String
  let descriptor: CInt

  /// Nil after an error, which `errno` then tells.
  init?(in directory: String) {
    while true {
      let digits = String(UInt64.random(in: .min ... .max), radix: 16)
      let path = "\(directory)/\(Self.prefix)\(digits)\(Self.suffix)"
      let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor < 0 {
        if errno == EEXIST || errno == EINTR { continue }
        return nil
      }
      // Before it was locked another process may have taken it for abandoned, and removes its name or has done so.
      var status = stat()
      let isTaken = flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
      if isTaken || fstat(descriptor, &status) == 0 && status.st_nlink == 0 {
        close(descriptor)
        continue
      }
      (self.path, self.descriptor) = (path, descriptor)
      return
    }
  }

  /// Removes the files whose writers were killed: those that can be locked.
  static func removeAbandoned(in directory: String) {
    guard let list = opendir(directory) else { return }
    defer { closedir(list) }
    while let entry = readdir(list) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { continue }
      let path = "\(directory)/\(name)"
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
      guard descriptor >= 0 else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
      close(descriptor)
    }
  }
}
