import CKernels

/// Products of one to eight rows, or columns, with a matrix: each of its elements is read once, where it lies, and used for all rows.
///
/// They take as long as a large matrix takes to come from memory, which all threads read. The cuts follow from the shape, and so do the bits.
enum ThinProduct {
  /// Dot products of at most eight rows with the lines of a matrix, on one thread, as one call of a kernel; what follows from shapes has been decided.
  struct Dots {
    private let (code, m, n, k): (Int32, Int, Int, Int)
    private let (lead, leadB, row, column): (Int, Int, Int, Int)
    private let isFlipped: Bool

    /// Nil where rows have to be copied first, the sums are too long, or several threads share them.
    init?(
      _ plan: ProductPlan, _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: ProductPlan.Layout, _ b: ProductPlan.Layout, _ ldc: Int
    ) {
      guard plan.kernel == .dots, plan.parts == 1, plan.stretches == 1 else { return nil }
      (isFlipped, code, self.k) = (plan.isFlipped, dtype.code, k)
      let (rows, lines) = isFlipped ? (b.flipped, a.flipped) : (a, b)
      if rows.isTransposed && rows.lead != 1 { return nil }
      (self.m, self.n, row, column) = isFlipped ? (n, m, 1, ldc) : (m, n, ldc, 1)
      // A column whose elements follow each other is a row.
      (lead, leadB) = (rows.isTransposed ? k : rows.lead, lines.lead)
    }

    @inline(__always)
    func run(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, adds: Bool, _ c: UnsafeMutableRawPointer) {
      let (rows, lines) = isFlipped ? (b, a) : (a, b)
      fx_product_thin_dots(code, m, n, k, rows, lead, lines, leadB, adds ? 1 : 0, c, row, column)
    }
  }

  /// c = a·b, or += where `adds`.
  static func product(
    _ plan: ProductPlan, _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: BLAS.Operand, _ b: BLAS.Operand, adds: Bool,
    _ c: UnsafeMutableRawPointer, _ ldc: Int
  ) throws(TensorError) {
    // Of few columns it is the transpose that has few rows.
    let (m, n, a, b, row, column) = plan.isFlipped ? (n, m, b.flipped, a.flipped, 1, ldc) : (m, n, a, b, ldc, 1)
    if plan.kernel == .sums { return try sums(plan, dtype, m, n, k, a, b, adds, c, row, column) }
    if plan.stretches > 1 { return try longDots(plan.stretches, dtype, m, n, k, a, b, adds, c, row, column) }
    try dots(dtype, m, n, k, a, b, adds, c, row, column, plan.parts)
  }

  /// Each output is a dot product with a row of b, as it is stored.
  private static func dots(
    _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: BLAS.Operand, _ b: BLAS.Operand, _ adds: Bool, _ c: UnsafeMutableRawPointer,
    _ row: Int, _ column: Int, _ parts: Int
  ) throws(TensorError) {
    let size = dtype.byteCount
    var (a, copy) = (a, Tensor?.none)
    if a.isTransposed && a.lead != 1 {
      let rows = try Tensor(uninitialized: [m, k], dtype)
      copyElements([m, k], from: [1, a.lead], a.pointer, to: [k, 1], rows.pointer, size: size)
      (a, copy) = (BLAS.Operand(pointer: rows.pointer, isTransposed: false, lead: k), rows)
    }
    if parts == 1 {
      fx_product_thin_dots(dtype.code, m, n, k, a.pointer, rowStep(a, k), b.pointer, b.lead, adds ? 1 : 0, c, row, column)
    } else {
      // A multiple of what every kernel takes at a time, so that they all have whole ones.
      let (block, lead) = (24, rowStep(a, k))
      let blocks = n.parts(of: block)
      ThreadPool.shared.run(parts) { [a] part in
        let (from, to) = (blocks * part / parts * block, Swift.min(n, blocks * (part + 1) / parts * block))
        fx_product_thin_dots(
          dtype.code, m, to - from, k, a.pointer, lead, b.pointer + from * b.lead * size, b.lead, adds ? 1 : 0, c + from * column * size,
          row, column)
      }
    }
    withExtendedLifetime(copy) {}
  }

  /// From one row of k to the next; a column whose elements follow each other is a row.
  private static func rowStep(_ a: BLAS.Operand, _ k: Int) -> Int { a.isTransposed ? k : a.lead }

