import Tensors

extension OperatorTable {
  /// Element-wise operators on numbers, broadcast together.
  static let arithmetic: [Operator] = [
    binary("Add", [1, 6, 7, 13, 14], "`x + y`", host: { $0 &+ $1 }, { $0 + $1 }),
    binary("Sub", [1, 6, 7, 13, 14], "`x - y`", host: { $0 &- $1 }, { $0 - $1 }),
    binary("Mul", [1, 6, 7, 13, 14], "`x * y`", host: { $0 &* $1 }, { $0 * $1 }),
    binary(
      "Div", [1, 6, 7, 13, 14], "`x / y`; of integers `truncatingDivide(x, y)`",
      host: { $1 == 0 ? 0 : $0.dividedReportingOverflow(by: $1).partialValue },
      { $0.dtype.isFloatingPoint ? $0 / $1 : truncatingDivide($0, $1) }),
    Operator("Mod", [10, 13, 28], "`x % y`, with `fmod` `truncatingRemainder(x, y)`") { call in
      let (x, y) = try call.pair()
      let type = try call.type(0)
      return [.tensor(TypedTensor(try call.attributes.flag("fmod") ? truncatingRemainder(x, y) : x % y, type))]
    },
    Operator("Pow", [1, 7, 12, 13, 15], "`pow(x, y)`") { call in
      let (x, y) = (try call.typed(0), try call.typed(1))
      // The exponent may have another type than the base, whose type the result has.
      if x.type.isFloatingPoint {
        return [.tensor(TypedTensor(pow(x.tensor, y.tensor.cast(to: x.tensor.dtype)), x.type))]
      }
      let result: Tensor
      if y.type.isFloatingPoint {
        result = pow(x.tensor.cast(to: .float64), y.tensor.cast(to: .float64)).cast(to: x.tensor.dtype)
      } else {
        result = pow(x.tensor, y.tensor.cast(to: x.tensor.dtype))
      }
      return [.tensor(TypedTensor(result.wrapped(to: x.type), x.type))]
    },
    variadic("Max", [1, 6, 8, 12, 13], "`maximum(x, y)`") { maximum($0, $1) },
    variadic("Min", [1, 6, 8, 12, 13], "`minimum(x, y)`") { minimum($0, $1) },
    variadic("Sum", [1, 6, 8, 13], "`x + y`") { $0 + $1 },
    .one("Mean", [1, 6, 8, 13], "`(x + y) / 2`, and alike for more") { call in
      let all = try call.all()
      return all.dropFirst().reduce(all[0]) { $0 + $1 } / Double(all.count)
    },
    Operator("Neg", [1, 6, 13], "`-x`") { call in
      let x = try call.typed(0)
      if let host = x.host {
        return [
          .tensor(TypedTensor(host: HostIntegers(shape: host.shape, elements: host.elements.map { x.type.wrapped(0 &- $0) }), x.type))
        ]
      }
      return [.tensor(TypedTensor((-x.tensor).wrapped(to: x.type), x.type))]
    },
    .one("Abs", [1, 6, 13], "`abs(x)`") { call in
      let type = try call.type(0)
      return type == .uint64 ? try call.tensor(0) : abs(try call.tensor(0)).wrapped(to: type)
    },
    .one("Clip", [1, 6, 11, 12, 13], "`x.clamped(min:max:)`") { call in
      var x = try call.tensor(0)
      if call.version < 11 {
        let (low, high) = (try call.attributes.float("min"), try call.attributes.float("max"))
        if let low { x = maximum(x, low) }
        return high.map { minimum(x, $0) } ?? x
      }
      // Not `clamped`: where the bounds cross, the upper one holds, as here.
      if let low = try call.optional(1) { x = maximum(x, low.reshaped([])) }
      if let high = try call.optional(2) { x = minimum(x, high.reshaped([])) }
      return x
    },
  ]

  private static func binary(
    _ name: String, _ versions: [Int], _ text: String, host: @escaping @Sendable (Int, Int) -> Int,
    _ f: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) -> Operator {
    Operator(name, versions, text) { call in
      let (x, y) = (try call.typed(0), try call.typed(1))
      if x.type == y.type, let a = x.host, let b = y.host, let result = a.combined(b, { x.type.wrapped(host($0, $1)) }) {
        return [.tensor(TypedTensor(host: result, x.type))]
      }
      let (a, b) = try call.pair()
      if x.type == .uint64 && name == "Div" { try a.requireSigned(b) }
      return [.tensor(TypedTensor(f(a, b).wrapped(to: x.type), x.type))]
    }
  }

  private static func variadic(
    _ name: String, _ versions: [Int], _ text: String, _ f: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) -> Operator {
    .one(name, versions, text + ", and alike for more") { call in
      let all = try call.all()
      let type = try call.type(0)
      return all.dropFirst().reduce(all[0], f).wrapped(to: type)
    }
  }
}

extension HostIntegers {
  /// f of elements, broadcast together where that leaves one of the shapes as it is; nil otherwise.
  func combined(_ other: HostIntegers, _ f: (Int, Int) -> Int) -> HostIntegers? {
    if shape == other.shape { return HostIntegers(shape: shape, elements: zip(elements, other.elements).map(f)) }
    if other.elements.count == 1 && other.shape.count <= shape.count {
      return HostIntegers(shape: shape, elements: elements.map { f($0, other.elements[0]) })
    }
    if elements.count == 1 && shape.count <= other.shape.count {
      return HostIntegers(shape: other.shape, elements: other.elements.map { f(elements[0], $0) })
    }
    return nil
  }
}

extension Call {
  /// The two operands, as the broadcasting of the operator's version has them.
  func pair() throws(ONNXError) -> (Tensor, Tensor) {
    let (x, y) = (try tensor(0), try tensor(1))
    guard version < 7, y.rank < x.rank, let axis = try attributes.int("axis") else { return (x, y) }
    // Before version 7 the second operand's axes began at an axis of the first.
    let start = try self.axis(axis, rank: x.rank)
    let after = x.rank - start - y.rank
    guard after >= 0 else { throw .field("attribute axis", "\(axis) for \(x.shape) and \(y.shape)") }
    return (x, y.reshaped(Shape(Array(y.shape) + Array(repeating: 1, count: after))))
  }

  /// All operands.
  func all() throws(ONNXError) -> [Tensor] {
    if inputs.isEmpty { throw .field("inputs", "none; one or more would fit") }
    var all: [Tensor] = []
    for i in inputs.indices { all.append(try tensor(i)) }
    return all
  }
}

extension Tensor {
  /// Of 64 bits without a sign only what int64 has too can be divided.
  func requireSigned(_ other: Tensor) throws(ONNXError) {
    for x in [self, other] where x.hasElements && !hasFailed && x.detached.reshaped([-1]).scalars(Int.self).contains(where: { $0 < 0 }) {
      throw .field("inputs", "uint64 beyond \(Int.max); less would fit")
    }
  }
}
