import CKernels

/// √Σ (xᵢ − yⱼ)² between the rows of two matrices, where no tape records them: without the differences in memory.
struct EuclideanDistances: Primitive {
  var name: String { "distanceMatrix" }

  func result(_ x: Pair) throws(TensorError) -> Signature {
    if x.a.dtype != x.b.dtype { throw mixedDTypes(x.a.dtype, x.b.dtype) }
    return Signature(Shape(x.a.shape[0], x.b.shape[0]), x.a.dtype)
  }

  func evaluate(_ x: Pair, _ result: Signature) -> Tensor {
    let distances = Tensor(uninitialized: result.shape, result.dtype)
    let (m, n, d) = (result.shape[0], result.shape[1], x.a.shape[1])
    if m == 0 || n == 0 { return distances }
    let size = result.dtype.byteCount
    // The vectors of y as columns, filled up to whole blocks.
    let block = 256 / size
    let lead = (n + block - 1) / block * block
    let columns = Tensor.zeros([d, lead], result.dtype)
    copyElements([d, n], from: [x.b.strides[1], x.b.strides[0]], x.b.pointer, to: [lead, 1], columns.pointer, size: size)
    let rows = x.a.ordered
    let (from, to, code) = (rows.pointer, distances.pointer, result.dtype.code)
    // Parts of an even number of rows: two are summed up together.
    parallel((m + 1) / 2, grain: Swift.max(1, 100_000 / (2 * n * d))) { range in
      let (first, count) = (2 * range.lowerBound, Swift.min(m, 2 * range.upperBound) - 2 * range.lowerBound)
      fx_distances(code, count, n, d, from + first * d * size, columns.pointer, lead, to + first * n * size)
    }
    withExtendedLifetime((rows, columns)) {}
    return distances
  }

  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [nil, nil] }
}
