import CKernels
import Synchronization

/// x ⋛ y element by element: bool.
///
/// It has no gradient.
struct Compare: NonDifferentiable {
  let op: fx_op
  let name: String

  func result(_ x: Pair) throws(TensorError) -> Signature {
    if x.a.dtype != x.b.dtype { throw mixedDTypes(x.a.dtype, x.b.dtype) }
    return Signature(x.a.shape, .bool)
  }

  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, .bool)
    guard let kernel = fx_compare(Int32(op.rawValue), x.a.dtype.code) else { throw mistake("not defined for \(x.a.dtype)") }
    let out = y.pointer
    try Blocks([x.a, x.b], dtype: x.a.dtype, count: y.elementCount).run { start, count, block in
      kernel(count, block.input(0), block.input(1), block.input(0), out + start)
    }
    return y
  }
}

/// x of another dtype.
///
/// Derivative: dy of x's dtype; none from or to integers.
struct Cast: HalfPrimitive {
  let dtype: DType
  var name: String { "cast" }
  var keeps: Keeps { .nothing }
  func result(_ x: Tensor) throws(TensorError) -> Signature {
    if x.dtype.isComplex && !dtype.isComplex && dtype != .bool {
      throw mistake("\(x.dtype) to \(dtype) would drop the imaginary part; .real, .imag or abs(_:) would fit")
    }
    return Signature(x.shape, dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, dtype)
    guard let kernel = fx_cast(x.dtype.code, dtype.code) else { return y }
    let (out, size, source) = (y.pointer, dtype.byteCount, x.dtype.code)
    let blocks = try Blocks([x], dtype: x.dtype, count: y.elementCount)
    guard x.dtype.isFloatingPoint && dtype.isInteger else {
      try blocks.run { start, count, block in kernel(count, block.input(0), block.input(0), block.input(0), out + start &* size) }
      return y
    }
    // Looked for in blocks that are in the first-level cache anyway.
    let firstNaN = Atomic(Int.max)
    try blocks.run { start, count, block in
      let place = fx_first_nan(source, count, block.input(0))
      if place >= 0 { firstNaN.min(start + place, ordering: .relaxed) }
      kernel(count, block.input(0), block.input(0), block.input(0), out + start &* size)
    }
    let place = firstNaN.load(ordering: .relaxed)
    if place < .max {
      throw mistake("NaN at \(x.shape.indices(of: place)) has no \(dtype); replacingNonFinite() puts numbers in its place")
    }
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [(x.dtype.isComplex ? dy : dy.real).cast(to: x.dtype)]
  }
}

/// mask ? x : y.
struct Select: HalfPrimitive {
  let mask: Tensor
  var name: String { "select" }
  var keeps: Keeps { .nothing }

  func result(_ x: Pair) throws(TensorError) -> Signature {
    if mask.dtype != .bool { throw mistake("the mask is \(mask.dtype); comparisons such as x .> 0 give the bool it wants") }
    if x.a.dtype != x.b.dtype { throw mixedDTypes(x.a.dtype, x.b.dtype) }
    return Signature(x.a.shape, x.a.dtype)
  }

  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    guard let kernel = fx_where(result.dtype.code) else { throw mistake("not defined for \(result.dtype)") }
    let (out, size) = (y.pointer, result.dtype.byteCount)
    try Blocks([mask, x.a, x.b], dtype: result.dtype, count: y.elementCount).run { start, count, block in
      kernel(count, block.input(0), block.input(1), block.input(2), out + start &* size)
    }
    return y
  }

  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let zero = Tensor.zeros([], dy.dtype).expanded(dy.shape)
    return [needs[0] ? Select(mask: mask)(Pair(dy, zero)) : nil, needs[1] ? Select(mask: mask)(Pair(zero, dy)) : nil]
  }
}

