// What does not compile, and what the compiler then says: operators that Swift's numbers have and tensors have under another name.

extension Tensor {
  /// Not for tensors: `.>` gives a mask.
  @available(
    *, unavailable, message: "a comparison of tensors is a mask: x .> y; for one answer (x .> y).all().item(as: Bool.self) or x.item() > y"
  )
  public static func > (x: Tensor, y: Tensor) -> Bool { false }
  /// Not for tensors: `.>` gives a mask.
  @available(
    *, unavailable, message: "a comparison of tensors is a mask: x .> y; for one answer (x .> y).all().item(as: Bool.self) or x.item() > y"
  )
  public static func > <S: Scalar>(x: Tensor, y: S) -> Bool { false }
  /// Not for tensors: `.>=` gives a mask.
  @available(
    *, unavailable,
    message: "a comparison of tensors is a mask: x .>= y; for one answer (x .>= y).all().item(as: Bool.self) or x.item() >= y"
  )
  public static func >= (x: Tensor, y: Tensor) -> Bool { false }
  /// Not for tensors: `.>=` gives a mask.
  @available(
    *, unavailable,
    message: "a comparison of tensors is a mask: x .>= y; for one answer (x .>= y).all().item(as: Bool.self) or x.item() >= y"
  )
  public static func >= <S: Scalar>(x: Tensor, y: S) -> Bool { false }
  /// Not for tensors: `.<` gives a mask.
  @available(
    *, unavailable, message: "a comparison of tensors is a mask: x .< y; for one answer (x .< y).all().item(as: Bool.self) or x.item() < y"
  )
  public static func < (x: Tensor, y: Tensor) -> Bool { false }
  /// Not for tensors: `.<` gives a mask.
  @available(
    *, unavailable, message: "a comparison of tensors is a mask: x .< y; for one answer (x .< y).all().item(as: Bool.self) or x.item() < y"
  )
  public static func < <S: Scalar>(x: Tensor, y: S) -> Bool { false }
  /// Not for tensors: `.<=` gives a mask.
  @available(
    *, unavailable,
    message: "a comparison of tensors is a mask: x .<= y; for one answer (x .<= y).all().item(as: Bool.self) or x.item() <= y"
  )
  public static func <= (x: Tensor, y: Tensor) -> Bool { false }
  /// Not for tensors: `.<=` gives a mask.
  @available(
    *, unavailable,
    message: "a comparison of tensors is a mask: x .<= y; for one answer (x .<= y).all().item(as: Bool.self) or x.item() <= y"
  )
  public static func <= <S: Scalar>(x: Tensor, y: S) -> Bool { false }
  /// Not for tensors: `.==` gives a mask.
  @available(
    *, unavailable,
    message: "a comparison of tensors is a mask: x .== y; for one answer (x .== y).all().item(as: Bool.self) or x.item() == y"
  )
  public static func == (x: Tensor, y: Tensor) -> Bool { false }
  /// Not for tensors: `.==` gives a mask.
  @available(
    *, unavailable,
    message: "a comparison of tensors is a mask: x .== y; for one answer (x .== y).all().item(as: Bool.self) or x.item() == y"
  )
  public static func == <S: Scalar>(x: Tensor, y: S) -> Bool { false }
  /// Not for tensors: `.!=` gives a mask.
  @available(
    *, unavailable,
    message: "a comparison of tensors is a mask: x .!= y; for one answer (x .!= y).any().item(as: Bool.self) or x.item() != y"
  )
  public static func != (x: Tensor, y: Tensor) -> Bool { false }
  /// Not for tensors: `.!=` gives a mask.
  @available(
    *, unavailable,
    message: "a comparison of tensors is a mask: x .!= y; for one answer (x .!= y).any().item(as: Bool.self) or x.item() != y"
  )
  public static func != <S: Scalar>(x: Tensor, y: S) -> Bool { false }
}

/// Not for tensors: the larger of two is ``maximum(_:_:)-(Tensor,Tensor)``, of all elements `x.max()`.
@available(*, unavailable, renamed: "maximum")
public func max(_ x: Tensor, _ y: Tensor) -> Tensor { maximum(x, y) }
/// Not for tensors: the larger of two is ``maximum(_:_:)-(Tensor,S)``.
@available(*, unavailable, renamed: "maximum")
public func max<S: Scalar>(_ x: Tensor, _ y: S) -> Tensor { maximum(x, y) }
/// Not for tensors: the smaller of two is ``minimum(_:_:)-(Tensor,Tensor)``, of all elements `x.min()`.
@available(*, unavailable, renamed: "minimum")
public func min(_ x: Tensor, _ y: Tensor) -> Tensor { minimum(x, y) }
/// Not for tensors: the smaller of two is ``minimum(_:_:)-(Tensor,S)``.
@available(*, unavailable, renamed: "minimum")
public func min<S: Scalar>(_ x: Tensor, _ y: S) -> Tensor { minimum(x, y) }

/// Not a function: a method, that is told its axis.
@available(*, unavailable, message: "a method of tensors: x.softmax(axis: -1); as a chain's part or an activation { $0.softmax(axis: -1) }")
public func softmax(_ x: Tensor) -> Tensor { x.softmax(axis: -1) }
/// Not a function: a method, that is told its axis.
@available(
  *, unavailable, message: "a method of tensors: x.logSoftmax(axis: -1); as a chain's part or an activation { $0.logSoftmax(axis: -1) }"
)
public func logSoftmax(_ x: Tensor) -> Tensor { x.logSoftmax(axis: -1) }
