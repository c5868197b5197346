/// Tensors one after the other along an axis.
struct Concatenate: Primitive {
  let axis: Int
  var name: String { "concatenate" }
  var keeps: Keeps { .nothing }

  func result(_ x: [Tensor]) throws(TensorError) -> Signature {
    if x.isEmpty { throw mistake("no tensors; one or more would fit") }
    let (first, dtype) = (x[0].shape, x[0].dtype)
    let axis = try x[0].axis(axis, name)
    var shape = first
    for i in 1..<x.count {
      let other = x[i].shape
      if x[i].dtype != dtype { throw mixedDTypes(dtype, x[i].dtype) }
      if !first.equals(other, beside: axis) {
        throw mistake("\(first) and \(other) differ beside axis \(axis); equal sizes or 1 would fit")
      }
      shape[axis] = Swift.min(shape[axis], .max / 2) + Swift.min(other[axis], .max / 2)
    }
    return Signature(shape, dtype)
  }

  func evaluate(_ x: [Tensor], _ result: Signature) -> Tensor {
    let y = Tensor(uninitialized: result.shape, result.dtype)
    let axis = axis < 0 ? axis + result.shape.rank : axis
    let size = result.dtype.byteCount
    let step = y.strides[axis] * size
    var target = y.pointer
    // Parts that lie in order are runs of memory, one for each position before the axis.
    let outer = result.shape.rank == 0 ? 1 : (0..<axis).reduce(1) { $0 * result.shape[$1] }
    var isFlat = y.elementCount <= Blocks.grain
    for i in x.indices where !x[i].isContiguous { isFlat = false }
    if isFlat {
      for i in x.indices {
        let run = x[i].shape[axis] * step
        for o in 0..<outer { (target + o * result.shape[axis] * step).copyMemory(from: x[i].pointer + o * run, byteCount: run) }
        target += run
      }
      return y
    }
    for i in x.indices {
      copyElements(x[i].shape, from: x[i].strides, x[i].pointer, to: y.strides, target, size: size)
      target += x[i].shape[axis] * step
    }
    return y
  }

  private func regions(_ x: [Tensor], _ shape: Shape) -> [Region] {
    let axis = axis < 0 ? axis + shape.rank : axis
    var start = 0
    return x.map { x in
      var region = Region(all: shape)
      region.take(axis, from: start, count: x.shape[axis])
      start += x.shape[axis]
      return region
    }
  }

  func gradient(_ x: [Tensor], _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    regions(x, dy.shape).enumerated().map { i, region in needs[i] ? Slice(region: region)(dy) : nil }
  }
}

extension Shape {
  /// Whether two shapes are equal but for an axis.
  fileprivate func equals(_ other: Shape, beside axis: Int) -> Bool {
    if rank != other.rank { return false }
    for i in 0..<rank where i != axis && sizes[unchecked: i] != other.sizes[unchecked: i] { return false }
    return true
  }
}

/// A product that stops at a size no shape can have instead of trapping.
private func saturating(_ a: Int, _ b: Int) -> Int {
  let (product, overflow) = a.multipliedReportingOverflow(by: b)
  return overflow ? .max / 2 : product
}

/// Tensors one after the other along an axis; sizes along the other axes are equal or 1, which stretches.
///
/// PyTorch: `cat`.
///
/// That a first hidden state of one row meets a batch of any size rests on this stretching. Derivative: each one's part of dy.
public func concatenate(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
  let along = tensors.isEmpty || axis >= 0 ? axis : axis + tensors[0].shape.rank
  var needsStretching = false
  for i in tensors.indices where !tensors[0].shape.equals(tensors[i].shape, beside: along) { needsStretching = true }
  guard needsStretching, let first = tensors.first, along >= 0, along < first.rank else { return Concatenate(axis: axis)(tensors) }
  var common = first.shape
  for other in tensors.dropFirst() where other.rank == common.rank {
    for i in 0..<common.rank where common[i] == 1 { common[i] = other.shape[i] }
  }
  return Concatenate(axis: axis)(
    tensors.map { x in
      let target = common.replacing(along, with: x.rank == common.rank ? x.shape[along] : 0)
      // What does not stretch is left for the operator to name.
      guard x.rank == common.rank, case .success(target) = x.shape.broadcast(with: target) else { return x }
      return x.expanded(target)
    })
}

/// Tensors of one shape along a new axis.
///
/// Derivative: each one's part of dy. PyTorch: `stack`.
public func stack(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
  guard let first = tensors.first else {
    fail(TensorError("stack", "no tensors; one or more would fit"))
    return .placeholder
  }
  guard axis >= -first.rank - 1 && axis <= first.rank else {
    fail(TensorError("stack", "axis \(axis) for tensors of shape \(first.shape); \(-first.rank - 1) to \(first.rank) would fit"))
    return .placeholder
  }
  if let other = tensors.first(where: { $0.shape != first.shape }) {
    fail(TensorError("stack", "\(first.shape) and \(other.shape) differ; equal shapes would fit"))
    return .placeholder
  }
  return concatenate(tensors.map { $0.unsqueezed(axis: axis) }, axis: axis)
}

extension Tensor {
  /// Parts of the given sizes along an axis, as views.
  ///
  /// Derivative: dy at the part's place.
  public func split(sizes: [Int], axis: Int = 0) -> [Tensor] {
    guard let axis = attempt({ () throws(TensorError) in try self.axis(axis, "split") }) else { return sizes.map { _ in .placeholder } }
    guard sizes.allSatisfy({ $0 >= 0 }), sizes.allSatisfy({ $0 <= shape[axis] }), sizes.reduce(0, +) == shape[axis] else {
      fail(
        TensorError("split", "sizes \(sizes) for axis \(axis) of \(shape); sizes that add up to \(shape[axis]), none negative, would fit"))
      return sizes.map { _ in .placeholder }
    }
    var start = 0
    return sizes.map { size in
      var region = Region(all: shape)
      region.take(axis, from: start, count: size)
      start += size
      return Slice(region: region)(self)
    }
  }

