// Equal elements, or equal parts along an axis, put together.

extension Tensor {
  /// The different elements in ascending order; or, along an axis, the different parts in lexicographic order.
  ///
  /// `inverse` says which of them each element (or each part) is, `counts` how often each occurs: `values.take(inverse)` is x again. NaN
  /// equals nothing, not even itself.
  ///
  /// Derivative: dy at the first occurrence. PyTorch: `unique`.
  public func unique(axis: Int? = nil) -> (values: Tensor, inverse: Tensor, counts: Tensor) { grouped("unique", axis, isSorted: true) }

  /// Each run of equal neighbours, or along an axis of equal parts, once.
  ///
  /// `inverse` says which run each element (or each part) belongs to, `counts` how long each run is. NaN equals nothing, not even itself.
  ///
  /// Derivative: dy at the first of each run. PyTorch: `unique_consecutive`.
  public func uniqueConsecutive(axis: Int? = nil) -> (values: Tensor, inverse: Tensor, counts: Tensor) {
    grouped("uniqueConsecutive", axis, isSorted: false)
  }

  private func grouped(_ name: StaticString, _ axis: Int?, isSorted: Bool) -> (values: Tensor, inverse: Tensor, counts: Tensor) {
    let nothing = (values: Tensor.placeholder, inverse: Tensor.placeholder, counts: Tensor.placeholder)
    guard let axis else {
      var (values, inverse, counts) = reshaped([-1]).grouped(name, 0, isSorted: isSorted)
      if !Context.current.hasFailed { inverse = inverse.reshaped(shape) }
      return (values, inverse, counts)
    }
    guard let along = attempt({ () throws(TensorError) in try self.axis(axis, "\(name)") }) else { return nothing }
    if isHollow {
      fail(TensorError("\(name)", "how many elements of \(shape) differ is not known in a run on shapes alone"))
      return nothing
    }
    let n = shape[along]
    if n > 0 && elementCount == 0 {
      fail(TensorError("\(name)", "parts of \(shape) along axis \(along) have no elements to compare"))
      return nothing
    }
    // One row for each part, of the elements that must be equal.
    let rows = detached.transposed(along, 0).reshaped([n, n == 0 ? 0 : elementCount / n])
    var order = Tensor.arange(n)
    if Context.current.hasFailed { return nothing }
    if isSorted {
      // Stable sorts by each column, from the last to the first, leave the rows in lexicographic order.
      for column in Swift.stride(from: rows.shape[1] - 1, through: 0, by: -1) {
        order = order.take(rows[.all, column].take(order).argsort())
      }
    }
    let sorted = isSorted ? rows.take(order) : rows
    let isFirst = n == 0 ? Tensor.zeros([0], .bool) : sorted.transposed().startsOfRuns().any(axis: 0)
    if Context.current.hasFailed { return nothing }
    guard let starts = isFirst.nonzero().first else { return nothing }
    // An element's group is the number of groups that have begun; −1 to count from 0.
    let groups = isFirst.cumulativeSum(axis: 0) - 1
    let inverse = isSorted ? Tensor.zeros([n], .int64).scatterAdd(groups, at: order, axis: 0) : groups
    return (take(order.take(starts), axis: along), inverse, starts.differences(axis: 0, appending: Tensor([n])))
  }
}
