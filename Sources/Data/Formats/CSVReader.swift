import Tensors

/// Elements in the order in which they come.
///
/// They lie in pieces: one growing array would be copied, and held twice meanwhile.
private struct Pieces<T: Scalar> {
  private var full: [[T]] = []
  private var last: [T] = []
  private static var size: Int { 1 << 16 }

  @inline(__always)
  mutating func append(_ element: T) {
    if last.count == Self.size { close() }
    last.append(element)
  }

  private mutating func close() {
    full.append(last)
    last = []
    last.reserveCapacity(Self.size)
  }

  /// Copies the elements, and gives back each piece behind itself.
  mutating func move(to out: UnsafeMutableRawBufferPointer) {
    full.append(last)
    var offset = 0
    for i in full.indices {
      full[i].withUnsafeBytes { out[offset..<offset + $0.count].copyBytes(from: $0) }
      offset += full[i].count * MemoryLayout<T>.stride
      full[i] = []
    }
  }
}

/// Reads a table line after line, without a copy of any field.
struct CSVReader {
  struct Field {
    var start: Int
    var end: Int
    var isQuoted: Bool
    /// Whether no other one follows on its line.
    var isLast: Bool
  }

  let text: UnsafeBufferPointer<UInt8>
  let file: String
  private let options: CSVOptions
  var separator = UInt8(ascii: ",")
  var position = 0
  private(set) var line = 1
  /// The columns that every line has, and the first line that told so.
  private var columns: (count: Int, line: Int)?
  private var names: [String]?
  /// Whether there are no other lines than the one that could have been a header.
  private var isOnlyLine = false