  /// The same for a long k: stretches of it by themselves, which threads share.
  private static func longDots(
    _ stretches: Int, _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: BLAS.Operand, _ b: BLAS.Operand, _ adds: Bool,
    _ c: UnsafeMutableRawPointer, _ row: Int, _ column: Int
  ) throws(TensorError) {
    let (size, longest) = (dtype.byteCount, ProductPlan.longest)
    let sums = try Tensor(uninitialized: [stretches, m, n], dtype)
    let to = sums.pointer
    try parallel(stretches, grain: Swift.max(1, (1 << 16) / (n * longest))) { (range) throws(TensorError) in
      // Rows that lie as columns are copied a stretch at a time.
      let copy = a.isTransposed ? try Tensor(uninitialized: [m, longest], dtype) : nil
      for s in range {
        let (from, length) = (s * longest, Swift.min(longest, k - s * longest))
        var (rows, lead) = (a.pointer + from * a.steps.column * size, a.lead)
        if let copy {
          copyElements([m, length], from: [1, a.lead], rows, to: [length, 1], copy.pointer, size: size)
          (rows, lead) = (copy.pointer, length)
        }
        fx_product_thin_dots(dtype.code, m, n, length, rows, lead, b.pointer + from * size, b.lead, 0, to + s * m * n * size, n, 1)
      }
      withExtendedLifetime(copy) {}
    }
    gather(sums, stretches, m, n, adds, c, row, column)
  }

  /// Rows of b are added up, stretches of k by themselves.
  private static func sums(
    _ plan: ProductPlan, _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: BLAS.Operand, _ b: BLAS.Operand, _ adds: Bool,
    _ c: UnsafeMutableRawPointer, _ row: Int, _ column: Int
  ) throws(TensorError) {
    let (size, width, stretches) = (dtype.byteCount, plan.width, plan.stretches)
    let strips = n.parts(of: width)
    let (aRow, aColumn) = a.steps
    // A single stretch is added up where the result stands, if its rows are whole.
    let inPlace = stretches == 1 && column == 1
    let sums = inPlace ? nil : try Tensor(zeros: [stretches, m, n], dtype)
    let (to, lead) = sums.map { ($0.pointer, n) } ?? (c, row)
    if inPlace && !adds { for i in 0..<m { (c + i * row * size).initializeMemory(as: UInt8.self, repeating: 0, count: n * size) } }
    func part(_ i: Int) {
      let (s, j) = (i / strips, i % strips * width)
      let (from, end) = (k * s / stretches, k * (s + 1) / stretches)
      fx_product_thin_sums(
        dtype.code, m, Swift.min(width, n - j), end - from, a.pointer + from * aColumn * size, aRow, aColumn,
        b.pointer + (from * b.lead + j) * size, b.lead, to + (s * m * n + j) * size, lead)
    }
    if plan.parts > 1 { ThreadPool.shared.run(plan.parts, part) } else { for i in 0..<stretches * strips { part(i) } }
    if let sums { gather(sums, stretches, m, n, adds, c, row, column) }
  }

  private static func gather(
    _ sums: Tensor, _ stretches: Int, _ m: Int, _ n: Int, _ adds: Bool, _ c: UnsafeMutableRawPointer, _ row: Int, _ column: Int
  ) {
    if sums.dtype == .float32 {
      gather(sums, stretches, m, n, adds, c, row, column, Float.self)
    } else {
      gather(sums, stretches, m, n, adds, c, row, column, Double.self)
    }
  }

  /// The stretches' sums, added up in order and in double precision.
  private static func gather<T: BinaryFloatingPoint>(
    _ sums: Tensor, _ stretches: Int, _ m: Int, _ n: Int, _ adds: Bool, _ c: UnsafeMutableRawPointer, _ row: Int, _ column: Int,
    _ type: T.Type
  ) {
    let (from, to) = (sums.pointer.assumingMemoryBound(to: type), c.assumingMemoryBound(to: type))
    for i in 0..<m {
      for j in 0..<n {
        var sum = 0.0
        for s in 0..<stretches { sum += Double(from[(s * m + i) * n + j]) }
        to[i * row + j * column] = adds ? to[i * row + j * column] + T(sum) : T(sum)
      }
    }
    withExtendedLifetime(sums) {}
  }
}
