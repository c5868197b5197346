import Data
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Keeps a second run out of a directory of checkpoints as long as the first one goes on.
///
/// A lock on a file in the directory, which holds the number of the process: the system gives it back when the process ends, however it does.
struct DirectoryLock {
  static let name = ".run.lock"
  /// Negative where the file system has no locks.
  private let descriptor: CInt
  private let path: String

  /// Throws if another run has the directory, or nothing can be written there.
  init(_ directory: String) throws(DataError) {
    path = "\(directory)/\(Self.name)"
    var attempts = 0
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o666)
      if descriptor < 0 {
        if errno == EINTR { continue }
        throw DataError(file: directory, message: "cannot be written: \(String(cString: strerror(errno)))")
      }
      if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
        if errno == EINTR {
          close(descriptor)
          continue
        }
        guard errno == EWOULDBLOCK else {
          self.descriptor = -1
          close(descriptor)
          return
        }
        let owner = Self.owner(descriptor)
        close(descriptor)
        // One that has just been killed takes a moment to be gone.
        attempts += 1
        if attempts < 10 {
          usleep(50_000)
          continue
        }
        throw DataError(
          file: directory,
          message: "another run writes its checkpoints here\(owner); a directory of its own would fit, or waiting until it has ended")
      }
      // A run that ends removes the file, and may have done so before it was locked here.
      var (ours, named) = (stat(), stat())
      guard fstat(descriptor, &ours) == 0, stat(path, &named) == 0, ours.st_ino == named.st_ino, ours.st_dev == named.st_dev else {
        close(descriptor)
        continue
      }
      let text = "\(getpid())\n"
      _ = ftruncate(descriptor, 0)
      _ = text.withCString { write(descriptor, $0, strlen($0)) }
      self.descriptor = descriptor
      return
    }
  }

  /// Lets other runs have the directory.
  func release() {
    guard descriptor >= 0 else { return }
    unlink(path)
    close(descriptor)
  }

  /// Which process has the lock, as far as the file tells.
  private static func owner(_ descriptor: CInt) -> String {
    var bytes = [UInt8](repeating: 0, count: 20)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard let process = Int32(String(decoding: bytes.prefix(max(0, count)).prefix { $0 != 10 }, as: UTF8.self)) else { return "" }
    return process == getpid() ? ", in this process" : ", process \(process)"
  }
}
