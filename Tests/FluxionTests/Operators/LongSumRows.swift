import Fluxion

// Whatever adds up: reductions, products, scatters and the gradients of what is read more than once; and layers' functions.
extension LongSumTests {
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
    Row("norm of order 1", { [$0] }, { $0.norm(1) }),
    Row("norm of order 3", { [$0] }, { $0.norm(3) }),
    Row("norm, axis 0", { [$0 / 4, 4] }, { $0.norm(axis: 0) }),
    Row("variance, axis 0", { [$0 / 4, 4] }, { $0.variance(axis: 0) }),
    Row("mean of a transposed", { [$0 / 1000, 1000] }, { $0.transposed().mean(axis: 1) }),
    Row("sum of several axes", { [10, $0 / 100, 10] }, { $0.sum(axes: [0, 1]) }),
    Row("logSumExp, axis 0", { [$0 / 4, 4] }, { $0.logSumExp(axis: 0) }),
    Row("softmax, axis 0", { [$0 / 4, 4] }, { x in x.softmax(axis: 0)[0..<2] * Double(x.shape[0]) }),
    Row("softmax's gradient", { [$0] }, { x in gradient(at: x) { y in (y.softmax() * x).sum() }[0..<4] * Double(x.elementCount) + 1 }),
    Row("cumsum, axis 0", { [$0 / 4, 4] }, { $0.cumulativeSum(axis: 0)[-1] }),
    Row("cumsum's gradient", { [$0] }, { x in gradient(at: x) { y in (y.cumulativeSum(axis: 0) * x).sum() }[0] }),
    Row("cumulative trapezoid", { [$0] }, { $0.cumulativeTrapezoid()[-1] }),
    Row("cumulative logSumExp", { [$0] }, { $0.cumulativeLogSumExp(axis: 0)[-1] }),
    Row("trapezoid", { [$0] }, { $0.trapezoid() }),
    Row("bincount", { [$0] }, { x in Tensor.zeros([x.elementCount], .int64).bincount(weights: x) }),
    Row("cosine similarity", { [2, $0 / 2] }, { cosineSimilarity($0[0], $0[1], axis: 0) }),
    Row("distances of order 2", { [3, $0 / 3] }, { distanceMatrix($0[0..<2], $0[2..<3] * 0.1) }),
    Row("distances of order 1", { [3, $0 / 3] }, { distanceMatrix($0[0..<2], $0[2..<3] * 0.1, order: 1) }),
    Row("distances of order 1.5", { [3, $0 / 3] }, { distanceMatrix($0[0..<2], $0[2..<3] * 0.1, order: 1.5) }),
    Row(
      "distances' gradient", { [$0 / 2, 2] },
      { x in gradient(at: Tensor.full([1, 2], 2, x.dtype)) { y in distanceMatrix(y, x, order: 1).sum() } }),
    Row(
      "distances' gradient, order 2", { [$0 / 2, 2] },
      { x in gradient(at: Tensor.full([1, 2], 2, x.dtype)) { distanceMatrix($0, x).sum() } }),
    Row("a spread number's gradient", { [$0] }, { x in gradient(at: Tensor.ones([], x.dtype)) { (($0 * x) * x).sum() } }),
    Row(
      "a repeated row's gradient", { [$0 / 2, 2] },
      { x in gradient(at: Tensor.ones([1, 2], x.dtype)) { ($0.repeated(x.shape[0], axis: 0) * x).sum() } }),
    Row(
      "gradient through strides of 0", { [$0] },
      { x in gradient(at: Tensor.ones([1], x.dtype)) { ($0.strided([x.elementCount], strides: [0]) * x).sum() } }),
    Row(
      "padding's gradient", { [$0] },
      { x in gradient(at: Tensor.ones([2], x.dtype)) { ($0.padded([(before: x.elementCount - 2, after: 0)], mode: .replicate) * x).sum() } }
    ),
    Row(
      "gather's gradient", { [$0] },
      { x in
        let rows = Tensor.zeros([x.elementCount], .int64)
        return gradient(at: Tensor.ones([2], x.dtype)) { table in (table.gather(rows, axis: 0) * x).sum() }[0]
      }),
    Row("5 rows • columns, one product of a batch", { [1, 5, $0 / 5] }, { x in x • (x.transposed() + 0) }),
    Row("20 rows • columns", { [20, $0 / 20] }, { x in x • (x.transposed() + 0) }),
    Row("20 columns xᵀ • x", { [$0 / 20, 20] }, { x in x.transposed() • x }),
    Row("40 rows x • xᵀ", { [40, $0 / 40] }, { x in x • x.transposed() }),
    Row("row • matrix", { [$0 / 16, 16] }, { x in x[.all, 0..<1].transposed() • x }),
    Row("matrix of columns • vector", { [$0 / 4, 4] }, { x in x.transposed() • x[.all, 1] }),
    Row("dot of views", { [$0 / 2, 2] }, { x in x[.all, 0] • x[.all, 1] }),
    Row("einsum of all", { [$0 / 4, 4] }, { einsum("ij,ij->", $0, $0) }),
    Row("einsum of columns", { [$0 / 4, 4] }, { einsum("ij,ij->j", $0, $0) }),
    Row("tensordot", { [10, $0 / 40, 4] }, { tensordot($0, $0, axes: ([0, 1], [0, 1])) }),
  ]

  static let featureRows: [Row] = [
    Row("mean pooling", { [1, 1, $0] }, { x in meanPool(x, window: PerAxis([x.elementCount])) }),
    Row("mean pooling of an image", { [1, 1, 1000, $0 / 1000] }, { x in meanPool(x, window: PerAxis([1000, x.shape[3] / 2])) }),
    Row("adaptive mean pooling", { [1, 1, 1000, $0 / 1000] }, { x in meanPool(x, to: PerAxis([2, 3])) }),
    Row(
      "cross entropy", { [$0 / 4, 4] },
      { x in crossEntropy(x, Tensor.zeros([x.shape[0]], .int64)) }),
    Row(
      "cross entropy with weights", { [$0 / 4, 4] },
      { x in crossEntropy(x, Tensor.ones([x.shape[0]], .int64), weights: Tensor.full([4], 0.3, x.dtype), reduction: .mean) }),
    Row("cross entropy of classes", { [1, $0] }, { x in crossEntropy(x, Tensor.zeros([1], .int64)) }),
    Row("binary cross entropy", { [$0] }, { x in binaryCrossEntropy(x * 0.5, x * 0.25) }),
    Row("batchNorm of features", { [$0 / 4, 4] }, { x in moments(x) }),
    Row("batchNorm of images", { [10, 2, 100, $0 / 2000] }, { x in moments(x) }),
    Row(
      "batchNorm's gradient", { [$0 / 4, 4] },
      { x in
        let (w, b) = gradient(at: Tensor.ones([4], x.dtype), Tensor.ones([4], x.dtype)) { w, b in
          (batchNorm(x, weight: w, bias: b) * x).sum()
        }
        return stack([w, b])
      }),
    Row(
      "layerNorm's gradient", { [$0 / 4, 4] },
      { x in
        let (w, b) = gradient(at: Tensor.ones([4], x.dtype), Tensor.ones([4], x.dtype)) { w, b in
          (layerNorm(x, over: [4], weight: w, bias: b) * (layerNorm(x, over: [4]) + x)).sum()
        }
        return stack([w, b])
      }),
    Row(
      "groupNorm's gradient", { [$0 / 64, 4, 16] },
      { x in gradient(at: Tensor.ones([4], x.dtype)) { b in (groupNorm(x, groups: 2, bias: b) * x).sum() } }),
    Row("embeddingBag", { [$0 / 2, 2] }, { x in embeddingBag(Tensor.arange(x.shape[0]).unsqueezed(axis: 0), x, reduction: .mean) }),
    Row(
      "attention over keys", { [$0 / 4, 4] },
      { x in attention(Tensor.ones([2, 4], x.dtype), x, x) }),
    Row(
      "attention's gradient for keys", { [$0 / 4, 4] },
      { x in
        gradient(at: Tensor.full([2, 4], 0.5, x.dtype)) { k in
          (attention(x, k, Tensor.arange(8).cast(to: x.dtype).reshaped([2, 4])) * x).sum()
        } + 0
      }),
    Row(
      "attention's gradient for values", { [$0 / 4, 4] },
      { x in
        gradient(at: Tensor.full([2, 4], 0.5, x.dtype)) { v in (attention(x, Tensor.ones([2, 4], x.dtype), v) * x).sum() }
      }),
    Row(
      "recurrence's weight gradient", { [$0 / 40, 10, 4] },
      { x in
        let state = Tensor.ones([x.shape[0], 1], x.dtype)
        return gradient(at: Tensor.full([4, 1], 0.1, x.dtype)) { w in
          lstm(x, weight: w, hidden: state, cell: state).outputs.sum()
        }
      }),
    Row(
      "convolution's weight gradient, many channels", { [8, 16, 100, $0 / 12800] },
      { x in gradient(at: Tensor.ones([16, 16, 3, 3], x.dtype) * 0.1) { w in convolution(x, weight: w, padding: 1).sum() } }),
    Row(
      "convolution's weight gradient, strided", { [8, 2, 100, $0 / 1600] },
      { x in gradient(at: Tensor.ones([4, 2, 3, 3], x.dtype)) { w in convolution(x, weight: w, stride: 2).sum() } }),
    Row(
      "convolution's weight gradient, one axis", { [1, 2, $0 / 2] },
      { x in gradient(at: Tensor.ones([3, 2, 5], x.dtype)) { w in convolution(x, weight: w).sum() } }),
    Row(
      "convolution's weight gradient, many images", { [$0 / 64, 1, 8, 8] },
      { x in gradient(at: Tensor.ones([2, 1, 3, 3], x.dtype)) { w in convolution(x, weight: w).sum() } }),
    Row("convolution over a long window", { [1, 1, $0] }, { x in convolution(x, weight: x) }),
    Row("convolution over a long window, channels", { [1, 4, $0 / 4] }, { x in convolution(x, weight: x) }),
    Row(
      "transposed convolution's weight gradient", { [1, 1, 1000, $0 / 1000] },
      { x in gradient(at: Tensor.ones([1, 2, 3, 3], x.dtype)) { w in convolutionTransposed(x, weight: w).sum() } }),
    Row("interpolation of all", { [1, 1, $0] }, { x in interpolate(x, to: 2, method: .linear, antialiases: true) }),
    Row(
      "interpolation's gradient", { [1, 1, $0] },
      { x in
        gradient(at: Tensor.ones([1, 1, 2], x.dtype)) { y in (interpolate(y, to: PerAxis([x.elementCount]), method: .linear) * x).sum() }
      }),
    Row(
      "gridSample's gradient", { [1, 1, 1000, $0 / 1000] },
      { x in
        let grid = Tensor.zeros([1, 1000, x.shape[3], 2], x.dtype)
        return gradient(at: Tensor.ones([1, 1, 2, 2], x.dtype)) { y in (gridSample(y, at: grid) * x).sum() }
      }),
  ]

  /// The mean and variance that batchNorm finds.
  private static func moments(_ x: Tensor) -> Tensor {
    var (mean, variance) = (Tensor.zeros([x.shape[1]], x.dtype), Tensor.ones([x.shape[1]], x.dtype))
    _ = batchNorm(x, updating: &mean, &variance, momentum: 1)
    return stack([mean, variance])
  }
}
