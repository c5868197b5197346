extension Reduce: ComplexForm {
  func onComplex(_ x: Tensor) throws(TensorError) -> Tensor? {
    let axes = try x.axes(axes, name)
    switch kind {
    case .sum, .mean:
      if x.rank == 0 { return x }
      let reduce = Reduce(kind: kind, axes: axes, keepDims: keepDims)
      // One pass over pairs, whose axis stays.
      return x.rank < Shape.maximumRank ? reduce(x.viewAsReal()).viewAsComplex() : x.onParts { reduce($0) }
    case .product: return x.complexProduct(axes, keepDims)
    case .any, .all: return self(x.cast(to: .bool))
    case .maximum, .minimum, .argmax, .argmin: throw mistake("complex numbers have no order; abs(_:) or .real has a \(name)")
    }
  }
}

extension Tensor {
  /// The product over axes, by halves: each of log n steps multiplies two halves of what is left.
  fileprivate func complexProduct(_ axes: [Int], _ keepDims: Bool) -> Tensor {
    let kept = (0..<rank).filter { !axes.contains($0) }
    let shape = keepDims ? Shape((0..<rank).map { axes.contains($0) ? 1 : self.shape[$0] }) : Shape(kept.map { self.shape[$0] })
    let n = axes.reduce(1) { $0 * self.shape[$1] }
    if n == 0 { return .ones(shape, dtype) }
    var x = permuted(kept + axes).reshaped([Shape(kept.map { self.shape[$0] }).elementCount, n])
    while x.shape.rank == 2, x.shape[1] > 1, !Context.current.hasFailed {
      let half = x.shape[1] / 2
      let product = x[0..., 0..<half] * x[0..., half..<2 * half]
      x = x.shape[1] % 2 == 0 ? product : concatenate([product, x[0..., (2 * half)...]], axis: 1)
    }
    return x.reshaped(shape)
  }
}
