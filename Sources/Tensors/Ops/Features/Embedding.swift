import CKernels

/// Rows of a table by their numbers: [indices..., features].
///
/// Each element of the gradient is divided by how often its row was asked for, if `isScaled`; the row `padding` gets none.
struct Embedding: HalfPrimitive {
  let indices: Tensor
  var padding: Int?
  var isScaled = false
  var name: String { "embedding" }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    if x.rank != 2 { throw mistake("a table of shape \(x.shape); [rows, features] would fit") }
    if indices.rank + 1 > Shape.maximumRank { throw mistake("\(x.shape) at indices \(indices.shape) would have more than 8 axes") }
    return Signature(Shape(Array(indices.shape) + [x.shape[1]]), x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let rows = try RowNumbers(indices, rows: x.shape[0])
    let x = try x.ordered
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    let (n, size) = (x.shape[1], x.dtype.byteCount)
    if n == 0 { return y }
    parallel(rows.count, grain: Swift.max(1, Blocks.grain / 2 / n)) { range in
      fx_take(
        Int32(size), 1, x.shape[0], n, range.count, rows.pointer + range.lowerBound, x.pointer, y.pointer + range.lowerBound * n * size)
    }
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    // A table of numbers that is asked in a run on shapes alone has no elements to count.
    let targets = indices.reshaped([indices.elementCount]).cast(to: .int64)
    let rows = x.shape[0]
    let masked = padding.map { padding in select(targets .== padding, -1, targets) } ?? targets
    let flat = dy.reshaped([indices.elementCount, x.shape[1]])
    if !isScaled {
      let rows = CombineRows(from: nil, to: masked, rows: rows)
      return [flat.placed(rows, in: x.shape) { rows([flat]) }]
    }
    let counts = Tensor.zeros([rows], dy.dtype).scatterAdd(Tensor.ones(targets.shape, dy.dtype), at: targets, axis: 0)
    return [CombineRows(from: nil, to: masked, rows: rows)([flat, 1 / counts.take(targets, axis: 0)])]
  }
}

/// y[to[j]] += factors[j]·x[from[j]]: rows of x added up to rows of y, [x, factors?].
///
/// Of a table it is embedding's gradient and a bag's sum; its own gradient is the same the other way round.
struct CombineRows: Primitive {
  /// Rows of x by checked numbers; nil for 0, 1, ….
  let from: Tensor?
  /// Rows of y by checked numbers; −1 for none.
  let to: Tensor
  /// How many rows y has.
  let rows: Int
  var name: String { "embedding" }

  func result(_ x: [Tensor]) -> Signature { Signature([rows, x[0].shape[1]], x[0].dtype) }
  func evaluate(_ x: [Tensor], _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(zeros: result.shape, result.dtype)
    try add(x, to: y)
    return y
  }
  private func add(_ x: [Tensor], to y: Tensor) throws(TensorError) {
    let (from, to) = try (from?.ordered, to.ordered)
    let (source, factors) = try (x[0].ordered, x.count > 1 ? x[1].ordered : nil)
    let n = source.shape[1]
    if n == 0 || to.elementCount == 0 { return }
    // Threads share the columns: each goes through all rows in their order, so that sums do not depend on the threads. Fewer than 64 columns would
    // be over before they are found.
    let rest = try LongSums(y, terms: to.elementCount)
    parallel(n, grain: Swift.max(64, Blocks.grain / 2 / to.elementCount)) { columns in
      if let rest {
        return fx_combine_rows_long(
          to.elementCount, n, columns.lowerBound, columns.upperBound, from?.int64s, to.int64s,
          factors?.pointer.assumingMemoryBound(to: Float.self), source.pointer.assumingMemoryBound(to: Float.self),
          y.pointer.assumingMemoryBound(to: Float.self), rest.pointer)
      }
      fx_combine_rows(
        source.dtype.code, to.elementCount, n, columns.lowerBound, columns.upperBound, from?.int64s, to.int64s, factors?.pointer,
        source.pointer, y.pointer)
    }
    rest?.add(to: y)
  }
  func gradient(_ x: [Tensor], _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let factors = x.count > 1 ? [x[1]] : []
    let isThere = to .>= 0
    let places = to.clamped(min: 0)
    // Where a row went nowhere its factor's derivative is 0.
    let counted = factors.map { select(isThere, $0, 0) }
    let dx: Tensor
    if let from {
      let sources = select(isThere, from, -1)
      dx = CombineRows(from: places, to: sources, rows: x[0].shape[0])([dy] + counted)
    } else {
      let rows = dy.isEmptyTable ? Tensor.zeros(x[0].shape, dy.dtype) : Embedding(indices: places)(dy)
      dx = rows * (counted.first ?? isThere.cast(to: dy.dtype)).unsqueezed(axis: 1)
    }
    if factors.isEmpty { return [dx] }
    let sources = from.map { Embedding(indices: $0)(x[0]) } ?? x[0]
    let products = dy.isEmptyTable ? Tensor.zeros(x[1].shape, dy.dtype) : (sources * Embedding(indices: places)(dy)).sum(axis: 1)
    return [needs[0] ? dx : nil, needs[1] ? select(isThere, products, 0) : nil]
  }
}

