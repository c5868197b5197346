import CKernels

/// A complex number that stands for every element while an element-wise expression is being rewritten for its parts.
struct ComplexSymbol {
  var re: Symbol
  /// Nil where it is known to be real.
  var im: Symbol?

  init(_ re: Symbol, _ im: Symbol? = nil) {
    self.re = re
    self.im = im
  }

  /// The imaginary part, 0 of a real number.
  var imaginary: Symbol { im ?? 0 }
  /// |z|, which no square overflows.
  var magnitude: Symbol { im.map { Symbol.binary(FX_HYPOT, re, $0) } ?? Symbol.unary(FX_ABS, re) }
  var phase: Symbol { Symbol.binary(FX_ATAN2, imaginary, re) }
  /// 1 where it is not 0, else 0.
  var isNonzero: Symbol { im.map { (re .!= 0) .| ($0 .!= 0) } ?? re }
  /// i·z.
  var timesI: ComplexSymbol { ComplexSymbol(-imaginary, re) }
  /// −i·z.
  var timesMinusI: ComplexSymbol { ComplexSymbol(imaginary, -re) }

  static func + (x: Self, y: Self) -> Self {
    ComplexSymbol(x.re + y.re, x.im.map { a in y.im.map { a + $0 } ?? a } ?? y.im)
  }
  static func - (x: Self, y: Self) -> Self {
    ComplexSymbol(x.re - y.re, y.im.map { b in x.im.map { $0 - b } ?? -b } ?? x.im)
  }
  static prefix func - (x: Self) -> Self { ComplexSymbol(-x.re, x.im.map { -$0 }) }
  static func * (x: Self, y: Self) -> Self {
    guard let a = x.im else { return ComplexSymbol(x.re * y.re, y.im.map { x.re * $0 }) }
    guard let b = y.im else { return ComplexSymbol(x.re * y.re, a * y.re) }
    return ComplexSymbol(x.re * y.re - a * b, x.re * b + a * y.re)
  }
  static func * (x: Self, y: Double) -> Self { x * ComplexSymbol(Symbol(y)) }
  static func / (x: Self, y: Self) -> Self {
    guard let b = y.im else { return ComplexSymbol(x.re / y.re, x.im.map { $0 / y.re }) }
    // By the divisor's length first, of which no square overflows.
    let length = y.magnitude
    let isZero = length .== 0
    let (u, v) = (select(isZero, 1, y.re / length), select(isZero, 0, b / length))
    let a = x.imaginary
    return ComplexSymbol((x.re * u + a * v) / length, (a * u - x.re * v) / length)
  }

  var squared: Self {
    guard let im else { return ComplexSymbol(Symbol.unary(FX_SQUARE, re)) }
    return ComplexSymbol((re - im) * (re + im), 2 * re * im)
  }
}

// The principal values, cut as C's and PyTorch's: the logarithm and the root along the negative real axis.
extension ComplexSymbol {
  private typealias S = Symbol

  var exponential: Self {
    guard let im else { return ComplexSymbol(S.exp(re)) }
    let length = S.exp(re)
    return ComplexSymbol(length * S.cos(im), length * S.sin(im))
  }
  var exponentialMinusOne: Self {
    guard let im else { return ComplexSymbol(S.expMinusOne(re)) }
    let half = S.sin(im * 0.5)
    return ComplexSymbol(S.expMinusOne(re) * S.cos(im) - 2 * half * half, S.exp(re) * S.sin(im))
  }
  var logarithm: Self { im == nil ? ComplexSymbol(S.log(re)) : ComplexSymbol(S.log(magnitude), phase) }
  /// log(1 + z), which near 0 does not lose what 1 + z does.
  var logarithmOfOnePlus: Self {
    guard let im else { return ComplexSymbol(S.log(onePlus: re)) }
    let isSmall = (S.unary(FX_ABS, re) .< 0.5) .& (S.unary(FX_ABS, im) .< 0.5)
    let near = 0.5 * S.log(onePlus: select(isSmall, re * (re + 2) + im * im, 0))
    return ComplexSymbol(select(isSmall, near, S.log(S.binary(FX_HYPOT, 1 + re, im))), S.binary(FX_ATAN2, im, 1 + re))
  }
  var root: Self {
    guard let im else { return ComplexSymbol(S.sqrt(re)) }
    let larger = S.sqrt(0.5 * magnitude + 0.5 * S.unary(FX_ABS, re))
    let smaller = select(larger .== 0, 0, 0.5 * S.unary(FX_ABS, im) / select(larger .== 0, 1, larger))
    let isRight = re .>= 0
    return ComplexSymbol(select(isRight, larger, smaller), S.binary(FX_COPYSIGN, select(isRight, smaller, larger), im))
  }
  func power(_ y: Self) -> Self {
    if im == nil && y.im == nil { return ComplexSymbol(S.pow(re, y.re)) }
    if y.re.node.value == 0 && y.im == nil { return ComplexSymbol(1) }
    let length = magnitude
    let isZero = length .== 0
    let safe = select(isZero, 1, length)
    let turn = im == nil ? S.binary(FX_ATAN2, 0, re) : phase
    guard let exponent = y.im else {
      let growth = S.pow(length, y.re)
      return ComplexSymbol(select(isZero, S.pow(0, y.re), growth * S.cos(turn * y.re)), select(isZero, 0, growth * S.sin(turn * y.re)))
    }
    let growth = S.exp(y.re * S.log(safe) - exponent * turn)
    let angle = y.re * turn + exponent * S.log(safe)
    return ComplexSymbol(
      select(isZero, select(exponent .== 0, S.pow(0, y.re), 0), growth * S.cos(angle)), select(isZero, 0, growth * S.sin(angle)))
  }

