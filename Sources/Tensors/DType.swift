/// The type of a tensor's elements.
///
/// There is no silent promotion: operators want operands of one dtype and name ``Tensor/cast(to:)`` where they differ.
public enum DType: UInt8, Sendable, Hashable, CaseIterable, CustomStringConvertible {
  case float32, float64, int32, int64, bool

  /// The bytes of one element.
  public var byteCount: Int {
    switch self {
    case .float32, .int32: 4
    case .float64, .int64: 8
    case .bool: 1
    }
  }

  /// Whether it is `float32` or `float64`, the dtypes that have gradients.
  public var isFloatingPoint: Bool { self == .float32 || self == .float64 }

  /// Whether it is `int32` or `int64`.
  public var isInteger: Bool { self == .int32 || self == .int64 }

  /// The name: `float32`, `int64`, ….
  public var description: String {
    switch self {
    case .float32: "float32"
    case .float64: "float64"
    case .int32: "int32"
    case .int64: "int64"
    case .bool: "bool"
    }
  }

  /// Its number in the C kernels.
  var code: Int32 { Int32(rawValue) }
}

/// A Swift type that a tensor's elements can be read as and written from: `Float`, `Double`, `Int32`, `Int64`, `Int`, `Bool`.
public protocol Scalar: Sendable {
  /// The dtype with this layout in memory.
  static var dtype: DType { get }
  /// The value of no size: 0 or `false`.
  static var zeroValue: Self { get }
  /// The nearest Double; 1 for `true`.
  var double: Double { get }
}

extension Float: Scalar {
  /// The dtype with this layout.
  public static var dtype: DType { .float32 }
  /// The value of no size.
  public static var zeroValue: Float { 0 }
  /// The value as a Double.
  public var double: Double { Double(self) }
}
extension Double: Scalar {
  /// The dtype with this layout.
  public static var dtype: DType { .float64 }
  /// The value of no size.
  public static var zeroValue: Double { 0 }
  /// The value as a Double.
  public var double: Double { self }
}
extension Int32: Scalar {
  /// The dtype with this layout.
  public static var dtype: DType { .int32 }
  /// The value of no size.
  public static var zeroValue: Int32 { 0 }
  /// The value as a Double.
  public var double: Double { Double(self) }
}
extension Int64: Scalar {
  /// The dtype with this layout.
  public static var dtype: DType { .int64 }
  /// The value of no size.
  public static var zeroValue: Int64 { 0 }
  /// The value as a Double.
  public var double: Double { Double(self) }
}
extension Int: Scalar {
  /// The dtype with this layout.
  public static var dtype: DType { .int64 }
  /// The value of no size.
  public static var zeroValue: Int { 0 }
  /// The value as a Double.
  public var double: Double { Double(self) }
}
extension Bool: Scalar {
  /// The dtype with this layout.
  public static var dtype: DType { .bool }
  /// The value of no size.
  public static var zeroValue: Bool { false }
  /// The value as a Double.
  public var double: Double { self ? 1 : 0 }
}
