import Tensors

extension OperatorTable {
  /// Types of elements.
  static let casts: [Operator] = [
    Operator("Cast", [1, 6, 9, 13, 19, 21, 23, 24, 25, 28], "`x.cast(to:)`, rounded or wrapped to types that Fluxion has not") { call in
      let type: ONNXElementType
      if call.version < 6, let name = try call.attributes.string("to") {
        guard let found = ONNXElementType.allCases.first(where: { $0.description == name.lowercased() }) else {
          throw ONNXError.field("attribute to", "\"\(shown(name))\"")
        }
        type = found
      } else if let given = try call.attributes.elementType("to") {
        type = given
      } else {
        throw ONNXError.field("attribute to", "is missing")
      }
      return [.tensor(try call.typed(0).cast(to: type, "attribute to"))]
    },
    Operator("CastLike", [15, 19, 21, 23, 24, 25], "as `Cast`, to the type of another") { call in
      [.tensor(try call.typed(0).cast(to: try call.type(1), "input 1"))]
    },
    Operator("BitCast", [26], "the same bits as another type of the same size") { call in
      guard let type = try call.attributes.elementType("to") else { throw ONNXError.field("attribute to", "is missing") }
      let x = try call.typed(0)
      let dtype = try type.held("attribute to")
      guard let bits = x.type.bitCount, bits == type.bitCount else { throw ONNXError.field("attribute to", "\(type) for \(x.type)") }
      let words = try x.tensor.elements("input 0") { x.type.bits(of: $0) }
      return [.tensor(TypedTensor(type.tensor(ofBits: words, x.shape, dtype), type))]
    },
  ]
}

extension TypedTensor {
  /// The nearest value of another type; numbers beyond an integer type's wrap around.
  func cast(to type: ONNXElementType, _ field: String) throws(ONNXError) -> TypedTensor {
    let dtype = try type.held(field)
    if type == self.type { return self }
    if let host, type.isInteger || type == .bool {
      let elements = host.elements.map { type == .bool ? ($0 == 0 ? 0 : 1) : type.wrapped($0) }
      return TypedTensor(host: HostIntegers(shape: host.shape, elements: elements), type)
    }
    var x = tensor
    if self.type == .uint64 && type.isFloatingPoint {
      // The upper half of the numbers without a sign.
      let y = x.cast(to: .float64)
      return TypedTensor(select(x .< 0, y + 0x1p64, y).cast(to: dtype).rounded(to: type), type)
    }
    if type.isNarrow {
      // By way of int64, as what is beyond the type wraps around.
      x = x.cast(to: .int64).wrapped(to: type)
    } else if type == .int32 && self.type.isInteger {
      x = ((x.cast(to: .int64) + 0x8000_0000) % 0x1_0000_0000) - 0x8000_0000
    }
    return TypedTensor(x.cast(to: dtype).rounded(to: type), type, host: nil)
  }
}

extension ONNXElementType {
  /// The bits of a tensor's elements.
  func bits(of x: Tensor) -> [UInt64] {
    let flat = x.reshaped([-1])
    switch self {
    case .float: return flat.scalars(Float.self).map { UInt64($0.bitPattern) }
    case .double: return flat.scalars(Double.self).map(\.bitPattern)
    case .float16: return flat.scalars(Float.self).map { UInt64(half($0)) }
    case .bfloat16: return flat.scalars(Float.self).map { UInt64(brainHalf($0)) }
    default: return flat.cast(to: .int64).scalars(Int.self).map { UInt64(bitPattern: Int64($0)) }
    }
  }

  /// A tensor of the type by its elements' bits.
  func tensor(ofBits bits: [UInt64], _ shape: Shape, _ dtype: DType) -> Tensor {
    switch self {
    case .float: return Tensor(bits.map { Float(bitPattern: UInt32(truncatingIfNeeded: $0)) }, shape: shape)
    case .double: return Tensor(bits.map { Double(bitPattern: $0) }, shape: shape)
    case .float16: return Tensor(bits.map { floatOfHalf(UInt16(truncatingIfNeeded: $0)) }, shape: shape)
    case .bfloat16: return Tensor(bits.map { Float(bitPattern: UInt32(UInt16(truncatingIfNeeded: $0)) << 16) }, shape: shape)
    default: return Tensor(bits.map { wrapped(Int(truncatingIfNeeded: $0)) }, shape: shape).cast(to: dtype)
    }
  }
}
