import Autodiff
import Fluxion
import Tensors
import Testing

/// Functions of several results, layers and optimizers on 16-bit floats: what float32 gives, within a few roundings.
@Suite struct HalfFunctionTests {
  static let halves = HalfTableTests.halves

  /// Results of the dtype, and near to float32's for the same numbers; their gradients, too.
  static func agree(_ name: String, _ dtype: DType, _ x: [Tensor], hasGradient: Bool = true, _ f: ([Tensor]) -> [Tensor]) throws {
    let halves = x.map { $0.dtype.isFloatingPoint ? $0.cast(to: dtype) : $0 }
    let floats = halves.map { $0.dtype == dtype ? $0.cast(to: .float32) : $0 }
    let (ours, expected) = try (checked { f(halves) }, checked { f(floats) })
    for (i, (a, b)) in zip(ours, expected).enumerated() {
      #expect(a.dtype == (b.dtype == .float32 ? dtype : b.dtype), "\(name) \(i)")
      let scale = max(HalfTableTests.largest([b]), HalfTableTests.largest(floats))
      let mismatch = a.dtype == dtype ? HalfTableTests.mismatch(a, b, scale: scale) : Grid(a).mismatch(Grid(b), tolerance: 0)
      #expect(mismatch == nil, "\(name) \(i)")
    }
    guard hasGradient else { return }
    let variables = halves.indices.filter { halves[$0].dtype == dtype }
    func slopes(_ x: [Tensor]) throws -> [Tensor] {
      try checked {
        gradient(at: variables.map { x[$0] }) { y in
          var all = x
          for (i, y) in zip(variables, y) { all[i] = y }
          return f(all).filter { $0.dtype.isFloatingPoint }.map { $0.cast(to: .float32).sum() }.reduce(Tensor(0 as Float)) { $0 + $1 }
        }
      }
    }
    let (a, b) = try (slopes(halves), slopes(floats))
    for (i, (a, b)) in zip(a, b).enumerated() {
      #expect(a.dtype == dtype, "\(name)'s gradient \(i)")
      let scale = max(HalfTableTests.largest([b]), HalfTableTests.largest(floats))
      #expect(HalfTableTests.mismatch(a, b, scale: 4 * scale) == nil, "\(name)'s gradient \(i)")
    }
  }

  static func numbers(_ shape: Shape, _ seed: UInt64) -> Tensor { withSeed(seed) { Tensor.normal(shape) } }
  /// Far from singular.
  static let square = numbers([4, 4], 1) * 0.3 + Tensor.eye(4) * 3
  static let symmetric = square • square.transposed()

  @Test(arguments: halves) func linearAlgebra(_ dtype: DType) throws {
    let (a, s, b) = (Self.square, Self.symmetric * 0.1, Self.numbers([4, 2], 2))
    try Self.agree("solve", dtype, [a, b]) { [solve($0[0], $0[1])] }
    try Self.agree("solve a vector", dtype, [a, b[0..., 0]]) { [solve($0[0], $0[1])] }
    try Self.agree("solve many", dtype, [a, stack([b, b, b])]) { [solve($0[0], $0[1])] }
    try Self.agree("inverse", dtype, [a]) { [inverse($0[0])] }
    try Self.agree("determinant", dtype, [a * 0.3]) { [determinant($0[0])] }
    try Self.agree("logDeterminant", dtype, [a]) { [logDeterminant($0[0]).logarithm] }
    try Self.agree("cholesky", dtype, [s]) { [cholesky($0[0])] }
    try Self.agree("choleskySolve", dtype, [a.lowerTriangle(), b]) { [choleskySolve($0[0], $0[1])] }
    try Self.agree("lu", dtype, [a]) { x in
      let (p, l, u) = lu(x[0])
      return [p, l, u]
    }
    try Self.agree("luSolve", dtype, [a, b]) { x in
      let (factors, pivots) = luFactors(x[0])
      return [factors, pivots.cast(to: .int64), luSolve(factors, pivots: pivots, x[1])]
    }
    try Self.agree("ldlSolve", dtype, [s, b], hasGradient: false) { x in
      let (factors, pivots) = ldlFactors(x[0])
      return [factors, pivots.cast(to: .int64), ldlSolve(factors, pivots: pivots, x[1])]
    }
    try Self.agree("qr", dtype, [a]) { x in
      let (q, r) = qr(x[0])
      return [q, r]
    }
    try Self.agree("singularValues", dtype, [a]) { [singularValues($0[0])] }
    try Self.agree("svd", dtype, [a], hasGradient: false) { x in
      let (u, s, vt) = svd(x[0])
      return [u, s, vt]
    }
    try Self.agree("symmetricEigen", dtype, [s], hasGradient: false) { x in
      let (values, vectors) = symmetricEigen(x[0])
      return [values, vectors]
    }
    try Self.agree("symmetricEigenvalues", dtype, [s]) { [symmetricEigenvalues($0[0])] }
    try Self.agree("eigenvalues", dtype, [s], hasGradient: false) { [eigenvalues($0[0])] }
    try Self.agree("leastSquares", dtype, [Self.numbers([5, 3], 3), Self.numbers([5, 2], 4)]) { x in
      let found = leastSquares(x[0], x[1])
      return [found.solution, found.rank]
    }
    try Self.agree("pseudoInverse", dtype, [a]) { [pseudoInverse($0[0])] }
    try Self.agree("matrixExponential", dtype, [a * 0.3]) { [matrixExponential($0[0])] }
    try Self.agree("matrixRank", dtype, [a], hasGradient: false) { [matrixRank($0[0])] }
    try Self.agree("polar", dtype, [a]) { [polarDecomposition($0[0]).u] }
    try Self.agree("norms", dtype, [a]) { x in [x[0].norm(), x[0].norm(1, axis: 0), x[0].norm(.infinity, axis: 1), x[0].norm(3)] }
    // Positions that 16 bits cannot count.
    let n = 300
    let order = Tensor.eye(n).take(Tensor.arange(n).rolled(by: [7], axes: [0]), axis: 0)
    let p = lu(order.cast(to: dtype)).p
    #expect(Grid(p) == Grid(lu(order).p) && p.dtype == dtype)
  }

