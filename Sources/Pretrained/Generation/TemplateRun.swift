import Foundation

/// One run of a template: variables, what has been written, and how much it may still do.
struct TemplateRun {
  private(set) var output = ""
  private var scopes: [[String: TemplateValue]]
  private var namespaces: [[String: TemplateValue]] = []
  private var macros: [(parameters: [(name: String, standard: TemplateExpression?)], body: [TemplateNode])] = []
  private var steps = 1_000_000
  private var depth = 0
  /// How many bytes a template may write.
  private static let longestOutput = 1 << 26

  enum Flow { case on, stop, next }

  init(_ values: [String: TemplateValue]) { scopes = [values] }

  private mutating func step() throws(TemplateError) {
    steps -= 1
    if steps < 0 { throw TemplateError("it takes more than a million steps") }
  }

  private mutating func append(_ text: String) throws(TemplateError) {
    output += text
    if output.utf8.count > Self.longestOutput { throw TemplateError("it writes more than \(Self.longestOutput) bytes") }
  }

  private func find(_ name: String) -> TemplateValue {
    for scope in scopes.reversed() { if let value = scope[name] { return value } }
    switch name {
    case "raise_exception", "strftime_now", "range", "namespace", "dict": return .function(name)
    default: return .undefined
    }
  }

  mutating func write(_ nodes: [TemplateNode]) throws(TemplateError) -> Flow {
    depth += 1
    defer { depth -= 1 }
    if depth > 200 { throw TemplateError("its parts nest deeper than 200") }
    for node in nodes {
      try step()
      switch node {
      case .text(let text): try append(text)
      case .output(let expression): try append(value(expression).text)
      case .stop: return .stop
      case .next: return .next
      case .set(let targets, let expression):
        let value = try value(expression)
        if targets.count == 1 {
          try set(targets[0], value)
        } else {
          guard case .list(let list) = value, list.count == targets.count else {
            throw TemplateError("\(targets.count) variables are set to another number of values")
          }
          for (target, value) in zip(targets, list) { try set(target, value) }
        }
      case .setBlock(let target, let body):
        let text = try captured(body)
        try set(target, .string(text))
      case .macro(let name, let parameters, let body):
        macros.append((parameters, body))
        scopes[scopes.count - 1][name] = .macro(macros.count - 1)
      case .branch(let branches):
        for (condition, body) in branches {
          if let condition, try !value(condition).isTrue { continue }
          let flow = try write(body)
          if flow != .on { return flow }
          break
        }
      case .loop(let names, let list, let filter, let body, let otherwise):
        let flow = try loop(names, list, filter, body, otherwise)
        if flow != .on { return flow }
      }
    }
    return .on
  }

  private mutating func captured(_ body: [TemplateNode]) throws(TemplateError) -> String {
    let outer = output
    output = ""
    _ = try write(body)
    let text = output
    output = outer
    return text
  }

  private mutating func set(_ target: TemplateTarget, _ value: TemplateValue) throws(TemplateError) {
    switch target {
    case .name(let name): scopes[scopes.count - 1][name] = value
    case .attribute(let name, let attribute):
      guard case .namespace(let index) = find(name), namespaces.indices.contains(index) else {
        throw TemplateError("\(name).\(attribute) is set, and \(name) is no namespace")
      }
      namespaces[index][attribute] = value
    }
  }

