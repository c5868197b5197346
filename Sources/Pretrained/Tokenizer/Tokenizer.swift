import Data
import Synchronization
import Tensors

/// What makes tokens of texts and texts of tokens, as Hugging Face's `tokenizers` does: a tokenizer.json.
///
///     let tokenizer = try Tokenizer(from: folder)
///     let encoding = try tokenizer.encode("The Lord is my shepherd")
///     encoding.ids                              // [2, 511, …]
///     encoding.offsets                          // where each token comes from, in Unicode scalars
///     try tokenizer.decode(encoding.ids)        // "the lord is my shepherd"
///
/// A text goes through these parts: added tokens are cut out, the rest is normalized, cut into pieces by the pre-tokenizer, tokenized piece by piece
/// by the model, and the post-processor adds its tokens.
public struct Tokenizer: Sendable {
  var normalizer: Normalizer?
  var preTokenizer: PreTokenizer?
  var model: TokenModel
  var postProcessor: PostProcessor?
  var decoder: TokenDecoder?
  var added = AddedTokens()
  /// How long encodings may be; nil if as long as they are.
  public var truncation: Truncation?
  /// How encodings are made equally long; nil if they are not.
  public var padding: Padding?
  /// The template of tokenizer_config.json for conversations, if it has one.
  public internal(set) var chatTemplate: ChatTemplate?
  /// The beginning, end and other tokens that tokenizer_config.json names: `bos_token` and so on.
  public internal(set) var specialTokens: [String: String] = [:]
  /// What a vocabulary that was learnt here is written as.
  var source: [UInt8]?
  private let cache = PieceCache()

  init(model: TokenModel) { self.model = model }

  /// How many tokens there are, added ones included.
  public var vocabularySize: Int {
    model.vocabulary.count + added.ids.keys.filter { model.vocabulary.id($0.text) == nil }.count
  }

  /// The id of a token; nil if there is none.
  public func id(of token: String) -> Int? { added.ids[ByteText(token)] ?? model.vocabulary.id(token) }

  /// The token of an id; nil if there is none.
  public func token(of id: Int) -> String? { added.tokens[id]?.content ?? model.vocabulary.token(id) }

  /// Adds tokens that are found in texts before the model sees them; those that the vocabulary lacks get the next ids.
  public mutating func add(_ tokens: [AddedToken]) throws { try added.add(tokens, model, normalizer) }

  // MARK: Encoding

  /// A text, or a pair of them, as tokens.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - pair: A second text.
  ///   - addsSpecialTokens: Whether the post-processor adds its tokens.
  ///
  /// Throws a ``TokenizerError`` where the model has no token for a part of the text and none for what is unknown, where ``truncation`` leaves no room
  /// for what is added, and where there is no memory for ``padding``.
  public func encode(_ text: String, pair: String? = nil, addsSpecialTokens: Bool = true) throws -> Encoding {
    var encoding = try unpadded(text, pair, addsSpecialTokens)
    if let padding { encoding.pad(to: try padding.target(encoding.count, of: 1 + encoding.overflowing.count), padding) }
    return encoding
  }

  /// Several texts as tokens; where there is padding, all as long as the longest.
  public func encode(_ texts: [String], addsSpecialTokens: Bool = true) throws -> [Encoding] {
    var encodings = try texts.map { try unpadded($0, nil, addsSpecialTokens) }
    if let padding {
      let length = try padding.target(
        encodings.map(\.count).max() ?? 0, of: encodings.reduce(0) { $0 + 1 + $1.overflowing.count })
      for i in encodings.indices { encodings[i].pad(to: length, padding) }
    }
    return encodings
  }

  private func unpadded(_ text: String, _ pair: String?, _ addsSpecialTokens: Bool) throws -> Encoding {
    var first = try tokens(text, sequence: 0)
    var second = try pair.map { try tokens($0, sequence: 1) }
    if let truncation {
      let extra = addsSpecialTokens ? postProcessor?.added(isPair: pair != nil) ?? 0 : 0
      guard truncation.length >= extra else {
        throw TokenizerError("at most \(truncation.length) tokens, but \(extra) are added to every text")
      }
      try truncation.apply(&first, &second, length: truncation.length - extra)
    }
    var parts = [first]
    if let second { parts.append(second) }
    if let postProcessor {
      for (i, _) in parts.enumerated() {
        parts[i].typeIDs = parts[i].ids.map { _ in i }
        for j in parts[i].overflowing.indices { parts[i].overflowing[j].typeIDs = parts[i].overflowing[j].ids.map { _ in i } }
      }
      parts = postProcessor.apply(parts, addsTokens: addsSpecialTokens)
    }
    guard var whole = parts.first else { return Encoding() }
    for part in parts.dropFirst() { whole.join(part) }
    return whole
  }