  @Test(arguments: halves) func ordersAndCounts(_ dtype: DType) throws {
    let x = Self.numbers([3, 400], 5)
    try Self.agree("sorted", dtype, [x]) { [$0[0].sorted(axis: -1), $0[0].argsort(axis: -1)] }
    try Self.agree("topK", dtype, [x]) { x in
      let (values, positions) = x[0].topK(5)
      return [values, positions]
    }
    try Self.agree("unique", dtype, [x], hasGradient: false) { x in
      let (values, inverse, counts) = x[0].unique()
      return [values, inverse, counts]
    }
    try Self.agree("median", dtype, [x]) { [$0[0].median(axis: 1)] }
    try Self.agree("cumulative", dtype, [x]) { [$0[0].cumulativeSum(axis: 1), $0[0].argmax(axis: 1)] }
    try Self.agree("histogram", dtype, [x], hasGradient: false) { [$0[0].histogram(bins: 10, in: -2...2)] }
    try Self.agree("quantile", dtype, [Self.numbers([9], 6)]) { [$0[0].quantile(0.25)] }
    try Self.agree("variance", dtype, [x]) { [$0[0].variance(axis: 1), $0[0].standardDeviation()] }
    try Self.agree("distances", dtype, [Self.numbers([4, 3], 7), Self.numbers([5, 3], 8)]) { [distanceMatrix($0[0], $0[1])] }
    var random = RandomStream(seed: 1)
    let dropped = x.cast(to: dtype).dropout(probability: 0.5, using: &random)
    #expect(dropped.dtype == dtype && dropped.elementCount == 1200)
  }

  @Test(arguments: halves) func losses(_ dtype: DType) throws {
    let (logits, ids) = (Self.numbers([6, 5], 9), Tensor([0, 4, 2, 1, 3, 0], .int64))
    try Self.agree("crossEntropy", dtype, [logits, ids]) { [crossEntropy($0[0], $0[1])] }
    try Self.agree("crossEntropy, smoothed", dtype, [logits, ids]) { [crossEntropy($0[0], $0[1], labelSmoothing: 0.1, reduction: .mean)] }
    try Self.agree("mse", dtype, [logits, logits * 0.5]) { [mse($0[0], $0[1]), mae($0[0], $0[1]), huber($0[0], $0[1])] }
    try Self.agree("ctc", dtype, [Self.numbers([2, 6, 5], 10), Tensor([[1, 2], [3, 3]], .int64)]) { [ctc($0[0], $0[1])] }
    try Self.agree("softmax", dtype, [logits]) { [$0[0].softmax(), $0[0].softmax(axis: 0), $0[0].logSoftmax(), $0[0].logSumExp()] }
    // More than float16 counts.
    let many = Tensor.zeros([1000, 200], dtype)
    let loss = crossEntropy(many, Tensor.zeros([1000], .int64), ignoring: 1, reduction: .mean)
    #expect(loss.dtype == dtype && abs(loss.item() - 5.298) < 0.04)
  }

