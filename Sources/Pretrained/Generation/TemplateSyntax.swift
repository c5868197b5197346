/// The parts of a template.
indirect enum TemplateNode: Sendable {
  case text(String)
  case output(TemplateExpression)
  case branch([(condition: TemplateExpression?, body: [TemplateNode])])
  case loop(names: [String], over: TemplateExpression, filter: TemplateExpression?, body: [TemplateNode], otherwise: [TemplateNode])
  case set([TemplateTarget], TemplateExpression)
  case setBlock(TemplateTarget, [TemplateNode])
  case macro(name: String, parameters: [(name: String, standard: TemplateExpression?)], body: [TemplateNode])
  case stop
  case next
}

/// What a set statement gives a value to.
enum TemplateTarget: Sendable {
  case name(String)
  case attribute(String, String)
}

indirect enum TemplateExpression: Sendable {
  case value(TemplateValue)
  case name(String)
  case attribute(TemplateExpression, String)
  case index(TemplateExpression, TemplateExpression)
  case slice(TemplateExpression, TemplateExpression?, TemplateExpression?, TemplateExpression?)
  case call(TemplateExpression, [TemplateExpression], [(name: String, value: TemplateExpression)])
  case filter(TemplateExpression, String, [TemplateExpression], [(name: String, value: TemplateExpression)])
  case test(TemplateExpression, String, [TemplateExpression], isNegated: Bool)
  case unary(String, TemplateExpression)
  case binary(String, TemplateExpression, TemplateExpression)
  case choice(TemplateExpression, TemplateExpression, TemplateExpression?)
  case list([TemplateExpression])
  case object([(key: TemplateExpression, value: TemplateExpression)])
}

/// What a template has that is not there, or what is wrong with it: one sentence.
public struct TemplateError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The sentence.
  public let description: String
  init(_ message: String) { description = "chat template: " + message }
}

/// Reads Jinja's syntax, with `trim_blocks` and `lstrip_blocks` as transformers has them.
struct TemplateParser {
  enum Token: Equatable {
    case text(String)
    case name(String)
    case string(String)
    case integer(Int)
    case number(Double)
    case sign(String)
    case openOutput, closeOutput, openBlock, closeBlock
    case end
  }

  private var tokens: [Token] = []
  private var next = 0
  private var depth = 0

  /// How deep expressions and blocks nest at most.
  private static let deepest = 100

  static func parse(_ source: String) throws(TemplateError) -> [TemplateNode] {
    var parser = TemplateParser()
    try parser.scan(Array(source.unicodeScalars))
    let (nodes, end) = try parser.body(until: [])
    if let end { throw TemplateError("the tag \(end) without its beginning") }
    return nodes
  }

  // MARK: Tokens

  private mutating func scan(_ source: [Unicode.Scalar]) throws(TemplateError) {
    var i = 0
    var text = String.UnicodeScalarView()
    func starts(_ sign: String) -> Bool {
      let scalars = Array(sign.unicodeScalars)
      return i + scalars.count <= source.count && source[i..<i + scalars.count].elementsEqual(scalars)
    }
    func flush(stripsAll: Bool, stripsLine: Bool) {
      if stripsAll {
        while let last = text.last, last.properties.isWhitespace { text.removeLast() }
      } else if stripsLine {
        // Blanks between the line's beginning and a block are gone.
        var place = text.endIndex
        while place > text.startIndex {
          let before = text.index(before: place)
          if text[before] != " " && text[before] != "\t" { break }
          place = before
        }
        let isLineStart = place == text.startIndex ? tokens.isEmpty || endsLine : text[text.index(before: place)] == "\n"
        if isLineStart { text.removeSubrange(place..<text.endIndex) }
      }
      if !text.isEmpty { tokens.append(.text(String(text))) }
      text = String.UnicodeScalarView()
    }
    var endsLine = true
    while i < source.count {
      guard source[i] == "{", i + 1 < source.count, source[i + 1] == "{" || source[i + 1] == "%" || source[i + 1] == "#" else {
        text.append(source[i])
        i += 1
        continue
      }
      let kind = source[i + 1]
      i += 2
      let strips = i < source.count && (source[i] == "-" || source[i] == "+")
      let stripsAll = i < source.count && source[i] == "-"
      flush(stripsAll: stripsAll, stripsLine: kind != "{" && !strips)
      if strips { i += 1 }
      if kind == "#" {
        while i < source.count, !starts("#}") { i += 1 }
        guard i < source.count else { throw TemplateError("a comment that does not end") }
        let trims = i > 0 && source[i - 1] == "-"
        i += 2
        endsLine = skip(source, &i, all: trims, line: !trims)
        continue
      }
      tokens.append(kind == "{" ? .openOutput : .openBlock)
      let trims = try inside(source, &i, isOutput: kind == "{")
      endsLine = skip(source, &i, all: trims == "-", line: kind == "%" && trims != "+")
    }
    // A line break at the very end is not kept.
    if text.last == "\n" { text.removeLast() }
    flush(stripsAll: false, stripsLine: false)
    tokens.append(.end)
  }

