/// A token beside the model's vocabulary, which is found in a text before the model sees it.
public struct AddedToken: Sendable, Hashable {
  /// What it looks like in a text.
  public var content: String
  /// Whether it is found as a whole word only.
  public var isSingleWord: Bool
  /// Whether blanks before it belong to it.
  public var stripsLeft: Bool
  /// Whether blanks behind it belong to it.
  public var stripsRight: Bool
  /// Whether it is looked for in the normalized text.
  public var isNormalized: Bool
  /// Whether decoding leaves it out.
  public var isSpecial: Bool

  /// A token; special ones are looked for in the text as it is unless told.
  public init(
    _ content: String, isSpecial: Bool = false, isNormalized: Bool? = nil, isSingleWord: Bool = false, stripsLeft: Bool = false,
    stripsRight: Bool = false
  ) {
    self.content = content
    self.isSpecial = isSpecial
    self.isNormalized = isNormalized ?? !isSpecial
    (self.isSingleWord, self.stripsLeft, self.stripsRight) = (isSingleWord, stripsLeft, stripsRight)
  }
}

/// The added tokens of a tokenizer and where they are found.
struct AddedTokens: Sendable {
  private(set) var ids: [ByteText: Int] = [:]
  private(set) var tokens: [Int: AddedToken] = [:]
  /// What a normalized token looks like in a normalized text, where that differs.
  private var normalized: [Int: String] = [:]
  private var specials: Set<ByteText> = []
  private var plain = Finder([])
  private var afterNormalizing = Finder([])

  init() {}

  /// Takes tokens; one that the vocabulary has gets its id there, others the ids behind.
  mutating func add(_ new: [AddedToken], _ model: TokenModel, _ normalizer: Normalizer?) throws {
    let size = model.vocabulary.count
    var next = tokens.keys.max().map { $0 >= size || size == 0 ? $0 + 1 : size } ?? size
    for token in new where !token.content.isEmpty {
      let key = ByteText(token.content)
      if let id = ids[key], tokens[id] == token { continue }
      let id = ids[key] ?? model.vocabulary.id(token.content) ?? next
      if id == next, ids[key] == nil, model.vocabulary.id(token.content) == nil { next += 1 }
      if token.isNormalized, let normalizer {
        var text = AlignedText(token.content)
        try normalizer.apply(&text)
        let written = text.scalars.string
        if ByteText(written) != key { normalized[id] = written }
      }
      ids[key] = id
      if token.isSpecial { specials.insert(key) }
      tokens[id] = token
    }
    plain = Finder(tokens.filter { !$0.value.isNormalized }.map { ($0.value.content.scalarValues, $0.key) })
    afterNormalizing = Finder(tokens.filter(\.value.isNormalized).map { ((normalized[$0.key] ?? $0.value.content).scalarValues, $0.key) })
  }

  /// The token of an id as decoders take it.
  func decoded(_ id: Int) -> String? { tokens[id].map { normalized[id] ?? $0.content } }

  func isSpecial(_ token: String) -> Bool { specials.contains(ByteText(token)) }

  /// The text cut where there are added tokens, and normalized elsewhere.
  func extract(_ text: AlignedText, _ normalizer: Normalizer?) throws -> PreTokenizedText {
    var result = PreTokenizedText(text: text, pieces: [])
    cut(text, 0..<text.count, plain, into: &result.pieces)
    result.pieces.removeAll { $0.range.isEmpty }
    if let normalizer { try result.change { try normalizer.apply(&$0) } }
    if afterNormalizing.isEmpty { return result }
    let pieces = result.pieces
    result.pieces = []
    for piece in pieces {
      if piece.id != nil {
        result.pieces.append(piece)
      } else {
        cut(result.text, piece.range, afterNormalizing, into: &result.pieces)
      }
    }
    result.pieces.removeAll { $0.range.isEmpty }
    return result
  }

  private func cut(_ text: AlignedText, _ range: Range<Int>, _ finder: Finder, into out: inout [PreTokenizedText.Piece]) {
    var last = range.lowerBound
    func isBlank(_ i: Int) -> Bool { ScalarProperties.of(text.scalars[i]) & ScalarProperties.whitespace != 0 }
    func isWord(_ i: Int) -> Bool { ScalarProperties.of(text.scalars[i]) & ScalarProperties.word != 0 }
    if !finder.isEmpty {
      text.scalars.withUnsafeBufferPointer { scalars in
        finder.matches(scalars, range) { match, id in
          guard let token = tokens[id] else { return }
          var (start, end) = (match.lowerBound, match.upperBound)
          if token.isSingleWord {
            let isFree = (start == range.lowerBound || !isWord(start - 1)) && (end == range.upperBound || !isWord(end))
            if !isFree { return }
          }
          if token.stripsLeft {
            while start > range.lowerBound, isBlank(start - 1) { start -= 1 }
            start = max(start, last)
          }
          if token.stripsRight { while end < range.upperBound, isBlank(end) { end += 1 } }
          if last < start { out.append(PreTokenizedText.Piece(range: last..<start, id: nil)) }
          out.append(PreTokenizedText.Piece(range: start..<max(start, end), id: id))
          last = end
        }
      }
    }
    if last < range.upperBound { out.append(PreTokenizedText.Piece(range: last..<range.upperBound, id: nil)) }
  }

  /// Finds the longest of several texts at each place, from the left.
  private struct Finder: Sendable {
    private struct Node: Sendable {
      var next: [UInt32: Int] = [:]
      var id: Int?
    }
    private var nodes = [Node()]
    /// Which scalars below 128 a text begins with, and whether one begins with another.
    private var starts: (UInt64, UInt64, others: Bool) = (0, 0, false)

    init(_ texts: [(scalars: [UInt32], id: Int)]) {
      for (scalars, id) in texts where !scalars.isEmpty {
        var node = 0
        for scalar in scalars {
          if let next = nodes[node].next[scalar] {
            node = next
          } else {
            nodes.append(Node())
            nodes[node].next[scalar] = nodes.count - 1
            node = nodes.count - 1
          }
        }
        nodes[node].id = id
        let first = scalars[0]
        if first < 64 {
          starts.0 |= 1 << UInt64(first)
        } else if first < 128 {
          starts.1 |= 1 << UInt64(first - 64)
        } else {
          starts.others = true
        }
      }
    }

    var isEmpty: Bool { nodes.count == 1 }

    func matches(_ scalars: UnsafeBufferPointer<UInt32>, _ range: Range<Int>, _ body: (Range<Int>, Int) -> Void) {
      var i = range.lowerBound
      while i < range.upperBound {
        let first = scalars[i]
        let canStart =
          first < 64 ? starts.0 >> UInt64(first) & 1 == 1 : first < 128 ? starts.1 >> UInt64(first - 64) & 1 == 1 : starts.others
        if !canStart {
          i += 1
          continue
        }
        var (node, end): (Int, Int) = (0, i)
        var found: (end: Int, id: Int)?
        while end < range.upperBound, let next = nodes[node].next[scalars[end]] {
          node = next
          end += 1
          if let id = nodes[node].id { found = (end, id) }
        }
        guard let found else {
          i += 1
          continue
        }
        body(i..<found.end, found.id)
        i = found.end
      }
    }
  }
}
