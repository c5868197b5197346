/// What becomes of the matches that a text is split at.
enum SplitBehavior: String, Sendable, CaseIterable {
  case removed = "Removed"
  case isolated = "Isolated"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"
  case contiguous = "Contiguous"

  /// The pieces of a text of `count` scalars whose matches are given; the others are matches if `isInverted`.
  func pieces(_ matches: [Range<Int>], count: Int, isInverted: Bool, from base: Int, into out: inout [Range<Int>]) {
    var last = 0
    switch self {
    case .isolated:
      for match in matches {
        if match.lowerBound > last { out.append(base + last..<base + match.lowerBound) }
        out.append(base + match.lowerBound..<base + match.upperBound)
        last = match.upperBound
      }
      if count > last { out.append(base + last..<base + count) }
    case .removed:
      for match in matches {
        if !isInverted, match.lowerBound > last { out.append(base + last..<base + match.lowerBound) }
        if isInverted { out.append(base + match.lowerBound..<base + match.upperBound) }
        last = match.upperBound
      }
      if !isInverted, count > last { out.append(base + last..<base + count) }
    case .mergedWithPrevious, .mergedWithNext, .contiguous:
      var parts: [(range: Range<Int>, isMatch: Bool)] = []
      for match in matches {
        if match.lowerBound > last { parts.append((last..<match.lowerBound, isInverted)) }
        parts.append((match, !isInverted))
        last = match.upperBound
      }
      if count > last { parts.append((last..<count, isInverted)) }
      var made: [Range<Int>] = []
      var wasMatch = false
      if self == .mergedWithNext {
        for (range, isMatch) in parts.reversed() {
          if isMatch, !wasMatch, let next = made.last {
            made[made.count - 1] = range.lowerBound..<next.upperBound
          } else {
            made.append(range)
          }
          wasMatch = isMatch
        }
        made.reverse()
      } else {
        for (range, isMatch) in parts {
          let joins = self == .contiguous ? isMatch == wasMatch : isMatch && !wasMatch
          if joins, let previous = made.last {
            made[made.count - 1] = previous.lowerBound..<range.upperBound
          } else {
            made.append(range)
          }
          wasMatch = isMatch
        }
      }
      for range in made { out.append(base + range.lowerBound..<base + range.upperBound) }
    }
  }
}

/// What a text is split at or searched for: a text, or a regular expression.
enum TextPattern: Sendable {
  case text([UInt32])
  case expression(RegularExpression)

  func matches(in text: UnsafeBufferPointer<UInt32>) throws(RegularExpression.Problem) -> [Range<Int>] {
    switch self {
    case .expression(let expression): return try expression.matches(in: text)
    case .text(let wanted):
      guard let first = wanted.first else { return [] }
      var found: [Range<Int>] = []
      var i = 0
      while i + wanted.count <= text.count {
        if text[i] == first, (1..<wanted.count).allSatisfy({ text[i + $0] == wanted[$0] }) {
          found.append(i..<i + wanted.count)
          i += wanted.count
        } else {
          i += 1
        }
      }
      return found
    }
  }
}
