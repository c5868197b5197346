/// Broadcasting: axes of size 1, and missing leading axes, stretch to the other operand's size.
///
/// It is an operator of its own, a view with stride 0 whose gradient rule is the only sum-to-shape; no other rule thinks of it.
struct Expand: Primitive {
  let shape: Shape
  var name: String { "expanded" }
  var isView: Bool { true }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    try shape.check(name)
    let lead = shape.rank - x.rank
    var fits = lead >= 0
    if fits { for axis in 0..<x.rank where x.shape[axis] != shape[axis + lead] && x.shape[axis] != 1 { fits = false } }
    if !fits { throw mistake("\(x.shape) to \(shape): each axis, counted from the last, must be equal or 1") }
    return Signature(shape, x.dtype)
  }

  func evaluate(_ x: Tensor, _ result: Signature) -> Tensor {
    var strides = shape
    let lead = shape.rank - x.rank
    for axis in 0..<shape.rank {
      strides[axis] = axis < lead || x.shape[axis - lead] == 1 && shape[axis] != 1 ? 0 : x.strides[axis - lead]
    }
    return x.view(shape: shape, strides: strides, offset: x.offset)
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let lead = shape.rank - x.rank
    let axes = (0..<shape.rank).filter { $0 < lead || x.shape[$0 - lead] == 1 && shape[$0] != 1 }
    let sum = axes.isEmpty ? dy : dy.sum(axes: axes, keepDims: true)
    return [lead == 0 ? sum : sum.reshaped(x.shape)]
  }
}

extension Shape {
  /// The shape that two shapes broadcast to, or the axis (from the end) at which they cannot.
  func broadcast(with other: Shape) -> Result<Shape, BroadcastMismatch> {
    var result = rank >= other.rank ? self : other
    for back in 1...Swift.max(1, result.rank) where back <= Swift.min(rank, other.rank) {
      let (a, b) = (self[-back], other[-back])
      if a == b { continue }
      if a != 1 && b != 1 { return .failure(BroadcastMismatch(axis: -back)) }
      result[-back] = a == 1 ? b : a
    }
    return .success(result)
  }
}

struct BroadcastMismatch: Error { let axis: Int }

/// Two tensors as views of their common shape.
func broadcasted(_ label: StaticString, _ x: Tensor, _ y: Tensor) -> (Tensor, Tensor) {
  if Context.current.hasFailed { return (x, y) }
  switch x.shape.broadcast(with: y.shape) {
  case .success(let shape):
    guard (try? shape.check("")) != nil else {
      fail(
        TensorError("\(label)", "\(x.shape) and \(y.shape) broadcast to \(shape), which has more elements than memory could hold"),
        with: Pair(x, y))
      return (x, y)
    }
    return (x.shape == shape ? x : Expand(shape: shape)(x), y.shape == shape ? y : Expand(shape: shape)(y))
  case .failure(let mismatch):
    fail(
      TensorError(
        "\(label)",
        "\(x.shape) and \(y.shape) do not broadcast: axis \(mismatch.axis) is \(x.shape[mismatch.axis]) in one and "
          + "\(y.shape[mismatch.axis]) in the other, equal sizes or 1 would fit"), with: Pair(x, y))
    return (x, y)
  }
}

extension Tensor {
  /// A view of `shape`: axes of size 1 stretch, missing leading axes are added.
  ///
  /// Nothing is copied.
  ///
  /// Derivative: the sum of dy over the stretched axes. PyTorch: `expand`, `broadcast_to`.
  public func expanded(_ shape: Shape) -> Tensor { self.shape == shape ? self : Expand(shape: shape)(self) }
}
