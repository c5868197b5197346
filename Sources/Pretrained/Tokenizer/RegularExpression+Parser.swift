extension RegularExpression {
  /// Reads a pattern in the syntax that Oniguruma and others share.
  struct Parser {
    private let text: [UInt32]
    private var next = 0
    private var ignoresCase = false
    private var depth = 0
    private(set) var classes: [Class] = []

    init(_ pattern: String) { text = pattern.unicodeScalars.map(\.value) }

    mutating func parse() throws(Problem) -> Node {
      let node = try choice()
      if next < text.count { throw Problem("a closing parenthesis without an opening one") }
      return node
    }

    private func isNext(_ scalar: Unicode.Scalar, _ ahead: Int = 0) -> Bool {
      next + ahead < text.count && text[next + ahead] == scalar.value
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
      if !isNext(scalar) { return false }
      next += 1
      return true
    }

    private mutating func choice() throws(Problem) -> Node {
      depth += 1
      defer { depth -= 1 }
      if depth > 100 { throw Problem("groups nest deeper than 100") }
      var nodes = [try sequence()]
      while take("|") { nodes.append(try sequence()) }
      return nodes.count == 1 ? nodes[0] : .choice(nodes)
    }

    private mutating func sequence() throws(Problem) -> Node {
      var nodes: [Node] = []
      while next < text.count, !isNext("|"), !isNext(")") {
        if let node = try atom() { nodes.append(try quantified(node)) }
      }
      return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func quantified(_ body: Node) throws(Problem) -> Node {
      var node = body
      while next < text.count {
        var (least, most): (Int, Int?) = (0, nil)
        if take("*") {
        } else if take("+") {
          least = 1
        } else if take("?") {
          most = 1
        } else if isNext("{"), let counts = counts() {
          (least, most) = counts
        } else {
          break
        }
        if let most, most < least { throw Problem("a repetition of \(least) to \(most) times") }
        if least > 1000 || most ?? 0 > 1000 { throw Problem("a repetition of more than 1000 times") }
        let kind: Repetition = take("?") ? .lazy : take("+") ? .possessive : .greedy
        node = .repeated(node, least: least, most: most, kind: kind)
      }
      return node
    }

    /// `{2}`, `{2,}`, `{2,3}`, `{,3}`; nil, and nothing taken, if it is a brace alone.
    private mutating func counts() -> (Int, Int?)? {
      var place = next + 1
      func number() -> Int? {
        var value: Int?
        while place < text.count, (48...57).contains(text[place]) {
          value = min(100_000, (value ?? 0) * 10 + Int(text[place] - 48))
          place += 1
        }
        return value
      }
      let least = number()
      var most = least
      if place < text.count, text[place] == 0x2C {
        place += 1
        most = number()
        if least == nil && most == nil { return nil }
      }
      guard place < text.count, text[place] == 0x7D, least != nil || most != nil else { return nil }
      next = place + 1
      return (least ?? 0, most)
    }

    private mutating func set(_ items: [Class.Item], isNegated: Bool = false) -> Node {
      var made = Class(items: items, isNegated: isNegated)
      made.ignoresCase = ignoresCase
      classes.append(made)
      return .set(classes.count - 1)
    }

    private mutating func atom() throws(Problem) -> Node? {
      let scalar = text[next]
      next += 1
      switch Unicode.Scalar(scalar) {
      case "(": return try group()
      case "[":
        let made = try bracket()
        classes.append(made)
        return .set(classes.count - 1)
      case ".": return set([.range(0x0A, 0x0A)], isNegated: true)
      case "^": return .anchor(.lineStart)
      case "$": return .anchor(.lineEnd)
      case "\\": return try escape()
      case "*", "+", "?": throw Problem("a repetition of nothing")
      default: return .scalar(scalar, ignoresCase: ignoresCase)
      }
    }

    private mutating func group() throws(Problem) -> Node? {
      let outer = ignoresCase
      defer { ignoresCase = outer }
      func closed(_ node: Node) throws(Problem) -> Node {
        guard take(")") else { throw Problem("a parenthesis that is not closed") }
        return node
      }
      guard take("?") else { return try closed(try choice()) }
      if take(":") { return try closed(try choice()) }
      if take("=") { return try closed(.look(try choice(), isAhead: true, isNegated: false)) }
      if take("!") { return try closed(.look(try choice(), isAhead: true, isNegated: true)) }
      if take(">") { return try closed(.atomic(try choice())) }
      if isNext("<"), isNext("=", 1) || isNext("!", 1) {
        let isNegated = isNext("!", 1)
        next += 2
        return try closed(.look(try choice(), isAhead: false, isNegated: isNegated))
      }
      if isNext("<") || isNext("P") && isNext("<", 1) {
        while next < text.count, !isNext(">") { next += 1 }
        next += 1
        return try closed(try choice())
      }
      // Flags, for the group or for the rest of the enclosing one.
      var isOn = true
      while next < text.count, !isNext(":"), !isNext(")") {
        switch Unicode.Scalar(text[next]) {
        case "-": isOn = false
        case "i": ignoresCase = isOn
        case "u", "U": break
        default:
          throw Problem("the group (?\(text[next...].prefix(4).compactMap { Unicode.Scalar($0).map { String(Character($0)) } }.joined())")
        }
        next += 1
      }
      if take(":") { return try closed(try choice()) }
      guard take(")") else { throw Problem("a parenthesis that is not closed") }
      // Up to the end of the enclosing group.
      return try choice()
    }

    private mutating func escape() throws(Problem) -> Node {
      guard next < text.count else { throw Problem("a backslash at the end") }
      if let item = try classItem() { return set([item]) }
      let scalar = text[next]
      switch Unicode.Scalar(scalar) {
      case "b": next += 1; return .anchor(.boundary)
      case "B": next += 1; return .anchor(.noBoundary)
      case "A": next += 1; return .anchor(.textStart)
      case "z": next += 1; return .anchor(.textEnd)
      case "Z": next += 1; return .anchor(.textEndOrBreak)
      default: return .scalar(try escapedScalar(), ignoresCase: ignoresCase)
      }
    }

    /// `\s`, `\p{L}` and so on, behind the backslash; nil, and nothing taken, if it is none of these.
    private mutating func classItem() throws(Problem) -> Class.Item? {
      switch Unicode.Scalar(text[next]) {
      case "s": next += 1; return .property(ScalarProperties.whitespace, isNegated: false)
      case "S": next += 1; return .property(ScalarProperties.whitespace, isNegated: true)
      case "w": next += 1; return .property(ScalarProperties.word, isNegated: false)
      case "W": next += 1; return .property(ScalarProperties.word, isNegated: true)
      case "d": next += 1; return .categories(1 << 8, isNegated: false)
      case "D": next += 1; return .categories(1 << 8, isNegated: true)
      case "p", "P":
        var isNegated = text[next] == 0x50
        next += 1
        var name = ""
        if take("{") {
          if take("^") { isNegated.toggle() }
          while next < text.count, !isNext("}") {
            name.unicodeScalars.append(Unicode.Scalar(text[next]) ?? "?")
            next += 1
          }
          guard take("}") else { throw Problem("\\p{\(name) is not closed") }
        } else if next < text.count {
          name.unicodeScalars.append(Unicode.Scalar(text[next]) ?? "?")
          next += 1
        }
        return try property(name, isNegated: isNegated)
      default: return nil
      }
    }

    private func property(_ written: String, isNegated: Bool) throws(Problem) -> Class.Item {
      var name = written.filter { $0 != "_" && $0 != " " && $0 != "-" }.lowercased()
      for prefix in ["generalcategory=", "gc=", "is"] where name.hasPrefix(prefix) { name = String(name.dropFirst(prefix.count)) }
      let long = [
        "letter": "l", "mark": "m", "number": "n", "punctuation": "p", "punct": "p", "symbol": "s", "separator": "z", "other": "c",
        "uppercaseletter": "lu", "lowercaseletter": "ll", "titlecaseletter": "lt", "modifierletter": "lm", "otherletter": "lo",
        "decimalnumber": "nd", "digit": "nd", "control": "cc", "cntrl": "cc", "nonspacingmark": "mn",
      ]
      name = long[name] ?? name
      switch name {
      case "alpha", "alphabetic": return .property(ScalarProperties.alphabetic, isNegated: isNegated)
      case "space", "whitespace": return .property(ScalarProperties.whitespace, isNegated: isNegated)
      case "word": return .property(ScalarProperties.word, isNegated: isNegated)
      case "any": return .categories(.max, isNegated: isNegated)
      default: break
      }
      var bits: UInt32 = 0
      for (i, category) in ScalarProperties.categories.enumerated() {
        let category = category.lowercased()
        if category == name || category.prefix(1) == name || name == "lc" && ["lu", "ll", "lt"].contains(category) {
          bits |= 1 << UInt32(i)
        }
      }
      guard bits != 0 else { throw Problem("\\p{\(written)}; general categories, Alphabetic and White_Space are there") }
      return .categories(bits, isNegated: isNegated)
    }

    private mutating func escapedScalar() throws(Problem) -> UInt32 {
      let scalar = text[next]
      next += 1
      switch Unicode.Scalar(scalar) {
      case "n": return 0x0A
      case "r": return 0x0D
      case "t": return 0x09
      case "f": return 0x0C
      case "v": return 0x0B
      case "a": return 0x07
      case "e": return 0x1B
      case "0": return 0
      case "x":
        if take("{") {
          let value = hexadecimal(most: 8)
          guard let value, take("}") else { throw Problem("\\x{ without hexadecimal digits and a brace") }
          return value
        }
        guard let value = hexadecimal(most: 2) else { throw Problem("\\x without hexadecimal digits") }
        return value
      case "u":
        if take("{") {
          let value = hexadecimal(most: 8)
          guard let value, take("}") else { throw Problem("\\u{ without hexadecimal digits and a brace") }
          return value
        }
        guard let value = hexadecimal(most: 4) else { throw Problem("\\u without hexadecimal digits") }
        return value
      default:
        let isLetter = (0x41...0x5A).contains(scalar) || (0x61...0x7A).contains(scalar) || (0x31...0x39).contains(scalar)
        if isLetter { throw Problem("the escape \\\(Unicode.Scalar(scalar).map { String(Character($0)) } ?? "")") }
        return scalar
      }
    }

    private mutating func hexadecimal(most: Int) -> UInt32? {
      var value: UInt32?
      for _ in 0..<most {
        guard next < text.count, let scalar = Unicode.Scalar(text[next]), let digit = Character(scalar).hexDigitValue, scalar.isASCII else {
          break
        }
        value = (value ?? 0) &<< 4 | UInt32(digit)
        next += 1
      }
      return value
    }

    /// What follows an opening bracket, up to its end.
    private mutating func bracket() throws(Problem) -> Class {
      depth += 1
      defer { depth -= 1 }
      if depth > 100 { throw Problem("classes nest deeper than 100") }
      var made = Class()
      made.ignoresCase = ignoresCase
      made.isNegated = take("^")
      var isFirst = true
      while true {
        guard next < text.count else { throw Problem("a bracket that is not closed") }
        if isNext("]"), !isFirst {
          next += 1
          return made
        }
        isFirst = false
        if isNext("["), isNext(":", 1) {
          made.items.append(try posix())
          continue
        }
        if take("[") {
          made.items.append(.set(try bracket()))
          continue
        }
        if isNext("&"), isNext("&", 1) { throw Problem("the intersection of classes, &&") }
        let first: UInt32
        if take("\\") {
          guard next < text.count else { throw Problem("a backslash at the end") }
          if let item = try classItem() {
            made.items.append(item)
            continue
          }
          if take("b") { first = 0x08 } else { first = try escapedScalar() }
        } else {
          first = text[next]
          next += 1
        }
        guard isNext("-"), next + 1 < text.count, !isNext("]", 1) else {
          made.items.append(.range(first, first))
          continue
        }
        let dash = next
        next += 1
        var last: UInt32
        if take("\\") {
          guard next < text.count else { throw Problem("a backslash at the end") }
          let place = next
          if try classItem() != nil {
            // A class is no end of a range: the dash is itself.
            made.items.append(.range(first, first))
            made.items.append(.range(0x2D, 0x2D))
            next = place - 1
            continue
          }
          last = try escapedScalar()
        } else if isNext("[") {
          made.items.append(.range(first, first))
          made.items.append(.range(0x2D, 0x2D))
          continue
        } else {
          last = text[next]
          next += 1
        }
        if last < first { throw Problem("a range that ends before it begins, at \(dash)") }
        last = max(first, last)
        made.items.append(.range(first, last))
      }
    }

    private mutating func posix() throws(Problem) -> Class.Item {
      next += 2
      let isNegated = take("^")
      var name = ""
      while next < text.count, !isNext(":") {
        name.unicodeScalars.append(Unicode.Scalar(text[next]) ?? "?")
        next += 1
      }
      guard take(":"), take("]") else { throw Problem("[:\(name) is not closed") }
      switch name {
      case "alpha": return .property(ScalarProperties.alphabetic, isNegated: isNegated)
      case "digit": return .categories(1 << 8, isNegated: isNegated)
      case "space": return .property(ScalarProperties.whitespace, isNegated: isNegated)
      case "word": return .property(ScalarProperties.word, isNegated: isNegated)
      case "punct": return .property(ScalarProperties.punctuation, isNegated: isNegated)
      case "upper": return .categories(1, isNegated: isNegated)
      case "lower": return .categories(2, isNegated: isNegated)
      case "alnum":
        return .set(
          Class(
            items: [.property(ScalarProperties.alphabetic, isNegated: false), .categories(1 << 8, isNegated: false)], isNegated: isNegated))
      default: throw Problem("[:\(name):]")
      }
    }
  }
}
