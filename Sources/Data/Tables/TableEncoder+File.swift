import Tensors

extension TableEncoder {
  /// Writes it as JSON.
  ///
  /// Whatever happens, the path then holds the old file or the new one, whole. Throws if it cannot be written.
  public func save(to path: String) throws(DataError) {
    func list(_ items: [String]) -> String { items.isEmpty ? "[]" : "[\n    " + items.joined(separator: ",\n    ") + "\n  ]" }
    let numbers = zip(numberColumns, fillValues).map { "{\"name\": \(SafetensorsFile.quoted($0)), \"fill\": \($1)}" }
    let categories = zip(categoryColumns, categories).map { name, encoder in
      "{\"name\": \(SafetensorsFile.quoted(name)), \"vocabulary\": [\(encoder.vocabulary.map(SafetensorsFile.quoted).joined(separator: ", "))]}"
    }
    let text = """
      {
        "version": 1,
        "masks": \(addsMasks ? 1 : 0),
        "numbers": \(list(numbers)),
        "categories": \(list(categories))
      }

      """
    try AtomicFile.write(to: path) { (file) throws(DataError) in try file.write(text) }
  }

  /// Reads what ``save(to:)`` wrote; throws with field and offset if it is something else.
  public init(contentsOf path: String) throws(DataError) {
    let source = try FileSource(path).contents(maximumBytes: nil, "TableEncoder")
    try self.init(json: try source.bytes(.max), name: path)
  }

  /// A file's contents, in memory; errors call it `name`.
  public init(bytes: [UInt8], name: String = "bytes") throws(DataError) { try self.init(json: bytes, name: name) }

  private init(json: [UInt8], name: String) throws(DataError) {
    var reader = JSONReader(json, file: name, start: 0, whole: "the file")
    func key(_ key: String) throws(DataError) {
      let offset = reader.offset
      let found = try reader.string(key)
      if found != key { throw reader.error(key, "\(readable(found)); the key \"\(key)\" would fit", at: offset) }
      try reader.mark(":", key)
    }
    func list(_ field: String, _ item: () throws(DataError) -> Void) throws(DataError) {
      try reader.mark("[", field)
      if reader.skip("]") { return }
      repeat { try item() } while try reader.another(before: "]", field)
    }
    func named<T>(_ field: String, _ second: String, _ value: () throws(DataError) -> T) throws(DataError) -> (String, T) {
      try reader.mark("{", field)
      try key("name")
      let name = try reader.string("name")
      try reader.mark(",", field)
      try key(second)
      let value = try value()
      try reader.mark("}", field)
      return (name, value)
    }
    try reader.mark("{", "encoder")
    try key("version")
    let offset = reader.offset
    let version = try reader.count("version")
    if version != 1 { throw reader.error("version", "\(version); 1 would fit", at: offset) }
    try reader.mark(",", "version")
    try key("masks")
    let masks = try reader.count("masks")
    try reader.mark(",", "masks")
    var numbers: [(String, Double)] = []
    try key("numbers")
    try list("numbers") { () throws(DataError) in
      numbers.append(try named("numbers", "fill") { () throws(DataError) in try reader.number("fill") })
    }
    try reader.mark(",", "numbers")
    var categories: [(String, CategoryEncoder)] = []
    try key("categories")
    try list("categories") { () throws(DataError) in
      let offset = reader.offset
      let (name, vocabulary) = try named("categories", "vocabulary") { () throws(DataError) in
        var vocabulary: [String] = []
        try list("vocabulary") { () throws(DataError) in vocabulary.append(try reader.string("vocabulary")) }
        return vocabulary
      }
      if Set(vocabulary).count < vocabulary.count { throw reader.error("vocabulary", "a text that is there twice", at: offset) }
      categories.append((name, CategoryEncoder(vocabulary: vocabulary)))
    }
    try reader.mark("}", "encoder")
    if !reader.isAtEnd { throw reader.unexpected("the end of the file", "encoder") }
    self.init(numbers: numbers, categories: categories, addsMasks: masks != 0)
  }
}
