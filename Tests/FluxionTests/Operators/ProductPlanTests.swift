import Testing

@testable import Tensors

/// How products of some shapes are done at each instruction set, as a table; and what must hold for all of them.
@Suite struct ProductPlanTests {
  typealias Layout = ProductPlan.Layout
  static let caches = Processor.Caches(first: 32 << 10, second: 512 << 10, third: 32 << 20)

  /// m × n × k with operands by rows, or transposed; what is multiplied lies without gaps.
  private static func plan(
    _ m: Int, _ n: Int, _ k: Int, transposed: (Bool, Bool) = (false, false), _ dtype: DType = .float32, adds: Bool = false,
    level: Processor.Level = .avx2, caches: Processor.Caches = ProductPlanTests.caches, threads: Int = 2, largest: Int = .max
  ) -> ProductPlan {
    ProductPlan(
      dtype, m, n, k, Layout(isTransposed: transposed.0, lead: transposed.0 ? m : k),
      Layout(isTransposed: transposed.1, lead: transposed.1 ? k : n), adds: adds, lead: n, level: level, caches: caches, threads: threads,
      largest: largest)
  }

  struct Row: Sendable, CustomTestStringConvertible {
    let m, n, k: Int
    let transposed: Bool
    /// By level: baseline, NEON and AVX2; AVX-512.
    let kernels: (ProductPlan.Kernel, ProductPlan.Kernel)
    let isShared: Bool
    init(
      _ m: Int, _ n: Int, _ k: Int, bt transposed: Bool = false, _ kernel: ProductPlan.Kernel, _ wide: ProductPlan.Kernel? = nil,
      shared: Bool
    ) {
      (self.m, self.n, self.k, self.transposed, kernels, isShared) = (m, n, k, transposed, (kernel, wide ?? kernel), shared)
    }
    var testDescription: String { "\(m) × \(n) × \(k)\(transposed ? ", b by columns" : "")" }
  }
  static let table = [
    Row(4, 4, 4, .direct, shared: false),
    Row(4, 4, 4, bt: true, .dots, shared: false),
    Row(6, 16, 16, bt: true, .direct, shared: false),
    Row(300, 200, 1, .outer, shared: false),
    Row(1, 1, 1 << 17, bt: true, .dot, shared: false),
    Row(1, 1536, 384, bt: true, .dots, shared: true),
    Row(1, 1536, 384, .sums, shared: true),
    Row(1, 64, 64, .sums, shared: false),
    Row(1, 6, 100, .direct, shared: false),
    Row(1536, 1, 384, .dots, shared: true),
    Row(8, 1536, 384, bt: true, .dots, shared: true),
    Row(8, 1536, 384, .sums, shared: true),
    Row(4096, 3, 256, .dots, shared: true),
    Row(64, 64, 64, .direct, shared: false),
    Row(128, 128, 128, .direct, shared: true),
    Row(32, 512, 128, bt: true, .direct, .packed, shared: true),
    Row(256, 128, 784, bt: true, .packed, shared: true),
    Row(1024, 1024, 1024, .packed, shared: true),
  ]

  @Test(arguments: table, Processor.Level.allCases) func kernels(_ row: Row, _ level: Processor.Level) {
    let plan = Self.plan(row.m, row.n, row.k, transposed: (false, row.transposed), level: level)
    #expect(plan.kernel == (level == .avx512 ? row.kernels.1 : row.kernels.0))
    #expect((plan.parts > 1) == row.isShared)
    #expect(plan.isFlipped == (row.m > row.n && (plan.kernel == .dots || plan.kernel == .sums)))
    // One thread takes the same kernel and the same stretches of k.
    let alone = Self.plan(row.m, row.n, row.k, transposed: (false, row.transposed), level: level, threads: 1)
    #expect(alone.kernel == plan.kernel && alone.stretches == plan.stretches && alone.chunk == plan.chunk)
    #expect(alone.blocking == plan.blocking)
  }

