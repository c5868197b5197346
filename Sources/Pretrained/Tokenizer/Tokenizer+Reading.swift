import Data

extension Tokenizer {
  /// Reads tokenizer.json of a folder, and tokenizer_config.json if there is one.
  ///
  /// Throws a `DataError` that names the file and the field, where it is damaged or has a part that is not there.
  public init(from folder: String) throws {
    let files = try ModelFolder(folder)
    try self.init(json: files.bytes("tokenizer.json"), name: files.file("tokenizer.json"))
    guard let config = try files.objectIfPresent("tokenizer_config.json") else { return }
    for key in ["bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"] {
      if let text = config[key]?.text ?? config[key]?.object?["content"]?.text { specialTokens[key] = text }
    }
    var template = config["chat_template"]?.text
    // Several templates by name; the default one counts.
    if let list = config["chat_template"]?.list {
      template = list.lazy.compactMap(\.object).first { $0["name"]?.text == "default" }?["template"]?.text
    }
    if template == nil, files.has("chat_template.jinja") {
      template = String(decoding: try files.bytes("chat_template.jinja"), as: UTF8.self)
    }
    if let template { chatTemplate = ChatTemplate(source: template) }
  }

  /// Reads the contents of a tokenizer.json; errors call it `name`.
  public init(json bytes: [UInt8], name: String = "tokenizer.json") throws {
    let value = try JSON.read(bytes, file: name)
    guard let object = value.object else { throw DataError(file: name, message: "\(value.kind); an object would fit") }
    let reader = TokenizerReader(file: name)
    guard let model = object["model"]?.object else { throw reader.error("model", "is missing; an object would fit") }
    self.init(model: try reader.model(model))
    normalizer = try object["normalizer"].flatMap { try reader.normalizer($0, "normalizer", 0) }
    preTokenizer = try object["pre_tokenizer"].flatMap { try reader.preTokenizer($0, "pre_tokenizer", 0) }
    postProcessor = try object["post_processor"].flatMap { try reader.postProcessor($0, "post_processor", 0) }
    decoder = try object["decoder"].flatMap { try reader.decoder($0, "decoder", 0) }
    truncation = try object["truncation"].flatMap { try reader.truncation($0) }
    padding = try object["padding"].flatMap { try reader.padding($0) }
    try added.add(reader.addedTokens(object["added_tokens"]), self.model, normalizer)
  }
}

/// Reads the parts of a tokenizer.json.
struct TokenizerReader {
  let file: String

  func error(_ field: String, _ message: String) -> DataError { DataError(file: file, field: field, message: message) }

  /// How deep sequences of parts nest at most.
  private static let deepest = 32

  private func part(_ value: JSON, _ field: String, _ depth: Int) throws -> (type: String, object: JSONObject)? {
    if value.isNull { return nil }
    guard let object = value.object else { throw error(field, "\(value.kind); an object would fit") }
    guard let type = object["type"]?.text else { throw error("\(field).type", "is missing; a text would fit") }
    if depth > Self.deepest { throw error(field, "sequences nest deeper than \(Self.deepest)") }
    return (type, object)
  }

  private func flag(_ object: JSONObject, _ key: String, _ field: String, default standard: Bool? = nil) throws -> Bool {
    if let value = object[key], !value.isNull {
      guard let flag = value.flag else { throw error("\(field).\(key)", "\(value.kind); true or false would fit") }
      return flag
    }
    if let standard { return standard }
    throw error("\(field).\(key)", "is missing; true or false would fit")
  }

  private func text(_ object: JSONObject, _ key: String, _ field: String, default standard: String? = nil) throws -> String {
    if let value = object[key], !value.isNull {
      guard let text = value.text else { throw error("\(field).\(key)", "\(value.kind); a text would fit") }
      return text
    }
    if let standard { return standard }
    throw error("\(field).\(key)", "is missing; a text would fit")
  }

  private func count(_ object: JSONObject, _ key: String, _ field: String, default standard: Int? = nil) throws -> Int {
    if let value = object[key], !value.isNull {
      guard let count = value.int, (0...Vocabulary.limit).contains(count) else {
        throw error("\(field).\(key)", "\(value.kind); a whole number from 0 to \(Vocabulary.limit) would fit")
      }
      return count
    }
    if let standard { return standard }
    throw error("\(field).\(key)", "is missing; a whole number would fit")
  }

