import Tensors

extension OperatorTable {
  private static func unary(_ name: String, _ versions: [Int], _ text: String, _ f: @escaping @Sendable (Tensor) -> Tensor) -> Operator {
    .one(name, versions, text) { call in f(try call.tensor(0)) }
  }

  /// Element-wise functions of one operand.
  static let mathematics: [Operator] = [
    unary("Acos", [7, 22], "`acos(x)`") { acos($0) },
    unary("Acosh", [9, 22], "`acosh(x)`") { acosh($0) },
    unary("Asin", [7, 22], "`asin(x)`") { asin($0) },
    unary("Asinh", [9, 22], "`asinh(x)`") { asinh($0) },
    unary("Atan", [7, 22], "`atan(x)`") { atan($0) },
    unary("Atanh", [9, 22], "`atanh(x)`") { atanh($0) },
    unary("Ceil", [1, 6, 13], "`ceil(x)`") { ceil($0) },
    unary("Cos", [7, 22], "`cos(x)`") { cos($0) },
    unary("Cosh", [9, 22], "`cosh(x)`") { cosh($0) },
    unary("Erf", [9, 13], "`erf(x)`") { x in
      x.dtype.isFloatingPoint ? erf(x) : erf(x.cast(to: .float64)).cast(to: x.dtype)
    },
    unary("Exp", [1, 6, 13], "`exp(x)`") { exp($0) },
    unary("Floor", [1, 6, 13], "`floor(x)`") { floor($0) },
    unary("Log", [1, 6, 13], "`log(x)`") { log($0) },
    unary("Reciprocal", [1, 6, 13], "`1 / x`") { 1 / $0 },
    unary("Round", [11, 22], "`round(x)`, halves to even") { round($0) },
    unary("Sign", [9, 13], "`sign(x)`") { sign($0) },
    unary("Sin", [7, 22], "`sin(x)`") { sin($0) },
    unary("Sinh", [9, 22], "`sinh(x)`") { sinh($0) },
    unary("Sqrt", [1, 6, 13], "`sqrt(x)`") { sqrt($0) },
    unary("Tan", [7, 22], "`tan(x)`") { tan($0) },
    .mask("IsNaN", [9, 13, 20], "`x.isNaN`") { call in try call.tensor(0).isNaN },
    .mask("IsInf", [10, 20], "`x.isInfinite`, of one sign where only that is asked for") { call in
      let x = try call.tensor(0)
      let positive = try call.attributes.flag("detect_positive", true)
      let negative = try call.attributes.flag("detect_negative", true)
      if positive && negative { return x.isInfinite }
      return positive ? x .== Double.infinity : negative ? x .== -Double.infinity : .zeros(x.shape, .bool)
    },
  ]

