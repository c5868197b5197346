import CKernels

/// What becomes of the rows in a bag.
public enum BagReduction: Sendable {
  /// Their sum.
  case sum
  /// Their mean.
  case mean
  /// The largest of each column.
  case max
}

/// For each bag and column, the row of the table that has the largest element; −1 for an empty bag.
struct LargestRows: NonDifferentiable {
  /// Rows of the table by checked numbers.
  let from: Tensor
  /// Their bags; −1 for none.
  let to: Tensor
  let bags: Int
  var name: String { "embeddingBag" }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) -> Signature { Signature([bags, x.shape[1]], .int64) }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor.full(result.shape, -1, .int64).made
    let (x, from, to) = try (x.ordered, from.ordered, to.ordered)
    let n = x.shape[1]
    func int64s(_ x: Tensor) -> UnsafeMutablePointer<Int64> { x.pointer.assumingMemoryBound(to: Int64.self) }
    if n == 0 || to.elementCount == 0 { return y }
    parallel(n, grain: Swift.max(16, Blocks.grain / 2 / to.elementCount)) { columns in
      fx_largest_rows(
        x.dtype.code, to.elementCount, n, columns.lowerBound, columns.upperBound, int64s(from), int64s(to), x.pointer, int64s(y))
    }
    return y
  }
}

/// Bags of rows of a table, each bag reduced to one row: [bags, features].
///
/// PyTorch: `embedding_bag`.
///
/// An empty bag gives zeros. Derivative: as ``embedding(_:_:paddingIndex:maxNorm:order:scalesByFrequency:)``; of `max`, to the largest
/// elements alone.
///
/// - Parameters:
///   - indices: int32 or int64, each from 0 to rows − 1: [bags, length], or a vector that `offsets` cut into bags.
///   - table: [rows, features].
///   - offsets: Where in the vector each bag begins, ascending from 0.
///   - reduction: What becomes of the rows in a bag.
///   - weights: A factor for each index, of the indices' shape; for sums. A factor of 0 leaves a row out, whatever it holds.
///   - paddingIndex: A row that counts in no bag, whatever it holds; negative ones count from the last.
///   - includesEnd: Whether the last offset is where the last bag ends.
///   - maxNorm: Rows that are longer are shortened to this length, for this call.
///   - order: The p of that length, (Σ |x|ᵖ)^(1/p).
///   - scalesByFrequency: Whether each row's gradient is divided by how often the row occurs in the indices.
public func embeddingBag(
  _ indices: Tensor, _ table: Tensor, offsets: Tensor? = nil, reduction: BagReduction = .mean, weights: Tensor? = nil,
  paddingIndex: Int? = nil, includesEnd: Bool = false, maxNorm: Double? = nil, order: Double = 2, scalesByFrequency: Bool = false
) -> Tensor {
  let name = "embeddingBag"
  let (indices, offsets) = (indices.integersOfLiteral, offsets?.integersOfLiteral)
  if Context.current.hasFailed { return .placeholder }
  guard
    let bags = attempt({ () throws(TensorError) in
      let padding = try checkPadding("embeddingBag", indices, table, paddingIndex)
      if let weights {
        if weights.shape != indices.shape || weights.dtype != table.dtype {
          throw TensorError(
            name,
            "weights \(weights.dtype) \(weights.shape) for indices \(indices.shape) of a \(table.dtype) table; equal shapes and "
              + "dtypes would fit")
        }
        if reduction != .sum { throw TensorError(name, "weights are for sums; reduction: .sum would fit") }
      }
      return try Bags(indices.detached, table, offsets?.detached, padding: padding, includesEnd: includesEnd)
    })
  else { return .placeholder }
  if Context.current.hasFailed { return .placeholder }
  let n = table.shape[1]
  if bags.isHollow {
    if !Context.current.isDry { fail(TensorError(name, Tensor.absence(indices.isHollow ? indices.shape : table.shape))) }
    return Tensor(hollow: [bags.count, n], table.dtype)
  }
  // Rows that are shortened, or whose gradient is scaled, are picked first; else bags are summed up right from the table.
  var (source, from) = (table, bags.from)
  if maxNorm != nil || scalesByFrequency {
    source = embedding(bags.from, table, maxNorm: maxNorm, order: order, scalesByFrequency: scalesByFrequency, isRead: bags.isRead(weights))
    from = .arange(bags.from.elementCount)
    if Context.current.hasFailed { return .placeholder }
  }
  if reduction == .max {
    let places = LargestRows(from: from, to: bags.to, bags: bags.count)(source)
    if source.shape[0] == 0 { return .zeros([bags.count, n], table.dtype) }
    return select(places .>= 0, source.gather(places.clamped(min: 0), axis: 0), 0)
  }
  let factors = weights.map { [$0.reshaped([bags.from.elementCount])] } ?? []
  let sum = CombineRows(from: from, to: bags.to, rows: bags.count)([source] + factors)
  return reduction == .sum ? sum : sum / bags.sizes(table.dtype).unsqueezed(axis: 1)
}

