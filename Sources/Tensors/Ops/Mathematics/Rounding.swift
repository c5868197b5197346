import CKernels
import RealModule

// Rounding to integers, which stay floats of their dtype, and what is left over. Integers are their own roundings.

/// The largest integer that is not larger.
///
/// Derivative: 0. PyTorch: `floor`.
public func floor(_ x: consuming Tensor) -> Tensor { mapped("floor", R.floor, x) }
/// The largest integer that is not larger, as a symbol.
public func floor(_ x: Symbol) -> Symbol { Symbol.unary(FX_FLOOR, x) }
/// The smallest integer that is not smaller.
///
/// Derivative: 0. PyTorch: `ceil`.
public func ceil(_ x: consuming Tensor) -> Tensor { mapped("ceil", R.ceil, x) }
/// The smallest integer that is not smaller, as a symbol.
public func ceil(_ x: Symbol) -> Symbol { Symbol.unary(FX_CEIL, x) }
/// The integer without the digits behind the point.
///
/// Derivative: 0. PyTorch: `trunc`; `frac` is `x - trunc(x)`.
public func trunc(_ x: consuming Tensor) -> Tensor { mapped("trunc", R.trunc, x) }
/// The integer without the digits behind the point, as a symbol.
public func trunc(_ x: Symbol) -> Symbol { Symbol.unary(FX_TRUNC, x) }
/// The nearest integer, of two equally near the even one.
///
/// Derivative: 0. PyTorch: `round`.
public func round(_ x: consuming Tensor) -> Tensor { mapped("round", R.round, x) }
/// The nearest integer, of two equally near the even one, as a symbol.
public func round(_ x: Symbol) -> Symbol { Symbol.unary(FX_ROUND, x) }
/// The nearest multiple of 10⁻ⁿ for n decimals, which may be negative: `decimals: -2` rounds to hundreds.
///
/// Derivative: 0. PyTorch: `round`.
public func round(_ x: Tensor, decimals: Int) -> Tensor {
  if decimals == 0 || decimals > 0 && x.dtype.isInteger { return round(x) }
  guard x.dtype.isFloatingPoint else {
    fail(TensorError("round", "decimals \(decimals) of \(x.dtype); convert the tensor with .cast(to: .float64)"))
    return .placeholder
  }
  // Of units beyond the dtype's numbers every number is less than half of one.
  if decimals < (x.dtype != .float64 ? -38 : -308) { return mapped("round", R.roundAway, x) }
  let unit = Double.pow(10, Int(clamping: decimals.magnitude))
  return mapped("round", decimals > 0 ? R.roundDecimals : R.roundTens, x, SIMD4(unit, 0, 0, 0))
}

/// ⌊x/y⌋, broadcast together: the quotient that goes with the remainder `%`; integers divided by 0 give 0.
///
/// Rounded from the exact quotient: 1 is 9 times 0.1, which is a little more than a tenth. Derivative: 0. PyTorch: `div` with
/// `rounding_mode="floor"`.
public func floorDivide(_ x: Tensor, _ y: Tensor) -> Tensor { mapped("floorDivide", R.floorDivide, x, y) }
/// ⌊x/a⌋; the number takes the tensor's dtype.
public func floorDivide<S: Scalar>(_ x: consuming Tensor, _ a: S) -> Tensor { mapped("floorDivide", R.floorDivideScalar, x, scalar: a) }
/// ⌊x/y⌋, as a symbol.
public func floorDivide(_ x: Symbol, _ y: Symbol) -> Symbol { Symbol.binary(FX_FLOORDIV, x, y) }
/// trunc(x/y), broadcast together: the quotient rounded toward zero, which goes with ``truncatingRemainder(_:_:)-(Tensor,Tensor)``; integers divided by 0 give 0.
///
/// Derivative: 0. PyTorch: `div` with `rounding_mode="trunc"`.
public func truncatingDivide(_ x: Tensor, _ y: Tensor) -> Tensor {
  mapped("truncatingDivide", x.dtype.isFloatingPoint ? R.truncatingDivide : R.wholeDivide, x, y)
}
/// trunc(x/a); the number takes the tensor's dtype.
public func truncatingDivide<S: Scalar>(_ x: consuming Tensor, _ a: S) -> Tensor {
  let program = x.dtype.isFloatingPoint ? R.truncatingDivideScalar : R.wholeDivideScalar
  return mapped("truncatingDivide", program, x, scalar: a)
}
/// x − y·trunc(x/y), broadcast together: the remainder with the sign of x, where `%` has that of y; integers divided by 0 give 0.
///
/// Derivative: dy, −dy·trunc(x/y). PyTorch: `fmod`.
public func truncatingRemainder(_ x: Tensor, _ y: Tensor) -> Tensor { mapped("truncatingRemainder", R.truncatingRemainder, x, y) }
/// x − a·trunc(x/a); the number takes the tensor's dtype.
public func truncatingRemainder<S: Scalar>(_ x: Tensor, _ a: S) -> Tensor {
  mapped("truncatingRemainder", R.truncatingRemainderScalar, x, scalar: a)
}
/// x − y·trunc(x/y), as a symbol.
public func truncatingRemainder(_ x: Symbol, _ y: Symbol) -> Symbol { Symbol.binary(FX_FMOD, x, y) }

/// The programs behind these functions.
private enum R {
  static let floor = Program.unary { Tensors.floor($0) }
  static let ceil = Program.unary { Tensors.ceil($0) }
  static let trunc = Program.unary { Tensors.trunc($0) }
  static let round = Program.unary { Tensors.round($0) }
  // From 2⁵³ on there are no decimals, and what overflows keeps its value.
  static let roundDecimals = Program.scalar { x, unit in select(abs(x * unit) .< 0x1p53, Tensors.round(x * unit) / unit, x) }
  // A unit beyond the dtype's range is infinite: 0 times it is 0.
  static let roundTens = Program.scalar { x, unit in select(abs(x / unit) .<= 0.5, 0, Tensors.round(x / unit) * unit) }
  static let roundAway = Program.unary { select(abs($0) .< Symbol(.infinity), $0 * 0, $0) }
  static let floorDivide = Program.binary { Tensors.floorDivide($0, $1) }
  static let floorDivideScalar = Program.scalar { Tensors.floorDivide($0, $1) }
  static let truncatingDivide = Program.binary { Tensors.trunc($0 / $1) }
  static let truncatingDivideScalar = Program.scalar { Tensors.trunc($0 / $1) }
  // What is left when the remainder is taken away is a multiple of the divisor.
  static let wholeDivide = Program.binary { Tensors.floorDivide($0 - Tensors.truncatingRemainder($0, $1), $1) }
  static let wholeDivideScalar = Program.scalar { Tensors.floorDivide($0 - Tensors.truncatingRemainder($0, $1), $1) }
  static let truncatingRemainder = Program.binary { Tensors.truncatingRemainder($0, $1) }
  static let truncatingRemainderScalar = Program.scalar { Tensors.truncatingRemainder($0, $1) }
}
