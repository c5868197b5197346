import Data
import Fluxion
import Foundation
import Testing

@testable import Pretrained

@Suite struct TokenizerTests {
  @Test func learntVocabulariesGoThereAndBack() throws {
    let bytes = try Tokenizer.train(.byteLevelBPE, on: Fixture.texts, vocabularySize: 330, leastFrequency: 1, specialTokens: ["<|end|>"])
    #expect(bytes.vocabularySize == 330)
    for text in Fixture.texts + ["naïve “quotes” 日本 😀\n\t x", "<|end|>x", ""] {
      let encoding = try bytes.encode(text)
      #expect(try bytes.decode(encoding.ids, skipsSpecialTokens: false) == text)
      #expect(encoding.offsets.allSatisfy { $0.start <= $0.end && $0.end <= text.unicodeScalars.count })
    }
    let words = try Tokenizer.train(.wordPiece(), on: Fixture.texts, vocabularySize: 150, leastFrequency: 1)
    let encoding = try words.encode("The shepherd", pair: "he leadeth")
    #expect(encoding.tokens.first == "[CLS]" && encoding.tokens.last == "[SEP]" && encoding.typeIDs.last == 1)
    #expect(try words.decode(words.encode("The Lord is my shepherd").ids) == "the lord is my shepherd")
  }

  @Test func streamsHaveNoBrokenCharacters() throws {
    let tokenizer = try Tokenizer.train(.byteLevelBPE, on: ["aa"], vocabularySize: 300)
    let text = "Größe 😀 日本語!"
    var (stream, pieces) = (tokenizer.decodeStream(), [String]())
    for id in try tokenizer.encode(text).ids { if let piece = try stream.append(id) { pieces.append(piece) } }
    #expect(pieces.joined() == text)
    #expect(pieces.allSatisfy { !$0.contains("\u{FFFD}") } && pieces.count >= text.count)
  }

  @Test func truncationAndPadding() throws {
    var tokenizer = try Tokenizer.train(.wordPiece(), on: Fixture.texts, vocabularySize: 150, leastFrequency: 1)
    tokenizer.truncation = Truncation(length: 6, stride: 1)
    tokenizer.padding = Padding(length: 8)
    let encoding = try tokenizer.encode(Fixture.texts[1])
    #expect(encoding.count == 8 && encoding.attentionMask == [1, 1, 1, 1, 1, 1, 0, 0] && !encoding.overflowing.isEmpty)
    #expect(encoding.overflowing.allSatisfy { $0.count == 8 })
    let batch = try tokenizer.encode(["he", Fixture.texts[2]])
    #expect(batch.map(\.count) == [8, 8])
    tokenizer.truncation = Truncation(length: 1)
    #expect(throws: TokenizerError.self) { try tokenizer.encode("he") }
    tokenizer.truncation = Truncation(length: 6, stride: .min)
    #expect(throws: TokenizerError.self) { try tokenizer.encode(Fixture.texts[1]) }
    tokenizer.truncation = nil
    for padding in [Padding(length: .min), Padding(length: .max), Padding(multiple: 1 << 62), Padding(length: .max - 1, multiple: .max)] {
      tokenizer.padding = padding
      #expect(throws: TokenizerError.self) { try tokenizer.encode("he") }
      #expect(throws: TokenizerError.self) { try tokenizer.encode(["he", "she"]) }
    }
  }

  /// What the fuzzer begins with is read: from a file that is refused it would not come far.
  @Test(arguments: ["wordpiece", "bytelevel", "sentencepiece", "unigram"]) func seedsOfTheFuzzerAreRead(_ name: String) throws {
    let tokenizer = try Tokenizer(json: Fixture.seed("tokenizer", name))
    let encoding = try tokenizer.encode("the lord is my shepherd", pair: "a b")
    #expect(encoding.count > 4 && encoding.tokens.contains { $0.contains("h") }, "\(encoding.tokens)")
    #expect(try tokenizer.decode(encoding.ids).contains("h"))
  }

