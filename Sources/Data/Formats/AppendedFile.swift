#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that grows at its end, for logs: what was written before stays, and each piece is there for other processes as soon as it is written.
package final class AppendedFile {
  /// The path as it was given: what errors name.
  package let path: String
  private let descriptor: CInt

  /// Opens it, or makes it.
  package init(_ path: String) throws(DataError) {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw DataError(file: path, message: "cannot be written: \(SystemCalls.lastError)") }
  }

  deinit { close(descriptor) }

  /// Appends bytes.
  package func write(_ bytes: [UInt8]) throws(DataError) {
    let isWritten = bytes.withUnsafeBytes { SystemCalls.write(descriptor, $0) }
    if !isWritten { throw DataError(file: path, message: "cannot be written: \(SystemCalls.lastError)") }
  }
}
