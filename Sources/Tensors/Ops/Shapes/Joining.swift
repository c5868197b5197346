/// Tensors one after the other along an axis.
struct Concatenate: HalfPrimitive {
  let axis: Int
  var name: String { "concatenate" }
  var keeps: Keeps { .nothing }

  func result(_ x: [Tensor]) throws(TensorError) -> Signature {
    if x.isEmpty { throw mistake("no tensors; one or more would fit") }
    let axis = try x[0].axis(axis, name)
    // Looked at where they lie: a tensor taken out of the list would be copied.
    let (odd, length) = x.withUnsafeBufferPointer { x in
      var length = x[0].shape[axis]
      for i in 1..<Swift.max(1, x.count) {
        if x[i].dtype != x[0].dtype || !x[0].shape.equals(x[i].shape, beside: axis) { return (i, 0) }
        length = Swift.min(length, .max / 2) + Swift.min(x[i].shape[axis], .max / 2)
      }
      return (0, length)
    }
    if odd > 0 { throw differing(x[0], x[odd], axis) }
    var shape = x[0].shape
    shape[axis] = length
    return Signature(shape, x[0].dtype)
  }

  @inline(never)
  private func differing(_ first: Tensor, _ other: Tensor, _ axis: Int) -> TensorError {
    if first.dtype != other.dtype { return mixedDTypes(first.dtype, other.dtype) }
    return mistake("\(first.shape) and \(other.shape) differ beside axis \(axis); equal sizes or 1 would fit")
  }

  func evaluate(_ x: [Tensor], _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    let axis = axis < 0 ? axis + result.shape.rank : axis
    let size = result.dtype.byteCount
    let step = y.strides[axis] * size
    // Parts that lie in order are runs of memory, one for each position before the axis.
    var outer = 1
    for i in 0..<axis { outer *= result.shape.sizes[unchecked: i] }
    x.withUnsafeBufferPointer { x in
      var target = y.pointer
      var isFlat = y.elementCount <= Blocks.grain
      for i in x.indices where !x[i].isContiguous { isFlat = false }
      for i in x.indices {
        let run = x[i].shape.sizes[unchecked: axis] * step
        if isFlat {
          for o in 0..<outer { (target + o * result.shape[axis] * step).copyMemory(from: x[i].pointer + o * run, byteCount: run) }
        } else {
          copyElements(x[i].shape, from: x[i].strides, x[i].pointer, to: y.strides, target, size: size)
        }
        target += run
      }
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

/// Tensors one after the other along an axis; sizes along the other axes are equal or 1, which stretches.
///
/// PyTorch: `cat`.
///
/// That a first hidden state of one row meets a batch of any size rests on this stretching. Derivative: each one's part of dy.
public func concatenate(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
  let along = tensors.isEmpty || axis >= 0 ? axis : axis + tensors[0].shape.rank
  let needsStretching = tensors.withUnsafeBufferPointer { x in
    for i in x.indices where !x[0].shape.equals(x[i].shape, beside: along) { return true }
    return false
  }
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
  let place = axis < 0 ? axis + first.rank + 1 : axis
  if first.rank < Shape.maximumRank {
    let whole = first.shape.inserting(tensors.count, at: place)
    guard attempt({ () throws(TensorError) in try whole.check("stack") }) != nil else { return .placeholder }
  }
  return concatenate(tensors.map { $0.unsqueezed(axis: axis) }, axis: axis)
}

/// Matrices one after the other along both axes, zeros beside them.
///
/// A vector counts as a matrix of one row, a scalar as one of one element. Derivative: each one's part of dy. PyTorch: `block_diag`.
public func blockDiagonal(_ tensors: [Tensor]) -> Tensor {
  guard !tensors.isEmpty else {
    fail(TensorError("blockDiagonal", "no tensors; one or more would fit"))
    return .placeholder
  }
  if let wrong = tensors.first(where: { $0.rank > 2 }) {
    fail(TensorError("blockDiagonal", "a tensor of shape \(wrong.shape); matrices, vectors and scalars would fit"))
    return .placeholder
  }
  let blocks = tensors.map { $0.rank == 2 ? $0 : $0.reshaped([1, $0.elementCount]) }
  let width = blocks.reduce(0) { $0 + $1.shape[1] }
  var left = 0
  return Concatenate(axis: 0)(
    blocks.map { block in
      defer { left += block.shape[1] }
      return block.padded([(0, 0), (left, width - left - block.shape[1])])
    })
}

/// The coordinates of a grid, one tensor for each axis: views of the vectors, stretched along the other axes.
///
/// Result i has at [a, b, …] the element of vector i at the i-th of a, b, …. A scalar counts as a vector of one. Derivative: the sum of dy
/// over the other axes. PyTorch: `meshgrid`.
public func meshgrid(_ vectors: [Tensor]) -> [Tensor] {
  if let wrong = vectors.first(where: { $0.rank > 1 }) {
    fail(TensorError("meshgrid", "a tensor of shape \(wrong.shape); vectors and scalars would fit"))
    return vectors.map { _ in .placeholder }
  }
  let shape = Shape(vectors.map(\.elementCount))
  if Context.current.hasFailed { return vectors.map { _ in .placeholder } }
  return vectors.enumerated().map { i, vector in
    vector.reshaped(Shape(repeating: 1, rank: shape.rank).replacing(i, with: vector.elementCount)).expanded(shape)
  }
}
