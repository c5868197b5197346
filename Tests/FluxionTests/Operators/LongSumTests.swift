import Fluxion
import Testing

@testable import Tensors

/// Sums of very many float32 terms keep their digits: each kernel that adds up, beside the same in float64.
///
/// All terms are positive, so that errors of one sign add up; the bound is on the relative error. 10⁶ terms in a debug build, 10⁷ in a release build.
@Suite struct LongSumTests {
  #if DEBUG
    static let terms = 1_000_000
  #else
    static let terms = 10_000_000
  #endif
  /// Each within this of float64's, relative to the result.
  static let bound = 4e-6

  struct Row: Sendable, CustomStringConvertible {
    let name: String
    let shape: @Sendable (Int) -> Shape
    let call: @Sendable (Tensor) -> Tensor
    var description: String { name }
    init(_ name: String, _ shape: @escaping @Sendable (Int) -> Shape, _ call: @escaping @Sendable (Tensor) -> Tensor) {
      (self.name, self.shape, self.call) = (name, shape, call)
    }
  }

  static let rows: [Row] = [
    Row("sum", { [$0] }, { $0.sum() }),
    Row("sum of a view", { [$0, 2] }, { $0[.all, 0].sum() }),
    Row("sum, axis 0", { [$0 / 4, 4] }, { $0.sum(axis: 0) }),
    Row("sum, axis 1", { [4, $0 / 4] }, { $0.sum(axis: 1) }),
    Row("mean", { [$0] }, { $0.mean() }),
    Row("variance", { [$0] }, { $0.variance() }),
    Row("norm", { [$0] }, { $0.norm() }),
    Row("logSumExp", { [$0] }, { $0.logSumExp(axis: 0) }),
    Row("softmax", { [$0] }, { x in x.softmax()[0..<4] * Double(x.elementCount) }),
    Row("cumsum", { [$0] }, { $0.cumulativeSum(axis: 0)[-1] }),
    Row("program with a sum", { [$0] }, { (exp($0) * 2).sum() }),
    Row("dot", { [$0] }, { $0 • $0 }),
    Row("2 rows x • xᵀ", { [2, $0 / 2] }, { $0 • $0.transposed() }),
    Row("3 columns xᵀ • x", { [$0 / 3, 3] }, { $0.transposed() • $0 }),
    Row("8 rows x • xᵀ", { [8, $0 / 8] }, { $0 • $0.transposed() }),
    Row("9 rows x • xᵀ", { [9, $0 / 9] }, { $0 • $0.transposed() }),
    Row("rows • vector", { [4, $0 / 4] }, { $0 • $0[0] }),
    Row("vector • columns", { [$0 / 4, 4] }, { $0[.all, 0] • $0 }),
    Row("4 rows • columns", { [4, $0 / 4] }, { x in x • (x.transposed() + 0) }),
    Row("batch", { [2, 3, $0 / 6] }, { $0 • $0.transposed() }),
    Row("einsum", { [$0 / 4, 4] }, { einsum("ki,kj->ij", $0, $0) }),
    Row(
      "linear's weight gradient", { [$0 / 4, 4] },
      { x in
        gradient(at: Tensor.ones([3, 4], x.dtype)) { w in linear(x, weight: w, bias: .zeros([3], x.dtype)).sum() }
      }),
    Row("scatterAdd", { [$0] }, { x in Tensor.zeros([2], x.dtype).scatterAdd(x, at: Tensor.zeros([x.elementCount], .int64), axis: 0)[0] }),
    Row(
      "adding at indices", { [$0 / 2, 2] },
      { x in
        Tensor.zeros([2, 2], x.dtype).adding(x, at: Tensor.zeros([x.shape[0]], .int64), axis: 0)[0]
      }),
    Row(
      "embedding's gradient", { [$0 / 2, 2] },
      { x in
        let rows = Tensor.zeros([x.shape[0]], .int64)
        return gradient(at: Tensor.ones([2, 2], x.dtype)) { table in (embedding(rows, table) * x).sum() }[0]
      }),
    Row(
      "take's gradient", { [$0] },
      { x in
        let rows = Tensor.zeros([x.shape[0]], .int64)
        return gradient(at: Tensor.ones([2], x.dtype)) { table in (table.take(rows, axis: 0) * x).sum() }[0]
      }),
    Row("meanPool", { [1, 1, 1000, $0 / 1000] }, { x in x.mean(axes: [2, 3]) }),
    Row(
      "convolution's weight gradient", { [1, 1, 1000, $0 / 1000] },
      { x in
        gradient(at: Tensor.ones([2, 1, 3, 3], x.dtype)) { w in convolution(x, weight: w).sum() }
      }),
    Row(
      "depthwise weight gradient", { [1, 2, 1000, $0 / 2000] },
      { x in
        gradient(at: Tensor.ones([2, 1, 3, 3], x.dtype)) { w in convolution(x, weight: w, groups: 2).sum() }
      }),
    Row(
      "convolution's bias gradient", { [1, 1, 1000, $0 / 1000] },
      { x in
        gradient(at: Tensor.ones([2], x.dtype)) { b in (convolution(x, weight: .ones([2, 1, 1, 1], x.dtype), bias: b) * x).sum() }
      }),
    Row("layerNorm", { [1, $0] }, { x in layerNorm(x, over: [x.shape[1]])[.all, 0..<4] + 3 }),
    Row("mse", { [$0] }, { x in mse(x, x * 0) }),
  ]

  @Test(arguments: rows)
  func digitsStay(_ row: Row) throws {
    var random = RandomStream(seed: 3)
    let x = Tensor.uniform(row.shape(Self.terms), in: 0.5..<1.5, using: &random)
    let y = row.call(x).cast(to: .float64)
    let truth = row.call(x.cast(to: .float64))
    let error = (abs(y - truth) / abs(truth)).max().item()
    #expect(error <= Self.bound, "\(row.name): relative error \(error)")
  }

  #if !DEBUG
    @Test func onesAreCounted() {
      let x = Tensor.ones([8, 30_000_000])
      #expect((x • x.transposed())[7, 3].item() == 30_000_000)
      #expect((x[0..<1] • x[0..<1].transposed()).item() == 30_000_000)
    }
  #endif
}
