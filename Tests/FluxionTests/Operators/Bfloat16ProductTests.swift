import CKernels
import Fluxion
import Testing

@testable import Tensors

/// Products of factors that are rounded to bfloat16, beside sums in float64: by each unit of the processor, in every layout, at the edges of tiles.
@Suite struct Bfloat16ProductTests {
  static let units = (0...Processor.bfloat16.rawValue).map { Processor.Bfloat16Unit(rawValue: $0)! }
  static let sizes = [
    [1, 1, 1], [2, 3, 4], [16, 16, 32], [15, 17, 31], [33, 31, 33], [48, 1, 70], [1, 50, 64], [40, 40, 7], [130, 70, 100], [20, 200, 513],
  ]

  private func normal(_ shape: Shape, seed: UInt64) -> Tensor {
    var random = RandomStream(seed: seed)
    return Tensor.normal(shape, using: &random)
  }
  private func rounded(_ x: Tensor) -> Tensor { x.cast(to: .bfloat16).cast(to: .float64) }
  /// The same matrix by rows, by columns, in the middle of a larger one, every other row and column of one, and in 16 bits.
  private func layouts(_ x: Tensor) -> [Tensor] {
    let wide = stack([x, x], axis: 2).reshaped([x.shape[0], 2 * x.shape[1]])
    return [
      x, try! x.transposed().contiguousCopy().transposed(), x.padded([(1, 2), (3, 1)])[1..<x.shape[0] + 1, 3..<x.shape[1] + 3],
      wide[.all, .stride(by: 2)],
    ]
  }
  /// Whether each element of y is within `bound` of the sum of its products' magnitudes.
  private func isNear(_ y: Tensor, _ a: Tensor, _ b: Tensor, _ bound: Double) -> Bool {
    let (expected, magnitudes) = (a • b, abs(a) • abs(b))
    return (abs(y.cast(to: .float64) - expected) .<= magnitudes * bound + 1e-30).all().item(as: Bool.self)
  }

