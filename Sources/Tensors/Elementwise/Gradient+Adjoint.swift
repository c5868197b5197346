import CKernels

/// What a node's derivative is multiplied by.
///
/// Where a choice leaves it out it stays 0, whatever it is multiplied by: the other operand of `select(x .> 0, log(x), 0)` has the derivative 0,
/// and not 0·∞.
struct Adjoint {
  let node: Expression

  init(_ node: Expression) { self.node = node }

  static func * (dy: Adjoint, slope: Symbol) -> Adjoint { Adjoint(inChoices(dy.node) { .apply(FX_MUL, $0, slope.node) }) }
  static func / (dy: Adjoint, divisor: Symbol) -> Adjoint { Adjoint(inChoices(dy.node) { .apply(FX_DIV, $0, divisor.node) }) }
  static prefix func - (dy: Adjoint) -> Adjoint { Adjoint(inChoices(dy.node) { .apply(FX_NEG, $0) }) }
  static func + (x: Adjoint, y: Adjoint) -> Adjoint { Adjoint(.apply(FX_ADD, x.node, y.node)) }

  /// One of two by a mask, nil being 0.
  func chosen(_ mask: Symbol, _ x: Adjoint?, _ y: Adjoint?) -> Adjoint {
    Adjoint(.apply(FX_SELECT, mask.node, x?.node ?? .constant(0), y?.node ?? .constant(0)))
  }

  /// Whether an expression may grow faster than its inputs: it multiplies or divides by more than constants.
  static func hasUnboundedSlope(_ x: Expression) -> Bool {
    guard case .apply(let op) = x.kind else { return false }
    switch fx_op(op) {
    case FX_SQUARE, FX_POW, FX_RECIPROCAL, FX_EXP, FX_EXPM1, FX_SINH, FX_COSH, FX_LOG, FX_SQRT, FX_RSQRT: return true
    case FX_MUL where x.arguments.allSatisfy({ $0.value == nil }): return true
    case FX_DIV where x.arguments[1].value == nil: return true
    default: return x.arguments.contains(where: hasUnboundedSlope)
    }
  }

  private static func inChoices(_ x: Expression, _ f: (Expression) -> Expression) -> Expression {
    if x.value == 0 { return x }
    guard isChoice(x) else { return f(x) }
    return .apply(FX_SELECT, x.arguments[0], inChoices(x.arguments[1], f), inChoices(x.arguments[2], f))
  }

  private static func isChoice(_ x: Expression) -> Bool {
    x.isApplied(FX_SELECT) && x.arguments.dropFirst().contains { $0.value == 0 || isChoice($0) }
  }
}

extension Gradient {
  /// The derivatives of quotients that stay finite where those of dividend and divisor would not; nil of any other.
  static func quotient(_ node: Expression, _ dy: Adjoint) -> [(Expression, Adjoint?)]? {
    let isReciprocal = node.isApplied(FX_RECIPROCAL)
    guard isReciprocal || node.isApplied(FX_DIV) else { return nil }
    let (n, d) = (node.arguments[0], node.arguments[isReciprocal ? 0 : 1])
    let y = Symbol(node)
    func slopes(_ u: Expression, _ slope: Symbol) -> [(Expression, Adjoint?)] {
      isReciprocal ? [(u, dy * slope)] : [(n, dy / Symbol(d)), (u, dy * slope)]
    }
    if !isReciprocal, let (u, slope) = exponentialQuotient(n, d, y) { return [(u, dy * slope)] }
    guard case .apply(let op) = d.kind else { return nil }
    let u = d.arguments[0]
    switch fx_op(op) {
    case FX_EXP: return slopes(u, -y)
    case FX_COSH: return slopes(u, -(y * Symbol.tanh(Symbol(u))))
    case FX_EXPM1: return slopes(u, y / Symbol.expMinusOne(-Symbol(u)))
    case FX_ADD where !isReciprocal:
      // x/(1 + |x|).
      for (one, a) in [(d.arguments[0], d.arguments[1]), (d.arguments[1], d.arguments[0])] {
        guard one.value == 1, a.isApplied(FX_ABS), a.arguments[0] === n else { continue }
        return [(n, dy * Symbol.unary(FX_SQUARE, Symbol.unary(FX_RECIPROCAL, Symbol(d))))]
      }
      return nil
    case FX_HYPOT where !isReciprocal: return ofHypotenuse(n, d, d, dy)
    case FX_SELECT where !isReciprocal:
      let h = d.arguments[2]
      guard d.arguments[1].value == 1, h.isApplied(FX_HYPOT) else { return nil }
      if n.isApplied(FX_DIV), n.arguments[1] === d { return ofSquaredHypotenuse(n.arguments[0], h, d, dy) }
      guard d.arguments[0].isApplied(FX_EQ), d.arguments[0].arguments[0] === h else { return nil }
      return ofHypotenuse(n, h, d, dy)
    default: return nil
    }
  }

