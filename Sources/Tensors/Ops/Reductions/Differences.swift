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
    if !dtype.isFloatingPoint {
      fail(TensorError("\(name)", "not defined for \(dtype), only for float32 and float64; convert with .cast(to:)"))
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
    if x.dtype != dtype {
      fail(
        TensorError(
          "\(name)", "points of dtype \(x.dtype) for values of \(dtype); convert one with .cast(to: .\(x.dtype)) or .cast(to: .\(dtype))"))
      return nil
    }
    return areas(name, axis) { sums in count == 0 ? sums : sums * points.differences(axis: at) * 0.5 }
  }
}
