import Tensors

extension Table {
  /// What counts as missing in a file, unless told: nothing, and what pandas, R and spreadsheets write for it.
  public static let missingTexts: Set<String> = [
    "", "NA", "N/A", "n/a", "<NA>", "#N/A", "NaN", "nan", "-nan", "-NaN", "NULL", "null", "None",
  ]

  /// Reads a CSV file, whose columns' kinds are found: integers if all that is not missing are, else numbers if all are, else texts.
  ///
  ///     let houses = try Table(contentsOf: "houses.csv", kinds: ["zip": .text])
  ///
  /// Fields may stand in quotes, which hold separators, line ends and doubled quotes; blanks around a field are no part of it, and blank lines count for
  /// nothing. Dates are texts. A name that comes twice gets `.1`, `.2`, … behind it. The file may be compressed by gzip. pandas: `read_csv`.
  ///
  /// - Parameters:
  ///   - separator: An ASCII character; by default a tab, a semicolon or a comma, the first of them that the first line has.
  ///   - hasHeader: Whether the first line has the columns' names; otherwise they are `column1`, `column2`, ….
  ///   - names: The columns to read, in the order of the file; all unless told.
  ///   - kinds: What columns are to hold, by name; a field that does not fit throws.
  ///   - missing: The texts that stand for a missing value, ``missingTexts`` unless told.
  ///   - maximumBytes: As for ``CSVFile``.
  ///
  /// Throws, with line and column, at a field that does not fit, a line with more or fewer fields than the first one, a quote that is never closed, a name
  /// that is not there, and if the file cannot be read.
  public init(
    contentsOf path: String, separator: Character? = nil, hasHeader: Bool = true, names: [String]? = nil, kinds: [String: Kind] = [:],
    missing: Set<String> = Table.missingTexts, maximumBytes: Int? = nil
  ) throws(DataError) {
    try self.init(FileSource(path), separator, hasHeader, names, kinds, missing, maximumBytes)
  }

  /// A CSV file's contents, in memory; errors call it `name`.
  public init(
    bytes: [UInt8], name: String = "bytes", separator: Character? = nil, hasHeader: Bool = true, names: [String]? = nil,
    kinds: [String: Kind] = [:], missing: Set<String> = Table.missingTexts, maximumBytes: Int? = nil
  ) throws(DataError) {
    try self.init(FileSource(bytes: bytes, name: name), separator, hasHeader, names, kinds, missing, maximumBytes)
  }

  private init(
    _ file: FileSource, _ separator: Character?, _ hasHeader: Bool, _ names: [String]?, _ kinds: [String: Kind], _ missing: Set<String>,
    _ maximumBytes: Int?
  ) throws(DataError) {
    let text = try CSVFile.text(of: file, maximumBytes: maximumBytes, "Table")
    let columns = try text.withUnsafeBufferPointer { (text) throws(DataError) in
      let options = CSVOptions(.float64, separator, hasHeader, nil)
      var reader = TableReader(CSVReader(text, file: file.path, options), file.path, options.separator, hasHeader, missing)
      return try reader.columns(names, kinds)
    }
    self.init(columns)
  }
}

/// Reads a CSV file's lines twice: what the columns hold, and then that.
private struct TableReader {
  private var reader: CSVReader
  private let file: String
  private let hasHeader: Bool
  private let missing: Set<[UInt8]>
  private let longestMissing: Int
  /// For each byte whether a text for what is missing begins with it: most fields are told by one look.
  private var canBegin = [Bool](repeating: false, count: 256)
  /// More would be no table; each takes more memory than a field of a file does.
  private static let mostColumns = 1 << 20

  private struct Found {
    let name: String
    var kind: Table.Kind
    var isWanted = true
    var canBeInteger = true
    var canBeNumber = true
    var isEmpty = true
    /// Whether the kind was asked for.
    var isFixed = false

    init(_ name: String) { (self.name, kind) = (name, .text) }

    mutating func see(_ field: UnsafeBufferPointer<UInt8>) {
      isEmpty = false
      guard canBeNumber else { return }
      guard let number = CSVNumber(field) else {
        (canBeInteger, canBeNumber) = (false, false)
        return
      }
      if canBeInteger, number.isWrittenWithPoint || number.integer(Int.self) == nil { canBeInteger = false }
    }
  }

  init(_ reader: CSVReader, _ file: String, _ separator: UInt8?, _ hasHeader: Bool, _ missing: Set<String>) {
    (self.reader, self.file, self.hasHeader) = (reader, file, hasHeader)
    self.missing = Set(missing.map { Array($0.utf8) })
    longestMissing = missing.map(\.utf8.count).max() ?? 0
    for text in missing { if let first = text.utf8.first { canBegin[Int(first)] = true } }
    self.reader.separator = separator ?? self.reader.recognizedSeparator()
  }

  mutating func columns(_ wanted: [String]?, _ kinds: [String: Table.Kind]) throws(DataError) -> [Table.Column] {
    reader.skipBlankLines()
    if reader.position >= reader.text.count { throw DataError(file: file, message: "holds no table") }
    var found = try header()
    try choose(&found, wanted, kinds)
    let rowCount = try scan(&found)
    for i in found.indices where !found[i].isFixed {
      found[i].kind =
        found[i].isEmpty || found[i].canBeNumber && !found[i].canBeInteger ? .number : found[i].canBeInteger ? .integer : .text
    }
    let kept = found.indices.filter { found[$0].isWanted }
    do throws(TensorError) {
      try checkList(rowCount.saturatingTimes(kept.count), of: 9, "Table", "\(rowCount) rows of \(kept.count) columns")
    } catch { throw DataError(file: file, message: error.message) }
    var builders = kept.map { Builder(found[$0].name, found[$0].kind, rowCount) }
    var places = [Int](repeating: -1, count: found.count)
    for (place, column) in kept.enumerated() { places[column] = place }
    for _ in 0..<rowCount {
      reader.skipBlankLines()
      let line = reader.line
      for column in found.indices {
        let field = try reader.nextField(column)
        guard places[column] >= 0 else { continue }
        let bytes = reader.bytes(field)
        if isMissing(bytes) {
          builders[places[column]].addMissing()
        } else if !builders[places[column]].add(bytes, { reader.name(field) }) {
          throw misfit(found[column], reader.name(field), column, line, field.start)
        }
      }
    }
    return builders.map(\.column)
  }

