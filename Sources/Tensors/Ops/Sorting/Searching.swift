import CKernels

/// Where values belong in sorted rows.
struct SearchSorted: NonDifferentiable {
  let side: SearchSide
  var name: String { "searchSorted" }

  func result(_ x: Pair) throws(TensorError) -> Signature {
    let (sorted, values) = (x.a, x.b)
    if sorted.dtype != values.dtype { throw mixedDTypes(sorted.dtype, values.dtype) }
    if sorted.rank == 0 { throw mistake("in a scalar; a sorted vector, or rows of them, would fit") }
    if sorted.rank > 1 && (values.rank != sorted.rank || values.shape.dropLast() != sorted.shape.dropLast()) {
      throw mistake(
        "values of shape \(values.shape) in rows of \(sorted.shape); equal axes but for the last would fit, or one sorted vector")
    }
    return Signature(values.shape, .int64)
  }
  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let (sorted, values) = try (x.a.ordered, x.b.ordered)
    let y = try Tensor(uninitialized: values.shape, .int64)
    if y.elementCount == 0 { return y }
    let (n, size, code, isRight) = (sorted.shape[-1], values.dtype.byteCount, values.dtype.code, Int32(side == .right ? 1 : 0))
    let (from, at, to) = (sorted.pointer, values.pointer, y.pointer.assumingMemoryBound(to: Int64.self))
    if sorted.rank == 1 {
      parallel(y.elementCount, grain: Blocks.grain / 8) { range in
        fx_search_sorted(
          code, isRight, 1, n, 0, range.count, from, at + range.lowerBound * size, to + range.lowerBound)
      }
    } else {
      let count = values.shape[-1]
      parallel(y.elementCount / count, grain: Swift.max(1, Blocks.grain / 8 / count)) { rows in
        let first = rows.lowerBound
        fx_search_sorted(
          code, isRight, rows.count, n, n, count, from + first * n * size, at + first * count * size, to + first * count)
      }
    }
    return y
  }
}

/// On which side of its equals a value belongs.
public enum SearchSide: Sendable {
  /// Before them: sorted[i − 1] < value ≤ sorted[i].
  case left
  /// Behind them: sorted[i − 1] ≤ value < sorted[i].
  case right
}

extension Tensor {
  /// The positions at which values would have to be inserted to keep this sorted vector sorted; or, row by row, the rows of a tensor.
  ///
  /// The result has the values' shape: int64, 0 to the vector's length. NaN belongs at the end. PyTorch: `searchsorted`, `bucketize`.
  public func searchSorted(_ values: Tensor, side: SearchSide = .left) -> Tensor { SearchSorted(side: side)(Pair(self, values)) }

  /// Whether each element equals one of `values`, which has any shape: bool.
  ///
  /// NaN equals nothing. PyTorch: `isin`.
  public func isContained(in values: Tensor) -> Tensor {
    if dtype != values.dtype {
      fail(
        TensorError(
          "isContained",
          "elements of dtype \(dtype) in values of \(values.dtype); convert one with .cast(to: .\(dtype)) or .cast(to: .\(values.dtype))"))
      return .placeholder
    }
    if values.elementCount == 0 { return .zeros(shape, .bool) }
    let sorted = values.detached.reshaped([-1]).sorted()
    return sorted.take(sorted.searchSorted(detached).clamped(max: values.elementCount - 1)) .== self
  }
}
