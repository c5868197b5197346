import Tensors

/// A text as tokens.
public struct Encoding: Sendable, Equatable {
  /// The tokens' ids.
  public var ids: [Int] = []
  /// The tokens as the vocabulary writes them.
  public var tokens: [String] = []
  /// Where each token comes from, in scalars of its text; 0 to 0 for what a template adds.
  public var offsets: [TokenSpan] = []
  /// Which of two texts a token belongs to, as the model is told.
  public var typeIDs: [Int] = []
  /// 1 for tokens, 0 for padding.
  public var attentionMask: [Int] = []
  /// 1 for what a template or padding adds, 0 for tokens of the text.
  public var specialTokensMask: [Int] = []
  /// The place of each token's piece among those that the pre-tokenizer cut; nil for what is added.
  public var wordIDs: [Int?] = []
  /// Which of two texts each token comes from; nil for what is added.
  public var sequenceIDs: [Int?] = []
  /// What truncation left over, in encodings of the same length.
  public var overflowing: [Encoding] = []

  /// No tokens.
  public init() {}

  /// How many tokens there are.
  public var count: Int { ids.count }

  mutating func append(
    _ id: Int, _ token: String, _ span: TokenSpan, word: Int?, isSpecial: Bool = false, type: Int = 0, sequence: Int? = nil
  ) {
    ids.append(id)
    tokens.append(token)
    offsets.append(span)
    typeIDs.append(type)
    attentionMask.append(1)
    specialTokensMask.append(isSpecial ? 1 : 0)
    wordIDs.append(word)
    sequenceIDs.append(sequence)
  }

  /// The tokens of a range alone.
  func slice(_ range: Range<Int>) -> Encoding {
    var part = Encoding()
    part.ids = Array(ids[range])
    part.tokens = Array(tokens[range])
    part.offsets = Array(offsets[range])
    part.typeIDs = Array(typeIDs[range])
    part.attentionMask = Array(attentionMask[range])
    part.specialTokensMask = Array(specialTokensMask[range])
    part.wordIDs = Array(wordIDs[range])
    part.sequenceIDs = Array(sequenceIDs[range])
    return part
  }

  /// Its own tokens with those of another one behind; each rest of the one goes with each of the other.
  mutating func join(_ other: Encoding) {
    var rests: [Encoding] = []
    for rest in overflowing {
      for next in [other.alone] + other.overflowing {
        var joined = rest
        joined.add(next)
        rests.append(joined)
      }
    }
    for next in other.overflowing {
      var joined = alone
      joined.add(next)
      rests.append(joined)
    }
    add(other)
    overflowing = rests
  }

  private var alone: Encoding {
    var copy = self
    copy.overflowing = []
    return copy
  }

  private mutating func add(_ other: Encoding) {
    ids += other.ids
    tokens += other.tokens
    offsets += other.offsets
    typeIDs += other.typeIDs
    attentionMask += other.attentionMask
    specialTokensMask += other.specialTokensMask
    wordIDs += other.wordIDs
    sequenceIDs += other.sequenceIDs
  }

  /// At most `length` tokens; the rest in parts that share `stride` tokens with the one before.
  mutating func truncate(to length: Int, stride: Int, isLeft: Bool) {
    if length >= count { return }
    if length <= 0 {
      let all = alone
      self = Encoding()
      overflowing = [all]
      return
    }
    let step = max(1, length - stride)
    var ranges: [Range<Int>] = []
    if isLeft {
      var end = count
      while end > 0 {
        let start = max(0, end - length)
        ranges.append(start..<end)
        if start == 0 { break }
        end -= step
      }
    } else {
      var start = 0
      while start < count {
        let end = min(start + length, count)
        ranges.append(start..<end)
        if end == count { break }
        start += step
      }
    }
    let parts = ranges.map { slice($0) }
    self = parts[0]
    overflowing = Array(parts.dropFirst())
  }

  /// Padding up to a length, in the rests too.
  mutating func pad(to length: Int, _ padding: Padding) {
    for i in overflowing.indices { overflowing[i].pad(to: length, padding) }
    if length <= count { return }
    let missing = length - count
    func filled<T>(_ list: [T], _ value: T) -> [T] {
      let fill = [T](repeating: value, count: missing)
      return padding.isLeft ? fill + list : list + fill
    }
    ids = filled(ids, padding.id)
    tokens = filled(tokens, padding.token)
    offsets = filled(offsets, TokenSpan(start: 0, end: 0))
    typeIDs = filled(typeIDs, padding.typeID)
    attentionMask = filled(attentionMask, 0)
    specialTokensMask = filled(specialTokensMask, 1)
    wordIDs = filled(wordIDs, nil)
    sequenceIDs = filled(sequenceIDs, nil)
  }
}