  /// A layer with its parameters in 16 bits, beside the same in float32.
  private func layer<M: Model>(
    _ name: String, _ dtype: DType, _ model: M, _ x: Tensor
  ) throws where M.Input == Tensor, M.Output == Tensor {
    var half = model
    half.updateParameters { _, value in value = value.cast(to: dtype) }
    var wide = half
    wide.updateParameters { _, value in value = value.cast(to: .float32) }
    let (x16, x32) = (x.cast(to: dtype), x.cast(to: dtype).cast(to: .float32))
    let (slopes, expected) = (
      gradient(at: &half) { $0(x16).cast(to: .float32).squared.mean() }, gradient(at: &wide) { $0(x32).squared.mean() }
    )
    for ((name, a), (_, b)) in zip(slopes.parameters, expected.parameters) {
      #expect(a.dtype == dtype, "\(name)")
      let mismatch = HalfTableTests.mismatch(a, b, scale: 4 * max(1, HalfTableTests.largest([b])))
      #expect(mismatch == nil, "\(name)")
    }
    #expect(HalfTableTests.mismatch(half(x16), wide(x32), scale: 4) == nil, "\(name)")
    #expect(half(x16).dtype == dtype, "\(name)")
  }

  @Test(arguments: halves) func layers(_ dtype: DType) throws {
    try withSeed(11) {
      let (rows, images, steps) = (Self.numbers([6, 5], 12), Self.numbers([2, 3, 8, 8], 13), Self.numbers([3, 5, 4], 14))
      try layer("Dense", dtype, Dense(5, 3), rows)
      try layer("LayerNorm", dtype, LayerNorm([5]), rows)
      try layer("RMSNorm", dtype, RMSNorm([5]), rows)
      try layer("Conv", dtype, Conv2D(3, 4, kernel: 3), images)
      try layer("GroupNorm", dtype, GroupNorm(3, groups: 3), images)
      try layer("LSTM", dtype, LSTM(4, 3).unrolled(), steps)
      try layer("GRU", dtype, GRU(4, 3).unrolled(), steps)
      try layer("attention", dtype, TransformerEncoderBlock(4, heads: 2, hidden: 8, dropout: 0), steps)
    }
  }

  @Test(arguments: halves) func batchNormMovesItsStatistics(_ dtype: DType) throws {
    let x = Self.numbers([8, 3, 5], 15).cast(to: dtype)
    func moved(_ x: Tensor) throws -> [Tensor] {
      var (mean, variance) = (Tensor.zeros([3], x.dtype), Tensor.ones([3], x.dtype))
      let y = try checked { batchNorm(x, updating: &mean, &variance) }
      return [y, mean, variance, try checked { batchNorm(x, mean: mean, variance: variance) }]
    }
    for (a, b) in try zip(moved(x), moved(x.cast(to: .float32))) {
      #expect(a.dtype == dtype && HalfTableTests.mismatch(a, b, scale: 2) == nil)
    }
    try Self.agree("batchNorm", dtype, [x, Tensor.ones([3]), Tensor.zeros([3])]) { [batchNorm($0[0], weight: $0[1], bias: $0[2]).squared] }
  }

  /// Every optimizer: the parameter it gives is float32's for the same numbers, rounded.
  @Test(arguments: OptimizerRow.ungrouped, halves) func optimizers(_ row: OptimizerRow, _ dtype: DType) throws {
    var half = withSeed(1) { Dense(4, 3) }
    half.updateParameters { _, value in value = value.cast(to: dtype) }
    var wide = half
    wide.updateParameters { _, value in value = value.cast(to: .float32) }
    var slopes = half
    slopes.updateParameters { _, value in value = withSeed(2) { Tensor.normal(value.shape, dtype) } }
    var wideSlopes = slopes
    wideSlopes.updateParameters { _, value in value = value.cast(to: .float32) }
    func step<O: Optimizer>(_ optimizer: O, _ model: inout Dense, _ slopes: Dense) {
      var optimizer = optimizer
      for _ in 0..<2 { optimizer.update(&model, along: slopes) }
    }
    step(row.make(), &half, slopes)
    step(row.make(), &wide, wideSlopes)
    #expect(half.weight.dtype == dtype && half.bias?.dtype == dtype)
    #expect(HalfTableTests.mismatch(half.weight, wide.weight, scale: 2) == nil)
  }
}