  /// The tokens of one text, without what a post-processor adds.
  private func tokens(_ text: String, sequence: Int) throws -> Encoding {
    var cut: PreTokenizedText
    do {
      cut = try added.extract(AlignedText(text), normalizer)
      try preTokenizer?.apply(&cut)
    } catch let problem as RegularExpression.Problem {
      throw TokenizerError(problem.description)
    }
    var encoding = Encoding()
    let unknown: Int32? = if case .unigram(let model) = model { model.unknownID } else { nil }
    try cache.use { (memory: inout PieceCache.Memory) throws in
      for (word, piece) in cut.pieces.enumerated() {
        if let id = piece.id {
          encoding.append(
            id, cut.text.string(piece.range), cut.text.original(piece.range), word: word, type: sequence, sequence: sequence)
          continue
        }
        let found = try memory.tokens(of: cut.text.scalars, piece.range, model)
        for token in found.tokens {
          let range = found.scalars(token, from: piece.range.lowerBound)
          let text = token.id == unknown ? cut.text.string(range) : model.vocabulary.token(Int(token.id)) ?? ""
          encoding.append(Int(token.id), text, cut.text.original(range), word: word, type: sequence, sequence: sequence)
        }
      }
    }
    return encoding
  }

  // MARK: Decoding

  /// The text of some ids; ids that there are no tokens for are left out, as special tokens are unless told.
  public func decode(_ ids: [Int], skipsSpecialTokens: Bool = true) throws -> String {
    let tokens = ids.compactMap { id -> String? in
      guard let token = added.decoded(id) ?? model.vocabulary.token(id) else { return nil }
      return skipsSpecialTokens && added.isSpecial(token) ? nil : token
    }
    guard let decoder else { return tokens.joined(separator: " ") }
    do { return try decoder.text(tokens) } catch { throw TokenizerError(error.description) }
  }

  /// Texts of tokens that come one by one: see ``DecodeStream``.
  public func decodeStream(skipsSpecialTokens: Bool = true) -> DecodeStream {
    DecodeStream(self, skipsSpecialTokens: skipsSpecialTokens)
  }
}

/// The text of tokens that come one by one, in pieces that are whole characters.
///
///     var stream = tokenizer.decodeStream()
///     for id in ids { if let piece = try stream.append(id) { print(piece, terminator: "") } }
public struct DecodeStream: Sendable {
  private let tokenizer: Tokenizer
  private let skipsSpecialTokens: Bool
  private var ids: [Int] = []
  private var prefix = ""
  private var prefixCount = 0

  init(_ tokenizer: Tokenizer, skipsSpecialTokens: Bool) { (self.tokenizer, self.skipsSpecialTokens) = (tokenizer, skipsSpecialTokens) }

  /// Takes the next token, and gives what can be said of the text by now; nil if it may be the middle of a character.
  public mutating func append(_ id: Int) throws -> String? {
    if prefix.isEmpty, !ids.isEmpty {
      let new = try decode()
      if !new.utf8.reversed().starts(with: "\u{FFFD}".utf8.reversed()) { (prefix, prefixCount) = (new, ids.count) }
    }
    ids.append(id)
    let text = try decode()
    if text.utf8.count <= prefix.utf8.count || text.utf8.reversed().starts(with: "\u{FFFD}".utf8.reversed()) { return nil }
    // What was said stays said, even where a decoder would say it otherwise now.
    let new = text.utf8.starts(with: prefix.utf8) ? String(decoding: text.utf8.dropFirst(prefix.utf8.count), as: UTF8.self) : text
    let rest = ids.count - prefixCount
    ids.removeFirst(prefixCount)
    prefix = try decode()
    prefixCount = rest
    return new
  }

