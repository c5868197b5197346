// Other layouts of the same elements. All are views but for a reshape whose elements do not lie suitably; gradients flow through all.

/// The same elements in row-major order, under another shape.
struct Reshape: Primitive {
  let shape: Shape
  var name: String { "reshaped" }
  var isView: Bool { true }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    if shape == x.shape { return Signature(shape, x.dtype) }
    var known = 1
    var open = -1
    for (axis, size) in shape.enumerated() {
      if size == -1 {
        if open >= 0 { throw mistake("\(shape) leaves more than one size open") }
        open = axis
      } else if size < 0 {
        throw mistake("\(shape) has a negative size; only -1 is one, for the size that follows from the others")
      } else {
        let (product, isTooLarge) = known.multipliedReportingOverflow(by: size)
        if isTooLarge { throw mistake("\(x.shape) to \(shape): that is more elements than memory could hold") }
        known = product
      }
    }
    var result = shape
    if open >= 0 && known > 0 && x.elementCount % known == 0 { result[open] = x.elementCount / known }
    if open >= 0 ? result[open] < 0 : known != x.elementCount {
      throw mistake("\(x.shape) to \(shape): \(x.elementCount) elements do not fit \(open >= 0 ? "a multiple of " : "")\(known)")
    }
    return Signature(result, x.dtype)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    if x.isContiguous { return x.view(shape: result.shape, strides: result.shape.contiguousStrides, offset: x.offset) }
    if let strides = strides(x, result.shape) { return x.view(shape: result.shape, strides: strides, offset: x.offset) }
    let y = try x.contiguousCopy()
    return y.view(shape: result.shape, strides: result.shape.contiguousStrides, offset: 0)
  }

  /// The strides under which a non-contiguous tensor's elements already lie as wanted, if there are such.
  private func strides(_ x: Tensor, _ shape: Shape) -> Shape? {
    let (dims, steps) = collapse(x.shape, x.strides)
    var result = shape
    var (axis, rest) = (dims.rank - 1, dims.rank > 0 ? dims[-1] : 1)
    var step = dims.rank > 0 ? steps[-1] : 1
    for target in Swift.stride(from: shape.rank - 1, through: 0, by: -1) {
      let size = shape[target]
      if size == 1 {
        result[target] = step
        continue
      }
      if rest == 1 {
        axis -= 1
        guard axis >= 0 else { return nil }
        (rest, step) = (dims[axis], steps[axis])
      }
      guard size > 0, rest % size == 0 else { return nil }
      result[target] = step
      step *= size
      rest /= size
    }
    return result
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let shape = dy.shape
    return [dy.seen(in: x.shape) { $0.reshaped(shape) } ?? dy.reshaped(x.shape)]
  }
}

/// The axes in another order.
struct Permute: Primitive {
  let axes: [Int]
  var name: String { "permuted" }
  var isView: Bool { true }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    let normal = axes.map { $0 < 0 ? $0 + x.rank : $0 }
    guard normal.sorted() == Array(0..<x.rank) else { throw mistake("axes \(axes) are not the axes of \(x.shape), each once") }
    return Signature(Shape(normal.map { x.shape[$0] }), x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    x.view(shape: result.shape, strides: Shape(axes.map { x.strides[$0] }), offset: x.offset)
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    var inverse = axes
    for (to, from) in axes.enumerated() { inverse[from < 0 ? from + x.rank : from] = to }
    return [dy.seen(in: x.shape) { self($0) } ?? dy.permuted(inverse)]
  }
}

/// Two axes exchanged.
struct Transpose: Primitive {
  let a: Int
  let b: Int
  var name: String { "transposed" }
  var isView: Bool { true }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    let (a, b) = (try x.axis(a, name), try x.axis(b, name))
    var shape = x.shape
    shape[a] = x.shape[b]
    shape[b] = x.shape[a]
    return Signature(shape, x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    var strides = x.strides
    strides[a] = x.strides[b]
    strides[b] = x.strides[a]
    return x.view(shape: result.shape, strides: strides, offset: x.offset)
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [dy.seen(in: x.shape) { self($0) } ?? self(dy)]
  }
}

extension Tensor {
  /// The same elements in row-major order under another shape; one size may be -1, which follows from the others.
  ///
  /// A view where the elements lie suitably, else a copy. Derivative: dy in the old shape. PyTorch: `reshape`, `view`.
  public func reshaped(_ shape: Shape) -> Tensor { Reshape(shape: shape)(self) }