  /// Activations: functions that networks put between products.
  static let activations: [Operator] = [
    unary("Relu", [1, 6, 13, 14], "`relu(x)`") { $0.dtype.isFloatingPoint ? relu($0) : maximum($0, 0) },
    .one("LeakyRelu", [1, 6, 16], "`leakyRelu(x, slope:)`") { call in
      leakyRelu(try call.tensor(0), slope: try call.attributes.float("alpha", 0.01))
    },
    .one("PRelu", [1, 6, 7, 9, 16], "`select(x .< 0, slope * x, x)`") { call in
      let (x, slope) = (try call.tensor(0), try call.tensor(1))
      // Before version 7 a vector was one of the channels.
      let isByChannel = call.version < 7 && slope.rank == 1 && slope.elementCount > 1 && x.rank > 1
      let spread = isByChannel ? slope.reshaped(Shape([slope.elementCount] + Array(repeating: 1, count: x.rank - 2))) : slope
      return select(x .< 0, spread * x, x)
    },
    .one("ThresholdedRelu", [10, 22], "`select(x .> alpha, x, 0)`") { call in
      let x = try call.tensor(0)
      return select(x .> (try call.attributes.float("alpha", 1)), x, 0)
    },
    .one("Elu", [1, 6, 22], "`elu(x, alpha:)`") { call in elu(try call.tensor(0), alpha: try call.attributes.float("alpha", 1)) },
    .one("Celu", [12, 28], "`celu(x, alpha:)`") { call in celu(try call.tensor(0), alpha: try call.attributes.float("alpha", 1)) },
    .one("Selu", [1, 6, 22], "`gamma * elu(x, alpha:)`") { call in
      // The first version's constants had fewer digits.
      let isFirst = call.version < 6
      let alpha = try call.attributes.float("alpha", isFirst ? 1.6732 : Double(Float(1.6732632)))
      return try call.attributes.float("gamma", isFirst ? 1.0507 : Double(Float(1.050701))) * elu(try call.tensor(0), alpha: alpha)
    },
    unary("Sigmoid", [1, 6, 13], "`sigmoid(x)`") { sigmoid($0) },
    .one("HardSigmoid", [1, 6, 22], "`(alpha * x + beta).clamped(min: 0, max: 1)`") { call in
      let (alpha, beta) = (try call.attributes.float("alpha", 0.2), try call.attributes.float("beta", 0.5))
      return (alpha * (try call.tensor(0)) + beta).clamped(min: 0.0, max: 1.0)
    },
    unary("HardSwish", [14, 22], "`hardSwish(x)`") { hardSwish($0) },
    .one("Swish", [24], "`x * sigmoid(alpha * x)`") { call in
      let x = try call.tensor(0)
      let alpha = try call.attributes.float("alpha", 1)
      return alpha == 1 ? silu(x) : x * sigmoid(alpha * x)
    },
    .one("SwiGLU", [28], "`x * sigmoid(alpha * x) * y`") { call in
      let (x, y) = (try call.tensor(0), try call.tensor(1))
      if x.shape != y.shape { throw ONNXError.field("inputs", "\(x.shape) and \(y.shape); equal shapes would fit") }
      return x * sigmoid(try call.attributes.float("alpha", 1) * x) * y
    },
    unary("Softplus", [1, 22], "`softplus(x)`") { softplus($0) },
    unary("Softsign", [1, 22], "`softsign(x)`") { softsign($0) },
    unary("Tanh", [1, 6, 13], "`tanh(x)`") { tanh($0) },
    unary("Mish", [18, 22], "`mish(x)`") { mish($0) },
    .one("Gelu", [20], "`gelu(x)`, or `gelu(x, approximation: .tanh)`") { call in
      let isTanh = try call.attributes.word("approximate", "none", ["none", "tanh"]) == "tanh"
      return isTanh ? gelu(try call.tensor(0), approximation: .tanh) : gelu(try call.tensor(0))
    },
    .one("Shrink", [9], "`select(x .< -lambda, x + bias, select(x .> lambda, x - bias, 0))`") { call in
      let x = try call.tensor(0)
      let (lambda, bias) = (try call.attributes.float("lambd", 0.5), try call.attributes.float("bias", 0))
      if !x.dtype.isFloatingPoint {
        let y = x.cast(to: .float64)
        return select(y .< -lambda, y + bias, select(y .> lambda, y - bias, 0)).cast(to: x.dtype)
      }
      return select(x .< -lambda, x + bias, select(x .> lambda, x - bias, 0))
    },
    softmaxLike("Softmax", "`x.softmax(axis:)`") { $0.softmax(axis: $1, of: $2) },
    softmaxLike("LogSoftmax", "`x.logSoftmax(axis:)`") { x, axis, _ in x.logSoftmax(axis: axis) },
    softmaxLike("Hardmax", "`x.argmax(axis:).oneHot(classes:)`") { x, axis, _ in
      if x.elementCount == 0 { return x }
      let classes = x.argmax(axis: axis).oneHot(classes: x.shape[axis], x.dtype)
      return classes.moved(axes: [x.rank - 1], to: [axis])
    },
  ]

  /// Before version 13 the axes from `axis` on were taken as one.
  private static func softmaxLike(
    _ name: String, _ text: String, _ f: @escaping @Sendable (Tensor, Int, ONNXElementType) -> Tensor
  ) -> Operator {
    .one(name, [1, 11, 13], text) { call in
      let type = try call.type(0)
      let x = try call.tensor(0)
      if call.version >= 13 { return f(x, try call.axis(try call.attributes.int("axis", -1), rank: x.rank), type) }
      let axis = try call.attributes.int("axis", 1)
      let start = axis == x.rank ? axis : try call.axis(axis, rank: x.rank)
      let rows = x.shape[..<start].reduce(1, *)
      let columns = x.shape[start...].reduce(1, *)
      return f(x.reshaped([rows, columns]), 1, type).reshaped(x.shape)
    }
  }
}
