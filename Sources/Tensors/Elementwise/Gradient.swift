import CKernels
import RealModule

/// Derivatives of element-wise expressions, as expressions.
enum Gradient {
  /// The derivative of each input along a seed, in [inputs…, y, dy]; nil where it is zero.
  ///
  /// Where no result is at hand it is computed again. Slopes that are given are taken as they are.
  static func derivatives(
    of root: Expression, inputCount: Int, seed: Expression, readsResult: Bool, slopes: [Expression]? = nil
  ) -> [Program.Derivative?] {
    // Post-order: arguments before their users, every node once.
    var order: [Expression] = []
    var seen: Set<ObjectIdentifier> = []
    func visit(_ x: Expression) {
      guard seen.insert(ObjectIdentifier(x)).inserted else { return }
      x.arguments.forEach(visit)
      order.append(x)
    }
    visit(root)

    var adjoints: [ObjectIdentifier: Adjoint] = [ObjectIdentifier(root): Adjoint(seed)]
    var byInput: [Int: Adjoint] = [:]
    for (input, slope) in (slopes ?? []).enumerated() { byInput[input] = Adjoint(seed) * Symbol(slope) }
    for node in order.reversed() where slopes == nil {
      guard let dy = adjoints[ObjectIdentifier(node)] else { continue }
      switch node.kind {
      case .input(let index): byInput[index] = byInput[index].map { $0 + dy } ?? dy
      case .apply(let op):
        let y = Symbol(node)
        let slopes = quotient(node, dy) ?? Array(zip(node.arguments, rule(fx_op(op), node.arguments.map(Symbol.init), y, dy)))
        for (argument, dx) in slopes {
          guard let dx else { continue }
          let id = ObjectIdentifier(argument)
          adjoints[id] = adjoints[id].map { $0 + dx } ?? dx
        }
      default: break
      }
    }
    // The result is at hand when a derivative is taken: where it occurs in one, it is read and not computed again.
    // But for a hypotenuse, whose own derivative cancels if it is one of a given number.
    let isComputed = readsResult && !root.arguments.isEmpty && !root.isApplied(FX_HYPOT)
    return (0..<inputCount).map { input in
      guard var dx = byInput[input]?.node else { return nil }
      if isComputed { dx = replacing(root, with: .input(inputCount), in: dx) }
      if dx.value == 0 { return nil }
      let uses = inputs(of: dx).sorted()
      let renumbered = renumbering(dx, Dictionary(uniqueKeysWithValues: uses.enumerated().map { ($1, $0) }))
      return .init(program: Program(renumbered, inputCount: uses.count, isDerivative: true), uses: uses)
    }
  }

  private static func rewrite(
    _ x: Expression, _ memo: inout [ObjectIdentifier: Expression], _ leaf: (Expression) -> Expression?
  ) -> Expression {
    if let done = memo[ObjectIdentifier(x)] { return done }
    var result = x
    if let replacement = leaf(x) {
      result = replacement
    } else if case .apply(let op) = x.kind {
      let arguments = x.arguments.map { rewrite($0, &memo, leaf) }
      let op = fx_op(op)
      switch arguments.count {
      case 1: result = .apply(op, arguments[0])
      case 2: result = .apply(op, arguments[0], arguments[1])
      default: result = .apply(op, arguments[0], arguments[1], arguments[2])
      }
    }
    memo[ObjectIdentifier(x)] = result
    return result
  }

  private static func replacing(_ old: Expression, with new: Expression, in x: Expression) -> Expression {
    var memo: [ObjectIdentifier: Expression] = [:]
    return rewrite(x, &memo) { $0 === old ? new : nil }
  }

  private static func renumbering(_ x: Expression, _ numbers: [Int: Int]) -> Expression {
    var memo: [ObjectIdentifier: Expression] = [:]
    var inputs: [Int: Expression] = [:]
    return rewrite(x, &memo) { node in
      guard case .input(let index) = node.kind, let number = numbers[index] else { return nil }
      if inputs[number] == nil { inputs[number] = .input(number) }
      return inputs[number]
    }
  }

  private static func inputs(of x: Expression) -> Set<Int> {
    var result: Set<Int> = []
    var seen: Set<ObjectIdentifier> = []
    func visit(_ x: Expression) {
      guard seen.insert(ObjectIdentifier(x)).inserted else { return }
      if case .input(let index) = x.kind { result.insert(index) }
      x.arguments.forEach(visit)
    }
    visit(x)
    return result
  }

  /// The expression with an input in place of its scalar.
  static func replacingScalar(with index: Int, in x: Expression) -> Expression {
    var memo: [ObjectIdentifier: Expression] = [:]
    let input = Expression.input(index)
    return rewrite(x, &memo) { $0.kind == .scalar(0) ? input : nil }
  }

