/// What cuts a text into the pieces that a model is given one by one: the pre-tokenizers of tokenizer.json.
indirect enum PreTokenizer: Sendable {
  case bert
  case byteLevel(addsSpace: Bool, splits: Bool)
  case metaspace(UInt32, prepends: Prepending, splits: Bool)
  case split(TextPattern, SplitBehavior, isInverted: Bool)
  case whitespace
  case whitespaceSplit
  case digits(isIndividual: Bool)
  case punctuation(SplitBehavior)
  case delimiter(UInt32)
  case fixedLength(Int)
  case sequence([PreTokenizer])

  /// Where Metaspace puts its sign before a text.
  enum Prepending: String, Sendable { case always, first, never }

  /// GPT-2's pattern.
  static let gpt2 = try? RegularExpression(#"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#)

  func apply(_ text: inout PreTokenizedText) throws {
    switch self {
    case .sequence(let list): for part in list { try part.apply(&text) }
    case .bert:
      text.split { scalars, base, out in
        Self.split(scalars, base, .removed, &out) { ScalarProperties.of($0) & ScalarProperties.whitespace != 0 }
      }
      text.split { scalars, base, out in
        Self.split(scalars, base, .isolated, &out) { ScalarProperties.of($0) & ScalarProperties.punctuation != 0 }
      }
    case .byteLevel(let addsSpace, let splits):
      if addsSpace { text.change { if $0.scalars.first != 0x20 { $0.prepend([0x20]) } } }
      if splits, let pattern = Self.gpt2 {
        try text.split { scalars, base, out in
          SplitBehavior.isolated.pieces(try pattern.matches(in: scalars), count: scalars.count, isInverted: false, from: base, into: &out)
        }
      }
      Self.encodeBytes(&text)
    case .metaspace(let sign, let prepending, let splits):
      text.change { part in
        let isFirst = part.starts.first == 0
        for i in part.scalars.indices where part.scalars[i] == 0x20 { part.scalars[i] = sign }
        if part.scalars.first != sign, prepending == .always || prepending == .first && isFirst { part.prepend([sign]) }
      }
      if splits {
        text.split { scalars, base, out in Self.split(scalars, base, .mergedWithNext, &out) { $0 == sign } }
      }
    case .split(let pattern, let behavior, let isInverted):
      try text.split { scalars, base, out in
        behavior.pieces(try pattern.matches(in: scalars), count: scalars.count, isInverted: isInverted, from: base, into: &out)
      }
    case .whitespace:
      // \w+|[^\w\s]+
      text.split { scalars, base, out in
        func kind(_ scalar: UInt32) -> Int {
          let properties = ScalarProperties.of(scalar)
          return properties & ScalarProperties.word != 0 ? 1 : properties & ScalarProperties.whitespace != 0 ? 0 : 2
        }
        var start = 0
        while start < scalars.count {
          let first = kind(scalars[start])
          var end = start + 1
          while end < scalars.count, kind(scalars[end]) == first { end += 1 }
          if first != 0 { out.append(base + start..<base + end) }
          start = end
        }
      }
    case .whitespaceSplit:
      text.split { scalars, base, out in
        Self.split(scalars, base, .removed, &out) { ScalarProperties.of($0) & ScalarProperties.whitespace != 0 }
      }
    case .digits(let isIndividual):
      text.split { scalars, base, out in
        Self.split(scalars, base, isIndividual ? .isolated : .contiguous, &out) { ScalarProperties.of($0) & ScalarProperties.numeric != 0 }
      }
    case .punctuation(let behavior):
      text.split { scalars, base, out in
        Self.split(scalars, base, behavior, &out) { ScalarProperties.of($0) & ScalarProperties.punctuation != 0 }
      }
    case .delimiter(let sign): text.split { scalars, base, out in Self.split(scalars, base, .removed, &out) { $0 == sign } }
    case .fixedLength(let length):
      text.split { scalars, base, out in
        for start in stride(from: 0, to: scalars.count, by: max(1, length)) {
          out.append(base + start..<base + min(scalars.count, start + max(1, length)))
        }
      }
    }
  }

  /// Splits at each scalar of a kind.
  private static func split(
    _ scalars: UnsafeBufferPointer<UInt32>, _ base: Int, _ behavior: SplitBehavior, _ out: inout [Range<Int>],
    where isMatch: (UInt32) -> Bool
  ) {
    var matches: [Range<Int>] = []
    for i in 0..<scalars.count where isMatch(scalars[i]) { matches.append(i..<i + 1) }
    behavior.pieces(matches, count: scalars.count, isInverted: false, from: base, into: &out)
  }

  /// All pieces that are text as the scalars of their bytes, in one go.
  private static func encodeBytes(_ text: inout PreTokenizedText) {
    if text.pieces.allSatisfy({ $0.id == nil }), text.text.scalars.allSatisfy({ $0 < 0x80 }) { return ByteLevel.encode(&text.text) }
    let (old, table) = (text.text, ByteLevel.scalars)
    var made = AlignedText()
    made.reserve(old.count + old.count / 4)
    for i in text.pieces.indices {
      let start = made.count
      if text.pieces[i].id != nil {
        made.append(old, text.pieces[i].range)
      } else {
        for j in text.pieces[i].range {
          let scalar = old.scalars[j]
          if scalar < 0x80 {
            made.append(table[Int(scalar)], old.starts[j], old.ends[j])
          } else {
            for byte in scalar.utf8 { made.append(table[Int(byte)], old.starts[j], old.ends[j]) }
          }
        }
      }
      text.pieces[i].range = start..<made.count
    }
    text.text = made
  }
}
