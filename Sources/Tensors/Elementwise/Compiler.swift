import CKernels

/// From an expression to instructions over registers.
struct Compiler {
  struct Key: Hashable {
    let kind: Expression.Kind
    let arguments: [Int]
  }
  struct Value {
    let kind: Expression.Kind
    let arguments: [Int]
    let expression: Expression
    let isUniform: Bool
    var uses = 0
    var isWhole: Bool { if case .whole = kind { true } else { false } }
  }

  var values: [Value] = []
  var known: [Key: Int] = [:]
  var seen: [ObjectIdentifier: Int] = [:]
  var instructions: [Program.Instruction] = []
  var uniforms: [Expression] = []
  var registerCount = 0
  /// The number of 1, for instructions that want a factor where the expression has none.
  var one: Int?

  /// The number of an expression; equal expressions have one number.
  mutating func intern(_ x: Expression) -> Int {
    if let number = seen[ObjectIdentifier(x)] { return number }
    // Parts first, so that the recursion does not depend on the expression's depth.
    if x.depth > 100 {
      for part in x.parts where seen[ObjectIdentifier(part)] == nil { _ = number(part, part.arguments.map { seen[ObjectIdentifier($0)]! }) }
    }
    return seen[ObjectIdentifier(x)] ?? number(x, x.arguments.map { intern($0) })
  }

  /// The number of an expression whose arguments have theirs; apart, since what recurs must take little of the stack.
  private mutating func number(_ x: Expression, _ arguments: [Int]) -> Int {
    let key = Key(kind: x.kind, arguments: isCommutative(x.kind) ? arguments.sorted() : arguments)
    if let known = known[key] {
      seen[ObjectIdentifier(x)] = known
      return known
    }
    let number = values.count
    values.append(Value(kind: x.kind, arguments: arguments, expression: x, isUniform: isUniform(x.kind, arguments)))
    known[key] = number
    seen[ObjectIdentifier(x)] = number
    return number
  }

  private func isUniform(_ kind: Expression.Kind, _ arguments: [Int]) -> Bool {
    switch kind {
    case .input: false
    case .scalar, .constant, .whole: true
    // With an integer that no Double is it is computed in the operands' dtype.
    case .apply: arguments.allSatisfy { values[$0].isUniform && !values[$0].isWhole }
    }
  }

  /// Whether x ∘ y and y ∘ x are one value.
  private func isCommutative(_ kind: Expression.Kind) -> Bool {
    guard case .apply(let op) = kind else { return false }
    return [FX_ADD, FX_MUL, FX_EQ, FX_NE, FX_AND, FX_OR, FX_XOR].contains(fx_op(op))
  }

  mutating func emit(_ root: Int) {
    // Interning numbered arguments before their users: numbers are an order of evaluation.
    var isNeeded = Array(repeating: false, count: values.count)
    isNeeded[root] = true
    for i in stride(from: root, through: 0, by: -1) where isNeeded[i] && !values[i].isUniform {
      for argument in lowered(i)?.arguments ?? [] {
        isNeeded[argument] = true
        values[argument].uses += 1
      }
    }
    var places = Array(repeating: Program.Operand.none, count: values.count)
    var free: [Int] = []
    for i in 0...root where isNeeded[i] {
      if values[i].isUniform {
        places[i] = .uniform(uniforms.count)
        uniforms.append(values[i].expression)
      } else if case .input(let index) = values[i].kind {
        places[i] = .input(index)
      } else if let (op, arguments) = lowered(i) {
        // A kernel may write over its operands, so their registers are free for the result.
        for argument in arguments {
          values[argument].uses -= 1
          if values[argument].uses == 0, case .register(let register) = places[argument] { free.append(register) }
        }
        var target = -1
        if i != root {
          target = free.popLast() ?? registerCount
          registerCount = Swift.max(registerCount, target + 1)
          places[i] = .register(target)
        }
        let operands = arguments.map { places[$0] } + [.none, .none]
        instructions.append(
          .init(op: op, arguments: (operands[0], operands[1], arguments.count > 2 ? operands[2] : .none), target: target))
      }
    }
    // An input or a constant by itself is copied.
    if instructions.isEmpty { instructions.append(.init(op: FX_COPY.rawValue, arguments: (places[root], .none, .none), target: -1)) }
  }
}