extension CombineRows: Placement {
  func read(_ whole: Tensor) -> Tensor {
    let part = Tensor(hollow: [to.elementCount, whole.shape[1]], whole.dtype)
    return gradient([part], whole, whole, Needs(bits: 1))[0]!
  }
  func add(_ part: Tensor, to whole: Tensor) throws(TensorError) {
    let sum = try whole.ordered
    try add([part], to: sum)
    if !whole.isContiguous { copyElements(from: sum, to: whole) }
  }
}

/// Row numbers for C: int64, contiguous, each checked to be one of a table's.
struct RowNumbers {
  let tensor: Tensor

  init(_ indices: Tensor, rows: Int) throws(TensorError) {
    if indices.isHollow { throw mistake(Tensor.absence(indices.shape)) }
    let wide = try indices.detached.cast(to: .int64).ordered
    for i in 0..<wide.elementCount where UInt(bitPattern: Int(wide.int64s[i])) >= UInt(rows) {
      throw mistake(
        "row \(wide.int64s[i]) at position \(i) of a table with \(rows) rows; \(rows == 0 ? "none" : "0 to \(rows - 1)") would fit")
    }
    tensor = wide
  }

  var pointer: UnsafeMutablePointer<Int64> { tensor.int64s }
  var count: Int { tensor.elementCount }
}

extension Tensor {
  fileprivate var isEmptyTable: Bool { shape[0] == 0 }

  /// Rows no longer than `length`: those that are, shortened to it.
  fileprivate func shortened(to length: Double, order: Double) -> Tensor {
    let norms = norm(order, axis: -1, keepDims: true)
    // PyTorch's 10⁻⁷ keeps the shortened row on the safe side.
    return self * select(norms .> length, length / (norms + 1e-7), 1)
  }
}

/// Rows of a table by their numbers: indices [...] into [rows, features] give [..., features].
///
/// PyTorch: `embedding`.
///
/// Derivative: each part of dy added to its row of the table, in the order of the indices whatever the number of threads.
///
/// - Parameters:
///   - indices: int32 or int64, each from 0 to rows − 1.
///   - table: [rows, features].
///   - paddingIndex: A row that gets no gradient; negative ones count from the last.
///   - maxNorm: Rows that are longer are shortened to this length, for this call.
///   - order: The p of that length, (Σ |x|ᵖ)^(1/p).
///   - scalesByFrequency: Whether each row's gradient is divided by how often the row occurs in the indices.
public func embedding(
  _ indices: Tensor, _ table: Tensor, paddingIndex: Int? = nil, maxNorm: Double? = nil, order: Double = 2, scalesByFrequency: Bool = false
) -> Tensor {
  embedding(
    indices, table, paddingIndex: paddingIndex, maxNorm: maxNorm, order: order, scalesByFrequency: scalesByFrequency, isRead: nil)
}

/// The same with zeros in place of rows that nobody reads.
func embedding(
  _ indices: Tensor, _ table: Tensor, paddingIndex: Int? = nil, maxNorm: Double?, order: Double, scalesByFrequency: Bool, isRead: Tensor?
) -> Tensor {
  let indices = indices.integersOfLiteral
  guard let padding = attempt({ () throws(TensorError) in try checkPadding("embedding", indices, table, paddingIndex) }) else {
    return .placeholder
  }
  var rows = Embedding(indices: indices.detached, padding: padding, isScaled: scalesByFrequency)(table)
  if let isRead { rows = select(isRead.unsqueezed(axis: -1), rows, 0) }
  return maxNorm.map { rows.shortened(to: $0, order: order) } ?? rows
}

func checkPadding(
  _ name: StaticString, _ indices: Tensor, _ table: Tensor, _ padding: Int?
) throws(TensorError) -> Int? {
  if !indices.dtype.isInteger { throw TensorError("\(name)", "indices are \(indices.dtype); int32 or int64 would fit") }
  if table.rank != 2 { throw TensorError("\(name)", "a table of shape \(table.shape); [rows, features] would fit") }
  if !table.dtype.isFloatingPoint {
    throw TensorError("\(name)", "not defined for \(table.dtype), only for floating-point dtypes; convert with .cast(to:)")
  }
  let rows = table.shape[0]
  guard let padding else { return nil }
  if padding < -rows || padding >= rows {
    throw TensorError("\(name)", "row \(padding) as padding of a table with \(rows) rows; \(-rows) to \(rows - 1) would fit")
  }
  return padding < 0 ? padding + rows : padding
}