  private mutating func loop(
    _ names: [String], _ list: TemplateExpression, _ filter: TemplateExpression?, _ body: [TemplateNode], _ otherwise: [TemplateNode]
  ) throws(TemplateError) -> Flow {
    var items = try elements(value(list))
    func bind(_ item: TemplateValue, _ scope: inout [String: TemplateValue]) throws(TemplateError) {
      if names.count == 1 {
        scope[names[0]] = item
        return
      }
      guard case .list(let parts) = item, parts.count == names.count else {
        throw TemplateError("a loop over \(names.count) names by elements of another number of parts")
      }
      for (name, part) in zip(names, parts) { scope[name] = part }
    }
    if let filter {
      var kept: [TemplateValue] = []
      for item in items {
        try step()
        var scope: [String: TemplateValue] = [:]
        try bind(item, &scope)
        scopes.append(scope)
        defer { scopes.removeLast() }
        if try value(filter).isTrue { kept.append(item) }
      }
      items = kept
    }
    if items.isEmpty { return try write(otherwise) }
    for (i, item) in items.enumerated() {
      try step()
      var scope: [String: TemplateValue] = [
        "loop": .object([
          (key: "index", value: .integer(i + 1)), (key: "index0", value: .integer(i)), (key: "first", value: .bool(i == 0)),
          (key: "last", value: .bool(i == items.count - 1)), (key: "length", value: .integer(items.count)),
          (key: "revindex", value: .integer(items.count - i)), (key: "revindex0", value: .integer(items.count - i - 1)),
          (key: "previtem", value: i > 0 ? items[i - 1] : .undefined),
          (key: "nextitem", value: i + 1 < items.count ? items[i + 1] : .undefined),
        ])
      ]
      try bind(item, &scope)
      scopes.append(scope)
      defer { scopes.removeLast() }
      if try write(body) == .stop { break }
    }
    return .on
  }

  private func elements(_ value: TemplateValue) throws(TemplateError) -> [TemplateValue] {
    switch value {
    case .list(let list): return list
    case .object(let entries): return entries.map { .string($0.key) }
    case .string(let text): return text.unicodeScalars.map { .string(String(Character($0))) }
    case .undefined: return []
    default: throw TemplateError("a loop over \(value.text)")
    }
  }

  // MARK: Expressions

  mutating func value(_ expression: TemplateExpression) throws(TemplateError) -> TemplateValue {
    try step()
    depth += 1
    defer { depth -= 1 }
    if depth > 200 { throw TemplateError("its parts nest deeper than 200") }
    switch expression {
    case .value(let value): return value
    case .name(let name): return find(name)
    case .list(let list):
      var values: [TemplateValue] = []
      for item in list { values.append(try value(item)) }
      return .list(values)
    case .object(let entries):
      var values: [(key: String, value: TemplateValue)] = []
      for entry in entries { values.append((try value(entry.key).text, try value(entry.value))) }
      return .object(values)
    case .attribute(let base, let name): return attribute(try value(base), name)
    case .index(let base, let index): return try element(value(base), value(index))
    case .slice(let base, let first, let last, let step): return try slice(base, first, last, step)
    case .choice(let condition, let a, let b):
      return try value(condition).isTrue ? value(a) : b.map { (b) throws(TemplateError) in try value(b) } ?? .undefined
    case .unary(let sign, let operand):
      let x = try value(operand)
      if sign == "not" { return .bool(!x.isTrue) }
      if let int = x.int, int != .min { return .integer(-int) }
      guard let number = x.double else { throw TemplateError("-\(x.text)") }
      return .number(-number)
    case .binary(let sign, let a, let b):
      let x = try value(a)
      if sign == "and" { return x.isTrue ? try value(b) : x }
      if sign == "or" { return x.isTrue ? x : try value(b) }
      return try binary(sign, x, value(b))
    case .test(let base, let name, let arguments, let isNegated):
      let x = try value(base)
      var values: [TemplateValue] = []
      for argument in arguments { values.append(try value(argument)) }
      return .bool(try test(x, name, values) != isNegated)
    case .filter(let base, let name, let arguments, let named):
      let x = try value(base)
      let (plain, byName) = try self.arguments(arguments, named)
      return try filter(x, name, plain, byName)
    case .call(let callee, let arguments, let named):
      let (plain, byName) = try self.arguments(arguments, named)
      if case .attribute(let base, let name) = callee {
        let object = try value(base)
        let own = attribute(object, name)
        if case .macro = own { return try call(own, plain, byName) }
        return try method(object, name, plain, byName)
      }
      if case .name(let name) = callee, case .undefined = find(name) { throw TemplateError("the function \(name) is not there") }
      return try call(value(callee), plain, byName)
    }
  }

