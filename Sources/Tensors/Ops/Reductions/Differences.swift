// Differences of neighbours along an axis, and the sums that undo them.

extension Tensor {
  /// All but the first, or last, element along an axis that has some: a view.
  fileprivate func without(first: Int, last: Int, _ axis: Int) -> Tensor {
    var region = Region(all: shape)
    region.take(axis, from: first, count: shape[axis] - first - last)
    return Slice(region: region)(self)
  }

  /// x[k + 1] − x[k] along an axis, `order` times over; of bools whether they differ.
  ///
  /// What is given as `prepending` and `appending` is joined to x first. Of order 0 it is x itself.
  ///
  /// Derivative: dy[k − 1] − dy[k]. PyTorch: `diff`.
  public func differences(order: Int = 1, axis: Int = -1, prepending before: Tensor? = nil, appending after: Tensor? = nil) -> Tensor {
    guard let axis = attempt({ () throws(TensorError) in try self.axis(axis, "differences") }) else { return .placeholder }
    guard order >= 0 else {
      fail(TensorError("differences", "of order \(order); 0 or more would fit"))
      return .placeholder
    }
    if order == 0 { return self }
    let parts = [before, self, after].compactMap { $0 }
    var result = parts.count == 1 ? self : concatenate(parts, axis: axis)
    for _ in 0..<Swift.min(order, result.shape[axis]) {
      let (behind, ahead) = (result.without(first: 1, last: 0, axis), result.without(first: 0, last: 1, axis))
      result = dtype == .bool ? behind .!= ahead : behind - ahead
    }
    return result
  }

  /// The slope at each point along an axis, by the differences to its neighbours: (x[k + 1] − x[k − 1]) / 2·spacing.
  ///
  /// At both ends it is that of the line through the last two points, or of the parabola through the last three if `edgeOrder` is 2. The
  /// axis needs one point more than the order. Derivative: that of the differences. PyTorch: `gradient`.
  public func centralDifferences(spacing: Double = 1, axis: Int = -1, edgeOrder: Int = 1) -> Tensor {
    if dtype.isHalf { return widened.centralDifferences(spacing: spacing, axis: axis, edgeOrder: edgeOrder).cast(to: dtype) }
    guard let axis = axisOfSlopes(axis, edgeOrder) else { return .placeholder }
    return slopes(axis, edgeOrder, .full([shape[axis] - 1], spacing, dtype))
  }

  /// The same at points that lie along the axis, a vector, of any distances: the slope of the parabola through a point and its neighbours.
  public func centralDifferences(at points: Tensor, axis: Int = -1, edgeOrder: Int = 1) -> Tensor {
    if let wide = Tensors.widened(self, points) {
      return wide[0]!.centralDifferences(at: wide[1]!, axis: axis, edgeOrder: edgeOrder).cast(to: dtype)
    }
    guard let axis = axisOfSlopes(axis, edgeOrder) else { return .placeholder }
    guard points.shape == [shape[axis]], points.dtype == dtype || points.dtype == dtype.real else {
      fail(
        TensorError(
          "centralDifferences",
          "points of shape \(points.shape) and \(points.dtype) for \(shape) of \(dtype); a vector of \(shape[axis]) of \(dtype) would fit"))
      return .placeholder
    }
    return slopes(axis, edgeOrder, points.cast(to: dtype).differences())
  }

  private func axisOfSlopes(_ axis: Int, _ edgeOrder: Int) -> Int? {
    attempt { () throws(TensorError) in
      func mistake(_ message: String) -> TensorError { TensorError("centralDifferences", message) }
      let axis = try self.axis(axis, "centralDifferences")
      if !dtype.isDifferentiable { throw mistake("not defined for \(dtype), only for floating-point dtypes; convert with .cast(to:)") }
      if edgeOrder != 1 && edgeOrder != 2 { throw mistake("an order of \(edgeOrder) at the edges; 1 or 2 would fit") }
      if shape[axis] <= edgeOrder { throw mistake("\(shape[axis]) points along axis \(axis); \(edgeOrder + 1) or more would fit") }
      return axis
    }
  }

