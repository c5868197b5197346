import CKernels

/// x, with each element of v written to its place but for one axis, where the index counts; what meets there is combined.
struct Scatter: Primitive {
  enum Kind: Sendable { case replace, sum, product, maximum, minimum }

  let kind: Kind
  let indices: Tensor
  let axis: Int
  var name: String { kind == .sum ? "scatterAdd" : "scatter" }
  var keeps: Keeps { kind == .maximum || kind == .minimum ? .both : .nothing }

  func result(_ x: Pair) throws(TensorError) -> Signature {
    let axis = try x.a.axis(axis, name)
    if x.a.dtype != x.b.dtype { throw mixedDTypes(x.a.dtype, x.b.dtype) }
    if x.a.dtype == .bool && kind != .replace { throw mistake("not defined for bool; convert with .cast(to:)") }
    if indices.shape != x.b.shape {
      throw mistake("indices of shape \(indices.shape) for values of shape \(x.b.shape); equal shapes would fit")
    }
    try checkBeside(axis, x.a.shape, indices.shape)
    return Signature(x.a.shape, x.a.dtype)
  }

  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try x.a.contiguousCopy()
    try combine(x.b, into: y)
    return y
  }

  /// Combines values with what nobody else reads.
  func combine(_ values: Tensor, into y: Tensor) throws(TensorError) {
    let axis = try y.axis(axis, name)
    let positions = try Positions(indices, below: y.shape[axis], axis: axis, of: y.shape)
    // Only the part that lies beside the indices is written to.
    var region = Region(all: indices.shape)
    region.take(axis, from: 0, count: y.shape[axis])
    let part = region.view(y)
    let target = try part.ordered
    let (outer, n, inner) = target.around(axis)
    let v = try values.ordered
    let (size, code, count) = (v.dtype.byteCount, v.dtype.code, indices.shape[axis])
    let rest = kind == .sum ? try LongSums(target, terms: count) : nil
    parallel(outer, grain: Blocks.grain / Swift.max(1, count * inner)) { range in
      let first = range.lowerBound * count * inner
      let (places, from) = (positions.pointer + first, v.pointer + first * size)
      let to = target.pointer + range.lowerBound * n * inner * size
      switch kind {
      case .replace: fx_scatter(Int32(size), range.count, n, inner, count, places, from, to)
      case .sum:
        if let rest {
          fx_scatter_add_long(
            range.count, n, inner, count, places, from.assumingMemoryBound(to: Float.self), to.assumingMemoryBound(to: Float.self),
            rest.pointer + range.lowerBound * n * inner)
        } else {
          fx_scatter_add(code, range.count, n, inner, count, places, from, to)
        }
      case .product: fx_scatter_reduce(Int32(FX_R_PROD.rawValue), code, range.count, n, inner, count, places, from, to)
      case .maximum: fx_scatter_reduce(Int32(FX_R_MAX.rawValue), code, range.count, n, inner, count, places, from, to)
      case .minimum: fx_scatter_reduce(Int32(FX_R_MIN.rawValue), code, range.count, n, inner, count, places, from, to)
      }
    }
    rest?.add(to: target)
    if !part.isContiguous { copyElements(from: target, to: part) }
  }

  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    func gathered(_ t: Tensor) -> Tensor { Gather(indices: indices, axis: axis)(t) }
    switch kind {
    case .replace:
      let zero = Tensor.zeros([], dy.dtype).expanded(indices.shape)
      return [needs[0] ? self(Pair(dy, zero)) : nil, needs[1] ? gathered(dy) * isLast(x).cast(to: dy.dtype) : nil]
    case .sum: return [dy, needs[1] ? gathered(dy) : nil]
    // On a tape products are trees, see `scatteredProduct`.
    case .product: return [nil, nil]
    case .maximum, .minimum:
      // Among equals the gradient is shared evenly, as in PyTorch.
      let ours = (x.a .== y).cast(to: dy.dtype)
      let theirs = (x.b .== gathered(y)).cast(to: dy.dtype)
      let share = dy / Scatter(kind: .sum, indices: indices, axis: axis)(Pair(ours, theirs))
      return [needs[0] ? share * ours : nil, needs[1] ? gathered(share) * theirs : nil]
    }
  }

  /// Which of v's elements are there afterwards: of several for one place the others have no gradient.
  private func isLast(_ x: Pair) -> Tensor {
    let order = Tensor.arange(indices.elementCount).reshaped(indices.shape)
    let writers = self(Pair(Tensor.zeros(x.a.shape, .int64), order))
    return Gather(indices: indices, axis: axis)(writers) .== order
  }
}

