import CKernels
import COpenBLAS

/// CBLAS as Fluxion uses it: on one thread, large products cut by us, so that its threads and ours never compete.
enum BLAS {
  /// Done once, before the first product.
  static let isReady: Bool = {
    #if !os(Linux)
      // On Linux a constructor has done so, see blas.c; asked again, OpenBLAS would start its threads.
      openblas_set_num_threads(1)
    #endif
    return true
  }()

  /// How a matrix lies in memory: rows one after the other, or columns.
  struct Operand {
    var pointer: UnsafeMutableRawPointer
    var isTransposed: Bool
    /// Elements from one row (or, transposed, column) to the next.
    var lead: Int

    /// Elements from one row, and from one column, to the next.
    @inline(__always)
    var steps: (row: Int, column: Int) { isTransposed ? (1, lead) : (lead, 1) }

    /// The matrix with rows and columns exchanged.
    var flipped: Operand { Operand(pointer: pointer, isTransposed: !isTransposed, lead: lead) }
  }

  /// c = a·b, or += where `adds`, with a [m, k], b [k, n], c [m, n] row-major with `ldc`; float32 or float64.
  @inline(__always)
  static func gemm(
    _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: Operand, _ b: Operand, adds: Bool, _ c: UnsafeMutableRawPointer, _ ldc: Int
  ) throws(TensorError) {
    if DirectProduct.suits(dtype, m, n, k, b) { return DirectProduct.products(dtype, 1, m, n, k, a, 0, b, 0, adds: adds, c, 0, ldc) }
    if m &* n &* k <= 256 {
      let ((aRow, aColumn), (bRow, bColumn)) = (a.steps, b.steps)
      return fx_matmul_small(dtype.code, m, n, k, a.pointer, aRow, aColumn, b.pointer, bRow, bColumn, adds ? 1 : 0, c, ldc)
    }
    if isLong(dtype, m, n, k) {
      return try inChunks(m, n, k, a, b, adds, c, ldc) { (k, a, b, c) throws(TensorError) in
        try chunk(dtype, m, n, k, a, b, c)
      }
    }
    // A row or a column takes the matrix-vector product, up to eight times as fast as OpenBLAS's general one.
    if m == 1 { return gemv(dtype, n, k, b.flipped, a.pointer, a.steps.column, adds, c, 1) }
    if n == 1 { return gemv(dtype, m, k, a, b.pointer, b.steps.row, adds, c, ldc) }
    if PackedProduct.suits(dtype, m, n, k) { return try PackedProduct.serial(dtype, m, n, k, a, b, adds: adds, c, ldc) }
    let ta = a.isTransposed ? CblasTrans : CblasNoTrans
    let tb = b.isTransposed ? CblasTrans : CblasNoTrans
    let (m, n, k, ldc) = (Int32(m), Int32(n), Int32(k), Int32(ldc))
    if dtype == .float32 {
      let (pa, pb, pc) = (
        a.pointer.assumingMemoryBound(to: Float.self), b.pointer.assumingMemoryBound(to: Float.self), c.assumingMemoryBound(to: Float.self)
      )
      cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, 1, pa, Int32(a.lead), pb, Int32(b.lead), adds ? 1 : 0, pc, ldc)
    } else {
      let (pa, pb, pc) = (
        a.pointer.assumingMemoryBound(to: Double.self), b.pointer.assumingMemoryBound(to: Double.self),
        c.assumingMemoryBound(to: Double.self)
      )
      cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, 1, pa, Int32(a.lead), pb, Int32(b.lead), adds ? 1 : 0, pc, ldc)
    }
  }

  /// Whether a float32 product sums up so many terms that their rounding would count: those with a vector in longer chains than tiles and panels.
  @inline(__always)
  private static func isLong(_ dtype: DType, _ m: Int, _ n: Int, _ k: Int) -> Bool {
    k > DoubleAccumulator.chunk && dtype == .float32 && (m == 1 || n == 1 || k > 4 * DoubleAccumulator.chunk)
  }

  @inline(never)
  private static func chunk(
    _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: Operand, _ b: Operand, _ c: UnsafeMutableRawPointer
  ) throws(TensorError) { try gemm(dtype, m, n, k, a, b, adds: false, c, n) }

  /// A float32 product over a long k, a chunk of it at a time.
  @inline(never)
  private static func inChunks(
    _ m: Int, _ n: Int, _ k: Int, _ a: Operand, _ b: Operand, _ adds: Bool, _ c: UnsafeMutableRawPointer, _ ldc: Int,
    _ product: (_ k: Int, _ a: Operand, _ b: Operand, _ c: UnsafeMutableRawPointer) throws(TensorError) -> Void
  ) throws(TensorError) {
    // CBLAS's products with a vector add up in fewer lanes.
    let chunk = m == 1 || n == 1 ? DoubleAccumulator.chunk / 4 : 4 * DoubleAccumulator.chunk
    let (sums, totals) = try (Tensor(uninitialized: [m * n], .float32), DoubleAccumulator(m * n))
    for from in stride(from: 0, to: k, by: chunk) {
      var (rows, columns) = (a, b)
      rows.pointer += from * a.steps.column * DType.float32.byteCount
      columns.pointer += from * b.steps.row * DType.float32.byteCount
      try product(Swift.min(chunk, k - from), rows, columns, sums.pointer)
      totals.add(sums.pointer)
    }
    totals.write(to: c, rows: m, lead: ldc, adds: adds)
    withExtendedLifetime(sums) {}
  }

  /// y = a·x, or += where `adds`, with a [rows, columns]; x and y by their steps.
  private static func gemv(
    _ dtype: DType, _ rows: Int, _ columns: Int, _ a: Operand, _ x: UnsafeMutableRawPointer, _ stepX: Int, _ adds: Bool,
    _ y: UnsafeMutableRawPointer, _ stepY: Int
  ) {
    let transposition = a.isTransposed ? CblasTrans : CblasNoTrans
    // CBLAS names the matrix as it is stored.
    let (stored, storedColumns) = a.isTransposed ? (Int32(columns), Int32(rows)) : (Int32(rows), Int32(columns))
    let (lead, stepX, stepY) = (Int32(a.lead), Int32(stepX), Int32(stepY))
    if dtype == .float32 {
      let (a, x, y) = (
        a.pointer.assumingMemoryBound(to: Float.self), x.assumingMemoryBound(to: Float.self), y.assumingMemoryBound(to: Float.self)
      )
      cblas_sgemv(CblasRowMajor, transposition, stored, storedColumns, 1, a, lead, x, stepX, adds ? 1 : 0, y, stepY)
    } else {
      let (a, x, y) = (
        a.pointer.assumingMemoryBound(to: Double.self), x.assumingMemoryBound(to: Double.self), y.assumingMemoryBound(to: Double.self)
      )
      cblas_dgemv(CblasRowMajor, transposition, stored, storedColumns, 1, a, lead, x, stepX, adds ? 1 : 0, y, stepY)
    }
  }

  /// Whether a product of [m, k] and [k, n] is of sizes that CBLAS can be told and a result that can exist, beyond doubt.
  @inline(__always)
  static func fits(_ m: Int, _ n: Int, _ k: Int) -> Bool { m | n | k < 1 << 31 && m &* n < 1 << 32 }

  /// That a product's result can exist, and that CBLAS, which counts in 32 bits, can be told its sizes.
  ///
  /// - Parameter operands: What is multiplied, for the mistake.
  @inline(__always)
  static func check(_ shape: Shape, inner: Int, _ operands: () -> String) throws(TensorError) {
    let (m, n) = (shape.rank > 1 ? shape[-2] : 1, shape[-1])
    if fits(m, n, inner) { return }
    do { try shape.check("") } catch { throw mistake("\(operands()): a result of \(error.message)") }
    if m | n | inner >= 1 << 31 { throw mistake("\(operands()): sizes up to \(Int32.max) would fit") }
  }

  /// The same, shared among threads where it is large: stretches of rows or of columns, whichever are more.
  ///
  /// OpenBLAS sums an element in another order where it stands at a block's edge, so the cuts follow from the shape and not from the number
  /// of threads: one thread does the same parts one after the other, and gets the same bits.
  static func product(
    _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: Operand, _ b: Operand, adds: Bool, _ c: UnsafeMutableRawPointer, _ ldc: Int
  ) throws(TensorError) {
    // Read in a condition: an unused read of a lazy constant is dropped, and its initialiser with it.
    guard isReady else { return }
    if k == 1 && !adds && ldc == n {
      if b.steps.column == 1 || n == 1 {
        let step = a.steps.row
        return parallel(m, grain: Blocks.grain / n) { rows in
          fx_outer(
            dtype.code, rows.count, n, a.pointer + rows.lowerBound * step * dtype.byteCount, step, b.pointer,
            c + rows.lowerBound * n * dtype.byteCount)
        }
      }
    }
    if m == 1 && n == 1 && k >= 1 << 16 && !a.isTransposed && (b.isTransposed || b.lead == 1) {
      return try dot(dtype, k, a.pointer, b.pointer, adds, c)
    }
    if ThinProduct.suits(dtype, m, n, k) && !DirectProduct.suits(dtype, m, n, k, b) {
      return try ThinProduct.product(dtype, m, n, k, a, b, adds: adds, c, ldc)
    }
    if m > 1 && n > 1 && isLong(dtype, m, n, k) {
      return try inChunks(m, n, k, a, b, adds, c, ldc) { (k, a, b, c) throws(TensorError) in
        try product(dtype, m, n, k, a, b, adds: false, c, n)
      }
    }
    let length = max(m, n)
    // A product with a vector waits for the matrix: sharing it pays as soon as that fills much of a core's second-level cache.
    let isVector = min(m, n) == 1
    let isLarge = 2 * m * n * k >= (isVector ? 1 << 17 : 1_200_000)
    if isLarge && DirectProduct.suits(dtype, m, n, k, b) { return DirectProduct.shared(dtype, m, n, k, a, b, adds: adds, c, ldc) }
    if isLarge && !isVector && PackedProduct.suits(dtype, m, n, k) {
      return try PackedProduct.shared(dtype, m, n, k, a, b, adds: adds, c, ldc)
    }
    if !isLarge || length < 2 * width { return try gemm(dtype, m, n, k, a, b, adds: adds, c, ldc) }
    var parts = 2
    // Each part packs the other operand anew: no part below 256 rows or columns, but for a second thread.
    while length / parts >= 512 && parts < 16 { parts *= 2 }
    let size = dtype.byteCount
    let byRows = m >= n
    let blocks = (length + width - 1) / width
    try ThreadPool.shared.run(parts) { (part) throws(TensorError) in
      let from = blocks * part / parts * width
      let to = Swift.min(blocks * (part + 1) / parts * width, length)
      if byRows {
        var rows = a
        rows.pointer += from * a.steps.row * size
        try gemm(dtype, to - from, n, k, rows, b, adds: adds, c + from * ldc * size, ldc)
      } else {
        var columns = b
        columns.pointer += from * b.steps.column * size
        try gemm(dtype, m, to - from, k, a, columns, adds: adds, c + from * size, ldc)
      }
    }
  }
  /// c = Σ a·b of long contiguous vectors, in parts of one size that are added up in order.
  private static func dot(
    _ dtype: DType, _ n: Int, _ a: UnsafeMutableRawPointer, _ b: UnsafeMutableRawPointer, _ adds: Bool, _ c: UnsafeMutableRawPointer
  ) throws(TensorError) {
    let part = 1 << 15
    let count = (n + part - 1) / part
    try withWorkingMemory(of: Double.self, count: count) { sums in
      parallel(count, grain: 2) { range in
        for i in range {
          let (at, length) = (i * part, Int32(Swift.min(part, n - i * part)))
          if dtype == .float32 {
            sums[i] = Double(
              cblas_sdot(length, a.assumingMemoryBound(to: Float.self) + at, 1, b.assumingMemoryBound(to: Float.self) + at, 1))
          } else {
            sums[i] = cblas_ddot(length, a.assumingMemoryBound(to: Double.self) + at, 1, b.assumingMemoryBound(to: Double.self) + at, 1)
          }
        }
      }
      let sum = (0..<count).reduce(0) { $0 + sums[$1] }
      if dtype == .float32 {
        let y = c.assumingMemoryBound(to: Float.self)
        y.pointee = (adds ? y.pointee : 0) + Float(sum)
      } else {
        let y = c.assumingMemoryBound(to: Double.self)
        y.pointee = (adds ? y.pointee : 0) + sum
      }
    }
  }
  /// A multiple of what the kernels of OpenBLAS take at a time.
  private static let width = 16
}
