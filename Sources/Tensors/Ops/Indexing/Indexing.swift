import CKernels

/// Integer positions for C: int64, contiguous, negative ones counted from the end, checked to lie in 0 ..< n.
struct Positions: Sendable {
  let tensor: Tensor

  init(_ indices: Tensor, below n: Int, axis: Int, of shape: Shape, _ operation: String = "") throws(TensorError) {
    let indices = indices.integersOfLiteral
    guard indices.dtype.isInteger else { throw TensorError(operation, "indices are \(indices.dtype); int32 or int64 would fit") }
    if indices.isHollow {
      tensor = indices
      return
    }
    let wide = indices.dtype == .int64 ? indices : indices.detached.cast(to: .int64)
    let source = try wide.isContiguous ? wide : wide.contiguousCopy()
    if fx_indices_fit(source.elementCount, n, source.int64s) != 0 {
      tensor = source
      return
    }
    let y = try Tensor(uninitialized: indices.shape, .int64)
    let bad = fx_normalize_indices(y.elementCount, n, source.int64s, y.int64s)
    if bad >= 0 {
      throw TensorError(
        operation,
        "index \(source.int64s[bad]) at position \(bad) for axis \(axis) of \(shape); "
          + (n == 0 ? "it has no elements" : "\(-n) to \(n - 1) would fit"))
    }
    tensor = y
  }

  var pointer: UnsafeMutablePointer<Int64> { tensor.int64s }
  var count: Int { tensor.elementCount }
}

extension Tensor {
  var int64s: UnsafeMutablePointer<Int64> { pointer.assumingMemoryBound(to: Int64.self) }

  /// The sizes before an axis, of it, and after it, each multiplied out.
  func around(_ axis: Int) -> (outer: Int, n: Int, inner: Int) {
    (shape[..<axis].reduce(1, *), shape[axis], shape[(axis + 1)...].reduce(1, *))
  }

  var ordered: Tensor {
    get throws(TensorError) { isContiguous ? self : try contiguousCopy() }
  }
}

/// x with one axis replaced by the elements at positions along it.
struct Take: HalfPrimitive {
  let indices: Tensor
  let axis: Int
  var label: StaticString = "take"
  var name: String { "\(label)" }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    let axis = try x.axis(axis, name)
    let sizes = Array(x.shape[..<axis]) + Array(indices.shape) + Array(x.shape[(axis + 1)...])
    if sizes.count > Shape.maximumRank { throw mistake("\(x.shape) at indices \(indices.shape) would have more than 8 axes") }
    return Signature(Shape(sizes), x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let axis = try x.axis(axis, name)
    let positions = try Positions(indices, below: x.shape[axis], axis: axis, of: x.shape)
    let (outer, n, inner) = x.around(axis)
    let x = try x.ordered
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    let (size, count) = (x.dtype.byteCount, positions.count)
    if outer > 1 {
      parallel(outer, grain: Blocks.grain / Swift.max(1, count * inner)) { range in
        let (from, to) = (x.pointer + range.lowerBound * n * inner * size, y.pointer + range.lowerBound * count * inner * size)
        fx_take(Int32(size), range.count, n, inner, count, positions.pointer, from, to)
      }
    } else if outer == 1 {
      parallel(count, grain: Blocks.grain / Swift.max(1, inner)) { range in
        let to = y.pointer + range.lowerBound * inner * size
        fx_take(Int32(size), 1, n, inner, range.count, positions.pointer + range.lowerBound, x.pointer, to)
      }
    }
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [dy.placed(self, in: x.shape) { TakeAdd(indices: indices, axis: axis < 0 ? axis + x.rank : axis, size: x.shape[axis])(dy) }]
  }
}

extension Take: Placement {
  func read(_ whole: Tensor) -> Tensor { self(whole) }
  func add(_ part: Tensor, to whole: Tensor) throws(TensorError) {
    let axis = try whole.axis(axis, name)
    try TakeAdd(indices: indices, axis: axis, size: whole.shape[axis]).add(part, to: whole)
  }
}

