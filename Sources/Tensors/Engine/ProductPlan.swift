import CKernels

/// How a matrix product is done: by which kernel, in which blocks, and how it is cut for threads.
///
/// A pure function of sizes, layouts, dtype, instruction set, caches and threads. What the bits of a result depend on, the kernel and the
/// stretches of k, follows from sizes, layouts, dtype and instruction set alone: every number of threads gives the same, and so does
/// another processor of the same instruction set, whatever its caches.
struct ProductPlan: Equatable {
  enum Kernel {
    /// One column by one row: a single write.
    case outer
    /// One row by one column, long and contiguous.
    case dot
    /// At most eight rows (or columns, see `isFlipped`) with a matrix whose lines lie along k: dot products.
    case dots
    /// The same with a matrix whose lines lie across k: sums of lines.
    case sums
    /// b is read where it lies, tile by tile: it stays in the caches.
    case direct
    /// Both operands are packed into panels.
    case packed
    /// CBLAS.
    case blas
  }

  /// How an operand lies: by rows (or, transposed, by columns) that are `lead` elements apart.
  struct Layout: Equatable {
    var isTransposed: Bool
    var lead: Int

    /// That of the matrix with rows and columns exchanged.
    var flipped: Layout { Layout(isTransposed: !isTransposed, lead: lead) }
  }

  /// The blocks of a packed product.
  struct Blocking: Equatable {
    /// How far a stretch of k reaches; every stretch but the first reads the result once more.
    var depth: Int
    /// The rows of a that are multiplied together, and stay in the second-level cache.
    var tallest: Int
    /// The columns of b that are packed at a time, and stay in the third-level cache.
    var widest: Int
  }

  var kernel: Kernel
  /// Whether cᵀ = bᵀ·aᵀ is computed, of few columns.
  var isFlipped = false
  /// How many parts threads share; 1: it is done where it is called.
  var parts = 1
  /// Whether the parts are of columns.
  var cutsColumns = false
  /// The stretches of k that are summed up by themselves, and added up in double precision.
  var stretches = 1
  /// The columns that `sums` adds up at a time.
  var width = 0
  /// The k of products that are added up in double precision one after the other, as float32 sums of more terms would round too much.
  var chunk: Int?
  var blocking: Blocking?

  /// - Parameters:
  ///   - adds: Whether the product is added to what is there.
  ///   - lead: From one row of the result to the next.
  ///   - threads: 1 for a product that a single thread does, beside others.
  ///   - largest: The multiply-adds beyond which CBLAS is faster.
  @inline(__always)
  init(
    _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: Layout, _ b: Layout, adds: Bool, lead: Int, level: Processor.Level,
    caches: @autoclosure () -> Processor.Caches, threads: Int, largest: Int = Self.largest
  ) {
    let (size, work) = (dtype.byteCount, m &* n &* k)
    if k == 1 && !adds && lead == n && (n == 1 || !b.isTransposed) {
      self.init(kernel: .outer)
      return
    }
    if m == 1 && n == 1 && k >= 1 << 16 && !a.isTransposed && (b.isTransposed || b.lead == 1) {
      self.init(kernel: .dot)
      return
    }
    if work > largest {
      self.init(kernel: .blas)
      (parts, cutsColumns) = Self.stripes(m, n, k, threads)
      chunk = Self.chunk(dtype, m, n, k)
      return
    }
    if min(m, n) <= Int(FX_THIN), let plan = Self.thin(dtype, m, n, k, a, b, lead, level) {
      self = plan
      return
    }
    // One after the other in k, without stretches: columns of b are turned into rows, which few rows of a do not pay for.
    let reach = b.lead &* (b.isTransposed ? n : k) &* size
    if reach <= Self.reach(level, m) {
      self.init(kernel: .direct)
      if threads > 1 && Self.isShared(m, n, k) {
        // Eight rows are summed up together, or three vectors of columns.
        let wanted = min(16, 2 * work / 600_000)
        let (rows, columns) = (m.parts(of: 8), n.parts(of: Self.columns(size)))
        // Columns of b that are turned into rows are so in every part of rows again, at the cost of some three rows.
        cutsColumns = rows < wanted && columns > rows || b.isTransposed && columns >= 4
        parts = max(1, min(wanted, cutsColumns ? columns : rows))
      }
      return
    }
    self.init(kernel: .packed)
    blocking = Self.blocking(dtype, m, n, k, caches())
    chunk = Self.chunk(dtype, m, n, k)
    if threads > 1 && Self.isShared(m, n, k) { parts = 32 }
  }

