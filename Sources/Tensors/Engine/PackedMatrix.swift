import CKernels

/// The right operand [k, n] of many products with few rows, packed once: a recurrence's weight, which every step is multiplied with.
///
/// An element's sum is in the order of `k`, in stretches that depend on `k` alone: no row's bits depend on how many rows there are.
struct PackedMatrix {
  private let dtype: DType
  private let (k, n): (Int, Int)
  private let operand: BLAS.Operand
  private let panels: Tensor?
  /// The same in 16 bits, where the kernel that it is for rounds factors.
  private let halves: Bfloat16Product.Panels?
  private let depth: Int

  /// - Parameters:
  ///   - rows: How many rows the largest product has.
  ///   - uses: How many products there will be.
  ///   - depth: How far a stretch of k reaches, if it is not that of packed products.
  init(
    _ b: BLAS.Operand, _ dtype: DType, _ k: Int, _ n: Int, rows: Int, uses: Int, depth given: Int? = nil
  ) throws(TensorError) {
    (self.dtype, self.k, self.n, operand) = (dtype, k, n, b)
    depth = Swift.min(k, given ?? ProductPlan.depth(k, dtype))
    let columns = PackedProduct.columns(dtype)
    // Packing costs about as much as multiplying two rows.
    guard n >= 8, uses >= 4, rows * k * n >= 4096, rows * k * n <= ProductPlan.largest else {
      (panels, halves) = (nil, nil)
      return
    }
    if dtype == .float32 && Context.current.roundsProducts {
      (panels, halves) = (nil, try Bfloat16Product.Panels(Bfloat16Product.Side(b, dtype), rows: false, n, k, isShared: true))
      return
    }
    halves = nil
    let width = n.rounded(to: columns)
    let panels = try Tensor(uninitialized: [k * width], dtype)
    let strips = Swift.max(1, Swift.min(n.parts(of: columns), k * n / 32768))
    ThreadPool.shared.run(strips) { [depth] strip in
      let (from, to) = (width / columns * strip / strips * columns, Swift.min(n, width / columns * (strip + 1) / strips * columns))
      for p in stride(from: 0, to: k, by: depth) {
        let depth = Swift.min(depth, k - p)
        b.packColumns(dtype, from, to - from, p, depth, panels.pointer + (p * width + from * depth) * dtype.byteCount)
      }
    }
    self.panels = panels
  }

  /// Whether the rows may be cut anyhow.
  var isPacked: Bool { panels != nil || halves != nil }

  /// The elements that products of up to so many rows want as `scratch`: no group but the last two has fewer than 8 rows, or than a tile has.
  func scratchCount(rows: Int) -> Int {
    if let halves { return halves.scratchBytes(rows) / dtype.byteCount }
    return (rows.parts(of: Swift.min(PackedProduct.rows, 8)) + 1) * PackedProduct.rows * depth
  }

  /// c = a·b, or += where `adds`, on this thread: a [rows, k] by its step, c by `ldc`.
  func product(
    _ rows: Int, _ a: UnsafeMutableRawPointer, _ lead: Int, adds: Bool, _ c: UnsafeMutableRawPointer, _ ldc: Int,
    scratch: UnsafeMutableRawPointer
  ) throws(TensorError) {
    let left = BLAS.Operand(pointer: a, isTransposed: false, lead: lead)
    if let halves { return halves.strip(Bfloat16Product.Side(left, dtype), 0, rows, adds: adds, c, ldc, scratch) }
    guard let panels else { return try BLAS.gemm(dtype, rows, n, k, left, operand, adds: adds, c, ldc) }
    product(panels, rows, left, 0..<n, adds: adds, c, ldc, scratch)
  }

  /// The same of a packed matrix, shared among threads; with `parts` 1 on this one.
  func shared(
    _ rows: Int, _ a: BLAS.Operand, parts: Int, adds: Bool, _ c: UnsafeMutableRawPointer, _ ldc: Int
  ) throws(TensorError) {
    guard let panels else { return try BLAS.gemm(dtype, rows, n, k, a, operand, adds: adds, c, ldc) }
    let (size, columns) = (dtype.byteCount, PackedProduct.columns(dtype))
    // Rows that are cut stay together in whole tiles; of few rows it is columns.
    let tile = 2 * PackedProduct.rows
    let (bands, strips) = (rows.parts(of: tile), n.parts(of: columns))
    let cutsRows = bands >= 4 || bands >= strips
    let (unit, blocks, length) = cutsRows ? (tile, bands, rows) : (columns, strips, n)
    // Each part of columns packs all rows for itself, which is little beside six strips of them.
    let parts = Swift.max(1, Swift.min(parts, cutsRows ? blocks : blocks.parts(of: 6)))
    try ThreadPool.shared.run(parts) { (part) throws(TensorError) in
      let (from, to) = (blocks * part / parts * unit, Swift.min(blocks * (part + 1) / parts * unit, length))
      // Every thread has some of its own, and keeps it.
      let scratch = try Context.current.panels(scratchCount(rows: cutsRows ? to - from : rows) * size)
      if cutsRows {
        product(panels, to - from, a.advanced(rows: from, size), 0..<n, adds: adds, c + from * ldc * size, ldc, scratch)
      } else {
        product(panels, rows, a, from..<to, adds: adds, c, ldc, scratch)
      }
    }
  }

  private func product(
    _ panels: Tensor, _ rows: Int, _ left: BLAS.Operand, _ range: Range<Int>, adds: Bool, _ c: UnsafeMutableRawPointer, _ ldc: Int,
    _ scratch: UnsafeMutableRawPointer
  ) {
    let (size, columns) = (dtype.byteCount, PackedProduct.columns(dtype))
    let width = n.rounded(to: columns)
    for p in stride(from: 0, to: k, by: depth) {
      let depth = Swift.min(depth, k - p)
      var (first, place) = (0, scratch)
      while first < rows {
        let count = Self.group(rows - first)
        left.packRows(dtype, first, count, p, depth, place)
        (first, place) = (first + count, place + PackedProduct.rows * depth * size)
      }
      for j in stride(from: range.lowerBound, to: range.upperBound, by: columns) {
        (first, place) = (0, scratch)
        while first < rows {
          let count = Self.group(rows - first)
          fx_product_tiles(
            dtype.code, count, Swift.min(columns, n - j), depth, place, panels.pointer + (p * width + j * depth) * size,
            adds || p > 0 ? 1 : 0, c + (first * ldc + j) * size, ldc)
          (first, place) = (first + count, place + PackedProduct.rows * depth * size)
        }
      }
    }
  }

  /// How many of the rows that are left make the next tile: tiles are of 14, 8 and 4 rows, of 8, 4 and 2 or of 6, 4 and 2, and what they are short
  /// of is computed in vain.
  private static func group(_ rest: Int) -> Int {
    switch (PackedProduct.rows, rest) {
    case (14, 13), (14, 14), (14, 17), (14, 18), (14, 21), (14, 22), (14, 25...): Swift.min(rest, PackedProduct.rows)
    case (14, _): Swift.min(rest, rest <= 4 ? 4 : 8)
    // Two rows alone would wait for their sums.
    case (6, 7), (6, 8): 4
    default: Swift.min(rest, PackedProduct.rows)
    }
  }
}
