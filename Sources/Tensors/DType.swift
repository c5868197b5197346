import CKernels

/// The type of a tensor's elements.
///
/// There is no silent promotion: operators want operands of one dtype and name ``Tensor/cast(to:)`` where they differ.
public enum DType: UInt8, Sendable, Hashable, CaseIterable, CustomStringConvertible {
  case float32, float64, int32, int64, bool
  /// 16-bit floats for storage: IEEE 754's binary16, and the upper half of a float32.
  ///
  /// Operators compute in float32 and round the result once. Sums of many numbers, and numbers beyond 65,504, want another dtype.
  case float16, bfloat16
  /// Complex numbers of two float32 or float64, the real part before the imaginary one, as PyTorch and C have them.
  ///
  /// In Swift they are swift-numerics' `Complex<Float>` and `Complex<Double>`. They have no order, and gradients: dL/da + i·dL/db of x = a + i·b, as
  /// PyTorch's.
  case complex64, complex128

  /// The bytes of one element.
  public var byteCount: Int {
    switch self {
    case .float32, .int32: 4
    case .float64, .int64, .complex64: 8
    case .complex128: 16
    case .float16, .bfloat16: 2
    case .bool: 1
    }
  }

  /// Whether it is `float32`, `float64`, `float16` or `bfloat16`: real numbers that have gradients.
  public var isFloatingPoint: Bool {
    switch self {
    case .float32, .float64, .float16, .bfloat16: true
    case .int32, .int64, .bool, .complex64, .complex128: false
    }
  }

  /// Whether it is `complex64` or `complex128`.
  @inline(__always) public var isComplex: Bool { self == .complex64 || self == .complex128 }

  /// Whether tensors of it have gradients: floating-point and complex dtypes.
  @inline(__always) public var isDifferentiable: Bool {
    switch self {
    case .float32, .float64, .float16, .bfloat16, .complex64, .complex128: true
    case .int32, .int64, .bool: false
    }
  }

  /// The dtype of a complex number's parts, `float32` or `float64`; any other dtype itself.
  public var real: DType {
    switch self {
    case .complex64: .float32
    case .complex128: .float64
    default: self
    }
  }

  /// The complex dtype whose parts hold its numbers: `complex128` for `float64` and 64-bit integers, else `complex64`.
  public var complex: DType {
    switch self {
    case .float64, .int64, .complex128: .complex128
    default: .complex64
    }
  }

  /// Whether most kernels do not take it: a 16-bit float or a complex number.
  @inline(__always) package var isHalfOrComplex: Bool { rawValue >= DType.float16.rawValue && rawValue <= DType.complex128.rawValue }

  /// Whether it is `float16` or `bfloat16`, which no kernel computes in.
  @inline(__always) package var isHalf: Bool { self == .float16 || self == .bfloat16 }

  /// Whether it is `float32` or `float64`, the floats that kernels compute in.
  @inline(__always) package var isSingleOrDouble: Bool { self == .float32 || self == .float64 }

  /// What operators compute in: `float32` for 16-bit floats, else itself.
  package var computed: DType { isHalf ? .float32 : self }

  /// The largest number of a floating-point dtype.
  package var largestNumber: Double {
    switch self {
    case .float32: Double(Float.greatestFiniteMagnitude)
    case .float16: 65504
    case .bfloat16: 0x1.fep127
    default: .greatestFiniteMagnitude
    }
  }

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
    case .float16: "float16"
    case .bfloat16: "bfloat16"
    case .complex64: "complex64"
    case .complex128: "complex128"
    }
  }

  /// The largest number of a 16-bit float that is below a finite one; nil if there is none.
  func halfBelow(_ value: Double) -> Double? {
    var (value, half, nearest) = (value, UInt16(0), 0.0)
    fx_cast(DType.float64.code, code)!(1, &value, &value, &value, &half)
    func read() { fx_cast(code, DType.float64.code)!(1, &half, &half, &half, &nearest) }
    read()
    if nearest < value { return nearest.isFinite ? nearest : nil }
    half = half & 0x7fff == 0 ? 0x8001 : half & 0x8000 == 0 ? half - 1 : half + 1
    read()
    return nearest.isFinite ? nearest : nil
  }

  /// Its number in the C kernels.
  var code: Int32 { Int32(rawValue) }
}

/// A Swift type that a tensor's elements can be read as and written from: `Float`, `Double`, `Int32`, `Int64`, `Int`, `Bool`,
/// ``BFloat16``, swift-numerics' `Complex<Float>` and `Complex<Double>`, and, where Swift has it, `Float16`.
public protocol Scalar: Sendable {
  /// The dtype with this layout in memory.
  static var dtype: DType { get }
  /// The value of no size: 0 or `false`.
  static var zeroValue: Self { get }
  /// The nearest Double; 1 for `true`, a complex number's real part.
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
