/// A text on its way through normalizers and pre-tokenizers: scalars, and for each the stretch of the original that it stands for.
struct AlignedText: Sendable {
  var scalars: [UInt32] = []
  /// Where each scalar's stretch of the original begins and ends, in scalars.
  var starts: [Int32] = []
  var ends: [Int32] = []

  init() {}

  init(_ text: String) {
    var text = text
    scalars.reserveCapacity(text.utf8.count)
    text.withUTF8 { bytes in
      var i = 0
      while i < bytes.count {
        let first = UInt32(bytes[i])
        if first < 0x80 {
          scalars.append(first)
          i += 1
        } else if first < 0xE0 {
          scalars.append((first & 0x1F) << 6 | UInt32(bytes[i + 1] & 0x3F))
          i += 2
        } else if first < 0xF0 {
          scalars.append((first & 0x0F) << 12 | UInt32(bytes[i + 1] & 0x3F) << 6 | UInt32(bytes[i + 2] & 0x3F))
          i += 3
        } else {
          scalars.append(
            (first & 0x07) << 18 | UInt32(bytes[i + 1] & 0x3F) << 12 | UInt32(bytes[i + 2] & 0x3F) << 6 | UInt32(bytes[i + 3] & 0x3F))
          i += 4
        }
      }
    }
    starts = (0..<Int32(scalars.count)).map { $0 }
    ends = starts.map { $0 + 1 }
  }

  var count: Int { scalars.count }

  mutating func reserve(_ count: Int) {
    scalars.reserveCapacity(count)
    starts.reserveCapacity(count)
    ends.reserveCapacity(count)
  }

  mutating func append(_ scalar: UInt32, _ start: Int32, _ end: Int32) {
    scalars.append(scalar)
    starts.append(start)
    ends.append(end)
  }

  mutating func append(_ other: AlignedText, _ range: Range<Int>) {
    scalars.append(contentsOf: other.scalars[range])
    starts.append(contentsOf: other.starts[range])
    ends.append(contentsOf: other.ends[range])
  }

  func slice(_ range: Range<Int>) -> AlignedText {
    var part = AlignedText()
    part.append(self, range)
    return part
  }

  /// The stretch of the original that a range of scalars stands for.
  func original(_ range: Range<Int>) -> TokenSpan {
    if range.isEmpty { return TokenSpan(start: range.lowerBound, end: range.lowerBound) }
    return TokenSpan(start: Int(starts[range.lowerBound]), end: Int(ends[range.upperBound - 1]))
  }

  func string(_ range: Range<Int>) -> String { scalars[range].string }

  /// Takes new scalars in the order of the old ones.
  ///
  /// Each with `change` 0 stands for the next old scalar, with 1 for the one before again, and with −n for the next, behind which n more are gone.
  /// The first `skipped` old ones are gone, too.
  mutating func transform(_ new: [(scalar: UInt32, change: Int)], skipping skipped: Int = 0) {
    var made = AlignedText()
    made.reserve(new.count)
    var next = skipped
    for (scalar, change) in new {
      if change > 0 {
        let known = next > 0 && next <= count
        made.append(scalar, known ? starts[next - 1] : first, known ? ends[next - 1] : first)
      } else if next < count {
        made.append(scalar, starts[next], ends[next])
        next += 1 - change
      }
    }
    self = made
  }

  private var first: Int32 { starts.first ?? 0 }

  /// Keeps some scalars.
  mutating func filter(_ keep: (UInt32) -> Bool) {
    var to = 0
    for from in scalars.indices where keep(scalars[from]) {
      if to != from { (scalars[to], starts[to], ends[to]) = (scalars[from], starts[from], ends[from]) }
      to += 1
    }
    truncate(to)
  }

  mutating func truncate(_ count: Int) {
    scalars.removeLast(scalars.count - count)
    starts.removeLast(starts.count - count)
    ends.removeLast(ends.count - count)
  }

  /// Puts a text before it, which stands for what its first scalar stands for; nothing before no text.
  mutating func prepend(_ text: [UInt32]) {
    guard let start = starts.first, let end = ends.first else { return }
    scalars.insert(contentsOf: text, at: 0)
    starts.insert(contentsOf: text.map { _ in start }, at: 0)
    ends.insert(contentsOf: text.map { _ in end }, at: 0)
  }

  /// Puts a text in the place of each range; it stands for what the range's last scalar stands for.
  mutating func replace(_ ranges: [Range<Int>], with content: [UInt32]) {
    if ranges.isEmpty { return }
    var made = AlignedText()
    made.reserve(count)
    var last = 0
    for range in ranges {
      made.append(self, last..<range.lowerBound)
      let known = range.upperBound > 0
      for scalar in content {
        made.append(scalar, known ? starts[range.upperBound - 1] : first, known ? ends[range.upperBound - 1] : first)
      }
      last = range.upperBound
    }
    made.append(self, last..<count)
    self = made
  }
}

extension Sequence where Element == UInt32 {
  /// The text of some scalars.
  var string: String {
    var view = String.UnicodeScalarView()
    for value in self { view.append(Unicode.Scalar(value) ?? "\u{FFFD}") }
    return String(view)
  }
}

extension String {
  var scalarValues: [UInt32] { unicodeScalars.map(\.value) }
}

/// Where a token comes from: the scalars `start` up to `end` of the text.
public struct TokenSpan: Sendable, Hashable {
  /// The first scalar.
  public var start: Int
  /// The scalar behind the last.
  public var end: Int

  /// A stretch of a text.
  public init(start: Int, end: Int) { (self.start, self.end) = (start, end) }
}

/// A text in pieces, some of which are tokens already.
struct PreTokenizedText: Sendable {
  struct Piece: Sendable {
    var range: Range<Int>
    /// The token that it is; nil while it is text.
    var id: Int?
  }
  var text: AlignedText
  var pieces: [Piece]

  /// Cuts every piece that is text; `cut` is given its range and adds the ranges it becomes.
  mutating func split(_ cut: (UnsafeBufferPointer<UInt32>, Int, inout [Range<Int>]) throws -> Void) rethrows {
    var made: [Piece] = []
    made.reserveCapacity(pieces.count * 2)
    var ranges: [Range<Int>] = []
    try text.scalars.withUnsafeBufferPointer { scalars in
      for piece in pieces {
        if piece.id != nil {
          made.append(piece)
          continue
        }
        ranges.removeAll(keepingCapacity: true)
        try cut(UnsafeBufferPointer(rebasing: scalars[piece.range]), piece.range.lowerBound, &ranges)
        for range in ranges where !range.isEmpty { made.append(Piece(range: range, id: nil)) }
      }
    }
    pieces = made
  }

  /// Changes every piece that is text, by itself.
  mutating func change(_ body: (inout AlignedText) throws -> Void) rethrows {
    var made = AlignedText()
    made.reserve(text.count)
    for i in pieces.indices {
      let start = made.count
      if pieces[i].id != nil {
        made.append(text, pieces[i].range)
      } else {
        var part = pieces.count == 1 && pieces[i].range.count == text.count ? text : text.slice(pieces[i].range)
        try body(&part)
        if made.count == 0 { made = part } else { made.append(part, 0..<part.count) }
      }
      pieces[i].range = start..<made.count
    }
    text = made
    pieces.removeAll { $0.id == nil && $0.range.isEmpty }
  }
}