  /// Parts of `size` along an axis, the last one smaller if it does not come out even: views.
  ///
  /// PyTorch: `split`.
  public func split(size: Int, axis: Int = 0) -> [Tensor] {
    guard let axis = attempt({ () throws(TensorError) in try self.axis(axis, "split") }) else { return [] }
    guard size > 0 else {
      fail(TensorError("split", "parts of size \(size) along axis \(axis) of \(shape); 1 or more would fit"))
      return []
    }
    let length = shape[axis]
    return split(sizes: length == 0 ? [0] : Swift.stride(from: 0, to: length, by: size).map { Swift.min(size, length - $0) }, axis: axis)
  }

  /// At most `count` parts of equal size along an axis, the last one smaller: views.
  ///
  /// PyTorch: `chunk`.
  public func chunk(_ count: Int, axis: Int = 0) -> [Tensor] {
    guard let axis = attempt({ () throws(TensorError) in try self.axis(axis, "chunk") }) else { return [] }
    guard count > 0 else {
      fail(TensorError("chunk", "\(count) parts along axis \(axis) of \(shape); 1 or more would fit"))
      return []
    }
    return split(size: Swift.max(1, (shape[axis] - 1) / count + 1), axis: axis)
  }

  /// The whole repeated `counts[i]` times along axis i; counts may have more axes than the tensor.
  ///
  /// PyTorch: `tile`, `repeat`.
  public func tiled(_ counts: [Int]) -> Tensor {
    if Context.current.hasFailed { return .placeholder }
    let lead = Swift.max(0, counts.count - rank)
    let counts = Array(repeating: 1, count: Swift.max(0, rank - counts.count)) + counts
    guard counts.allSatisfy({ $0 >= 0 }) else {
      fail(TensorError("tiled", "counts \(counts) for \(shape); 0 or more would fit"))
      return .placeholder
    }
    // [n, m] repeated is [c, n, d, m] broadcast from [1, n, 1, m]; axis after axis, so that eight axes stay enough.
    var result = reshaped(Shape(Array(repeating: 1, count: lead) + Array(shape)))
    for (axis, count) in counts.enumerated() where count != 1 {
      let flat = Shape([result.shape[..<axis].reduce(1, *), 1, result.shape[axis...].reduce(1, *)])
      let shape = result.shape.replacing(axis, with: saturating(result.shape[axis], count))
      result = result.reshaped(flat).expanded([flat[0], count, flat[2]]).reshaped(shape)
    }
    return result
  }

  /// Each element `count` times in a row along an axis.
  ///
  /// Derivative: the sum of dy over each run. PyTorch: `repeat_interleave`.
  public func repeated(_ count: Int, axis: Int) -> Tensor {
    guard let axis = attempt({ () throws(TensorError) in try self.axis(axis, "repeated") }) else { return .placeholder }
    guard count >= 0 else {
      fail(TensorError("repeated", "\(count) times along axis \(axis) of \(shape); 0 or more would fit"))
      return .placeholder
    }
    let flat = Shape([shape[...axis].reduce(1, *), 1, shape[(axis + 1)...].reduce(1, *)])
    return reshaped(flat).expanded([flat[0], count, flat[2]]).reshaped(shape.replacing(axis, with: saturating(shape[axis], count)))
  }

  /// With `before` and `after` elements of a value added along each axis; negative numbers take elements away.
  ///
  /// One pair for each of the last axes, in their order. Derivative: dy without the padding. PyTorch: `pad`.
  public func padded(_ amounts: [(before: Int, after: Int)], value: Double = 0) -> Tensor {
    guard amounts.count <= rank else {
      fail(
        TensorError(
          "padded", "\(amounts.count) amounts for the \(rank) axes of \(shape); one for each, or for the last ones only, would fit"))
      return .placeholder
    }
    var crop = Region(all: shape)
    var region = Region(all: shape)
    var target = shape
    for (i, (before, after)) in amounts.enumerated() {
      let axis = rank - amounts.count + i
      let (more, overflow) = before.addingReportingOverflow(after)
      let (size, isTooLarge) = shape[axis].addingReportingOverflow(more)
      target[axis] = overflow || isTooLarge ? (before > 0 ? .max / 2 : -1) : size
      // What is taken away at an end is at most all there is, and one more to be refused.
      let (first, last) = (Swift.min(before, 0).magnitude, Swift.min(after, 0).magnitude)
      let count = shape[axis] - Int(Swift.min(first, UInt(shape[axis]) + 1)) - Int(Swift.min(last, UInt(shape[axis]) + 1))
      guard count >= 0, target[axis] >= 0 else {
        fail(
          TensorError(
            "padded", "by \(before) and \(after) elements along axis \(axis) of \(shape); at most \(shape[axis]) can be taken away"))
        return .placeholder
      }
      crop.take(axis, from: Int(first), count: count)
      region.take(axis, from: Swift.max(0, before), count: count)
    }
    guard attempt({ [target] () throws(TensorError) in try target.check("padded") }) != nil else { return .placeholder }
    region.shape = crop.shape
    let inner = crop.shape == shape ? self : Slice(region: crop)(self)
    return Embed(region: region, shape: target, value: value)(inner)
  }
}
