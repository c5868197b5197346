/// What adds tokens to a text's own ones: the post-processors of tokenizer.json.
indirect enum PostProcessor: Sendable {
  enum Piece: Sendable {
    case text(isSecond: Bool, type: Int)
    case tokens(ids: [Int], tokens: [String], type: Int)
  }
  case template(single: [Piece], pair: [Piece])
  case byteLevel(trims: Bool, addsSpace: Bool)
  case bert(first: (id: Int, token: String), last: (id: Int, token: String))
  case roberta(first: (id: Int, token: String), last: (id: Int, token: String), trims: Bool, addsSpace: Bool)
  case sequence([PostProcessor])

  /// How many tokens it adds.
  func added(isPair: Bool) -> Int {
    switch self {
    case .template(let single, let pair):
      (isPair ? pair : single).reduce(0) { sum, piece in
        if case .tokens(let ids, _, _) = piece { return sum + ids.count }
        return sum
      }
    case .byteLevel: 0
    case .bert: isPair ? 3 : 2
    case .roberta: isPair ? 4 : 2
    case .sequence(let list): list.reduce(0) { $0 + $1.added(isPair: isPair) }
    }
  }

  /// The parts of one encoding, one or two of which are texts.
  func apply(_ parts: [Encoding], addsTokens: Bool) -> [Encoding] {
    switch self {
    case .sequence(let list): return list.reduce(parts) { $1.apply($0, addsTokens: addsTokens) }
    case .byteLevel(let trims, let addsSpace): return trims ? parts.map { Self.trimmed($0, addsSpace) } : parts
    case .template(let single, let pair):
      let template = parts.count > 1 ? pair : single
      return template.compactMap { piece in
        switch piece {
        case .text(let isSecond, let type):
          guard parts.indices.contains(isSecond ? 1 : 0) else { return nil }
          return Self.typed(parts[isSecond ? 1 : 0], type)
        case .tokens(let ids, let tokens, let type):
          if !addsTokens { return nil }
          var part = Encoding()
          for (id, token) in zip(ids, tokens) {
            part.append(id, token, TokenSpan(start: 0, end: 0), word: nil, isSpecial: true, type: type)
          }
          return part
        }
      }
    case .bert(let first, let last):
      if !addsTokens { return parts }
      return parts.enumerated().flatMap { i, part in
        i == 0 ? [Self.one(first, 0), Self.typed(part, part.typeIDs.first ?? 0), Self.one(last, 0)] : [part, Self.one(last, 1)]
      }
    case .roberta(let first, let last, let trims, let addsSpace):
      let parts = (trims ? parts.map { Self.trimmed($0, addsSpace) } : parts).map { Self.typed($0, 0) }
      if !addsTokens { return parts }
      return parts.enumerated().flatMap { i, part in [Self.one(i == 0 ? first : last, 0), part, Self.one(last, 0)] }
    }
  }

  private static func one(_ token: (id: Int, token: String), _ type: Int) -> Encoding {
    var part = Encoding()
    part.append(token.id, token.token, TokenSpan(start: 0, end: 0), word: nil, isSpecial: true, type: type)
    return part
  }

  private static func typed(_ part: Encoding, _ type: Int) -> Encoding {
    var part = part
    part.typeIDs = part.ids.map { _ in type }
    for i in part.overflowing.indices { part.overflowing[i].typeIDs = part.overflowing[i].ids.map { _ in type } }
    return part
  }

  /// Offsets without the blanks at a token's ends.
  private static func trimmed(_ part: Encoding, _ addsSpace: Bool) -> Encoding {
    var part = part
    func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar.value == 0x120 || scalar.properties.isWhitespace }
    for i in part.tokens.indices {
      let scalars = part.tokens[i].unicodeScalars
      var leading = scalars.prefix { isBlank($0) }.count
      let trailing = scalars.reversed().prefix { isBlank($0) }.count
      if leading > 0 {
        // The first blank was put there.
        if (i == 0 || part.offsets[i].start == 0) && addsSpace && leading == 1 { leading = 0 }
        part.offsets[i].start = min(part.offsets[i].start + leading, part.offsets[i].end)
      }
      if trailing > 0, part.offsets[i].end >= trailing {
        part.offsets[i].end = max(part.offsets[i].end - trailing, part.offsets[i].start)
      }
    }
    part.overflowing = part.overflowing.map { trimmed($0, addsSpace) }
    return part
  }
}