  private mutating func arguments(
    _ plain: [TemplateExpression], _ named: [(name: String, value: TemplateExpression)]
  ) throws(TemplateError) -> ([TemplateValue], [String: TemplateValue]) {
    var values: [TemplateValue] = []
    for argument in plain { values.append(try value(argument)) }
    var byName: [String: TemplateValue] = [:]
    for (name, argument) in named { byName[name] = try value(argument) }
    return (values, byName)
  }

  private func attribute(_ base: TemplateValue, _ name: String) -> TemplateValue {
    switch base {
    case .object(let entries): entries.last { $0.key == name }?.value ?? .undefined
    case .namespace(let index): namespaces.indices.contains(index) ? namespaces[index][name] ?? .undefined : .undefined
    default: .undefined
    }
  }

  private func element(_ base: TemplateValue, _ index: TemplateValue) throws(TemplateError) -> TemplateValue {
    switch base {
    case .object(let entries): return entries.last { $0.key == index.text }?.value ?? .undefined
    case .namespace: return attribute(base, index.text)
    case .list(let list):
      guard let i = index.int else { return .undefined }
      let place = i < 0 ? list.count &+ i : i
      return list.indices.contains(place) ? list[place] : .undefined
    case .string(let text):
      guard let i = index.int else { return .undefined }
      let scalars = Array(text.unicodeScalars)
      let place = i < 0 ? scalars.count &+ i : i
      return scalars.indices.contains(place) ? .string(String(Character(scalars[place]))) : .undefined
    case .undefined: throw TemplateError("an element \(index.text) of what is not defined")
    default: return .undefined
    }
  }

  private mutating func slice(
    _ base: TemplateExpression, _ first: TemplateExpression?, _ last: TemplateExpression?, _ step: TemplateExpression?
  ) throws(TemplateError) -> TemplateValue {
    let x = try value(base)
    func bound(_ expression: TemplateExpression?, _ run: inout TemplateRun) throws(TemplateError) -> Int? {
      guard let expression else { return nil }
      return try run.value(expression).int
    }
    let (from, to) = (try bound(first, &self), try bound(last, &self))
    let by = try bound(step, &self) ?? 1
    guard by != 0, by != .min else { throw TemplateError("a slice by 0") }
    var items: [TemplateValue]
    if case .string(let text) = x { items = text.unicodeScalars.map { .string(String(Character($0))) } } else { items = try elements(x) }
    let count = items.count
    func place(_ i: Int) -> Int { min(max(i < 0 ? max(count &+ i, by < 0 ? -1 : 0) : i, by < 0 ? -1 : 0), by < 0 ? count - 1 : count) }
    var i = from.map(place) ?? (by < 0 ? count - 1 : 0)
    let end = to.map(place) ?? (by < 0 ? -1 : count)
    var made: [TemplateValue] = []
    while by > 0 ? i < end : i > end {
      made.append(items[i])
      let (sum, overflow) = i.addingReportingOverflow(by)
      if overflow { break }
      i = sum
    }
    items = made
    if case .string = x { return .string(items.map(\.text).joined()) }
    return .list(items)
  }

