/// Bytes at a fixed address, which MPI reads and writes while a collective goes on.
final class Memory: @unchecked Sendable {
  let start: UnsafeMutableRawPointer
  let count: Int

  init(_ count: Int) {
    self.count = count
    start = .allocate(byteCount: max(count, 1), alignment: 64)
  }

  convenience init(_ bytes: [UInt8]) {
    self.init(bytes.count)
    bytes.withUnsafeBytes { if let from = $0.baseAddress { start.copyMemory(from: from, byteCount: bytes.count) } }
  }

  deinit { start.deallocate() }

  subscript(range: Range<Int>) -> [UInt8] { Array(UnsafeRawBufferPointer(start: start + range.lowerBound, count: range.count)) }
}
