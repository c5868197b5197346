/// Σ over pairs of axes: the axes `axes.0` of x against `axes.1` of y, in that order.
///
/// The result has x's other axes and then y's: matrices are multiplied with `([-1], [0])`.
///
/// Derivative: dy contracted with the other operand. PyTorch: `tensordot`, `inner` with `([-1], [-1])`.
public func tensordot(_ x: Tensor, _ y: Tensor, axes: ([Int], [Int])) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  func mistaken(_ message: String) -> Tensor {
    fail(TensorError("tensordot", "\(x.shape) and \(y.shape) over axes \(axes.0) and \(axes.1): \(message)"))
    return .placeholder
  }
  guard axes.0.count == axes.1.count else { return mistaken("equally many of both would fit") }
  guard
    let (a, b) = attempt({ () throws(TensorError) in
      var (a, b): ([Int], [Int]) = ([], [])
      for axis in axes.0 { a.append(try x.axis(axis, "tensordot")) }
      for axis in axes.1 { b.append(try y.axis(axis, "tensordot")) }
      return (a, b)
    })
  else { return .placeholder }
  guard Set(a).count == a.count, Set(b).count == b.count else { return mistaken("an axis is named twice") }
  // An axis of size 1 stands for the sum that it is multiplied with.
  var (x, y) = (x, y)
  for (i, j) in zip(a, b) where x.shape[i] != y.shape[j] {
    if x.shape[i] == 1 {
      y = y.sum(axis: j, keepDims: true).cast(to: y.dtype)
    } else if y.shape[j] == 1 {
      x = x.sum(axis: i, keepDims: true).cast(to: x.dtype)
    } else {
      return mistaken("sizes \(x.shape[i]) and \(y.shape[j]) differ; equal ones or 1 would fit")
    }
  }
  let (restX, restY) = ((0..<x.rank).filter { !a.contains($0) }, (0..<y.rank).filter { !b.contains($0) })
  let inner = a.reduce(1) { $0 * x.shape[$1] }
  let (sizesX, sizesY) = (restX.map { x.shape[$0] }, restY.map { y.shape[$0] })
  let left = x.permuted(restX + a).reshaped([sizesX.reduce(1, *), inner])
  let right = y.permuted(b + restY).reshaped([inner, sizesY.reduce(1, *)])
  return (left • right).reshaped(Shape(sizesX + sizesY))
}

/// Σ over the last `axes` axes of x and the first ones of y, in order.
public func tensordot(_ x: Tensor, _ y: Tensor, axes count: Int = 2) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  if count < 0 || count > Swift.min(x.rank, y.rank) {
    fail(TensorError("tensordot", "\(count) axes of \(x.shape) and \(y.shape); 0 to \(Swift.min(x.rank, y.rank)) would fit"))
    return .placeholder
  }
  return tensordot(x, y, axes: (Array(x.rank - count..<x.rank), Array(0..<count)))
}

/// The product of several matrices in the order that takes the fewest multiplications; the first and the last may be vectors.
///
/// PyTorch: `linalg.multi_dot`.
public func matmul(_ chain: [Tensor]) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  let count = chain.count
  func fits(_ i: Int) -> Bool { chain[i].rank == 2 || chain[i].rank == 1 && (i == 0 || i == count - 1) }
  guard count > 0, chain.indices.allSatisfy(fits) else {
    let shapes = chain.map { "\($0.shape)" }.joined(separator: ", ")
    fail(TensorError("matmul", "a chain of \(shapes.isEmpty ? "nothing" : shapes); matrices, and vectors at its ends, would fit"))
    return .placeholder
  }
  if count == 1 { return chain[0] }
  var matrices = chain
  if chain[0].rank == 1 { matrices[0] = chain[0].unsqueezed(axis: 0) }
  if chain[count - 1].rank == 1 { matrices[count - 1] = chain[count - 1].unsqueezed(axis: 1) }
  // The best split of each stretch, from short ones to long ones (Cormen et al., Introduction to Algorithms).
  let sizes = matrices.map { Double($0.shape[0]) } + [Double(matrices[count - 1].shape[1])]
  var costs = Array(repeating: Array(repeating: 0.0, count: count), count: count)
  var splits = Array(repeating: Array(repeating: 0, count: count), count: count)
  for length in 1..<count {
    for first in 0..<count - length {
      let last = first + length
      costs[first][last] = .infinity
      for split in first..<last {
        let cost = costs[first][split] + costs[split + 1][last] + sizes[first] * sizes[split + 1] * sizes[last + 1]
        if cost < costs[first][last] { (costs[first][last], splits[first][last]) = (cost, split) }
      }
    }
  }
  func product(_ first: Int, _ last: Int) -> Tensor {
    if first == last { return matrices[first] }
    let split = splits[first][last]
    return product(first, split) • product(split + 1, last)
  }
  var result = product(0, count - 1)
  if Context.current.hasFailed { return .placeholder }
  if chain[count - 1].rank == 1 { result = result.squeezed(axes: -1) }
  return chain[0].rank == 1 ? result.squeezed(axes: 0) : result
}

