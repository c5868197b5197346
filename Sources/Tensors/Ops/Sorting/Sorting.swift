import CKernels

/// Positions in the order of the elements along an axis: all of them, the first k, or one.
///
/// The order is stable and puts NaN last, or first if it descends. Kernels know rows only: the axis is moved to the end.
struct OrderPositions: NonDifferentiable {
  enum Kind: Sendable {
    case all(descending: Bool)
    case first(Int, descending: Bool)
    case place(Int)
    case median(ignoringNaN: Bool)
  }

  let kind: Kind
  let axis: Int
  var keepDims = true
  var label: StaticString
  var name: String { "\(label)" }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    let axis = try x.axis(axis, name)
    let n = x.shape[axis]
    switch kind {
    case .all: return Signature(x.shape, .int64)
    case .first(let k, _):
      if k < 0 || k > n { throw mistake("\(k) elements of axis \(axis) of \(x.shape); 0 to \(n) would fit") }
      return Signature(x.shape.replacing(axis, with: k), .int64)
    case .place, .median: break
    }
    if n == 0 { throw mistake("axis \(axis) of \(x.shape) has no elements to choose from") }
    if case .place(let k) = kind, k < 0 || k >= n { throw mistake("element \(k + 1) of axis \(axis) of \(x.shape); 1 to \(n) would fit") }
    if keepDims { return Signature(x.shape.replacing(axis, with: 1), .int64) }
    return Signature(Shape(Array(x.shape[..<axis]) + Array(x.shape[(axis + 1)...])), .int64)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let axis = try x.axis(axis, name)
    let rows = try x.withAxisLast(axis).ordered
    let n = rows.shape[-1]
    let k =
      switch kind {
      case .all: n
      case .first(let k, _): k
      case .place, .median: 1
      }
    let y = try Tensor(uninitialized: rows.shape.replacing(x.rank - 1, with: k), .int64)
    if y.elementCount > 0 { try fill(y, rows, y.elementCount / k, n, k) }
    let whole = y.withLastAxis(at: axis)
    return whole.shape == result.shape ? whole : y.view(shape: result.shape, strides: result.shape.contiguousStrides, offset: 0)
  }

  private func fill(_ y: Tensor, _ x: Tensor, _ rows: Int, _ n: Int, _ k: Int) throws(TensorError) {
    let itemSize = RowSort.itemSize(x.dtype, n)
    let (from, to, code) = (x.pointer, y.pointer.assumingMemoryBound(to: Int64.self), x.dtype.code)
    if case .all(let descending) = kind {
      try RowSort(x: x, n: n, itemSize: itemSize, isDescending: descending).run(positions: to, values: nil)
      return
    }
    let rowBytes = n * x.dtype.byteCount
    try parallel(rows, grain: Swift.max(1, Blocks.grain / 16 / n)) { (range) throws(TensorError) in
      let scratch = try Tensor(uninitialized: [2 * n * itemSize / 8], .int64)
      let (x, y) = (from + range.lowerBound * rowBytes, to + range.lowerBound * k)
      let size = Int32(itemSize)
      switch kind {
      case .all: break
      case .first(_, let descending):
        fx_sort_rows(code, descending ? 1 : 0, size, range.count, n, k, x, scratch.pointer, y, nil)
      case .place(let place): fx_kth_rows(code, size, range.count, n, place, x, scratch.pointer, y)
      case .median(let ignoringNaN): fx_median_rows(code, ignoringNaN ? 1 : 0, size, range.count, n, x, scratch.pointer, y)
      }
      withExtendedLifetime(scratch) {}
    }
  }
}

/// The elements along an axis in order, off the tape: no positions are written down and followed.
struct Sort: NonDifferentiable {
  let axis: Int
  let isDescending: Bool
  var name: String { "sorted" }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    _ = try x.axis(axis, name)
    return Signature(x.shape, x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let axis = try x.axis(axis, name)
    let rows = try x.withAxisLast(axis).ordered
    let n = rows.shape[-1]
    let y = try Tensor(uninitialized: rows.shape, x.dtype)
    let sort = RowSort(x: rows, n: n, itemSize: RowSort.itemSize(x.dtype, n), isDescending: isDescending)
    if y.elementCount > 0 { try sort.run(positions: nil, values: y.pointer) }
    return y.withLastAxis(at: axis)
  }
}

/// Contiguous rows of n put in order: their positions, or their elements.
private struct RowSort {
  let x: Tensor
  let n: Int
  let itemSize: Int
  let isDescending: Bool

  /// Keys of 32 bits and positions share an item of 8 bytes.
  static func itemSize(_ dtype: DType, _ n: Int) -> Int { dtype.byteCount == 8 || n > UInt32.max ? 16 : 8 }

  func run(positions: UnsafeMutablePointer<Int64>?, values: UnsafeMutableRawPointer?) throws(TensorError) {
    let (rows, rowBytes, code, from) = (x.elementCount / n, n * x.dtype.byteCount, x.dtype.code, x.pointer)
    if rows < 4, n > 2 * RowSort.part {
      for row in 0..<rows {
        try sortInParts(from + row * rowBytes, positions.map { $0 + row * n }, values.map { $0 + row * rowBytes })
      }
      return
    }
    try parallel(rows, grain: Swift.max(1, Blocks.grain / 16 / n)) { (range) throws(TensorError) in
      let scratch = try Tensor(uninitialized: [2 * n * itemSize / 8], .int64)
      let first = range.lowerBound
      fx_sort_rows(
        code, isDescending ? 1 : 0, Int32(itemSize), range.count, n, n, from + first * rowBytes, scratch.pointer,
        positions.map { $0 + first * n }, values.map { $0 + first * rowBytes })
      withExtendedLifetime(scratch) {}
    }
  }

