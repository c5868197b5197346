import CKernels
import RealModule

// What people write, and what is computed in its place. Each row is tested in RewriterTests, with both derivatives over the whole range.
extension Rewriter {
  static let rules: [UInt32: [Rule]] = Dictionary(grouping: exponentialRules + patterns + rootRules + productRules, by: \.op)
  static let rulesOfValues: [UInt32: [Rule]] = Dictionary(
    grouping: exponentialRules + patterns + cancellations + rootRules + productRules, by: \.op)

  private static let ln2 = Symbol(Double.log(2))

  private static let patterns: [Rule] = [
    // eˣ − 1 and log(1 + x), which keep their digits near 0.
    Rule { x, _ in (exp(x) - 1, expm1(x)) },
    Rule { x, _ in (exp(x) + -1, expm1(x)) },
    Rule { x, _ in (1 - exp(x), -expm1(x)) },
    Rule { x, _ in (log(1 + x), log1p(x)) },
    Rule { x, _ in (log(1 - x), log1p(-x)) },
    Rule { x, _ in (log1p(expm1(x)), x) },

    // Logarithms of powers, which overflow before their logarithm does.
    Rule { x, _ in (log(Symbol.unary(FX_SQUARE, x)), 2 * log(abs(x))) },
    Rule { x, _ in (log2(Symbol.unary(FX_SQUARE, x)), 2 * log2(abs(x))) },
    Rule { x, _ in (log10(Symbol.unary(FX_SQUARE, x)), 2 * log10(abs(x))) },
    Rule { x, _ in (log(sqrt(x)), 0.5 * log(x)) },
    Rule { x, _ in (log(rsqrt(x)), -0.5 * log(x)) },
    Rule { x, _ in (log(pow(x, -1)), -log(x)) },
    Rule { x, _ in (log(1 / x), -log(x)) },
    Rule { x, _ in (log(x * Symbol.unary(FX_SQUARE, x)), 3 * log(x)) },
    Rule { x, _ in (log2(exp2(x)), x) },

    // Inverse hyperbolic functions, which cancel far on one side.
    Rule { x, _ in (log(x + Symbol.binary(FX_HYPOT, x, 1)), Symbol.asinh(x)) },
    Rule { x, _ in (log(x + sqrt(Symbol.unary(FX_SQUARE, x) - 1)), Symbol.acosh(x)) },
    Rule { x, _ in (log(Symbol.binary(FX_DIV, 1 + x, 1 - x)), 2 * Symbol.atanh(x)) },
    Rule { x, _ in (log(Symbol.binary(FX_DIV, 1 - x, 1 + x)), -2 * Symbol.atanh(x)) },

    // Sigmoid and what it is made of.
    Rule { x, _ in (Symbol.binary(FX_MAX, x, 0) + softplus(-abs(x)), softplus(x)) },
    Rule { x, _ in (Symbol.binary(FX_MAX, 0, x) + softplus(-abs(x)), softplus(x)) },
    Rule { x, _ in (relu(x) + softplus(-abs(x)), softplus(x)) },
    Rule { x, _ in (log(sigmoid(x)), -softplus(-x)) },
    Rule { x, _ in (log1p(-sigmoid(x)), -softplus(x)) },
    Rule { x, _ in (2 * sigmoid(x) - 1, tanh(0.5 * x)) },
    Rule { x, _ in (1 - 2 * sigmoid(x), -tanh(0.5 * x)) },
    Rule { x, _ in (exp(x) * sigmoid(-x), sigmoid(x)) },
    Rule { x, _ in (exp(-x) * sigmoid(x), sigmoid(-x)) },

    // Hyperbolic functions.
    Rule { x, _ in (Symbol.sinh(x) / Symbol.cosh(x), tanh(x)) },
    Rule { x, _ in (Symbol.cosh(x) / Symbol.sinh(x), 1 / tanh(x)) },
    Rule { x, _ in (log(Symbol.cosh(x)), Symbol.unary(FX_LOG_COSH, x)) },
    Rule { x, _ in (abs(x) + softplus(-2 * abs(x)) - ln2, Symbol.unary(FX_LOG_COSH, x)) },
    Rule { x, _ in (x + softplus(-2 * x) - ln2, Symbol.unary(FX_LOG_COSH, x)) },
  ]