  var sine: Self {
    guard let im else { return ComplexSymbol(S.sin(re)) }
    return ComplexSymbol(S.sin(re) * S.cosh(im), S.cos(re) * S.sinh(im))
  }
  var cosine: Self {
    guard let im else { return ComplexSymbol(S.cos(re)) }
    return ComplexSymbol(S.cos(re) * S.cosh(im), -(S.sin(re) * S.sinh(im)))
  }
  /// (t·s + i·h·(1 + t²)) / (1 + t²·h²) with t = tan a, h = tanh b, s = 1/cosh² b, from which nothing overflows.
  var tangent: Self {
    guard let im else { return ComplexSymbol(S.tan(re)) }
    let (t, h, s) = (S.tan(re), S.tanh(im), S.unary(FX_SQUARE, S.unary(FX_RECIPROCAL, S.cosh(im))))
    let divisor = 1 + S.unary(FX_SQUARE, t * h)
    return ComplexSymbol(t * s / divisor, h * (1 + t * t) / divisor)
  }
  var hyperbolicSine: Self {
    guard let im else { return ComplexSymbol(S.sinh(re)) }
    return ComplexSymbol(S.sinh(re) * S.cos(im), S.cosh(re) * S.sin(im))
  }
  var hyperbolicCosine: Self {
    guard let im else { return ComplexSymbol(S.cosh(re)) }
    return ComplexSymbol(S.cosh(re) * S.cos(im), S.sinh(re) * S.sin(im))
  }
  var hyperbolicTangent: Self { im == nil ? ComplexSymbol(S.tanh(re)) : timesI.tangent.timesMinusI }

  // W. Kahan, Branch cuts for complex elementary functions, 1987.
  var arcsine: Self {
    guard let im else { return ComplexSymbol(S.asin(re)) }
    let (below, above) = (ComplexSymbol(1 - re, -im).root, ComplexSymbol(1 + re, im).root)
    let length = below.re * above.imaginary - below.imaginary * above.re
    return ComplexSymbol(S.binary(FX_ATAN2, re, below.re * above.re - below.imaginary * above.imaginary), S.asinh(length))
  }
  var arccosine: Self {
    guard let im else { return ComplexSymbol(S.acos(re)) }
    let (below, above) = (ComplexSymbol(1 - re, -im).root, ComplexSymbol(1 + re, im).root)
    let length = above.re * below.imaginary - above.imaginary * below.re
    return ComplexSymbol(2 * S.binary(FX_ATAN2, below.re, above.re), S.asinh(length))
  }
  var hyperbolicArccosine: Self {
    guard let im else { return ComplexSymbol(S.acosh(re)) }
    let (below, above) = (ComplexSymbol(re - 1, im).root, ComplexSymbol(re + 1, im).root)
    let length = below.re * above.re + below.imaginary * above.imaginary
    return ComplexSymbol(S.asinh(length), 2 * S.binary(FX_ATAN2, below.imaginary, above.re))
  }
  var hyperbolicArctangent: Self {
    guard let im else { return ComplexSymbol(S.atanh(re)) }
    let away = S.unary(FX_SQUARE, 1 - re) + S.unary(FX_SQUARE, im)
    return ComplexSymbol(
      0.25 * S.log(onePlus: 4 * re / away), 0.5 * S.binary(FX_ATAN2, 2 * im, (1 - re) * (1 + re) - S.unary(FX_SQUARE, im)))
  }
  var hyperbolicArcsine: Self { im == nil ? ComplexSymbol(S.asinh(re)) : timesI.arcsine.timesMinusI }
  var arctangent: Self { im == nil ? ComplexSymbol(S.atan(re)) : timesI.hyperbolicArctangent.timesMinusI }

  /// (1 + tanh z/2)/2, from which nothing overflows.
  var sigmoid: Self {
    im == nil ? ComplexSymbol(S.unary(FX_SIGMOID, re)) : ComplexSymbol(0.5) + (self * 0.5).hyperbolicTangent * 0.5
  }
}
