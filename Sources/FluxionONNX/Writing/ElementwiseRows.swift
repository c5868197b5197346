import CKernels
import Tensors

extension WriterTable {
  static let elementwise: [WriterRow] = [
    WriterRow("Map") { (call) throws(ONNXError) in
      guard let instructions = call.node.instructions else { throw ONNXError(message: "has no instructions") }
      // A closure may ignore operands, whose sizes are then not those of what is written.
      let read = instructions.inputs.filter { $0 < call.operandCount }
      if read.isEmpty {
        let y = try ElementwiseWriter(call.graph, [], call.dtype(0)).write(call.nodes.compactMap(\.instructions), instructions)
        return .stretched(y, [])
      }
      let few = try call.broadcastNames(read)
      var names = Array(repeating: "", count: call.operandCount)
      for (place, name) in zip(read, few) { names[place] = name }
      return .named(try ElementwiseWriter(call.graph, names, call.dtype(0)).write(call.nodes.compactMap(\.instructions), instructions))
    },
    .named("MapReduce") { (call) throws(ONNXError) in
      guard let instructions = call.node.instructions else { throw ONNXError(message: "has no instructions") }
      var names: [String] = []
      // The axes that are reduced have to be there.
      for i in 0..<call.operandCount { names.append(i == 0 ? try call.name(i) : try call.smallName(i)) }
      let y = try ElementwiseWriter(call.graph, names, call.dtype(0)).write(call.nodes.compactMap(\.instructions), instructions)
      return try call.reduced(y, call.dtype(0), call.choice("kind").name, call.ints("axes"), call.bool("keepDims"))
    },
    .named("Compare") { (call) throws(ONNXError) in
      let names = try call.broadcastNames([0, 1])
      let writer = ElementwiseWriter(call.graph, names, call.dtype(0))
      return writer.compared(fx_op(UInt32(try call.int("op.rawValue"))), names[0], names[1])
    },
    .named("Select") { (call) throws(ONNXError) in
      guard let mask = call.tensor("mask") else { throw ONNXError(message: "has no mask") }
      let names = try call.broadcastNames([mask, 0, 1])
      return ElementwiseWriter(call.graph, names, call.resultType).chosen(names[0], names[1], names[2])
    },
    .named("Cast") { (call) throws(ONNXError) in
      call.graph.cast(try call.name(0), call.dtype(0), call.resultType)
    },
    WriterRow("Identity") { (call) throws(ONNXError) in try call.form(0) },
    WriterRow("Checked") { (call) throws(ONNXError) in try call.form(0) },
  ]
}

extension ElementwiseInstructions {
  /// The operands that it reads.
  fileprivate var inputs: [Int] {
    Set(list.flatMap(\.operands).compactMap { operand -> Int? in if case .input(let i) = operand { i } else { nil } }).sorted()
  }
}

extension WrittenForm {
  var stretchedName: String? { if case .stretched(let name, _) = self { name } else { nil } }
}

extension GraphWriter {
  func cast(_ name: String, _ from: DType, _ to: DType) -> String {
    from == to ? name : node("Cast", [name], ["to": .int(Int(ONNXElementType(to).rawValue))])
  }
}

/// Writes element-wise programs, one operator or a few for each instruction.
struct ElementwiseWriter {
  let graph: GraphWriter
  let inputs: [String]
  let dtype: DType

  init(_ graph: GraphWriter, _ inputs: [String], _ dtype: DType) { (self.graph, self.inputs, self.dtype) = (graph, inputs, dtype) }

  /// An instruction's result: of the program's dtype, or a mask that is bool still.
  private struct Register {
    var name: String
    var isMask: Bool
    /// The number that it is, if it is one.
    var number: Double?
  }