  private func binary(_ sign: String, _ a: TemplateValue, _ b: TemplateValue) throws(TemplateError) -> TemplateValue {
    switch sign {
    case "==": return .bool(TemplateValue.equal(a, b))
    case "!=": return .bool(!TemplateValue.equal(a, b))
    case "~": return .string(a.text + b.text)
    case "in":
      switch b {
      case .string(let text): return .bool(text.utf8.count >= a.text.utf8.count && (a.text.isEmpty || text.contains(a.text)))
      case .list(let list): return .bool(list.contains { TemplateValue.equal($0, a) })
      case .object(let entries): return .bool(entries.contains { $0.key == a.text })
      case .undefined: return .bool(false)
      default: throw TemplateError("\(a.text) in \(b.text)")
      }
    case "<", ">", "<=", ">=":
      let order: (less: Bool, equal: Bool)
      if case .string(let x) = a, case .string(let y) = b {
        order = (x.utf8.lexicographicallyPrecedes(y.utf8), x == y)
      } else {
        guard let x = a.double, let y = b.double else { throw TemplateError("\(a.text) \(sign) \(b.text)") }
        order = (x < y, x == y)
      }
      switch sign {
      case "<": return .bool(order.less)
      case "<=": return .bool(order.less || order.equal)
      case ">": return .bool(!order.less && !order.equal)
      default: return .bool(!order.less)
      }
    case "+":
      if case .string(let x) = a, case .string(let y) = b { return .string(x + y) }
      if case .list(let x) = a, case .list(let y) = b { return .list(x + y) }
      return try arithmetic(sign, a, b)
    case "*":
      if case .string(let x) = a, let n = b.int {
        let size = max(0, n).multipliedReportingOverflow(by: x.utf8.count)
        if size.overflow || size.partialValue > Self.longestOutput {
          throw TemplateError("a text of more than \(Self.longestOutput) bytes")
        }
        return .string(String(repeating: x, count: max(0, n)))
      }
      return try arithmetic(sign, a, b)
    default: return try arithmetic(sign, a, b)
    }
  }

  private func arithmetic(_ sign: String, _ a: TemplateValue, _ b: TemplateValue) throws(TemplateError) -> TemplateValue {
    let problem = TemplateError("\(a.text) \(sign) \(b.text)")
    if let x = a.int, let y = b.int, sign != "/" {
      let result: (partialValue: Int, overflow: Bool)
      switch sign {
      case "+": result = x.addingReportingOverflow(y)
      case "-": result = x.subtractingReportingOverflow(y)
      case "*": result = x.multipliedReportingOverflow(by: y)
      case "//", "%":
        guard y != 0, !(x == .min && y == -1) else { throw problem }
        let remainder = x % y
        let isBelow = remainder != 0 && (remainder < 0) != (y < 0)
        result = (sign == "%" ? (isBelow ? remainder + y : remainder) : x / y - (isBelow ? 1 : 0), false)
      default: throw problem
      }
      if result.overflow { throw problem }
      return .integer(result.partialValue)
    }
    guard let x = a.double, let y = b.double else { throw problem }
    switch sign {
    case "+": return .number(x + y)
    case "-": return .number(x - y)
    case "*": return .number(x * y)
    case "/":
      if y == 0 { throw problem }
      return .number(x / y)
    case "//":
      if y == 0 { throw problem }
      return .number((x / y).rounded(.down))
    case "%":
      if y == 0 { throw problem }
      return .number(x - y * (x / y).rounded(.down))
    default: throw problem
    }
  }

  private func test(_ x: TemplateValue, _ name: String, _ arguments: [TemplateValue]) throws(TemplateError) -> Bool {
    switch name {
    case "defined": if case .undefined = x { return false } else { return true }
    case "undefined": if case .undefined = x { return true } else { return false }
    case "none": if case .none = x { return true } else { return false }
    case "string": if case .string = x { return true } else { return false }
    case "mapping": if case .object = x { return true } else { return false }
    case "boolean": if case .bool = x { return true } else { return false }
    case "integer": if case .integer = x { return true } else { return false }
    case "float": if case .number = x { return true } else { return false }
    case "number":
      if case .bool = x { return true }
      return x.double != nil
    case "true": if case .bool(true) = x { return true } else { return false }
    case "false": if case .bool(false) = x { return true } else { return false }
    case "iterable", "sequence":
      switch x {
      case .list, .object, .string: return true
      default: return false
      }
    case "odd": return (x.int ?? 0) % 2 != 0
    case "even": return x.int.map { $0 % 2 == 0 } ?? false
    case "equalto", "eq", "sameas": return arguments.first.map { TemplateValue.equal(x, $0) } ?? false
    case "ne": return arguments.first.map { !TemplateValue.equal(x, $0) } ?? true
    case "in": return try arguments.first.map { (list) throws(TemplateError) in try binary("in", x, list).isTrue } ?? false
    case "callable":
      switch x {
      case .macro, .function: return true
      default: return false
      }
    default: throw TemplateError("the test \(name) is not there")
    }
  }

