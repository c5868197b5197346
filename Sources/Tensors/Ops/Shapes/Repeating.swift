extension Tensor {
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
    let whole = Shape(zip(counts, Array(repeating: 1, count: lead) + Array(shape)).map { $0.saturatingTimes($1) })
    guard attempt({ () throws(TensorError) in try whole.check("tiled") }) != nil else { return .placeholder }
    // [n, m] repeated is [c, n, d, m] broadcast from [1, n, 1, m].
    var result = reshaped(Shape(Array(repeating: 1, count: lead) + Array(shape)))
    let sizes = Array(result.shape)
    if sizes.count + counts.count(where: { $0 != 1 }) <= Shape.maximumRank {
      let apart = zip(counts, sizes).flatMap { count, size in count == 1 ? [size] : [1, size] }
      let wide = zip(counts, sizes).flatMap { count, size in count == 1 ? [size] : [count, size] }
      return result.reshaped(Shape(apart)).expanded(Shape(wide)).reshaped(whole)
    }
    // Where that would be too many axes, one after the other.
    for (axis, count) in counts.enumerated() where count != 1 {
      let flat = Shape([result.shape[..<axis].reduce(1, *), 1, result.shape[axis...].reduce(1, *)])
      let shape = result.shape.replacing(axis, with: whole[axis])
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
    let whole = shape.replacing(axis, with: shape[axis].saturatingTimes(count))
    guard attempt({ () throws(TensorError) in try whole.check("repeated") }) != nil else { return .placeholder }
    let flat = Shape([shape[...axis].reduce(1, *), 1, shape[(axis + 1)...].reduce(1, *)])
    return reshaped(flat).expanded([flat[0], count, flat[2]]).reshaped(whole)
  }

  /// Each part along an axis as many times in a row as its element of `counts`, an integer vector, says.
  ///
  /// One count is for all. The result's shape follows from elements, so a run on shapes alone cannot tell it. Derivative: the sum of dy over
  /// each run. PyTorch: `repeat_interleave`.
  public func repeated(_ counts: Tensor, axis: Int) -> Tensor {
    guard let axis = attempt({ () throws(TensorError) in try self.axis(axis, "repeated") }) else { return .placeholder }
    let n = shape[axis]
    let counts = counts.integersOfLiteral
    guard counts.dtype.isInteger, counts.rank <= 1, counts.elementCount == n || counts.elementCount == 1 else {
      fail(
        TensorError(
          "repeated",
          "\(counts.dtype) counts of shape \(counts.shape) for axis \(axis) of \(shape); integers, one or \(n) of them, would fit"
        ))
      return .placeholder
    }
    if counts.isHollow {
      fail(TensorError("repeated", "how often the elements of \(shape) repeat is not known in a run on shapes alone"))
      return .placeholder
    }
    // Counts that are there are read in a run on shapes too.
    let numbers = dryRun(false) { counts.detached.cast(to: .int64).scalars(Int.self) }
    if Context.current.hasFailed { return .placeholder }
    if let wrong = numbers.first(where: { $0 < 0 }) {
      fail(TensorError("repeated", "\(wrong) times along axis \(axis) of \(shape); 0 or more would fit"))
      return .placeholder
    }
    if counts.elementCount == 1 { return repeated(numbers[0], axis: axis) }
    let total = numbers.reduce(0) { Swift.min($0, .max / 2) + Swift.min($1, .max / 4) }
    let possible: Void? = attempt { () throws(TensorError) in
      try shape.replacing(axis, with: total).check("repeated")
      try checkList(total, of: 16, "repeated", "the positions of \(total) elements")
    }
    if possible == nil { return .placeholder }
    return take(Tensor(zip(0..., numbers).flatMap { Array(repeating: $0, count: $1) }), axis: axis)
  }
}
