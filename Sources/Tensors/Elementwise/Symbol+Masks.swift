import CKernels

// Masks: what comparisons of symbols give, what is done with them, and what a closure that is read once cannot do.

extension Symbol {
  /// 1 where the comparison holds, else 0; for ``select(_:_:_:)``.
  public static func .== (x: Symbol, y: Symbol) -> Symbol { binary(FX_EQ, x, y) }
  /// 1 where the two differ, else 0.
  public static func .!= (x: Symbol, y: Symbol) -> Symbol { binary(FX_NE, x, y) }
  /// 1 where x is less than y, else 0.
  public static func .< (x: Symbol, y: Symbol) -> Symbol { binary(FX_LT, x, y) }
  /// 1 where x is at most y, else 0.
  public static func .<= (x: Symbol, y: Symbol) -> Symbol { binary(FX_LE, x, y) }
  /// 1 where x is greater than y, else 0.
  public static func .> (x: Symbol, y: Symbol) -> Symbol { binary(FX_GT, x, y) }
  /// 1 where x is at least y, else 0.
  public static func .>= (x: Symbol, y: Symbol) -> Symbol { binary(FX_GE, x, y) }

  /// 1 where both are nonzero, else 0.
  public static func .& (x: Symbol, y: Symbol) -> Symbol { binary(FX_AND, x, y) }
  /// 1 where one of the two is nonzero, else 0.
  public static func .| (x: Symbol, y: Symbol) -> Symbol { binary(FX_OR, x, y) }
  /// 1 where exactly one of the two is nonzero, else 0.
  public static func .^ (x: Symbol, y: Symbol) -> Symbol { binary(FX_XOR, x, y) }
  /// 1 where it is 0, else 0.
  public static prefix func .! (x: Symbol) -> Symbol { x .== 0 }

  /// 1 where it is not a number, else 0.
  public var isNaN: Symbol { self .!= self }
  /// 1 where it is neither infinite nor NaN, else 0.
  public var isFinite: Symbol { abs(self) .< Symbol(.infinity) }
  /// 1 where it is ∞ or −∞, else 0.
  public var isInfinite: Symbol { abs(self) .== Symbol(.infinity) }
}

/// x where the mask is not 0, else y; both are computed everywhere.
///
/// Derivative: dy to the one that was chosen. A NaN or ∞ of the other one's derivative does not reach the result if its operand was made
/// harmless first: `select(x .> 0, log(select(x .> 0, x, 1)), 0)`.
public func select(_ mask: Symbol, _ x: Symbol, _ y: Symbol) -> Symbol { Symbol(.apply(FX_SELECT, mask.node, x.node, y.node)).limited(x) }

// MARK: - What does not compile

// A closure is read once, for all elements: `if x > 0 { … }` has no answer. The compiler says, at the operator:
//   error: '>' is unavailable: no element is known while a closure is read: x .> y gives a mask, and select(mask, a, b) chooses by it
// `if x .> 0` has no answer either:
//   error: cannot convert value of type 'Symbol' to expected condition type 'Bool'
// `max(x, 0)` is, as for tensors, another function:
//   error: 'max' has been renamed to 'maximum'
// `==` cannot be taken away, since `ElementaryFunctions` asks for `Equatable`: between symbols it is a mistake when the closure is read.

extension Symbol {
  /// Not for symbols: `.>` gives a mask.
  @available(
    *, unavailable, message: "no element is known while a closure is read: x .> y gives a mask, and select(mask, a, b) chooses by it"
  )
  public static func > (x: Symbol, y: Symbol) -> Bool { false }
  /// Not for symbols: `.>=` gives a mask.
  @available(
    *, unavailable, message: "no element is known while a closure is read: x .>= y gives a mask, and select(mask, a, b) chooses by it"
  )
  public static func >= (x: Symbol, y: Symbol) -> Bool { false }
  /// Not for symbols: `.<` gives a mask.
  @available(
    *, unavailable, message: "no element is known while a closure is read: x .< y gives a mask, and select(mask, a, b) chooses by it"
  )
  public static func < (x: Symbol, y: Symbol) -> Bool { false }
  /// Not for symbols: `.<=` gives a mask.
  @available(
    *, unavailable, message: "no element is known while a closure is read: x .<= y gives a mask, and select(mask, a, b) chooses by it"
  )
  public static func <= (x: Symbol, y: Symbol) -> Bool { false }
  /// Not for symbols: `.&` joins masks.
  @available(*, unavailable, message: "masks are joined by .&")
  public static func && (x: Symbol, y: Symbol) -> Symbol { x .& y }
  /// Not for symbols: `.|` joins masks.
  @available(*, unavailable, message: "masks are joined by .|")
  public static func || (x: Symbol, y: Symbol) -> Symbol { x .| y }
  /// Not for symbols: `.!` is a mask's opposite.
  @available(*, unavailable, message: "a mask's opposite is .!mask")
  public static prefix func ! (x: Symbol) -> Symbol { .!x }

  /// Whether two constants are equal; between symbols a mistake, since no element is known: `.==` compares elements.
  public static func == (x: Symbol, y: Symbol) -> Bool {
    if let a = x.node.value, let b = y.node.value { return a == b }
    fail(
      TensorError("Symbol", "== looks at an element, and none is known while a closure is read; .== gives a mask for select(mask, a, b)"))
    return false
  }
}

/// Not for symbols: the larger of two is ``maximum(_:_:)-(Symbol,_)``, as for tensors.
@available(*, unavailable, renamed: "maximum")
public func max(_ x: Symbol, _ y: Symbol) -> Symbol { maximum(x, y) }
/// Not for symbols: the smaller of two is ``minimum(_:_:)-(Symbol,_)``, as for tensors.
@available(*, unavailable, renamed: "minimum")
public func min(_ x: Symbol, _ y: Symbol) -> Symbol { minimum(x, y) }