  /// The expression with 1 in place of some of its scalars.
  static func replacingScalars(_ isOne: (Int) -> Bool, in x: Expression) -> Expression {
    var memo: [ObjectIdentifier: Expression] = [:]
    return rewrite(x, &memo) { node in
      if case .scalar(let index) = node.kind, isOne(index) { .constant(1) } else { nil }
    }
  }

  /// A derivative along the gradient 1 as mathematics writes it, in [inputs…, y, dy].
  ///
  /// 0 times anything is 0, and a factor goes into a choice that leaves it out somewhere. With NaN and ∞ that is not so, and programs do not
  /// do it.
  static func shortened(_ derivative: Program.Derivative, gradient: Int) -> Expression {
    var memo: [ObjectIdentifier: Expression] = [:]
    var inputs: [Int: Expression] = [:]
    let zero = Expression.constant(0)
    func shorten(_ x: Expression) -> Expression {
      if let done = memo[ObjectIdentifier(x)] { return done }
      var result = x
      switch x.kind {
      case .input(let index):
        let input = derivative.uses[index]
        if inputs[input] == nil { inputs[input] = input == gradient ? .constant(1) : .input(input) }
        result = inputs[input]!
      case .apply(let op):
        let a = x.arguments.map(shorten)
        result =
          a.count == 1 ? sign(fx_op(op), a[0]) : a.count == 2 ? product(fx_op(op), a[0], a[1]) : .apply(fx_op(op), a[0], a[1], a[2])
      default: break
      }
      memo[ObjectIdentifier(x)] = result
      return result
    }
    func product(_ op: fx_op, _ a: Expression, _ b: Expression) -> Expression {
      guard op == FX_MUL || op == FX_DIV else { return .apply(op, a, b) }
      if a.kind == .apply(FX_NEG.rawValue) { return sign(FX_NEG, product(op, a.arguments[0], b)) }
      if op == FX_MUL, a.kind == .apply(FX_DIV.rawValue), a.arguments[0].value == 1 { return product(FX_DIV, b, a.arguments[1]) }
      if a.value == 0 || op == FX_MUL && b.value == 0 { return zero }
      if isChoice(a) { return .apply(FX_SELECT, a.arguments[0], product(op, a.arguments[1], b), product(op, a.arguments[2], b)) }
      if op == FX_MUL, isChoice(b) {
        return .apply(FX_SELECT, b.arguments[0], product(op, a, b.arguments[1]), product(op, a, b.arguments[2]))
      }
      return .apply(op, a, b)
    }
    func sign(_ op: fx_op, _ a: Expression) -> Expression {
      guard op == FX_NEG, isChoice(a) else { return .apply(op, a) }
      return .apply(FX_SELECT, a.arguments[0], sign(FX_NEG, a.arguments[1]), sign(FX_NEG, a.arguments[2]))
    }
    func isChoice(_ x: Expression) -> Bool {
      x.kind == .apply(FX_SELECT.rawValue) && (x.arguments[1].value == 0 || x.arguments[2].value == 0)
    }
    return shorten(derivative.program.computed)
  }

  /// dy·b·aᵇ⁻¹, which is 0 at b = 0 whatever a is; nil where it is 0 everywhere.
  private static func powerByBase(_ a: Symbol, _ b: Symbol, _ dy: Adjoint) -> Adjoint? {
    if b.node.value == 0 { return nil }
    let power = Symbol.pow(a, b - 1)
    if inputs(of: b.node).isEmpty { return dy * select(b .== 0, 0, b * power) }
    // As a product, whose derivative for b at b = 0 is 1/a, where that is finite.
    let isInfinite: Symbol = (power - power) .!= 0
    let slope = dy * (b * select((b .== 0) .& isInfinite, 0, power))
    // Of a power in a derivative dy may have such a factor 0.
    if case .apply = b.node.kind { return dy.chosen(Symbol(dy.node) .== 0, nil, slope) }
    return slope
  }

  private static let ln2 = Double.log(2)
  private static let ln10 = Double.log(10)

