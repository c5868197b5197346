import CKernels

extension Expression {
  /// What an instruction comes to without being executed, or as another that is cheaper; nil if it stands as it is.
  ///
  /// Constants are folded, and what changes nothing is left out: for NaN and infinity too, so that a kernel gives what its closure says.
  /// Hence x − x and 0·x stay, which NaN and ∞ do not make 0. The sign of a zero alone is not kept. Powers take the short ways that
  /// ``pow(_:_:)-(Tensor,S)`` takes. What a closure says is a function of numbers: where an intermediate result overflows and the function does
  /// not, its value is what is meant, and ``Rewriter`` finds it.
  static func simplified(_ op: fx_op, _ x: [Expression]) -> Expression? {
    if x.allSatisfy({ $0.value != nil }) { return .constant(evaluate(op, x.map { $0.value! })) }
    switch op {
    case FX_ADD:
      if x[0].value == 0 { return x[1] }
      if x[1].value == 0 { return x[0] }
      if let y = negated(x[1]) { return .apply(FX_SUB, x[0], y) }
      if let y = negated(x[0]) { return .apply(FX_SUB, x[1], y) }
      return mergedSelections(x[0], x[1])
    case FX_SUB:
      if x[1].value == 0 { return x[0] }
      if x[0].value == 0 { return .apply(FX_NEG, x[1]) }
      if let y = negated(x[1]) { return .apply(FX_ADD, x[0], y) }
    case FX_MUL:
      if x[0].value == 1 { return x[1] }
      if x[1].value == 1 { return x[0] }
      if x[0].value == -1 { return .apply(FX_NEG, x[1]) }
      if x[1].value == -1 { return .apply(FX_NEG, x[0]) }
      if x[0] === x[1] { return .apply(FX_SQUARE, x[0]) }
      if let a = negated(x[0]), let b = negated(x[1]) { return .apply(FX_MUL, a, b) }
    case FX_DIV:
      if x[1].value == 1 { return x[0] }
      if x[1].value == -1 { return .apply(FX_NEG, x[0]) }
    case FX_NEG:
      // Of a number that a use brings the negative is taken once.
      if x[0].kind == .apply(FX_MUL.rawValue), case .scalar = x[0].arguments[0].kind {
        return .apply(FX_MUL, .apply(FX_NEG, x[0].arguments[0]), x[0].arguments[1])
      }
      return negated(x[0])
    case FX_ABS:
      if let y = negated(x[0]) { return .apply(FX_ABS, y) }
      if [FX_ABS, FX_SQUARE].contains(where: { x[0].kind == .apply($0.rawValue) }) { return x[0] }
    case FX_SQUARE:
      if let y = negated(x[0]) { return .apply(FX_SQUARE, y) }
      if x[0].kind == .apply(FX_ABS.rawValue) { return .apply(FX_SQUARE, x[0].arguments[0]) }
    case FX_POW:
      switch x[1].value {
      case 0: return .constant(1)  // of NaN too, as IEEE 754 has it
      case 1: return x[0]
      case 2: return .apply(FX_SQUARE, x[0])
      case 3: return .apply(FX_MUL, x[0], .apply(FX_SQUARE, x[0]))
      case 4: return .apply(FX_SQUARE, .apply(FX_SQUARE, x[0]))
      case 0.5: return .apply(FX_SQRT, x[0])
      case -0.5: return .apply(FX_RSQRT, x[0])
      case -1: return .apply(FX_RECIPROCAL, x[0])
      default: break
      }
    case FX_MAX, FX_MIN:
      if x[0] === x[1] { return x[0] }
    case FX_SELECT:
      if let mask = x[0].value { return mask != 0 ? x[1] : x[2] }
      if x[1] === x[2] || x[1].value != nil && x[1].value == x[2].value { return x[1] }
    default: break
    }
    return nil
  }

  /// y where x is −y as it is written.
  private static func negated(_ x: Expression) -> Expression? { x.kind == .apply(FX_NEG.rawValue) ? x.arguments[0] : nil }

  /// select(m, a, 0) + select(m, 0, b) as one choice: the derivative of a choice is such a sum.
  private static func mergedSelections(_ x: Expression, _ y: Expression) -> Expression? {
    let selection = Kind.apply(FX_SELECT.rawValue)
    guard x.kind == selection, y.kind == selection, x.arguments[0] === y.arguments[0] else { return nil }
    let (a, b, c, d) = (x.arguments[1], x.arguments[2], y.arguments[1], y.arguments[2])
    guard a.value == 0 || c.value == 0, b.value == 0 || d.value == 0 else { return nil }
    return .apply(FX_SELECT, x.arguments[0], .apply(FX_ADD, a, c), .apply(FX_ADD, b, d))
  }
}