  /// a/√(a² + b²): b²/r³ and −a·b/r³.
  private static func ofHypotenuse(_ n: Expression, _ h: Expression, _ divisor: Expression, _ dy: Adjoint) -> [(Expression, Adjoint?)]? {
    guard let i = h.arguments.firstIndex(where: { $0 === n }), h.arguments[0] !== h.arguments[1] else { return nil }
    let other = h.arguments[1 - i]
    let r = Symbol(divisor)
    let (a, b) = (Symbol(n) / r, Symbol(other) / r)
    return [(n, dy * (Symbol.unary(FX_SQUARE, b) / r)), (other, -(dy * (a * b / r)))]
  }

  /// a/(a² + b²): (b² − a²)/r⁴, in factors that keep their digits where |a| and |b| are nearly equal, and −2a·b/r⁴.
  private static func ofSquaredHypotenuse(
    _ n: Expression, _ h: Expression, _ divisor: Expression, _ dy: Adjoint
  ) -> [(Expression, Adjoint?)]? {
    guard let i = h.arguments.firstIndex(where: { $0 === n }) else { return nil }
    let other = h.arguments[1 - i]
    let (r, a, b) = (Symbol(divisor), Symbol(n), Symbol(other))
    let (difference, sum) = ((b - a) / r, (b + a) / r)
    let own: Symbol = difference * sum / r / r
    let product: Symbol = (a / r) * (b / r)
    let cross: Symbol = 2 * product / r / r
    return [(n, dy * own), (other, -(dy * cross))]
  }

  /// The slopes of (eᵘ − 1)/u and u/(eᵘ − 1), whose parts cancel near 0: there by their series.
  private static func exponentialQuotient(_ n: Expression, _ d: Expression, _ y: Symbol) -> (Expression, Symbol)? {
    func series(_ coefficients: [Double], _ x: Symbol) -> Symbol {
      var sum = Symbol(coefficients.last!)
      for c in coefficients.dropLast().reversed() { sum = Symbol(c) + x * sum }
      return sum
    }
    if n.isApplied(FX_EXPM1), n.arguments[0] === d {
      let u = Symbol(d)
      // Two forms, for large eᵘ and for small.
      let above: Symbol = (y * (u - 1) + 1) / u
      let below: Symbol = (Symbol(n) + 1 - y) / u
      return (d, select(abs(u) .< 1, series(exponentialSeries, u), select(u .> 0, above, below)))
    }
    if d.isApplied(FX_EXPM1), d.arguments[0] === n {
      let u = Symbol(n)
      let near: Symbol = u * series(bernoulliSeries, Symbol.unary(FX_SQUARE, u)) - 0.5
      let far: Symbol = 1 / Symbol(d) + y / Symbol.expMinusOne(-u)
      return (n, select(abs(u) .< 1, near, far))
    }
    return nil
  }

  /// k/(k + 1)! from k = 1 on.
  private static let exponentialSeries: [Double] = (1...20).map { Double($0) / factorial($0 + 1) }
  private static func factorial(_ n: Int) -> Double { (1...n).reduce(1.0) { $0 * Double($1) } }
  /// Bernoulli's numbers B₂ₘ over (2m − 1)! from m = 1 on.
  private static let bernoulliSeries: [Double] = {
    let numbers: [(Double, Double)] = [
      (1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66), (-691, 2730), (7, 6), (-3617, 510), (43867, 798), (-174611, 330), (854513, 138),
      (-236_364_091, 2730),
    ]
    return numbers.enumerated().map { m, number in number.0 / number.1 / factorial(2 * m + 1) }
  }()
}
