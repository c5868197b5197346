import CKernels

/// Matrix products by our own kernels, where the processor has AVX-512.
///
/// OpenBLAS chooses its kernels by the processor's name and falls back to AVX2 for one that it does not know, or is told to: half the speed
/// on the machine that `Guides/Measurements.md` tells of. Both operands are packed into panels, in stretches of `k` that fit the caches, and
/// blocks of the result are then summed up tile by tile. An element's sum is in the order of `k`, whatever the cuts.
enum PackedProduct {
  /// Whether a product is worth packing: not one of very few columns, nor one that is over before the panels are there.
  @inline(__always)
  static func suits(_ dtype: DType, _ m: Int, _ n: Int, _ k: Int) -> Bool {
    let work = m &* n &* k
    return n >= 8 && work >= smallest && work <= largest && columns(dtype) > 0
  }
  private static let smallest = 16 * 16 * 16
  #if DEBUG
    // Unoptimised, only what tests need is done by these kernels.
    static let largest = 2_000_000
  #else
    static let largest = Int.max
  #endif

  /// The columns of a panel of b; 0 without AVX-512.
  @inline(__always)
  static func columns(_ dtype: DType) -> Int { dtype == .float32 ? panelColumns.0 : panelColumns.1 }
  private static let panelColumns = fx_level_name(3) == nil
    ? (0, 0) : (Int(fx_product_columns(DType.float32.code)), Int(fx_product_columns(DType.float64.code)))
  static let rows = Int(fx_product_rows(DType.float32.code))

  /// How far a stretch of k reaches, 4 KB of a line at most: each stretch reads and writes the result once more, and the rows of a that
  /// are multiplied together still fit the second-level cache.
  static func depth(_ k: Int, _ dtype: DType) -> Int { k.divided(into: k.parts(of: 4096 / dtype.byteCount)) }
  /// Those rows: ten panels.
  private static let tallest = 140
  /// The columns of b that are packed at a time.
  private static let widest = 4096

  /// c = a·b, or += where `adds`, on this thread alone.
  static func serial(
    _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: BLAS.Operand, _ b: BLAS.Operand, adds: Bool, _ c: UnsafeMutableRawPointer, _ ldc: Int
  ) throws(TensorError) {
    let (size, depth, width) = (dtype.byteCount, depth(k, dtype), Swift.min(n, 1024))
    let columns = columns(dtype)
    let bytes = (depth &* width.rounded(to: columns) &+ depth &* Swift.min(m, tallest).rounded(to: rows)) &* size
    let packedB = try Context.current.panels(bytes)
    let packedA = packedB + depth &* width.rounded(to: columns) &* size
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

  /// The same, shared among threads.
  static func shared(
    _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: BLAS.Operand, _ b: BLAS.Operand, adds: Bool, _ c: UnsafeMutableRawPointer, _ ldc: Int
  ) throws(TensorError) {
    let (size, columns, depth) = (dtype.byteCount, columns(dtype), depth(k, dtype))
    let width = n.divided(into: n.parts(of: widest)).rounded(to: columns)
    let packedA = try Tensor(uninitialized: [depth * m.rounded(to: rows)], dtype)
    let packedB = try Tensor(uninitialized: [depth * width], dtype)
    for j in stride(from: 0, to: n, by: width) {
      let width = Swift.min(width, n - j)
      for p in stride(from: 0, to: k, by: depth) {
        let depth = Swift.min(depth, k - p)
        pack(dtype, a, b, m, j, width, p, depth, packedA.pointer, packedB.pointer)
        // Blocks of the result, some thirty of them, so that no thread waits long for the last one of another.
        let bands = m.parts(of: tallest)
        let height = m.divided(into: bands).rounded(to: rows)
        let strips = Swift.max(1, Swift.min(width.parts(of: 2 * columns), 32.parts(of: bands)))
        let strip = width.divided(into: strips).rounded(to: columns)
        let (above, across) = (m.parts(of: height), width.parts(of: strip))
        ThreadPool.shared.run(above * across) { part in
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

extension Int {
  /// The least multiple of `unit` that is not below it.
  func rounded(to unit: Int) -> Int { (self + unit - 1) / unit * unit }
  /// How many parts of a size it takes.
  func parts(of size: Int) -> Int { (self + size - 1) / size }
  /// The size of each of so many parts, the last one at most as large.
  func divided(into parts: Int) -> Int { (self + parts - 1) / parts }
}
