import CKernels

/// An element-wise program for complex operands, as two programs on their real and imaginary parts.
final class ComplexProgram: Sendable {
  /// A program on some of [re₀, im₀, re₁, im₁, …].
  struct Part {
    let program: Program
    let uses: [Int]
  }

  let re: Part
  /// Nil where the result is real.
  let im: Part?
  /// Whether it has a complex derivative, which is the real function's: it is made of functions with f(conj z) = conj f(z) that have one, or are constant
  /// piece by piece.
  let isHolomorphic: Bool

  /// Nil where the program has an instruction that is not defined for complex numbers.
  init?(_ expression: Expression, inputCount: Int, isDerivative: Bool) {
    var values: [ObjectIdentifier: ComplexSymbol] = [:]
    var isHolomorphic = true
    for part in expression.parts {
      let value: ComplexSymbol
      switch part.kind {
      case .input(let i): value = ComplexSymbol(Symbol(.input(2 * i)), Symbol(.input(2 * i + 1)))
      case .scalar, .constant, .whole: value = ComplexSymbol(Symbol(part))
      case .apply(let op):
        let x = part.arguments.map { values[ObjectIdentifier($0)]! }
        guard let made = ComplexProgram.apply(fx_op(op), x, isDerivative: isDerivative) else { return nil }
        if fx_op(op) == FX_ABS || fx_op(op) == FX_SIGN, x[0].im != nil { isHolomorphic = false }
        value = made
      }
      values[ObjectIdentifier(part)] = value
    }
    let result = values[ObjectIdentifier(expression)]!
    re = ComplexProgram.part(result.re, inputCount)
    im = result.im.map { ComplexProgram.part($0, inputCount) }
    self.isHolomorphic = isHolomorphic && result.im != nil
  }

  /// A program of those inputs that an expression uses, of the first where it is a constant.
  private static func part(_ x: Symbol, _ inputCount: Int) -> Part {
    let parts = x.node.parts
    var used = Set<Int>()
    for part in parts { if case .input(let i) = part.kind { used.insert(i) } }
    let uses = used.isEmpty ? [0] : used.sorted()
    var places: [Int: Int] = [:]
    for (place, i) in uses.enumerated() { places[i] = place }
    var moved: [ObjectIdentifier: Expression] = [:]
    for part in parts {
      switch part.kind {
      case .input(let i): moved[ObjectIdentifier(part)] = .input(places[i]!)
      case .apply(let op): moved[ObjectIdentifier(part)] = .exactly(op, part.arguments.map { moved[ObjectIdentifier($0)]! })
      default: moved[ObjectIdentifier(part)] = part
      }
    }
    return Part(program: Program(moved[ObjectIdentifier(x.node)]!, inputCount: uses.count), uses: uses)
  }

