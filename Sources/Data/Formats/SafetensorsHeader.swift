import Tensors

/// The header of a safetensors file, checked field by field: `{"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …}`.
struct SafetensorsHeader {
  private(set) var entries: [SafetensorsFile.Entry] = []
  private(set) var metadata: [String: String] = [:]
  /// Where in `entries` a name stands.
  private(set) var positions: [ByteName: Int] = [:]

  /// What the bytes are to be checked against, where the file says.
  private(set) var checksums: Checksums?

  private let text: [UInt8]
  /// The text of the checksums, and where in the header it begins.
  private var checksumText: (value: String, place: Int)?
  private var json: JSONReader
  /// Where in the file the elements begin.
  private let dataStart: Int
  private let fileSize: Int
  /// Where in the file each entry's offsets stand.
  private var offsetPlaces: [Int] = []

  init(text: [UInt8], file: String, fileSize: Int) {
    self.text = text
    json = JSONReader(text, file: file, start: 8)
    dataStart = 8 + text.count
    self.fileSize = fileSize
  }

  static let metadataName = "__metadata__"

  static func printed(_ name: String) -> String { name.isEmpty ? "\"\"" : JSONReader.printed(name) }

  /// Reads all of it.
  mutating func read() throws(DataError) {
    // The format wants no blanks before it.
    guard json.startsWithBrace else { throw json.unexpected("\"{\"", "header") }
    var hasMetadata = false
    try object("header") { (header, name, place) throws(DataError) in
      if name == Self.metadataName {
        if hasMetadata { throw header.json.error("header", "\(name) stands there twice", at: place) }
        hasMetadata = true
        try header.readMetadata()
      } else {
        try header.readEntry(name, place)
      }
    }
    guard json.isAtEnd else { throw json.unexpected("nothing but blanks", "header") }
    try checkData()
    try checkHeader()
  }

  /// Takes the checksums, and checks the header's own.
  private mutating func checkHeader() throws(DataError) {
    guard let (value, place) = checksumText else {
      // Under another name they are those of a header that has been changed.
      if let other = metadata.first(where: { Checksums($0.value, count: entries.count) != nil }) {
        throw json.error(Self.metadataName, "checksums under the name \(Self.printed(other.key)): the header is damaged", at: 8)
      }
      return
    }
    guard let checksums = Checksums(value, count: entries.count) else {
      throw json.error(Checksums.key, "no checksums of \(entries.count) tensors: the header is damaged", at: 8 + place)
    }
    let found = Checksums.ofHeader(text, textAt: place)
    guard found == checksums.header else {
      throw json.error(
        "header",
        "its checksum is \(Checksums.hexadecimal(found)), and \(Checksums.key) tells of \(Checksums.hexadecimal(checksums.header)):"
          + " the file is damaged, or another program has changed it", at: 8)
    }
    self.checksums = checksums
  }

  /// Reads an object; `body` reads the value of each key.
  private mutating func object(
    _ field: String, _ body: (inout SafetensorsHeader, String, Int) throws(DataError) -> Void
  ) throws(DataError) {
    try json.mark("{", field)
    if json.skip("}") { return }
    repeat {
      let place = json.offset
      let key = try json.string(field)
      try json.mark(":", field)
      try body(&self, key, place)
    } while try json.another(before: "}", field)
  }

  private mutating func readMetadata() throws(DataError) {
    var keys: Set<ByteName> = []
    try object(Self.metadataName) { (header, key, place) throws(DataError) in
      let valuePlace = header.json.offset
      let value = try header.json.string("\(Self.metadataName) \(Self.printed(key))")
      guard keys.insert(ByteName(key)).inserted else {
        throw header.json.error(Self.metadataName, "\(Self.printed(key)) stands there twice", at: place)
      }
      if key == Checksums.key {
        header.checksumText = (value, valuePlace - 8 + 1)
        return
      }
      // Of keys that Swift takes for equal though their bytes differ, a dictionary holds one: the first.
      if header.metadata[key] == nil { header.metadata[key] = value }
    }
  }

  // MARK: One tensor