/// The cross product along an axis of size 3, the last unless told; operands broadcast together.
///
/// Derivative: y × dy, dy × x. PyTorch: `linalg.cross`.
public func cross(_ x: Tensor, _ y: Tensor, axis: Int = -1) -> Tensor {
  let (x, y) = broadcasted("cross", x, y)
  guard let axis = attempt({ () throws(TensorError) in try x.axis(axis, "cross") }) else { return .placeholder }
  if Context.current.hasFailed { return .placeholder }
  if x.shape[axis] != 3 {
    fail(TensorError("cross", "axis \(axis) of \(x.shape) has size \(x.shape[axis]); 3 would fit"))
    return .placeholder
  }
  let (a, b) = (x.split(size: 1, axis: axis), y.split(size: 1, axis: axis))
  return concatenate([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]], axis: axis)
}

/// The Kronecker product: each element of x times all of y, in blocks.
///
/// Axes missing in front of the one with fewer count as size 1; each axis of the result has the two sizes multiplied. PyTorch: `kron`.
public func kronecker(_ x: Tensor, _ y: Tensor) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  let rank = Swift.max(x.rank, y.rank)
  func sizes(_ t: Tensor) -> [Int] { Array(repeating: 1, count: rank - t.rank) + Array(t.shape) }
  let (a, b) = (sizes(x), sizes(y))
  let whole = Shape(zip(a, b).map { $0.saturatingTimes($1) })
  guard attempt({ () throws(TensorError) in try whole.check("kronecker") }) != nil else { return .placeholder }
  // As outer product, with x's axes before y's of the same place; more than eight axes go as a matrix of all pairs.
  let product = x.reshaped([x.elementCount, 1]) * y.reshaped([1, y.elementCount])
  let (wideA, wideB) = (a.indices.filter { a[$0] != 1 }, b.indices.filter { b[$0] != 1 })
  guard wideA.count + wideB.count <= Shape.maximumRank else {
    fail(
      TensorError(
        "kronecker", "\(x.shape) and \(y.shape) have \(wideA.count + wideB.count) axes that are not of size 1; up to 8 together would fit"))
    return .placeholder
  }
  let apart = product.reshaped(Shape(wideA.map { a[$0] } + wideB.map { b[$0] }))
  var order: [Int] = []
  for axis in 0..<rank {
    if let place = wideA.firstIndex(of: axis) { order.append(place) }
    if let place = wideB.firstIndex(of: axis) { order.append(wideA.count + place) }
  }
  return apart.permuted(order).reshaped(whole)
}

/// The distances (Σ |xᵢ − yⱼ|ᵖ)^(1/p) between all vectors of x [..., m, d] and of y [..., n, d]: [..., m, n]; batches broadcast together.
///
/// The order p is 2 unless told, and may be anything that ``Tensor/norm(_:axes:keepDims:)`` takes. Neither the distances nor their gradients
/// store the m·n·d differences; second derivatives do.
///
/// Derivative: that of the norm; 0 where two vectors are equal. PyTorch: `cdist`.
public func distanceMatrix(_ x: Tensor, _ y: Tensor, order: Double = 2) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  guard x.rank >= 2, y.rank >= 2, x.shape[-1] == y.shape[-1], case .success(let batch) = x.batchShape.broadcast(with: y.batchShape),
    batch.rank < 6
  else {
    fail(TensorError("distanceMatrix", "\(x.shape) and \(y.shape); [..., m, d] and [..., n, d] would fit"))
    return .placeholder
  }
  // Of nothing the largest has no value; of vectors without elements the distance is 0.
  if x.shape[-1] == 0 { return .zeros(Shape(Array(batch) + [x.shape[-2], y.shape[-2]]), x.dtype) }
  func wide(_ t: Tensor) -> Tensor { t.batchShape == batch ? t : t.expanded(Shape(Array(batch) + Array(t.shape.suffix(2)))) }
  return Distances(order: order)(Pair(wide(x), wide(y)))
}