  /// What is left when no more tokens come: the beginning of a character that never ended.
  public mutating func finish() throws -> String? {
    let text = try decode()
    defer { (ids, prefix, prefixCount) = ([], "", 0) }
    if text.utf8.count <= prefix.utf8.count || !text.utf8.starts(with: prefix.utf8) { return nil }
    return String(decoding: text.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
  }

  private func decode() throws -> String { try tokenizer.decode(ids, skipsSpecialTokens: skipsSpecialTokens) }
}

/// The tokens of pieces that have been seen, since most words come again.
final class PieceCache: Sendable {
  /// The tokens of a piece.
  struct Found {
    var tokens: ArraySlice<PieceToken>
    /// Each byte's scalar, where they are not the same.
    var scalarOfByte: [Int32]?

    /// The scalars that a token stands for.
    @inline(__always)
    func scalars(_ token: PieceToken, from base: Int) -> Range<Int> {
      guard let scalarOfByte else { return base + Int(token.start)..<base + Int(token.end) }
      if token.end <= token.start { return base..<base }
      let (first, last) = (
        scalarOfByte[min(Int(token.start), scalarOfByte.count - 1)], scalarOfByte[min(Int(token.end) - 1, scalarOfByte.count - 1)]
      )
      return base + Int(first)..<base + Int(last) + 1
    }
  }

  struct Memory: Sendable {
    private var slots = [Int32](repeating: -1, count: 1 << 15)
    private var keys: [UInt8] = []
    private var entries: [(key: Range<Int32>, tokens: Range<Int32>)] = []
    private var tokens: [PieceToken] = []
    private var scratch = TokenModel.Scratch()
    private var bytes: [UInt8] = []

    private static let mostEntries = 1 << 14
    private static let longestKey = 64

    mutating func tokens(of scalars: [UInt32], _ range: Range<Int>, _ model: TokenModel) throws -> Found {
      bytes.removeAll(keepingCapacity: true)
      var scalarOfByte: [Int32]?
      var hash: UInt = 0xcbf2_9ce4_8422_2325
      for i in range {
        let scalar = scalars[i]
        hash = (hash ^ UInt(scalar)) &* 0x100_0000_01b3
        if scalar < 0x80 {
          bytes.append(UInt8(scalar))
          scalarOfByte?.append(Int32(i - range.lowerBound))
        } else {
          if scalarOfByte == nil { scalarOfByte = (0..<Int32(bytes.count)).map { $0 } }
          let parts = scalar.utf8
          bytes.append(contentsOf: parts)
          for _ in parts { scalarOfByte?.append(Int32(i - range.lowerBound)) }
        }
      }
      hash ^= hash >> 32
      let isKept = bytes.count <= Self.longestKey
      var slot = Int(hash & UInt(slots.count - 1))
      if isKept {
        while slots[slot] >= 0 {
          let entry = entries[Int(slots[slot])]
          if entry.key.count == bytes.count, keys[Int(entry.key.lowerBound)..<Int(entry.key.upperBound)].elementsEqual(bytes) {
            return Found(tokens: tokens[Int(entry.tokens.lowerBound)..<Int(entry.tokens.upperBound)], scalarOfByte: scalarOfByte)
          }
          slot = (slot + 1) & (slots.count - 1)
        }
      }
      var made: [PieceToken] = []
      var result: Result<Void, TokenizerError> = .success(())
      bytes.withUnsafeBufferPointer { piece in
        do throws(TokenizerError) { try model.tokenize(piece, &scratch, into: &made) } catch { result = .failure(error) }
      }
      try result.get()
      if isKept, entries.count < Self.mostEntries {
        slots[slot] = Int32(entries.count)
        entries.append((Int32(keys.count)..<Int32(keys.count + bytes.count), Int32(tokens.count)..<Int32(tokens.count + made.count)))
        keys.append(contentsOf: bytes)
        tokens.append(contentsOf: made)
      }
      return Found(tokens: made[...], scalarOfByte: scalarOfByte)
    }
  }

  private let memory = Lock(Memory())

  /// Lends the memory; to a second thread at the same time a fresh one.
  func use(_ body: (inout Memory) throws -> Void) throws {
    var result: Result<Void, any Error> = .success(())
    let isFree: Void? = memory.withLockIfAvailable { memory in
      do { try body(&memory) } catch { result = .failure(error) }
    }
    if isFree == nil {
      var own = Memory()
      return try body(&own)
    }
    try result.get()
  }
}