/// The rows (along axis 0) at positions replaced by v's; of several for one row the last counts.
struct PutRows: HalfPrimitive {
  let indices: Tensor
  var name: String { "subscript" }
  var keeps: Keeps { .nothing }

  func result(_ x: Pair) throws(TensorError) -> Signature {
    if x.a.dtype != x.b.dtype { throw mixedDTypes(x.a.dtype, x.b.dtype) }
    return Signature(x.a.shape, x.a.dtype)
  }
  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try x.a.contiguousCopy()
    try overwrite(y, with: x.b)
    return y
  }
  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let zero = Tensor.zeros([], dy.dtype).expanded(x.b.shape)
    return [needs[0] ? PutRows(indices: indices)(Pair(dy, zero)) : nil, needs[1] ? written(x, dy) : nil]
  }

  /// Which of v's rows are there afterwards: of several for one row of x the others have no gradient.
  private func isLast(_ x: Pair) -> Tensor {
    let (rows, count) = (x.a.shape[0], x.b.shape[0])
    let shape = Shape(repeating: 1, rank: x.b.rank).replacing(0, with: count)
    // Of few the work is theirs, and not that of all rows.
    if count < rows / 8, indices.hasElements, let positions = try? Positions(indices, below: rows, axis: 0, of: x.a.shape) {
      var seen: Set<Int64> = []
      let flags = (0..<count).reversed().map { seen.insert(positions.pointer[$0]).inserted }
      return Tensor(Array(flags.reversed()), shape: shape)
    }
    let order = Tensor.arange(count).unsqueezed(axis: 1)
    let writers = PutRows(indices: indices)(Pair(Tensor.zeros([rows, 1], .int64), order))
    return (Take(indices: indices, axis: 0)(writers) .== order).reshaped(shape)
  }
}

extension PutRows: Overwriting {
  func overwrite(_ whole: Tensor, with part: Tensor) throws(TensorError) {
    let positions = try Positions(indices, below: whole.shape[0], axis: 0, of: whole.shape)
    let v = try part.ordered
    let columns = whole.shape.dropFirst().reduce(1, *)
    fx_put(Int32(v.dtype.byteCount), 1, whole.shape[0], columns, positions.count, positions.pointer, v.pointer, whole.pointer)
  }
  func written(_ x: Pair, _ dy: Tensor) -> Tensor {
    let rows = Take(indices: indices, axis: 0)(dy)
    return x.b.shape[0] == 1 ? rows : rows * isLast(x).cast(to: dy.dtype)
  }
}

/// x with v's parts along an axis added at positions.
struct AddAlong: Primitive {
  let indices: Tensor
  let axis: Int
  var name: String { "adding" }
  var keeps: Keeps { .nothing }

  func result(_ x: Pair) throws(TensorError) -> Signature {
    let axis = try x.a.axis(axis, name)
    if x.a.dtype != x.b.dtype { throw mixedDTypes(x.a.dtype, x.b.dtype) }
    if x.a.dtype == .bool { throw mistake("not defined for bool; convert with .cast(to:)") }
    guard indices.rank == 1 else { throw mistake("indices of shape \(indices.shape); a vector would fit") }
    let fitting = x.a.shape.replacing(axis, with: indices.shape[0])
    if x.b.shape != fitting { throw mistake("values of shape \(x.b.shape) at \(indices.shape[0]) indices; \(fitting) would fit") }
    return Signature(x.a.shape, x.a.dtype)
  }
  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let axis = try x.a.axis(axis, name)
    let positions = try Positions(indices, below: x.a.shape[axis], axis: axis, of: x.a.shape)
    let y = try x.a.contiguousCopy()
    let v = try x.b.ordered
    let (outer, n, inner) = y.around(axis)
    let (size, count) = (v.dtype.byteCount, positions.count)
    let rest = try LongSums(y, terms: count)
    parallel(outer, grain: Blocks.grain / Swift.max(1, count * inner)) { range in
      let (from, to) = (v.pointer + range.lowerBound * count * inner * size, y.pointer + range.lowerBound * n * inner * size)
      if let rest {
        fx_take_add_long(
          range.count, n, inner, count, positions.pointer, from.assumingMemoryBound(to: Float.self), to.assumingMemoryBound(to: Float.self),
          rest.pointer + range.lowerBound * n * inner)
      } else {
        fx_take_add(v.dtype.code, range.count, n, inner, count, positions.pointer, from, to)
      }
    }
    rest?.add(to: y)
    return y
  }
  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [dy, needs[1] ? Take(indices: indices, axis: axis)(dy) : nil]
  }
}