  /// What one thread distributes of a long row.
  private static let part = 1 << 15

  /// One long row: byte by byte from the lowest, each part counts its elements by that byte and moves them to its share of the places.
  private func sortInParts(
    _ x: UnsafeMutableRawPointer, _ positions: UnsafeMutablePointer<Int64>?, _ values: UnsafeMutableRawPointer?
  ) throws(TensorError) {
    let dtype = self.x.dtype
    let (size, code, descending) = (Int32(itemSize), dtype.code, Int32(isDescending ? 1 : 0))
    let count = Swift.min(16, n / RowSort.part)
    func forEachPart(_ body: (_ part: Int, _ first: Int, _ n: Int) -> Void) {
      parallel(count, grain: 1) { parts in
        for part in parts { body(part, n * part / count, n * (part + 1) / count - n * part / count) }
      }
    }
    let items = try Tensor(uninitialized: [2, n * itemSize / 8], .int64)
    let table = try Tensor(uninitialized: [count, 256], .int64)
    let starts = table.pointer.assumingMemoryBound(to: Int64.self)
    var (here, there) = (items.pointer, items.pointer + n * itemSize)
    forEachPart { fx_sort_encode(code, descending, size, $1, $2, x, here) }
    for digit in 0..<Int32(dtype.byteCount) {
      forEachPart { [here] in fx_sort_count(size, digit, $2, here + $1 * itemSize, starts + 256 * $0) }
      if fx_sort_starts(count, n, starts) == 0 { continue }
      forEachPart { [here, there] in fx_sort_distribute(size, digit, $2, here + $1 * itemSize, starts + 256 * $0, there) }
      swap(&here, &there)
    }
    forEachPart { [here] in
      if let positions { fx_sort_decode(size, $1, $2, here, positions) }
      if let values { fx_sort_values(code, descending, size, $1, $2, here, x, values) }
    }
    withExtendedLifetime((items, table)) {}
  }
}

extension Tensor {
  /// A view with an axis moved to the end, off the tape.
  func withAxisLast(_ axis: Int) -> Tensor {
    let order = (0..<rank).filter { $0 != axis } + [axis]
    return view(shape: Shape(order.map { shape[$0] }), strides: Shape(order.map { strides[$0] }), offset: offset)
  }

  /// The way back: a view with the last axis moved to a place.
  func withLastAxis(at axis: Int) -> Tensor {
    var order = Array(0..<rank - 1)
    order.insert(rank - 1, at: axis)
    return view(shape: Shape(order.map { shape[$0] }), strides: Shape(order.map { strides[$0] }), offset: offset)
  }

  // MARK: Order

  /// The positions of the elements along an axis in ascending (or descending) order: int64.
  ///
  /// Stable: equals keep their order. NaN counts as the largest. PyTorch: `argsort`.
  public func argsort(axis: Int = -1, descending: Bool = false) -> Tensor {
    OrderPositions(kind: .all(descending: descending), axis: axis, label: "argsort")(self)
  }

  /// The elements along an axis in ascending (or descending) order.
  ///
  /// Stable: equals keep their order. NaN counts as the largest. Where positions are wanted too, take both from ``argsort(axis:descending:)``:
  /// `let order = x.argsort(); let y = x.gather(order, axis: -1)`.
  ///
  /// Derivative: each element of dy at the place it came from. PyTorch: `sort`, `msort`.
  public func sorted(axis: Int = -1, descending: Bool = false) -> Tensor {
    guard isTracked else { return Sort(axis: axis, isDescending: descending)(self) }
    // On a tape the gradient has to find its way back: by the positions.
    let order = OrderPositions(kind: .all(descending: descending), axis: axis, label: "sorted")(self)
    return Context.current.hasFailed ? .placeholder : gather(order, axis: axis)
  }

  /// The k largest (or smallest) elements along an axis, in order, and their positions: of equals the first.
  ///
  /// NaN counts as the largest. Derivative: each element of dy at the place it came from. PyTorch: `topk`.
  public func topK(_ k: Int, axis: Int = -1, largest: Bool = true) -> (values: Tensor, positions: Tensor) {
    picked(OrderPositions(kind: .first(k, descending: largest), axis: axis, label: "topK")(self), axis)
  }

  /// The element at place k of the ascending order along an axis (1 is the smallest), and its position.
  ///
  /// NaN counts as the largest. Derivative: dy at that position. PyTorch: `kthvalue`.
  public func kthSmallest(_ k: Int, axis: Int = -1, keepDims: Bool = false) -> (values: Tensor, positions: Tensor) {
    let (place, isTooSmall) = k.subtractingReportingOverflow(1)
    let order = OrderPositions(kind: .place(isTooSmall ? -1 : place), axis: axis, label: "kthSmallest")
    return picked(order(self), axis, keepDims: keepDims)
  }

  /// The elements at positions along an axis, and these; without the axis, which has size 1, unless it is kept.
  func picked(_ positions: Tensor, _ axis: Int, keepDims: Bool = true) -> (values: Tensor, positions: Tensor) {
    if Context.current.hasFailed { return (.placeholder, .placeholder) }
    let values = gather(positions, axis: axis)
    return keepDims ? (values, positions) : (values.squeezed(axes: axis), positions.squeezed(axes: axis))
  }
}
