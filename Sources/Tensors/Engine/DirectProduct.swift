import CKernels

/// Products whose right operand stays in the caches, where the processor has AVX-512: read where it lies, without panels.
enum DirectProduct {
  /// Whether there are kernels for it.
  @inline(__always)
  static func isThere(_ dtype: DType) -> Bool { PackedProduct.columns(dtype) > 0 }

  /// Whether a product should go this way: b is small, and the result wide enough for a vector, or all is over soon.
  @inline(__always)
  static func suits(_ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ b: BLAS.Operand) -> Bool {
    let work = m &* n &* k
    // A row or a column of some length is for the matrix-vector product.
    guard n >= 8 && m > 1 || work <= 256 || work <= 16384 && m > 1 && n > 1 else { return false }
    let reach = b.lead &* (b.isTransposed ? n : k)
    return reach &* dtype.byteCount <= 1 << 17 && work <= PackedProduct.largest && isThere(dtype)
  }

  /// c = a·b, or += where `adds`, rows shared among threads: eight of them are summed up together.
  static func shared(
    _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: BLAS.Operand, _ b: BLAS.Operand, adds: Bool, _ c: UnsafeMutableRawPointer, _ ldc: Int
  ) {
    let (size, blocks) = (dtype.byteCount, m.parts(of: 8))
    let parts = Swift.max(1, Swift.min(16, blocks, 2 * m * n * k / 600_000))
    ThreadPool.shared.run(parts) { part in
      let (from, to) = (blocks * part / parts * 8, Swift.min(m, blocks * (part + 1) / parts * 8))
      var rows = a
      rows.pointer += from * a.steps.row * size
      products(dtype, 1, to - from, n, k, rows, 0, b, 0, adds: adds, c + from * ldc * size, 0, ldc)
    }
  }

  /// c = a·b, or += where `adds`, for `count` products so many elements apart, on this thread.
  @inline(__always)
  static func products(
    _ dtype: DType, _ count: Int, _ m: Int, _ n: Int, _ k: Int, _ a: BLAS.Operand, _ stepA: Int, _ b: BLAS.Operand, _ stepB: Int,
    adds: Bool,
    _ c: UnsafeMutableRawPointer, _ stepC: Int, _ ldc: Int
  ) {
    let ((aRow, aColumn), (bRow, bColumn)) = (a.steps, b.steps)
    fx_product_direct(
      dtype.code, count, m, n, k, a.pointer, stepA, aRow, aColumn, b.pointer, stepB, bRow, bColumn, adds ? 1 : 0, c, stepC, ldc)
  }
}