/// The elements of `x` where the mask is true, of `y` elsewhere; all three broadcast together.
///
/// Derivative: dy where the mask is true, dy where it is false. PyTorch, NumPy, JAX: `where`, which Swift would want in backticks.
public func select(_ mask: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor {
  let (x, y) = broadcasted("select", x, y)
  if mask.shape == x.shape { return Select(mask: mask)(Pair(x, y)) }
  let (wideMask, wideX) = broadcasted("select", mask, x)
  return Select(mask: wideMask)(Pair(wideX, y.expandedOrPlaceholder(wideX.shape)))
}
/// The elements of `x` where the mask is true, a number elsewhere.
public func select<S: Scalar>(_ mask: Tensor, _ x: Tensor, _ a: S) -> Tensor { select(mask, x, .scalar(a.number, x.dtype, "select")) }
/// A number where the mask is true, the elements of `x` elsewhere.
public func select<S: Scalar>(_ mask: Tensor, _ a: S, _ x: Tensor) -> Tensor { select(mask, .scalar(a.number, x.dtype, "select"), x) }
private func compare(_ op: fx_op, _ name: StaticString, _ x: Tensor, _ y: Tensor) -> Tensor {
  let (x, y) = x.shape == y.shape ? (x, y) : broadcasted(name, x, y)
  return Compare(op: op, name: "\(name)")(Pair(x, y))
}
private func compare<S: Scalar>(_ op: fx_op, _ name: StaticString, _ x: Tensor, _ a: S) -> Tensor {
  compare(op, name, x, .scalar(a.number, x.dtype, name))
}

private let conjunction = Program(.apply(FX_AND, .input(0), .input(1)), inputCount: 2)
private let disjunction = Program(.apply(FX_OR, .input(0), .input(1)), inputCount: 2)
private let exclusion = Program(.apply(FX_XOR, .input(0), .input(1)), inputCount: 2)
private func logic(_ name: StaticString, _ program: Program, _ x: Tensor, _ y: Tensor) -> Tensor {
  mapped(name, program, x.cast(to: .bool), y.cast(to: .bool))
}

infix operator .& : LogicalConjunctionPrecedence
infix operator .| : LogicalDisjunctionPrecedence
prefix operator .!

extension Tensor {
  func expandedOrPlaceholder(_ shape: Shape) -> Tensor { !Context.current.hasFailed ? expanded(shape) : self }

  /// Whether elements are equal, broadcast together: bool.
  public static func .== (x: Tensor, y: Tensor) -> Tensor { compare(FX_EQ, ".==", x, y) }
  /// Whether elements differ.
  public static func .!= (x: Tensor, y: Tensor) -> Tensor { compare(FX_NE, ".!=", x, y) }
  /// Whether x is less than y.
  public static func .< (x: Tensor, y: Tensor) -> Tensor { compare(FX_LT, ".<", x, y) }
  /// Whether x is at most y.
  public static func .<= (x: Tensor, y: Tensor) -> Tensor { compare(FX_LE, ".<=", x, y) }
  /// Whether x is greater than y.
  public static func .> (x: Tensor, y: Tensor) -> Tensor { compare(FX_GT, ".>", x, y) }
  /// Whether x is at least y.
  public static func .>= (x: Tensor, y: Tensor) -> Tensor { compare(FX_GE, ".>=", x, y) }
  /// Whether elements equal a number.
  public static func .== <S: Scalar>(x: Tensor, a: S) -> Tensor { compare(FX_EQ, ".==", x, a) }
  /// Whether elements differ from a number.
  public static func .!= <S: Scalar>(x: Tensor, a: S) -> Tensor { compare(FX_NE, ".!=", x, a) }
  /// Whether elements are less than a number.
  public static func .< <S: Scalar>(x: Tensor, a: S) -> Tensor { compare(FX_LT, ".<", x, a) }
  /// Whether elements are at most a number.
  public static func .<= <S: Scalar>(x: Tensor, a: S) -> Tensor { compare(FX_LE, ".<=", x, a) }
  /// Whether elements are greater than a number.
  public static func .> <S: Scalar>(x: Tensor, a: S) -> Tensor { compare(FX_GT, ".>", x, a) }
  /// Whether elements are at least a number.
  public static func .>= <S: Scalar>(x: Tensor, a: S) -> Tensor { compare(FX_GE, ".>=", x, a) }
  /// Whether a number is less than elements.
  public static func .< <S: Scalar>(a: S, x: Tensor) -> Tensor { compare(FX_GT, ".<", x, a) }
  /// Whether a number is at most elements.
  public static func .<= <S: Scalar>(a: S, x: Tensor) -> Tensor { compare(FX_GE, ".<=", x, a) }
  /// Whether a number is greater than elements.
  public static func .> <S: Scalar>(a: S, x: Tensor) -> Tensor { compare(FX_LT, ".>", x, a) }
  /// Whether a number is at least elements.
  public static func .>= <S: Scalar>(a: S, x: Tensor) -> Tensor { compare(FX_LE, ".>=", x, a) }

  /// Whether both are true (nonzero).
  public static func .& (x: Tensor, y: Tensor) -> Tensor { logic(".&", conjunction, x, y) }
  /// Whether one of the two is true (nonzero).
  public static func .| (x: Tensor, y: Tensor) -> Tensor { logic(".|", disjunction, x, y) }
  /// Whether exactly one of the two is true (nonzero).
  public static func .^ (x: Tensor, y: Tensor) -> Tensor { logic(".^", exclusion, x, y) }
  /// Whether it is false (zero).
  public static prefix func .! (x: Tensor) -> Tensor { x .== 0 }

  /// Whether each element is not a number.
  public var isNaN: Tensor { compare(FX_NE, "isNaN", self, self) }
  /// Whether each element is neither infinite nor NaN.
  public var isFinite: Tensor { dtype.isDifferentiable ? compare(FX_LT, "isFinite", abs(self), Double.infinity) : .!isNaN }

  /// Whether each element is ∞ or −∞.
  public var isInfinite: Tensor { dtype.isDifferentiable ? compare(FX_EQ, "isInfinite", abs(detached), Double.infinity) : isNaN }

  /// Sets every element, of a part too: `x[0, 1].fill(with: 7)`.
  public mutating func fill<S: Scalar>(with value: S) {
    let number = Tensor.scalar(value.number, dtype, "fill")
    if !Context.current.hasFailed { self = number.expanded(shape) }
  }

  /// The elements as another dtype.
  ///
  /// One rule for all pairs: the dtype's nearest value in the direction of zero for an integer, the nearest of all for a float. What lies beyond
  /// an integer dtype's range, from floats as from larger integers, gives the bound it lies beyond; beyond float32's range it is ±∞. A NaN has no
  /// integer: it is a mistake, which ``replacingNonFinite(nan:infinity:negativeInfinity:)`` prevents. Anything but 0 is true, NaN too.
  ///
  /// A complex number has no real one: what would drop the imaginary part is a mistake that names ``real`` and ``imag``.
  ///
  /// PyTorch: `to`, whose integers lose their upper bits, and in which NaN is an integer.
  ///
  /// Derivative: dy as this dtype; none from or to integers and bools.
  public func cast(to dtype: DType) -> Tensor { self.dtype == dtype ? self : Cast(dtype: dtype)(self) }

  /// Whether |x − y| ≤ absolute + relative·|y|, element by element, broadcast together: bool.
  ///
  /// Equal infinities are close, NaN is close to NaN only if `equalNaN`. PyTorch: `isclose`.
  public func areElementsClose(to y: Tensor, relative: Double = 1e-5, absolute: Double = 1e-8, equalNaN: Bool = false) -> Tensor {
    let isEqual = self .== y
    let (a, b) = dtype.isDifferentiable ? (detached, y.detached) : (cast(to: .float64), y.cast(to: .float64))
    let distance = abs(a - b)
    let isNear = (distance .<= abs(b * relative) + absolute) .& distance.isFinite
    return equalNaN ? isEqual .| isNear .| (isNaN .& y.isNaN) : isEqual .| isNear
  }

  /// Whether |x − y| ≤ absolute + relative·|y| for every element; equal infinities are close, NaN is close to NaN only if `equalNaN`.
  public func isClose(to y: Tensor, relative: Double = 1e-5, absolute: Double = 1e-8, equalNaN: Bool = false) -> Bool {
    guard shape == y.shape, dtype == y.dtype else { return false }
    if dtype.isComplex { return areElementsClose(to: y, relative: relative, absolute: absolute, equalNaN: equalNaN).all().item(as: Bool.self) }
    let (a, b) = (detached.cast(to: .float64).scalars(Double.self), y.detached.cast(to: .float64).scalars(Double.self))
    return zip(a, b).allSatisfy { a, b in
      a == b || Swift.abs(a - b) <= absolute + relative * Swift.abs(b) && b.isFinite || equalNaN && a.isNaN && b.isNaN
    }
  }
}