  // MARK: Functions

  private mutating func call(
    _ callee: TemplateValue, _ plain: [TemplateValue], _ named: [String: TemplateValue]
  ) throws(TemplateError) -> TemplateValue {
    switch callee {
    case .macro(let index):
      guard macros.indices.contains(index) else { throw TemplateError("macro \(index) is called, and there are \(macros.count)") }
      let macro = macros[index]
      var scope: [String: TemplateValue] = [:]
      for (i, parameter) in macro.parameters.enumerated() {
        if i < plain.count {
          scope[parameter.name] = plain[i]
        } else if let given = named[parameter.name] {
          scope[parameter.name] = given
        } else {
          scope[parameter.name] = try parameter.standard.map { (e) throws(TemplateError) in try value(e) } ?? .undefined
        }
      }
      // A macro sees its own names and those of the template, not those of whoever calls it.
      let outer = scopes
      scopes = [outer[0], scope]
      defer { scopes = outer }
      return .string(try captured(macro.body))
    case .function("raise_exception"): throw TemplateError(plain.first?.text ?? "it refuses this conversation")
    case .function("namespace"):
      var values = named
      if case .object(let entries)? = plain.first { for entry in entries { values[entry.key] = entry.value } }
      namespaces.append(values)
      return .namespace(namespaces.count - 1)
    case .function("dict"): return .object(named.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) })
    case .function("strftime_now"): return .string(try Self.date(plain.first?.text ?? "%Y-%m-%d"))
    case .function("range"):
      let bounds = plain.compactMap(\.int)
      guard bounds.count == plain.count, (1...3).contains(bounds.count) else {
        throw TemplateError("range takes one to three whole numbers")
      }
      let (from, to, by) = (bounds.count > 1 ? bounds[0] : 0, bounds.count > 1 ? bounds[1] : bounds[0], bounds.count > 2 ? bounds[2] : 1)
      guard by != 0, (-1_000_000...1_000_000).contains(from), (-1_000_000...1_000_000).contains(to) else {
        throw TemplateError("range(\(from), \(to), \(by))")
      }
      return .list(stride(from: from, to: to, by: by).map { .integer($0) })
    default: throw TemplateError("\(callee.text) is called, and is no function")
    }
  }

  /// The date of today as strftime writes it.
  private static func date(_ format: String) throws(TemplateError) -> String {
    let now = Calendar(identifier: .gregorian).dateComponents([.year, .month, .day, .hour, .minute, .second, .weekday], from: Date())
    let months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
    let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    func two(_ value: Int?) -> String { (value ?? 0) < 10 ? "0\(value ?? 0)" : "\(value ?? 0)" }
    let month = months[min(11, max(0, (now.month ?? 1) - 1))]
    let day = days[min(6, max(0, (now.weekday ?? 1) - 1))]
    var made = ""
    var isSign = false
    for character in format {
      if !isSign {
        if character == "%" { isSign = true } else { made.append(character) }
        continue
      }
      isSign = false
      switch character {
      case "Y": made += "\(now.year ?? 0)"
      case "m": made += two(now.month)
      case "d": made += two(now.day)
      case "B": made += month
      case "b": made += month.prefix(3)
      case "A": made += day
      case "a": made += day.prefix(3)
      case "H": made += two(now.hour)
      case "M": made += two(now.minute)
      case "S": made += two(now.second)
      case "%": made += "%"
      default: throw TemplateError("strftime_now with %\(character)")
      }
    }
    return made
  }

  private static func stripped(_ text: String, _ signs: String?, left: Bool, right: Bool) -> String {
    var scalars = Array(text.unicodeScalars)
    let set = signs.map { Set($0.unicodeScalars) }
    func isGone(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? scalar.properties.isWhitespace }
    if right { while let last = scalars.last, isGone(last) { scalars.removeLast() } }
    if left { scalars = Array(scalars.drop { isGone($0) }) }
    return String(String.UnicodeScalarView(scalars))
  }

  private mutating func method(
    _ object: TemplateValue, _ name: String, _ plain: [TemplateValue], _ named: [String: TemplateValue]
  ) throws(TemplateError) -> TemplateValue {
    switch (object, name) {
    case (.string(let text), "strip"): return .string(Self.stripped(text, plain.first?.text, left: true, right: true))
    case (.string(let text), "lstrip"): return .string(Self.stripped(text, plain.first?.text, left: true, right: false))
    case (.string(let text), "rstrip"): return .string(Self.stripped(text, plain.first?.text, left: false, right: true))
    case (.string(let text), "upper"): return .string(text.uppercased())
    case (.string(let text), "lower"): return .string(text.lowercased())
    case (.string(let text), "title"): return .string(text.capitalized)
    case (.string(let text), "capitalize"): return .string(text.prefix(1).uppercased() + text.dropFirst().lowercased())
    case (.string(let text), "startswith"), (.string(let text), "endswith"):
      let choices: [String] = if case .list(let list)? = plain.first { list.map(\.text) } else { plain.prefix(1).map(\.text) }
      return .bool(choices.contains { name == "startswith" ? text.hasPrefix($0) : text.hasSuffix($0) })
    case (.string(let text), "replace"):
      guard plain.count >= 2 else { throw TemplateError("replace takes two texts") }
      return .string(text.replacingBytes(plain[0].text, with: plain[1].text))
    case (.string(let text), "split"):
      guard let separator = plain.first?.text, !separator.isEmpty else {
        return .list(text.split(whereSeparator: \.isWhitespace).map { .string(String($0)) })
      }
      var parts = text.components(separatedBy: separator)
      if plain.count > 1, let most = plain[1].int, most >= 0, parts.count > most + 1 {
        parts = Array(parts[..<most]) + [parts[most...].joined(separator: separator)]
      }
      return .list(parts.map { .string($0) })
    case (.string(let text), "find"):
      return .integer(
        plain.first.flatMap { text.range(of: $0.text) }.map { text.unicodeScalars.distance(from: text.startIndex, to: $0.lowerBound) } ?? -1
      )
    case (.string(let text), "count"): return .integer(plain.first.map { text.components(separatedBy: $0.text).count - 1 } ?? 0)
    case (.string(let text), "join"): return .string(try elements(plain.first ?? .undefined).map(\.text).joined(separator: text))
    case (.object(let entries), "items"): return .list(entries.map { .list([.string($0.key), $0.value]) })
    case (.object(let entries), "keys"): return .list(entries.map { .string($0.key) })
    case (.object(let entries), "values"): return .list(entries.map(\.value))
    case (.object(let entries), "get"):
      return entries.last { $0.key == plain.first?.text }?.value ?? (plain.count > 1 ? plain[1] : .none)
    case (.undefined, _): throw TemplateError("the method \(name) of what is not defined")
    default: throw TemplateError("the method \(name) is not there")
    }
  }

  private mutating func filter(
    _ x: TemplateValue, _ name: String, _ plain: [TemplateValue], _ named: [String: TemplateValue]
  ) throws(TemplateError) -> TemplateValue {
    switch name {
    case "trim": return .string(Self.stripped(x.text, plain.first?.text, left: true, right: true))
    case "length", "count":
      if case .undefined = x { return .integer(0) }
      return .integer(try elements(x).count)
    case "tojson": return .string(x.json(indent: (named["indent"] ?? plain.first)?.int.map { min(16, max(0, $0)) }))
    case "default", "d":
      let standard = plain.first ?? named["default_value"] ?? .string("")
      if case .undefined = x { return standard }
      return (plain.count > 1 ? plain[1] : named["boolean"] ?? .bool(false)).isTrue && !x.isTrue ? standard : x
    case "upper": return .string(x.text.uppercased())
    case "lower": return .string(x.text.lowercased())
    case "title": return .string(x.text.capitalized)
    case "capitalize": return .string(x.text.prefix(1).uppercased() + x.text.dropFirst().lowercased())
    case "string": return .string(x.text)
    case "safe", "escape", "e": return x
    case "int": return .integer(x.int ?? Int(x.text) ?? x.double.flatMap { Int(exactly: $0.rounded(.towardZero)) } ?? 0)
    case "float": return .number(x.double ?? Double(x.text) ?? 0)
    case "abs":
      if let int = x.int, int != .min { return .integer(abs(int)) }
      return .number(abs(x.double ?? 0))
    case "list": return .list(try elements(x))
    case "first": return try elements(x).first ?? .undefined
    case "last": return try elements(x).last ?? .undefined
    case "reverse":
      if case .string(let text) = x { return .string(String(String.UnicodeScalarView(text.unicodeScalars.reversed()))) }
      return .list(try elements(x).reversed())
    case "join":
      return .string(try elements(x).map { attributeOrSelf($0, named["attribute"]).text }.joined(separator: plain.first?.text ?? ""))
    case "items":
      guard case .object(let entries) = x else { return .list([]) }
      return .list(entries.map { .list([.string($0.key), $0.value]) })
    case "dictsort":
      guard case .object(let entries) = x else { throw TemplateError("dictsort of \(x.text)") }
      return .list(entries.sorted { $0.key.lowercased() < $1.key.lowercased() }.map { .list([.string($0.key), $0.value]) })
    case "replace":
      guard plain.count >= 2 else { throw TemplateError("replace takes two texts") }
      return .string(x.text.replacingBytes(plain[0].text, with: plain[1].text))
    case "indent":
      let blanks = String(repeating: " ", count: min(100, max(0, plain.first?.int ?? named["width"]?.int ?? 4)))
      let lines = x.text.components(separatedBy: "\n")
      let indentsFirst = (plain.count > 1 ? plain[1] : named["first"] ?? .bool(false)).isTrue
      return .string(lines.enumerated().map { ($0 > 0 ? !$1.isEmpty : indentsFirst) ? blanks + $1 : $1 }.joined(separator: "\n"))
    case "map":
      if let attribute = named["attribute"] { return .list(try elements(x).map { attributeOrSelf($0, attribute) }) }
      guard let inner = plain.first?.text else { throw TemplateError("map takes an attribute or a filter") }
      var made: [TemplateValue] = []
      for item in try elements(x) {
        try step()
        made.append(try filter(item, inner, Array(plain.dropFirst()), named))
      }
      return .list(made)
    case "selectattr", "rejectattr", "select", "reject":
      let byAttribute = name.hasSuffix("attr")
      let rest = Array(plain.dropFirst(byAttribute ? 1 : 0))
      var kept: [TemplateValue] = []
      for item in try elements(x) {
        try step()
        let value = byAttribute ? attributeOrSelf(item, plain.first) : item
        let holds = rest.isEmpty ? value.isTrue : try test(value, rest[0].text == "==" ? "eq" : rest[0].text, Array(rest.dropFirst()))
        if holds == name.hasPrefix("select") { kept.append(item) }
      }
      return .list(kept)
    case "unique":
      var kept: [TemplateValue] = []
      for item in try elements(x) {
        try step()
        if !kept.contains(where: { TemplateValue.equal($0, item) }) { kept.append(item) }
      }
      return .list(kept)
    case "sort":
      return .list(
        try elements(x).sorted { a, b in
          if let x = a.double, let y = b.double { return x < y }
          return a.text.lowercased() < b.text.lowercased()
        })
    case "round":
      let digits = min(15, max(0, plain.first?.int ?? 0))
      let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
      return .number(((x.double ?? 0) * scale).rounded() / scale)
    default: throw TemplateError("the filter \(name) is not there")
    }
  }

  private func attributeOrSelf(_ x: TemplateValue, _ path: TemplateValue?) -> TemplateValue {
    guard let path else { return x }
    return path.text.split(separator: ".").reduce(x) { attribute($0, String($1)) }
  }
}
