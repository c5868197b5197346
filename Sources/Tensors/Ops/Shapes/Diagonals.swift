import CKernels

/// The diagonal of the matrices that two axes span, as a new last axis: a view.
struct Diagonal: Primitive {
  let offset: Int
  let rows: Int
  let columns: Int
  var name: String { "diagonal" }
  var isView: Bool { true }
  var keeps: Keeps { .nothing }

  /// The axes counted from the front.
  func axes(_ x: Tensor) throws(TensorError) -> (Int, Int) {
    let (a, b) = (try x.axis(rows, name), try x.axis(columns, name))
    if a == b { throw mistake("of axes \(rows) and \(columns) of \(x.shape), which are the same; two different axes would fit") }
    return (a, b)
  }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    let (a, b) = try axes(x)
    var shape = Shape((0..<x.rank).filter { $0 != a && $0 != b }.map { x.shape[$0] })
    shape.append(length(x.shape[a], x.shape[b]))
    return Signature(shape, x.dtype)
  }

  /// How many elements lie on the diagonal.
  private func length(_ m: Int, _ n: Int) -> Int {
    offset >= 0 ? (offset >= n ? 0 : Swift.min(m, n - offset)) : offset <= -m ? 0 : Swift.min(m + offset, n)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let (a, b) = try axes(x)
    var strides = Shape((0..<x.rank).filter { $0 != a && $0 != b }.map { x.strides[$0] })
    strides.append(x.strides[a] + x.strides[b])
    let isEmpty = result.shape.elementCount == 0
    let first = isEmpty ? 0 : offset >= 0 ? offset * x.strides[b] : -offset * x.strides[a]
    return x.view(shape: result.shape, strides: strides, offset: x.offset + first)
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [dy.placed(self, in: x.shape) { PutDiagonal(diagonal: self)(Pair(Tensor.zeros([], dy.dtype).expanded(x.shape), dy)) }]
  }
}

extension Diagonal: Placement {
  func read(_ whole: Tensor) -> Tensor { self(whole) }
  func add(_ part: Tensor, to whole: Tensor) throws(TensorError) { try evaluate(whole, result(whole)).addInPlace(part) }
}

/// x with a diagonal replaced by v.
struct PutDiagonal: HalfPrimitive {
  let diagonal: Diagonal
  var name: String { "replacingDiagonal" }
  var keeps: Keeps { .nothing }

  func result(_ x: Pair) throws(TensorError) -> Signature {
    if x.a.dtype != x.b.dtype { throw mixedDTypes(x.a.dtype, x.b.dtype) }
    var fitting = Shape()
    do { fitting = try diagonal.result(x.a).shape } catch {
      // Axes are named after the operator that was called.
      throw TensorError(name, error.message)
    }
    if x.b.shape != fitting {
      throw mistake("values of shape \(x.b.shape) for diagonal \(diagonal.offset) of \(x.a.shape); \(fitting) would fit")
    }
    return Signature(x.a.shape, x.a.dtype)
  }
  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try x.a.contiguousCopy()
    if x.b.elementCount > 0 { copyElements(from: x.b, to: try diagonal.evaluate(y, Signature(x.b.shape, x.b.dtype))) }
    return y
  }
  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let zero = Tensor.zeros([], dy.dtype).expanded(x.b.shape)
    return [needs[0] ? self(Pair(dy, zero)) : nil, needs[1] ? diagonal(dy) : nil]
  }
}

/// The last two axes' matrices with zeros above or below a diagonal.
struct Triangle: HalfPrimitive {
  let isUpper: Bool
  let diagonal: Int
  var name: String { isUpper ? "upperTriangle" : "lowerTriangle" }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    if x.rank < 2 { throw mistake("of \(x.shape); a matrix, or several along more axes, would fit") }
    return Signature(x.shape, x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let x = try x.ordered
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    let (rows, columns) = (x.shape[-2], x.shape[-1])
    if y.elementCount == 0 { return y }
    let diagonal = Swift.max(-rows, Swift.min(columns, diagonal))
    parallel(x.elementCount / columns, grain: Swift.max(1, Blocks.grain / columns)) { range in
      let size = Int32(x.dtype.byteCount)
      fx_triangle(size, isUpper ? 1 : 0, range.lowerBound, range.count, rows, columns, diagonal, x.pointer, y.pointer)
    }
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [self(dy)] }
}

