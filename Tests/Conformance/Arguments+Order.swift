import Fluxion

extension Arguments {
  /// The first argument in the dtype that is asked for, if one is.
  func widened() throws -> Tensor {
    // PyTorch drops imaginary parts, with a warning.
    try dtype().map { try ($0.isComplex ? x : x.real).cast(to: $0) } ?? x
  }

  /// A result in the dtype that is asked for, if one is: sums of int32 are int64 before.
  func narrowed(_ y: Tensor) throws -> Tensor { try dtype().map { y.cast(to: $0) } ?? y }

  /// What an operator along the axis `dim` makes of `x`; a scalar goes through it as a vector of one.
  func alongAxis(_ x: Tensor, at position: Int = 1, default other: Int? = nil, _ body: (Tensor, Int) throws -> Tensor) throws -> Tensor {
    let axis = try int("dim", at: position, default: other)
    return try lifted(x) { try body($0, axis) }
  }

  /// The same for an operator with several results.
  func alongAxis(_ x: Tensor, at position: Int = 1, default other: Int? = nil, _ body: (Tensor, Int) throws -> [Tensor]) throws -> [Tensor]
  {
    let axis = try int("dim", at: position, default: other)
    return try lifted(x) { try body($0, axis) }
  }

  /// The same for an operator that takes the axis away, or keeps it with size 1.
  func overAxis(_ x: Tensor, keepDims: Bool, _ body: (Tensor, Int, Bool) throws -> [Tensor]) throws -> [Tensor] {
    let axis = try int("dim", at: 1, default: -1)
    return try lifted(x) { y in try body(y, axis, keepDims && x.rank > 0) }
  }

  /// Why positions may be others than PyTorch's.
  static let openOrder = "PyTorch leaves open which of equal elements it takes; Fluxion takes the first"

  /// Elements and their positions where PyTorch leaves open which of equals it takes: the elements, what lies at the positions, and whether
  /// a position occurs twice.
  func compared(_ results: [Tensor], position: Int) throws -> [Tensor] {
    let x = try x
    if x.rank == 0 { return results }
    let axis = try int("dim", at: position, default: -1)
    // A position without its axis, which was not kept, gets it back.
    let positions = results[1].shape.count < x.shape.count ? results[1].unsqueezed(axis: axis < 0 ? axis + x.rank : axis) : results[1]
    let isTwice = (positions.sorted(axis: axis).differences(axis: axis) .== 0).any()
    return [results[0], x.gather(positions, axis: axis), isTwice]
  }
}