  /// An instruction on complex numbers; nil where it has no meaning, such as an order.
  private static func apply(_ op: fx_op, _ x: [ComplexSymbol], isDerivative: Bool) -> ComplexSymbol? {
    typealias S = Symbol
    // Among real numbers it is what it always is.
    if x.allSatisfy({ $0.im == nil }) {
      return ComplexSymbol(Symbol(.applied(op, x.map(\.re.node))))
    }
    let z = x[0]
    func isEqual() -> S { (z.re .== x[1].re) .& (z.imaginary .== x[1].imaginary) }
    switch op {
    case FX_COPY: return z
    case FX_NEG: return -z
    case FX_ABS: return ComplexSymbol(z.magnitude)
    case FX_SIGN:
      let length = select(z.magnitude .== 0, 1, z.magnitude)
      return ComplexSymbol(z.re / length, z.imaginary / length)
    case FX_SQUARE: return z.squared
    case FX_CUBE: return z.squared * z
    case FX_RECIPROCAL: return ComplexSymbol(1) / z
    case FX_SQRT: return z.root
    case FX_RSQRT: return ComplexSymbol(1) / z.root
    case FX_EXP: return z.exponential
    case FX_EXPM1: return z.exponentialMinusOne
    case FX_EXP2: return (z * Double.log(2)).exponential
    case FX_LOG: return z.logarithm
    case FX_LOG1P: return z.logarithmOfOnePlus
    case FX_LOG2: return z.logarithm * (1 / Double.log(2))
    case FX_LOG10: return z.logarithm * (1 / Double.log(10))
    case FX_SIN: return z.sine
    case FX_COS: return z.cosine
    case FX_TAN: return z.tangent
    case FX_ASIN: return z.arcsine
    case FX_ACOS: return z.arccosine
    case FX_ATAN: return z.arctangent
    case FX_SINH: return z.hyperbolicSine
    case FX_COSH: return z.hyperbolicCosine
    case FX_TANH: return z.hyperbolicTangent
    case FX_ASINH: return z.hyperbolicArcsine
    case FX_ACOSH: return z.hyperbolicArccosine
    case FX_ATANH: return z.hyperbolicArctangent
    case FX_SIGMOID: return z.sigmoid
    case FX_SILU: return z * z.sigmoid
    case FX_SOFTPLUS: return (ComplexSymbol(1) + z.exponential).logarithm
    case FX_LOG_COSH: return z.hyperbolicCosine.logarithm
    case FX_LOG1M_EXP: return (-z.exponential).logarithmOfOnePlus
    case FX_NOT: return ComplexSymbol(z.isNonzero .== 0)
    case FX_ISNAN: return ComplexSymbol(z.re.isNaN .| z.imaginary.isNaN)
    case FX_ADD: return z + x[1]
    case FX_SUB: return z - x[1]
    case FX_MUL: return z * x[1]
    case FX_DIV: return z / x[1]
    case FX_POW: return z.power(x[1])
    case FX_HYPOT: return (z.squared + x[1].squared).root
    case FX_LOG_ADD_EXP: return (z.exponential + x[1].exponential).logarithm
    case FX_EQ: return ComplexSymbol(isEqual())
    case FX_NE: return ComplexSymbol(isEqual() .== 0)
    case FX_AND: return ComplexSymbol(z.isNonzero .& x[1].isNonzero)
    case FX_OR: return ComplexSymbol(z.isNonzero .| x[1].isNonzero)
    case FX_XOR: return ComplexSymbol((z.isNonzero .!= 0) .!= (x[1].isNonzero .!= 0))
    // Gradient rules ask whether an exponent is at least 0.
    case FX_LT, FX_LE, FX_GT, FX_GE: return isDerivative ? ComplexSymbol(S.binary(op, z.re, x[1].re)) : nil
    case FX_SELECT:
      let mask = z.isNonzero
      if x[1].im == nil && x[2].im == nil { return ComplexSymbol(select(mask, x[1].re, x[2].re)) }
      return ComplexSymbol(select(mask, x[1].re, x[2].re), select(mask, x[1].imaginary, x[2].imaginary))
    case FX_FMA: return z * x[1] + x[2]
    case FX_LERP: return z + x[2] * (x[1] - z)
    case FX_SINC: return sinc(z.re.node.value, x[1])
    default: return nil
    }
  }

  /// sin(πz)/(πz) and its first derivative.
  private static func sinc(_ order: Double?, _ z: ComplexSymbol) -> ComplexSymbol? {
    guard let order, order == 0 || order == 1 else { return nil }
    let isZero = z.isNonzero .== 0
    let safe = ComplexSymbol(select(isZero, 1, z.re), select(isZero, 0, z.imaginary))
    let value = (safe * Double.pi).sine / (safe * Double.pi)
    let slope = ((safe * Double.pi).cosine - value) / safe
    let y = order == 0 ? value : slope
    return ComplexSymbol(select(isZero, order == 0 ? 1 : 0, y.re), select(isZero, 0, y.imaginary))
  }
}

extension Program {
  /// For complex operands; nil where there is no such form.
  var ofComplex: ComplexProgram? {
    complexes.withLock { made in
      if made == nil { made = .some(ComplexProgram(expression, inputCount: inputCount, isDerivative: isDerivative)) }
      return made!
    }
  }

  /// Whether kernels for complex numbers compute it: arithmetic alone.
  var isArithmetic: Bool { kernels[Int(DType.complex64.rawValue)] != nil && !expression.hasFunctions }
}

extension Expression {
  /// Whether it has an instruction beside those of arithmetic.
  fileprivate var hasFunctions: Bool {
    parts.contains { part in
      guard case .apply(let op) = part.kind else { return false }
      return ![FX_COPY, FX_NEG, FX_SQUARE, FX_RECIPROCAL, FX_ADD, FX_SUB, FX_MUL, FX_DIV].contains(fx_op(op))
    }
  }
}
