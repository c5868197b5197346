import Data

/// A regular expression over Unicode scalars, as the patterns of tokenizers need it: matched by backtracking with a stack of its own.
///
/// Alternatives, groups, classes with ranges and properties, greedy, lazy and possessive repetitions, looking ahead, looking back by single
/// scalars, `(?i)`, and the anchors `^ $ \A \z \b \B`. What else a pattern has is refused by its name.
struct RegularExpression: Sendable {
  /// A set of scalars.
  struct Class: Sendable {
    enum Item: Sendable {
      case range(UInt32, UInt32)
      /// Categories as bits.
      case categories(UInt32, isNegated: Bool)
      /// Bits of ``ScalarProperties``.
      case property(UInt16, isNegated: Bool)
      case set(Class)
    }
    var items: [Item] = []
    var isNegated = false
    var ignoresCase = false
    /// For the first 128 scalars the answer.
    var ascii: (UInt64, UInt64) = (0, 0)

    mutating func prepare() {
      for i in 0..<128 where slow(UInt32(i)) {
        if i < 64 { ascii.0 |= 1 << UInt64(i) } else { ascii.1 |= 1 << UInt64(i - 64) }
      }
    }

    @inline(__always)
    func contains(_ scalar: UInt32) -> Bool {
      if scalar < 64 { return ascii.0 >> UInt64(scalar) & 1 == 1 }
      if scalar < 128 { return ascii.1 >> UInt64(scalar - 64) & 1 == 1 }
      return slow(scalar)
    }

    private func slow(_ scalar: UInt32) -> Bool {
      var found = holds(scalar)
      if !found, ignoresCase {
        let folded = ScalarProperties.folded(scalar)
        found = holds(folded) || ScalarProperties.uppercase(folded).map { holds($0) } ?? false
      }
      return found != isNegated
    }

    private func holds(_ scalar: UInt32) -> Bool {
      for item in items {
        switch item {
        case .range(let first, let last): if scalar >= first && scalar <= last { return true }
        case .categories(let bits, let isNegated):
          if (bits >> UInt32(ScalarProperties.category(scalar)) & 1 == 1) != isNegated { return true }
        case .property(let bit, let isNegated): if (ScalarProperties.of(scalar) & bit != 0) != isNegated { return true }
        case .set(let inner): if inner.slow(scalar) { return true }
        }
      }
      return false
    }
  }

  indirect enum Node {
    case empty
    case scalar(UInt32, ignoresCase: Bool)
    case set(Int)
    case sequence([Node])
    case choice([Node])
    case repeated(Node, least: Int, most: Int?, kind: Repetition)
    case look(Node, isAhead: Bool, isNegated: Bool)
    case atomic(Node)
    case anchor(Anchor)
  }
  enum Repetition { case greedy, lazy, possessive }
  enum Anchor: Sendable { case lineStart, lineEnd, textStart, textEnd, textEndOrBreak, boundary, noBoundary }

  enum Instruction: Sendable {
    case scalar(UInt32)
    case foldedScalar(UInt32)
    case set(Int)
    /// A class at least and at most so often; the rest is tried from the longest or from the shortest.
    case run(set: Int, least: Int, most: Int, isGreedy: Bool, isPossessive: Bool)
    case jump(Int)
    /// Tries the first place, then the second.
    case split(Int, Int)
    /// Matches what follows up to its own end, without moving; goes on at `next`.
    case look(isAhead: Bool, isNegated: Bool, next: Int)
    /// The same, moving, without going back into it.
    case atomic(next: Int)
    case anchor(Anchor)
    case done
  }

  let pattern: String
  private(set) var program: [Instruction] = []
  private(set) var classes: [Class] = []
  /// The scalars below 128 that a match can begin with; nil if any.
  private var firstASCII: (UInt64, UInt64)?

  /// How many instructions a pattern may have.
  private static let longestProgram = 20_000

  /// Reads a pattern; throws a sentence about what it has that is not there.
  init(_ pattern: String) throws(Problem) {
    self.pattern = pattern
    var parser = Parser(pattern)
    let node = try parser.parse()
    classes = parser.classes
    for i in classes.indices { classes[i].prepare() }
    try emit(node)
    program.append(.done)
  }

  /// What is wrong with a pattern, or what it would take.
  struct Problem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  // MARK: Compiling

  private mutating func add(_ instruction: Instruction) throws(Problem) {
    program.append(instruction)
    if program.count > Self.longestProgram { throw Problem("the pattern unfolds to more than \(Self.longestProgram) steps") }
  }

