import Tensors

/// The type of an ONNX tensor's elements, and the dtype that holds them here.
///
/// Types that Fluxion does not have are held by wider ones: halves by float32, small integers by int32, `uint32` and `uint64` by int64.
/// Results of arithmetic on integers wrap around as the narrow type would; halves are computed in float32 and rounded
/// after each operator.
public enum ONNXElementType: Int32, Sendable, Hashable, CaseIterable, CustomStringConvertible {
  case float = 1
  case uint8, int8, uint16, int16, int32, int64, string, bool, float16, double, uint32, uint64, complex64, complex128, bfloat16
  case float8e4m3fn, float8e4m3fnuz, float8e5m2, float8e5m2fnuz, uint4, int4, float4e2m1

  /// The dtype that holds it; nil for what cannot be held: strings, complex numbers and numbers of less than a byte.
  public var dtype: DType? {
    switch self {
    case .float, .float16, .bfloat16: .float32
    case .double: .float64
    case .uint8, .int8, .uint16, .int16, .int32: .int32
    case .int64, .uint32, .uint64: .int64
    case .bool: .bool
    default: nil
    }
  }

  /// The type that a tensor of a dtype has in ONNX.
  public init(_ dtype: DType) {
    switch dtype {
    case .float32: self = .float
    case .float64: self = .double
    case .int32: self = .int32
    case .int64: self = .int64
    case .bool: self = .bool
    case .float16: self = .float16
    case .bfloat16: self = .bfloat16
    case .complex64: self = .complex64
    case .complex128: self = .complex128
    }
  }

  /// The name: `float`, `uint8`, ….
  public var description: String {
    switch self {
    case .float: "float"
    case .uint8: "uint8"
    case .int8: "int8"
    case .uint16: "uint16"
    case .int16: "int16"
    case .int32: "int32"
    case .int64: "int64"
    case .string: "string"
    case .bool: "bool"
    case .float16: "float16"
    case .double: "double"
    case .uint32: "uint32"
    case .uint64: "uint64"
    case .complex64: "complex64"
    case .complex128: "complex128"
    case .bfloat16: "bfloat16"
    case .float8e4m3fn: "float8e4m3fn"
    case .float8e4m3fnuz: "float8e4m3fnuz"
    case .float8e5m2: "float8e5m2"
    case .float8e5m2fnuz: "float8e5m2fnuz"
    case .uint4: "uint4"
    case .int4: "int4"
    case .float4e2m1: "float4e2m1"
    }
  }
}

extension ONNXElementType {
  var isFloatingPoint: Bool { self == .float || self == .double || isHalf }
  var isHalf: Bool { self == .float16 || self == .bfloat16 }
  var isSigned: Bool { self == .int8 || self == .int16 || self == .int32 || self == .int64 }
  var isInteger: Bool { isSigned || self == .uint8 || self == .uint16 || self == .uint32 || self == .uint64 }
  /// Whether the dtype that holds it has values that it has not.
  var isNarrow: Bool { self == .uint8 || self == .int8 || self == .uint16 || self == .int16 || self == .uint32 }

  /// The bits of one element; nil for what has no fixed number.
  var bitCount: Int? {
    switch self {
    case .uint8, .int8, .bool: 8
    case .uint16, .int16, .float16, .bfloat16: 16
    case .float, .int32, .uint32: 32
    case .double, .int64, .uint64: 64
    default: nil
    }
  }

  /// The least and the largest value of an integer type, as far as int64 goes.
  var range: ClosedRange<Int> {
    switch self {
    case .uint8: 0...255
    case .int8: -128...127
    case .uint16: 0...65535
    case .int16: -32768...32767
    case .uint32: 0...4_294_967_295
    case .int32: Int(Int32.min)...Int(Int32.max)
    case .uint64: 0...Int.max
    case .bool: 0...1
    default: Int.min...Int.max
    }
  }

  /// The integer that the type's bits hold for a value, wrapped around.
  func wrapped(_ x: Int) -> Int {
    switch self {
    case .uint8: Int(UInt8(truncatingIfNeeded: x))
    case .int8: Int(Int8(truncatingIfNeeded: x))
    case .uint16: Int(UInt16(truncatingIfNeeded: x))
    case .int16: Int(Int16(truncatingIfNeeded: x))
    case .uint32: Int(UInt32(truncatingIfNeeded: x))
    case .int32: Int(Int32(truncatingIfNeeded: x))
    default: x
    }
  }

  init(code: Int32, _ field: String) throws(ONNXError) {
    guard let type = ONNXElementType(rawValue: code) else {
      throw .field(field, "element type \(code); one of \(ONNXElementType.allCases.count) that ONNX numbers from 1 would fit")
    }
    self = type
  }

  /// The dtype that holds it; an error that names the type where there is none.
  func held(_ field: String) throws(ONNXError) -> DType {
    guard let dtype else { throw .field(field, "element type \(self), which Fluxion has no dtype for") }
    return dtype
  }
}