  private init(kernel: Kernel) { self.kernel = kernel }

  /// Whether it works in no memory but the operands' and the result's, whose rows follow each other.
  func asksForNoMemory(_ a: Layout, _ b: Layout) -> Bool {
    if chunk != nil || stretches > 1 { return false }
    switch kernel {
    case .outer, .direct: return true
    case .dots:
      let rows = isFlipped ? b.flipped : a
      return !rows.isTransposed || rows.lead == 1
    case .sums: return !isFlipped
    case .dot, .packed, .blas: return false
    }
  }

  /// The largest number of rows for which a weight that stays is packed beforehand: of more, packing it each time is a small part.
  private static let prepacked = 512

  /// The stretches of k of panels that give the bits of this product, where packing its right operand beforehand pays; otherwise nil.
  func panelDepth(_ m: Int, _ n: Int, _ k: Int, _ b: Layout, _ dtype: DType) -> Int? {
    if chunk != nil || m > ProductPlan.prepacked || m &* n &* k < 1 << 16 { return nil }
    switch kernel {
    case .packed: return ProductPlan.depth(k, dtype)
    case .direct: return b.isTransposed && b.lead != 1 ? Int(FX_TURNED) : nil
    default: return nil
    }
  }

  /// Columns of a part of a direct product are a multiple of these: three of the longest vectors.
  static func columns(_ size: Int) -> Int { 192 / size }

  /// Whether a product is worth sharing.
  @inline(__always)
  static func isShared(_ m: Int, _ n: Int, _ k: Int) -> Bool { 2 &* m &* n &* k >= 1_200_000 }

  /// Of how many bytes b may be to be read where it lies.
  ///
  /// For few rows packing it would cost more than it gains.
  @inline(__always)
  private static func reach(_ level: Processor.Level, _ m: Int) -> Int { m <= 64 && level != .avx512 ? 1 << 19 : 1 << 17 }

  /// The multiply-adds beyond which CBLAS is faster than our kernels.
  ///
  /// On Linux there are none at any level, measured against OpenBLAS's and MKL's kernels of the same instruction sets.
  #if canImport(Darwin)
    // Accelerate has the processor's matrix unit.
    static let largest = 1 << 15
  #elseif DEBUG
    // Unoptimised kernels take as long as tests can wait.
    static let largest = 2_000_000
  #else
    static let largest = Int.max
  #endif

  // MARK: Few rows

  /// The terms that dot products add up in lanes, one after the other.
  ///
  /// A float32 sum of n terms is off by up to n/2 units in its last place: at 10⁸ the third digit was wrong.
  static let longest = 1 << 14
  /// What a part has of the large matrix, at least.
  private static let grain = 1 << 16
  /// A matrix of fewer elements is read by one thread.
  private static let large = 1 << 15

