import CKernels
import COpenBLAS

/// Matrix products, as ``ProductPlan`` has them done; and CBLAS as Fluxion uses it: on one thread, large products cut by us, so that its threads
/// and ours never compete.
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

    @inline(__always)
    init(pointer: UnsafeMutableRawPointer, isTransposed: Bool, lead: Int) {
      (self.pointer, self.isTransposed, self.lead) = (pointer, isTransposed, lead)
    }

    @inline(__always)
    init(pointer: UnsafeMutableRawPointer, _ layout: ProductPlan.Layout) {
      self.init(pointer: pointer, isTransposed: layout.isTransposed, lead: layout.lead)
    }

    /// Elements from one row, and from one column, to the next.
    @inline(__always)
    var steps: (row: Int, column: Int) { isTransposed ? (1, lead) : (lead, 1) }

    @inline(__always)
    var layout: ProductPlan.Layout { ProductPlan.Layout(isTransposed: isTransposed, lead: lead) }

    /// The matrix from a row on, or from a column on, of elements of so many bytes.
    func advanced(rows: Int = 0, columns: Int = 0, _ size: Int) -> Operand {
      var result = self
      result.pointer += (rows * steps.row + columns * steps.column) * size
      return result
    }

    /// A matrix so many elements further on.
    @inline(__always)
    func advanced(elements: Int, _ size: Int) -> Operand {
      Operand(pointer: pointer + elements * size, isTransposed: isTransposed, lead: lead)
    }

    /// The matrix with rows and columns exchanged.
    var flipped: Operand { Operand(pointer: pointer, isTransposed: !isTransposed, lead: lead) }
  }

  /// c = a·b, or += where `adds`, with a [m, k], b [k, n], c [m, n] row-major with `ldc`; float32 or float64.
  ///
  /// Shared among threads where it is large.
  @inline(__always)
  static func product(
    _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: Operand, _ b: Operand, adds: Bool, _ c: UnsafeMutableRawPointer, _ ldc: Int
  ) throws(TensorError) {
    if ProductPrecision.isUsed.load(ordering: .relaxed), try rounds(dtype, m, n, k, a, b, adds: adds, c, ldc, isShared: true) { return }
    try run(plan(dtype, m, n, k, a.layout, b.layout, adds: adds, ldc, threads: 2), dtype, m, n, k, a, b, adds: adds, c, ldc)
  }

  /// The same on this thread, beside others.
  @inline(__always)
  static func gemm(
    _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: Operand, _ b: Operand, adds: Bool, _ c: UnsafeMutableRawPointer, _ ldc: Int
  ) throws(TensorError) {
    if ProductPrecision.isUsed.load(ordering: .relaxed), try rounds(dtype, m, n, k, a, b, adds: adds, c, ldc, isShared: false) { return }
    try run(plan(dtype, m, n, k, a.layout, b.layout, adds: adds, ldc, threads: 1), dtype, m, n, k, a, b, adds: adds, c, ldc)
  }

  /// The same of factors that are rounded to bfloat16; false where they are not to be.
  @inline(never)
  private static func rounds(
    _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: Operand, _ b: Operand, adds: Bool, _ c: UnsafeMutableRawPointer, _ ldc: Int,
    isShared: Bool
  ) throws(TensorError) -> Bool {
    guard dtype == .float32, Context.current.roundsProducts else { return false }
    try Bfloat16Product.product(
      m, n, k, Bfloat16Product.Side(a, dtype), Bfloat16Product.Side(b, dtype), adds: adds, c, ldc, isShared: isShared)
    return true
  }

  @inline(__always)
  static func plan(
    _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: ProductPlan.Layout, _ b: ProductPlan.Layout, adds: Bool, _ ldc: Int, threads: Int
  ) -> ProductPlan {
    ProductPlan(
      dtype, m, n, k, a, b, adds: adds, lead: ldc, level: Processor.level, caches: Processor.caches, threads: threads)
  }

  @inline(__always)
  private static func run(
    _ plan: ProductPlan, _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: Operand, _ b: Operand, adds: Bool, _ c: UnsafeMutableRawPointer,
    _ ldc: Int
  ) throws(TensorError) {
    if plan.kernel == .direct && plan.parts == 1 {
      return DirectProduct.products(dtype, 1, m, n, k, a, 0, b, 0, adds: adds, c, 0, ldc)
    }
    try others(plan, dtype, m, n, k, a, b, adds: adds, c, ldc)
  }

  @inline(never)
  private static func others(
    _ plan: ProductPlan, _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: Operand, _ b: Operand, adds: Bool, _ c: UnsafeMutableRawPointer,
    _ ldc: Int
  ) throws(TensorError) {
    if let chunk = plan.chunk {
      var part = plan
      part.chunk = nil
      return try inChunks(chunk, m, n, k, a, b, adds, c, ldc) { (k, a, b, c) throws(TensorError) in
        if part.blocking != nil { part.blocking = ProductPlan.blocking(dtype, m, n, k, Processor.caches) }
        try others(part, dtype, m, n, k, a, b, adds: false, c, n)
      }
    }
    switch plan.kernel {
    case .outer: outer(dtype, m, n, a, b, c)
    case .dot: try dot(dtype, k, a.pointer, b.pointer, adds, c)
    case .dots, .sums: try ThinProduct.product(plan, dtype, m, n, k, a, b, adds: adds, c, ldc)
    case .direct: DirectProduct.shared(plan, dtype, m, n, k, a, b, adds: adds, c, ldc)
    case .packed:
      let blocking = plan.blocking ?? ProductPlan.blocking(dtype, m, n, k, Processor.caches)
      if plan.parts > 1 {
        try PackedProduct.shared(blocking, parts: plan.parts, dtype, m, n, k, a, b, adds: adds, c, ldc)
      } else {
        try PackedProduct.serial(blocking, dtype, m, n, k, a, b, adds: adds, c, ldc)
      }
    case .blas: stripes(plan, dtype, m, n, k, a, b, adds: adds, c, ldc)
    }
  }

  /// A product that asks for no memory, with a result whose rows are `n` elements apart.
  @inline(__always)
  static func run(
    _ plan: ProductPlan, _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: Operand, _ b: Operand, adds: Bool, _ c: UnsafeMutableRawPointer
  ) {
    do throws(TensorError) {
      try run(plan, dtype, m, n, k, a, b, adds: adds, c, n)
    } catch {
      stop("matmul: \(error)")
    }
  }

  private static func outer(_ dtype: DType, _ m: Int, _ n: Int, _ a: Operand, _ b: Operand, _ c: UnsafeMutableRawPointer) {
    let step = a.steps.row
    parallel(m, grain: Blocks.grain / n) { rows in
      fx_outer(
        dtype.code, rows.count, n, a.pointer + rows.lowerBound * step * dtype.byteCount, step, b.pointer,
        c + rows.lowerBound * n * dtype.byteCount)
    }
  }

  /// CBLAS's product, in the plan's parts.
  private static func stripes(
    _ plan: ProductPlan, _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: Operand, _ b: Operand, adds: Bool, _ c: UnsafeMutableRawPointer,
    _ ldc: Int
  ) {
    // Read in a condition: an unused read of a lazy constant is dropped, and its initialiser with it.
    guard isReady else { return }
    let (size, unit, parts) = (dtype.byteCount, ProductPlan.stripe, plan.parts)
    if parts == 1 { return cblas(dtype, m, n, k, a, b, adds, c, ldc) }
    let length = plan.cutsColumns ? n : m
    let blocks = length.parts(of: unit)
    ThreadPool.shared.run(parts) { part in
      let (from, to) = (blocks * part / parts * unit, Swift.min(blocks * (part + 1) / parts * unit, length))
      if plan.cutsColumns {
        cblas(dtype, m, to - from, k, a, b.advanced(columns: from, size), adds, c + from * size, ldc)
      } else {
        cblas(dtype, to - from, n, k, a.advanced(rows: from, size), b, adds, c + from * ldc * size, ldc)
      }
    }
  }

  private static func cblas(
    _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: Operand, _ b: Operand, _ adds: Bool, _ c: UnsafeMutableRawPointer, _ ldc: Int
  ) {
    // A row or a column takes the matrix-vector product, up to eight times as fast as OpenBLAS's general one.
    if m == 1 { return gemv(dtype, n, k, b.flipped, a.pointer, a.steps.column, adds, c, 1) }
    if n == 1 { return gemv(dtype, m, k, a, b.pointer, b.steps.row, adds, c, ldc) }
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

  /// A float32 product over a long k, a chunk of it at a time.
  @inline(never)
  private static func inChunks(
    _ chunk: Int, _ m: Int, _ n: Int, _ k: Int, _ a: Operand, _ b: Operand, _ adds: Bool, _ c: UnsafeMutableRawPointer, _ ldc: Int,
    _ product: (_ k: Int, _ a: Operand, _ b: Operand, _ c: UnsafeMutableRawPointer) throws(TensorError) -> Void
  ) throws(TensorError) {
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
}
