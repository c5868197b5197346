/// What stands in a tensor's subscript: an integer, a range, `.ellipsis`, `.newAxis`, `.stride(…)`, a tensor of positions or a mask.
public protocol TensorIndex {
  var tensorIndex: TensorIndexKind { get }
}

/// One part of a subscript, taken apart.
public enum TensorIndexKind: Sendable {
  /// One position, from the end if negative; the axis goes.
  case position(Int)
  /// A stretch: nil bounds are the axis's ends, negative ones count from the end.
  case stretch(from: Int?, to: Int?, by: Int)
  /// As many whole axes as the other parts leave.
  case rest
  /// A new axis of size 1.
  case added
  /// Positions along the axis (int32, int64), or a mask over as many axes as it has itself (bool).
  indirect case tensor(Tensor)
}

extension TensorIndexKind: TensorIndex {
  /// It, taken apart.
  public var tensorIndex: TensorIndexKind { self }
}
extension TensorIndex where Self == TensorIndexKind {
  /// A new axis of size 1.
  public static var newAxis: TensorIndexKind { .added }
  /// As many whole axes as the other parts leave.
  public static var ellipsis: TensorIndexKind { .rest }
  /// The whole axis.
  public static var all: TensorIndexKind { .stretch(from: nil, to: nil, by: 1) }
  /// Every `by`-th position from `from` up to and without `to` (backwards if `by` is negative); negative bounds count from the end.
  public static func stride(from: Int? = nil, to: Int? = nil, by: Int) -> TensorIndexKind { .stretch(from: from, to: to, by: by) }
}
extension Int: TensorIndex {
  /// It, taken apart.
  public var tensorIndex: TensorIndexKind { .position(self) }
}
extension Range<Int>: TensorIndex {
  /// It, taken apart.
  public var tensorIndex: TensorIndexKind { .stretch(from: lowerBound, to: upperBound, by: 1) }
}
extension ClosedRange<Int>: TensorIndex {
  /// It, taken apart.
  public var tensorIndex: TensorIndexKind {
    .stretch(from: lowerBound, to: upperBound == -1 ? nil : upperBound == .max ? .max : upperBound + 1, by: 1)
  }
}
extension PartialRangeFrom<Int>: TensorIndex {
  /// It, taken apart.
  public var tensorIndex: TensorIndexKind { .stretch(from: lowerBound, to: nil, by: 1) }
}
extension PartialRangeUpTo<Int>: TensorIndex {
  /// It, taken apart.
  public var tensorIndex: TensorIndexKind { .stretch(from: nil, to: upperBound, by: 1) }
}
extension PartialRangeThrough<Int>: TensorIndex {
  /// It, taken apart.
  public var tensorIndex: TensorIndexKind {
    .stretch(from: nil, to: upperBound == -1 ? nil : upperBound == .max ? .max : upperBound + 1, by: 1)
  }
}
extension Tensor: TensorIndex {
  /// It, taken apart.
  public var tensorIndex: TensorIndexKind { .tensor(self) }
}

/// A subscript worked out for a shape: first a rectangular part, then axes dropped and added, then positions taken.
private struct Selection {
  var region: Region
  /// For each axis of the part the region's axis, −1 for a new one.
  var axes = Shape()
  /// The part's shape.
  var shape = Shape()
  /// Tensors of positions and the axes of `shape` they stand for: one, or as many as a mask has, merged.
  var tensors: [(axes: Range<Int>, positions: Tensor)] = []

  init(_ indices: [any TensorIndex], _ x: Shape) throws(TensorError) {
    region = Region(all: x)
    var (used, hasRest) = (0, false)
    for index in indices {
      switch index.tensorIndex {
      case .position, .stretch: used += 1
      case .tensor(let t): used += t.dtype == .bool ? t.rank : 1
      case .added: break
      case .rest:
        if hasRest { throw TensorError("subscript", "more than one ellipsis") }
        hasRest = true
      }
    }
    guard used <= x.rank else { throw TensorError("subscript", "\(used) indices for \(x), which has \(x.rank) axes") }
    var axis = 0
    for index in indices { try add(index.tensorIndex, x, &axis, rest: x.rank - used) }
    if !hasRest { try add(.rest, x, &axis, rest: x.rank - used) }
  }

  /// An axis of the part.
  private mutating func append(_ axis: Int, _ size: Int) throws(TensorError) {
    if shape.rank == Shape.maximumRank { throw TensorError("subscript", "the result would have more than \(Shape.maximumRank) axes") }
    axes.append(axis)
    shape.append(size)
  }

