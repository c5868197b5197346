import Testing

@testable import Tensors

/// Products by the ways that go around panels and CBLAS, beside a plain sum: every layout, sizes at the edges of tiles, and what is thin.
@Suite struct ProductTests {
  struct Sizes: Sendable, CustomTestStringConvertible {
    let m, n, k: Int
    var testDescription: String { "\(m) × \(n) × \(k)" }
    init(_ m: Int, _ n: Int, _ k: Int) { (self.m, self.n, self.k) = (m, n, k) }
  }
  static let small = [
    Sizes(1, 1, 1), Sizes(2, 3, 4), Sizes(8, 8, 8), Sizes(7, 15, 5), Sizes(16, 16, 16), Sizes(13, 17, 9), Sizes(9, 33, 20),
    Sizes(11, 48, 3),
    Sizes(3, 49, 31), Sizes(10, 65, 130), Sizes(33, 16, 257), Sizes(5, 2, 40), Sizes(2, 70, 1), Sizes(40, 9, 64), Sizes(131, 67, 99),
  ]
  /// Of few rows or columns, as long as it takes to be read from memory.
  static let thin = [
    Sizes(2, 301, 300), Sizes(4, 1030, 130), Sizes(8, 90, 800), Sizes(310, 3, 290), Sizes(500, 5, 150), Sizes(7, 40, 2100),
  ]

  /// Σ a·b of whole numbers, which is exact in any order.
  private func sum(_ a: Tensor, _ b: Tensor) -> Grid {
    let (x, y, m, n, k) = (a.scalars(Double.self), b.scalars(Double.self), a.shape[0], b.shape[1], a.shape[1])
    return Grid([m, n], (0..<m * n).map { i in (0..<k).reduce(0) { $0 + x[i / n * k + $1] * y[$1 * n + i % n] } })
  }
  private func whole(_ shape: Shape, _ dtype: DType, seed: UInt64) -> Tensor {
    var random = RandomStream(seed: seed)
    return round(Tensor.normal(shape, dtype, using: &random) * 3)
  }
  /// A copy whose elements lie in row-major order.
  private func inOrder(_ x: Tensor) -> Tensor { try! x.contiguousCopy() }

  /// The same matrix by rows, by columns, and in the middle of a larger one.
  private func layouts(_ x: Tensor) -> [Tensor] {
    [x, inOrder(x.transposed()).transposed(), x.padded([(1, 2), (3, 1)])[1..<x.shape[0] + 1, 3..<x.shape[1] + 3]]
  }

  /// Products of a matrix that is packed once write no further than the scratch that they ask for, of as many rows or of fewer.
  @Test(arguments: [DType.float32, .float64]) func packedMatricesStayWithinTheirScratch(_ dtype: DType) throws {
    let (k, n) = (20, 24)
    let b = inOrder(whole([k, n], dtype, seed: 3))
    let operand = BLAS.Operand(pointer: b.pointer, isTransposed: false, lead: n)
    let matrix = try PackedMatrix(operand, dtype, k, n, rows: 100, uses: 8)
    #expect(matrix.isPacked)
    for most in 1...100 {
      let count = matrix.scratchCount(rows: most)
      for rows in max(1, most - 3)...most {
        let a = inOrder(whole([rows, k], dtype, seed: 4))
        let (c, scratch) = (inOrder(.zeros([rows, n], dtype)), inOrder(.ones([count + 512], dtype)))
        try matrix.product(rows, a.pointer, k, adds: false, c.pointer, n, scratch: scratch.pointer)
        #expect(Grid(c) == sum(a, b), "\(rows) rows")
        #expect(scratch.scalars(Double.self)[count...].allSatisfy { $0 == 1 }, "\(rows) rows of \(most)")
      }
    }
    withExtendedLifetime(b) {}
  }

