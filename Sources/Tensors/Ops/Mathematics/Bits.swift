import CKernels

// Bits of integers and of floats.

extension Tensor {
  /// The bits that both integers have, broadcast together; of bools whether both are true.
  ///
  /// PyTorch: `bitwise_and`.
  public static func & (x: Tensor, y: Tensor) -> Tensor { mapped("&", B.and, x, y) }
  /// The bits that one of two integers has, broadcast together; of bools whether one is true.
  ///
  /// PyTorch: `bitwise_or`.
  public static func | (x: Tensor, y: Tensor) -> Tensor { mapped("|", B.or, x, y) }
  /// The bits in which two integers differ, broadcast together; of bools whether they do.
  ///
  /// PyTorch: `bitwise_xor`.
  public static func ^ (x: Tensor, y: Tensor) -> Tensor { mapped("^", B.xor, x, y) }
  /// All bits of an integer turned over, −x − 1; of a bool whether it is false.
  ///
  /// PyTorch: `bitwise_not`.
  public static prefix func ~ (x: Tensor) -> Tensor { mapped("~", B.not, x) }
  /// Integers shifted to the left, x·2ʸ without the bits that leave; 0 where y is negative or no less than the bits there are.
  ///
  /// Broadcast together. PyTorch: `bitwise_left_shift`.
  public static func << (x: Tensor, y: Tensor) -> Tensor { mapped("<<", B.left, x, y) }
  /// Integers shifted to the right, ⌊x·2⁻ʸ⌋; 0 or −1, by x's sign, where y is negative or no less than the bits there are.
  ///
  /// Broadcast together. PyTorch: `bitwise_right_shift`.
  public static func >> (x: Tensor, y: Tensor) -> Tensor { mapped(">>", B.right, x, y) }
}

/// The greatest common divisor of integers, which is not negative, but for that of the smallest integer alone; broadcast together.
///
/// PyTorch: `gcd`.
public func gcd(_ x: Tensor, _ y: Tensor) -> Tensor { mapped("gcd", B.gcd, x, y) }
/// The least common multiple of integers, which wraps around where it is too large; 0 of 0.
///
/// Broadcast together. PyTorch: `lcm`.
public func lcm(_ x: Tensor, _ y: Tensor) -> Tensor { mapped("lcm", B.lcm, x, y) }

/// The parts of floats: x = mantissa · 2^exponent with ½ ≤ |mantissa| < 1, and exponents as int32.
///
/// Of 0, infinities and NaN the exponent is 0.
///
/// Derivative of the mantissa: dy·2^−exponent. PyTorch: `frexp`.
public func frexp(_ x: Tensor) -> (mantissa: Tensor, exponent: Tensor) {
  let exponent = mapped("frexp", B.exponent, x.detached)
  if Context.current.hasFailed { return (.placeholder, .placeholder) }
  // In two steps: 2 to the largest exponent is no number.
  let half = trunc(exponent * 0.5)
  return (x * exp2(-half) * exp2(half - exponent), exponent.cast(to: .int32))
}

/// The next number from x in the direction of y, of which two equal ones are y; broadcast together.
///
/// Derivative: dy for x, none for y. PyTorch: `nextafter`.
public func nextAfter(_ x: Tensor, toward y: Tensor) -> Tensor { mapped("nextAfter", B.next, x, y) }

/// The programs behind these functions.
private enum B {
  static let and = binary(FX_BIT_AND), or = binary(FX_BIT_OR), xor = binary(FX_BIT_XOR), left = binary(FX_SHIFT_LEFT)
  static let right = binary(FX_SHIFT_RIGHT), gcd = binary(FX_GCD), lcm = binary(FX_LCM), next = binary(FX_NEXT_AFTER)
  static let not = Program(.apply(FX_BIT_NOT, .input(0)), inputCount: 1)
  static let exponent = Program(.apply(FX_EXPONENT, .input(0)), inputCount: 1)

  private static func binary(_ op: fx_op) -> Program { Program(.apply(op, .input(0), .input(1)), inputCount: 2) }
}
