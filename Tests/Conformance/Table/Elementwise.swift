import Fluxion

extension Table {
  static let elementwise = Family("Element-wise functions") { rows in
    addFunctions(&rows)
    addRounding(&rows)
    addArithmetic(&rows)
  }

  /// Functions of one number, and of two.
  private static func addFunctions(_ rows: inout Rows) {
    rows.add("abs", "abs(x)") { a in abs(try a.x) }
    rows.add("exp", "exp(x)") { a in exp(try a.floating()) }
    rows.add("exp2", "exp2(x)") { a in exp2(try a.floating()) }
    rows.add("expm1", "expm1(x)") { a in expm1(try a.floating()) }
    rows.add("log", "log(x)") { a in log(try a.floating()) }
    rows.add("log2", "log2(x)") { a in log2(try a.floating()) }
    rows.add("log10", "log10(x)") { a in log10(try a.floating()) }
    rows.add("log1p", "log1p(x)") { a in log1p(try a.floating()) }
    rows.add("sqrt", "sqrt(x)") { a in sqrt(try a.floating()) }
    rows.add("rsqrt", "rsqrt(x)") { a in rsqrt(try a.floating()) }
    rows.add("sin", "sin(x)") { a in sin(try a.floating()) }
    rows.add("cos", "cos(x)") { a in cos(try a.floating()) }
    rows.add("tan", "tan(x)") { a in tan(try a.floating()) }
    rows.add("asin", "asin(x)") { a in asin(try a.floating()) }
    rows.add("acos", "acos(x)") { a in acos(try a.floating()) }
    rows.add("atan", "atan(x)") { a in atan(try a.floating()) }
    rows.add("sinh", "sinh(x)") { a in sinh(try a.floating()) }
    rows.add("cosh", "cosh(x)") { a in cosh(try a.floating()) }
    rows.add("tanh", "tanh(x)") { a in tanh(try a.floating()) }
    rows.add("asinh", "asinh(x)") { a in asinh(try a.floating()) }
    rows.add("acosh", "acosh(x)") { a in acosh(try a.floating()) }
    rows.add("atanh", "atanh(x)") { a in atanh(try a.floating()) }
    rows.add("sinc", "sinc(x)") { a in sinc(try a.floating()) }
    rows.add("erf", "erf(x)") { a in erf(try a.floating()) }
    rows.add("erfc", "erfc(x)") { a in erfc(try a.floating()) }
    rows.add("erfinv", "erfInverse(x)") { a in erfInverse(try a.floating()) }
    rows.add("lgamma", "logGamma(x)") { a in logGamma(try a.floating()) }
    rows.add("digamma", "digamma(x)") { a in digamma(try a.floating()) }
    rows.add("sigmoid", "sigmoid(x)") { a in sigmoid(try a.floating()) }
    rows.add("atan2", "atan2(y, x)") { a in
      let (x, y) = try a.floatingPair()
      return atan2(x, y)
    }
    rows.add("hypot", "hypot(x, y)") { a in
      let (x, y) = try a.floatingPair()
      return hypot(x, y)
    }
    rows.add("copysign", "copysign(x, y)") { a in
      let (x, y) = try a.floatingPair()
      return copysign(x, y)
    }
    rows.add("xlogy", "xLogY(x, y)") { a in
      let (x, y) = try a.floatingPair()
      return xLogY(x, y)
    }
    rows.add("logaddexp", "logAddExp(x, y)") { a in
      let (x, y) = try a.floatingPair()
      return logAddExp(x, y)
    }
    rows.add("logaddexp2", "logAddExp2(x, y)") { a in
      let (x, y) = try a.floatingPair()
      return logAddExp2(x, y)
    }
    rows.add("logit", "logit(x, epsilon: e)") { a in
      guard let epsilon = try a.optionalDouble("eps", at: 1) else { return logit(try a.floating()) }
      return logit(try a.floating(), epsilon: epsilon)
    }
    rows.add("lerp", "lerp(x, y, weight: w)") { a in
      let (x, y) = try a.promoted()
      if case .tensor = a.value("weight", at: 2) { return lerp(x, y, weight: try a.tensor("weight", at: 2)) }
      if x.isComplex { return lerp(x, y, weight: try a.number("weight", at: 2, x.dtype)) }
      return lerp(x, y, weight: try a.double("weight", at: 2))
    }
    rows.add("heaviside", "heaviside(x, atZero: y)") { a in
      let (x, y) = try a.promoted()
      return heaviside(x, atZero: y)
    }
    rows.add("nan_to_num", "x.replacingNonFinite(nan: a, infinity: b, negativeInfinity: c)") { a in
      try a.x.replacingNonFinite(
        nan: a.double("nan", at: 1, default: 0), infinity: a.optionalDouble("posinf", at: 2),
        negativeInfinity: a.optionalDouble("neginf", at: 3))
    }
    rows.add("deg2rad", "x * (Double.pi / 180)") { a in try a.floating() * (Double.pi / 180) }
    rows.add("rad2deg", "x * (180 / Double.pi)") { a in try a.floating() * (180 / Double.pi) }
    // The sign of a bool is the bool; a bool as a factor is an integer.
    for name in ["sign", "sgn"] { rows.add(name, "sign(x)") { a in try a.x.dtype == .bool ? a.x : sign(a.x) } }
    rows.add("square", "x.squared") { a in try a.x.cast(to: a.x.dtype == .bool ? .int64 : a.x.dtype).squared }
  }