  /// The columns by the first line, which is read if it has names.
  private mutating func header() throws(DataError) -> [Found] {
    var scout = reader
    var found: [Found] = []
    var taken: Set<String> = []
    var isLast = false
    while !isLast {
      let field = try scout.nextField(found.count)
      isLast = field.isLast
      if found.count == Self.mostColumns { throw DataError(file: file, message: "has more than \(Self.mostColumns) columns") }
      var name = hasHeader ? scout.name(field) : ""
      if name.isEmpty { name = "column\(found.count + 1)" }
      // So NumPy marks the line as none of numbers.
      if hasHeader && found.isEmpty && name.hasPrefix("#") { name = String(name.dropFirst().drop { $0 == " " }) }
      let base = name
      var again = 1
      while taken.contains(name) {
        name = "\(base).\(again)"
        again += 1
      }
      taken.insert(name)
      found.append(Found(name))
    }
    if hasHeader { reader = scout }
    return found
  }

  private func choose(_ found: inout [Found], _ wanted: [String]?, _ kinds: [String: Table.Kind]) throws(DataError) {
    var positions: [String: Int] = [:]
    for (i, column) in found.enumerated() { positions[column.name] = i }
    func position(_ name: String) throws(DataError) -> Int {
      if let position = positions[name] { return position }
      let known = found.prefix(20).map(\.name).joined(separator: ", ") + (found.count > 20 ? ", …" : "")
      throw DataError(file: file, field: "header", message: "no column is called \(readable(name)); there are \(readableList(known))")
    }
    for (name, kind) in kinds {
      let i = try position(name)
      (found[i].kind, found[i].isFixed) = (kind, true)
    }
    guard let wanted else { return }
    for i in found.indices { found[i].isWanted = false }
    for name in wanted { found[try position(name)].isWanted = true }
  }

  private func readableList(_ text: String) -> String {
    String(text.unicodeScalars.prefix(400).map { $0.value < 32 ? " " : Character($0) })
  }

  /// Sees every field once; gives the number of rows.
  private func scan(_ found: inout [Found]) throws(DataError) -> Int {
    var scout = reader
    let firstLine = hasHeader ? "the header" : "line \(reader.line)"
    var rowCount = 0
    while true {
      scout.skipBlankLines()
      if scout.position >= scout.text.count { return rowCount }
      let line = scout.line
      var (column, isLast) = (0, false)
      while !isLast {
        let field = try scout.nextField(column)
        isLast = field.isLast
        if column < found.count, found[column].isWanted, !found[column].isFixed {
          let bytes = scout.bytes(field)
          if !isMissing(bytes) { found[column].see(bytes) }
        }
        column += 1
      }
      guard column == found.count else {
        throw DataError(
          file: file, field: "line \(line)", message: "\(column) \(column == 1 ? "field" : "fields"); \(firstLine) has \(found.count)")
      }
      rowCount += 1
    }
  }

  @inline(__always)
  private func isMissing(_ field: UnsafeBufferPointer<UInt8>) -> Bool {
    if let first = field.first, !canBegin[Int(first)] { return false }
    return field.count <= longestMissing && missing.contains(Array(field))
  }

  private func misfit(_ column: Found, _ text: String, _ position: Int, _ line: Int, _ offset: Int) -> DataError {
    let what = column.kind == .integer ? "an integer of 64 bits" : "a number"
    return DataError(
      file: file, field: "line \(line), column \(position + 1) \(readable(column.name))", offset: offset,
      message: "\(readable(text)); \(what), or a text that stands for a missing one, would fit")
  }

  /// A column as it grows.
  private struct Builder {
    let name: String
    private var missing: [Bool] = []
    private var pool = Table.TextPool()
    private var integers: [Int] = []
    private var numbers: [Double] = []
    private var codes: [Int32] = []
    private let kind: Table.Kind

    init(_ name: String, _ kind: Table.Kind, _ count: Int) {
      (self.name, self.kind) = (name, kind)
      missing.reserveCapacity(count)
      switch kind {
      case .integer: integers.reserveCapacity(count)
      case .number: numbers.reserveCapacity(count)
      case .text: codes.reserveCapacity(count)
      }
    }

    mutating func addMissing() {
      missing.append(true)
      switch kind {
      case .integer: integers.append(0)
      case .number: numbers.append(0)
      case .text: codes.append(0)
      }
    }

    mutating func add(_ field: UnsafeBufferPointer<UInt8>, _ text: () -> String) -> Bool {
      switch kind {
      case .integer:
        guard let value = CSVNumber(field)?.integer(Int.self) else { return false }
        integers.append(value)
      case .number:
        guard let value = CSVNumber(field)?.double else { return false }
        if value.isNaN {
          addMissing()
          return true
        }
        numbers.append(value)
      case .text: codes.append(pool.code(text()))
      }
      missing.append(false)
      return true
    }

    var column: Table.Column {
      switch kind {
      case .integer: Table.Column(name, .integers(integers), missing: missing)
      case .number: Table.Column(name, .numbers(numbers), missing: missing)
      case .text: Table.Column(name, .texts(codes, different: pool.texts), missing: missing)
      }
    }
  }
}
