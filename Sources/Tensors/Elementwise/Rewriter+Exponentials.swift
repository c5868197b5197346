import CKernels
import RealModule

// Sums of exponentials: their logarithms, and quotients of them.
extension Rewriter {
  /// coefficient·e^exponent; a constant without one.
  private struct Term {
    var coefficient: Double
    var exponent: Expression?
  }

  static let exponentialRules: [Rule] = [
    .function(op: FX_LOG) { x, r in r.terms(x.arguments[0]).flatMap { r.logarithm($0) } },
    .function(op: FX_LOG1P) { x, r in
      r.terms(x.arguments[0]).flatMap { terms in
        terms.contains { $0.exponent != nil } ? r.logarithm(r.merged(terms + [Term(coefficient: 1)])) : nil
      }
    },
    .function(op: FX_RECIPROCAL) { x, r in r.quotient(.constant(1), x.arguments[0]) },
    .function(op: FX_DIV) { x, r in r.quotient(x.arguments[0], x.arguments[1]) },
    .function(op: FX_DIV) { x, r in r.quotientWithExponent(x) },
    .function(op: FX_POW) { x, r in
      guard x.arguments[1].value == -2, let terms = r.terms(x.arguments[0]), terms.contains(where: { $0.exponent != nil }) else {
        return nil
      }
      return r.apply(FX_SQUARE, r.apply(FX_RECIPROCAL, x.arguments[0]))
    },
    .function(op: FX_ADD) { x, r in r.hyperbolic(x) },
    .function(op: FX_SUB) { x, r in r.hyperbolic(x) },
  ]

  // MARK: Reading

  /// The terms of a sum of exponentials and constants, at most four; nil of anything else.
  ///
  /// The depth is bounded: a sum of thousands of parts would overflow the stack, one of shared parts take exponential time.
  private mutating func terms(_ x: Expression, depth: Int = 10) -> [Term]? {
    if depth == 0 { return nil }
    if let c = x.value { return c.isFinite ? [Term(coefficient: c)] : nil }
    guard case .apply(let op) = x.kind else { return nil }
    let a = x.arguments
    switch fx_op(op) {
    case FX_EXP: return [Term(coefficient: 1, exponent: a[0])]
    case FX_EXPM1: return [Term(coefficient: 1, exponent: a[0]), Term(coefficient: -1)]
    case FX_COSH, FX_SINH:
      let sign = fx_op(op) == FX_COSH ? 0.5 : -0.5
      return [Term(coefficient: 0.5, exponent: a[0]), Term(coefficient: sign, exponent: apply(FX_NEG, a[0]))]
    case FX_NEG: return terms(a[0], depth: depth - 1)?.map { Term(coefficient: -$0.coefficient, exponent: $0.exponent) }
    case FX_ADD, FX_SUB:
      guard let left = terms(a[0], depth: depth - 1), let right = terms(a[1], depth: depth - 1) else { return nil }
      let sign = fx_op(op) == FX_ADD ? 1.0 : -1.0
      return bounded(left + right.map { Term(coefficient: sign * $0.coefficient, exponent: $0.exponent) })
    case FX_MUL:
      guard let left = terms(a[0], depth: depth - 1), let right = terms(a[1], depth: depth - 1) else { return nil }
      return multiplied(left, right)
    case FX_SQUARE:
      guard let one = terms(a[0], depth: depth - 1) else { return nil }
      return multiplied(one, one)
    case FX_DIV, FX_RECIPROCAL:
      let isQuotient = fx_op(op) == FX_DIV
      guard let left = isQuotient ? terms(a[0], depth: depth - 1) : [Term(coefficient: 1)],
        let right = terms(a[isQuotient ? 1 : 0], depth: depth - 1), right.count == 1
      else { return nil }
      let inverse = Term(coefficient: 1 / right[0].coefficient, exponent: right[0].exponent.map { apply(FX_NEG, $0) })
      return inverse.coefficient.isFinite ? multiplied(left, [inverse]) : nil
    default: return nil
    }
  }

  private mutating func multiplied(_ left: [Term], _ right: [Term]) -> [Term]? {
    var result: [Term] = []
    for a in left {
      for b in right {
        let exponent: Expression?
        switch (a.exponent, b.exponent) {
        case (let e?, let f?): exponent = sum(e, f)
        case (let e?, nil), (nil, let e?): exponent = e
        default: exponent = nil
        }
        result.append(Term(coefficient: a.coefficient * b.coefficient, exponent: exponent))
      }
    }
    return bounded(result)
  }