  /// Differences that cancel.
  private static let cancellations: [Rule] = [
    Rule { x, _ in (1 - sigmoid(x), sigmoid(-x)) },
    Rule { x, _ in (sigmoid(x) - 1, -sigmoid(-x)) },
    Rule { x, _ in (1 + tanh(x), 2 * sigmoid(2 * x)) },
    Rule { x, _ in (1 - tanh(x), 2 * sigmoid(-2 * x)) },
    Rule { x, _ in (tanh(x) - 1, -2 * sigmoid(-2 * x)) },
    Rule { x, _ in (1 - Symbol.unary(FX_SQUARE, tanh(x)), 4 * (sigmoid(2 * x) * sigmoid(-2 * x))) },
    Rule { x, _ in (Symbol.cosh(x) - 1, 2 * Symbol.unary(FX_SQUARE, Symbol.sinh(0.5 * x))) },
    Rule { x, _ in (1 - cos(x), 2 * Symbol.unary(FX_SQUARE, sin(0.5 * x))) },
    Rule { x, _ in (1 + erf(x), erfc(-x)) },
    Rule { x, _ in (1 - erf(x), erfc(x)) },
    Rule { x, _ in (erf(x) - 1, -erfc(x)) },
    Rule { x, _ in (1 - erfc(x), erf(x)) },
  ]

  // MARK: Roots of sums of squares

  private static let rootRules: [Rule] = [
    .function(op: FX_SQRT) { x, r in r.hypotenuse(x.arguments[0]) },
    .function(op: FX_RSQRT) { x, r in r.hypotenuse(x.arguments[0]).map { r.apply(FX_RECIPROCAL, $0) } },
    // √(x² + c²) − c.
    .function(op: FX_SUB) { x, r in
      let (h, c) = (x.arguments[0], x.arguments[1])
      guard h.isApplied(FX_HYPOT), c.value != nil, let a = h.arguments.first(where: { $0.value == nil }),
        h.arguments.contains(where: { $0.value == c.value })
      else { return nil }
      return r.apply(FX_MUL, a, r.apply(FX_DIV, a, r.apply(FX_ADD, h, c)))
    },
    .function(op: FX_LOG1P) { x, r in r.logOfOnePlusSquare(x.arguments[0]) },
    .function(op: FX_LOG) { x, r in
      guard x.arguments[0].isApplied(FX_ADD), let h = r.hypotenuse(x.arguments[0]) else { return nil }
      return r.apply(FX_MUL, .constant(2), r.apply(FX_LOG, h))
    },
    // x²/(x² + y²).
    .function(op: FX_DIV) { x, r in
      let ((k, square), sum) = (r.linear(x.arguments[0]), x.arguments[1])
      guard square.isApplied(FX_SQUARE), sum.isApplied(FX_ADD), sum.arguments.contains(where: { $0 === square }),
        let h = r.hypotenuse(sum)
      else { return nil }
      return r.apply(FX_MUL, .constant(k), r.apply(FX_SQUARE, r.apply(FX_DIV, square.arguments[0], h)))
    },
    .function(op: FX_LOG) { x, r in
      guard x.arguments[0].isApplied(FX_POW), let power = x.arguments[0].arguments[1].value else { return nil }
      let base = x.arguments[0].arguments[0]
      let isEven = power / 2 == (power / 2).rounded()
      return r.apply(FX_MUL, .constant(power), r.apply(FX_LOG, isEven ? r.apply(FX_ABS, base) : base))
    },
  ]

  /// √ of a sum of squares and positive constants, without overflow; nil of anything else.
  private mutating func hypotenuse(_ sum: Expression) -> Expression? {
    var sides: [Expression] = []
    func collect(_ x: Expression, _ r: inout Rewriter) -> Bool {
      if x.isApplied(FX_ADD) { return x.arguments.allSatisfy { collect($0, &r) } }
      if let c = x.value, c >= 0 {
        sides.append(.constant(c.squareRoot()))
      } else if let (k, side) = r.square(x) {
        sides.append(r.apply(FX_MUL, .constant(k.squareRoot()), side))
      } else {
        return false
      }
      return true
    }
    guard collect(sum, &self), sides.contains(where: { $0.value == nil }) else { return nil }
    if sides.count == 1 { return apply(FX_ABS, sides[0]) }
    return sides.dropFirst().reduce(sides[0]) { apply(FX_HYPOT, $0, $1) }
  }