/// Which row goes to which bag.
private struct Bags {
  /// Rows of the table, as a vector of checked numbers.
  var from: Tensor
  /// The bag of each; −1 for padding.
  var to: Tensor
  var count: Int
  var isHollow: Bool
  /// Whether there may be rows in no bag.
  var mayLeaveOut = false

  init(_ indices: Tensor, _ table: Tensor, _ offsets: Tensor?, padding: Int?, includesEnd: Bool) throws(TensorError) {
    let name = "embeddingBag"
    let total = indices.elementCount
    if let offsets {
      if !offsets.dtype.isInteger || offsets.rank != 1 || indices.rank != 1 {
        throw TensorError(
          name, "offsets \(offsets.dtype) \(offsets.shape) for indices \(indices.shape); vectors of integers, both, would fit")
      }
      if includesEnd && offsets.elementCount == 0 { throw TensorError(name, "no offsets; with the end included one or more would fit") }
      count = offsets.elementCount - (includesEnd ? 1 : 0)
    } else {
      if indices.rank != 2 {
        throw TensorError(name, "indices of shape \(indices.shape); [bags, length], or a vector with offsets, would fit")
      }
      count = indices.shape[0]
    }
    (from, to) = (indices, indices)
    isHollow = indices.isHollow || offsets?.isHollow ?? false || table.isHollow
    if isHollow { return }
    from = Checked(BagRows(rows: table.shape[0]))(indices.cast(to: .int64).reshaped([total]))
    if let offsets {
      let starts = Checked(BagOffsets(total: total))(offsets.cast(to: .int64))
      to = starts.searchSorted(.arange(total), side: .right) - 1
      if includesEnd { to = select(to .< count, to, -1) }
    } else {
      let length = total / Swift.max(1, count)
      to = Tensor((0..<total).map { $0 / length })
    }
    if let padding { to = select(from .== padding, -1, to) }
    mayLeaveOut = padding != nil || includesEnd || count == 0
  }

  /// Bools, false for rows that count in no bag; nil if all do.
  func isRead(_ weights: Tensor?) -> Tensor? {
    let isInBag = mayLeaveOut ? to .>= 0 : nil
    guard let weights, !weights.isTracked else { return isInBag }
    let isWeighted = weights.reshaped(to.shape) .!= 0
    return isInBag.map { $0 .& isWeighted } ?? isWeighted
  }

  /// How many rows are in each bag, 1 for none.
  func sizes(_ dtype: DType) -> Tensor {
    if count == 0 { return .zeros([0], dtype) }
    let sizes = Tensor.zeros([count], dtype).scatterAdd((to .>= 0).cast(to: dtype), at: to.clamped(min: 0), axis: 0)
    return maximum(sizes, 1)
  }
}

private struct BagRows: ElementCheck {
  let rows: Int
  var name: String { "embeddingBag" }
  func check(_ x: Tensor) throws(TensorError) { _ = try RowNumbers(x, rows: rows) }
}

private struct BagOffsets: ElementCheck {
  let total: Int
  var name: String { "embeddingBag" }

  func check(_ x: Tensor) throws(TensorError) {
    var last = 0
    for (i, start) in x.scalars(Int.self).enumerated() {
      if start < last || start > total || i == 0 && start != 0 {
        throw TensorError(name, "offset \(start) at position \(i) for \(total) indices; ascending ones from 0 to \(total) would fit")
      }
      last = start
    }
  }
}
