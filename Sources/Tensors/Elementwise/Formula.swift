import CKernels

/// An element-wise expression as text: as mathematics, or as the Swift that it was read from.
///
/// What occurs more than once and is long is named once, so that the text is no longer than the program.
struct Formula {
  enum Style { case mathematics, swift }

  /// How tightly the outermost sign of a text binds.
  private enum Level: Int, Comparable {
    case choice, disjunction, conjunction, comparison, sum, product, sign, power, atom
    static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
  }
  private typealias Text = (text: String, level: Level)

  /// The expression, in which parts may be names of ``parts``.
  private(set) var text = ""
  /// Names and what they stand for, each in terms of those before it.
  private(set) var parts: [(name: String, text: String)] = []
  /// Which inputs occur.
  private(set) var inputs: Set<Int> = []

  private let style: Style
  private let names: [String]
  private var values: [Compiler.Value] = []
  private var texts: [Text?] = []

  /// The text of an expression of inputs with these names.
  init(_ expression: Expression, _ names: [String], _ style: Style) {
    self.style = style
    self.names = names
    var compiler = Compiler()
    let root = compiler.intern(expression)
    values = compiler.values
    var uses = Array(repeating: 0, count: values.count)
    uses[root] = 1
    for i in stride(from: root, through: 0, by: -1) where uses[i] > 0 { for argument in values[i].arguments { uses[argument] += 1 } }
    texts = Array(repeating: nil, count: values.count)
    // Arguments come before their users.
    for i in 0...root where uses[i] > 0 {
      if case .input(let index) = values[i].kind { inputs.insert(index) }
      let written = write(i)
      texts[i] = written
      if uses[i] > 1, i != root, written.text.count > 6, case .apply = values[i].kind {
        let name = newName()
        parts.append((name, written.text))
        texts[i] = (name, .atom)
      }
    }
    text = texts[root]!.text
  }

  private func newName() -> String {
    let letters = ["t", "u", "v", "p", "q", "r", "s"]
    let free = letters.filter { letter in !names.contains(letter) && !parts.contains { $0.name == letter } }
    return free.first ?? "t\(parts.count)"
  }

  // MARK: - One node

  private func write(_ i: Int) -> Text {
    switch values[i].kind {
    case .input(let index): return (names[index], .atom)
    case .scalar(let index): return ("scalar\(index)", .atom)
    case .constant(let value): return number(value)
    case .whole(let value): return value < 0 ? ("\(style == .swift ? "-" : "−")\(value.magnitude)", .sum) : ("\(value)", .atom)
    case .apply(let op): return style == .swift ? swift(fx_op(op), values[i].arguments) : mathematics(fx_op(op), values[i].arguments)
    }
  }

  private func number(_ value: Double) -> Text {
    let magnitude = Swift.abs(value)
    let digits =
      magnitude == magnitude.rounded() && magnitude < 1e15
      ? "\(Int(magnitude))"
      : style == .swift || !Float(magnitude).isNormal ? "\(magnitude)" : "\(Float(magnitude))"
    switch style {
    case .swift:
      if value.isNaN { return ("Symbol(.nan)", .atom) }
      if value.isInfinite { return (value < 0 ? "Symbol(-.infinity)" : "Symbol(.infinity)", .atom) }
      return value < 0 ? ("-\(digits)", .sign) : (digits, .atom)
    case .mathematics:
      let text = value.isNaN ? "NaN" : value.isInfinite ? "∞" : digits
      return value < 0 ? ("−\(text)", .sum) : (text, .atom)
    }
  }

  private func operand(_ i: Int, _ lowest: Level) -> String {
    let (text, level) = texts[i] ?? ("", .atom)
    return level < lowest ? "(\(text))" : text
  }

  private func infix(_ x: [Int], _ sign: String, _ level: Level, _ left: Level, _ right: Level) -> Text {
    (operand(x[0], left) + sign + operand(x[1], right), level)
  }

  private func call(_ name: String, _ x: [Int]) -> Text { ("\(name)(\(x.map { operand($0, .choice) }.joined(separator: ", ")))", .atom) }