  /// k and y of k·y², k positive; nil of anything else.
  private mutating func square(_ x: Expression) -> (Double, Expression)? {
    let (k, y) = linear(x)
    if y.isApplied(FX_SQUARE) { return k > 0 && k.isFinite ? (k, y.arguments[0]) : nil }
    // 0.5·x·x, from left to right.
    guard y.isApplied(FX_MUL) else { return nil }
    let ((a, u), (b, v)) = (linear(y.arguments[0]), linear(y.arguments[1]))
    return u === v && k * a * b > 0 && (k * a * b).isFinite ? (k * a * b, u) : nil
  }

  /// log(1 + k·x²), far out as 2·log(√k·|x|), since x² overflows before its logarithm does; of sums of squares alike.
  ///
  /// One logarithm for both.
  private mutating func logOfOnePlusSquare(_ x: Expression) -> Expression? {
    let size: Expression
    if let (k, side) = square(x) {
      size = apply(FX_MUL, .constant(k.squareRoot()), apply(FX_ABS, side))
    } else if x.isApplied(FX_ADD), let h = hypotenuse(x) {
      size = h
    } else {
      return nil
    }
    let isFar = apply(FX_GT, size, .constant(0x1p30))
    let argument = apply(FX_SELECT, isFar, apply(FX_SUB, size, .constant(1)), x)
    return apply(FX_MUL, apply(FX_SELECT, isFar, .constant(2), .constant(1)), apply(FX_LOG1P, argument))
  }

  // MARK: Products

  private static let productRules: [Rule] = [
    .function(op: FX_MUL) { x, r in r.product(x) },
    .function(op: FX_DIV) { x, r in x.arguments[1].value.map { isPowerOfTwo($0) } == true ? r.product(x) : nil },
  ]

  private static func isPowerOfTwo(_ x: Double) -> Bool { x.isNormal && x.significandBitPattern == 0 }

  /// Powers of two taken together, and ½·erfc(−x/√2) as the normal distribution's Φ(x).
  private mutating func product(_ x: Expression) -> Expression? {
    var (factor, constants, others) = (1.0, 0, [Expression]())
    func collect(_ x: Expression) {
      if let c = x.value, Self.isPowerOfTwo(c) {
        factor *= c
        constants += 1
      } else if x.isApplied(FX_MUL) {
        x.arguments.forEach(collect)
      } else if x.isApplied(FX_DIV), let c = x.arguments[1].value, Self.isPowerOfTwo(c) {
        factor /= c
        constants += 1
        collect(x.arguments[0])
      } else {
        others.append(x)
      }
    }
    collect(x)
    guard constants > 0, factor.isNormal, !others.isEmpty else { return nil }
    var isNormal = false
    if Swift.abs(factor) <= 0.5, let i = others.firstIndex(where: { $0.isApplied(FX_ERFC) }) {
      let (slope, inner) = linear(others[i].arguments[0])
      if Swift.abs(Swift.abs(slope) * 2.0.squareRoot() - 1) < 1e-9 {
        others[i] = apply(FX_NORMAL_CDF, slope < 0 ? inner : apply(FX_NEG, inner))
        factor *= 2
        isNormal = true
      }
    }
    guard isNormal || constants > 1 else { return nil }
    let product = others.dropFirst().reduce(others[0]) { apply(FX_MUL, $0, $1) }
    return apply(FX_MUL, .constant(factor), product)
  }

  /// x as a constant times something.
  mutating func linear(_ x: Expression) -> (Double, Expression) {
    if x.isApplied(FX_NEG) {
      let (c, y) = linear(x.arguments[0])
      return (-c, y)
    }
    if x.isApplied(FX_MUL), let i = x.arguments.firstIndex(where: { $0.value != nil }) {
      let (c, y) = linear(x.arguments[1 - i])
      return (c * x.arguments[i].value!, y)
    }
    if x.isApplied(FX_DIV), let d = x.arguments[1].value, d != 0 {
      let (c, y) = linear(x.arguments[0])
      return (c / d, y)
    }
    return (1, x)
  }
}

extension Expression {
  func isApplied(_ op: fx_op) -> Bool { kind == .apply(op.rawValue) }
}