/// How encodings are made equally long.
public struct Padding: Sendable, Equatable {
  /// The length of all; that of the longest of a batch if nil.
  public var length: Int?
  /// What lengths are rounded up to a multiple of.
  public var multiple: Int?
  /// Whether padding stands before the tokens.
  public var isLeft: Bool
  /// The padding's id.
  public var id: Int
  /// Its type id.
  public var typeID: Int
  /// Its token.
  public var token: String

  /// Padding with a token.
  public init(id: Int = 0, token: String = "[PAD]", length: Int? = nil, multiple: Int? = nil, isLeft: Bool = false, typeID: Int = 0) {
    (self.id, self.token, self.length, self.multiple, self.isLeft, self.typeID) = (id, token, length, multiple, isLeft, typeID)
  }

  /// The length of so many encodings, of which the longest has `longest` tokens; throws where there is no memory for it.
  func target(_ longest: Int, of encodings: Int) throws(TokenizerError) -> Int {
    var target = length ?? longest
    guard target >= 0 else { throw TokenizerError("padding to \(target) tokens; 0 or more would fit") }
    if let multiple, multiple > 0, target % multiple > 0 {
      let (sum, overflow) = target.addingReportingOverflow(multiple - target % multiple)
      target = overflow ? .max : sum
    }
    let (count, overflow) = target.multipliedReportingOverflow(by: encodings)
    do throws(TensorError) {
      try checkList(overflow ? .max : count, of: Padding.bytesOfToken, "Tokenizer", "\(encodings) encodings of \(target) tokens")
    } catch { throw TokenizerError(error.message) }
    return target
  }
  /// What the lists of an encoding take for a token while they are made.
  private static let bytesOfToken = 256
}

/// How long encodings may be.
public struct Truncation: Sendable, Equatable {
  /// What is shortened of two texts.
  public enum Strategy: String, Sendable {
    case longestFirst = "LongestFirst"
    case onlyFirst = "OnlyFirst"
    case onlySecond = "OnlySecond"
  }

  /// The most tokens, those that a template adds included.
  public var length: Int
  /// How many tokens neighbouring parts share.
  public var stride: Int
  /// What is shortened of two texts.
  public var strategy: Strategy
  /// Whether tokens are left out at the beginning.
  public var isLeft: Bool

  /// At most so many tokens.
  public init(length: Int, stride: Int = 0, strategy: Strategy = .longestFirst, isLeft: Bool = false) {
    (self.length, self.stride, self.strategy, self.isLeft) = (length, stride, strategy, isLeft)
  }

  /// Shortens a text or two to `length` tokens.
  func apply(_ first: inout Encoding, _ second: inout Encoding?, length: Int) throws(TokenizerError) {
    guard stride >= 0 else { throw TokenizerError("a stride of \(stride); 0 or more would fit") }
    let total = first.count + (second?.count ?? 0)
    if length > 0, total <= length { return }
    func check(_ length: Int) throws(TokenizerError) {
      guard length == 0 || stride < length else {
        throw TokenizerError("a stride of \(stride) for parts of \(length) tokens; one below that would fit")
      }
    }
    if length == 0 {
      first.truncate(to: 0, stride: stride, isLeft: isLeft)
      second?.truncate(to: 0, stride: stride, isLeft: isLeft)
      return
    }
    switch strategy {
    case .longestFirst:
      guard let other = second else {
        try check(length)
        return first.truncate(to: length, stride: stride, isLeft: isLeft)
      }
      var (n1, n2) = (first.count, other.count)
      let isSwapped = n1 > n2
      if isSwapped { swap(&n1, &n2) }
      n2 = n1 > length ? n1 : max(n1, length - n1)
      if n1 + n2 > length { (n1, n2) = (length / 2, length / 2 + length % 2) }
      if isSwapped { swap(&n1, &n2) }
      if n1 < first.count { try check(n1) }
      if n2 < other.count { try check(n2) }
      first.truncate(to: n1, stride: stride, isLeft: isLeft)
      second?.truncate(to: n2, stride: stride, isLeft: isLeft)
    case .onlyFirst, .onlySecond:
      if strategy == .onlySecond, second == nil { throw TokenizerError("truncation is to shorten the second text, and there is none") }
      let count = strategy == .onlyFirst ? first.count : second?.count ?? 0
      let rest = count - (total - length)
      guard rest > 0 else { throw TokenizerError("\(count) tokens are too few to leave out \(total - length) of them") }
      try check(rest)
      if strategy == .onlyFirst {
        first.truncate(to: rest, stride: stride, isLeft: isLeft)
      } else {
        second?.truncate(to: rest, stride: stride, isLeft: isLeft)
      }
    }
  }
}
