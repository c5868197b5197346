extension Tensor {
  /// Weighted sums of elements along an axis: y[i] = Σ weights[i·taps + k] · x[places[i·taps + k]], of floating-point tensors.
  ///
  /// Places beyond the ends are the ends'. Derivative: dy, times the weights, at the places.
  package func resampled(axis: Int, taps: Int, places: [Int], weights: [Double]) -> Tensor {
    if Context.current.hasFailed { return .placeholder }
    let table: ResampleTable? = attempt { () throws(TensorError) in
      let axis = try self.axis(axis, "interpolate")
      guard taps > 0, places.count == weights.count, places.count % taps == 0, shape[axis] > 0 else {
        throw TensorError("interpolate", "\(places.count) places and \(weights.count) weights, \(taps) each, for axis \(axis) of \(shape)")
      }
      return ResampleTable(size: shape[axis], taps: taps, places: places, weights: weights)
    }
    guard let table else { return .placeholder }
    return Resample(table: table, axis: axis < 0 ? axis + rank : axis)(self)
  }
}