  init(_ text: UnsafeBufferPointer<UInt8>, file: String, _ options: CSVOptions) {
    (self.text, self.file, self.options) = (text, file, options)
    // A mark that some programs put before UTF-8.
    if text.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  mutating func table() throws(DataError) -> ([String]?, Tensor) {
    separator = options.separator ?? recognizedSeparator()
    try readHeader()
    let missing = options.missing
    let tensor =
      switch options.dtype {
      case .float32: try rows(missing.map { Float($0) }) { CSVNumber($0)?.float }
      case .float64: try rows(missing) { CSVNumber($0)?.double }
      case .int32: try rows(missing.map { Int32($0) }) { CSVNumber($0)?.integer(Int32.self) }
      case .int64: try rows(missing.map { Int64($0) }) { CSVNumber($0)?.integer(Int64.self) }
      case .bool: try rows(missing.map { $0 == 1 }) { Self.truth($0) }
      case .float16, .bfloat16, .complex64, .complex128: try rows(missing) { CSVNumber($0)?.double }.cast(to: options.dtype)
      }
    return (names, tensor)
  }

  // MARK: Lines

  /// A tab, a semicolon or a comma: the first of them that the first line has outside quotes.
  func recognizedSeparator() -> UInt8 {
    var scout = self
    scout.skipBlankLines()
    var (isQuoted, found): (Bool, Set<UInt8>) = (false, [])
    for byte in text[scout.position...] {
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      if isQuoted { continue }
      if byte == 10 || byte == 13 { break }
      found.insert(byte)
    }
    return [9, UInt8(ascii: ";")].first { found.contains($0) } ?? UInt8(ascii: ",")
  }

  private mutating func readHeader() throws(DataError) {
    if options.hasHeader == false { return }
    skipBlankLines()
    guard position < text.count else { return }
    // Looked at first and read again, as the fields of a long line would take many times its memory.
    var scout = self
    var (count, hasText, hasNumber, looksLikeNumbers, isLast) = (0, false, false, false, false)
    while !isLast {
      let field = try scout.nextField(count)
      let bytes = bytes(field)
      count += 1
      isLast = field.isLast
      if field.start < field.end { hasText = true }
      if CSVNumber(bytes) != nil || options.dtype == .bool && Self.truth(bytes) != nil { hasNumber = true }
      if Self.beginsAsNumber(bytes) { looksLikeNumbers = true }
    }
    scout.skipBlankLines()
    // The only line has nothing to name: one such as `1 2 3` is a row with another separator, and no table without rows.
    isOnlyLine = scout.position >= text.count
    // Where nothing is a number all are names; a line of some numbers is a row, with mistakes in it.
    guard options.hasHeader ?? (hasText && !hasNumber && !(isOnlyLine && looksLikeNumbers)) else { return }
    columns = (count, line)
    var names: [String] = []
    names.reserveCapacity(count)
    for column in 0..<count { names.append(name(try nextField(column))) }
    // So NumPy marks the line as none of numbers.
    if names[0].hasPrefix("#") { names[0] = String(names[0].dropFirst().drop { $0 == " " }) }
    self.names = names
  }

  /// Whether a field is to be a number, as far as its first bytes tell.
  private static func beginsAsNumber(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let rest = text.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: ".") }
    return text.count - rest.count <= 2 && (rest.first.map { $0 &- 48 < 10 } ?? false)
  }

  private mutating func rows<T: Scalar>(_ missing: T?, _ convert: (UnsafeBufferPointer<UInt8>) -> T?) throws(DataError) -> Tensor {
    var elements = Pieces<T>()
    var row = 0
    while true {
      skipBlankLines()
      if position >= text.count { break }
      let firstLine = line
      var column = 0
      var isLast = false
      while !isLast {
        let field = try nextField(column)
        if let value = convert(bytes(field)) {
          elements.append(value)
        } else if field.start == field.end, let missing {
          elements.append(missing)
        } else {
          throw misfit(field, column, firstLine)
        }
        column += 1
        isLast = field.isLast
      }
      if let columns {
        guard column == columns.count else {
          throw DataError(
            file: file, field: "line \(firstLine)",
            message: "\(column) \(column == 1 ? "field" : "fields"); line \(columns.line) has \(columns.count)")
        }
      } else {
        columns = (column, firstLine)
      }
      row += 1
    }
    guard let columns else { throw DataError(file: file, message: "holds no numbers") }
    let shape: Shape = [row, columns.count]
    let tensor = Tensor(shape, T.dtype) { elements.move(to: $0) }
    guard let tensor else { throw DataError(file: file, message: "\(shape) as \(options.dtype) is more than memory could hold") }
    return tensor
  }

  private func misfit(_ field: Field, _ column: Int, _ line: Int) -> DataError {
    let name = names.flatMap { column < $0.count && !$0[column].isEmpty ? " \(readable($0[column]))" : nil } ?? ""
    let content = String(decoding: bytes(field), as: UTF8.self)
    let message =
      if content.isEmpty {
        "is empty; a number, or a value for missing ones, would fit"
      } else if options.dtype.isInteger && CSVNumber(bytes(field)) != nil {
        "\(readable(content)) is no \(options.dtype)"
      } else if options.dtype == .bool {
        "\(readable(content)) is not 0, 1, false or true"
      } else {
        "\(readable(content)) is no number"
          + (isOnlyLine && options.hasHeader == nil && column == 0
            ? "; another separator, or hasHeader: true for a line of names, would fit" : "")
      }
    return DataError(file: file, field: "line \(line), column \(column + 1)\(name)", offset: field.start, message: message)
  }

  // MARK: Fields

  func bytes(_ field: Field) -> UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: text[field.start..<field.end]) }

  func name(_ field: Field) -> String {
    let text = String(decoding: bytes(field), as: UTF8.self)
    return field.isQuoted ? text.split(separator: "\"\"", omittingEmptySubsequences: false).joined(separator: "\"") : text
  }

  private static func truth(_ text: UnsafeBufferPointer<UInt8>) -> Bool? {
    for (word, value) in [("1", true), ("0", false), ("true", true), ("false", false)] as [(StaticString, Bool)]
    where word.utf8CodeUnitCount == text.count && text.indices.allSatisfy({ text[$0] | 32 == word.utf8Start[$0] | 32 }) {
      return value
    }
    return nil
  }

  @inline(__always)
  private func isBlank(_ byte: UInt8) -> Bool { (byte == 32 || byte == 9) && byte != separator }

  mutating func skipBlankLines() {
    while true {
      var next = position
      while next < text.count, isBlank(text[next]) { next += 1 }
      guard next == text.count || text[next] == 10 || text[next] == 13 else { return }
      position = next
      if next == text.count { return }
      takeLineEnd()
    }
  }

  /// Goes behind a line's end: LF, CR LF or CR.
  @inline(__always)
  private mutating func takeLineEnd() {
    let isReturn = text[position] == 13
    position += 1
    if isReturn && position < text.count && text[position] == 10 { position += 1 }
    line += 1
  }

  /// Reads up to behind the next separator or the line's end; blanks around a field are none of it.
  @inline(__always)
  mutating func nextField(_ column: Int) throws(DataError) -> Field {
    while position < text.count, isBlank(text[position]) { position += 1 }
    if position < text.count, text[position] == UInt8(ascii: "\"") { return try quotedField(column) }
    let start = position
    while position < text.count {
      let byte = text[position]
      if byte == separator || byte == 10 || byte == 13 { break }
      position += 1
    }
    var end = position
    while end > start, isBlank(text[end - 1]) { end -= 1 }
    return Field(start: start, end: end, isQuoted: false, isLast: finishField())
  }

  /// Goes behind what ends a field; whether that was the line.
  @inline(__always)
  private mutating func finishField() -> Bool {
    if position == text.count { return true }
    if text[position] == separator {
      position += 1
      return false
    }
    takeLineEnd()
    return true
  }

  private mutating func quotedField(_ column: Int) throws(DataError) -> Field {
    let (start, firstLine) = (position + 1, line)
    func error(_ offset: Int, _ message: String) -> DataError {
      DataError(file: file, field: "line \(firstLine), column \(column + 1)", offset: offset, message: message)
    }
    position += 1
    while true {
      guard position < text.count else { throw error(start - 1, "a quote that is never closed") }
      if text[position] == 10 || text[position] == 13 {
        takeLineEnd()
        continue
      }
      position += 1
      guard text[position - 1] == UInt8(ascii: "\"") else { continue }
      // Two quotes stand for one.
      guard position < text.count, text[position] == UInt8(ascii: "\"") else { break }
      position += 1
    }
    let end = position - 1
    while position < text.count, isBlank(text[position]) { position += 1 }
    guard position == text.count || [separator, 10, 13].contains(text[position]) else {
      throw error(position, "\(readable(String(decoding: text[position...].prefix(1), as: UTF8.self))) behind a closing quote")
    }
    return Field(start: start, end: end, isQuoted: true, isLast: finishField())
  }
}
