import CKernels

/// Adds the elements of x to the places of y, which may be the same for several of them.
///
/// Threads share an axis along which y's places do not meet; where there is none one thread does it all.
func addElements(
  _ shape: Shape, from: Shape, _ source: UnsafeMutableRawPointer, to: Shape, _ target: UnsafeMutableRawPointer, _ dtype: DType
) {
  func add(_ shape: Shape, _ source: UnsafeMutableRawPointer, _ target: UnsafeMutableRawPointer) {
    withRaw(shape) { dims in
      withRaw(from) { from in
        withRaw(to) { to in fx_add_strided(dtype.code, Int32(shape.rank), dims, from, source, to, target) }
      }
    }
  }
  let count = shape.elementCount
  if count == 0 { return }
  if count <= Blocks.grain { return add(shape, source, target) }
  for axis in 0..<shape.rank {
    // How far apart the places of one position along the axis can be.
    let span = (0..<shape.rank).reduce(0) { $1 == axis ? $0 : $0 + (shape[$1] - 1) * Swift.abs(to[$1]) }
    guard shape[axis] > 1, Swift.abs(to[axis]) > span else { continue }
    return parallel(shape[axis], grain: Swift.max(1, Blocks.grain / (count / shape[axis]))) { range in
      let size = dtype.byteCount
      add(
        shape.replacing(axis, with: range.count), source + range.lowerBound * from[axis] * size,
        target + range.lowerBound * to[axis] * size)
    }
  }
  add(shape, source, target)
}

/// Elements at places in row-major order that steps along axes lead to; places may be the same for several elements.
struct Strided: Primitive {
  let shape: Shape
  let strides: Shape
  let offset: Int
  var name: String { "strided" }
  var isView: Bool { true }
  var keeps: Keeps { .nothing }

  init(shape: Shape, strides: Shape, offset: Int) {
    self.shape = shape
    self.offset = offset
    // Steps that lead nowhere may be of any size, which nothing should have to multiply.
    var steps = strides
    for axis in 0..<Swift.min(shape.rank, strides.rank) where shape[axis] == 1 || shape.contains(0) { steps[axis] = 0 }
    self.strides = steps
  }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    guard shape.rank == strides.rank else { throw mistake("shape \(shape) and strides \(strides); as many strides as axes would fit") }
    try shape.check(name)
    if shape.contains(0) { return Signature(shape, x.dtype) }
    // The first and the last place; what is too far for an Int is too far for any tensor.
    var (first, last, isTooFar) = (offset, offset, false)
    for (size, stride) in zip(shape, strides) {
      let (reach, a) = (size - 1).multipliedReportingOverflow(by: stride)
      let (moved, b) = (reach < 0 ? first : last).addingReportingOverflow(reach)
      if reach < 0 { first = moved } else { last = moved }
      isTooFar = isTooFar || a || b
    }
    guard !isTooFar, first >= 0, last < x.elementCount else {
      let places = isTooFar ? "places beyond any memory" : "places \(first) to \(last)"
      throw mistake(
        "\(shape) with strides \(strides) from \(offset) has \(places); \(x.shape) has "
          + (x.elementCount == 0 ? "none" : "0 to \(x.elementCount - 1)"))
    }
    return Signature(shape, x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let x = try x.ordered
    return x.view(shape: shape, strides: strides, offset: shape.contains(0) ? x.offset : x.offset + offset)
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [StridedAdd(places: self, shape: x.shape)(dy)]
  }
}

extension Tensor {
  /// With the axes summed up along which all elements would be added at one place, which strides of 0 say, if rounding would count.
  func summed(where strides: Shape) throws(TensorError) -> Tensor {
    let axes = (0..<rank).filter { strides[$0] == 0 && shape[$0] > 64 }
    if axes.isEmpty || !dtype.isFloatingPoint { return self }
    let sum = Reduce(kind: .sum, axes: axes, keepDims: true)
    return try sum.evaluate(self, try sum.result(self))
  }
}

/// Strided's transpose: zeros, with each element added at its place.
struct StridedAdd: Primitive {
  let places: Strided
  let shape: Shape
  var name: String { "strided" }
  var keeps: Keeps { .nothing }
  func result(_ x: Tensor) -> Signature { Signature(shape, x.dtype) }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(zeros: shape, x.dtype)
    if x.elementCount == 0 { return y }
    let x = try x.summed(where: places.strides)
    addElements(x.shape, from: x.strides, x.pointer, to: places.strides, y.pointer + places.offset * x.dtype.byteCount, x.dtype)
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [places(dy)] }
}

/// Stretches of one size along an axis, each a step behind the one before: a view with one more axis, the last, for what is in them.
struct Windows: Primitive {
  let axis: Int
  let size: Int
  let step: Int
  var name: String { "windows" }
  var isView: Bool { true }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    let axis = try x.axis(axis, name)
    let n = x.shape[axis]
    guard size >= 0, size <= n, step > 0 else {
      throw mistake(
        "of size \(size) in steps of \(step) along axis \(axis) of \(x.shape); a size of 0 to \(n) and a positive step would fit")
    }
    if x.rank == Shape.maximumRank { throw mistake("of \(x.shape) would have more than 8 axes") }
    var shape = x.shape.replacing(axis, with: (n - size) / step + 1)
    shape.append(size)
    return Signature(shape, x.dtype)
  }

  /// The view's strides over elements that lie with strides of their own.
  private func strides(_ axis: Int, _ n: Int, _ strides: Shape) -> Shape {
    var result = strides.replacing(axis, with: strides[axis] * Swift.min(step, Swift.max(1, n)))
    result.append(strides[axis])
    return result
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let axis = try x.axis(axis, name)
    return x.view(shape: result.shape, strides: strides(axis, x.shape[axis], x.strides), offset: x.offset)
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let places = Strided(
      shape: y.shape, strides: strides(axis < 0 ? axis + x.rank : axis, x.shape[axis], x.shape.contiguousStrides), offset: 0)
    return [StridedAdd(places: places, shape: x.shape)(dy)]
  }
}

extension Tensor {
  /// Elements at chosen places: y[i, j] is the element at place offset + i·strides[0] + j·strides[1], counted in row-major order.
  ///
  /// A view of a tensor whose elements lie in that order. All places must be the tensor's; one place may stand for several elements.
  /// Derivative: each element of dy added at its place. PyTorch: `as_strided`, which counts places in memory.
  public func strided(_ shape: Shape, strides: [Int], offset: Int = 0) -> Tensor {
    if Context.current.hasFailed { return .placeholder }
    guard strides.count == shape.rank else {
      fail(TensorError("strided", "shape \(shape) and strides \(strides); as many strides as axes would fit"))
      return .placeholder
    }
    return Strided(shape: shape, strides: Shape(strides), offset: offset)(self)
  }

  /// All stretches of `size` elements along an axis, every `step`-th of them, as a view: what is in them is a new last axis.
  ///
  /// The axis itself counts the windows, (n − size)/step + 1. Derivative: dy's windows added where they overlap. PyTorch: `unfold`.
  public func windows(axis: Int, size: Int, step: Int = 1) -> Tensor { Windows(axis: axis, size: size, step: step)(self) }
}