  /// Rounding and what is left over.
  private static func addRounding(_ rows: inout Rows) {
    rows.add("ceil", "ceil(x)") { a in ceil(try a.x) }
    rows.add("floor", "floor(x)") { a in floor(try a.x) }
    rows.add("trunc", "trunc(x)") { a in trunc(try a.x) }
    rows.add("frac", "x - trunc(x)") { a in try a.x - trunc(try a.x) }
    rows.add("round", "round(x, decimals: n)") { a in
      let decimals = try a.int("decimals", default: 0)
      return decimals == 0 ? round(try a.x) : round(try a.x, decimals: decimals)
    }
    rows.add("fmod", "truncatingRemainder(x, y)") { a in
      let (x, y) = try a.promoted()
      return truncatingRemainder(x, y)
    }
    rows.add("remainder", "x % y") { a in
      let (x, y) = try a.promoted()
      return x % y
    }
    rows.add("div.no_rounding_mode", "x / y", note: "of integers `x.cast(to: .float32) / …`: `/` of two integers is a mistake") { a in
      let (x, y) = try a.floatingPair()
      return x / y
    }
    rows.add("div.floor_rounding", "floorDivide(x, y)") { a in
      let (x, y) = try a.promoted()
      return floorDivide(x, y)
    }
    rows.add("div.trunc_rounding", "truncatingDivide(x, y)") { a in
      let (x, y) = try a.promoted()
      return truncatingDivide(x, y)
    }
  }

  /// Sums, products, powers, and the nearer of two.
  private static func addArithmetic(_ rows: inout Rows) {
    rows.add("add", "x + alpha * y") { a in
      let (x, y) = try a.promoted()
      let alpha = try a.optionalDouble("alpha")
      // The sum of bools is whether one of them is true.
      if x.dtype == .bool { return alpha == 0 ? x : x .| y }
      return x + (alpha.map { y * $0 } ?? y)
    }
    rows.add("sub", "x - alpha * y") { a in
      let (x, y) = try a.promoted()
      return x - (try a.optionalDouble("alpha").map { y * $0 } ?? y)
    }
    rows.add("rsub", "y - alpha * x") { a in
      let (x, y) = try a.promoted()
      return y - (try a.optionalDouble("alpha").map { x * $0 } ?? x)
    }
    rows.add("mul", "x * y") { a in
      let (x, y) = try a.promoted()
      return x.dtype == .bool ? x .& y : x * y
    }
    rows.add("neg", "-x") { a in -(try a.x) }
    rows.add("reciprocal", "1 / x") { a in 1 / (try a.floating()) }
    rows.add("pow", "pow(x, y)") { a in
      let (x, y) = try a.promoted()
      return pow(x, y)
    }
    rows.add("addcmul", "x + value * y * z") { a in
      let x = try a.promoted([a.value("input", at: 0), a.value("tensor1", at: 1), a.value("tensor2", at: 2)])
      let product = x[1] * x[2]
      return x[0] + (try a.optionalDouble("value").map { product * $0 } ?? product)
    }
    rows.add("addcdiv", "x + value * (y / z)") { a in
      let x = try a.promoted([a.value("input", at: 0), a.value("tensor1", at: 1), a.value("tensor2", at: 2)])
      let quotient = x[1] / x[2]
      return x[0] + (try a.optionalDouble("value").map { quotient * $0 } ?? quotient)
    }
    rows.add("maximum", "maximum(x, y)") { a in
      let (x, y) = try a.promoted()
      return maximum(x, y)
    }
    rows.add("minimum", "minimum(x, y)") { a in
      let (x, y) = try a.promoted()
      return minimum(x, y)
    }
    rows.add("fmax", "maximumNumber(x, y)") { a in
      let (x, y) = try a.promoted()
      return maximumNumber(x, y)
    }
    rows.add("fmin", "minimumNumber(x, y)") { a in
      let (x, y) = try a.promoted()
      return minimumNumber(x, y)
    }
    rows.add("clamp", "x.clamped(min: a, max: b)") { a in try a.clamped(a.value("min", at: 1), a.value("max", at: 2)) }
    rows.add("clamp_min", "x.clamped(min: a)") { a in try a.clamped(a.value("min", at: 1), .none) }
    rows.add("clamp_max", "x.clamped(max: a)") { a in try a.clamped(.none, a.value("max", at: 1)) }
  }
}

extension Arguments {
  /// The first argument within bounds, of which one may not be there.
  fileprivate func clamped(_ lower: Value, _ upper: Value) throws -> Tensor {
    func isGiven(_ value: Value) -> Bool { if case .none = value { false } else { true } }
    let operands = try promoted([value("input", at: 0)] + [lower, upper].filter(isGiven))
    if !isGiven(upper) { return operands[0].clamped(min: operands[1]) }
    if !isGiven(lower) { return operands[0].clamped(max: operands[1]) }
    return operands[0].clamped(min: operands[1], max: operands[2])
  }
}