  private func bounded(_ terms: [Term]) -> [Term]? {
    let result = merged(terms)
    return result.count <= 4 && result.allSatisfy { $0.coefficient.isFinite } ? result : nil
  }

  /// Terms of one exponent taken together.
  private func merged(_ terms: [Term]) -> [Term] {
    var result: [Term] = []
    for term in terms {
      if let i = result.firstIndex(where: { $0.exponent === term.exponent }) {
        result[i].coefficient += term.coefficient
      } else {
        result.append(term)
      }
    }
    return result.filter { $0.coefficient != 0 }
  }

  // MARK: Exponents

  /// a + b, of multiples of one expression a multiple of it.
  private mutating func sum(_ a: Expression, _ b: Expression) -> Expression { combined(a, b, 1) }
  private mutating func difference(_ a: Expression?, _ b: Expression?) -> Expression {
    switch (a, b) {
    case (let a?, let b?): combined(a, b, -1)
    case (let a?, nil): a
    case (nil, let b?): apply(FX_NEG, b)
    default: .constant(0)
    }
  }
  private mutating func combined(_ a: Expression, _ b: Expression, _ sign: Double) -> Expression {
    let ((c, u), (d, v)) = (linear(a), linear(b))
    // An infinite u has no multiple 0.
    if u === v, c + sign * d != 0 { return apply(FX_MUL, .constant(c + sign * d), u) }
    return sign > 0 ? apply(FX_ADD, a, b) : apply(FX_SUB, a, b)
  }
  private mutating func shifted(_ a: Expression, by c: Double) -> Expression { c == 0 ? a : apply(FX_ADD, a, .constant(c)) }
  private mutating func half(_ a: Expression) -> Expression {
    let (c, u) = linear(a)
    return c == 1 ? apply(FX_MUL, .constant(0.5), a) : apply(FX_MUL, .constant(c / 2), u)
  }

  // MARK: Logarithms

  /// log Σ of the terms, of two of opposite signs too; nil where nothing would be gained.
  private mutating func logarithm(_ terms: [Term]) -> Expression? {
    guard terms.contains(where: { $0.exponent != nil }) else { return nil }
    if terms.allSatisfy({ $0.coefficient > 0 }) { return logSumExp(terms) }
    guard terms.count == 2, let p = terms.first(where: { $0.coefficient > 0 }), let q = terms.first(where: { $0.coefficient < 0 }) else {
      return nil
    }
    let distance = shifted(difference(q.exponent, p.exponent), by: .log(-q.coefficient) - .log(p.coefficient))
    return apply(FX_ADD, level(p), apply(FX_LOG1M_EXP, distance))
  }

  private mutating func level(_ term: Term) -> Expression {
    let c = Double.log(term.coefficient)
    return term.exponent.map { shifted($0, by: c) } ?? .constant(c)
  }

  /// log Σ of positive terms, two by two.
  private mutating func logSumExp(_ terms: [Term]) -> Expression {
    if terms.count == 2, let a = terms[0].exponent, let b = terms[1].exponent, terms[0].coefficient == terms[1].coefficient {
      let ((c, u), (d, v)) = (linear(a), linear(b))
      if u === v, c == -d {
        let scaled = apply(FX_MUL, .constant(Swift.abs(c)), u)
        return shifted(apply(FX_LOG_COSH, scaled), by: .log(2 * terms[0].coefficient))
      }
    }
    var rest = terms
    if let i = rest.firstIndex(where: { $0.exponent == nil }), rest.count > 1 {
      let constant = Double.log(rest.remove(at: i).coefficient)
      let first = rest.removeFirst()
      let start = shifted(apply(FX_SOFTPLUS, shifted(level(first), by: -constant)), by: constant)
      return rest.reduce(start) { intern(logAddExp(Symbol($0), Symbol(level($1))).node) }
    }
    let first = rest.removeFirst()
    return rest.reduce(level(first)) { intern(logAddExp(Symbol($0), Symbol(level($1))).node) }
  }

  // MARK: Quotients