  private mutating func emit(_ node: Node) throws(Problem) {
    switch node {
    case .empty: break
    case .scalar(let value, let ignoresCase): try add(ignoresCase ? .foldedScalar(ScalarProperties.folded(value)) : .scalar(value))
    case .set(let index): try add(.set(index))
    case .sequence(let nodes): for node in nodes { try emit(node) }
    case .choice(let nodes):
      var ends: [Int] = []
      for (i, node) in nodes.enumerated() {
        if i == nodes.count - 1 {
          try emit(node)
          break
        }
        let split = program.count
        try add(.split(0, 0))
        try emit(node)
        ends.append(program.count)
        try add(.jump(0))
        program[split] = .split(split + 1, program.count)
      }
      for end in ends { program[end] = .jump(program.count) }
    case .repeated(let body, let least, let most, let kind): try emit(body, least, most, kind)
    case .look(let body, let isAhead, let isNegated):
      if !isAhead, width(body) == nil { throw Problem("looking back at a part of no fixed length") }
      let place = program.count
      try add(.look(isAhead: isAhead, isNegated: isNegated, next: 0))
      if !isAhead { lookBehindWidths[place] = width(body) ?? 0 }
      try emit(body)
      try add(.done)
      program[place] = .look(isAhead: isAhead, isNegated: isNegated, next: program.count)
    case .atomic(let body):
      let place = program.count
      try add(.atomic(next: 0))
      try emit(body)
      try add(.done)
      program[place] = .atomic(next: program.count)
    case .anchor(let anchor): try add(.anchor(anchor))
    }
  }

  private var lookBehindWidths: [Int: Int] = [:]

  private mutating func emit(_ body: Node, _ least: Int, _ most: Int?, _ kind: Repetition) throws(Problem) {
    if case .scalar(let value, let ignoresCase) = body {
      var single = Class(items: [.range(value, value)])
      single.ignoresCase = ignoresCase
      single.prepare()
      classes.append(single)
      return try emit(.set(classes.count - 1), least, most, kind)
    }
    if case .set(let index) = body {
      return try add(.run(set: index, least: least, most: most ?? Int.max, isGreedy: kind != .lazy, isPossessive: kind == .possessive))
    }
    if kind == .possessive { return try emit(.atomic(.repeated(body, least: least, most: most, kind: .greedy))) }
    for _ in 0..<least { try emit(body) }
    if let most {
      var splits: [Int] = []
      for _ in 0..<max(0, most - least) {
        splits.append(program.count)
        try add(.split(0, 0))
        try emit(body)
      }
      for split in splits { program[split] = kind == .lazy ? .split(program.count, split + 1) : .split(split + 1, program.count) }
      return
    }
    if canBeEmpty(body) { throw Problem("a part that can be empty is repeated without end") }
    let split = program.count
    try add(.split(0, 0))
    try emit(body)
    try add(.jump(split))
    program[split] = kind == .lazy ? .split(program.count, split + 1) : .split(split + 1, program.count)
  }

  private func canBeEmpty(_ node: Node) -> Bool {
    switch node {
    case .empty, .look, .anchor: true
    case .scalar, .set: false
    case .sequence(let nodes): nodes.allSatisfy { canBeEmpty($0) }
    case .choice(let nodes): nodes.contains { canBeEmpty($0) }
    case .repeated(let body, let least, _, _): least == 0 || canBeEmpty(body)
    case .atomic(let body): canBeEmpty(body)
    }
  }

  private func width(_ node: Node) -> Int? {
    switch node {
    case .empty, .look, .anchor: return 0
    case .scalar, .set: return 1
    case .sequence(let nodes):
      var sum = 0
      for node in nodes {
        guard let width = width(node) else { return nil }
        sum += width
      }
      return sum
    case .choice(let nodes):
      let widths = Set(nodes.map { width($0) })
      return widths.count == 1 ? widths.first ?? nil : nil
    case .repeated(let body, let least, let most, _): return least == most ? width(body).map { $0 * least } : nil
    case .atomic(let body): return width(body)
    }
  }

  // MARK: Matching

  private struct Alternative {
    var place: Int
    var position: Int
    /// Down to where a run can give back; less than `position` if it can.
    var least: Int
    /// Up to where a lazy run can go; more than `position` if it can.
    var most: Int
    var set: Int
  }

