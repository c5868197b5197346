/// A value in a chat template: what messages, tools and other variables are made of.
public enum TemplateValue: Sendable, ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  case undefined
  case none
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case list([TemplateValue])
  /// Keys and values in order.
  case object([(key: String, value: TemplateValue)])
  /// A namespace: its place in the run's list.
  case namespace(Int)
  /// A macro: its place in the run's list.
  case macro(Int)
  /// A function of the engine, by its name.
  case function(String)

  /// A text.
  public init(stringLiteral value: String) { self = .string(value) }
  /// True or false.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// A whole number.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// A list.
  public init(arrayLiteral elements: TemplateValue...) { self = .list(elements) }
  /// An object with its keys in order.
  public init(dictionaryLiteral elements: (String, TemplateValue)...) { self = .object(elements.map { (key: $0.0, value: $0.1) }) }
  /// None.
  public init(nilLiteral: ()) { self = .none }

  init(_ json: JSON) {
    switch json {
    case .null: self = .none
    case .bool(let value): self = .bool(value)
    case .integer(let value): self = .integer(value)
    case .number(let value): self = .number(value)
    case .string(let text): self = .string(text)
    case .array(let list): self = .list(list.map { TemplateValue($0) })
    case .object(let object): self = .object(object.entries.map { (key: $0.key, value: TemplateValue($0.value)) })
    }
  }

  var isTrue: Bool {
    switch self {
    case .undefined, .none: false
    case .bool(let value): value
    case .integer(let value): value != 0
    case .number(let value): value != 0
    case .string(let text): !text.isEmpty
    case .list(let list): !list.isEmpty
    case .object(let entries): !entries.isEmpty
    case .namespace, .macro, .function: true
    }
  }

  var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  var int: Int? {
    switch self {
    case .integer(let value): value
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  /// As Python prints it.
  var text: String {
    switch self {
    case .undefined: ""
    case .none: "None"
    case .bool(let value): value ? "True" : "False"
    case .integer(let value): String(value)
    case .number(let value): Self.text(value)
    case .string(let text): text
    case .list(let list): "[\(list.map(\.quoted).joined(separator: ", "))]"
    case .object(let entries): "{\(entries.map { "\(TemplateValue.string($0.key).quoted): \($0.value.quoted)" }.joined(separator: ", "))}"
    case .namespace: "<Namespace>"
    case .macro: "<Macro>"
    case .function(let name): "<function \(name)>"
    }
  }

  private var quoted: String {
    guard case .string(let text) = self else { return self.text }
    let mark: Character = text.contains("'") && !text.contains("\"") ? "\"" : "'"
    var made = String(mark)
    for character in text {
      switch character {
      case "\\": made += "\\\\"
      case "\n": made += "\\n"
      case "\t": made += "\\t"
      case "\r": made += "\\r"
      case mark: made += "\\\(mark)"
      default: made.append(character)
      }
    }
    return made + String(mark)
  }

  private static func text(_ value: Double) -> String {
    value == value.rounded() && value.magnitude < 1e16 ? "\(Int(value)).0" : "\(value)"
  }

  /// As Python's `json.dumps(…, ensure_ascii=False)` writes it; with an indent, a line an entry.
  func json(indent: Int?, depth: Int = 0) -> String {
    let (line, inner) = (
      indent.map { "\n" + String(repeating: " ", count: $0 * depth) }, indent.map { "\n" + String(repeating: " ", count: $0 * (depth + 1)) }
    )
    switch self {
    case .undefined, .none, .namespace, .macro, .function: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .integer, .number: return text
    case .string(let text):
      var made = "\""
      for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": made += "\\\""
        case "\\": made += "\\\\"
        case "\n": made += "\\n"
        case "\r": made += "\\r"
        case "\t": made += "\\t"
        case "\u{8}": made += "\\b"
        case "\u{c}": made += "\\f"
        case "\u{0}"..."\u{1f}":
          let digits = String(scalar.value, radix: 16)
          made += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: made.unicodeScalars.append(scalar)
        }
      }
      return made + "\""
    case .list(let list):
      if list.isEmpty { return "[]" }
      let parts = list.map { $0.json(indent: indent, depth: depth + 1) }
      return inner.map { "[\($0)\(parts.joined(separator: "," + $0))\(line ?? "")]" } ?? "[\(parts.joined(separator: ", "))]"
    case .object(let entries):
      if entries.isEmpty { return "{}" }
      let parts = entries.map { "\(TemplateValue.string($0.key).json(indent: nil)): \($0.value.json(indent: indent, depth: depth + 1))" }
      return inner.map { "{\($0)\(parts.joined(separator: "," + $0))\(line ?? "")}" } ?? "{\(parts.joined(separator: ", "))}"
    }
  }

  static func equal(_ a: TemplateValue, _ b: TemplateValue) -> Bool {
    switch (a, b) {
    case (.undefined, .undefined), (.none, .none): true
    case (.string(let x), .string(let y)): x.utf8.elementsEqual(y.utf8)
    case (.list(let x), .list(let y)): x.count == y.count && zip(x, y).allSatisfy { equal($0, $1) }
    case (.object(let x), .object(let y)):
      x.count == y.count && x.allSatisfy { entry in y.contains { $0.key == entry.key && equal($0.value, entry.value) } }
    case (.namespace(let x), .namespace(let y)): x == y
    default: a.double != nil && a.double == b.double
    }
  }
}