  func write(_ all: [ElementwiseInstructions], _ first: ElementwiseInstructions) throws(ONNXError) -> String {
    for other in all.dropFirst() where "\(other.list)" != "\(first.list)" {
      throw ONNXError(message: "a number in it depends on the size of a dynamic axis, which cannot be written")
    }
    var results: [Register] = []
    for (op, operands) in first.list {
      var x: [Register] = []
      for operand in operands {
        switch operand {
        case .input(let i): x.append(Register(name: inputs[i], isMask: dtype == .bool))
        case .instruction(let i): x.append(results[i])
        case .number(let value): x.append(Register(name: graph.number(value, dtype), isMask: dtype == .bool, number: value))
        case .whole(let value): x.append(Register(name: graph.whole(value, dtype), isMask: false))
        }
      }
      results.append(try instruction(fx_op(op), x))
    }
    guard let last = results.last else { throw ONNXError(message: "has no instructions") }
    return value(last)
  }

  /// The register as elements of the dtype.
  private func value(_ x: Register) -> String { x.isMask && dtype != .bool ? graph.cast(x.name, .bool, dtype) : x.name }

  /// The register as bools.
  private func mask(_ x: Register) -> String {
    x.isMask ? x.name : graph.node("Not", [graph.node("Equal", [x.name, graph.number(0, dtype)])])
  }

  private func instruction(_ op: fx_op, _ x: [Register]) throws(ONNXError) -> Register {
    if dtype == .bool { return Register(name: try bools(op, x.map(\.name)), isMask: true) }
    switch op {
    case FX_EQ, FX_NE, FX_LT, FX_LE, FX_GT, FX_GE: return Register(name: compared(op, value(x[0]), value(x[1])), isMask: true)
    case FX_AND: return Register(name: graph.node("And", [mask(x[0]), mask(x[1])]), isMask: true)
    case FX_OR: return Register(name: graph.node("Or", [mask(x[0]), mask(x[1])]), isMask: true)
    case FX_XOR: return Register(name: graph.node("Xor", [mask(x[0]), mask(x[1])]), isMask: true)
    case FX_NOT: return Register(name: graph.node("Not", [mask(x[0])]), isMask: true)
    case FX_ISNAN where dtype.isFloatingPoint: return Register(name: graph.node("IsNaN", [value(x[0])]), isMask: true)
    case FX_COPY: return x[0]
    case FX_SELECT where x[1].isMask && x[2].isMask: return Register(name: chosen(mask(x[0]), x[1].name, x[2].name, .bool), isMask: true)
    case FX_SELECT: return Register(name: chosen(mask(x[0]), value(x[1]), value(x[2])), isMask: false)
    default: return Register(name: try numbers(op, x.map { value($0) }, x.map(\.number)), isMask: false)
    }
  }

  /// A comparison of elements of the dtype.
  func compared(_ op: fx_op, _ a: String, _ b: String) -> String {
    func cast(_ x: String) -> String { dtype == .bool && op != FX_EQ && op != FX_NE ? graph.cast(x, .bool, .int32) : x }
    switch op {
    case FX_EQ: return graph.node("Equal", [a, b])
    case FX_NE: return graph.node("Not", [graph.node("Equal", [a, b])])
    case FX_LT: return graph.node("Less", [cast(a), cast(b)])
    case FX_LE: return graph.node("LessOrEqual", [cast(a), cast(b)])
    case FX_GT: return graph.node("Greater", [cast(a), cast(b)])
    default: return graph.node("GreaterOrEqual", [cast(a), cast(b)])
    }
  }

  /// mask ? a : b; of bools by other operators, as runtimes have no `Where` of those.
  func chosen(_ mask: String, _ a: String, _ b: String, _ type: DType? = nil) -> String {
    if (type ?? dtype) != .bool { return graph.node("Where", [mask, a, b]) }
    return graph.node("Or", [graph.node("And", [mask, a]), graph.node("And", [graph.node("Not", [mask]), b])])
  }

