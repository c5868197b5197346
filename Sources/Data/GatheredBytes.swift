/// Bytes that have all been read from a source before room is made for what they are to become.
///
/// They lie in pieces, each at most as long as what came before it, so that a count which only a header claims costs no memory; a piece is given back
/// once it has been read from here.
final class GatheredBytes: ByteSource {
  /// The size of the first piece.
  static let first = 64 << 10
  private static let largest = 16 << 20

  private var pieces: [UnsafeMutableBufferPointer<UInt8>] = []
  private var next = 0
  private var used = 0
  let name: String
  /// How many bytes are left.
  private(set) var count = 0

  /// Reads up to `wanted` bytes.
  init(_ source: any ByteSource, _ wanted: Int) throws(DataError) {
    name = source.name
    while count < wanted {
      let size = min(wanted - count, max(Self.first, min(count, Self.largest)))
      try checkRoom(size, file: name)
      let piece = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: size)
      pieces.append(piece)
      let got = try source.read(into: piece)
      count += got
      guard got == size else {
        pieces[pieces.count - 1] = UnsafeMutableBufferPointer(start: piece.baseAddress, count: got)
        break
      }
    }
  }

  deinit {
    for piece in pieces[next...] { piece.deallocate() }
  }

  var bound: Int? { count }
  var isStored: Bool { true }

  func read(into out: UnsafeMutableBufferPointer<UInt8>) -> Int {
    var filled = 0
    while filled < out.count && next < pieces.count {
      let piece = pieces[next]
      let taken = min(piece.count - used, out.count - filled)
      _ = UnsafeMutableBufferPointer(rebasing: out[filled..<filled + taken]).update(fromContentsOf: piece[used..<used + taken])
      (filled, used) = (filled + taken, used + taken)
      if used == piece.count {
        piece.deallocate()
        (next, used) = (next + 1, 0)
      }
    }
    count -= filled
    return filled
  }

  /// All that is left, as one array.
  func joined() throws(DataError) -> [UInt8] {
    try checkRoom(count, file: name)
    return [UInt8](unsafeUninitializedCapacity: count) { out, initialized in initialized = read(into: out) }
  }
}
