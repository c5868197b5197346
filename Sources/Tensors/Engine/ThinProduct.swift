import CKernels

/// Products of two to eight rows, or columns, with a matrix too large for the second-level cache, where the processor has AVX-512.
///
/// They take as long as that matrix takes to come from memory: it is read once, where it lies, by all threads. The cuts follow from the shape,
/// and so do the bits.
enum ThinProduct {
  /// Whether it is one, of [m, k] and [k, n].
  @inline(__always)
  static func suits(_ dtype: DType, _ m: Int, _ n: Int, _ k: Int) -> Bool {
    let (few, many) = (Swift.min(m, n), Swift.max(m, n))
    return few >= 2 && few <= Int(FX_THIN) && many &* k >= smallest && few &* many &* k <= PackedProduct.largest
      && DirectProduct.isThere(dtype)
  }
  private static let smallest = 1 << 15
  /// What a part has of the large matrix, at least.
  private static let grain = 1 << 16
  /// The columns of sums that stay in the first-level cache.
  private static let widest = 1024

  /// c = a·b, or += where `adds`.
  static func product(
    _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: BLAS.Operand, _ b: BLAS.Operand, adds: Bool, _ c: UnsafeMutableRawPointer, _ ldc: Int
  ) throws(TensorError) {
    // Of few columns it is the transpose that has few rows.
    if m <= n { try rows(dtype, m, n, k, a, b, adds, c, ldc, 1) } else { try rows(dtype, n, m, k, b.flipped, a.flipped, adds, c, 1, ldc) }
  }

  private static func rows(
    _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: BLAS.Operand, _ b: BLAS.Operand, _ adds: Bool, _ c: UnsafeMutableRawPointer,
    _ row: Int, _ column: Int
  ) throws(TensorError) {
    let parts = Swift.max(1, Swift.min(16, n * k / grain))
    if b.isTransposed {
      if k > longest {
        try longDots(dtype, m, n, k, a, b, adds, c, row, column)
      } else {
        try dots(dtype, m, n, k, a, b, adds, c, row, column, parts)
      }
    } else {
      try sums(dtype, m, n, k, a, b, adds, c, row, column, parts)
    }
  }

  /// Each output is a dot product with a row of b, as it is stored.
  private static func dots(
    _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: BLAS.Operand, _ b: BLAS.Operand, _ adds: Bool, _ c: UnsafeMutableRawPointer,
    _ row: Int, _ column: Int, _ parts: Int
  ) throws(TensorError) {
    let size = dtype.byteCount
    var (a, copy) = (a, Tensor?.none)
    if a.isTransposed {
      let rows = try Tensor(uninitialized: [m, k], dtype)
      copyElements([m, k], from: [1, a.lead], a.pointer, to: [k, 1], rows.pointer, size: size)
      (a, copy) = (BLAS.Operand(pointer: rows.pointer, isTransposed: false, lead: k), rows)
    }
    // A multiple of what every kernel takes at a time, so that they all have whole ones.
    let block = 24
    let blocks = n.parts(of: block)
    let count = Swift.min(parts, blocks)
    ThreadPool.shared.run(count) { [a] part in
      let (from, to) = (blocks * part / count * block, Swift.min(n, blocks * (part + 1) / count * block))
      fx_product_thin_dots(
        dtype.code, m, to - from, k, a.pointer, a.lead, b.pointer + from * b.lead * size, b.lead, adds ? 1 : 0, c + from * column * size,
        row, column)
    }
    withExtendedLifetime(copy) {}
  }

  /// The terms that are added up one after the other, in lanes; what they give is added up in double precision.
  ///
  /// A float32 sum of n terms one after the other is off by up to n/2 units in its last place: at 10⁸ the third digit was wrong.
  private static let longest = 1 << 14

  /// The same for a long k: stretches of it by themselves, which threads share.
  private static func longDots(
    _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: BLAS.Operand, _ b: BLAS.Operand, _ adds: Bool, _ c: UnsafeMutableRawPointer,
    _ row: Int, _ column: Int
  ) throws(TensorError) {
    let (size, stretches) = (dtype.byteCount, k.parts(of: longest))
    let sums = try Tensor(uninitialized: [stretches, m, n], dtype)
    let to = sums.pointer
    try parallel(stretches, grain: Swift.max(1, grain / (n * longest))) { (range) throws(TensorError) in
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
    _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: BLAS.Operand, _ b: BLAS.Operand, _ adds: Bool, _ c: UnsafeMutableRawPointer,
    _ row: Int, _ column: Int, _ parts: Int
  ) throws(TensorError) {
    let size = dtype.byteCount
    let width = n.divided(into: n.parts(of: widest)).rounded(to: 16)
    let strips = n.parts(of: width)
    let stretches = Swift.max(1, Swift.min(k, parts.parts(of: strips)), k.parts(of: longest / 4))
    let (aRow, aColumn) = a.steps
    let sums = try Tensor(zeros: [stretches, m, n], dtype)
    let to = sums.pointer
    ThreadPool.shared.run(stretches * strips) { part in
      let (from, j) = (k * (part / strips) / stretches, part % strips * width)
      fx_product_thin_sums(
        dtype.code, m, Swift.min(width, n - j), k * (part / strips + 1) / stretches - from, a.pointer + from * aColumn * size, aRow,
        aColumn,
        b.pointer + (from * b.lead + j) * size, b.lead, to + (part / strips * m * n + j) * size, n)
    }
    gather(sums, stretches, m, n, adds, c, row, column)
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