  private func bools(_ op: fx_op, _ x: [String]) throws(ONNXError) -> String {
    switch op {
    case FX_COPY, FX_ABS, FX_SIGN, FX_SQUARE, FX_RELU: return x[0]
    case FX_NOT, FX_BIT_NOT: return graph.node("Not", [x[0]])
    case FX_AND, FX_MUL, FX_MIN, FX_BIT_AND: return graph.node("And", [x[0], x[1]])
    case FX_OR, FX_MAX, FX_BIT_OR: return graph.node("Or", [x[0], x[1]])
    case FX_XOR, FX_NE, FX_BIT_XOR: return graph.node("Xor", [x[0], x[1]])
    case FX_EQ, FX_LT, FX_LE, FX_GT, FX_GE: return compared(op, x[0], x[1])
    case FX_SELECT: return chosen(x[0], x[1], x[2])
    default: throw unwritten(op)
    }
  }

  private func unwritten(_ op: fx_op) -> ONNXError {
    let names: [UInt32: String] = [
      FX_ERFINV.rawValue: "erfinv", FX_LGAMMA.rawValue: "logGamma", FX_DIGAMMA.rawValue: "digamma", FX_POLYGAMMA.rawValue: "polygamma",
      FX_SINC.rawValue: "a derivative of sinc", FX_AIRY.rawValue: "airy", FX_AIRY_SLOPE.rawValue: "a derivative of airy",
      FX_ERFCX.rawValue: "erfcScaled", FX_LOG_NORMAL_CDF.rawValue: "logNormalCDF", FX_NORMAL_QUANTILE.rawValue: "normalQuantile",
      FX_GAMMA_LOWER.rawValue: "gammaP", FX_GAMMA_UPPER.rawValue: "gammaQ", FX_ZETA.rawValue: "zeta",
      FX_POLYNOMIAL.rawValue: "orthogonalPolynomial", FX_EXPONENT.rawValue: "frexp", FX_NEXT_AFTER.rawValue: "nextAfter",
      FX_GCD.rawValue: "gcd", FX_LCM.rawValue: "lcm", FX_SHIFT_LEFT.rawValue: "<<", FX_SHIFT_RIGHT.rawValue: ">>",
    ]
    let isBessel = (FX_BESSEL_J0.rawValue...FX_BESSEL_K1E.rawValue).contains(op.rawValue)
    let name = names[op.rawValue] ?? (isBessel ? "a Bessel function" : "instruction \(op.rawValue)")
    return ONNXError(message: "\(name) of \(dtype) has no form in ONNX's operators")
  }

  // MARK: Arithmetic on the file's values

  private func n(_ value: Double) -> String { graph.number(value, dtype) }
  private func node(_ operation: String, _ x: String...) -> String { graph.node(operation, x) }
  private func add(_ a: String, _ b: String) -> String { node("Add", a, b) }
  private func sub(_ a: String, _ b: String) -> String { node("Sub", a, b) }
  private func mul(_ a: String, _ b: String) -> String { node("Mul", a, b) }
  private func div(_ a: String, _ b: String) -> String { node("Div", a, b) }
  private func less(_ a: String, _ b: String) -> String { node("Less", a, b) }
  private func either(_ mask: String, _ a: String, _ b: String) -> String { node("Where", mask, a, b) }

  /// eˣ − 1 without the digits that the difference would lose: tanh(x/2)·(eˣ + 1).
  private func expm1(_ x: String) -> String {
    let exact = mul(node("Tanh", mul(x, n(0.5))), add(node("Exp", x), n(1)))
    return either(less(node("Abs", x), n(1)), exact, sub(node("Exp", x), n(1)))
  }

  /// log(1 + x): near 0 by log(u)·x/(u − 1) with u = 1 + x, whose roundings cancel.
  private func log1p(_ x: String) -> String {
    let u = add(x, n(1))
    let less = sub(u, n(1))
    let isZero = node("Equal", less, n(0))
    let near = either(isZero, x, div(mul(node("Log", u), x), either(isZero, n(1), less)))
    return either(self.less(node("Abs", x), n(0.5)), near, node("Log", u))
  }

