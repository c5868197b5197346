import Data

/// A value of JSON (RFC 8259), read whole: configurations and tokenizers, whose vocabularies are objects of 100,000 keys and more.
enum JSON: Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSON])
  case object(JSONObject)

  /// What it is, as sentences say it.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let text): "\"\(text.prefix(40))\(text.count > 40 ? "…" : "")\""
    case .array: "a list"
    case .object: "an object"
    }
  }

  var text: String? { if case .string(let text) = self { text } else { nil } }
  var flag: Bool? { if case .bool(let flag) = self { flag } else { nil } }
  var list: [JSON]? { if case .array(let list) = self { list } else { nil } }
  var object: JSONObject? { if case .object(let object) = self { object } else { nil } }
  var isNull: Bool { if case .null = self { true } else { false } }
  var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }
  /// A whole number, also written as 4.0.
  var int: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }
}

/// An object's keys and values in the file's order; of a key that stands there twice the last value counts.
struct JSONObject: Sendable {
  var entries: [(key: String, value: JSON)] = []

  subscript(key: String) -> JSON? { entries.last { $0.key == key }?.value }
  var keys: [String] { entries.map(\.key) }
}

extension JSON {
  /// Reads a text; throws a `DataError` with the byte where it is no JSON.
  static func read(_ bytes: [UInt8], file: String) throws -> JSON {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw DataError(file: file, message: "is not UTF-8, as JSON has to be")
    }
    return try bytes.withUnsafeBufferPointer { buffer in
      var parser = Parser(bytes: buffer, file: file)
      let value = try parser.value(depth: 0)
      parser.skipBlanks()
      if parser.next < buffer.count { throw parser.error("nothing but blanks may follow the value") }
      return value
    }
  }

  /// How deep lists and objects nest at most.
  static let deepest = 256

  private struct Parser {
    let bytes: UnsafeBufferPointer<UInt8>
    let file: String
    var next = 0

    func error(_ message: String) -> DataError {
      DataError(file: file, field: "JSON", offset: next, message: next >= bytes.count ? "the file ends in the middle of a value" : message)
    }

    mutating func skipBlanks() {
      while next < bytes.count {
        switch bytes[next] {
        case 0x20, 0x0A, 0x0D, 0x09: next += 1
        default: return
        }
      }
    }

    mutating func value(depth: Int) throws -> JSON {
      skipBlanks()
      guard next < bytes.count else { throw error("") }
      if depth > JSON.deepest { throw error("values nest deeper than \(JSON.deepest)") }
      switch bytes[next] {
      case UInt8(ascii: "\""): return .string(try string())
      case UInt8(ascii: "{"): return .object(try object(depth: depth))
      case UInt8(ascii: "["): return .array(try array(depth: depth))
      case UInt8(ascii: "t"): return try word("true", .bool(true))
      case UInt8(ascii: "f"): return try word("false", .bool(false))
      case UInt8(ascii: "n"): return try word("null", .null)
      // Python writes these for floats that JSON has no numbers for.
      case UInt8(ascii: "N"): return try word("NaN", .number(.nan))
      case UInt8(ascii: "I"): return try word("Infinity", .number(.infinity))
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
      default: throw error("a value has to begin here")
      }
    }

    private mutating func word(_ text: String, _ value: JSON) throws -> JSON {
      for byte in text.utf8 {
        guard next < bytes.count, bytes[next] == byte else { throw error("\(text) would fit") }
        next += 1
      }
      return value
    }

    private mutating func number() throws -> JSON {
      let start = next
      var isWhole = true
      var magnitude = 0
      var overflows = false
      if bytes[next] == UInt8(ascii: "-") { next += 1 }
      if next < bytes.count, bytes[next] == UInt8(ascii: "I") { return try word("Infinity", .number(-.infinity)) }
      let digits = next
      scan: while next < bytes.count {
        switch bytes[next] {
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
          if isWhole {
            let (product, high) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(bytes[next] - UInt8(ascii: "0")))
            magnitude = sum
            if high || carry { overflows = true }
          }
        case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"): isWhole = false
        default: break scan
        }
        next += 1
      }
      if next == digits { throw error("a digit would fit") }
      if isWhole && !overflows { return .integer(digits > start ? -magnitude : magnitude) }
      let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<next]), as: UTF8.self)
      guard let value = Double(text) else {
        next = start
        throw error("\(text.prefix(40)) is no number")
      }
      return .number(value)
    }

    private mutating func array(depth: Int) throws -> [JSON] {
      next += 1
      var list: [JSON] = []
      skipBlanks()
      if next < bytes.count, bytes[next] == UInt8(ascii: "]") {
        next += 1
        return list
      }
      while true {
        list.append(try value(depth: depth + 1))
        if try !another(before: UInt8(ascii: "]")) { return list }
      }
    }

    private mutating func object(depth: Int) throws -> JSONObject {
      next += 1
      var object = JSONObject()
      skipBlanks()
      if next < bytes.count, bytes[next] == UInt8(ascii: "}") {
        next += 1
        return object
      }
      while true {
        skipBlanks()
        guard next < bytes.count, bytes[next] == UInt8(ascii: "\"") else { throw error("a key in quotation marks would fit") }
        let key = try string()
        skipBlanks()
        guard next < bytes.count, bytes[next] == UInt8(ascii: ":") else { throw error("a colon would fit") }
        next += 1
        object.entries.append((key, try value(depth: depth + 1)))
        if try !another(before: UInt8(ascii: "}")) { return object }
      }
    }

    private mutating func another(before end: UInt8) throws -> Bool {
      skipBlanks()
      guard next < bytes.count else { throw error("") }
      let byte = bytes[next]
      guard byte == end || byte == UInt8(ascii: ",") else { throw error("a comma or the end would fit") }
      next += 1
      return byte != end
    }

    private mutating func string() throws -> String {
      next += 1
      let start = next
      while next < bytes.count, bytes[next] != UInt8(ascii: "\""), bytes[next] != UInt8(ascii: "\\") { next += 1 }
      guard next < bytes.count else { throw error("") }
      if bytes[next] == UInt8(ascii: "\"") {
        defer { next += 1 }
        return String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<next]), as: UTF8.self)
      }
      var text = Array(bytes[start..<next])
      while next < bytes.count, bytes[next] != UInt8(ascii: "\"") {
        if bytes[next] != UInt8(ascii: "\\") {
          text.append(bytes[next])
          next += 1
          continue
        }
        next += 1
        guard next < bytes.count else { throw error("") }
        let escape = bytes[next]
        next += 1
        switch escape {
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
        case UInt8(ascii: "u"): text.append(contentsOf: Array(String(try escapedScalar()).utf8))
        default: throw error("no escape of JSON")
        }
      }
      guard next < bytes.count else { throw error("") }
      next += 1
      return String(decoding: text, as: UTF8.self)
    }

    /// What follows `\u`; a pair of surrogates is one scalar, one alone stands for nothing.
    private mutating func escapedScalar() throws -> Character {
      let first = try hexadecimal()
      if (0xD800..<0xDC00).contains(first), next + 1 < bytes.count, bytes[next] == UInt8(ascii: "\\"), bytes[next + 1] == UInt8(ascii: "u")
      {
        next += 2
        let second = try hexadecimal()
        guard (0xDC00..<0xE000).contains(second), let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) else {
          throw error("half of a pair of surrogates")
        }
        return Character(scalar)
      }
      guard let scalar = Unicode.Scalar(first) else { throw error("half of a pair of surrogates") }
      return Character(scalar)
    }

    private mutating func hexadecimal() throws -> UInt32 {
      var value: UInt32 = 0
      for _ in 0..<4 {
        guard next < bytes.count, let digit = Character(Unicode.Scalar(bytes[next])).hexDigitValue else {
          throw error("four hexadecimal digits would fit")
        }
        value = value << 4 | UInt32(digit)
        next += 1
      }
      return value
    }
  }
}
