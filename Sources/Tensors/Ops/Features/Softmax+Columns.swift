import CKernels

// Along an axis that is not the last, without turning the tensor round: strips of columns, see softmax.c.

private let stripWidth = Int(FX_SOFTMAX_STRIP)

extension Softmax {
  /// Of elements that lie in order.
  func ofColumns(_ x: Tensor) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: x.shape, x.dtype)
    let (_, n, inner) = x.around(axis)
    try x.forStrips(axis, arrays: 1) { strips, memory in
      fx_softmax_columns(
        x.dtype.code, isLogarithmic ? 1 : 0, n, inner, strips.lowerBound, strips.upperBound, x.pointer, y.pointer, memory)
    }
    return y
  }
}

extension SoftmaxGradient {
  /// Of elements that lie in order.
  func ofColumns(_ y: Tensor, _ dy: Tensor) throws(TensorError) -> Tensor {
    let dx = try Tensor(uninitialized: y.shape, y.dtype)
    let (_, n, inner) = y.around(axis)
    try y.forStrips(axis, arrays: 2) { strips, memory in
      fx_softmax_columns_backward(
        y.dtype.code, isLogarithmic ? 1 : 0, n, inner, strips.lowerBound, strips.upperBound, y.pointer, dy.pointer, dx.pointer, memory)
    }
    return dx
  }
}

extension LogSumExp {
  /// Of elements that lie in order.
  func ofColumns(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, x.dtype)
    let (_, n, inner) = x.around(axis)
    try x.forStrips(axis, arrays: 1) { strips, memory in
      fx_logsumexp_columns(x.dtype.code, n, inner, strips.lowerBound, strips.upperBound, x.pointer, y.pointer, memory)
    }
    return y
  }
}

extension Tensor {
  /// Whether columns along the axis are many enough for a vector, and so short that a strip of them stays in a second-level cache.
  func suitsStrips(_ axis: Int) -> Bool {
    guard isContiguous, dtype.isSingleOrDouble, axis < rank - 1, hasElements else { return false }
    let (_, n, inner) = around(axis)
    return inner >= 16 && n > 1 && n * stripWidth * dtype.byteCount <= 1 << 20
  }

  /// This as [outer, n, inner] with the given neighbouring axes as one; nil if there are others between them, or none.
  func columns(alongAll axes: [Int]) -> Tensor? {
    guard isContiguous, let first = axes.first, let last = axes.last, last - first == axes.count - 1 else { return nil }
    func count(_ range: Range<Int>) -> Int { range.reduce(1) { $0 * shape[$1] } }
    return reshaped([count(0..<first), count(first..<last + 1), count(last + 1..<rank)])
  }

  /// Calls `body` with ranges of the strips of all arrays along the axis and memory for `arrays` strips, in parallel where that pays.
  fileprivate func forStrips(_ axis: Int, arrays: Int, _ body: (Range<Int>, UnsafeMutableRawPointer) -> Void) throws(TensorError) {
    let (outer, n, inner) = around(axis)
    let each = (inner + stripWidth - 1) / stripWidth
    try parallel(outer * each, grain: Swift.max(1, Blocks.grain / 4 / (n * Swift.min(inner, stripWidth)))) { (strips) throws(TensorError) in
      try body(strips, Context.current.scratch(arrays * n * stripWidth * dtype.byteCount))
    }
  }
}
