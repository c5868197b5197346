import Data
import Foundation

extension Tokenizer {
  /// What kind of vocabulary is learnt.
  public enum TrainedKind: Sendable {
    /// Byte pairs over bytes, as GPT-2 has them: every text has tokens, and no text is unknown.
    case byteLevelBPE
    /// Parts of words as BERT has them, in lower case unless told.
    case wordPiece(lowercases: Bool = true)
  }

  /// Learns a vocabulary from texts: the pair of neighbours that is most frequent becomes a token, again and again, until there are enough.
  ///
  ///     let tokenizer = try Tokenizer.train(.byteLevelBPE, on: psalms, vocabularySize: 1000, specialTokens: ["<|endoftext|>"])
  ///     try tokenizer.save(to: folder)                        // tokenizer.json, which Python's tokenizers reads, too
  ///
  /// Of pairs that are equally frequent the one with the lower ids is first, as in Python's `BpeTrainer`.
  ///
  /// - Parameters:
  ///   - kind: What kind of vocabulary.
  ///   - texts: What it is learnt from.
  ///   - vocabularySize: How many tokens there are in the end, special ones included; less if no pair is left.
  ///   - leastFrequency: How often a pair has to occur.
  ///   - specialTokens: Tokens with the first ids; WordPiece has `[PAD]`, `[UNK]`, `[CLS]`, `[SEP]` and `[MASK]` unless told.
  ///
  /// Throws where the size has no room for the special tokens and single signs.
  public static func train(
    _ kind: TrainedKind, on texts: [String], vocabularySize: Int, leastFrequency: Int = 2, specialTokens: [String]? = nil
  ) throws -> Tokenizer {
    guard vocabularySize >= 1, vocabularySize <= 1 << 24 else {
      throw TokenizerError("a vocabulary of \(vocabularySize); 1 to \(1 << 24) would fit")
    }
    guard leastFrequency >= 1 else { throw TokenizerError("a least frequency of \(leastFrequency); 1 or more would fit") }
    let frame: TemplateValue
    let specials: [String]
    let prefix: String
    switch kind {
    case .byteLevelBPE:
      specials = specialTokens ?? []
      prefix = ""
      let part: TemplateValue = ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true]
      frame = ["normalizer": nil, "pre_tokenizer": part, "post_processor": part, "decoder": part]
    case .wordPiece(let lowercases):
      specials = specialTokens ?? ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
      guard specials.contains("[UNK]") else { throw TokenizerError("the special tokens have no [UNK], which WordPiece needs") }
      prefix = "##"
      frame = [
        "normalizer": [
          "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": nil, "lowercase": .bool(lowercases),
        ],
        "pre_tokenizer": ["type": "BertPreTokenizer"], "post_processor": template(specials),
        "decoder": ["type": "WordPiece", "prefix": "##", "cleanup": true],
      ]
    }
    // The words by the same parts that will cut texts later.
    let untrained = try Tokenizer(
      json: json(frame, model: ["type": "WordLevel", "vocab": ["[UNK]": 0], "unk_token": "[UNK]"], specials: []))
    var words: [ByteText: Int] = [:]
    for text in texts {
      for word in try untrained.words(text) { words[ByteText(word), default: 0] += 1 }
    }
    let alphabet: [UInt32] = if case .byteLevelBPE = kind { ByteLevel.scalars } else { [] }
    var trainer = PairTrainer(words: words, specials: specials, alphabet: alphabet, prefix: prefix, limit: vocabularySize)
    trainer.run(size: vocabularySize, least: leastFrequency)
    let vocabulary = TemplateValue.object(trainer.tokens.enumerated().map { (key: $1, value: .integer($0)) })
    let model: TemplateValue
    if case .byteLevelBPE = kind {
      model = [
        "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil, "end_of_word_suffix": nil, "fuse_unk": false,
        "byte_fallback": false, "ignore_merges": false, "vocab": vocabulary,
        "merges": .list(trainer.merges.map { TemplateValue.list([.string(trainer.tokens[$0.0]), .string(trainer.tokens[$0.1])]) }),
      ]
    } else {
      model = [
        "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocabulary,
      ]
    }
    let bytes = json(frame, model: model, specials: specials)
    var trained = try Tokenizer(json: bytes)
    trained.source = bytes
    return trained
  }

  private static func template(_ specials: [String]) -> TemplateValue {
    guard let first = specials.firstIndex(of: "[CLS]"), let last = specials.firstIndex(of: "[SEP]") else { return nil }
    func token(_ name: String, _ type: Int) -> TemplateValue { ["SpecialToken": ["id": .string(name), "type_id": .integer(type)]] }
    func text(_ name: String, _ type: Int) -> TemplateValue { ["Sequence": ["id": .string(name), "type_id": .integer(type)]] }
    func entry(_ name: String, _ id: Int) -> TemplateValue { ["id": .string(name), "ids": [.integer(id)], "tokens": [.string(name)]] }
    return [
      "type": "TemplateProcessing", "single": [token("[CLS]", 0), text("A", 0), token("[SEP]", 0)],
      "pair": [token("[CLS]", 0), text("A", 0), token("[SEP]", 0), text("B", 1), token("[SEP]", 1)],
      "special_tokens": ["[CLS]": entry("[CLS]", first), "[SEP]": entry("[SEP]", last)],
    ]
  }

  private static func json(_ frame: TemplateValue, model: TemplateValue, specials: [String]) -> [UInt8] {
    guard case .object(let parts) = frame else { return [] }
    let added = specials.enumerated().map { i, token -> TemplateValue in
      [
        "id": .integer(i), "content": .string(token), "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
        "special": true,
      ]
    }
    let whole: [(key: String, value: TemplateValue)] =
      [
        (key: "version", value: "1.0"), (key: "truncation", value: nil), (key: "padding", value: nil),
        (key: "added_tokens", value: .list(added)),
      ]
      + parts + [(key: "model", value: model)]
    return Array(TemplateValue.object(whole).json(indent: nil).utf8)
  }

  /// The pieces that a text is cut into.
  private func words(_ text: String) throws -> [String] {
    var cut = try added.extract(AlignedText(text), normalizer)
    try preTokenizer?.apply(&cut)
    return cut.pieces.filter { $0.id == nil }.map { cut.text.string($0.range) }
  }

  /// Writes tokenizer.json of a vocabulary that was learnt.
  ///
  /// Throws for a tokenizer that came from a file, which is there already.
  public func save(to folder: String) throws {
    guard let source else { throw TokenizerError("only a vocabulary that was learnt here is written; this one came from a file") }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try AtomicFile.write(to: folder + "/tokenizer.json") { (file) throws(DataError) in try file.write(source) }
  }
}