/// Take's transpose: zeros, with each element added at its position along the axis.
struct TakeAdd: Primitive {
  let indices: Tensor
  let axis: Int
  let size: Int
  var name: String { "take" }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) -> Signature {
    Signature(Shape(Array(x.shape[..<axis]) + [size] + Array(x.shape[(axis + indices.rank)...])), x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(zeros: result.shape, x.dtype)
    try add(x, to: y)
    return y
  }
  func add(_ x: Tensor, to y: Tensor) throws(TensorError) {
    let positions = try Positions(indices, below: size, axis: axis, of: y.shape)
    let (outer, n, inner) = y.around(axis)
    let (x, sum) = try (x.ordered, y.ordered)
    if let rest = try LongSums(sum, terms: positions.count) {
      fx_take_add_long(
        outer, n, inner, positions.count, positions.pointer, x.pointer.assumingMemoryBound(to: Float.self),
        sum.pointer.assumingMemoryBound(to: Float.self), rest.pointer)
      rest.add(to: sum)
    } else {
      fx_take_add(x.dtype.code, outer, n, inner, positions.count, positions.pointer, x.pointer, sum.pointer)
    }
    if !y.isContiguous { copyElements(from: sum, to: y) }
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [Take(indices: indices, axis: axis)(dy)] }
}

/// For each place of `indices`, the element of x at the same place but for one axis, where the index counts.
struct Gather: HalfPrimitive {
  let indices: Tensor
  let axis: Int
  var name: String { "gather" }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    let axis = try x.axis(axis, name)
    try checkBeside(axis, x.shape, indices.shape)
    return Signature(indices.shape, x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let axis = try x.axis(axis, name)
    let positions = try Positions(indices, below: x.shape[axis], axis: axis, of: x.shape)
    // Only the part of x that lies beside the indices takes part.
    var region = Region(all: indices.shape)
    region.take(axis, from: 0, count: x.shape[axis])
    let x = try region.view(x).ordered
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    let (outer, n, inner) = x.around(axis)
    let (size, count) = (x.dtype.byteCount, indices.shape[axis])
    if outer > 1 {
      parallel(outer, grain: Blocks.grain / Swift.max(1, count * inner)) { range in
        let (from, first) = (x.pointer + range.lowerBound * n * inner * size, range.lowerBound * count * inner)
        fx_gather(Int32(size), range.count, n, inner, count, positions.pointer + first, from, y.pointer + first * size)
      }
    } else if outer == 1 {
      parallel(count, grain: Blocks.grain / Swift.max(1, inner)) { range in
        let first = range.lowerBound * inner
        fx_gather(Int32(size), 1, n, inner, range.count, positions.pointer + first, x.pointer, y.pointer + first * size)
      }
    }
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [
      dy.placed(self, in: x.shape) {
        Scatter(kind: .sum, indices: indices, axis: axis)(Pair(Tensor.zeros([], dy.dtype).expanded(x.shape), dy))
      }
    ]
  }
}

extension Gather: Placement {
  func read(_ whole: Tensor) -> Tensor { self(whole) }
  func add(_ part: Tensor, to whole: Tensor) throws(TensorError) {
    try Scatter(kind: .sum, indices: indices, axis: try whole.axis(axis, name)).combine(part, into: whole)
  }
}

/// That indices of x's own axes lie within it, but for the axis that they count along.
func checkBeside(_ axis: Int, _ x: Shape, _ indices: Shape) throws(TensorError) {
  if indices.rank != x.rank || (0..<x.rank).contains(where: { $0 != axis && indices[$0] > x[$0] }) {
    throw mistake("indices of shape \(indices) for \(x): they need the same axes, none longer but axis \(axis)")
  }
}

extension Tensor {
  /// The elements at positions along an axis, which `indices`' axes take the place of; negative ones count from the end.
  ///
  /// `table.take([3, 1, 3])` is rows 3, 1 and 3. Derivative: each part of dy added at its position. PyTorch: `index_select`, `embedding`.
  public func take(_ indices: Tensor, axis: Int = 0) -> Tensor {
    let rows = Take(indices: indices, axis: axis)(self)
    // Class ids of a literal are ids still where a data set takes some of them.
    if isIntegerLiteral && !Context.current.hasFailed { rows.body.becomeIntegerLiteral() }
    return rows
  }