  private mutating func readEntry(_ name: String, _ place: Int) throws(DataError) {
    let label = Self.printed(name)
    guard positions.updateValue(entries.count, forKey: ByteName(name)) == nil else {
      throw json.error("header", "\(label) stands there twice", at: place)
    }
    var type: SafetensorsFile.ElementType?
    var sizes: (shape: Shape, place: Int)?
    var offsets: (range: Range<Int>, place: Int)?
    try object(label) { (header, key, place) throws(DataError) in
      let field = "\(key) of \(label)"
      let valuePlace = header.json.offset
      switch key {
      case "dtype" where type == nil: type = try header.elementType(field)
      case "shape" where sizes == nil: sizes = (try header.shape(field), valuePlace)
      case "data_offsets" where offsets == nil: offsets = (try header.offsets(field), valuePlace)
      case "dtype", "shape", "data_offsets": throw header.json.error(label, "\(key) stands there twice", at: place)
      default:
        throw header.json.error(label, "\(Self.printed(key)); dtype, shape and data_offsets would fit", at: place)
      }
    }
    guard let type else { throw json.error(label, "has no dtype", at: place) }
    guard let sizes else { throw json.error(label, "has no shape", at: place) }
    guard let offsets else { throw json.error(label, "has no data_offsets", at: place) }
    try check(type, sizes, offsets.range, label)
    let range = dataStart + offsets.range.lowerBound..<dataStart + offsets.range.upperBound
    entries.append(SafetensorsFile.Entry(name: name, elementType: type, shape: sizes.shape, byteRange: range))
    offsetPlaces.append(offsets.place)
  }

  private mutating func elementType(_ field: String) throws(DataError) -> SafetensorsFile.ElementType {
    let place = json.offset
    let text = try json.string(field)
    if let type = SafetensorsFile.ElementType(rawValue: text) { return type }
    let known = SafetensorsFile.ElementType.allCases.map(\.rawValue).joined(separator: ", ")
    throw json.error(field, "\(Self.printed(text)); \(known) are known", at: place)
  }

  private mutating func shape(_ field: String) throws(DataError) -> Shape {
    let place = json.offset
    var sizes: [Int] = []
    try json.mark("[", field)
    if json.skip("]") { return [] }
    repeat {
      sizes.append(try json.count(field))
      guard sizes.count <= Shape.maximumRank else {
        throw json.error(field, "has more than \(Shape.maximumRank) sizes, the most axes a tensor can have", at: place)
      }
    } while try json.another(before: "]", field)
    return Shape(sizes)
  }

  private mutating func offsets(_ field: String) throws(DataError) -> Range<Int> {
    let place = json.offset
    try json.mark("[", field)
    let lower = try json.count(field)
    try json.mark(",", field)
    let upper = try json.count(field)
    try json.mark("]", field)
    guard lower <= upper else { throw json.error(field, "\(lower) to \(upper) run backwards", at: place) }
    guard upper <= fileSize - dataStart else {
      throw json.error(field, "\(lower) to \(upper), but only \(fileSize - dataStart) bytes follow the header", at: place)
    }
    return lower..<upper
  }

  /// That the elements fill the bytes.
  private func check(
    _ type: SafetensorsFile.ElementType, _ sizes: (shape: Shape, place: Int), _ range: Range<Int>, _ label: String
  ) throws(DataError) {
    // Zero counts as one at first: an empty tensor's strides have to exist too.
    var product = 1
    for size in sizes.shape {
      let (next, overflow) = product.multipliedReportingOverflow(by: max(size, 1))
      if overflow || next > Int.max / 64 {
        throw json.error("shape of \(label)", "\(sizes.shape) has more elements than memory could hold", at: sizes.place)
      }
      product = next
    }
    let bits = sizes.shape.elementCount * type.bitCount
    guard bits == range.count * 8 else {
      let wanted = bits % 8 == 0 ? "\(bits / 8) bytes" : "\(bits) bits"
      throw json.error(
        "shape of \(label)", "\(sizes.shape) of \(type.rawValue) take \(wanted), but data_offsets give \(range.count) bytes",
        at: sizes.place)
    }
  }

  // MARK: All tensors

  /// That the tensors' bytes follow one another up to the file's end, without gaps and overlaps.
  private func checkData() throws(DataError) {
    let order = entries.indices.sorted { a, b in
      let (a, b) = (entries[a].byteRange, entries[b].byteRange)
      return (a.lowerBound, a.upperBound) < (b.lowerBound, b.upperBound)
    }
    var (end, last) = (dataStart, "the header")
    for i in order {
      let range = entries[i].byteRange
      let field = "data_offsets of \(Self.printed(entries[i].name))"
      guard range.lowerBound >= end else {
        throw json.error(field, "overlap those of \(last), which end at \(end - dataStart)", at: offsetPlaces[i])
      }
      guard range.lowerBound == end else {
        throw json.error(
          field, "begin at \(range.lowerBound - dataStart) and leave a gap after \(last), which ends at \(end - dataStart)",
          at: offsetPlaces[i])
      }
      (end, last) = (range.upperBound, Self.printed(entries[i].name))
    }
    guard end == fileSize else { throw json.error("data", "\(fileSize - end) bytes that belong to no tensor", at: end) }
  }
}