  private func softplus(_ x: String) -> String {
    // Runtimes have it for float32 alone.
    if dtype == .float32 { return node("Softplus", x) }
    return add(node("Max", x, n(0)), log1p(node("Exp", node("Neg", node("Abs", x)))))
  }

  private func remainder(_ x: String, _ y: String) -> String {
    if dtype.isInteger { return node("Mod", x, y) }
    let rest = graph.node("Mod", [x, y], ["fmod": .int(1)])
    return either(less(mul(rest, y), n(0)), add(rest, y), rest)
  }

  /// xⁿ by squares.
  private func product(_ x: String, _ n: Int) -> String {
    if n == 1 { return x }
    let half = product(x, n / 2)
    return n % 2 == 0 ? mul(half, half) : mul(mul(half, half), x)
  }

  private func truncated(_ x: String) -> String { mul(node("Sign", x), node("Floor", node("Abs", x))) }

  private func numbers(_ op: fx_op, _ x: [String], _ known: [Double?]) throws(ONNXError) -> String {
    if let name = Self.sameName[op.rawValue] { return graph.node(name, x) }
    let isSmall = dtype == .float32
    switch op {
    case FX_SQUARE: return mul(x[0], x[0])
    case FX_POW:
      // Runtimes take powers of integers in floating point.
      if dtype.isInteger, let power = known[1], (1...64).contains(power) { return product(x[0], Int(power)) }
      return node("Pow", x[0], x[1])
    case FX_CUBE: return mul(x[0], mul(x[0], x[0]))
    case FX_RECIPROCAL: return div(n(1), x[0])
    case FX_RSQRT: return div(n(1), node("Sqrt", x[0]))
    case FX_EXPM1: return expm1(x[0])
    case FX_LOG1P: return log1p(x[0])
    case FX_ERFC: return sub(n(1), node("Erf", x[0]))
    case FX_NORMAL_CDF: return mul(n(0.5), add(n(1), node("Erf", mul(x[0], n(0.5.squareRoot())))))
    case FX_SOFTPLUS: return softplus(x[0])
    case FX_LOG_COSH:
      let size = node("Abs", x[0])
      return add(size, sub(log1p(node("Exp", mul(size, n(-2)))), n(0.6931471805599453)))
    case FX_LOG1M_EXP:
      let near = node("Log", node("Neg", expm1(x[0])))
      return either(less(n(-0.6931471805599453), x[0]), near, log1p(node("Neg", node("Exp", x[0]))))
    case FX_TRUNC: return dtype.isInteger ? x[0] : truncated(x[0])
    case FX_FLOOR where dtype.isInteger, FX_CEIL where dtype.isInteger, FX_ROUND where dtype.isInteger: return x[0]
    case FX_FLOOR: return node("Floor", x[0])
    case FX_CEIL: return node("Ceil", x[0])
    case FX_ROUND: return node("Round", x[0])
    case FX_RELU: return dtype.isInteger ? node("Max", x[0], n(0)) : node("Relu", x[0])
    case FX_EXP2: return node("Pow", n(2), x[0])
    case FX_LOG2: return div(node("Log", x[0]), n(0.6931471805599453))
    case FX_LOG10: return div(node("Log", x[0]), n(2.302585092994046))
    case FX_SILU: return mul(x[0], node("Sigmoid", x[0]))
    case FX_GELU:
      if isSmall { return node("Gelu", x[0]) }
      return mul(x[0], mul(n(0.5), add(n(1), node("Erf", mul(x[0], n(0.5.squareRoot()))))))
    case FX_HARD_SWISH:
      return isSmall ? node("HardSwish", x[0]) : mul(x[0], div(node("Min", node("Max", add(x[0], n(3)), n(0)), n(6)), n(6)))
    case FX_REM: return remainder(x[0], x[1])
    case FX_FMOD: return graph.node("Mod", x, ["fmod": .int(1)])
    case FX_FLOORDIV: return dtype.isInteger ? div(sub(x[0], remainder(x[0], x[1])), x[1]) : node("Floor", div(x[0], x[1]))
    case FX_ATAN2:
      let turned = node("Atan", div(x[0], x[1]))
      let turn = either(less(x[0], n(0)), n(-Double.pi), n(Double.pi))
      return either(less(n(0), x[1]), turned, either(less(x[1], n(0)), add(turned, turn), mul(node("Sign", x[0]), n(Double.pi / 2))))
    case FX_HYPOT: return node("Sqrt", add(mul(x[0], x[0]), mul(x[1], x[1])))
    case FX_COPYSIGN: return mul(node("Abs", x[0]), either(less(x[1], n(0)), n(-1), n(1)))
    case FX_LOG_ADD_EXP:
      let apart = node("Neg", node("Abs", sub(x[0], x[1])))
      return add(node("Max", x[0], x[1]), softplus(either(node("Equal", x[0], x[1]), n(0), apart)))
    case FX_SINC where known[0] == 0:
      let angle = mul(x[1], n(Double.pi))
      let isZero = node("Equal", x[1], n(0))
      return either(isZero, n(1), div(node("Sin", angle), either(isZero, n(1), angle)))
    case FX_LEAKY_RELU:
      if isSmall, let slope = known[1] { return graph.node("LeakyRelu", [x[0]], ["alpha": .float(slope)]) }
      return either(less(n(0), x[0]), x[0], mul(x[1], x[0]))
    case FX_ELU:
      if isSmall, let scale = known[1] { return graph.node("Elu", [x[0]], ["alpha": .float(scale)]) }
      return either(less(n(0), x[0]), x[0], mul(x[1], expm1(node("Min", x[0], n(0)))))
    case FX_HUBER:
      let size = node("Abs", x[0])
      let far = mul(x[1], sub(size, mul(x[1], n(0.5))))
      return either(node("LessOrEqual", size, x[1]), mul(mul(x[0], x[0]), n(0.5)), far)
    case FX_FMA: return add(mul(x[0], x[1]), x[2])
    case FX_CLAMP:
      if known[1] != nil, known[2] != nil { return node("Clip", x[0], x[1], x[2]) }
      return node("Min", node("Max", x[0], x[1]), x[2])
    case FX_LERP: return add(x[0], mul(x[2], sub(x[1], x[0])))
    default: throw unwritten(op)
    }
  }

