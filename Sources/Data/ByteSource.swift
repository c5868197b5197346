#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Bytes that come in order, from a file as it is or as it was before compression.
protocol ByteSource: AnyObject {
  /// Fills `out` as far as there are bytes and gives their number: less than asked for only at the end.
  func read(into out: UnsafeMutableBufferPointer<UInt8>) throws(DataError) -> Int
  /// The most bytes that can still come, where that is known.
  var bound: Int? { get }
  /// What errors call it.
  var name: String { get }
  /// Whether as many bytes as `bound` says lie in a file as they are, so that memory for them is no larger than the file.
  var isStored: Bool { get }
}

extension ByteSource {
  /// `count` bytes, or as many as there are.
  ///
  /// Memory grows with the bytes that come, never to a count that a header merely claims.
  func bytes(_ count: Int) throws(DataError) -> [UInt8] {
    // One more than can still come, to find the end.
    let wanted = min(count, bound.map { $0 < .max ? $0 + 1 : $0 } ?? .max)
    if !isStored && wanted > GatheredBytes.first {
      let gathered = try GatheredBytes(self, wanted)
      return try gathered.joined()
    }
    try checkRoom(wanted, file: name)
    var bytes = [UInt8](repeating: 0, count: wanted)
    let got = try bytes.withUnsafeMutableBufferPointer { (all) throws(DataError) in try read(into: all) }
    if got < wanted { bytes.removeLast(wanted - got) }
    return bytes
  }
}

/// A file's bytes, read through a buffer, or bytes in memory.
package final class FileSource: ByteSource {
  /// The path, or what errors call the bytes.
  let path: String
  /// Negative for bytes in memory, all of which are in the buffer from the beginning.
  private let descriptor: CInt
  private static let capacity = 64 << 10
  /// The file's size; nil for pipes and devices, which do not know theirs.
  let size: Int?
  private let buffer: UnsafeMutableBufferPointer<UInt8>
  /// What of the buffer has been read and not yet handed on.
  private var unread: Range<Int>
  /// How far what was handed on reaches.
  private(set) var offset = 0

  /// Opens a file; a pipe that nobody writes to throws, as waiting for its writer could last forever.
  package init(_ path: String) throws(DataError) {
    self.path = path
    buffer = .allocate(capacity: Self.capacity)
    unread = 0..<0
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    var status = stat()
    let isKnown = descriptor >= 0 && fstat(descriptor, &status) == 0
    let kind = isKnown ? status.st_mode & S_IFMT : 0
    size = kind == S_IFREG ? Int(status.st_size) : nil
    if descriptor < 0 { throw DataError(file: path, message: "cannot be opened: \(SystemCalls.lastError)") }
    if kind == S_IFIFO { try awaitWriter() }
    // From here on reading waits for what is still to come.
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
  }

  /// Reads the first bytes of a pipe, or finds that they are still to come; throws if nobody has it open for writing within a second.
  private func awaitWriter() throws(DataError) {
    for _ in 0..<100 {
      let got = SystemCalls.read(descriptor, intoSomeOf: UnsafeMutableRawBufferPointer(buffer))
      if let got, got > 0 {
        unread = 0..<got
        return
      }
      if got == nil {
        if errno == EAGAIN { return }
        throw DataError(file: path, message: "cannot be read: \(SystemCalls.lastError)")
      }
      // Its writer may be about to open it.
      usleep(10_000)
    }
    throw DataError(file: path, message: "is a pipe that nobody writes to")
  }

  init(bytes: [UInt8], name: String) {
    path = name
    buffer = .allocate(capacity: max(bytes.count, 1))
    unread = 0..<bytes.count
    descriptor = -1
    size = bytes.count
    _ = buffer.update(fromContentsOf: bytes)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    buffer.deallocate()
  }

  var bound: Int? { size.map { max(0, $0 - offset) } }
  var isStored: Bool { size != nil }
  var name: String { path }

  /// The next bytes, which stay unread: `count` of them, at most 64 KiB, or as many as there are.
  func peek(_ count: Int) throws(DataError) -> [UInt8] {
    while unread.count < count {
      if try !refill() { break }
    }
    return Array(buffer[unread].prefix(count))
  }

  func startsWithGzipMagic() throws(DataError) -> Bool { try peek(2) == [0x1F, 0x8B] }

  /// Reads on behind what is unread; false at the end of the file.
  private func refill() throws(DataError) -> Bool {
    if descriptor < 0 { return false }
    for i in 0..<unread.count { buffer[i] = buffer[unread.lowerBound + i] }
    unread = 0..<unread.count
    guard
      let got = SystemCalls.read(
        descriptor, intoSomeOf: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[unread.upperBound...]))
    else {
      throw DataError(file: path, message: "cannot be read: \(SystemCalls.lastError)")
    }
    unread = 0..<unread.upperBound + got
    return got > 0
  }

  /// Hands on some of the next bytes, none at the end of the file; `body` says how many it took.
  func consume(_ body: (UnsafeBufferPointer<UInt8>) -> Int) throws(DataError) {
    if unread.isEmpty { _ = try refill() }
    let taken = body(UnsafeBufferPointer(rebasing: buffer[unread]))
    unread = unread.lowerBound + taken..<unread.upperBound
    offset += taken
  }

  func read(into out: UnsafeMutableBufferPointer<UInt8>) throws(DataError) -> Int {
    var filled = 0
    while filled < out.count {
      let before = filled
      try consume { input in
        let count = min(input.count, out.count - filled)
        _ = UnsafeMutableBufferPointer(rebasing: out[filled..<filled + count]).update(fromContentsOf: input[..<count])
        filled += count
        return count
      }
      if filled == before { break }
    }
    return filled
  }
}