  private mutating func add(_ index: TensorIndexKind, _ x: Shape, _ axis: inout Int, rest: Int) throws(TensorError) {
    switch index {
    case .added: try append(-1, 1)
    case .rest:
      for _ in 0..<rest {
        try append(axis, x[axis])
        axis += 1
      }
    case .position(let i):
      let n = x[axis]
      guard i >= -n && i < n else {
        throw TensorError(
          "subscript", "index \(i) for axis \(axis) of \(x); " + (n == 0 ? "it has no elements" : "\(-n) to \(n - 1) would fit"))
      }
      region.take(axis, from: i < 0 ? i + n : i, count: 1)
      axis += 1
    case .stretch(let from, let to, let by):
      let n = x[axis]
      guard by != 0 else { throw TensorError("subscript", "a stride of 0 for axis \(axis) of \(x)") }
      let first = try bound(from, open: by > 0 ? 0 : n - 1, by, x, axis)
      let end = try bound(to, open: by > 0 ? n : -1, by, x, axis)
      // Bounds in the wrong order, seen along the step, are an empty stretch.
      let count = (end - first) * by.signum() <= 0 ? 0 : (end - first - by.signum()) / by + 1
      // A step that nothing takes may be of any size, which nothing should have to multiply.
      region.take(axis, from: first, count: count, step: count > 1 ? by : 1)
      try append(axis, count)
      axis += 1
    case .tensor(let t) where t.dtype == .bool:
      guard t.rank > 0, Shape(x[axis..<axis + t.rank]) == t.shape else {
        throw TensorError("subscript", "a mask of shape \(t.shape) for axes \(axis) to \(axis + t.rank - 1) of \(x)")
      }
      tensors.append((shape.rank..<shape.rank + t.rank, t.truePlaces()))
      for _ in 0..<t.rank {
        try append(axis, x[axis])
        axis += 1
      }
    case .tensor(let t):
      let t = t.integersOfLiteral
      guard t.dtype.isInteger else {
        throw TensorError("subscript", "an index tensor of \(t.dtype); int32 and int64 hold positions, bool is a mask")
      }
      tensors.append((shape.rank..<shape.rank + 1, t))
      try append(axis, x[axis])
      axis += 1
    }
  }

  /// A bound of a stretch, counted from the front.
  private func bound(_ i: Int?, open: Int, _ by: Int, _ x: Shape, _ axis: Int) throws(TensorError) -> Int {
    guard let i else { return open }
    let n = x[axis]
    let position = i < 0 ? i + n : i
    if by > 0 ? position < 0 || position > n : position < -1 || position > n - 1 {
      throw TensorError("subscript", "bound \(i) for axis \(axis) of \(x); \(-n) to \(by > 0 ? n : n - 1) would fit")
    }
    return position
  }

  /// The part as a view.
  func part(of x: Tensor) -> Tensor { Slice(region: region, axes: axes)(x) }

  /// For positions along several axes: the axes in the order that puts those first, the positions as one index into them merged, and where
  /// their axes stand in the result (in place of the indexed ones if these are neighbours, else in front: NumPy's rule).
  func rows() throws(TensorError) -> (order: [Int], flat: Tensor, place: Int) {
    var common = tensors[0].positions.shape
    for (_, positions) in tensors.dropFirst() {
      guard case .success(let shape) = common.broadcast(with: positions.shape) else {
        throw TensorError(
          "subscript", "index tensors of shapes \(common) and \(positions.shape) do not broadcast; equal sizes or 1 would fit")
      }
      common = shape
    }
    let axes = tensors.flatMap(\.axes)
    var flat: Tensor?
    for (axes, positions) in tensors {
      let n = axes.reduce(1) { $0 * shape[$1] }
      let normal = try Positions(positions, below: n, axis: axes.lowerBound, of: shape, "subscript").tensor.expanded(common)
      flat = flat.map { $0 * n + normal } ?? normal
    }
    let isTogether = axes.last! - axes.first! == axes.count - 1
    return (axes + (0..<shape.rank).filter { !axes.contains($0) }, flat!, isTogether ? axes.first! : 0)
  }
}

extension Tensor {
  /// A part of the tensor.
  ///
  /// Integers, ranges, strides, the ellipsis and new axes give views; index tensors and masks give copies.
  ///
  ///     x[0]  x[-1, 2]  x[1..<3, .all]  x[.ellipsis, 0]  x[.newAxis]  x[.stride(by: -1)]  x[Tensor([2, 0])]  x[x .> 0]
  ///
  /// Bounds outside the axis are a mistake. Written to, only the part changes: in place where nobody else holds the elements.
  public subscript(indices: any TensorIndex...) -> Tensor {
    get {
      if Context.current.hasFailed { return .placeholder }
      return attempt { () throws(TensorError) in try read(Selection(indices, shape)) } ?? .placeholder
    }
    set {
      if Context.current.hasFailed { return }
      _ = attempt { () throws(TensorError) in try write(newValue, Selection(indices, shape)) }
    }
    _modify {
      var part = self[at: indices]
      yield &part
      self[at: indices] = part
    }
  }

