import CKernels

/// Matrix products of numbers that are rounded to bfloat16, with sums in float32.
///
/// The smaller operand is packed whole, the other one in strips that stay in the second-level cache. An element's sum is in the order of `k`, whatever
/// the cuts.
enum Bfloat16Product {
  /// One operand: float32 or bfloat16, by its steps.
  struct Side {
    var pointer: UnsafeMutableRawPointer
    /// From one row, and from one column, to the next, in elements.
    var row: Int
    var column: Int
    var dtype: DType

    init(_ operand: BLAS.Operand, _ dtype: DType) {
      (pointer, self.dtype) = (operand.pointer, dtype)
      (row, column) = operand.steps
    }

    /// The last two axes of a tensor.
    init(_ x: Tensor) { (pointer, row, column, dtype) = (x.pointer, x.strides[-2], x.strides[-1], x.dtype) }

    var transposed: Side {
      var other = self
      (other.row, other.column) = (column, row)
      return other
    }

    func advanced(elements: Int) -> Side {
      var other = self
      other.pointer += elements * dtype.byteCount
      return other
    }

    /// Rows of a stretch of columns as panels of rows, or columns of a stretch of rows as panels of columns.
    @inline(__always)
    fileprivate func pack(rows: Bool, _ first: Int, _ lines: Int, _ p: Int, _ depth: Int, _ out: UnsafeMutableRawPointer) {
      let (across, along) = rows ? (row, column) : (column, row)
      fx_bfloat16_pack(
        Bfloat16Product.unit, dtype.code, rows ? 1 : 0, lines, depth, pointer + (first * across + p * along) * dtype.byteCount, across,
        along, out)
    }
  }

  /// What multiplies them.
  static let unit = Processor.bfloat16.rawValue
  private static let lines = Int(FX_BFLOAT16_LINES)
  private static let step = Int(FX_BFLOAT16_STEP)
  /// How far a stretch of k reaches: two panels of it lie in the first-level cache.
  private static let longest = 512
  /// The lines of a strip.
  private static let strip = 128

  /// The length of the stretches of k, a multiple of what is summed up in one instruction.
  private static func depth(_ k: Int) -> Int { k.divided(into: k.parts(of: longest)).rounded(to: step) }

  /// An operand, packed whole: stretches of k one after the other, in each of them all panels.
  struct Panels {
    private let memory: Tensor
    fileprivate let isOfRows: Bool
    let (lines, k): (Int, Int)

    /// Packs all lines: rows of a, or columns of b.
    init(_ side: Side, rows: Bool, _ lines: Int, _ k: Int, isShared: Bool) throws(TensorError) {
      let unit = Bfloat16Product.lines
      memory = try Tensor(uninitialized: [lines.rounded(to: unit) * k.rounded(to: Bfloat16Product.step)], .bfloat16)
      (isOfRows, self.lines, self.k) = (rows, lines, k)
      // Some 64 KB a part.
      let part = Swift.max(1, 32768 / Swift.max(1, k)).rounded(to: unit)
      let count = lines.parts(of: part)
      func pack(_ index: Int) {
        let first = index * part
        forEachStretch { p, depth in
          side.pack(rows: rows, first, Swift.min(part, lines - first), p, depth, pointer(first, p, depth))
        }
      }
      if isShared && count > 1 { ThreadPool.shared.run(count, pack) } else { for index in 0..<count { pack(index) } }
    }

    /// Calls `body` with the beginning and the length of each stretch of k.
    @inline(__always)
    fileprivate func forEachStretch(_ body: (Int, Int) -> Void) {
      let depth = Bfloat16Product.depth(k)
      var p = 0
      while p < k {
        body(p, Swift.min(depth, k - p))
        p += depth
      }
    }

    /// The panels from a line on, a multiple of 16, of the stretch of k that begins at p.
    @inline(__always)
    fileprivate func pointer(_ first: Int, _ p: Int, _ depth: Int) -> UnsafeMutableRawPointer {
      memory.pointer + 2 * (p * lines.rounded(to: Bfloat16Product.lines) + first * depth.rounded(to: Bfloat16Product.step))
    }

    /// The bytes that a strip of so many lines of the other operand takes.
    func scratchBytes(_ lines: Int) -> Int { 2 * lines.rounded(to: Bfloat16Product.lines) * Bfloat16Product.depth(k) }

