/// Reads JSON step by step, as whoever knows what has to come next asks for it.
///
/// Nothing recurses, so that no depth of the text can exhaust the stack, and nothing is built but what was asked for.
struct JSONReader {
  private let text: [UInt8]
  /// What errors name.
  private let file: String
  /// Where in the file the text begins.
  private let start: Int
  /// What errors call the text.
  private let whole: String
  private var next = 0

  init(_ text: [UInt8], file: String, start: Int, whole: String = "the header") {
    self.text = text
    self.whole = whole
    self.file = file
    self.start = start
  }

  /// Where the next byte lies in the file.
  var offset: Int { start + next }
  /// Whether every byte has been read.
  var isAtEnd: Bool { next == text.count }

  /// Whether a brace comes next, without blanks before it.
  var startsWithBrace: Bool { next < text.count && text[next] == UInt8(ascii: "{") }

  /// An error about what begins at `offset`, by default what comes next.
  func error(_ field: String, _ message: String, at offset: Int? = nil) -> DataError {
    DataError(file: file, field: field, offset: offset ?? self.offset, message: message)
  }

  /// Reads a punctuation mark, and what is blank around it.
  mutating func mark(_ mark: UnicodeScalar, _ field: String) throws(DataError) {
    guard skip(mark) else { throw unexpected("\"\(mark)\"", field) }
  }

  /// Reads a punctuation mark if it comes next, and what is blank around it.
  mutating func skip(_ mark: UnicodeScalar) -> Bool {
    skipBlanks()
    guard next < text.count, text[next] == UInt8(ascii: mark) else { return false }
    next += 1
    skipBlanks()
    return true
  }

  /// Reads the comma before a further element, and gives true, or the closing mark, and gives false.
  mutating func another(before closing: UnicodeScalar, _ field: String) throws(DataError) -> Bool {
    if skip(",") { return true }
    guard skip(closing) else { throw unexpected("\",\" or \"\(closing)\"", field) }
    return false
  }

  private mutating func skipBlanks() {
    while next < text.count, Self.isBlank(text[next]) { next += 1 }
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

  /// Reads an integer that is 0 or above.
  mutating func count(_ field: String) throws(DataError) -> Int {
    let start = offset
    let token = text[next...].prefix { !",]}: \t\r\n".utf8.contains($0) }.prefix(40)
    guard let first = token.first, first == UInt8(ascii: "-") || 48...57 ~= first else { throw unexpected("an integer", field) }
    let written = String(decoding: token, as: UTF8.self)
    let isCount = token.allSatisfy { 48...57 ~= $0 } && (first != 48 || token.count == 1)
    guard isCount else { throw error(field, "\(Self.printed(written)); an integer that is 0 or above would fit", at: start) }
    guard let value = Int(written) else { throw error(field, "\(written); at most \(Int.max) would fit", at: start) }
    next += token.count
    return value
  }

  /// Reads a number.
  mutating func number(_ field: String) throws(DataError) -> Double {
    let start = offset
    let token = text[next...].prefix { !",]}: \t\r\n".utf8.contains($0) }.prefix(400)
    guard let first = token.first, first == UInt8(ascii: "-") || 48...57 ~= first else { throw unexpected("a number", field) }
    let value = Array(token).withUnsafeBufferPointer { CSVNumber($0)?.double }
    guard let value, value.isFinite else {
      throw error(field, "\(Self.printed(String(decoding: token, as: UTF8.self))); a finite number would fit", at: start)
    }
    next += token.count
    return value
  }

  /// Reads a string.
  mutating func string(_ field: String) throws(DataError) -> String {
    guard next < text.count, text[next] == UInt8(ascii: "\"") else { throw unexpected("a string", field) }
    let start = offset
    next += 1
    var bytes: [UInt8] = []
    while true {
      guard next < text.count else { throw error(field, "\(whole) ends inside a string", at: start) }
      let byte = text[next]
      switch byte {
      case UInt8(ascii: "\""):
        next += 1
        guard let string = String(validating: bytes, as: UTF8.self) else { throw error(field, "a string that is not UTF-8", at: start) }
        return string
      case UInt8(ascii: "\\"): try escape(into: &bytes, field)
      case 0..<0x20: throw unexpected("an escape", field)
      default:
        bytes.append(byte)
        next += 1
      }
    }
  }

  /// Reads an escape within a string.
  private mutating func escape(into bytes: inout [UInt8], _ field: String) throws(DataError) {
    let start = offset
    let plain: [UInt8: UInt8] = [0x22: 0x22, 0x5C: 0x5C, 0x2F: 0x2F, 0x62: 0x08, 0x66: 0x0C, 0x6E: 0x0A, 0x72: 0x0D, 0x74: 0x09]
    next += 1
    if next < text.count, let byte = plain[text[next]] {
      bytes.append(byte)
      next += 1
      return
    }
    guard next < text.count, text[next] == UInt8(ascii: "u"), let first = codeUnit() else {
      throw error(field, "an escape that JSON does not have", at: start)
    }
    var units = [first]
    if UTF16.isLeadSurrogate(first), next < text.count, text[next] == UInt8(ascii: "\\") {
      next += 1
      if next < text.count, text[next] == UInt8(ascii: "u"), let second = codeUnit() { units.append(second) }
    }
    guard let character = String(validating: units, as: UTF16.self) else {
      throw error(field, "an escape of half a surrogate pair", at: start)
    }
    bytes.append(contentsOf: character.utf8)
  }

  /// Reads `u` and four hexadecimal digits.
  private mutating func codeUnit() -> UInt16? {
    let digits = text[next...].dropFirst().prefix(4)
    guard digits.count == 4, digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else { return nil }
    next += 5
    return UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
  }

  /// An error about what comes next, where something else has to come.
  func unexpected(_ fitting: String, _ field: String) -> DataError {
    guard next < text.count else { return error(field, "\(whole) ends where \(fitting) has to come") }
    let byte = text[next]
    let found =
      0x21...0x7E ~= byte ? "\"\(UnicodeScalar(byte))\"" : "the byte " + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    return error(field, "\(found); \(fitting) would fit")
  }

  /// A text as a sentence can show it: cut short, and on one line.
  static func printed(_ text: String) -> String {
    let long = text.unicodeScalars.count > 80
    let scalars = text.unicodeScalars.prefix(80).map { scalar in
      scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value ? scalar.escaped(asASCII: true) : String(scalar)
    }
    return scalars.joined() + (long ? "…" : "")
  }
}