  private func scalar(_ object: JSONObject, _ key: String, _ field: String, default standard: UInt32? = nil) throws -> UInt32 {
    if object[key] == nil, let standard { return standard }
    let text = try text(object, key, field)
    guard text.unicodeScalars.count == 1, let scalar = text.unicodeScalars.first else {
      throw error("\(field).\(key)", "\"\(text)\"; a single character would fit")
    }
    return scalar.value
  }

  private func list(_ object: JSONObject, _ key: String, _ field: String) throws -> [JSON] {
    guard let list = object[key]?.list else { throw error("\(field).\(key)", "is \(object[key]?.kind ?? "missing"); a list would fit") }
    return list
  }

  private func pattern(_ object: JSONObject, _ field: String) throws -> TextPattern {
    guard let pattern = object["pattern"]?.object else {
      throw error("\(field).pattern", "is \(object["pattern"]?.kind ?? "missing"); an object with String or Regex would fit")
    }
    if let text = pattern["String"]?.text { return .text(text.scalarValues) }
    guard let expression = pattern["Regex"]?.text else { throw error("\(field).pattern", "has neither String nor Regex") }
    do { return .expression(try RegularExpression(expression)) } catch {
      throw self.error("\(field).pattern.Regex", "\(error.description) is not supported")
    }
  }

  // MARK: Models

  func model(_ object: JSONObject) throws -> TokenModel {
    // Old files do not say.
    let type =
      object["type"]?.text ?? (object["merges"] != nil ? "BPE" : object["max_input_chars_per_word"] != nil ? "WordPiece" : "Unigram")
    switch type {
    case "BPE": return .bpe(try bytePairs(object))
    case "WordPiece":
      return .wordPiece(
        WordPieces(
          vocabulary: try vocabulary(object), unknown: try text(object, "unk_token", "model", default: "[UNK]"),
          prefix: try text(object, "continuing_subword_prefix", "model", default: "##"),
          longestPiece: try count(object, "max_input_chars_per_word", "model", default: 100)))
    case "WordLevel": return .wordLevel(try vocabulary(object), unknown: try text(object, "unk_token", "model", default: "<unk>"))
    case "Unigram": return .unigram(try unigram(object))
    default: throw error("model.type", "\(type); BPE, WordPiece, Unigram and WordLevel are there")
    }
  }

  private func vocabulary(_ object: JSONObject) throws -> Vocabulary {
    guard let entries = object["vocab"]?.object?.entries else {
      throw error("model.vocab", "is \(object["vocab"]?.kind ?? "missing"); an object of tokens and ids would fit")
    }
    var pairs: [(token: String, id: Int)] = []
    pairs.reserveCapacity(entries.count)
    for (token, value) in entries {
      guard case .integer(let id) = value, id >= 0, id <= Vocabulary.limit else {
        throw error("model.vocab", "\"\(token)\" has the id \(value.kind); a whole number from 0 to \(Vocabulary.limit) would fit")
      }
      pairs.append((token, id))
    }
    return Vocabulary(pairs)
  }