  /// Blocks of a packed product follow from the caches, and stretches of k do not: bits are the same for all processors of a level.
  @Test func blocks() {
    let large = Processor.Caches(first: 48 << 10, second: 2 << 20, third: 256 << 20)
    let small = Processor.Caches(first: 32 << 10, second: 256 << 10, third: 4 << 20)
    for (dtype, size) in [(DType.float32, 4), (.float64, 8)] {
      let plans = [small, Self.caches, large].map { Self.plan(4096, 4096, 4096, dtype, caches: $0).blocking! }
      #expect(plans.map(\.depth) == [2048 / size, 2048 / size, 2048 / size])
      let (rows, columns) = (PackedProduct.rows, PackedProduct.columns(dtype))
      for (blocking, caches) in zip(plans, [small, Self.caches, large]) {
        #expect(blocking.tallest % rows == 0 && blocking.widest % columns == 0)
        #expect(blocking.tallest * blocking.depth * size <= max(caches.second / 2, 4 * rows * 2048) + rows * 2048)
        #expect(blocking.widest * blocking.depth * size <= caches.third / 4 + columns * 2048)
      }
      #expect(plans[0].tallest < plans[1].tallest && plans[1].tallest < plans[2].tallest)
    }
    // No block is larger than the product.
    let blocking = Self.plan(100, 300, 700).blocking!
    #expect(blocking.depth == 350)
    #expect(blocking.tallest < 100 + PackedProduct.rows && blocking.widest < 300 + PackedProduct.columns(.float32))
  }

  @Test func longSums() {
    // Float32 sums of many terms are added up in double precision from stretches of them.
    #expect(Self.plan(100, 100, 1 << 17).chunk == 1 << 16)
    #expect(Self.plan(100, 100, 1 << 17, .float64).chunk == nil)
    #expect(Self.plan(100, 100, 1 << 16).chunk == nil)
    #expect(Self.plan(2, 100, 1 << 17, transposed: (false, true)).stretches == 8)
    #expect(Self.plan(1, 100, 1 << 17).stretches >= 32)
    #expect(Self.plan(1, 100, 1 << 15, largest: 1000).chunk == 1 << 12)
  }

  @Test func outOfTheWay() {
    // A product is of rank one only if nothing is added and the result lies whole.
    #expect(Self.plan(300, 200, 1, adds: true).kernel == .direct)
    // CBLAS takes what is beyond the limit, in stripes that follow from the shape.
    let plan = Self.plan(2048, 512, 512, largest: 1000)
    #expect(plan.kernel == .blas && plan.parts == 8 && !plan.cutsColumns)
    #expect(Self.plan(512, 2048, 512, largest: 1000).cutsColumns)
    #expect(Self.plan(2048, 512, 512, threads: 1, largest: 1000).parts == 1)
  }

  /// Every size that there can be gets a plan that covers it.
  @Test func allSizes() {
    var random = RandomStream(seed: 7)
    for _ in 0..<3000 {
      let sizes = (0..<3).map { _ in 1 + Int(random.next() % [3, 10, 100, 5000][Int(random.next() % 4)]) }
      let transposed = (random.next() % 2 == 0, random.next() % 2 == 0)
      let dtype = random.next() % 2 == 0 ? DType.float32 : .float64
      for level in Processor.Level.allCases {
        let plan = Self.plan(sizes[0], sizes[1], sizes[2], transposed: transposed, dtype, level: level)
        #expect(plan.parts >= 1 && plan.stretches >= 1 && plan.stretches <= sizes[2])
        #expect((plan.kernel == .packed) == (plan.blocking != nil))
        if plan.kernel == .sums { #expect(plan.width >= 1 && plan.width <= 1040) }
        if plan.kernel == .direct {
          let unit = plan.cutsColumns ? ProductPlan.columns(dtype.byteCount) : 8
          #expect(plan.parts <= (plan.cutsColumns ? sizes[1] : sizes[0]).parts(of: unit))
        }
      }
    }
  }

  @Test func levels() {
    #expect(Processor.level <= Processor.Level.best)
    #expect(Processor.Level.allCases.map(\.description) == ["baseline", "neon", "avx2", "avx512"])
    #expect(Processor.caches.first >= 4 << 10 && Processor.caches.second >= Processor.caches.first)
    #expect([6, 8, 14].contains(PackedProduct.rows))
  }
}