  private func isLeaf(_ i: Int) -> Bool { texts[i].map { $0.level == .atom && !$0.text.hasSuffix(")") } ?? false }

  private func swift(_ op: fx_op, _ x: [Int]) -> Text {
    switch op {
    case FX_ADD: return infix(x, " + ", .sum, .sum, .product)
    case FX_SUB: return infix(x, " - ", .sum, .sum, .product)
    case FX_MUL: return infix(x, " * ", .product, .product, .sign)
    case FX_DIV: return infix(x, " / ", .product, .product, .sign)
    case FX_REM: return infix(x, " % ", .product, .product, .sign)
    case FX_NEG: return ("-" + operand(x[0], .atom), .sign)
    case FX_EQ, FX_NE, FX_LT, FX_LE, FX_GT, FX_GE: return infix(x, " .\(Self.comparisons[op.rawValue]!) ", .comparison, .sum, .sum)
    case FX_AND: return infix(x, " .& ", .conjunction, .conjunction, .comparison)
    case FX_OR: return infix(x, " .| ", .disjunction, .disjunction, .conjunction)
    // Of one precedence with .&, in which a reader should not have to trust.
    case FX_XOR: return infix(x, " .^ ", .conjunction, .comparison, .comparison)
    case FX_SQUARE:
      return isLeaf(x[0]) ? infix([x[0], x[0]], " * ", .product, .product, .sign) : ("pow(\(operand(x[0], .choice)), 2)", .atom)
    case FX_RECIPROCAL: return ("pow(\(operand(x[0], .choice)), -1)", .atom)
    case FX_LERP: return ("lerp(\(operand(x[0], .choice)), \(operand(x[1], .choice)), weight: \(operand(x[2], .choice)))", .atom)
    case FX_SINC: return call("sinc", Array(x.dropFirst()))
    case FX_POLYNOMIAL:
      return ("orthogonalPolynomial(.\(family(x[0])), degree: \(operand(x[1], .choice)), \(operand(x[2], .choice)))", .atom)
    default:
      if let bessel = Self.bessels[op.rawValue] {
        return ("bessel\(bessel.kind)(\(bessel.order), \(operand(x[0], .choice))\(bessel.isScaled ? ", isScaled: true" : ""))", .atom)
      }
      return call(Self.names[op.rawValue] ?? "?", x)
    }
  }

  /// The family of an orthogonal polynomial, by its number.
  private func family(_ i: Int) -> String {
    guard case .constant(let code) = values[i].kind, let family = OrthogonalPolynomial(rawValue: Int(code) % 16) else { return "?" }
    return "\(family)" + String(repeating: "′", count: Int(code) / 16)
  }

