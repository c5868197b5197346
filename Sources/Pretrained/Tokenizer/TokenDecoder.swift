/// What makes a text of tokens again: the decoders of tokenizer.json.
indirect enum TokenDecoder: Sendable {
  case byteLevel
  case wordPiece(prefix: String, cleansUp: Bool)
  case metaspace(UInt32, isKept: Bool)
  case bpe(suffix: String)
  case ctc(padding: String, delimiter: String, cleansUp: Bool)
  case replace(TextPattern, with: [UInt32])
  case byteFallback
  case fuse
  case strip(UInt32, start: Int, stop: Int)
  case sequence([TokenDecoder])

  func text(_ tokens: [String]) throws(RegularExpression.Problem) -> String { try apply(tokens).joined() }

  private func apply(_ tokens: [String]) throws(RegularExpression.Problem) -> [String] {
    switch self {
    case .sequence(let list):
      var tokens = tokens
      for decoder in list { tokens = try decoder.apply(tokens) }
      return tokens
    case .fuse: return [tokens.joined()]
    case .byteLevel:
      var bytes: [UInt8] = []
      for token in tokens {
        let table = ByteLevel.bytes
        var own: [UInt8]? = []
        for scalar in token.unicodeScalars {
          guard Int(scalar.value) < table.count, let byte = table[Int(scalar.value)] else {
            own = nil
            break
          }
          own?.append(byte)
        }
        bytes.append(contentsOf: own ?? Array(token.utf8))
      }
      return [String(decoding: bytes, as: UTF8.self)]
    case .wordPiece(let prefix, let cleansUp):
      return tokens.enumerated().map { i, token in
        var token = token
        if i > 0 {
          token =
            token.utf8.starts(with: prefix.utf8) ? String(decoding: token.utf8.dropFirst(prefix.utf8.count), as: UTF8.self) : " " + token
        }
        return cleansUp ? Self.cleanedUp(token) : token
      }
    case .metaspace(let sign, let isKept):
      return tokens.enumerated().map { i, token in
        token.unicodeScalars.compactMap { $0.value == sign ? i == 0 && !isKept ? nil : 0x20 : $0.value }.string
      }
    case .bpe(let suffix):
      return tokens.enumerated().map { i, token in token.replacingBytes(suffix, with: i == tokens.count - 1 ? "" : " ") }
    case .ctc(let padding, let delimiter, let cleansUp):
      var last: String?
      return tokens.compactMap { token in
        if let last, ByteText(last) == ByteText(token) { return nil }
        last = token
        var text = token.replacingBytes(padding, with: "")
        if cleansUp { text = Self.cleanedUp(text).replacingBytes(delimiter, with: " ") }
        return text.isEmpty ? nil : text
      }
    case .replace(let pattern, let content):
      var made: [String] = []
      for token in tokens {
        let scalars = token.scalarValues
        let ranges = try Self.matches(pattern, scalars)
        var (new, last): ([UInt32], Int) = ([], 0)
        for range in ranges {
          new += scalars[last..<range.lowerBound]
          new += content
          last = range.upperBound
        }
        new += scalars[last...]
        made.append(new.string)
      }
      return made
    case .byteFallback:
      var (made, bytes): ([String], [UInt8]) = ([], [])
      func flush() {
        if bytes.isEmpty { return }
        if let text = String(validating: bytes, as: UTF8.self) {
          made.append(text)
        } else {
          for _ in bytes { made.append("\u{FFFD}") }
        }
        bytes = []
      }
      for token in tokens {
        let signs = Array(token.utf8)
        if signs.count == 6, token.hasPrefix("<0x"), token.hasSuffix(">"),
          let byte = UInt8(String(decoding: signs[3..<5], as: UTF8.self), radix: 16)
        {
          bytes.append(byte)
        } else {
          flush()
          made.append(token)
        }
      }
      flush()
      return made
    case .strip(let sign, let start, let stop):
      return tokens.map { token in
        let scalars = token.scalarValues
        var (first, last) = (0, scalars.count)
        while first < min(start, scalars.count), scalars[first] == sign { first += 1 }
        while scalars.count - last < stop, last > first, scalars[last - 1] == sign { last -= 1 }
        return scalars[first..<last].string
      }
    }
  }

  private static func matches(_ pattern: TextPattern, _ scalars: [UInt32]) throws(RegularExpression.Problem) -> [Range<Int>] {
    var result: Result<[Range<Int>], RegularExpression.Problem> = .success([])
    scalars.withUnsafeBufferPointer { buffer in
      do throws(RegularExpression.Problem) { result = .success(try pattern.matches(in: buffer)) } catch { result = .failure(error) }
    }
    return try result.get()
  }

  /// English without the blanks before punctuation and endings.
  private static func cleanedUp(_ text: String) -> String {
    if !text.utf8.contains(0x20) { return text }
    return [
      (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"),
      (" 's", "'s"),
      (" 've", "'ve"), (" 're", "'re"),
    ].reduce(text) { $0.replacingBytes($1.0, with: $1.1) }
  }
}

/// A text by its bytes; Swift takes texts for equal that only look alike.
struct ByteText: Hashable, Sendable {
  let text: String
  init(_ text: String) { self.text = text }
  static func == (a: ByteText, b: ByteText) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }
  func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

extension String {
  /// The same with every occurrence of a text replaced, byte by byte.
  func replacingBytes(_ wanted: String, with content: String) -> String {
    let (old, new, all) = (Array(wanted.utf8), Array(content.utf8), Array(utf8))
    if old.isEmpty || all.count < old.count { return self }
    var (made, i): ([UInt8], Int) = ([], 0)
    while i < all.count {
      if all[i] == old[0], i + old.count <= all.count, all[i..<i + old.count].elementsEqual(old) {
        made += new
        i += old.count
      } else {
        made.append(all[i])
        i += 1
      }
    }
    return String(decoding: made, as: UTF8.self)
  }
}
