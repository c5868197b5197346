import CKernels

/// Products whose right operand stays in the caches: read where it lies, without panels.
enum DirectProduct {
  /// c = a·b, or += where `adds`, in parts that threads share: of rows, or of columns.
  static func shared(
    _ plan: ProductPlan, _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: BLAS.Operand, _ b: BLAS.Operand, adds: Bool,
    _ c: UnsafeMutableRawPointer, _ ldc: Int
  ) {
    let (size, parts) = (dtype.byteCount, plan.parts)
    let unit = plan.cutsColumns ? ProductPlan.columns(size) : 8
    let (length, blocks) = plan.cutsColumns ? (n, n.parts(of: unit)) : (m, m.parts(of: unit))
    ThreadPool.shared.run(parts) { part in
      let (from, to) = (blocks * part / parts * unit, Swift.min(length, blocks * (part + 1) / parts * unit))
      if plan.cutsColumns {
        products(dtype, 1, m, to - from, k, a, 0, b.advanced(columns: from, size), 0, adds: adds, c + from * size, 0, ldc)
      } else {
        products(dtype, 1, to - from, n, k, a.advanced(rows: from, size), 0, b, 0, adds: adds, c + from * ldc * size, 0, ldc)
      }
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
