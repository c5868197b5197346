import Fluxion

extension Arguments {
  /// The first argument in the dtype that is asked for, if one is.
  func widened() throws -> Tensor { try dtype().map { try x.cast(to: $0) } ?? x }

  /// What an operator along the axis `dim` makes of `x`; a scalar goes through it as a vector of one.
  func alongAxis(_ x: Tensor, at position: Int = 1, default other: Int? = nil, _ body: (Tensor, Int) throws -> Tensor) throws -> Tensor {
    let axis = try int("dim", at: position, default: other)
    return try lifted(x) { try body($0, axis) }
  }

  /// The same for an operator with several results.
  func alongAxis(_ x: Tensor, at position: Int = 1, default other: Int? = nil, _ body: (Tensor, Int) throws -> [Tensor]) throws -> [Tensor] {
    let axis = try int("dim", at: position, default: other)
    return try lifted(x) { try body($0, axis) }
  }

  /// The same for an operator that takes the axis away, or keeps it with size 1.
  func overAxis(_ x: Tensor, keepDims: Bool, _ body: (Tensor, Int, Bool) throws -> [Tensor]) throws -> [Tensor] {
    let axis = try int("dim", at: 1, default: -1)
    return try lifted(x) { y in try body(y, axis, keepDims && x.rank > 0) }
  }
}