  @Test func damagedFilesAreRefused() {
    let good = #"{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}}"#
    #expect(throws: Never.self) { try Tokenizer(json: Array(good.utf8)) }
    for count in stride(from: 0, to: good.utf8.count - 1, by: 3) {
      #expect(throws: (any Error).self) { try Tokenizer(json: Array(good.utf8.prefix(count))) }
    }
    let bad = [
      #"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "b"]]}}"#,
      #"{"model": {"type": "BPE", "vocab": {"a": 99999999999}, "merges": []}}"#,
      #"{"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}}"#, #"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a"]}}"#,
      #"{"model": {"type": "Unigram", "vocab": [["a", 0.0]], "unk_id": 5}}"#, #"{"model": {"type": "Markov"}}"#, #"{}"#, "[]", "",
      #"{"model": {"type": "WordLevel", "vocab": {}}, "normalizer": {"type": "ROT13"}}"#,
      #"{"model": {"type": "WordLevel", "vocab": {}}, "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated"}}"#,
      #"{"model": {"type": "WordLevel", "vocab": {}}, "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "\\p{Klingon}"}, "behavior": "Isolated"}}"#,
      #"{"model": {"type": "WordLevel", "vocab": {}}, "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x", "type_id": 0}}], "pair": []}}"#,
      #"{"model": {"type": "WordLevel", "vocab": {}}, "normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA"}}"#,
      #"{"model": {"type": "WordLevel", "vocab": {}}, "added_tokens": [{"content": "x"}]}"#,
    ]
    for text in bad {
      do {
        _ = try Tokenizer(json: Array(text.utf8))
        Issue.record("read: \(text)")
      } catch { #expect("\(error)".contains("tokenizer.json"), "\(error)") }
    }
  }

  /// Files and templates with bytes that were changed at random are read or refused, and never end the process.
  @Test func changedBytesAreReadOrRefused() throws {
    let json =
      #"{"added_tokens": [{"id": 3, "content": "<s>", "special": true}], "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFKC"}, "#
      + #"{"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]}, "pre_tokenizer": {"type": "Metaspace"}, "truncation": "#
      + #"{"max_length": 5, "stride": 1}, "padding": {"pad_id": 1}, "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "#
      + #""merges": [["a", "b"]], "unk_token": "a"}, "decoder": {"type": "Strip", "content": "a", "start": 1, "stop": 2}}"#
    let template =
      "{% for m in messages[1:] -%}{{ m['role'] | upper ~ (loop.index // 2) }}{% if not m is defined %}x{% endif %}{% endfor %}"
    var random = RandomNumbers(state: 11)
    for source in [json, template] {
      let bytes = Array(source.utf8)
      for _ in 0..<400 {
        var changed = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          let place = Int.random(in: 0..<changed.count, using: &random)
          switch Int.random(in: 0..<4, using: &random) {
          case 0: changed[place] = UInt8.random(in: 0...255, using: &random)
          case 1: changed.remove(at: place)
          case 2: changed.insert(changed[Int.random(in: 0..<changed.count, using: &random)], at: place)
          default: changed.insert(contentsOf: Array("9".utf8), at: place)
          }
        }
        if source == json {
          guard let tokenizer = try? Tokenizer(json: changed) else { continue }
          if let encoding = try? tokenizer.encode("ab  <s>ba é") { _ = try? tokenizer.decode(encoding.ids + [-1, .max]) }
        } else {
          _ = try? ChatTemplate(source: String(decoding: changed, as: UTF8.self)).render([ChatMessage(role: "user", content: "x")])
        }
      }
    }
    #expect(throws: Never.self) { try Tokenizer(json: Array(json.utf8)) }
  }

  @Test func patternsThatTakeTooLongEnd() throws {
    let slow = try RegularExpression("(a|aa)+b")
    let text = [UInt32](repeating: 0x61, count: 200)
    #expect(throws: RegularExpression.Problem.self) { try text.withUnsafeBufferPointer { try slow.matches(in: $0) } }
    for pattern in ["(a*)*", "a{5000}", "(?<=a+)b", "[a", "a)", "*a", "\\q", "[z-a]", "((((a{99}){99}){99}){99})"] {
      #expect(throws: RegularExpression.Problem.self, "\(pattern)") { try RegularExpression(pattern) }
    }
  }

  @Test func patternsMatch() throws {
    func matches(_ pattern: String, _ text: String) throws -> [String] {
      let scalars = text.scalarValues
      return try scalars.withUnsafeBufferPointer { buffer in
        try RegularExpression(pattern).matches(in: buffer).map { scalars[$0].string }
      }
    }
    #expect(try matches("a+?b|c", "aab c ab") == ["aab", "c", "ab"])
    #expect(try matches("(?i:straße)", "STRAßE Straße") == ["STRAßE", "Straße"])
    #expect(try matches(#"\s+(?!\S)|\s+"#, "a   b ") == ["  ", " ", " "])
    #expect(try matches("(?<!a)b", "ab bb") == ["b", "b"])
    #expect(try matches("[^\\d\\s]{2,3}", "abcde 12f") == ["abc", "de"])
    #expect(try matches("a++a", "aaa") == [])
    #expect(try matches("^a|b$", "ab") == ["a", "b"])
  }
}

/// The same numbers in every run.
private struct RandomNumbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 29
  }
}
