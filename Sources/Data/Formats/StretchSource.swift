/// A stretch of bytes of a file or an array, in order.
final class StretchSource: ByteSource {
  private let bytes: RandomAccessBytes
  private let field: String
  /// What has not been read yet.
  private var rest: Range<Int>

  /// `range` lies within the bytes' size; errors of reading name `field`.
  init(_ bytes: RandomAccessBytes, _ range: Range<Int>, _ field: String) { (self.bytes, rest, self.field) = (bytes, range, field) }

  var bound: Int? { rest.count }
  var isStored: Bool { true }
  var name: String { bytes.name }

  func read(into out: UnsafeMutableBufferPointer<UInt8>) throws(DataError) -> Int {
    let count = min(out.count, rest.count)
    if count == 0 { return 0 }
    try bytes.read(into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(out)[..<count]), at: rest.lowerBound, field)
    rest = rest.lowerBound + count..<rest.upperBound
    return count
  }
}