/// What becomes of several values that are written to one place: ``Tensor/scatter(_:at:axis:combining:includingSelf:)``.
public enum ScatterReduction: Sendable { case sum, product, mean, maximum, minimum }

extension Tensor {
  /// x, with y[indices[i, j], j] = values[i, j] for axis 0, and alike for others.
  ///
  /// Of several values for one place the last counts. Derivative: dy, zero at the places that are written; and dy gathered. PyTorch:
  /// `scatter`.
  public func scatter(_ values: Tensor, at indices: Tensor, axis: Int) -> Tensor {
    Scatter(kind: .replace, indices: indices, axis: axis)(Pair(self, values))
  }

  /// x, with y[indices[i, j], j] += values[i, j] for axis 0, and alike for others.
  ///
  /// Derivative: dy, and dy gathered. PyTorch: `scatter_add`.
  public func scatterAdd(_ values: Tensor, at indices: Tensor, axis: Int) -> Tensor {
    Scatter(kind: .sum, indices: indices, axis: axis)(Pair(self, values))
  }

  /// x, with y[indices[i, j], j] the sum, product, mean, maximum or minimum of all values[i, j] for it, for axis 0, and alike for others.
  ///
  /// The element of x takes part, unless `includingSelf` is false; where nothing is written it stays in either case. Means of integers are
  /// rounded down; NaN is larger and smaller than any number.
  ///
  /// Derivative: dy gathered; of maxima and minima shared among equals, of products times the product of the others, zeros included.
  /// PyTorch: `scatter_reduce`.
  public func scatter(
    _ values: Tensor, at indices: Tensor, axis: Int, combining reduction: ScatterReduction, includingSelf: Bool = true
  )
    -> Tensor
  {
    func filled(_ number: Number) -> Tensor { Tensor.scalar(number, dtype, "scatter").expandedOrPlaceholder(indices.shape) }
    func base(_ neutral: Number) -> Tensor { includingSelf ? self : scatter(filled(neutral), at: indices, axis: axis) }
    func scattered(_ kind: Scatter.Kind, _ neutral: Number) -> Tensor {
      Scatter(kind: kind, indices: indices, axis: axis)(Pair(base(neutral), values))
    }
    switch reduction {
    case .sum: return scattered(.sum, .integer(0))
    case .mean:
      let none = includingSelf ? Tensor.ones(shape, dtype) : Tensor.zeros(shape, dtype)
      let counts = maximum(none.scatterAdd(filled(.integer(1)), at: indices, axis: axis), 1)
      let sum = scattered(.sum, .integer(0))
      return dtype.isFloatingPoint ? sum / counts : floorDivide(sum, counts)
    case .maximum: return scattered(.maximum, dtype.least)
    case .minimum: return scattered(.minimum, dtype.greatest)
    case .product: return scatteredProduct(values, at: indices, axis: axis, neutral: base) ?? scattered(.product, .integer(1))
    }
  }