  /// What a unit gives, of factors of either dtype, added to what is there or not.
  @Test(arguments: units, sizes) func unitsGiveTheSum(_ unit: Processor.Bfloat16Unit, _ sizes: [Int]) {
    let (m, n, k) = (sizes[0], sizes[1], sizes[2])
    let (a, b) = (normal([m, k], seed: 1), normal([k, n], seed: 2))
    func panels(_ x: Tensor, rows: Bool) -> [UInt16] {
      let lines = rows ? m : n
      var out = [UInt16](repeating: 0xffff, count: lines.rounded(to: 16) * k.rounded(to: 32))
      fx_bfloat16_pack(
        unit.rawValue, x.dtype.code, rows ? 1 : 0, lines, k, x.pointer, x.strides[rows ? 0 : 1], x.strides[rows ? 1 : 0], &out)
      return out
    }
    let (rows, columns) = (panels(a, rows: true), panels(b, rows: false))
    // One layout of panels for all units and layouts of operands.
    for x in layouts(a) + layouts(a.cast(to: .bfloat16)) { #expect(panels(x, rows: true) == rows) }
    for x in layouts(b) + layouts(b.cast(to: .bfloat16)) { #expect(panels(x, rows: false) == columns) }
    for adds in [false, true] {
      // Rows of the result with something between them that stays.
      var c = [Float](repeating: 7, count: m * (n + 3))
      fx_bfloat16_tiles(unit.rawValue, m, n, k, rows, columns, adds ? 1 : 0, &c, n + 3)
      let all = Tensor(c, shape: [m, n + 3])
      #expect(isNear(all[.all, 0..<n] - (adds ? 7 : 0), rounded(a), rounded(b), Double(k + 8) * 0x1p-23 + (adds ? 1e-5 : 0)))
      #expect((all[.all, n...] .== 7).all().item(as: Bool.self))
    }
  }

  /// Inside of the scope products are within the documented bound of those of the given factors, and are those of the rounded ones.
  @Test(arguments: sizes) func scopeRoundsFactors(_ sizes: [Int]) {
    let (m, n, k) = (sizes[0], sizes[1], sizes[2])
    let (a, b, bias) = (normal([m, k], seed: 1), normal([k, n], seed: 2), normal([n], seed: 3))
    for a in layouts(a) {
      for b in layouts(b) {
        let (y, z) = withPrecision(.bfloat16) { (a • b, linear(a, weight: b.transposed(), bias: bias)) }
        #expect(y.dtype == .float32 && z.dtype == .float32)
        #expect(isNear(y, a.cast(to: .float64), b.cast(to: .float64), 0x1p-7 + Double(k + 300) * 0x1p-24))
        #expect(isNear(y, rounded(a), rounded(b), Double(k + 8) * 0x1p-23))
        #expect((z - bias).isClose(to: y, relative: 1e-5, absolute: 1e-4))
        let w = withPrecision(.float16) { a • b }
        #expect(isNear(w, a.cast(to: .float64), b.cast(to: .float64), 0x1p-10 + Double(k + 8) * 0x1p-24))
        #expect(w.isClose(to: a.cast(to: .float16).cast(to: .float32) • b.cast(to: .float16).cast(to: .float32), relative: 0, absolute: 0))
      }
    }
  }

  /// Tensors of bfloat16 are multiplied as they are, and the result is rounded once.
  @Test(arguments: sizes) func tensorsOfBfloat16(_ sizes: [Int]) {
    let (m, n, k) = (sizes[0], sizes[1], sizes[2])
    let (a, b) = (normal([m, k], seed: 1).cast(to: .bfloat16), normal([k, n], seed: 2).cast(to: .bfloat16))
    let y = a • b
    #expect(y.dtype == .bfloat16)
    #expect(isNear(y, a.cast(to: .float64), b.cast(to: .float64), 0x1p-8 + Double(k + 8) * 0x1p-23))
    let (da, db) = gradient(at: a, b) { a, b in (a • b).cast(to: .float32).sum() }
    #expect(da.dtype == .bfloat16 && db.dtype == .bfloat16)
    let ones = Tensor.ones([m, n], .float64)
    #expect(isNear(da, ones, b.cast(to: .float64).transposed(), 0x1p-7 + Double(n) * 0x1p-23))
    #expect(isNear(db, a.cast(to: .float64).transposed(), ones, 0x1p-7 + Double(m) * 0x1p-23))
  }

  /// Batches, large and small, one matrix for all, and any number of threads.
  @Test func batchesAndThreads() {
    for (batch, m, n, k) in [(3, 5, 6, 7), (70, 9, 33, 20), (2, 300, 200, 150), (1, 700, 40, 600), (1, 40, 700, 1100)] {
      let (a, b) = (normal([batch, m, k], seed: 1), normal([batch, k, n], seed: 2))
      func all() -> [Tensor] { withPrecision(.bfloat16) { [a • b, a[0..<1] • b, a • b[0], a.transposed().transposed() • b] } }
      let y = all()
      for i in 0..<batch {
        #expect(y[0][i].hasSameElements(as: withPrecision(.bfloat16) { a[i] • b[i] }))
        #expect(y[1][i].hasSameElements(as: withPrecision(.bfloat16) { a[0] • b[i] }))
        #expect(y[2][i].hasSameElements(as: withPrecision(.bfloat16) { a[i] • b[0] }))
      }
      let count = Threads.count
      defer { Threads.count = count }
      Threads.count = 1
      for (x, y) in zip(all(), y) { #expect(x.hasSameElements(as: y)) }
    }
  }

  /// What is infinite or NaN stays so, and nothing is left of empty products.
  @Test func specials() {
    let y = withPrecision(.bfloat16) { Tensor([[1, .infinity], [2, 3]] as [[Float]]) • Tensor([[1, .nan], [2, 3]] as [[Float]]) }
    #expect(y[0, 0].item() == .infinity && y[1, 0].item() == 8 && y[0, 1].item().isNaN && y[1, 1].item().isNaN)
    let overflow = withPrecision(.float16) { Tensor([[70_000]] as [[Float]]) • Tensor([[1]] as [[Float]]) }
    #expect(overflow.item() == .infinity)
    #expect(withPrecision(.bfloat16) { Tensor.ones([3, 0]) • Tensor.ones([0, 2]) }.hasSameElements(as: .zeros([3, 2])))
    #expect(withPrecision(.bfloat16) { Tensor.ones([0, 3]) • Tensor.ones([3, 2]) }.shape == [0, 2])
  }
}
