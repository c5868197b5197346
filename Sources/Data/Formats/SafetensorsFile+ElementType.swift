import Tensors

extension SafetensorsFile {
  /// The types a safetensors file's elements can have, by their names in the header.
  public enum ElementType: String, Sendable, CaseIterable {
    case float64 = "F64"
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int64 = "I64"
    case int32 = "I32"
    case int16 = "I16"
    case int8 = "I8"
    case uint64 = "U64"
    case uint32 = "U32"
    case uint16 = "U16"
    case uint8 = "U8"
    case bool = "BOOL"
    case complex64 = "C64"
    case float8e5m2 = "F8_E5M2"
    case float8e5m2fnuz = "F8_E5M2FNUZ"
    case float8e4m3 = "F8_E4M3"
    case float8e4m3fnuz = "F8_E4M3FNUZ"
    case float8e8m0 = "F8_E8M0"
    case float6e2m3 = "F6_E2M3"
    case float6e3m2 = "F6_E3M2"
    case float4 = "F4"

    /// The bits of one element in the file.
    public var bitCount: Int {
      switch self {
      case .float64, .int64, .uint64, .complex64: 64
      case .float32, .int32, .uint32: 32
      case .float16, .bfloat16, .int16, .uint16: 16
      case .int8, .uint8, .bool, .float8e5m2, .float8e5m2fnuz, .float8e4m3, .float8e4m3fnuz, .float8e8m0: 8
      case .float6e2m3, .float6e3m2: 6
      case .float4: 4
      }
    }

    /// The type that a dtype is written as; nil for complex128, which the format does not have.
    init?(_ dtype: DType) {
      switch dtype {
      case .float32: self = .float32
      case .float64: self = .float64
      case .int32: self = .int32
      case .int64: self = .int64
      case .bool: self = .bool
      case .float16: self = .float16
      case .bfloat16: self = .bfloat16
      case .complex64: self = .complex64
      case .complex128: return nil
      }
    }
  }
}