  /// The product where something is recorded: a tree of products of pairs, which has exact derivatives of every order where elements are 0.
  ///
  /// Nil where nothing is, or where the operator has a mistake to name.
  private func scatteredProduct(_ values: Tensor, at indices: Tensor, axis: Int, neutral: (Number) -> Tensor) -> Tensor? {
    let context = Context.current
    guard Pair(self, values).level(on: context.tapeID) > 0, !context.hasFailed, !context.isDry,
      values.shape == indices.shape,
      values.dtype == dtype, dtype.isFloatingPoint, indices.rank == rank, values.elementCount > 0, !indices.isHollow,
      let axis = try? self.axis(axis, ""), (try? checkBeside(axis, shape, indices.shape)) != nil,
      let positions = try? Positions(indices, below: shape[axis], axis: axis, of: shape)
    else { return nil }
    // Where each value goes, in row-major order of the result.
    let places = Tensor.arange(elementCount).reshaped(shape).gather(positions.tensor, axis: axis).flattened().scalars(Int64.self)
    let order = places.indices.sorted { (places[$0], $0) < (places[$1], $1) }
    var rest = values.flattened().take(Tensor(order))
    var targets = order.map { places[$0] }
    while true {
      // Neighbours with one target become their product; who has no neighbour goes on alone, times the 1 at the end.
      var (left, right, next): ([Int], [Int], [Int64]) = ([], [], [])
      var i = 0
      while i < targets.count {
        let isPair = i + 1 < targets.count && targets[i + 1] == targets[i]
        left.append(i)
        right.append(isPair ? i + 1 : targets.count)
        next.append(targets[i])
        i += isPair ? 2 : 1
      }
      if next.count == targets.count { break }
      rest = rest.take(Tensor(left)) * concatenate([rest, .ones([1], dtype)]).take(Tensor(right))
      targets = next
    }
    let ones = Tensor.ones([elementCount, 1], dtype)
    let factors = PutRows(indices: Tensor(targets))(Pair(ones, rest.unsqueezed(axis: 1)))
    return neutral(.integer(1)) * factors.reshaped(shape)
  }

  /// x, with parts of `values` along an axis added at positions: y[indices[i]] += values[i] for axis 0.
  ///
  /// Several values for one place add up; negative indices count from the end. Derivative: dy, and dy's parts at the positions. PyTorch:
  /// `index_add`.
  public func adding(_ values: Tensor, at indices: Tensor, axis: Int) -> Tensor {
    AddAlong(indices: indices, axis: axis)(Pair(self, values))
  }

  /// What becomes of segments of axis 0 that follow one another, of so many rows each: their sum, product, mean, maximum or minimum.
  ///
  /// `lengths` [segments] are integers that add up to x's rows. With `initial` each segment begins with that number, which a mean adds and does not
  /// count; without it one of no rows gives 0, or 1 as a product, NaN as a mean, ∓∞ (an integer dtype's ends) as a maximum or minimum.
  ///
  /// Derivative: dy at each segment's rows, as of ``scatter(_:at:axis:combining:includingSelf:)``. PyTorch: `segment_reduce`.
  public func combiningSegments(lengths: Tensor, by reduction: ScatterReduction, initial: Double? = nil) -> Tensor {
    let lengths = lengths.integersOfLiteral
    let isFitting: Void? = attempt { () throws(TensorError) in
      func mistake(_ message: String) -> TensorError { TensorError("combiningSegments", message) }
      if rank == 0 { throw mistake("a scalar has no rows; [rows, …] would fit") }
      if dtype == .bool { throw mistake("not defined for bool; convert with .cast(to:)") }
      if lengths.rank != 1 || !lengths.dtype.isInteger {
        throw mistake("lengths of shape \(lengths.shape) and \(lengths.dtype); a vector of int32 or int64 would fit")
      }
      let total: Double = lengths.isHollow ? Double(shape[0]) : lengths.cast(to: .float64).sum().item(as: Double.self)
      if total != Double(shape[0]) { throw mistake("lengths that add up to \(total) for \(shape[0]) rows; \(shape[0]) would fit") }
    }
    guard isFitting != nil else { return .placeholder }
    let count = lengths.elementCount
    let rows = Tensor.arange(count).repeated(lengths, axis: 0)
    let places = rows.reshaped(Shape([shape[0]] + Array(repeating: 1, count: rank - 1))).expandedOrPlaceholder(shape)
    let neutral: Number =
      switch reduction {
      case .sum, .mean: .integer(0)
      case .product: .integer(1)
      case .maximum: dtype.least
      case .minimum: dtype.greatest
      }
    let start = Tensor.scalar(initial.map { .real($0) } ?? neutral, dtype, "combiningSegments")
    if Context.current.hasFailed { return .placeholder }
    let base = start.expanded(shape.replacing(0, with: count))
    guard reduction == .mean else { return base.scatter(self, at: places, axis: 0, combining: reduction) }
    let sizes = lengths.cast(to: dtype).reshaped(Shape([count] + Array(repeating: 1, count: rank - 1)))
    let sum = base.scatterAdd(self, at: places, axis: 0)
    if !dtype.isFloatingPoint { return floorDivide(sum, maximum(sizes, 1)) }
    // A mean of no rows is the number it begins with.
    return initial == nil ? sum / sizes : sum / maximum(sizes, 1)
  }
}