  /// The axes in another order: axis i of the result is axis `axes[i]`.
  ///
  /// Derivative: dy with the axes back. PyTorch: `permute`.
  public func permuted(_ axes: [Int]) -> Tensor { Permute(axes: axes)(self) }

  /// Two axes exchanged, the last two unless told.
  ///
  /// Derivative: dy with them exchanged. PyTorch: `transpose`, `mT`.
  public func transposed(_ a: Int = -2, _ b: Int = -1) -> Tensor { Transpose(a: a, b: b)(self) }

  /// Without the given axes, which must have size 1; without any, all of size 1 go.
  ///
  /// Derivative: dy in the old shape.
  public func squeezed(axes: Int...) -> Tensor { squeezed(axes: axes) }
  /// Without the given axes, which must have size 1; without any, all of size 1 go.
  public func squeezed(axes: [Int]) -> Tensor {
    guard let normal = attempt({ () throws(TensorError) in try self.axes(axes, "squeezed") }) else { return .placeholder }
    if let wrong = normal.first(where: { shape[$0] != 1 }), !axes.isEmpty {
      fail(TensorError("squeezed", "axis \(wrong) of \(shape) has size \(shape[wrong]), not 1"))
      return .placeholder
    }
    return reshaped(Shape((0..<rank).filter { axes.isEmpty ? shape[$0] != 1 : !normal.contains($0) }.map { shape[$0] }))
  }

  /// With a new axis of size 1 at a position (-1: the last).
  ///
  /// Derivative: dy without it. PyTorch: `unsqueeze`.
  public func unsqueezed(axis: Int) -> Tensor {
    let position = axis < 0 ? axis + rank + 1 : axis
    guard position >= 0 && position <= rank else {
      fail(TensorError("unsqueezed", "axis \(axis) for \(shape); \(-rank - 1) to \(rank) would fit"))
      return .placeholder
    }
    return reshaped(shape.inserting(1, at: position))
  }

  /// The axes from `start` to `end` (inclusive) merged into one.
  ///
  /// Derivative: dy in the old shape. PyTorch: `flatten`.
  public func flattened(from start: Int = 0, to end: Int = -1) -> Tensor {
    if rank == 0 { return reshaped([1]) }
    guard let (first, last) = attempt({ () throws(TensorError) in (try axis(start, "flattened"), try axis(end, "flattened")) }) else {
      return .placeholder
    }
    guard first <= last else {
      fail(TensorError("flattened", "from axis \(start) to axis \(end) of \(shape); a last axis behind the first would fit"))
      return .placeholder
    }
    var result = Shape(shape.prefix(first))
    result.append(Shape(shape[first...last]).elementCount)
    for size in shape.dropFirst(last + 1) { result.append(size) }
    return reshaped(result)
  }

  /// The elements along the given axes in reverse order: a view.
  ///
  /// Derivative: dy reversed. PyTorch: `flip`.
  public func reversed(axes: Int...) -> Tensor { reversed(axes: axes) }
  /// The elements along the given axes in reverse order; without any, along all.
  public func reversed(axes: [Int]) -> Tensor {
    guard let normal = attempt({ () throws(TensorError) in try self.axes(axes, "reversed") }) else { return .placeholder }
    var region = Region(all: shape)
    for axis in normal { region.reverse(axis) }
    return Slice(region: region)(self)
  }

  /// The same elements as a constant: nothing is differentiated through it.
  public var detached: Tensor {
    var x = self
    x.node = .none
    return x
  }

  /// Whether the elements lie in row-major order without gaps.
  public var isLaidOutInOrder: Bool { isContiguous }

  // MARK: Axes

  /// An axis counted from the front.
  func axis(_ axis: Int, _ operation: @autoclosure () -> String) throws(TensorError) -> Int {
    let normal = axis < 0 ? axis + rank : axis
    if normal >= 0 && normal < rank { return normal }
    throw TensorError(
      operation(), rank == 0 ? "axis \(axis) of a scalar, which has none" : "axis \(axis) of \(shape); \(-rank) to \(rank - 1) would fit")
  }

  /// Axes counted from the front, in order, each once; no axes stand for all.
  func axes(_ axes: [Int], _ operation: @autoclosure () -> String) throws(TensorError) -> [Int] {
    if axes.isEmpty { return Array(0..<rank) }
    var result: [Int] = []
    for a in axes {
      let normal = try axis(a, operation())
      if result.contains(normal) { throw TensorError(operation(), "axis \(a) of \(shape) is named twice in \(axes)") }
      result.append(normal)
    }
    return result.sorted()
  }
}