  private func bytePairs(_ object: JSONObject) throws -> BytePairs {
    let vocabulary = try vocabulary(object)
    var merges: [(String, String)] = []
    let written = try list(object, "merges", "model")
    merges.reserveCapacity(written.count)
    for (i, value) in written.enumerated() {
      switch value {
      case .array(let pair) where pair.count == 2:
        guard let a = pair[0].text, let b = pair[1].text else { throw error("model.merges", "merge \(i) is no pair of texts") }
        merges.append((a, b))
      case .string(let line):
        if line.hasPrefix("#version") { continue }
        let parts = line.utf8.split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw error("model.merges", "merge \(i), \"\(line.prefix(40))\", is no pair of tokens") }
        merges.append((String(decoding: parts[0], as: UTF8.self), String(decoding: parts[1], as: UTF8.self)))
      default: throw error("model.merges", "merge \(i) is \(value.kind); a pair of texts would fit")
      }
    }
    if let dropout = object["dropout"]?.double, dropout != 0 {
      throw error("model.dropout", "\(dropout): tokens that are drawn at random are not supported; 0 or null would fit")
    }
    do {
      return try BytePairs(
        vocabulary: vocabulary, merges: merges, unknown: object["unk_token"]?.text,
        prefix: try text(object, "continuing_subword_prefix", "model", default: ""),
        suffix: try text(object, "end_of_word_suffix", "model", default: ""),
        fusesUnknown: try flag(object, "fuse_unk", "model", default: false),
        fallsBackToBytes: try flag(object, "byte_fallback", "model", default: false),
        ignoresMerges: try flag(object, "ignore_merges", "model", default: false))
    } catch let problem as TokenizerError {
      throw error("model.merges", String(problem.description.dropFirst("Tokenizer: ".count)))
    }
  }

  private func unigram(_ object: JSONObject) throws -> Unigram {
    var pairs: [(token: String, score: Double)] = []
    for (i, value) in try list(object, "vocab", "model").enumerated() {
      guard let pair = value.list, pair.count == 2, let token = pair[0].text, let score = pair[1].double, !score.isNaN else {
        throw error("model.vocab", "token \(i) is \(value.kind); a text and a number would fit")
      }
      pairs.append((token, score))
    }
    var unknown: Int?
    if let value = object["unk_id"], !value.isNull {
      guard let id = value.int, pairs.indices.contains(id) else {
        throw error("model.unk_id", "\(value.kind), but the vocabulary has \(pairs.count) tokens")
      }
      unknown = id
    }
    return Unigram(pairs: pairs, unknownID: unknown, fallsBackToBytes: try flag(object, "byte_fallback", "model", default: false))
  }

  // MARK: Normalizers

  func normalizer(_ value: JSON, _ field: String, _ depth: Int) throws -> Normalizer? {
    guard let (type, object) = try part(value, field, depth) else { return nil }
    switch type {
    case "Sequence":
      return .sequence(
        try list(object, "normalizers", field).enumerated().compactMap { try normalizer($1, "\(field).normalizers[\($0)]", depth + 1) })
    case "BertNormalizer":
      let lowercases = try flag(object, "lowercase", field, default: true)
      return .bert(
        cleans: try flag(object, "clean_text", field, default: true),
        spacesChinese: try flag(object, "handle_chinese_chars", field, default: true),
        stripsAccents: try flag(object, "strip_accents", field, default: lowercases), lowercases: lowercases)
    case "NFC": return .unicode(isComposed: true, isCompatible: false)
    case "NFD": return .unicode(isComposed: false, isCompatible: false)
    case "NFKC": return .unicode(isComposed: true, isCompatible: true)
    case "NFKD": return .unicode(isComposed: false, isCompatible: true)
    case "Lowercase": return .lowercase
    case "StripAccents": return .stripAccents
    case "Strip":
      return .strip(
        left: try flag(object, "strip_left", field, default: true), right: try flag(object, "strip_right", field, default: true))
    case "Replace": return .replace(try pattern(object, field), with: try text(object, "content", field).scalarValues)
    case "Prepend": return .prepend(try text(object, "prepend", field).scalarValues)
    case "ByteLevel": return .byteLevel
    case "Nmt": return .nmt
    case "Precompiled":
      // Without a table nothing is replaced.
      let base64 = try text(object, "precompiled_charsmap", field, default: "")
      if base64.isEmpty { return .sequence([]) }
      guard let map = CharacterMap(base64: base64) else {
        throw error("\(field).precompiled_charsmap", "is no table of replacements in base64")
      }
      return .precompiled(map)
    default:
      throw error(
        "\(field).type",
        "\(type); BertNormalizer, NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Replace, Prepend, ByteLevel, Nmt, Precompiled and Sequence are there"
      )
    }
  }

  // MARK: Pre-tokenizers

  func preTokenizer(_ value: JSON, _ field: String, _ depth: Int) throws -> PreTokenizer? {
    guard let (type, object) = try part(value, field, depth) else { return nil }
    func behavior(default standard: String? = nil) throws -> SplitBehavior {
      let name = try text(object, "behavior", field, default: standard)
      if let behavior = SplitBehavior(rawValue: name) { return behavior }
      throw error("\(field).behavior", "\(name); \(SplitBehavior.allCases.map(\.rawValue).joined(separator: ", ")) are there")
    }
    switch type {
    case "Sequence":
      return .sequence(
        try list(object, "pretokenizers", field).enumerated().compactMap {
          try preTokenizer($1, "\(field).pretokenizers[\($0)]", depth + 1)
        })
    case "BertPreTokenizer": return .bert
    case "ByteLevel":
      return .byteLevel(
        addsSpace: try flag(object, "add_prefix_space", field, default: true), splits: try flag(object, "use_regex", field, default: true))
    case "Metaspace":
      return .metaspace(
        try scalar(object, "replacement", field, default: 0x2581), prepends: try prepending(object, field),
        splits: try flag(object, "split", field, default: true))
    case "Split": return .split(try pattern(object, field), try behavior(), isInverted: try flag(object, "invert", field, default: false))
    case "Whitespace": return .whitespace
    case "WhitespaceSplit": return .whitespaceSplit
    case "Digits": return .digits(isIndividual: try flag(object, "individual_digits", field, default: false))
    case "Punctuation": return .punctuation(try behavior(default: "Isolated"))
    case "CharDelimiterSplit": return .delimiter(try scalar(object, "delimiter", field))
    case "FixedLength":
      let length = try count(object, "length", field, default: 5)
      if length == 0 { throw error("\(field).length", "0; 1 or more would fit") }
      return .fixedLength(length)
    default:
      throw error(
        "\(field).type",
        "\(type); BertPreTokenizer, ByteLevel, Metaspace, Split, Whitespace, WhitespaceSplit, Digits, Punctuation, CharDelimiterSplit, FixedLength and Sequence are there"
      )
    }
  }

  private func prepending(_ object: JSONObject, _ field: String) throws -> PreTokenizer.Prepending {
    let name = try text(object, "prepend_scheme", field, default: "always")
    guard let scheme = PreTokenizer.Prepending(rawValue: name) else {
      throw error("\(field).prepend_scheme", "\(name); always, first and never are there")
    }
    if object["add_prefix_space"]?.flag == false {
      if object["prepend_scheme"] != nil, scheme != .never {
        throw error("\(field).add_prefix_space", "false, which contradicts a prepend_scheme of \(name)")
      }
      return .never
    }
    return scheme
  }

  // MARK: Post-processors

  func postProcessor(_ value: JSON, _ field: String, _ depth: Int) throws -> PostProcessor? {
    guard let (type, object) = try part(value, field, depth) else { return nil }
    switch type {
    case "Sequence":
      return .sequence(
        try list(object, "processors", field).enumerated().compactMap { try postProcessor($1, "\(field).processors[\($0)]", depth + 1) })
    case "ByteLevel":
      return .byteLevel(
        trims: try flag(object, "trim_offsets", field, default: true), addsSpace: try flag(object, "add_prefix_space", field, default: true)
      )
    case "BertProcessing": return .bert(first: try token(object, "cls", field), last: try token(object, "sep", field))
    case "RobertaProcessing":
      return .roberta(
        first: try token(object, "cls", field), last: try token(object, "sep", field),
        trims: try flag(object, "trim_offsets", field, default: true), addsSpace: try flag(object, "add_prefix_space", field, default: true)
      )
    case "TemplateProcessing":
      let tokens = object["special_tokens"]?.object ?? JSONObject()
      return .template(single: try template(object, "single", tokens, field), pair: try template(object, "pair", tokens, field))
    default:
      throw error("\(field).type", "\(type); TemplateProcessing, ByteLevel, BertProcessing, RobertaProcessing and Sequence are there")
    }
  }

  private func token(_ object: JSONObject, _ key: String, _ field: String) throws -> (id: Int, token: String) {
    guard let pair = object[key]?.list, pair.count == 2, let token = pair[0].text, let id = pair[1].int, (0...Vocabulary.limit).contains(id)
    else { throw error("\(field).\(key)", "is \(object[key]?.kind ?? "missing"); a token and its id would fit") }
    return (id, token)
  }

  private func template(_ object: JSONObject, _ key: String, _ tokens: JSONObject, _ field: String) throws -> [PostProcessor.Piece] {
    let field = "\(field).\(key)"
    return try list(object, key, String(field.dropLast(key.count + 1))).map { value in
      guard let entry = value.object?.entries.first, let piece = entry.value.object, let id = piece["id"]?.text else {
        throw error(field, "\(value.kind); an object with Sequence or SpecialToken would fit")
      }
      let type = try count(piece, "type_id", field, default: 0)
      switch entry.key {
      case "Sequence":
        guard id == "A" || id == "B" else { throw error(field, "the sequence \(id); A and B are there") }
        return .text(isSecond: id == "B", type: type)
      case "SpecialToken":
        guard let special = tokens[id]?.object else { throw error(field, "\(id) is not among special_tokens") }
        let ids = special["ids"]?.list?.map(\.int) ?? []
        let names = special["tokens"]?.list?.map(\.text) ?? []
        guard ids.count == names.count, ids.allSatisfy({ $0.map { (0...Vocabulary.limit).contains($0) } ?? false }), !names.contains(nil)
        else {
          throw error("\(field) \(id)", "has ids and tokens that do not go together")
        }
        return .tokens(ids: ids.compactMap { $0 }, tokens: names.compactMap { $0 }, type: type)
      default: throw error(field, "\(entry.key); Sequence and SpecialToken are there")
      }
    }
  }

  // MARK: Decoders

  func decoder(_ value: JSON, _ field: String, _ depth: Int) throws -> TokenDecoder? {
    guard let (type, object) = try part(value, field, depth) else { return nil }
    switch type {
    case "Sequence":
      return .sequence(
        try list(object, "decoders", field).enumerated().compactMap { try decoder($1, "\(field).decoders[\($0)]", depth + 1) })
    case "ByteLevel": return .byteLevel
    case "WordPiece":
      return .wordPiece(
        prefix: try text(object, "prefix", field, default: "##"), cleansUp: try flag(object, "cleanup", field, default: true))
    case "Metaspace":
      return .metaspace(try scalar(object, "replacement", field, default: 0x2581), isKept: try prepending(object, field) == .never)
    case "BPEDecoder": return .bpe(suffix: try text(object, "suffix", field, default: "</w>"))
    case "CTC":
      return .ctc(
        padding: try text(object, "pad_token", field, default: "<pad>"),
        delimiter: try text(object, "word_delimiter_token", field, default: "|"),
        cleansUp: try flag(object, "cleanup", field, default: true))
    case "Replace": return .replace(try pattern(object, field), with: try text(object, "content", field).scalarValues)
    case "ByteFallback": return .byteFallback
    case "Fuse": return .fuse
    case "Strip":
      return .strip(
        try scalar(object, "content", field, default: 0x20), start: try count(object, "start", field, default: 0),
        stop: try count(object, "stop", field, default: 0))
    default:
      throw error(
        "\(field).type",
        "\(type); ByteLevel, WordPiece, Metaspace, BPEDecoder, CTC, Replace, ByteFallback, Fuse, Strip and Sequence are there")
    }
  }

  // MARK: Lengths and added tokens

  func truncation(_ value: JSON) throws -> Truncation? {
    if value.isNull { return nil }
    guard let object = value.object else { throw error("truncation", "\(value.kind); an object would fit") }
    let strategy = try text(object, "strategy", "truncation", default: "LongestFirst")
    guard let strategy = Truncation.Strategy(rawValue: strategy) else {
      throw error("truncation.strategy", "\(strategy); LongestFirst, OnlyFirst and OnlySecond are there")
    }
    return Truncation(
      length: try count(object, "max_length", "truncation"), stride: try count(object, "stride", "truncation", default: 0),
      strategy: strategy,
      isLeft: try side(object, "truncation"))
  }

  func padding(_ value: JSON) throws -> Padding? {
    if value.isNull { return nil }
    guard let object = value.object else { throw error("padding", "\(value.kind); an object would fit") }
    var length: Int?
    if let fixed = object["strategy"]?.object {
      length = try count(fixed, "Fixed", "padding.strategy")
      // Every text is as long as that: not more than memory is for.
      if let length, length > 1 << 24 { throw error("padding.strategy.Fixed", "\(length); at most \(1 << 24) would fit") }
    }
    let multiple = object["pad_to_multiple_of"].map(\.isNull) ?? true ? nil : try count(object, "pad_to_multiple_of", "padding")
    if let multiple, multiple > 1 << 24 { throw error("padding.pad_to_multiple_of", "\(multiple); at most \(1 << 24) would fit") }
    return Padding(
      id: try count(object, "pad_id", "padding", default: 0), token: try text(object, "pad_token", "padding", default: "[PAD]"),
      length: length,
      multiple: multiple, isLeft: try side(object, "padding"), typeID: try count(object, "pad_type_id", "padding", default: 0))
  }

  private func side(_ object: JSONObject, _ field: String) throws -> Bool {
    let name = try text(object, "direction", field, default: "Right")
    guard name == "Left" || name == "Right" else { throw error("\(field).direction", "\(name); Left and Right are there") }
    return name == "Left"
  }

  func addedTokens(_ value: JSON?) throws -> [AddedToken] {
    guard let value, !value.isNull else { return [] }
    guard let list = value.list else { throw error("added_tokens", "\(value.kind); a list would fit") }
    return try list.enumerated().map { i, value in
      let field = "added_tokens[\(i)]"
      guard let object = value.object else { throw error(field, "\(value.kind); an object would fit") }
      _ = try count(object, "id", field)
      let isSpecial = try flag(object, "special", field, default: false)
      return AddedToken(
        try text(object, "content", field), isSpecial: isSpecial, isNormalized: try flag(object, "normalized", field, default: !isSpecial),
        isSingleWord: try flag(object, "single_word", field, default: false), stripsLeft: try flag(object, "lstrip", field, default: false),
        stripsRight: try flag(object, "rstrip", field, default: false))
    }
  }
}