  private func mathematics(_ op: fx_op, _ x: [Int]) -> Text {
    switch op {
    case FX_ADD:
      if case .constant(let value) = values[x[1]].kind, value < 0 {
        return ("\(operand(x[0], .sum)) − \(number(-value).text)", .sum)
      }
      let (right, level) = texts[x[1]] ?? ("", .atom)
      return ("\(operand(x[0], .sum)) + \(level < .sum || right.hasPrefix("−") ? "(\(right))" : right)", .sum)
    case FX_SUB: return infix(x, " − ", .sum, .sum, .product)
    case FX_MUL:
      if case .constant(let value) = values[x[0]].kind, value < 0 { return infix(x, "·", .sum, .sum, .product) }
      return infix(x, "·", .product, .product, .product)
    case FX_DIV: return infix(x, "/", .product, .product, .sign)
    case FX_REM: return infix(x, " mod ", .product, .sign, .sign)
    case FX_NEG: return ("−" + operand(x[0], .product), .sum)
    case FX_ABS: return ("|\(operand(x[0], .choice))|", .atom)
    case FX_FLOOR: return ("⌊\(operand(x[0], .choice))⌋", .atom)
    case FX_FLOORDIV: return ("⌊\(infix(x, "/", .product, .product, .sign).text)⌋", .atom)
    case FX_CEIL: return ("⌈\(operand(x[0], .choice))⌉", .atom)
    case FX_SIGMOID: return call("σ", x)
    case FX_MAX: return call("max", x)
    case FX_MIN: return call("min", x)
    case FX_SQUARE: return ("\(operand(x[0], .atom))²", .power)
    case FX_SQRT: return ("√\(operand(x[0], .atom))", .power)
    case FX_RECIPROCAL: return ("1/\(operand(x[0], .sign))", .product)
    case FX_RSQRT: return ("1/√\(operand(x[0], .atom))", .product)
    case FX_POW: return ("\(operand(x[0], .atom))^\(operand(x[1], .atom))", .power)
    case FX_EQ, FX_NE, FX_LT, FX_LE, FX_GT, FX_GE, FX_AND, FX_OR, FX_XOR:
      // As a number a statement stands in Iverson's brackets: 1 where it holds, else 0.
      return ("[\(statement(op, x))]", .atom)
    case FX_SELECT:
      return ("\(proposition(x[0])) ? \(operand(x[1], .sum)) : \(operand(x[2], .choice))", .choice)
    case FX_SINC, FX_POLYGAMMA:
      let order = operand(x[0], .choice)
      return call((op == FX_SINC ? "sinc" : "ψ") + (order == "0" ? "" : "^(\(order))"), [x[1]])
    case FX_POLYNOMIAL: return ("\(family(x[0]))(\(operand(x[1], .choice)), \(operand(x[2], .choice)))", .atom)
    default:
      if let bessel = Self.bessels[op.rawValue] {
        return (bessel.kind + (bessel.order == 0 ? "₀" : "₁") + (bessel.isScaled ? "ₑ" : "") + "(\(operand(x[0], .choice)))", .atom)
      }
      return call(Self.symbols[op.rawValue] ?? Self.names[op.rawValue] ?? "?", x)
    }
  }

  private static let junctions = [FX_AND.rawValue: "∧", FX_OR.rawValue: "∨", FX_XOR.rawValue: "⊻"]

  /// What holds or does not, by itself.
  private func statement(_ op: fx_op, _ x: [Int]) -> String {
    if let sign = Self.junctions[op.rawValue] { return x.map { proposition($0, isPart: true) }.joined(separator: " \(sign) ") }
    let sign = [FX_NE.rawValue: "≠", FX_LE.rawValue: "≤", FX_GE.rawValue: "≥", FX_EQ.rawValue: "="][op.rawValue]
    return infix(x, " \(sign ?? Self.comparisons[op.rawValue]!) ", .comparison, .sum, .sum).text
  }

  /// A mask where a statement is asked for: without its brackets.
  private func proposition(_ i: Int, isPart: Bool = false) -> String {
    let text = operand(i, .sum)
    guard case .apply(let op) = values[i].kind, text.hasPrefix("["), Self.comparisons[op] != nil || Self.junctions[op] != nil else {
      return text
    }
    let statement = String(text.dropFirst().dropLast())
    return isPart && Self.junctions[op] != nil ? "(\(statement))" : statement
  }

  private static let comparisons: [UInt32: String] = [
    FX_EQ.rawValue: "==", FX_NE.rawValue: "!=", FX_LT.rawValue: "<", FX_LE.rawValue: "<=", FX_GT.rawValue: ">", FX_GE.rawValue: ">=",
  ]

