import CKernels

/// Matrix products of some size, of operands that are packed into panels.
///
/// Both are packed in stretches of `k` that fit the caches, and blocks of the result are then summed up tile by tile. An element's sum is in
/// the order of `k`, whatever the cuts.
enum PackedProduct {
  /// The rows of a panel of a, and the columns of one of b.
  static let rows = Int(fx_product_rows(DType.float32.code))
  @inline(__always)
  static func columns(_ dtype: DType) -> Int { dtype == .float32 ? panelColumns.0 : panelColumns.1 }
  private static let panelColumns = (Int(fx_product_columns(DType.float32.code)), Int(fx_product_columns(DType.float64.code)))

  /// c = a·b, or += where `adds`, on this thread alone.
  static func serial(
    _ blocking: ProductPlan.Blocking, _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: BLAS.Operand, _ b: BLAS.Operand, adds: Bool,
    _ c: UnsafeMutableRawPointer, _ ldc: Int
  ) throws(TensorError) {
    // Every thread has panels of its own, and keeps them.
    let (size, depth, tallest, width) = (dtype.byteCount, blocking.depth, blocking.tallest, Swift.min(blocking.widest, 1024))
    let bytes = depth &* (width.rounded(to: columns(dtype)) &+ tallest) &* size
    let packedB = try Context.current.panels(bytes)
    let packedA = packedB + depth &* width.rounded(to: columns(dtype)) &* size
    for j in stride(from: 0, to: n, by: width) {
      let width = Swift.min(width, n - j)
      for p in stride(from: 0, to: k, by: depth) {
        let depth = Swift.min(depth, k - p)
        b.packColumns(dtype, j, width, p, depth, packedB)
        for i in stride(from: 0, to: m, by: tallest) {
          let height = Swift.min(tallest, m - i)
          a.packRows(dtype, i, height, p, depth, packedA)
          fx_product_tiles(dtype.code, height, width, depth, packedA, packedB, adds || p > 0 ? 1 : 0, c + (i * ldc + j) * size, ldc)
        }
      }
    }
  }

  /// The same, shared among threads in blocks of the result: `parts` of them or so, so that no thread waits long for the last one of another.
  static func shared(
    _ blocking: ProductPlan.Blocking, parts: Int, _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: BLAS.Operand, _ b: BLAS.Operand,
    adds: Bool, _ c: UnsafeMutableRawPointer, _ ldc: Int
  ) throws(TensorError) {
    let (size, columns, depth, width) = (dtype.byteCount, columns(dtype), blocking.depth, blocking.widest)
    let packedA = try Tensor(uninitialized: [depth * m.rounded(to: rows)], dtype)
    let packedB = try Tensor(uninitialized: [depth * width], dtype)
    for j in stride(from: 0, to: n, by: width) {
      let width = Swift.min(width, n - j)
      for p in stride(from: 0, to: k, by: depth) {
        let depth = Swift.min(depth, k - p)
        pack(dtype, a, b, m, j, width, p, depth, packedA.pointer, packedB.pointer)
        let height = blocking.tallest
        let bands = m.parts(of: height)
        let strips = Swift.max(1, Swift.min(width.parts(of: 2 * columns), parts.parts(of: bands)))
        let strip = width.divided(into: strips).rounded(to: columns)
        let across = width.parts(of: strip)
        ThreadPool.shared.run(bands * across) { part in
          let (i, q) = (part / across * height, part % across * strip)
          fx_product_tiles(
            dtype.code, Swift.min(height, m - i), Swift.min(strip, width - q), depth, packedA.pointer + i * depth * size,
            packedB.pointer + q * depth * size, adds || p > 0 ? 1 : 0, c + (i * ldc + j + q) * size, ldc)
        }
      }
    }
    withExtendedLifetime((packedA, packedB)) {}
  }

  /// Packs all rows of a and some columns of b, over a stretch of k.
  private static func pack(
    _ dtype: DType, _ a: BLAS.Operand, _ b: BLAS.Operand, _ m: Int, _ j: Int, _ width: Int, _ p: Int, _ depth: Int,
    _ packedA: UnsafeMutableRawPointer, _ packedB: UnsafeMutableRawPointer
  ) {
    let size = dtype.byteCount
    // Some 64 KB a part.
    let lines = Swift.max(1, 16384 / depth)
    let (tall, wide) = (lines.rounded(to: rows), lines.rounded(to: columns(dtype)))
    let (above, across) = (m.parts(of: tall), width.parts(of: wide))
    ThreadPool.shared.run(above + across) { part in
      if part < above {
        let i = part * tall
        a.packRows(dtype, i, Swift.min(tall, m - i), p, depth, packedA + i * depth * size)
      } else {
        let q = (part - above) * wide
        b.packColumns(dtype, j + q, Swift.min(wide, width - q), p, depth, packedB + q * depth * size)
      }
    }
  }
}

extension BLAS.Operand {
  /// Rows from `i` on of a stretch of columns, as panels of rows.
  func packRows(_ dtype: DType, _ i: Int, _ count: Int, _ p: Int, _ depth: Int, _ out: UnsafeMutableRawPointer) {
    let (across, along) = steps
    fx_product_pack(dtype.code, 1, count, depth, pointer + (i * across + p * along) * dtype.byteCount, across, along, out)
  }

  /// Columns from `j` on of a stretch of rows, as panels of columns.
  func packColumns(_ dtype: DType, _ j: Int, _ count: Int, _ p: Int, _ depth: Int, _ out: UnsafeMutableRawPointer) {
    let (along, across) = steps
    fx_product_pack(dtype.code, 0, count, depth, pointer + (j * across + p * along) * dtype.byteCount, across, along, out)
  }
}
