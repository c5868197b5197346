// Swift's types of 16-bit floats, as a tensor's elements.

#if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
  extension Float16: Scalar {
    /// The dtype with this layout.
    public static var dtype: DType { .float16 }
    /// The value of no size.
    public static var zeroValue: Float16 { 0 }
    /// The value as a Double.
    public var double: Double { Double(self) }
  }
#endif

/// A number of bfloat16, the upper half of a `Float`: its range, and 8 of its 24 binary digits.
public struct BFloat16: Scalar, Hashable, CustomStringConvertible {
  /// The sign, the 8 bits of the exponent, and 7 of the fraction.
  public var bitPattern: UInt16

  /// The number with these bits.
  public init(bitPattern: UInt16) { self.bitPattern = bitPattern }

  /// The nearest number, of two equally near the even one; beyond the largest ±∞.
  ///
  /// A NaN stays one.
  public init(_ value: Float) {
    let bits = value.bitPattern
    let number = UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
    bitPattern = value.isNaN ? UInt16(truncatingIfNeeded: bits >> 16) | 0x40 : number
  }

  /// The nearest number to a Double, rounded once.
  public init(_ value: Double) {
    // Rounded to odd first: toward zero, the last bit set where something was lost, so that the second rounding is as if it were the only one.
    var bits = Float(value).bitPattern
    if abs(Double(Float(value))) > abs(value) { bits -= 1 }
    if Double(Float(value)) != value { bits |= 1 }
    self.init(Float(bitPattern: bits))
  }

  /// The dtype with this layout.
  public static var dtype: DType { .bfloat16 }
  /// The value of no size.
  public static var zeroValue: BFloat16 { BFloat16(bitPattern: 0) }
  /// The value, exactly.
  public var float: Float { Float(bitPattern: UInt32(bitPattern) << 16) }
  /// The value as a Double.
  public var double: Double { Double(float) }
  /// The value as a Float is written.
  public var description: String { "\(float)" }

  /// Whether two numbers are equal: 0 and −0 are, NaN is equal to nothing.
  public static func == (a: BFloat16, b: BFloat16) -> Bool { a.float == b.float }
  /// The value's part in a hash.
  public func hash(into hasher: inout Hasher) { hasher.combine(float) }
}