/// Learns pairs: words as lists of ids, how often each pair occurs and in which words.
private struct PairTrainer {
  private(set) var tokens: [String] = []
  private(set) var merges: [(Int, Int)] = []
  private var ids: [ByteText: Int] = [:]
  private var words: [[Int]] = []
  private var counts: [Int] = []
  private let prefix: String

  private struct Pair: Hashable {
    let first: Int
    let second: Int
  }

  init(words: [ByteText: Int], specials: [String], alphabet: [UInt32], prefix: String, limit: Int) {
    self.prefix = prefix
    for special in specials { _ = id(special) }
    var signs: [UInt32: Int] = [:]
    for (word, count) in words { for scalar in word.text.unicodeScalars { signs[scalar.value, default: 0] += count } }
    for scalar in alphabet where signs[scalar] == nil { signs[scalar] = 0 }
    // The most frequent signs stay, where there is no room for all.
    let room = max(0, limit - specials.count)
    let kept =
      alphabet.isEmpty
      ? Set(signs.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }.prefix(room).map(\.key)) : Set(signs.keys)
    for scalar in kept.sorted() { _ = id([scalar].string) }
    // In an order that does not change from run to run.
    for (word, count) in words.sorted(by: { $0.key.text.utf8.lexicographicallyPrecedes($1.key.text.utf8) }) {
      let scalars = word.text.unicodeScalars.map(\.value).filter { kept.contains($0) }
      self.words.append(scalars.enumerated().map { id(($0 > 0 ? prefix : "") + [$1].string) })
      counts.append(count)
    }
  }

  private mutating func id(_ token: String) -> Int {
    if let known = ids[ByteText(token)] { return known }
    ids[ByteText(token)] = tokens.count
    tokens.append(token)
    return tokens.count - 1
  }

  mutating func run(size: Int, least: Int) {
    var frequencies: [Pair: Int] = [:]
    var places: [Pair: Set<Int>] = [:]
    for (i, word) in words.enumerated() where word.count > 1 {
      for j in 0..<word.count - 1 {
        let pair = Pair(first: word[j], second: word[j + 1])
        frequencies[pair, default: 0] += counts[i]
        places[pair, default: []].insert(i)
      }
    }
    // The most frequent first, then the lowest ids; entries that are out of date are looked at again.
    var queue = FrequencyHeap()
    for (pair, count) in frequencies { queue.insert(.init(count: count, first: pair.first, second: pair.second)) }
    while tokens.count < size, let top = queue.removeFirst() {
      let pair = Pair(first: top.first, second: top.second)
      let count = frequencies[pair] ?? 0
      if count != top.count {
        if count > 0 { queue.insert(.init(count: count, first: pair.first, second: pair.second)) }
        continue
      }
      if count < least { break }
      let second = tokens[pair.second]
      let joined =
        tokens[pair.first]
        + (second.utf8.starts(with: prefix.utf8) ? String(decoding: second.utf8.dropFirst(prefix.utf8.count), as: UTF8.self) : second)
      let new = id(joined)
      merges.append((pair.first, pair.second))
      var changed: Set<Pair> = []
      for i in places[pair] ?? [] {
        var (word, j) = ([Int](), 0)
        let old = words[i]
        while j < old.count {
          guard j + 1 < old.count, old[j] == pair.first, old[j + 1] == pair.second else {
            word.append(old[j])
            j += 1
            continue
          }
          word.append(new)
          j += 2
        }
        for k in 0..<max(0, old.count - 1) {
          let gone = Pair(first: old[k], second: old[k + 1])
          frequencies[gone, default: 0] -= counts[i]
        }
        for k in 0..<max(0, word.count - 1) {
          let made = Pair(first: word[k], second: word[k + 1])
          frequencies[made, default: 0] += counts[i]
          places[made, default: []].insert(i)
          if made.first == new || made.second == new { changed.insert(made) }
        }
        words[i] = word
      }
      frequencies[pair] = nil
      places[pair] = nil
      for pair in changed { queue.insert(.init(count: frequencies[pair] ?? 0, first: pair.first, second: pair.second)) }
    }
  }
}

/// Pairs, the most frequent first, then those of the lowest ids.
private struct FrequencyHeap {
  struct Entry {
    let count: Int
    let first: Int
    let second: Int

    func isBefore(_ other: Entry) -> Bool {
      count != other.count ? count > other.count : first != other.first ? first < other.first : second < other.second
    }
  }
  private var items: [Entry] = []

  mutating func insert(_ item: Entry) {
    var place = items.count
    items.append(item)
    while place > 0 {
      let parent = (place - 1) / 2
      if !item.isBefore(items[parent]) { break }
      items[place] = items[parent]
      place = parent
    }
    items[place] = item
  }

  mutating func removeFirst() -> Entry? {
    guard let first = items.first, let last = items.popLast() else { return nil }
    if items.isEmpty { return first }
    var place = 0
    while true {
      var child = 2 * place + 1
      if child >= items.count { break }
      if child + 1 < items.count, items[child + 1].isBefore(items[child]) { child += 1 }
      if !items[child].isBefore(last) { break }
      items[place] = items[child]
      place = child
    }
    items[place] = last
    return first
  }
}
