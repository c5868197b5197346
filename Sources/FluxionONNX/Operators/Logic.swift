import Tensors

extension OperatorTable {
  /// Comparisons, Boolean operators and choice.
  static let logic: [Operator] = [
    comparison("Equal", [1, 7, 11, 13, 19], "`x .== y`", host: ==, { $0 .== $1 }),
    comparison("Greater", [1, 7, 9, 13], "`x .> y`", host: >, { $0 .> $1 }),
    comparison("GreaterOrEqual", [12, 16], "`x .>= y`", host: >=, { $0 .>= $1 }),
    comparison("Less", [1, 7, 9, 13], "`x .< y`", host: <, { $0 .< $1 }),
    comparison("LessOrEqual", [12, 16], "`x .<= y`", host: <=, { $0 .<= $1 }),
    boolean("And", "`x .& y`", host: { $0 & $1 }, { $0 .& $1 }),
    boolean("Or", "`x .| y`", host: { $0 | $1 }, { $0 .| $1 }),
    boolean("Xor", "`x .^ y`", host: { $0 ^ $1 }, { $0 .^ $1 }),
    Operator("Not", [1], "`.!x`") { call in
      let x = try call.typed(0)
      if let host = x.host {
        return [.tensor(TypedTensor(host: HostIntegers(shape: host.shape, elements: host.elements.map { 1 - $0 }), .bool))]
      }
      return [.tensor(TypedTensor(.!x.tensor, .bool))]
    },
    Operator("Where", [9, 16], "`select(mask, x, y)`") { call in
      let (mask, x, y) = (try call.typed(0), try call.typed(1), try call.typed(2))
      if let m = mask.host, let a = x.host, let b = y.host, m.shape == a.shape, m.shape == b.shape {
        let elements = m.elements.indices.map { m.elements[$0] != 0 ? a.elements[$0] : b.elements[$0] }
        return [.tensor(TypedTensor(host: HostIntegers(shape: m.shape, elements: elements), x.type))]
      }
      return [.tensor(TypedTensor(select(mask.tensor, x.tensor, y.tensor), x.type))]
    },
  ]

  private static func comparison(
    _ name: String, _ versions: [Int], _ text: String, host: @escaping @Sendable (Int, Int) -> Bool,
    _ f: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) -> Operator {
    Operator(name, versions, text) { call in
      let (x, y) = (try call.typed(0), try call.typed(1))
      if x.type == y.type, let a = x.host, let b = y.host, let result = a.combined(b, { host($0, $1) ? 1 : 0 }) {
        return [.tensor(TypedTensor(host: result, .bool))]
      }
      var (a, b) = try call.pair()
      if x.type == .uint64 && name != "Equal" {
        // The order of numbers without a sign is that of their bits with the first one turned.
        a = a + Int.min
        b = b + Int.min
      }
      if a.dtype == .bool { (a, b) = (a.cast(to: .int32), b.cast(to: .int32)) }
      return [.tensor(TypedTensor(f(a, b), .bool))]
    }
  }

  private static func boolean(
    _ name: String, _ text: String, host: @escaping @Sendable (Int, Int) -> Int, _ f: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) -> Operator {
    Operator(name, [1, 7], text) { call in
      let (x, y) = (try call.typed(0), try call.typed(1))
      if let a = x.host, let b = y.host, let result = a.combined(b, host) { return [.tensor(TypedTensor(host: result, .bool))] }
      let (a, b) = try call.pair()
      return [.tensor(TypedTensor(f(a, b), .bool))]
    }
  }

  /// Operators on the bits of integers; what has to be wrapped into a narrower type is done element by element.
  static let bits: [Operator] = [
    bitwise("BitwiseAnd", "the bits of both") { $0 & $1 },
    bitwise("BitwiseOr", "the bits of either") { $0 | $1 },
    bitwise("BitwiseXor", "the bits of one only") { $0 ^ $1 },
    .one("BitwiseNot", [18], "each bit turned") { call in
      let type = try call.type(0)
      return try call.tensor(0).mapIntegers { type.wrapped(~$0) }
    },
    Operator("BitShift", [11, 28], "bits moved left or right") { call in
      let isLeft = try call.attributes.word("direction", "", ["LEFT", "RIGHT"]) == "LEFT"
      let type = try call.type(0)
      let bits = type.bitCount ?? 64
      return [
        .tensor(
          TypedTensor(
            try call.tensor(0).combinedIntegers(try call.tensor(1)) { x, n in
              if n < 0 || n >= bits { return !isLeft && type.isSigned && x < 0 ? -1 : 0 }
              if isLeft { return type.wrapped(x << n) }
              return type == .uint64 ? Int(bitPattern: UInt(bitPattern: x) >> UInt(n)) : x >> n
            }, type))
      ]
    },
  ]

  private static func bitwise(_ name: String, _ text: String, _ f: @escaping @Sendable (Tensor, Tensor) -> Tensor) -> Operator {
    .one(name, [18], text) { call in f(try call.tensor(0), try call.tensor(1)) }
  }
}

extension Tensor {
  /// f of elements of integers, broadcast together; not differentiated.
  func combinedIntegers(_ other: Tensor, _ f: (Int, Int) -> Int) -> Tensor {
    // The sum has the shape of both, and says what is wrong where they do not fit.
    let shape = (self + other).shape
    if !hasElements || !other.hasElements || hasFailed { return .zeros(shape, dtype) }
    let x = expanded(shape).detached.cast(to: .int64).reshaped([-1]).scalars(Int.self)
    let y = other.expanded(shape).detached.cast(to: .int64).reshaped([-1]).scalars(Int.self)
    return Tensor(zip(x, y).map(f), shape: shape).cast(to: dtype)
  }
}