  /// All matches that do not overlap, from the left, in a range of scalars.
  func matches(in text: UnsafeBufferPointer<UInt32>) throws(Problem) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var position = 0
    var stack: [Alternative] = []
    var steps = 10_000_000 + 2_000 * text.count
    while position <= text.count {
      guard let end = try match(text, at: position, from: 0, &stack, &steps, depth: 0) else {
        position += 1
        continue
      }
      if end == position {
        found.append(position..<end)
        position += 1
      } else {
        found.append(position..<end)
        position = end
      }
    }
    return found
  }

  private func match(
    _ text: UnsafeBufferPointer<UInt32>, at start: Int, from first: Int, _ stack: inout [Alternative], _ steps: inout Int, depth: Int
  ) throws(Problem) -> Int? {
    if depth > 64 { throw Problem("parts that look around nest deeper than 64") }
    let base = stack.count
    defer { stack.removeLast(stack.count - base) }
    var (place, position) = (first, start)
    while true {
      steps -= 1
      if steps < 0 { throw Problem("the pattern takes too many steps on this text") }
      var isMatch = true
      switch program[place] {
      case .done: return position
      case .scalar(let value):
        if position < text.count, text[position] == value { (place, position) = (place + 1, position + 1) } else { isMatch = false }
      case .foldedScalar(let value):
        if position < text.count, ScalarProperties.folded(text[position]) == value {
          (place, position) = (place + 1, position + 1)
        } else {
          isMatch = false
        }
      case .set(let index):
        if position < text.count, classes[index].contains(text[position]) {
          (place, position) = (place + 1, position + 1)
        } else {
          isMatch = false
        }
      case .run(let index, let least, let most, let isGreedy, let isPossessive):
        let limit = most < text.count - position ? position + most : text.count
        let wanted = isGreedy ? limit : min(limit, position + least)
        var end = position
        while end < wanted, classes[index].contains(text[end]) { end += 1 }
        steps -= end - position
        if end - position < least {
          isMatch = false
        } else {
          if isGreedy {
            if !isPossessive, end > position + least {
              stack.append(Alternative(place: place + 1, position: end, least: position + least, most: end, set: index))
            }
          } else if end < limit {
            stack.append(Alternative(place: place + 1, position: end, least: end, most: limit, set: index))
          }
          (place, position) = (place + 1, end)
        }
      case .jump(let next): place = next
      case .split(let a, let b):
        stack.append(Alternative(place: b, position: position, least: position, most: position, set: 0))
        place = a
        if stack.count - base > 1_000_000 { throw Problem("the pattern takes too many steps on this text") }
      case .look(let isAhead, let isNegated, let next):
        let from = isAhead ? position : position - (lookBehindWidths[place] ?? 0)
        var isThere = false
        if from >= 0 { isThere = try match(text, at: from, from: place + 1, &stack, &steps, depth: depth + 1) != nil }
        if isThere != isNegated { place = next } else { isMatch = false }
      case .atomic(let next):
        if let end = try match(text, at: position, from: place + 1, &stack, &steps, depth: depth + 1) {
          (place, position) = (next, end)
        } else {
          isMatch = false
        }
      case .anchor(let anchor): if holds(anchor, text, position) { place += 1 } else { isMatch = false }
      }
      if isMatch { continue }
      // The last alternative that is left.
      var isResumed = false
      while stack.count > base {
        let last = stack.count - 1
        if stack[last].least < stack[last].position {
          stack[last].position -= 1
          (place, position) = (stack[last].place, stack[last].position)
          if stack[last].least == stack[last].position { stack.removeLast() }
          isResumed = true
        } else if stack[last].position < stack[last].most {
          let next = stack[last].position
          guard classes[stack[last].set].contains(text[next]) else {
            stack.removeLast()
            continue
          }
          stack[last].position += 1
          stack[last].least += 1
          (place, position) = (stack[last].place, stack[last].position)
          if stack[last].position == stack[last].most { stack.removeLast() }
          isResumed = true
        } else {
          (place, position) = (stack[last].place, stack[last].position)
          stack.removeLast()
          isResumed = true
        }
        if isResumed { break }
      }
      if !isResumed { return nil }
    }
  }

  private func holds(_ anchor: Anchor, _ text: UnsafeBufferPointer<UInt32>, _ position: Int) -> Bool {
    func isWord(_ i: Int) -> Bool { i >= 0 && i < text.count && ScalarProperties.of(text[i]) & ScalarProperties.word != 0 }
    switch anchor {
    case .textStart: return position == 0
    case .textEnd: return position == text.count
    case .textEndOrBreak: return position == text.count || position == text.count - 1 && text[position] == 0x0A
    case .lineStart: return position == 0 || text[position - 1] == 0x0A
    case .lineEnd: return position == text.count || text[position] == 0x0A
    case .boundary: return isWord(position - 1) != isWord(position)
    case .noBoundary: return isWord(position - 1) == isWord(position)
    }
  }
}

extension ScalarProperties {
  /// A scalar in upper case, if that is one scalar.
  static func uppercase(_ value: UInt32) -> UInt32? {
    guard let scalar = Unicode.Scalar(value) else { return nil }
    let upper = scalar.properties.uppercaseMapping.unicodeScalars
    return upper.count == 1 ? upper.first?.value : nil
  }
}
