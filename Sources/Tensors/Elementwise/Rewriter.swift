import CKernels

/// An expression as the library itself would compute it: `log(1 + exp(x))` as softplus, `exp(x) / (1 + exp(x))` as sigmoid.
///
/// The function is the same, for NaN and infinity too; where an intermediate result would overflow or lose its digits the rewritten one has
/// the function's value. What is printed stays as it was written. ``Rewriter/rules`` is the table.
struct Rewriter {
  private struct Key: Hashable {
    let kind: Expression.Kind
    let arguments: [ObjectIdentifier]
  }

  /// Equal expressions are one object, so that patterns compare by identity.
  ///
  /// What is here stays alive, as identifiers must.
  private var known: [Key: Expression] = [:]
  private var interned: [ObjectIdentifier: Expression] = [:]
  private var done: [ObjectIdentifier: Expression] = [:]
  private var held: [Expression] = []
  /// Rules that have been applied: a bound on their number, in case two of them undo each other.
  private var count = 0

  private let rules: [UInt32: [Rule]]

  /// In derivatives, where what cancels is added to more than is lost, rules that only save digits are left out: they cost a function each.
  static func rewritten(_ x: Expression, isDerivative: Bool) -> Expression {
    var rewriter = Rewriter(rules: isDerivative ? rules : rulesOfValues)
    // Parts first, so that the recursion is no deeper than a rule's replacement.
    if x.depth > 100 { for part in x.parts { _ = rewriter.rewrite(part) } }
    return rewriter.rewrite(x)
  }

  private init(rules: [UInt32: [Rule]]) { self.rules = rules }

  /// The one object that is equal to an expression.
  mutating func intern(_ x: Expression) -> Expression {
    if let y = interned[ObjectIdentifier(x)] { return y }
    held.append(x)
    let arguments = x.arguments.map { intern($0) }
    let key = Key(kind: x.kind, arguments: arguments.map { ObjectIdentifier($0) })
    if let y = known[key] {
      interned[ObjectIdentifier(x)] = y
      return y
    }
    // Arguments that turn out to be one may simplify: x·x.
    var y = x
    if case .apply(let op) = x.kind, zip(arguments, x.arguments).contains(where: { $0 !== $1 }) {
      y = Expression.applied(fx_op(op), arguments)
      if y.kind != x.kind { y = intern(y) } else { held.append(y) }
    }
    if known[key] == nil { known[key] = y }
    interned[ObjectIdentifier(x)] = y
    interned[ObjectIdentifier(y)] = y
    return y
  }

  mutating func apply(_ op: fx_op, _ x: Expression...) -> Expression { intern(Expression.applied(op, x)) }

  mutating func rewrite(_ x: Expression) -> Expression {
    let x = intern(x)
    if let y = done[ObjectIdentifier(x)] { return y }
    var y = x
    if case .apply(let op) = x.kind { y = intern(Expression.applied(fx_op(op), x.arguments.map { rewrite($0) })) }
    if case .apply(let op) = y.kind, count < 500 {
      for rule in rules[op] ?? [] {
        guard let z = rule.replacement(for: y, &self) else { continue }
        count += 1
        y = rewrite(z)
        break
      }
    }
    done[ObjectIdentifier(x)] = y
    done[ObjectIdentifier(y)] = y
    return y
  }
}

// MARK: - Rules

extension Rewriter {
  /// A pattern and what stands for it, or a function that finds both.
  enum Rule: Sendable {
    /// Inputs of the pattern stand for any expressions, and constants for themselves.
    case pattern(Expression, Expression)
    case function(op: fx_op, @Sendable (Expression, inout Rewriter) -> Expression?)

    /// What a pattern of symbols becomes.
    init(_ pair: (Symbol, Symbol) -> (Symbol, Symbol)) {
      let (from, to) = pair(Symbol(.input(0)), Symbol(.input(1)))
      self = .pattern(from.node, to.node)
    }

    var op: UInt32 {
      switch self {
      case .pattern(let from, _): if case .apply(let op) = from.kind { op } else { FX_COPY.rawValue }
      case .function(let op, _): op.rawValue
      }
    }

    func replacement(for x: Expression, _ rewriter: inout Rewriter) -> Expression? {
      switch self {
      case .function(_, let find): return find(x, &rewriter)
      case .pattern(let from, let to):
        var values: [Int: Expression] = [:]
        return Self.matches(from, x, &values) ? Self.filled(to, values) : nil
      }
    }

    private static func matches(_ pattern: Expression, _ x: Expression, _ values: inout [Int: Expression]) -> Bool {
      switch pattern.kind {
      case .input(let i):
        if let value = values[i] { return value === x }
        values[i] = x
        return true
      case .apply(let op):
        guard x.kind == pattern.kind else { return false }
        let before = values
        if zip(pattern.arguments, x.arguments).allSatisfy({ matches($0, $1, &values) }) { return true }
        values = before
        guard fx_op(op) == FX_ADD || fx_op(op) == FX_MUL || fx_op(op) == FX_HYPOT else { return false }
        if zip(pattern.arguments, x.arguments.reversed()).allSatisfy({ matches($0, $1, &values) }) { return true }
        values = before
        return false
      default: return x.kind == pattern.kind
      }
    }

    private static func filled(_ x: Expression, _ values: [Int: Expression]) -> Expression {
      switch x.kind {
      case .input(let i): values[i] ?? x
      case .apply(let op): Expression.applied(fx_op(op), x.arguments.map { filled($0, values) })
      default: x
      }
    }
  }
}

extension Expression {
  /// An instruction on a list of expressions, simplified.
  static func applied(_ op: fx_op, _ x: [Expression]) -> Expression {
    switch x.count {
    case 1: apply(op, x[0])
    case 2: apply(op, x[0], x[1])
    default: apply(op, x[0], x[1], x[2])
    }
  }
}