  /// y[i, j] = x[indices[i, j], j] for axis 0, and alike for others.
  ///
  /// Derivative: each element of dy added at its position. PyTorch: `gather`.
  public func gather(_ indices: Tensor, axis: Int) -> Tensor { Gather(indices: indices, axis: axis)(self) }

  /// 1 at each class id's place of a new last axis, else 0.
  ///
  /// Ids outside 0 ..< classes are a mistake. PyTorch: `one_hot`.
  public func oneHot(classes: Int, _ dtype: DType = .float32) -> Tensor {
    if isIntegerLiteral { return integersOfLiteral.oneHot(classes: classes, dtype) }
    guard attempt({ () throws(TensorError) in try checkIDs(classes) }) != nil else { return .placeholder }
    let ids = Checked(OneHotIDs(classes: classes))(self).unsqueezed(axis: -1)
    let whole = Shape(Array(shape) + [classes])
    guard attempt({ () throws(TensorError) in try whole.check("oneHot") }) != nil else { return .placeholder }
    let zeros = Tensor.zeros([], dtype).expandedOrPlaceholder(whole)
    return zeros.scatter(Tensor.ones(ids.shape, dtype), at: ids, axis: -1)
  }

  /// That these may be class ids.
  private func checkIDs(_ classes: Int) throws(TensorError) {
    if !dtype.isInteger { throw TensorError("oneHot", "class ids are \(dtype); int32 or int64 would fit") }
    if classes < 0 { throw TensorError("oneHot", "\(classes) classes for ids of shape \(shape); 0 or more would fit") }
  }

  /// The positions of the true (nonzero) elements, one int64 vector for each axis; a scalar counts as a vector of one element.
  ///
  /// PyTorch: `nonzero(as_tuple=True)`.
  public func nonzero() -> [Tensor] {
    let flat = truePlaces()
    // After a mistake a tensor may have fewer axes than it would have had.
    if flat.rank != 1 { return (0..<Shape.maximumRank).map { _ in .placeholder } }
    if rank < 2 { return [flat] }
    guard let places = Tensor.made([rank, flat.elementCount], .int64, "nonzero", always: true) else {
      return shape.map { _ in .placeholder }
    }
    withRaw(shape) { fx_unravel(flat.elementCount, Int32(rank), $0, flat.int64s, places.int64s) }
    return (0..<rank).map { places[$0] }
  }
  /// The places of the true (nonzero) elements in row-major order: an int64 vector.
  func truePlaces() -> Tensor {
    guard let mask = attempt("nonzero", { () throws(TensorError) in try cast(to: .bool).ordered }) else { return .placeholder }
    if Context.current.isDry && !mask.hasElements {
      fail(TensorError("nonzero", "how many elements of \(shape) are true is not known in a run on shapes alone"))
    }
    if mask.isHollow || Context.current.hasFailed { return .placeholder }
    let bytes = mask.pointer.assumingMemoryBound(to: UInt8.self)
    let count = fx_nonzero(mask.elementCount, bytes, nil)
    guard let flat = Tensor.made([count + 1], .int64, "nonzero", always: true) else { return .placeholder }
    _ = fx_nonzero(mask.elementCount, bytes, flat.int64s)
    return flat.view(shape: [count], strides: [1], offset: 0)
  }
}

/// That ids are those of classes there are: unlike a position, a negative one counts from nowhere.
private struct OneHotIDs: ElementCheck {
  let classes: Int
  var name: String { "oneHot" }
  func check(_ x: Tensor) throws(TensorError) {
    let wrong = x.cast(to: .int64).withElements(Int64.self) { ids in
      ids.firstIndex { $0 < 0 || $0 >= classes }.map { (at: $0, id: ids[$0]) }
    }
    if let wrong { throw mistake("id \(wrong.id) at position \(wrong.at) for \(classes) classes; 0 to \(classes - 1) would fit") }
  }
}
