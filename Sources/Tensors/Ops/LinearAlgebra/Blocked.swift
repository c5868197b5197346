/// Factorisations of one large matrix, block by block.
///
/// LAPACK factors the narrow blocks; what they leave to do, nearly all of it, are matrix products, in stripes that threads share. The stripes
/// follow from the shape, so that the bits do not depend on how many threads there are. In a batch, whose matrices are shared already, the
/// same stripes go one after the other.
enum Blocked {
  /// The columns of a block and of a stripe.
  private static let width = 64
  /// The size from which on blocks pay.
  private static let threshold = 256

  /// What `getrf` does with a matrix [m, n] by columns.
  static func lu<T: LAPACKElement>(_ m: Int, _ n: Int, _ a: T.Numbers, _ pivots: T.Integers) throws(TensorError) -> Int32 {
    let (rows, count) = (Int32(m), Swift.min(m, n))
    if count < threshold { return T.getrf(rows, Int32(n), a, rows, pivots) }
    var failure: Int32 = 0
    for start in stride(from: 0, to: count, by: width) {
      let size = Swift.min(width, count - start)
      let end = start + size
      let block = a + start * m + start
      let info = T.getrf(Int32(m - start), Int32(size), block, rows, pivots + start)
      if info != 0 && failure == 0 { failure = info + Int32(start) }
      for i in start..<end { pivots[i] += Int32(start) }
      func exchange(_ first: Int, _ count: Int) {
        if count > 0 { T.laswp(Int32(count), a + first * m, rows, Int32(start + 1), Int32(end), pivots) }
      }
      let stripes = (n - end + width - 1) / width
      try ThreadPool.shared.run(stripes + 1) { (part) throws(TensorError) in
        if part == stripes { return exchange(0, start) }
        let first = end + part * width
        let columns = Swift.min(width, n - first)
        exchange(first, columns)
        // By rows it is the transpose: u₁₂ᵀ = a₁₂ᵀ·l₁₁⁻ᵀ, and a₂₂ᵀ −= u₁₂ᵀ·l₂₁ᵀ.
        let top = a + first * m + start
        T.trsm(true, true, false, true, Int32(columns), Int32(size), block, rows, top, rows)
        if m > end { try subtract(top, m, columns, size, by: block + size, lead: m, isTransposed: false, m - end, from: top + size, m) }
      }
    }
    return failure
  }

  /// The lower triangle of a symmetric matrix by rows becomes its factor; the order of the first leading minor that is not positive, or 0.
  static func cholesky<T: LAPACKElement>(_ n: Int, _ a: T.Numbers) throws(TensorError) -> Int32 {
    // The lower triangle by rows is the upper one by columns.
    if n < threshold { return T.potrf(LAPACK.upper, Int32(n), a, Int32(n)) }
    let lead = Int32(n)
    for start in stride(from: 0, to: n, by: width) {
      let size = Swift.min(width, n - start)
      let end = start + size
      let block = a + start * n + start
      let info = T.potrf(LAPACK.upper, Int32(size), block, lead)
      if info != 0 { return info + Int32(start) }
      let stripes = (n - end + width - 1) / width
      if stripes == 0 { break }
      // l₂₁ = a₂₁·l₁₁⁻ᵀ, and then a₂₂ −= l₂₁·l₂₁ᵀ where it is not above the diagonal.
      try ThreadPool.shared.run(stripes) { (part) throws(TensorError) in
        let first = end + part * width
        T.trsm(true, false, true, false, Int32(Swift.min(width, n - first)), Int32(size), block, lead, a + first * n + start, lead)
      }
      try ThreadPool.shared.run(stripes) { (part) throws(TensorError) in
        // The longest stripes, which are the last, first.
        let first = end + (stripes - 1 - part) * width
        let rows = Swift.min(width, n - first)
        try subtract(
          a + first * n + start, n, rows, size, by: a + end * n + start, lead: n, isTransposed: true, first + rows - end,
          from: a + first * n + end, n)
      }
    }
    return 0
  }

  /// c −= x·y with x [rows, size], y [size, columns] and c [rows, columns], by rows.
  private static func subtract<T: LAPACKElement>(
    _ x: T.Numbers, _ leadX: Int, _ rows: Int, _ size: Int, by y: T.Numbers, lead: Int, isTransposed: Bool, _ columns: Int,
    from c: T.Numbers, _ leadC: Int
  ) throws(TensorError) {
    try withWorkingMemory(of: T.self, count: rows * size) { (base) throws(TensorError) in
      for i in 0..<rows { for j in 0..<size { base[i * size + j] = -x[i * leadX + j] } }
      try BLAS.gemm(
        T.dtype, rows, columns, size, .init(pointer: base, isTransposed: false, lead: size),
        .init(pointer: y, isTransposed: isTransposed, lead: lead), adds: true, c, leadC)
    }
  }
}