  /// A part of the tensor that a number is written to: `w[0, 1] = 5`, `w[w .< 0] = 0`.
  ///
  /// The number takes the tensor's dtype, which must be able to hold it. Read, it is a part's only element, as ``item()`` gives it.
  @_disfavoredOverload  // What is read is a tensor, unless a number is asked for.
  public subscript(indices: any TensorIndex...) -> any Scalar {
    get { self[at: indices].item() }
    set { write(newValue, at: indices) }
  }

  private mutating func write(_ number: any Scalar, at indices: [any TensorIndex]) {
    if Context.current.hasFailed { return }
    let value = attempt("subscript") { () throws(TensorError) in
      try number.number.check(dtype, "subscript", remedy: "a tensor of .% would fit")
      return Tensor.full([], number, dtype)
    }
    if let value { self[at: indices] = value }
  }

  /// A stretch of the first axis; as every subscript, but without a list of its parts to take apart.
  public subscript(range: Range<Int>) -> Tensor {
    get {
      // Bounds that need a second look get it from the general subscript.
      guard shape.rank > 0, range.lowerBound >= 0, range.upperBound <= shape[0] else { return self[at: [range]] }
      var region = Region(all: shape)
      region.take(0, from: range.lowerBound, count: range.count)
      return Slice(region: region)(self)
    }
    set { self[at: [range]] = newValue }
  }

  /// A part of the tensor, by a list of what would stand in the subscript: for ranks that only the run tells.
  public subscript(at indices: [any TensorIndex]) -> Tensor {
    get {
      if Context.current.hasFailed { return .placeholder }
      return attempt { () throws(TensorError) in try read(Selection(indices, shape)) } ?? .placeholder
    }
    set {
      if Context.current.hasFailed { return }
      _ = attempt { () throws(TensorError) in try write(newValue, Selection(indices, shape)) }
    }
  }

  /// A part along one axis, with all there is along the others: `x[axis: 1, 2..<4]` is `x[.all, 2..<4]`.
  ///
  /// PyTorch: `select`, `narrow`, `index_select`.
  public subscript(axis axis: Int, index: any TensorIndex) -> Tensor {
    get {
      guard let indices = indices(along: axis, index) else { return .placeholder }
      return self[at: indices]
    }
    set {
      guard let indices = indices(along: axis, index) else { return }
      self[at: indices] = newValue
    }
    _modify {
      var part = self[axis: axis, index]
      yield &part
      self[axis: axis, index] = part
    }
  }

  /// A part along one axis that a number is written to: `w[axis: 1, ids] = 5`, which is PyTorch's `index_fill`.
  @_disfavoredOverload
  public subscript(axis axis: Int, index: any TensorIndex) -> any Scalar {
    get { (self[axis: axis, index] as Tensor).item() }
    set {
      guard let indices = indices(along: axis, index) else { return }
      write(newValue, at: indices)
    }
  }

  /// A subscript that has one axis's index, and all there is along those before it; nil after a mistake.
  private func indices(along axis: Int, _ index: any TensorIndex) -> [any TensorIndex]? {
    attempt { () throws(TensorError) in Array(repeating: TensorIndexKind.all, count: try self.axis(axis, "subscript")) + [index] }
  }

  /// x with `values` added to a part, where several values for one place add up; what `x[…] += values` would write once only.
  ///
  ///     let y = x.adding(values, at: rows, columns)   // y[rows[i], columns[i]] += values[i]
  ///
  /// Values broadcast to the part's shape. Derivative: dy, and dy's part. PyTorch: `index_put` with `accumulate`.
  public func adding(_ values: Tensor, at indices: any TensorIndex...) -> Tensor { adding(values, at: indices) }
  /// x with `values` added to a part, by a list of what would stand in the subscript.
  public func adding(_ values: Tensor, at indices: [any TensorIndex]) -> Tensor {
    if Context.current.hasFailed { return .placeholder }
    var y = self
    _ = attempt { () throws(TensorError) in try y.write(values, Selection(indices, shape), adding: true) }
    return Context.current.hasFailed ? .placeholder : y
  }