  /// The instructions that are functions, as they are called in Swift.
  private static let names: [UInt32: String] = [
    FX_ABS.rawValue: "abs", FX_SIGN.rawValue: "sign", FX_SQRT.rawValue: "sqrt", FX_RSQRT.rawValue: "rsqrt", FX_EXP.rawValue: "exp",
    FX_EXPM1.rawValue: "expm1", FX_LOG.rawValue: "log", FX_LOG1P.rawValue: "log1p", FX_SIN.rawValue: "sin", FX_COS.rawValue: "cos",
    FX_TAN.rawValue: "tan", FX_ASIN.rawValue: "asin", FX_ACOS.rawValue: "acos", FX_ATAN.rawValue: "atan", FX_SINH.rawValue: "sinh",
    FX_COSH.rawValue: "cosh", FX_TANH.rawValue: "tanh", FX_ASINH.rawValue: "asinh", FX_ACOSH.rawValue: "acosh",
    FX_ATANH.rawValue: "atanh", FX_ERF.rawValue: "erf", FX_ERFC.rawValue: "erfc", FX_NORMAL_CDF.rawValue: "Φ",
    FX_SIGMOID.rawValue: "sigmoid", FX_SOFTPLUS.rawValue: "softplus",
    FX_FLOOR.rawValue: "floor", FX_CEIL.rawValue: "ceil", FX_ROUND.rawValue: "round", FX_TRUNC.rawValue: "trunc",
    FX_EXP2.rawValue: "exp2", FX_LOG2.rawValue: "log2", FX_LOG10.rawValue: "log10", FX_ERFINV.rawValue: "erfInverse",
    FX_LGAMMA.rawValue: "logGamma", FX_DIGAMMA.rawValue: "digamma", FX_POW.rawValue: "pow", FX_MAX.rawValue: "maximum",
    FX_MIN.rawValue: "minimum", FX_ATAN2.rawValue: "atan2", FX_HYPOT.rawValue: "hypot", FX_FLOORDIV.rawValue: "floorDivide",
    FX_FMOD.rawValue: "truncatingRemainder", FX_COPYSIGN.rawValue: "copysign", FX_POLYGAMMA.rawValue: "polygamma",
    FX_SELECT.rawValue: "select", FX_HARD_SWISH.rawValue: "hardSwish", FX_HUBER.rawValue: "huber", FX_LERP.rawValue: "lerp",
    FX_LOG_COSH.rawValue: "logCosh", FX_LOG1M_EXP.rawValue: "log1mexp",
    FX_LOG_ADD_EXP.rawValue: "logAddExp", FX_AIRY.rawValue: "airy", FX_AIRY_SLOPE.rawValue: "Ai′", FX_ERFCX.rawValue: "erfcScaled",
    FX_LOG_NORMAL_CDF.rawValue: "logNormalCDF", FX_NORMAL_QUANTILE.rawValue: "normalQuantile", FX_GAMMA_LOWER.rawValue: "gammaP",
    FX_GAMMA_UPPER.rawValue: "gammaQ", FX_ZETA.rawValue: "zeta", FX_EXPONENT.rawValue: "exponent", FX_NEXT_AFTER.rawValue: "nextAfter",
    FX_BIT_NOT.rawValue: "~", FX_BIT_AND.rawValue: "&", FX_BIT_OR.rawValue: "|", FX_BIT_XOR.rawValue: "^", FX_SHIFT_LEFT.rawValue: "<<",
    FX_SHIFT_RIGHT.rawValue: ">>", FX_GCD.rawValue: "gcd", FX_LCM.rawValue: "lcm",
  ]

  /// Bessel functions.
  private static let bessels: [UInt32: (kind: String, order: Int, isScaled: Bool)] = [
    FX_BESSEL_J0.rawValue: ("J", 0, false), FX_BESSEL_J1.rawValue: ("J", 1, false), FX_BESSEL_Y0.rawValue: ("Y", 0, false),
    FX_BESSEL_Y1.rawValue: ("Y", 1, false), FX_BESSEL_I0.rawValue: ("I", 0, false), FX_BESSEL_I1.rawValue: ("I", 1, false),
    FX_BESSEL_I0E.rawValue: ("I", 0, true), FX_BESSEL_I1E.rawValue: ("I", 1, true), FX_BESSEL_K0.rawValue: ("K", 0, false),
    FX_BESSEL_K1.rawValue: ("K", 1, false), FX_BESSEL_K0E.rawValue: ("K", 0, true), FX_BESSEL_K1E.rawValue: ("K", 1, true),
  ]

  /// Those that mathematics writes otherwise.
  private static let symbols: [UInt32: String] = [
    FX_LGAMMA.rawValue: "log|Γ|", FX_DIGAMMA.rawValue: "ψ", FX_ERFINV.rawValue: "erf⁻¹", FX_FMOD.rawValue: "fmod",
  ]
}
