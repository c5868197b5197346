// Halves as bits: the platforms' Float16 is not there on all processors.

/// The value of an IEEE half: 1 sign, 5 exponent and 10 fraction bits.
func floatOfHalf(_ half: UInt16) -> Float {
  let sign = UInt32(half & 0x8000) << 16
  let magnitude = UInt32(half & 0x7FFF) << 13
  if magnitude >= 0x0F80_0000 { return Float(bitPattern: sign | 0x7F80_0000 | magnitude) }
  return Float(bitPattern: sign | (Float(bitPattern: magnitude) * 0x1p112).bitPattern)
}

/// The nearest half to a number, ties to even; beyond 65504 by half a step or more, infinity.
func half(_ x: Float) -> UInt16 {
  let sign = UInt16(x.bitPattern >> 16) & 0x8000
  let magnitude = x.magnitude
  if x.isNaN { return sign | 0x7E00 }
  if magnitude >= 65520 { return sign | 0x7C00 }
  if magnitude < 0x1p-14 {
    // Steps of 2⁻²⁴ below the least normal number.
    return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven))
  }
  let bits = magnitude.bitPattern
  let rounded = bits + 0xFFF + (bits >> 13 & 1)
  return sign | UInt16((rounded - 0x3800_0000) >> 13)
}

/// The upper half of the nearest float32 with 8 significant bits, ties to even.
func brainHalf(_ x: Float) -> UInt16 {
  if x.isNaN { return UInt16(x.bitPattern >> 16) | 0x40 }
  let bits = x.bitPattern
  return UInt16((UInt64(bits) + 0x7FFF + UInt64(bits >> 16 & 1)) >> 16)
}

extension ONNXElementType {
  /// The nearest value of a half type.
  func rounded(_ x: Float) -> Float {
    switch self {
    case .float16: floatOfHalf(half(x))
    case .bfloat16: Float(bitPattern: UInt32(brainHalf(x)) << 16)
    default: x
    }
  }
}
