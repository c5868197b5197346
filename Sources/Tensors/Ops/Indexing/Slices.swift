import CKernels

/// A rectangular part of a tensor: for each axis the first position, the step and how many.
struct Region: Sendable {
  var starts: Shape
  var steps: Shape
  /// The sizes of the part.
  var shape: Shape

  init(all shape: Shape) {
    starts = shape
    steps = shape
    for axis in 0..<shape.rank {
      starts[axis] = 0
      steps[axis] = 1
    }
    self.shape = shape
  }

  mutating func take(_ axis: Int, from start: Int, count: Int, step: Int = 1) {
    starts[axis] = start
    shape[axis] = count
    steps[axis] = step
  }

  /// Whether it is all of a shape, in order.
  func isAll(of shape: Shape) -> Bool {
    self.shape == shape && starts.allSatisfy { $0 == 0 } && steps.allSatisfy { $0 == 1 }
  }

  mutating func reverse(_ axis: Int) { take(axis, from: Swift.max(0, shape[axis] - 1), count: shape[axis], step: -1) }

  /// The part as a view.
  func view(_ x: Tensor) -> Tensor {
    var (strides, offset) = (x.strides, x.offset)
    for axis in 0..<shape.rank {
      offset += starts[axis] * x.strides[axis]
      strides[axis] = steps[axis] * x.strides[axis]
    }
    return x.view(shape: shape, strides: strides, offset: shape.elementCount == 0 ? x.offset : offset)
  }
}

/// A rectangular part, as a view; axes of size 1 may go, and new ones come.
struct Slice: Primitive {
  let region: Region
  /// For each axis of the result the region's axis, or −1 for a new one; nil for the region's own.
  var axes: Shape?
  var name: String { "subscript" }
  var isView: Bool { true }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) -> Signature {
    guard let axes else { return Signature(region.shape, x.dtype) }
    var shape = axes
    for axis in 0..<axes.rank { shape[axis] = axes[axis] < 0 ? 1 : region.shape[axes[axis]] }
    return Signature(shape, x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    guard let axes else { return region.view(x) }
    var (strides, offset) = (axes, x.offset)
    for axis in 0..<region.shape.rank { offset += region.starts[axis] * x.strides[axis] }
    for axis in 0..<axes.rank { strides[axis] = axes[axis] < 0 ? 0 : region.steps[axes[axis]] * x.strides[axes[axis]] }
    return x.view(shape: result.shape, strides: strides, offset: result.shape.elementCount == 0 ? x.offset : offset)
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [dy.placed(self, in: x.shape) { Embed(region: region, shape: x.shape)(axes == nil ? dy : dy.reshaped(region.shape)) }]
  }
}

extension Slice: Placement {
  func read(_ whole: Tensor) -> Tensor { self(whole) }
  func add(_ part: Tensor, to whole: Tensor) throws(TensorError) { try evaluate(whole, result(whole)).addInPlace(part) }
}

/// A tensor of one value but for a part, which holds x: what padding is, and slicing's gradient.
struct Embed: HalfPrimitive {
  let region: Region
  let shape: Shape
  var value = Number.integer(0)
  var name: String { "padded" }
  var keeps: Keeps { .nothing }
  func result(_ x: Tensor) throws(TensorError) -> Signature {
    try value.check(x.dtype, name)
    return Signature(shape, x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: shape, x.dtype)
    if y.elementCount <= Blocks.grain {
      value.fill(y.pointer, x.dtype, y.elementCount)
      copyElements(from: x, to: region.view(y))
      return y
    }
    // A large one is written once: only what is beside the part is filled.
    let number = Tensor.scalar(value, x.dtype, "padded")
    if region.steps.allSatisfy({ $0 == 1 }), let rows = BorderedRows(x, region.starts, shape) {
      rows.write(FX_CONSTANT, number.pointer, x, to: y)
      withExtendedLifetime(number) {}
      return y
    }
    func fill(_ part: Region) {
      let target = part.view(y)
      let still = Shape(repeating: 0, rank: shape.rank)
      copyElements(target.shape, from: still, number.pointer, to: target.strides, target.pointer, size: x.dtype.byteCount)
    }
    var rest = Region(all: shape)
    for axis in 0..<shape.rank where region.steps[axis] == 1 && region.shape.elementCount > 0 {
      // What lies before and after the part along this axis; along those before it only what is not filled yet.
      let (start, count) = (region.starts[axis], region.shape[axis])
      for (from, size) in [(0, start), (start + count, shape[axis] - start - count)] where size > 0 {
        var border = rest
        border.take(axis, from: from, count: size)
        fill(border)
      }
      rest.take(axis, from: start, count: count)
    }
    if rest.shape != region.shape || region.shape.elementCount == 0 { fill(rest) }
    copyElements(from: x, to: region.view(y))
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [Slice(region: region)(dy)] }
}

/// x with a part replaced by v.
struct Replace: HalfPrimitive {
  let region: Region
  var name: String { "subscript" }
  var keeps: Keeps { .nothing }
  func result(_ x: Pair) throws(TensorError) -> Signature {
    if x.a.dtype != x.b.dtype { throw mixedDTypes(x.a.dtype, x.b.dtype) }
    return Signature(x.a.shape, x.a.dtype)
  }
  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try x.a.contiguousCopy()
    overwrite(y, with: x.b)
    return y
  }
  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let zero = Tensor.zeros([], dy.dtype).expanded(region.shape)
    return [needs[0] ? Replace(region: region)(Pair(dy, zero)) : nil, needs[1] ? written(x, dy) : nil]
  }
}

extension Replace: Overwriting {
  func overwrite(_ whole: Tensor, with part: Tensor) { copyElements(from: part, to: region.view(whole)) }
  func written(_ x: Pair, _ dy: Tensor) -> Tensor { Slice(region: region)(dy) }
}