  /// A quotient by a sum of exponentials as sigmoids; nil where nothing would be gained.
  private mutating func quotient(_ numerator: Expression, _ denominator: Expression) -> Expression? {
    // u·v and u² divide one after the other.
    if denominator.isApplied(FX_SQUARE) || denominator.isApplied(FX_MUL) {
      let (u, v) = (denominator.arguments[0], denominator.arguments.last!)
      if let a = terms(u), let b = terms(v), a.count > 1, b.count > 1, (a + b).contains(where: { $0.exponent != nil }) {
        return apply(FX_DIV, apply(FX_DIV, numerator, u), v)
      }
    }
    guard let below = terms(denominator), below.contains(where: { $0.exponent != nil }) else { return nil }
    // By cosh itself is divided as it is: its overflow gives the quotient's 0, and its derivative has a rule.
    let (c, cosh) = linear(denominator)
    if cosh.isApplied(FX_COSH), !hasExponent(numerator) {
      return c == 1 ? nil : apply(FX_DIV, apply(FX_MUL, .constant(1 / c), numerator), cosh)
    }
    guard let above = terms(numerator) else { return quotientOfProduct(numerator, denominator, below) }
    return quotient(above, below)
  }

  /// The same of two sums.
  private mutating func quotient(_ above: [Term], _ below: [Term]) -> Expression? {
    if let y = tangentOfSoftplus(above, below) { return y }
    if below.count == 1 {
      guard above.count == 1, let a = above[0].exponent, let b = below[0].exponent else { return nil }
      let c = above[0].coefficient / below[0].coefficient
      return apply(FX_MUL, .constant(c), apply(FX_EXP, difference(a, b)))
    }
    if above.count == 2, below.count == 2, above[0].exponent === below[0].exponent || above[0].exponent === below[1].exponent {
      let second = below[0].exponent === above[0].exponent ? [below[0], below[1]] : [below[1], below[0]]
      if above[1].exponent === second[1].exponent, let y = ratio(above, second) { return y }
    }
    guard let parts = allOrNil(above.map { fraction($0, below) }) else { return nil }
    return parts.dropFirst().reduce(parts[0]) { apply(FX_ADD, $0, $1) }
  }

  private mutating func hasExponent(_ x: Expression) -> Bool {
    if let terms = terms(x) { return terms.contains { $0.exponent != nil } }
    if x.isApplied(FX_NEG) || x.isApplied(FX_MUL) || x.isApplied(FX_ADD) || x.isApplied(FX_SUB) {
      for argument in x.arguments where hasExponent(argument) { return true }
    }
    return false
  }

  /// (c·eᵃ ∓ c·eᵇ)/(d·eᵃ ± d·eᵇ) by a hyperbolic tangent.
  private mutating func ratio(_ above: [Term], _ below: [Term]) -> Expression? {
    let tangent = { (r: inout Rewriter) in r.apply(FX_TANH, r.half(r.difference(above[0].exponent, above[1].exponent))) }
    let (c, d) = (above[0].coefficient, below[0].coefficient)
    if c == -above[1].coefficient, d == below[1].coefficient { return apply(FX_MUL, .constant(c / d), tangent(&self)) }
    if c == above[1].coefficient, d == -below[1].coefficient { return apply(FX_DIV, .constant(c / d), tangent(&self)) }
    return nil
  }

  /// (e²ᵘ + 2eᵘ)/(e²ᵘ + 2eᵘ + 2) = tanh(log(1 + eᵘ)).
  private mutating func tangentOfSoftplus(_ above: [Term], _ below: [Term]) -> Expression? {
    guard above.count == 2, below.count == 3, let constant = below.first(where: { $0.exponent == nil })?.coefficient, constant > 0 else {
      return nil
    }
    for (i, one) in above.enumerated() {
      let two = above[1 - i]
      guard let u = one.exponent, let v = two.exponent, one.coefficient == 2 * two.coefficient else { continue }
      let ((c, x), (d, y)) = (linear(u), linear(v))
      guard x === y, d == 2 * c, below.first(where: { $0.exponent === u })?.coefficient == constant,
        below.first(where: { $0.exponent === v })?.coefficient == constant / 2
      else { continue }
      return apply(FX_MUL, .constant(2 * two.coefficient / constant), apply(FX_TANH, apply(FX_SOFTPLUS, u)))
    }
    return nil
  }

  /// (eᵘ − 1)/v and v/(eᵘ − 1) of a multiple v of u as multiples of (eᵘ − 1)/u and u/(eᵘ − 1), whose derivatives have a rule.
  private mutating func quotientWithExponent(_ x: Expression) -> Expression? {
    let (above, below) = (x.arguments[0], x.arguments[1])
    let ((a, n), (b, d)) = (linear(above), linear(below))
    if n.isApplied(FX_EXPM1) {
      let u = n.arguments[0]
      let (k, w) = linear(u)
      guard d === w, above !== n || below !== u, (a * k / b).isNormal else { return nil }
      return apply(FX_MUL, .constant(a * k / b), apply(FX_DIV, n, u))
    }
    if d.isApplied(FX_EXPM1) {
      let u = d.arguments[0]
      let (k, w) = linear(u)
      guard n === w, above !== u || below !== d, (a / (k * b)).isNormal else { return nil }
      return apply(FX_MUL, .constant(a / (k * b)), apply(FX_DIV, u, d))
    }
    return nil
  }