extension Tensor {
  /// The diagonal of the matrices that two axes span (the last two unless told), as a new last axis: a view.
  ///
  /// Element i is at row i and column i + offset; a negative offset goes below the main diagonal. `x.diagonal().sum()` is the trace.
  /// Derivative: dy on the diagonal. PyTorch: `diagonal`, whose axes are the first two.
  public func diagonal(offset: Int = 0, axes: (Int, Int) = (-2, -1)) -> Tensor {
    Diagonal(offset: offset, rows: axes.0, columns: axes.1)(self)
  }

  /// x with a diagonal of the matrices that two axes span replaced by `values`, which have the shape of the diagonal.
  ///
  /// Derivative: dy but for the diagonal; and the diagonal of dy. PyTorch: `diagonal_scatter`.
  public func replacingDiagonal(with values: Tensor, offset: Int = 0, axes: (Int, Int) = (-2, -1)) -> Tensor {
    PutDiagonal(diagonal: Diagonal(offset: offset, rows: axes.0, columns: axes.1))(Pair(self, values))
  }

  /// Square matrices of zeros that have the last axis on a diagonal.
  ///
  /// A vector of n gives a matrix of n + |offset| rows and columns; more axes give as many matrices, along the two axes of the result that
  /// are told. Derivative: the diagonal of dy. PyTorch: `diag_embed`.
  public func diagonalMatrix(offset: Int = 0, axes: (Int, Int) = (-2, -1)) -> Tensor {
    if Context.current.hasFailed { return .placeholder }
    let rank = rank + 1
    let (a, b) = (axes.0 < 0 ? axes.0 + rank : axes.0, axes.1 < 0 ? axes.1 + rank : axes.1)
    guard self.rank > 0, self.rank < Shape.maximumRank, a >= 0, a < rank, b >= 0, b < rank, a != b else {
      let what = self.rank == 0 || self.rank == Shape.maximumRank ? "1 to 7 axes" : "two different axes of \(-rank) to \(rank - 1)"
      fail(TensorError("diagonalMatrix", "of \(shape) along axes \(axes.0) and \(axes.1); \(what) would fit"))
      return .placeholder
    }
    let (size, isTooLarge) = shape[-1].addingReportingOverflow(Int(Swift.min(offset.magnitude, UInt(Int.max / 2))))
    var others = shape.dropLast().makeIterator()
    let target = Shape((0..<rank).map { $0 == a || $0 == b ? (isTooLarge ? .max / 2 : size) : others.next()! })
    guard attempt({ () throws(TensorError) in try target.check("diagonalMatrix") }) != nil else { return .placeholder }
    return Tensor.zeros([], dtype).expanded(target).replacingDiagonal(with: self, offset: offset, axes: (a, b))
  }

  /// The elements of the last two axes' matrices that are on or below a diagonal, zeros above it.
  ///
  /// The main diagonal is 0, those above it are positive. Derivative: the same of dy. PyTorch: `tril`.
  public func lowerTriangle(diagonal: Int = 0) -> Tensor { Triangle(isUpper: false, diagonal: diagonal)(self) }

  /// The elements of the last two axes' matrices that are on or above a diagonal, zeros below it.
  ///
  /// The main diagonal is 0, those above it are positive. Derivative: the same of dy. PyTorch: `triu`.
  public func upperTriangle(diagonal: Int = 0) -> Tensor { Triangle(isUpper: true, diagonal: diagonal)(self) }
}