  /// Leaves out blanks, or one line break, behind a block; whether a line begins there.
  private func skip(_ source: [Unicode.Scalar], _ i: inout Int, all: Bool, line: Bool) -> Bool {
    if all {
      while i < source.count, source[i].properties.isWhitespace { i += 1 }
      return false
    }
    guard line, i < source.count, source[i] == "\n" else { return false }
    i += 1
    return true
  }

  /// The tokens of an expression or a block; the sign before its end.
  private mutating func inside(_ source: [Unicode.Scalar], _ i: inout Int, isOutput: Bool) throws(TemplateError) -> Unicode.Scalar? {
    let close: Unicode.Scalar = isOutput ? "}" : "%"
    var braces = 0
    while i < source.count {
      let scalar = source[i]
      if scalar.properties.isWhitespace {
        i += 1
        continue
      }
      let isMark = scalar == "-" || scalar == "+"
      if braces == 0, isMark, i + 2 < source.count, source[i + 1] == close, source[i + 2] == "}" {
        tokens.append(isOutput ? .closeOutput : .closeBlock)
        i += 3
        return scalar
      }
      if braces == 0, scalar == close, i + 1 < source.count, source[i + 1] == "}" {
        tokens.append(isOutput ? .closeOutput : .closeBlock)
        i += 2
        return nil
      }
      if scalar == "\"" || scalar == "'" {
        tokens.append(.string(try string(source, &i)))
      } else if scalar.properties.isAlphabetic || scalar == "_" {
        var name = String.UnicodeScalarView()
        while i < source.count, source[i].properties.isAlphabetic || source[i] == "_" || source[i].properties.numericType == .decimal {
          name.append(source[i])
          i += 1
        }
        tokens.append(.name(String(name)))
      } else if ("0"..."9").contains(scalar) {
        var digits = ""
        while i < source.count,
          ("0"..."9").contains(source[i]) || source[i] == "_"
            || source[i] == "." && i + 1 < source.count && ("0"..."9").contains(source[i + 1])
        {
          if source[i] != "_" { digits.unicodeScalars.append(source[i]) }
          i += 1
        }
        // An exponent: e5, E-3.
        if i < source.count, source[i] == "e" || source[i] == "E" {
          var end = i + 1
          if end < source.count, source[end] == "+" || source[end] == "-" { end += 1 }
          let start = end
          while end < source.count, ("0"..."9").contains(source[end]) { end += 1 }
          if end > start {
            digits.unicodeScalars.append(contentsOf: source[i..<end])
            i = end
          }
        }
        if let value = Int(digits) {
          tokens.append(.integer(value))
        } else if let value = Double(digits) {
          tokens.append(.number(value))
        } else {
          throw TemplateError("the number \(digits)")
        }
      } else {
        let two = i + 1 < source.count ? String(String.UnicodeScalarView([scalar, source[i + 1]])) : ""
        if ["==", "!=", "<=", ">=", "//", "**"].contains(two) {
          tokens.append(.sign(two))
          i += 2
        } else if "+-*/%~<>=()[]{},.:|".unicodeScalars.contains(scalar) {
          if scalar == "{" { braces += 1 }
          if scalar == "}" { braces -= 1 }
          tokens.append(.sign(String(Character(scalar))))
          i += 1
        } else {
          throw TemplateError("the character \(scalar) in an expression")
        }
      }
    }
    throw TemplateError("a tag that is not closed")
  }

