import CKernels

// The larger, the smaller, and bounds.

/// The larger of the two, broadcast together; NaN if one is.
///
/// Derivative: dy to the larger, half to each where they are equal.
public func maximum(_ x: Tensor, _ y: Tensor) -> Tensor { mapped("maximum", B.maximum, x, y) }
/// The larger of element and number.
public func maximum<S: Scalar>(_ x: consuming Tensor, _ a: S) -> Tensor { mapped("maximum", B.maximumScalar, x, scalar: a) }
/// The larger of the two, as a symbol.
public func maximum(_ x: Symbol, _ y: Symbol) -> Symbol { Symbol.binary(FX_MAX, x, y) }
/// The smaller of the two, broadcast together; NaN if one is.
///
/// Derivative: dy to the smaller, half to each where they are equal.
public func minimum(_ x: Tensor, _ y: Tensor) -> Tensor { mapped("minimum", B.minimum, x, y) }
/// The smaller of element and number.
public func minimum<S: Scalar>(_ x: consuming Tensor, _ a: S) -> Tensor { mapped("minimum", B.minimumScalar, x, scalar: a) }
/// The smaller of the two, as a symbol.
public func minimum(_ x: Symbol, _ y: Symbol) -> Symbol { Symbol.binary(FX_MIN, x, y) }

/// The larger of the two, broadcast together; if one is NaN, the other.
///
/// Derivative: dy to the larger, to `x` where they are equal. PyTorch: `fmax`.
public func maximumNumber(_ x: Tensor, _ y: Tensor) -> Tensor { mapped("maximumNumber", B.maximumNumber, x, y) }
/// The smaller of the two, broadcast together; if one is NaN, the other.
///
/// Derivative: dy to the smaller, to `x` where they are equal. PyTorch: `fmin`.
public func minimumNumber(_ x: Tensor, _ y: Tensor) -> Tensor { mapped("minimumNumber", B.minimumNumber, x, y) }

extension Tensor {
  /// Each element, or the bound it lies beyond.
  ///
  /// A bound that is NaN gives NaN. Derivative: dy inside and on the bounds, 0 outside. PyTorch: `clamp`.
  public func clamped<S: Scalar>(min lower: S, max upper: S) -> Tensor {
    if !admits(lower.number, "clamped") || !admits(upper.number, "clamped") { return .placeholder }
    if holdsExactly(lower) || holdsExactly(upper) || lower.double.isNaN || upper.double.isNaN {
      return clamped(min: .scalar(lower.number, dtype, "clamped"), max: .scalar(upper.number, dtype, "clamped"))
    }
    return mapped("clamped", B.clamp, self, SIMD4(lower.double, upper.double, 0, 0))
  }
  /// Each element, at least `lower`; NaN if that is.
  public func clamped<S: Scalar>(min lower: S) -> Tensor {
    lower.double.isNaN ? clamped(min: .scalar(lower.number, dtype, "clamped")) : mapped("clamped", B.clampMin, self, scalar: lower)
  }
  /// Each element, at most `upper`; NaN if that is.
  public func clamped<S: Scalar>(max upper: S) -> Tensor {
    upper.double.isNaN ? clamped(max: .scalar(upper.number, dtype, "clamped")) : mapped("clamped", B.clampMax, self, scalar: upper)
  }
  /// Each element, or the bound it lies beyond, each with bounds of its own: the three broadcast together.
  ///
  /// A bound that is NaN gives NaN. Derivative: dy inside and on the bounds, else dy to the bound. PyTorch: `clamp`.
  public func clamped(min lower: Tensor, max upper: Tensor) -> Tensor { mapped("clamped", B.clampTensors, self, lower, upper) }
  /// Each element, at least that of `lower`, broadcast together.
  ///
  /// Derivative: dy where it is not below, else dy to the bound. PyTorch: `clamp_min`.
  public func clamped(min lower: Tensor) -> Tensor { mapped("clamped", B.clampMinTensor, self, lower) }
  /// Each element, at most that of `upper`, broadcast together.
  ///
  /// Derivative: dy where it is not above, else dy to the bound. PyTorch: `clamp_max`.
  public func clamped(max upper: Tensor) -> Tensor { mapped("clamped", B.clampMaxTensor, self, upper) }

  /// Each element, or another number for one that is NaN, ∞ or −∞; the largest and the least of the dtype, if not told, for ±∞; of complex
  /// numbers each part.
  ///
  /// Derivative: dy where the element is finite, else 0. PyTorch: `nan_to_num`.
  public func replacingNonFinite(nan: Double = 0, infinity: Double? = nil, negativeInfinity: Double? = nil) -> Tensor {
    if dtype.isComplex { return onParts { $0.replacingNonFinite(nan: nan, infinity: infinity, negativeInfinity: negativeInfinity) } }
    guard dtype.isFloatingPoint else { return self }
    let largest = dtype.largestNumber
    return mapped("replacingNonFinite", B.replaceNonFinite, self, SIMD4(nan, infinity ?? largest, negativeInfinity ?? -largest, 0))
  }
}

/// The programs behind these functions.
private enum B {
  static let maximum = Program.binary { Symbol.binary(FX_MAX, $0, $1) }
  static let minimum = Program.binary { Symbol.binary(FX_MIN, $0, $1) }
  static let maximumScalar = Program.scalar { Symbol.binary(FX_MAX, $0, $1) }
  static let minimumScalar = Program.scalar { Symbol.binary(FX_MIN, $0, $1) }
  static let maximumNumber = Program.binary { Tensors.maximumNumber($0, $1) }
  static let minimumNumber = Program.binary { Tensors.minimumNumber($0, $1) }
  static let clampMin = Program.scalar { $0.clamped(min: $1) }
  static let clampMax = Program.scalar { $0.clamped(max: $1) }
  static let clamp = Program.unary { $0.clamped(min: Symbol(.scalar(0)), max: Symbol(.scalar(1))) }
  static let clampMinTensor = Program.binary { $0.clamped(min: $1) }
  static let clampMaxTensor = Program.binary { $0.clamped(max: $1) }
  static let clampTensors = Program.ternary { $0.clamped(min: $1, max: $2) }
  static let replaceNonFinite = Program.unary { x in
    let (nan, infinity, negativeInfinity) = (Symbol(.scalar(0)), Symbol(.scalar(1)), Symbol(.scalar(2)))
    return select(x .!= x, nan, select(x .== Symbol(.infinity), infinity, select(x .== Symbol(-.infinity), negativeInfinity, x)))
  }
}
