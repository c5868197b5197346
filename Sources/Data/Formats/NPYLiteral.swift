import Tensors

/// Reads the dictionary at the head of an `.npy` file: a Python literal of three keys, read as such and never run.
///
///     {'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }
struct NPYLiteral {
  /// What the three keys say.
  struct Fields {
    /// The element type's code, and where it stands.
    var descr: (code: String, offset: Int)
    var isFortranOrder: Bool
    var shape: Shape
  }

  private let text: [UInt8]
  /// Where the text begins in the file.
  private let base: Int
  private let error: (_ field: String, _ offset: Int, _ message: String) -> DataError
  private var position = 0

  init(_ text: [UInt8], at base: Int, error: @escaping (_ field: String, _ offset: Int, _ message: String) -> DataError) {
    (self.text, self.base, self.error) = (text, base, error)
  }

  mutating func fields() throws(DataError) -> Fields {
    var (descr, isFortranOrder, shape): ((String, Int)?, Bool?, Shape?) = (nil, nil, nil)
    try expect("{", "a dictionary begins with {")
    while !take("}") {
      let start = nextOffset
      let key = try string("a key")
      try expect(":", "a key is followed by :")
      let isRepeated =
        switch key {
        case "descr": descr != nil
        case "fortran_order": isFortranOrder != nil
        case "shape": shape != nil
        default: throw error("header", start, "the key \(readable(key)); descr, fortran_order and shape are known")
        }
      if isRepeated { throw error("header", start, "the key \(readable(key)) for the second time") }
      switch key {
      case "descr": descr = try code()
      case "fortran_order": isFortranOrder = try bool()
      default: shape = try tuple()
      }
      if take(",") { continue }
      try expect("}", "a value is followed by , or }")
      break
    }
    skipBlanks()
    if position < text.count { throw unexpected("header", "nothing follows the dictionary") }
    guard let descr, let isFortranOrder, let shape else {
      let missing = descr == nil ? "descr" : isFortranOrder == nil ? "fortran_order" : "shape"
      throw error("header", base, "lacks the key \(missing)")
    }
    return Fields(descr: descr, isFortranOrder: isFortranOrder, shape: shape)
  }

  // MARK: Values

  private mutating func code() throws(DataError) -> (String, Int) {
    let start = nextOffset
    // A list of fields, or a tuple of a type and a shape.
    if peek == UInt8(ascii: "[") || peek == UInt8(ascii: "(") {
      throw error("descr", start, "elements of several fields; \(NPYFile.ElementType.known) would fit")
    }
    return (try string("descr", "descr"), start)
  }

  private mutating func bool() throws(DataError) -> Bool {
    skipBlanks()
    for (word, value) in [("True", true), ("False", false)] where text[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw unexpected("fortran_order", "True or False would fit")
  }

  private mutating func tuple() throws(DataError) -> Shape {
    try expect("(", "a shape begins with (", "shape")
    var sizes: [Int] = []
    var (count, commas) = (0, 0)
    while !take(")") {
      let start = nextOffset
      let size = try integer()
      if size < 0 { throw error("shape", start, "dimension \(count) is \(size); 0 or more would fit") }
      // Beyond what a tensor can have, dimensions are only counted, for the sentence.
      if count < Shape.maximumRank { sizes.append(size) }
      count += 1
      if take(",") {
        commas += 1
        continue
      }
      try expect(")", "a size is followed by , or )", "shape")
      break
    }
    let end = base + position - 1
    if count > Shape.maximumRank { throw error("shape", end, "\(count) dimensions; 0 to \(Shape.maximumRank) would fit") }
    if count == 1 && commas == 0 { throw error("shape", end, "(\(sizes[0])) is no tuple; (\(sizes[0]),) would fit") }
    return Shape(sizes)
  }

  private mutating func integer() throws(DataError) -> Int {
    skipBlanks()
    let start = position
    let isNegative = take("-")
    let digits = position
    var value = 0
    while let byte = peekRaw, 48...57 ~= byte {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int(byte - 48))
      if overflow || carry { throw error("shape", base + start, "a size beyond \(Int.max)") }
      value = sum
      position += 1
    }
    if position == digits { throw unexpected("shape", "a size would fit") }
    // Python 2 wrote long integers so.
    if peekRaw == UInt8(ascii: "L") { position += 1 }
    return isNegative ? -value : value
  }

  private mutating func string(_ what: String, _ field: String = "header") throws(DataError) -> String {
    skipBlanks()
    guard let quote = peekRaw, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw unexpected(field, "\(what) in quotes would fit")
    }
    let start = position + 1
    guard let end = text[start...].firstIndex(of: quote) else { throw error(field, base + position, "a quote that is never closed") }
    position = end + 1
    return String(decoding: text[start..<end], as: UTF8.self)
  }

  // MARK: Characters

  private var peekRaw: UInt8? { position < text.count ? text[position] : nil }

  private var peek: UInt8? {
    mutating get {
      skipBlanks()
      return peekRaw
    }
  }

  private var nextOffset: Int {
    mutating get {
      skipBlanks()
      return base + position
    }
  }

  private mutating func skipBlanks() {
    while let byte = peekRaw, byte == 32 || 9...13 ~= byte { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar, _ rule: String, _ field: String = "header") throws(DataError) {
    if !take(character) { throw unexpected(field, rule) }
  }

  private func unexpected(_ field: String, _ rule: String) -> DataError {
    let found = position < text.count ? readable(String(decoding: text[position...].prefix(8), as: UTF8.self)) : "the end of the header"
    return error(field, base + position, "\(found); \(rule)")
  }
}

/// A text from outside as it can stand in a sentence: one line, in quotes, not endless.
func readable(_ text: some StringProtocol) -> String {
  var line = ""
  for (i, scalar) in text.unicodeScalars.enumerated() {
    if i == 40 { return "'\(line)…'" }
    let isControl = scalar.value < 32 || 127..<160 ~= scalar.value || scalar == "\u{2028}" || scalar == "\u{2029}"
    line += isControl ? "\\u{\(String(scalar.value, radix: 16, uppercase: true))}" : String(scalar)
  }
  return "'\(line)'"
}
