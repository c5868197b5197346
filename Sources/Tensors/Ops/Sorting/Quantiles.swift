/// What a quantile between two elements is.
public enum QuantileInterpolation: Sendable {
  /// On the straight line between the two.
  case linear
  /// The smaller one.
  case lower
  /// The larger one.
  case higher
  /// Half-way.
  case midpoint
  /// The nearer one; of two as near the one at an even place.
  case nearest
}

extension Tensor {
  // MARK: Medians

  /// The element along an axis that half of the others are no larger than: of an even number the lower one of the two in the middle.
  ///
  /// NaN if there is one, unless those are ignored. Derivative: dy at the median's position. PyTorch: `median`, `nanmedian`.
  public func median(axis: Int, keepDims: Bool = false, ignoringNaN: Bool = false) -> Tensor {
    let kind = OrderPositions.Kind.median(ignoringNaN: ignoringNaN)
    return picked(OrderPositions(kind: kind, axis: axis, label: "median")(self), axis, keepDims: keepDims).values
  }

  /// The median of all elements.
  ///
  /// PyTorch: `median`, `nanmedian`.
  public func median(ignoringNaN: Bool = false) -> Tensor { reshaped([-1]).median(axis: 0, ignoringNaN: ignoringNaN) }

  /// The position of the median along an axis: of equals one in the middle, of NaN's the first: int64.
  ///
  /// PyTorch: the indices of `median`, `nanmedian`.
  public func argmedian(axis: Int, keepDims: Bool = false, ignoringNaN: Bool = false) -> Tensor {
    OrderPositions(kind: .median(ignoringNaN: ignoringNaN), axis: axis, keepDims: keepDims, label: "argmedian")(self)
  }

  /// The most frequent element along an axis (of several the smallest), and the position of its last occurrence.
  ///
  /// NaN's count as equal, and as the largest. Derivative: dy at that position. PyTorch: `mode`.
  public func mode(axis: Int = -1, keepDims: Bool = false) -> (values: Tensor, positions: Tensor) {
    guard let axis = attempt({ () throws(TensorError) in try self.axis(axis, "mode") }) else { return (.placeholder, .placeholder) }
    guard shape[axis] > 0 else {
      fail(TensorError("mode", "axis \(axis) of \(shape) has no elements to choose from"))
      return (.placeholder, .placeholder)
    }
    let order = detached.argsort(axis: axis)
    let sorted = detached.gather(order, axis: axis).transposed(axis, -1)
    // How long the run of equals is that ends at each place; the first of the longest is that of the smallest.
    let places = Tensor.arange(shape[axis]).expanded(sorted.shape)
    let starts = select(sorted.startsOfRuns(equalNaN: true), places, 0).cumulativeMax(axis: -1).values
    let ends = (places - starts).argmax(axis: -1, keepDims: true).transposed(axis, -1)
    return picked(order.gather(ends, axis: axis), axis, keepDims: keepDims)
  }

  /// Whether each element differs from the one before along the last axis; the first does.
  func startsOfRuns(equalNaN: Bool = false) -> Tensor {
    if Context.current.hasFailed { return .placeholder }
    let (behind, before) = (self[.ellipsis, 1...], self[.ellipsis, ..<(-1)])
    var differ = behind .!= before
    if equalNaN && dtype.isFloatingPoint { differ = (differ .& .!(behind.isNaN .& before.isNaN)) }
    return concatenate([.ones(shape.replacing(rank - 1, with: 1), .bool), differ], axis: -1)
  }

  // MARK: Quantiles

  /// The element at the fraction q of the ascending order along an axis, or of all elements; between two as `interpolation` says.
  ///
  /// q is a number of 0 to 1. NaN where there is one, unless those are ignored.
  ///
  /// Derivative: dy at the two elements, by how near they are. PyTorch: `quantile`, `nanquantile`.
  public func quantile(
    _ q: Double, axis: Int? = nil, keepDims: Bool = false, interpolation: QuantileInterpolation = .linear, ignoringNaN: Bool = false
  ) -> Tensor {
    if dtype.isHalf {
      return widened.quantile(q, axis: axis, keepDims: keepDims, interpolation: interpolation, ignoringNaN: ignoringNaN).cast(to: dtype)
    }
    // Of other dtypes the mistake is the tensor's.
    return quantile(
      .full([], q, dtype.isFloatingPoint ? dtype : .float64), axis: axis, keepDims: keepDims, interpolation: interpolation,
      ignoringNaN: ignoringNaN)
  }