  /// Instructions that are one operator of ONNX.
  private static let sameName: [UInt32: String] = [
    FX_NEG.rawValue: "Neg", FX_ABS.rawValue: "Abs", FX_SIGN.rawValue: "Sign", FX_SQRT.rawValue: "Sqrt", FX_EXP.rawValue: "Exp",
    FX_LOG.rawValue: "Log", FX_SIN.rawValue: "Sin", FX_COS.rawValue: "Cos", FX_TAN.rawValue: "Tan", FX_ASIN.rawValue: "Asin",
    FX_ACOS.rawValue: "Acos", FX_ATAN.rawValue: "Atan", FX_SINH.rawValue: "Sinh", FX_COSH.rawValue: "Cosh", FX_TANH.rawValue: "Tanh",
    FX_ASINH.rawValue: "Asinh", FX_ACOSH.rawValue: "Acosh", FX_ATANH.rawValue: "Atanh", FX_ERF.rawValue: "Erf",
    FX_SIGMOID.rawValue: "Sigmoid", FX_ADD.rawValue: "Add", FX_SUB.rawValue: "Sub", FX_MUL.rawValue: "Mul", FX_DIV.rawValue: "Div",
    FX_MAX.rawValue: "Max", FX_MIN.rawValue: "Min",
    FX_BIT_AND.rawValue: "BitwiseAnd", FX_BIT_OR.rawValue: "BitwiseOr", FX_BIT_XOR.rawValue: "BitwiseXor",
    FX_BIT_NOT.rawValue: "BitwiseNot",
  ]
}