  /// Of few rows or columns; nil where another kernel is faster.
  private static func thin(
    _ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ a: Layout, _ b: Layout, _ lead: Int, _ level: Processor.Level
  ) -> ProductPlan? {
    let isFlipped = m > n
    // Of few columns it is the transpose that has few rows: [few, k] by [k, many].
    let (few, many) = isFlipped ? (n, m) : (m, n)
    let rowsLie = isFlipped ? b.isTransposed || b.lead == 1 : !a.isTransposed
    let isAlong = isFlipped ? !a.isTransposed : b.isTransposed
    let isLarge = many &* k >= large
    var plan = ProductPlan(kernel: isAlong ? .dots : .sums)
    plan.isFlipped = isFlipped
    let parts = max(1, min(16, many &* k / grain))
    if isAlong {
      // Rows that lie as columns are copied first. Each dot product is added up across its lanes in the end: of few terms tiles are faster.
      guard isLarge && few > 1 || rowsLie && (few <= 4 || k >= 96) || few == 1 else { return nil }
      plan.stretches = k.parts(of: longest)
      plan.parts = plan.stretches > 1 ? 1 : min(parts, many.parts(of: 24))
      return plan
    }
    guard isLarge && few > 1 || few == 1 && many &* dtype.byteCount >= 2 * level.vectorBytes else { return nil }
    // Strips of columns need no second sum; stretches of k are for what has too few columns.
    let strips = max(many.parts(of: 1024), min(parts, many / 256))
    plan.width = many.divided(into: strips).rounded(to: 16)
    plan.stretches = max(k.parts(of: longest / 4), 2 * strips > parts ? 1 : min(k, parts.parts(of: strips)))
    if parts > 1 { plan.parts = plan.stretches * many.parts(of: plan.width) }
    return plan
  }

  // MARK: Packed products

  /// Stretches of k are of 2 KB of a line at most.
  ///
  /// Least is read from beyond the second-level cache where k and rows of a block are like 2 to 1: at 360 to 720 float32 numbers for caches of
  /// 512 KB to 2 MB. It is one size for all, as bits depend on it.
  static func depth(_ k: Int, _ dtype: DType) -> Int { k.divided(into: k.parts(of: 2048 / dtype.byteCount)) }

  static func blocking(_ dtype: DType, _ m: Int, _ n: Int, _ k: Int, _ caches: Processor.Caches) -> Blocking {
    let depth = depth(k, dtype)
    let line = depth * dtype.byteCount
    let (rows, columns) = (PackedProduct.rows, PackedProduct.columns(dtype))
    // Half the second-level cache for a, half the third-level cache's share of one operand for b.
    let tall = max(4 * rows, min(caches.second / 2 / line, 1024) / rows * rows)
    let wide = max(16 * columns, min(caches.third / 4 / line, 4096) / columns * columns)
    let tallest = m.divided(into: m.parts(of: tall)).rounded(to: rows)
    return Blocking(depth: depth, tallest: tallest, widest: n.divided(into: n.parts(of: wide)).rounded(to: columns))
  }

  // MARK: CBLAS and long sums

  /// Stripes of rows or of columns, whichever are more, for one thread of CBLAS each.
  ///
  /// It sums an element in another order where it stands at a block's edge, so the cuts follow from the shape and not from the number of
  /// threads: one thread does the same parts one after the other, and gets the same bits.
  private static func stripes(_ m: Int, _ n: Int, _ k: Int, _ threads: Int) -> (parts: Int, cutsColumns: Bool) {
    let length = max(m, n)
    // A product with a vector waits for the matrix: sharing it pays as soon as that fills much of a core's second-level cache.
    let isLarge = min(m, n) == 1 ? 2 &* m &* n &* k >= 1 << 17 : isShared(m, n, k)
    guard threads != 1, isLarge, length >= 2 * stripe else { return (1, n > m) }
    var parts = 2
    // Each part packs the other operand anew: no part below 256 rows or columns, but for a second thread.
    while length / parts >= 512 && parts < 16 { parts *= 2 }
    return (parts, n > m)
  }
  /// A multiple of what the kernels of CBLAS take at a time.
  static let stripe = 16

  /// Those with a vector are summed up in longer chains than tiles and panels.
  @inline(__always)
  private static func chunk(_ dtype: DType, _ m: Int, _ n: Int, _ k: Int) -> Int? {
    guard dtype == .float32, k > longest else { return nil }
    if m == 1 || n == 1 { return longest / 4 }
    return k > 4 * longest ? 4 * longest : nil
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
