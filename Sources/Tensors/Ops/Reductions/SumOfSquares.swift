import CKernels

extension Tensor {
  /// Σx² over all elements, added up in double precision: what the norms of whole models are made of.
  ///
  /// The order depends on the number of elements alone, and not on the number of threads.
  package var sumOfSquares: Double {
    if dtype.isComplex { return real.sumOfSquares + imag.sumOfSquares }
    if !dtype.isSingleOrDouble { return cast(to: dtype.isHalf ? .float32 : .float64).sumOfSquares }
    if isPlaceholder { return 0 }
    let (count, size) = (elementCount, dtype.byteCount)
    var sum = 0.0
    profiled("sumOfSquares", bytes: count * size) {
      let squares = read { x -> Double? in
        let part = 1 << 15
        if count <= part { return fx_squares(dtype.code, count, x) }
        let parts = (count + part - 1) / part
        return attempt("sumOfSquares") { () throws(TensorError) in
          try withWorkingMemory(of: Double.self, count: parts) { partial in
            inParallel(parts, grain: 2) { range in
              for i in range { partial[i] = fx_squares(dtype.code, Swift.min(part, count - i * part), x + i * part * size) }
            }
            return (0..<parts).reduce(0) { $0 + partial[$1] }
          }
        }
      }
      sum = (squares ?? 0) ?? 0
    }
    return sum
  }
}