  private func read(_ selection: Selection) throws(TensorError) -> Tensor {
    let part = selection.part(of: self)
    if selection.tensors.isEmpty { return part }
    if selection.tensors.count == 1, selection.tensors[0].axes.count == 1 {
      return Take(indices: selection.tensors[0].positions, axis: selection.tensors[0].axes.lowerBound, label: "subscript")(part)
    }
    let (order, flat, place) = try selection.rows()
    let count = selection.tensors.reduce(0) { $0 + $1.axes.count }
    let rest = order.dropFirst(count)
    let merged = part.permuted(order).flattened(from: 0, to: count - 1).take(flat, axis: 0)
    if place == 0 { return merged }
    // The positions' axes go where the indexed axes were.
    let axes = Array(flat.rank..<flat.rank + place) + Array(0..<flat.rank) + Array(flat.rank + place..<flat.rank + rest.count)
    return merged.permuted(axes)
  }

  private mutating func write(_ value: Tensor, _ selection: Selection, adding: Bool = false) throws(TensorError) {
    let context = Context.current
    if selection.tensors.isEmpty {
      let fitting = try value.fit(selection.shape)
      // The part has the region's axes again: dropped ones have size 1, added ones go.
      var part = fitting.reshaped(selection.region.shape)
      if adding { part = Slice(region: selection.region)(self) + part }
      if context.hasFailed { return }
      if part.dtype != dtype {
        throw TensorError("subscript", "a \(part.dtype) value for a \(dtype) tensor; convert it with .cast(to: .\(dtype))")
      }
      return try overwrite(Replace(region: selection.region), with: part)
    }
    let (order, flat, place) = try selection.rows()
    let count = selection.tensors.reduce(0) { $0 + $1.axes.count }
    // Rows of a whole tensor are written in place, as a rectangular part is.
    if !adding, order == Array(0..<rank), count == 1, selection.region.isAll(of: shape),
      selection.axes.elementsEqual(0..<rank)
    {
      let rows = Array(shape.dropFirst())
      let part = try value.fit(Shape(Array(flat.shape) + rows)).reshaped(Shape([flat.elementCount] + rows))
      if context.hasFailed { return }
      if part.dtype != dtype { throw TensorError("subscript", mixedDTypes(dtype, part.dtype).message) }
      return try overwrite(PutRows(indices: flat.flattened()), with: part)
    }
    let part = selection.part(of: self).permuted(order)
    let restShape = Shape(part.shape.dropFirst(count))
    // The value as the read would give it, then the positions' axes in front.
    let readShape = Shape(Array(restShape.prefix(place)) + Array(flat.shape) + Array(restShape.dropFirst(place)))
    let fitting = try value.fit(readShape)
    let front =
      place == 0
      ? fitting
      : fitting.permuted(Array(place..<place + flat.rank) + Array(0..<place) + Array(place + flat.rank..<readShape.rank))
    let rows = part.shape.prefix(count).reduce(1, *)
    let columns = restShape.elementCount
    let operands = Pair(part.reshaped([rows, columns]), front.reshaped([flat.elementCount, columns]))
    let positions = flat.flattened()
    let merged = adding ? AddAlong(indices: positions, axis: 0)(operands) : PutRows(indices: positions)(operands)
    var back = order
    for (to, from) in order.enumerated() { back[from] = to }
    let whole = merged.reshaped(part.shape).permuted(back).reshaped(selection.region.shape)
    if context.hasFailed { return }
    // A region of everything holds nothing of the tensor that was.
    self = selection.region.isAll(of: shape) ? whole : Replace(region: selection.region)(Pair(self, whole))
  }

  /// Overwrites a part: in place where nobody else refers to the elements, and recorded where something is differentiated.
  private mutating func overwrite<P: Overwriting>(_ primitive: P, with part: Tensor) throws(TensorError) {
    let context = Context.current
    let isMarked = Tape.isOpenElsewhere(context.tapeID) && Pair(self, part).otherTape(than: context.tapeID) != nil
    let tracked = isTracked(context) || part.isTracked(context)
    if tracked, !isMarked, !context.isObserved, hasElements, part.hasElements, let tape = context.tape {
      tape.overwrite(primitive, of: &self, with: part)
    } else if tracked || isMarked || context.isDry || context.isTracing || part.sharesMemory(with: self) || !isContiguous || !isHeldAlone {
      self = primitive(Pair(self, part))
    } else {
      try primitive.overwrite(self, with: part)
      node = .none
    }
  }

  /// Broadcast to the shape of a part that is written to; leading axes of size 1 may go.
  private func fit(_ target: Shape) throws(TensorError) -> Tensor {
    var value = self
    while value.rank > target.rank, value.shape[0] == 1 { value = value.reshaped(Shape(value.shape.dropFirst())) }
    guard case .success(target) = value.shape.broadcast(with: target) else {
      throw TensorError("subscript", "a value of shape \(shape) for a part of shape \(target); equal sizes or 1 would fit")
    }
    return value.expanded(target)
  }
}