  /// Slopes by the distances between neighbours.
  private func slopes(_ axis: Int, _ edgeOrder: Int, _ steps: Tensor) -> Tensor {
    if Context.current.hasFailed { return .placeholder }
    let h = steps.reshaped(Shape(shape.indices.map { $0 == axis ? shape[axis] - 1 : 1 }))
    let lines = differences(axis: axis) / h
    let count = shape[axis] - 1
    // Each of two slopes counts by the other one's distance.
    let (before, after) = (h.without(first: 0, last: 1, axis), h.without(first: 1, last: 0, axis))
    let inner = (lines.without(first: 0, last: 1, axis) * after + lines.without(first: 1, last: 0, axis) * before) / (before + after)
    func part(_ t: Tensor, _ i: Int) -> Tensor { t.without(first: i, last: count - 1 - i, axis) }
    func edge(_ i: Int, _ next: Int) -> Tensor {
      let line = part(lines, i)
      return edgeOrder == 1 ? line : line + (line - part(lines, next)) * (part(h, i) / (part(h, i) + part(h, next)))
    }
    return concatenate([edge(0, 1), inner, edge(count - 1, count - 2)], axis: axis)
  }

  /// The area under straight lines between neighbours: spacing · Σ (y[k] + y[k + 1]) / 2 along an axis.
  ///
  /// Derivative: dy·spacing, half of it at both ends. PyTorch: `trapezoid`.
  public func trapezoid(spacing: Double = 1, axis: Int = -1) -> Tensor {
    guard let axis = attempt({ () throws(TensorError) in try self.axis(axis, "trapezoid") }) else { return .placeholder }
    return areas("trapezoid", axis) { $0 * (spacing / 2) }?.sum(axis: axis) ?? .placeholder
  }

  /// The same over the points x, which lie along the axis: a vector, or as many axes as y has, broadcast.
  public func trapezoid(at x: Tensor, axis: Int = -1) -> Tensor {
    guard let axis = attempt({ () throws(TensorError) in try self.axis(axis, "trapezoid") }) else { return .placeholder }
    return areas("trapezoid", at: x, axis)?.sum(axis: axis) ?? .placeholder
  }

  /// The area up to each point but the first: ``trapezoid(spacing:axis:)`` with the sum running.
  ///
  /// PyTorch: `cumulative_trapezoid`.
  public func cumulativeTrapezoid(spacing: Double = 1, axis: Int = -1) -> Tensor {
    guard let axis = attempt({ () throws(TensorError) in try self.axis(axis, "cumulativeTrapezoid") }) else { return .placeholder }
    return areas("cumulativeTrapezoid", axis) { $0 * (spacing / 2) }?.cumulativeSum(axis: axis) ?? .placeholder
  }

  /// The same over the points x, which lie along the axis: a vector, or as many axes as y has, broadcast.
  public func cumulativeTrapezoid(at x: Tensor, axis: Int = -1) -> Tensor {
    guard let axis = attempt({ () throws(TensorError) in try self.axis(axis, "cumulativeTrapezoid") }) else { return .placeholder }
    return areas("cumulativeTrapezoid", at: x, axis)?.cumulativeSum(axis: axis) ?? .placeholder
  }

  /// What `scaled` makes of the sums of neighbours; nothing between fewer than two.
  private func areas(_ name: StaticString, _ axis: Int, _ scaled: (Tensor) -> Tensor) -> Tensor? {
    if !dtype.isDifferentiable {
      fail(TensorError("\(name)", "not defined for \(dtype), only for floating-point dtypes; convert with .cast(to:)"))
      return nil
    }
    if shape[axis] == 0 { return scaled(self) }
    return scaled(without(first: 1, last: 0, axis) + without(first: 0, last: 1, axis))
  }

  private func areas(_ name: StaticString, at x: Tensor, _ axis: Int) -> Tensor? {
    let count = shape[axis]
    // A vector lies along the axis; other shapes broadcast, counted from the last axis.
    let points = x.rank == 1 ? x.reshaped(Shape([x.elementCount] + Array(repeating: 1, count: rank - 1 - axis))) : x
    let at = axis - rank + points.rank
    guard at >= 0, points.shape[at] == count, case .success(shape) = points.shape.broadcast(with: shape) else {
      fail(TensorError("\(name)", "points of shape \(x.shape) for \(shape); \(count) along axis \(axis) would fit"))
      return nil
    }
    if x.dtype != dtype && x.dtype != dtype.real {
      fail(
        TensorError(
          "\(name)", "points of dtype \(x.dtype) for values of \(dtype); convert one with .cast(to: .\(x.dtype)) or .cast(to: .\(dtype))"))
      return nil
    }
    return areas(name, axis) { sums in count == 0 ? sums : sums * points.cast(to: dtype).differences(axis: at) * 0.5 }
  }
}
