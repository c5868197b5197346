/// Matrix products of complex numbers, by CBLAS.
enum ComplexProduct {
  /// y = a • b for matrices of equal batches, whose elements there are.
  static func fill(_ y: Tensor, _ a: Tensor, _ b: Tensor) throws(TensorError) {
    if y.dtype == .complex64 { try fill(y, a, b, Float.self) } else { try fill(y, a, b, Double.self) }
  }

  private static func fill<T: ComplexLAPACK>(_ y: Tensor, _ a: Tensor, _ b: Tensor, _ type: T.Type) throws(TensorError) {
    let (m, n, k) = (y.shape[-2], y.shape[-1], a.shape[-1])
    let (a, b) = try (a.forBLAS, b.forBLAS)
    // Read in a condition: an unused read of a lazy constant is dropped.
    guard let ma = a.matrix, let mb = b.matrix, BLAS.isReady else { return }
    let (left, right, out) = (ma.pointer.numbers(type), mb.pointer.numbers(type), y.pointer.numbers(type))
    // Rows in stripes of one size, so that nothing depends on the number of threads.
    let stripe = m * n * k > 1 << 18 ? 64 : m
    let stripes = (m + stripe - 1) / stripe
    try parallel(y.matrixCount * stripes, grain: Swift.max(1, 400_000 / (stripe * n * k + 500))) { (range) throws(TensorError) in
      for i in range {
        let (matrix, first) = (i / stripes, i % stripes * stripe)
        let step = ma.isTransposed ? 1 : ma.lead
        T.cgemm(
          Int32(Swift.min(stripe, m - first)), Int32(n), Int32(k), left + 2 * (a.batchOffset(matrix) + first * step), Int32(ma.lead),
          ma.isTransposed, right + 2 * b.batchOffset(matrix), Int32(mb.lead), mb.isTransposed, out + 2 * (matrix * m + first) * n, Int32(n))
      }
    }
    withExtendedLifetime((a, b)) {}
  }
}

extension UnsafeMutableRawPointer {
  /// As numbers of which two are a complex one.
  func numbers<T>(_ type: T.Type) -> UnsafeMutablePointer<T> { assumingMemoryBound(to: type) }
}

extension MatMul: ComplexForm {
  func onComplex(_ x: Pair) throws(TensorError) -> Tensor? { nil }
}

extension Linear: ComplexForm {
  func onComplex(_ x: Triple) throws(TensorError) -> Tensor? {
    try checkOneDType(x.a, x.b, x.c)
    if x.b.rank != 2 || x.c.rank != 1 || x.c.shape[0] != x.b.shape[0] || x.a.rank != 2 || x.a.shape[1] != x.b.shape[1] {
      throw mistake("\(x.a.shape) for a weight of shape \(x.b.shape) and a bias of \(x.c.shape); the last axis and the outputs must be equal")
    }
    return (x.a • x.b.transposed()) + x.c
  }
}

extension Tensor {
  /// The matrices' conjugate transposes, [..., n, m] of [..., m, n]; of real ones the transposes.
  ///
  /// Derivative: the conjugate transpose of dy. PyTorch: `adjoint`, `mH`.
  public func adjoint() -> Tensor { transposed().conjugate() }
}