  /// Several quantiles: q is a vector of x's dtype, and the first axis of the result goes along it; a scalar q gives no such axis.
  ///
  /// Derivative: also to q, dy times the distance of the two elements, for linear interpolation. PyTorch: `quantile`, `nanquantile`.
  public func quantile(
    _ q: Tensor, axis: Int? = nil, keepDims: Bool = false, interpolation: QuantileInterpolation = .linear, ignoringNaN: Bool = false
  ) -> Tensor {
    if let wide = Tensors.widened(self, q) {
      return wide[0]!.quantile(wide[1]!, axis: axis, keepDims: keepDims, interpolation: interpolation, ignoringNaN: ignoringNaN)
        .cast(to: dtype)
    }
    guard let axes = attempt({ () throws(TensorError) in try axesOfQuantile(q, axis) }) else { return .placeholder }
    let q = Checked(Fractions())(q)
    let kept = (0..<rank).filter { !axes.contains($0) }
    let count = axes.reduce(1) { $0 * shape[$1] }
    let x = permuted(kept + axes).reshaped(Shape(kept.map { shape[$0] } + [count]))
    if Context.current.hasFailed { return .placeholder }
    var ranks = q.reshaped([-1]).expanded(x.shape.replacing(x.rank - 1, with: q.elementCount))
    if ignoringNaN {
      ranks = ranks * ((.!x.isNaN).sum(axis: -1, keepDims: true).clamped(min: 1) - 1).cast(to: dtype)
    } else {
      // NaN's are last in order: there all ranks of their row point.
      ranks = select(x.isNaN.any(axis: -1, keepDims: true), Double(count - 1), ranks * Double(count - 1))
    }
    let values = x.sorted(axis: -1).interpolated(at: ranks, interpolation)
    let leading = q.rank == 1 ? [q.elementCount] : []
    let rest = keepDims ? shape.enumerated().map { axes.contains($0) ? 1 : $1 } : kept.map { shape[$0] }
    return values.permuted([kept.count] + Array(0..<kept.count)).reshaped(Shape(leading + rest))
  }

  /// The axes that a quantile is taken over, if its operands fit.
  private func axesOfQuantile(_ q: Tensor, _ axis: Int?) throws(TensorError) -> [Int] {
    func mistake(_ message: String) -> TensorError { TensorError("quantile", message) }
    if !dtype.isFloatingPoint { throw mistake("not defined for \(dtype), only for floating-point dtypes; convert with .cast(to:)") }
    if q.dtype != dtype { throw mistake("fractions of dtype \(q.dtype) for \(dtype); convert them with .cast(to: .\(dtype))") }
    if q.rank > 1 { throw mistake("fractions of shape \(q.shape); a scalar or a vector would fit") }
    let axes = try axis.map { axis throws(TensorError) in [try self.axis(axis, "quantile")] } ?? Array(0..<rank)
    if axes.contains(where: { shape[$0] == 0 }) { throw mistake("\(shape) has no elements to choose from") }
    return axes
  }

  /// What lies at ranks along the last axis, between elements too.
  private func interpolated(at ranks: Tensor, _ interpolation: QuantileInterpolation) -> Tensor {
    let below = ranks.detached.cast(to: .int64)
    let weight = ranks - below.cast(to: dtype)
    let isBetween = weight .> 0
    let above = below + isBetween.cast(to: .int64)
    switch interpolation {
    case .lower: return gather(below, axis: -1)
    case .higher: return gather(above, axis: -1)
    case .nearest:
      let isNearer = (weight .> 0.5) .| ((weight .== 0.5) .& (below % 2 .== 1))
      return gather(below + isNearer.cast(to: .int64), axis: -1)
    case .linear, .midpoint:
      // No difference that overflows, or that is one of two infinities, gets into the result.
      let (low, high) = (gather(below, axis: -1), gather(above, axis: -1))
      return lerp(low, high, weight: interpolation == .linear ? weight : select(isBetween, 0.5, weight))
    }
  }
}

private struct Fractions: ElementCheck {
  var name: String { "quantile" }
  func check(_ x: Tensor) throws(TensorError) {
    guard let wrong = x.cast(to: .float64).scalars(Double.self).first(where: { !($0 >= 0 && $0 <= 1) }) else { return }
    throw TensorError(name, "a fraction of \(wrong); 0 to 1 would fit")
  }
}