  /// The derivative of an instruction for each operand, times `dy`; nil where it is zero.
  private static func rule(_ op: fx_op, _ x: [Symbol], _ y: Symbol, _ dy: Adjoint) -> [Adjoint?] {
    typealias S = Symbol
    let a = x[0]
    let b = x.count > 1 ? x[1] : a
    func square(_ x: S) -> S { S.unary(FX_SQUARE, x) }
    func rsqrt(_ x: S) -> S { S.unary(FX_RSQRT, x) }
    // Where a slope has come to 0, what grows within has no part any more: 0 and not 0·∞.
    func saturating(_ slope: S) -> Adjoint {
      Adjoint.hasUnboundedSlope(a.node) ? dy.chosen(slope .== 0, nil, dy * slope) : dy * slope
    }
    switch op {
    case FX_COPY: return [dy]
    case FX_NEG: return [-dy]
    case FX_ABS: return [dy * S.unary(FX_SIGN, a)]
    case FX_SQUARE: return [dy * 2 * a]
    case FX_RECIPROCAL: return [-(dy * square(y))]
    case FX_SQRT: return [dy * 0.5 / y]
    case FX_RSQRT: return [dy * (-0.5 * (y * square(y)))]
    case FX_EXP: return [saturating(y)]
    case FX_EXPM1: return [dy * (y + 1)]
    case FX_LOG: return [dy / a]
    case FX_LOG1P: return [dy / (1 + a)]
    case FX_SIN: return [dy * S.cos(a)]
    case FX_COS: return [-(dy * S.sin(a))]
    case FX_TAN: return [dy * (1 + square(y))]
    // In factors, which keep their digits near 1, and from which nothing overflows.
    case FX_ASIN: return [dy * rsqrt((1 - a) * (1 + a))]
    case FX_ACOS: return [-(dy * rsqrt((1 - a) * (1 + a)))]
    case FX_ATAN: return [dy / (1 + square(a))]
    case FX_SINH: return [dy * S.cosh(a)]
    case FX_COSH: return [dy * S.sinh(a)]
    case FX_TANH: return [saturating(1 - square(y))]
    case FX_ASINH: return [dy / S.binary(FX_HYPOT, a, 1)]
    case FX_ACOSH: return [dy * (rsqrt(a - 1) * rsqrt(a + 1))]
    case FX_ATANH: return [dy / ((1 - a) * (1 + a))]
    case FX_LOG_COSH: return [dy * S.tanh(a)]
    case FX_LOG1M_EXP: return [-(dy / S.expMinusOne(-a))]
    case FX_ERF: return [saturating(S(2 / Double.pi.squareRoot()) * S.exp(-square(a)))]
    case FX_ERFC: return [-saturating(S(2 / Double.pi.squareRoot()) * S.exp(-square(a)))]
    case FX_NORMAL_CDF: return [saturating(S(1 / (2 * Double.pi).squareRoot()) * S.exp(-0.5 * square(a)))]
    case FX_ERFINV: return [dy * (S(Double.pi.squareRoot() / 2) * S.exp(square(y)))]
    case FX_EXP2: return [dy * (y * S(ln2))]
    case FX_LOG2: return [dy * S(1 / ln2) / a]
    case FX_LOG10: return [dy * S(1 / ln10) / a]
    case FX_LGAMMA: return [dy * S.unary(FX_DIGAMMA, a)]
    case FX_DIGAMMA: return [dy * S.binary(FX_POLYGAMMA, 1, a)]
    case FX_POLYGAMMA, FX_SINC: return [nil, dy * S.binary(op, a + 1, b)]
    case FX_BESSEL_J0: return [-(dy * besselJ(1, a))]
    case FX_BESSEL_Y0: return [-(dy * besselY(1, a))]
    case FX_BESSEL_I0: return [dy * besselI(1, a)]
    case FX_BESSEL_K0: return [-(dy * besselK(1, a))]
    // Of odd functions y/x is ½ at 0.
    case FX_BESSEL_J1: return [dy * (besselJ(0, a) - select(a .== 0, 0.5, y / select(a .== 0, 1, a)))]
    case FX_BESSEL_I1: return [dy * (besselI(0, a) - select(a .== 0, 0.5, y / select(a .== 0, 1, a)))]
    case FX_BESSEL_Y1: return [dy * (besselY(0, a) - y / a)]
    case FX_BESSEL_K1: return [-(dy * (besselK(0, a) + y / a))]
    case FX_BESSEL_I0E: return [dy * (besselI(1, a, isScaled: true) - S.unary(FX_SIGN, a) * y)]
    case FX_BESSEL_I1E:
      let quotient = select(a .== 0, 0.5, y / select(a .== 0, 1, a))
      return [dy * (besselI(0, a, isScaled: true) - quotient - S.unary(FX_SIGN, a) * y)]
    case FX_BESSEL_K0E: return [dy * (y - besselK(1, a, isScaled: true))]
    case FX_BESSEL_K1E: return [dy * (y - besselK(0, a, isScaled: true) - y / a)]
    case FX_AIRY: return [dy * S.unary(FX_AIRY_SLOPE, a)]
    case FX_AIRY_SLOPE: return [dy * (a * S.unary(FX_AIRY, a))]
    case FX_ERFCX: return [dy * (2 * a * y - S(2 / Double.pi.squareRoot()))]
    case FX_LOG_NORMAL_CDF: return [dy * (S(1 / (2 * Double.pi).squareRoot()) * S.exp(-0.5 * square(a) - y))]
    case FX_NORMAL_QUANTILE: return [dy * (S((2 * Double.pi).squareRoot()) * S.exp(0.5 * square(y)))]
    // Of these the first operand has no derivative that is known.
    case FX_ZETA: return [dy * S(.nan), -(dy * (a * zeta(a + 1, b)))]
    case FX_GAMMA_LOWER, FX_GAMMA_UPPER:
      let slope = dy * S.exp(xLogY(a - 1, b) - b - logGamma(a))
      return [dy * S(.nan), op == FX_GAMMA_LOWER ? slope : -slope]
    case FX_POLYNOMIAL: return [nil, nil, dy * S(.apply(op, (a + 16).node, b.node, x[2].node))]
    case FX_NEXT_AFTER: return [dy, nil]
    case FX_SIGMOID: return [saturating(y * (1 - y))]
    case FX_SOFTPLUS: return [dy * S.unary(FX_SIGMOID, a)]
    case FX_ADD: return [dy, dy]
    case FX_SUB: return [dy, -dy]
    case FX_MUL: return [dy * b, dy * a]
    case FX_DIV: return [dy / b, -(dy * (y / b))]
    case FX_POW:
      // 0ᵇ has the derivative 0 for b: PyTorch's convention, where log 0 would give NaN. A power of 0 has none for a.
      return [powerByBase(a, b, dy), dy * select((a .== 0) * (b .>= 0), 0, y * S.log(a))]
    case FX_MAX, FX_MIN:
      // Where both are equal each gets half, as in PyTorch.
      let half = dy * 0.5
      let first = op == FX_MAX ? a .> b : a .< b
      let second = op == FX_MAX ? b .> a : b .< a
      return [dy.chosen(a .== b, half, dy.chosen(first, dy, nil)), dy.chosen(a .== b, half, dy.chosen(second, dy, nil))]
    case FX_ATAN2:
      // One division after the other, since r² overflows; none at the origin, nor where r is infinite.
      let r = S.binary(FX_HYPOT, a, b)
      let isFlat = (r .== 0) .| (r .== S(.infinity))
      let divisor = select(isFlat, 1, r)
      let dx = dy.chosen(isFlat, nil, dy)
      return [dx * (b / divisor / divisor), -(dx * (a / divisor / divisor))]
    case FX_LOG_ADD_EXP:
      // Two equal infinities are 0 apart.
      let areInfinite = (a .== b) * (S.unary(FX_ABS, a) .== S(.infinity))
      let distance = select(areInfinite, 0, a - b)
      return [dy * sigmoid(distance), dy * sigmoid(-distance)]
    case FX_REM: return [dy, -(dy * S.binary(FX_FLOORDIV, a, b))]
    case FX_FMOD: return [dy, -(dy * S.unary(FX_TRUNC, a / b))]
    case FX_COPYSIGN: return [dy * (S.unary(FX_SIGN, a) * S.binary(FX_COPYSIGN, 1, b)), nil]
    case FX_HYPOT:
      // 0 at the origin.
      let divisor = select(y .== 0, 1, y)
      return [dy * (a / divisor), dy * (b / divisor)]
    case FX_FMA: return [dy * b, dy * a, dy]
    case FX_HARD_SWISH: return [dy * select(a .<= -3, 0, select(a .>= 3, 1, a * S(1 / 3.0) + 0.5))]
    case FX_HUBER: return [dy * hardTanh(a, min: -b, max: b), dy * relu(S.unary(FX_ABS, a) - b)]
    case FX_LERP:
      let weight = x[2]
      return [dy * (1 - weight), dy * weight, dy * (b - a)]
    case FX_SELECT: return [nil, dy.chosen(a, dy, nil), dy.chosen(a, nil, dy)]
    // Flat wherever they have a derivative.
    case FX_SIGN, FX_FLOOR, FX_CEIL, FX_ROUND, FX_TRUNC, FX_FLOORDIV, FX_NOT, FX_ISNAN, FX_EQ, FX_NE, FX_LT, FX_LE, FX_GT, FX_GE, FX_AND,
      FX_OR, FX_XOR, FX_EXPONENT, FX_BIT_NOT, FX_BIT_AND, FX_BIT_OR, FX_BIT_XOR, FX_SHIFT_LEFT, FX_SHIFT_RIGHT, FX_GCD, FX_LCM:
      return x.map { _ in nil }
    default:
      stop("gradient: no rule for the element-wise instruction fx_op(\(op.rawValue)); Gradient.rule must have one, or list it as flat")
    }
  }
}