    /// c = a·b, or += where `adds`, for some lines of the operand that is not packed.
    func strip(
      _ other: Side, _ first: Int, _ count: Int, adds: Bool, _ c: UnsafeMutableRawPointer, _ ldc: Int, _ scratch: UnsafeMutableRawPointer
    ) {
      let out = c.assumingMemoryBound(to: Float.self) + (isOfRows ? first : first * ldc)
      forEachStretch { p, depth in
        other.pack(rows: !isOfRows, first, count, p, depth, scratch)
        let panels = pointer(0, p, depth)
        if isOfRows {
          fx_bfloat16_tiles(Bfloat16Product.unit, lines, count, depth, panels, scratch, adds || p > 0 ? 1 : 0, out, ldc)
        } else {
          fx_bfloat16_tiles(Bfloat16Product.unit, count, lines, depth, scratch, panels, adds || p > 0 ? 1 : 0, out, ldc)
        }
      }
      withExtendedLifetime(memory) {}
    }

    /// c = a·b, or += where `adds`, of this operand and another one with so many lines, shared among threads where that pays.
    func product(_ other: Side, _ count: Int, adds: Bool, _ c: UnsafeMutableRawPointer, _ ldc: Int, isShared: Bool) throws(TensorError) {
      // Four parts at least of what is large, for two threads beside other work.
      let isShared = isShared && Bfloat16Product.isShared(count, lines, k)
      let length =
        isShared
        ? Swift.min(strip, Swift.max(2 * Bfloat16Product.lines, count.divided(into: 4).rounded(to: 2 * Bfloat16Product.lines))) : strip
      let parts = count.parts(of: length)
      func run(_ part: Int) throws(TensorError) {
        let scratch = try Context.current.panels(scratchBytes(length))
        self.strip(other, part * length, Swift.min(length, count - part * length), adds: adds, c, ldc, scratch)
      }
      if isShared && parts > 1 {
        try ThreadPool.shared.run(parts) { (part) throws(TensorError) in try run(part) }
      } else {
        for part in 0..<parts { try run(part) }
      }
    }

    private var strip: Int { Bfloat16Product.strip }
  }

  /// Whether a product is worth sharing: its sums take less time than those of float32.
  private static func isShared(_ m: Int, _ n: Int, _ k: Int) -> Bool {
    Swift.max(m, n) >= 64 && (m &* n &* k >= 1 << 21 || m &* k &+ n &* k &+ m &* n >= 1 << 17)
  }

  /// c = a·b, or += where `adds`, with a [m, k], b [k, n] and c [m, n] of float32, row-major with `ldc`.
  static func product(
    _ m: Int, _ n: Int, _ k: Int, _ a: Side, _ b: Side, adds: Bool, _ c: UnsafeMutableRawPointer, _ ldc: Int, isShared: Bool
  ) throws(TensorError) {
    guard m > 0, n > 0, k > 0 else {
      if !adds { for i in 0..<m { (c + 4 * i * ldc).initializeMemory(as: Float.self, repeating: 0, count: n) } }
      return
    }
    let shares = isShared && self.isShared(m, n, k)
    if !shares, m <= strip || n <= strip, try small(m, n, k, a, b, adds: adds, c, ldc) { return }
    if m >= n {
      try Panels(b, rows: false, n, k, isShared: shares).product(a, m, adds: adds, c, ldc, isShared: shares)
    } else {
      try Panels(a, rows: true, m, k, isShared: shares).product(b, n, adds: adds, c, ldc, isShared: shares)
    }
  }

  /// The same of operands whose panels fit a thread's own memory; false of larger ones.
  private static func small(
    _ m: Int, _ n: Int, _ k: Int, _ a: Side, _ b: Side, adds: Bool, _ c: UnsafeMutableRawPointer, _ ldc: Int
  ) throws(TensorError) -> Bool {
    guard k <= longest else { return false }
    let (tall, wide) = (m.rounded(to: lines), n.rounded(to: lines))
    let bytes = 2 * (tall &+ wide) * k.rounded(to: step)
    guard bytes <= 1 << 19 else { return false }
    let scratch = try Context.current.panels(bytes)
    let columns = scratch + 2 * tall * k.rounded(to: step)
    a.pack(rows: true, 0, m, 0, k, scratch)
    b.pack(rows: false, 0, n, 0, k, columns)
    fx_bfloat16_tiles(unit, m, n, k, scratch, columns, adds ? 1 : 0, c.assumingMemoryBound(to: Float.self), ldc)
    return true
  }
}