  /// A right operand that is packed beforehand gives the bits of the product that packs it, or turns its columns, as it goes.
  @Test(arguments: [DType.float32, .float64], [9, 24, 70, 130]) func prepackedIsTheSameToTheBit(_ dtype: DType, _ m: Int) throws {
    var kernels: Set<String> = []
    for (n, k) in [(40, 130), (100, 64), (60, 200), (17, 400), (300, 140), (64, 700)] {
      for isTransposed in [false, true] {
        // Parts of something wide are too far apart to be read where they lie.
        for wide in [0, 4000] {
          let (a, bias) = (whole([m, k], dtype, seed: 1) * 0.37, whole([m, n], dtype, seed: 3) * 0.21)
          let matrix = whole(isTransposed ? [n, k + wide] : [k, n + wide], dtype, seed: 2) * 0.61
          let layout = ProductPlan.Layout(isTransposed: isTransposed, lead: (isTransposed ? k : n) + wide)
          let plan = ProductPlan(
            dtype, m, n, k, ProductPlan.Layout(isTransposed: false, lead: k), layout, adds: true, lead: n, level: Processor.level,
            caches: Processor.caches, threads: 2, largest: .max)
          guard let depth = plan.panelDepth(m, n, k, layout, dtype) else { continue }
          let left = BLAS.Operand(pointer: a.pointer, isTransposed: false, lead: k)
          let right = BLAS.Operand(pointer: matrix.pointer, layout)
          let (y, z) = (inOrder(bias + 0), inOrder(bias + 0))
          BLAS.run(plan, dtype, m, n, k, left, right, adds: true, y.pointer)
          let packed = try PackedMatrix(right, dtype, k, n, rows: m, uses: .max, depth: depth)
          if !packed.isPacked { continue }
          kernels.insert("\(plan.kernel)")
          try packed.shared(m, left, parts: plan.parts, adds: true, z.pointer, n)
          #expect(y.hasSameElements(as: z), "\(m) × \(n) × \(k), \(plan.kernel)\(isTransposed ? ", by columns" : "")")
          withExtendedLifetime((a, matrix)) {}
        }
      }
    }
    #expect(m > 64 ? kernels.contains("packed") : kernels.contains("direct"))
  }

  @Test(arguments: small + thin, [DType.float32, .float64]) func equalsThePlainSum(_ sizes: Sizes, _ dtype: DType) {
    let (a, b) = (whole([sizes.m, sizes.k], dtype, seed: 1), whole([sizes.k, sizes.n], dtype, seed: 2))
    let expected = sum(a.cast(to: .float64), b.cast(to: .float64))
    let bias = whole([sizes.n], dtype, seed: 3)
    for a in layouts(a) {
      for b in layouts(b) {
        #expect(Grid((a • b).cast(to: .float64)) == expected)
        // Added to what is there.
        #expect(Grid((linear(a, weight: b.transposed(), bias: bias) - bias).cast(to: .float64)) == expected)
      }
    }
  }

  @Test(arguments: small, [DType.float32, .float64]) func batches(_ sizes: Sizes, _ dtype: DType) {
    let (a, b) = (whole([70, sizes.m, sizes.k], dtype, seed: 1), whole([70, sizes.k, sizes.n], dtype, seed: 2))
    let expected = stack((0..<70).map { a[$0] • b[$0] }, axis: 0)
    #expect(Grid(a • b) == Grid(expected))
    #expect(Grid(inOrder(a.transposed()).transposed() • inOrder(b.transposed()).transposed()) == Grid(expected))
    // One matrix for all, and batches that do not lie equally far apart.
    #expect(Grid((a[0..<1] • b)[9]) == Grid(a[0] • b[9]))
    let grid = b.reshaped([7, 10, sizes.k, sizes.n]).permuted([1, 0, 2, 3])
    #expect(Grid((a.reshaped([10, 7, sizes.m, sizes.k]) • grid)[4, 6]) == Grid(a[34] • b[64]))
  }

  @Test(arguments: small + thin) func threadsChangeNothing(_ sizes: Sizes) {
    var random = RandomStream(seed: 5)
    let a = Tensor.normal([sizes.m, sizes.k], using: &random)
    let b = Tensor.normal([sizes.k, sizes.n], using: &random)
    let all = Threads.count
    defer { Threads.count = all }
    for b in layouts(b) {
      Threads.count = all
      let many = Grid(a • b)
      Threads.count = 1
      #expect(Grid(a • b) == many)
    }
  }

  @Test func notFinite() {
    // A NaN is in one row and one column of the result, whatever is beside it in a vector.
    for (m, k, n) in [(9, 9, 9), (4, 300, 300)] {
      var a = Tensor.ones([m, k])
      a[2, 5] = Tensor(Float.nan)
      let y = a • Tensor.ones([k, n])
      #expect(y[2].isNaN.all().item(as: Bool.self))
      #expect(y.isNaN.cast(to: .float32).sum().item() == Double(n))
    }
  }
}