  /// A product over a sum, its exponential factors taken into a sigmoid.
  ///
  /// A sum over a sum is taken apart if each part has such a factor.
  private mutating func quotientOfProduct(_ numerator: Expression, _ denominator: Expression, _ below: [Term]) -> Expression? {
    if below.count == 1 { return nil }
    if numerator.isApplied(FX_ADD) || numerator.isApplied(FX_SUB) {
      guard let left = quotient(numerator.arguments[0], denominator), let right = quotient(numerator.arguments[1], denominator) else {
        return nil
      }
      return apply(numerator.isApplied(FX_ADD) ? FX_ADD : FX_SUB, left, right)
    }
    var (factors, others) = ([Term(coefficient: 1)], [Expression]())
    func collect(_ x: Expression, _ r: inout Rewriter) {
      if let some = r.terms(x), let product = r.multiplied(factors, some) {
        factors = product
      } else if x.isApplied(FX_MUL) {
        for argument in x.arguments { collect(argument, &r) }
      } else if x.isApplied(FX_NEG) {
        for i in factors.indices { factors[i].coefficient *= -1 }
        collect(x.arguments[0], &r)
      } else {
        others.append(x)
      }
    }
    collect(numerator, &self)
    guard let part = factors.count == 1 ? fraction(factors[0], below) : quotient(factors, below) else { return nil }
    return others.reversed().reduce(part) { apply(FX_MUL, $1, $0) }
  }

  /// One term over a sum of terms.
  private mutating func fraction(_ term: Term, _ below: [Term]) -> Expression? {
    let same = below.firstIndex { $0.exponent === term.exponent }
    if below.allSatisfy({ $0.coefficient > 0 }) {
      guard let same else {
        let exponent = term.exponent.map { apply(FX_SUB, $0, logSumExp(below)) } ?? apply(FX_NEG, logSumExp(below))
        return apply(FX_MUL, .constant(term.coefficient), apply(FX_EXP, exponent))
      }
      let own = below[same]
      var others = below
      others.remove(at: same)
      let distance =
        others.count == 1
        ? shifted(difference(own.exponent, others[0].exponent), by: .log(own.coefficient) - .log(others[0].coefficient))
        : apply(FX_SUB, level(own), logSumExp(others))
      return apply(FX_MUL, .constant(term.coefficient / own.coefficient), apply(FX_SIGMOID, distance))
    }
    // c·eᵃ/(p·eᵃ − q·eᵇ) = −(c/p)/(e^(b − a + log q/p) − 1).
    guard let same, below.count == 2 else { return nil }
    let (own, other) = (below[same], below[1 - same])
    guard own.coefficient * other.coefficient < 0 else { return nil }
    // Of −1 over eᵃ − 1 nothing is gained.
    if own.exponent == nil && own.coefficient == -1 && other.coefficient == 1 { return nil }
    let distance = shifted(
      difference(other.exponent, own.exponent), by: .log(Swift.abs(other.coefficient)) - .log(Swift.abs(own.coefficient)))
    return apply(FX_DIV, .constant(-term.coefficient / own.coefficient), apply(FX_EXPM1, distance))
  }

  private func allOrNil(_ x: [Expression?]) -> [Expression]? { x.contains { $0 == nil } ? nil : x.map { $0! } }

  // MARK: Sums

  /// c·eᵃ ± c·e⁻ᵃ as hyperbolic functions.
  private mutating func hyperbolic(_ x: Expression) -> Expression? {
    guard let terms = terms(x), terms.count == 2, let a = terms[0].exponent, let b = terms[1].exponent else { return nil }
    let ((c, u), (d, v)) = (linear(a), linear(b))
    guard u === v, c == -d, Swift.abs(terms[0].coefficient) == Swift.abs(terms[1].coefficient) else { return nil }
    let isEven = terms[0].coefficient == terms[1].coefficient
    return apply(FX_MUL, .constant(2 * terms[0].coefficient), apply(isEven ? FX_COSH : FX_SINH, a))
  }
}