  private func string(_ source: [Unicode.Scalar], _ i: inout Int) throws(TemplateError) -> String {
    let quote = source[i]
    i += 1
    var text = String.UnicodeScalarView()
    while i < source.count, source[i] != quote {
      if source[i] == "\\", i + 1 < source.count {
        i += 1
        switch source[i] {
        case "n": text.append("\n")
        case "t": text.append("\t")
        case "r": text.append("\r")
        case "\\", "'", "\"": text.append(source[i])
        case "u":
          let digits = String(String.UnicodeScalarView(source[min(i + 1, source.count)..<min(i + 5, source.count)]))
          guard digits.utf8.count == 4, let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value) else {
            throw TemplateError("the escape \\u\(digits)")
          }
          text.append(scalar)
          i += 4
        default:
          text.append("\\")
          text.append(source[i])
        }
      } else {
        text.append(source[i])
      }
      i += 1
    }
    guard i < source.count else { throw TemplateError("a text in quotation marks that does not end") }
    i += 1
    return String(text)
  }

  // MARK: Blocks

  private var token: Token { next < tokens.count ? tokens[next] : .end }

  private mutating func take(_ wanted: Token) -> Bool {
    if token != wanted { return false }
    next += 1
    return true
  }

  private mutating func expect(_ wanted: Token, _ text: String) throws(TemplateError) {
    if token == .sign("**") { throw TemplateError("the operator ** is not there") }
    if !take(wanted) { throw TemplateError("\(text) is missing") }
  }

  private mutating func name() throws(TemplateError) -> String {
    guard case .name(let name) = token else { throw TemplateError("a name is missing") }
    next += 1
    return name
  }

  /// What stands up to one of some tags, and that tag, behind whose name it goes on.
  private mutating func body(until ends: [String]) throws(TemplateError) -> ([TemplateNode], String?) {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.deepest { throw TemplateError("blocks nest deeper than \(Self.deepest)") }
    var nodes: [TemplateNode] = []
    while true {
      switch token {
      case .end:
        if !ends.isEmpty { throw TemplateError("\(ends.last ?? "an end") is missing") }
        return (nodes, nil)
      case .text(let text):
        next += 1
        nodes.append(.text(text))
      case .openOutput:
        next += 1
        nodes.append(.output(try expression()))
        try expect(.closeOutput, "}}")
      case .openBlock:
        next += 1
        let tag = try name()
        if ends.contains(tag) { return (nodes, tag) }
        if let node = try block(tag) { nodes.append(node) }
      default: throw TemplateError("an expression outside of braces")
      }
    }
  }

  private mutating func block(_ tag: String) throws(TemplateError) -> TemplateNode? {
    switch tag {
    case "if":
      var branches: [(condition: TemplateExpression?, body: [TemplateNode])] = []
      var condition: TemplateExpression? = try expression()
      while true {
        try expect(.closeBlock, "%}")
        let (nodes, end) = try body(until: condition == nil ? ["endif"] : ["elif", "else", "endif"])
        branches.append((condition, nodes))
        if end == "elif" { condition = try expression() } else if end == "else" { condition = nil } else { break }
      }
      try expect(.closeBlock, "%}")
      return .branch(branches)
    case "for":
      var names = [try name()]
      while take(.sign(",")) { names.append(try name()) }
      guard take(.name("in")) else { throw TemplateError("for without in") }
      let list = try or()
      let filter = take(.name("if")) ? try expression() : nil
      if take(.name("recursive")) { throw TemplateError("the tag for … recursive is not supported") }
      try expect(.closeBlock, "%}")
      let (nodes, end) = try body(until: ["else", "endfor"])
      var otherwise: [TemplateNode] = []
      if end == "else" {
        try expect(.closeBlock, "%}")
        otherwise = try body(until: ["endfor"]).0
      }
      try expect(.closeBlock, "%}")
      return .loop(names: names, over: list, filter: filter, body: nodes, otherwise: otherwise)
    case "set":
      var targets: [TemplateTarget] = []
      repeat {
        let first = try name()
        targets.append(take(.sign(".")) ? .attribute(first, try name()) : .name(first))
      } while take(.sign(","))
      if take(.sign("=")) {
        var value = try expression()
        if take(.sign(",")) {
          var values = [value, try expression()]
          while take(.sign(",")) { values.append(try expression()) }
          value = .list(values)
        }
        try expect(.closeBlock, "%}")
        return .set(targets, value)
      }
      try expect(.closeBlock, "%}")
      let nodes = try body(until: ["endset"]).0
      try expect(.closeBlock, "%}")
      return .setBlock(targets[0], nodes)
    case "macro":
      let name = try name()
      try expect(.sign("("), "(")
      var parameters: [(name: String, standard: TemplateExpression?)] = []
      while !take(.sign(")")) {
        let parameter = try self.name()
        parameters.append((parameter, take(.sign("=")) ? try expression() : nil))
        if !take(.sign(",")) {
          try expect(.sign(")"), ")")
          break
        }
      }
      try expect(.closeBlock, "%}")
      let nodes = try body(until: ["endmacro"]).0
      try expect(.closeBlock, "%}")
      return .macro(name: name, parameters: parameters, body: nodes)
    case "break", "continue":
      try expect(.closeBlock, "%}")
      return tag == "break" ? .stop : .next
    case "generation", "endgeneration":
      // Marks what is trained on; it writes nothing.
      try expect(.closeBlock, "%}")
      return nil
    default: throw TemplateError("the tag \(tag) is not supported; if, for, set, macro, break, continue and generation are there")
    }
  }

  // MARK: Expressions

  private mutating func expression() throws(TemplateError) -> TemplateExpression {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.deepest { throw TemplateError("expressions nest deeper than \(Self.deepest)") }
    let value = try or()
    guard take(.name("if")) else { return value }
    let condition = try or()
    return .choice(condition, value, take(.name("else")) ? try expression() : nil)
  }

  private mutating func or() throws(TemplateError) -> TemplateExpression {
    var left = try and()
    while take(.name("or")) { left = .binary("or", left, try and()) }
    return left
  }

  private mutating func and() throws(TemplateError) -> TemplateExpression {
    var left = try not()
    while take(.name("and")) { left = .binary("and", left, try not()) }
    return left
  }

  private mutating func not() throws(TemplateError) -> TemplateExpression {
    guard take(.name("not")) else { return try comparison() }
    depth += 1
    defer { depth -= 1 }
    if depth > Self.deepest { throw TemplateError("expressions nest deeper than \(Self.deepest)") }
    return .unary("not", try not())
  }

  private mutating func comparison() throws(TemplateError) -> TemplateExpression {
    var left = try sum()
    while true {
      if case .sign(let sign) = token, ["==", "!=", "<", ">", "<=", ">="].contains(sign) {
        next += 1
        left = .binary(sign, left, try sum())
      } else if take(.name("in")) {
        left = .binary("in", left, try sum())
      } else if token == .name("not"), next + 1 < tokens.count, tokens[next + 1] == .name("in") {
        next += 2
        left = .unary("not", .binary("in", left, try sum()))
      } else {
        return left
      }
    }
  }

  private mutating func sum() throws(TemplateError) -> TemplateExpression {
    var left = try concatenation()
    while case .sign(let sign) = token, sign == "+" || sign == "-" {
      next += 1
      left = .binary(sign, left, try concatenation())
    }
    return left
  }

  private mutating func concatenation() throws(TemplateError) -> TemplateExpression {
    var left = try product()
    while take(.sign("~")) { left = .binary("~", left, try product()) }
    return left
  }

  private mutating func product() throws(TemplateError) -> TemplateExpression {
    var left = try unary()
    while case .sign(let sign) = token, ["*", "/", "//", "%"].contains(sign) {
      next += 1
      left = .binary(sign, left, try unary())
    }
    return left
  }

  private mutating func unary() throws(TemplateError) -> TemplateExpression {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.deepest { throw TemplateError("expressions nest deeper than \(Self.deepest)") }
    if take(.sign("-")) { return .unary("-", try unary()) }
    if take(.sign("+")) { return try unary() }
    return try filtered(try postfix(try primary()))
  }

  private mutating func postfix(_ start: TemplateExpression) throws(TemplateError) -> TemplateExpression {
    var value = start
    while true {
      if take(.sign(".")) {
        if case .integer(let index) = token {
          next += 1
          value = .index(value, .value(.integer(index)))
        } else {
          value = .attribute(value, try name())
        }
      } else if take(.sign("[")) {
        value = try subscripted(value)
      } else if take(.sign("(")) {
        let (arguments, named) = try arguments()
        value = .call(value, arguments, named)
      } else {
        return value
      }
    }
  }

  private mutating func subscripted(_ value: TemplateExpression) throws(TemplateError) -> TemplateExpression {
    var parts: [TemplateExpression?] = []
    var current: TemplateExpression?
    var colons = 0
    while !take(.sign("]")) {
      if take(.sign(":")) {
        parts.append(current)
        current = nil
        colons += 1
      } else {
        if current != nil { throw TemplateError("] is missing") }
        current = try expression()
      }
    }
    parts.append(current)
    if colons == 0 {
      guard let index = current else { throw TemplateError("an index is missing") }
      return .index(value, index)
    }
    guard parts.count <= 3 else { throw TemplateError("a slice of more than three parts") }
    return .slice(value, parts[0], parts.count > 1 ? parts[1] : nil, parts.count > 2 ? parts[2] : nil)
  }

  private mutating func arguments() throws(TemplateError) -> ([TemplateExpression], [(name: String, value: TemplateExpression)]) {
    var (plain, named): ([TemplateExpression], [(name: String, value: TemplateExpression)]) = ([], [])
    while !take(.sign(")")) {
      if case .name(let name) = token, next + 1 < tokens.count, tokens[next + 1] == .sign("=") {
        next += 2
        named.append((name, try expression()))
      } else {
        plain.append(try expression())
      }
      if !take(.sign(",")) {
        try expect(.sign(")"), ")")
        break
      }
    }
    return (plain, named)
  }

  private mutating func filtered(_ start: TemplateExpression) throws(TemplateError) -> TemplateExpression {
    var value = start
    while true {
      if take(.sign("|")) {
        let name = try name()
        let (plain, named) = take(.sign("(")) ? try arguments() : ([], [])
        value = try postfix(.filter(value, name, plain, named))
      } else if take(.name("is")) {
        let isNegated = take(.name("not"))
        let name = try name()
        var arguments: [TemplateExpression] = []
        if take(.sign("(")) {
          arguments = try self.arguments().0
        } else {
          switch token {
          case .string, .integer, .number: arguments = [try primary()]
          default: break
          }
        }
        value = .test(value, name, arguments, isNegated: isNegated)
      } else {
        return value
      }
    }
  }

  private mutating func primary() throws(TemplateError) -> TemplateExpression {
    let token = token
    next += 1
    switch token {
    case .string(let text):
      var whole = text
      while case .string(let more) = self.token {
        whole += more
        next += 1
      }
      return .value(.string(whole))
    case .integer(let value): return .value(.integer(value))
    case .number(let value): return .value(.number(value))
    case .name(let name):
      switch name {
      case "true", "True": return .value(.bool(true))
      case "false", "False": return .value(.bool(false))
      case "none", "None": return .value(.none)
      default: return .name(name)
      }
    case .sign("("):
      var values = [try expression()]
      var isTuple = false
      while take(.sign(",")) {
        isTuple = true
        if self.token == .sign(")") { break }
        values.append(try expression())
      }
      try expect(.sign(")"), ")")
      return isTuple ? .list(values) : values[0]
    case .sign("["):
      var values: [TemplateExpression] = []
      while !take(.sign("]")) {
        values.append(try expression())
        if !take(.sign(",")) {
          try expect(.sign("]"), "]")
          break
        }
      }
      return .list(values)
    case .sign("{"):
      var entries: [(key: TemplateExpression, value: TemplateExpression)] = []
      while !take(.sign("}")) {
        let key = try expression()
        try expect(.sign(":"), ":")
        entries.append((key, try expression()))
        if !take(.sign(",")) {
          try expect(.sign("}"), "}")
          break
        }
      }
      return .object(entries)
    default: throw TemplateError("a value is missing")
    }
  }
}
