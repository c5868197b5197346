import CKernels

/// (Σ |xᵢ − yⱼ|ᵖ)^(1/p) between the rows of matrices [..., m, d] and [..., n, d] of one batch shape, without the differences in memory.
struct Distances: Primitive {
  let order: Double
  var name: String { "distanceMatrix" }
  var keeps: Keeps { .both }

  func result(_ x: Pair) throws(TensorError) -> Signature {
    if x.a.dtype != x.b.dtype { throw mixedDTypes(x.a.dtype, x.b.dtype) }
    if !x.a.dtype.isFloatingPoint { throw mistake("not defined for \(x.a.dtype), only for floating-point dtypes; convert with .cast(to:)") }
    return Signature(Shape(Array(x.a.batchShape) + [x.a.shape[-2], x.b.shape[-2]]), x.a.dtype)
  }

  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let distances = try Tensor(uninitialized: result.shape, result.dtype)
    let (batch, m, n, d) = (x.a.matrixCount, x.a.shape[-2], x.b.shape[-2], x.a.shape[-1])
    if distances.elementCount == 0 { return distances }
    let size = result.dtype.byteCount
    // The vectors of y as columns, filled up to whole blocks.
    let block = 256 / size
    let lead = (n + block - 1) / block * block
    let columns = try Tensor(zeros: [batch, d, lead], result.dtype)
    let (rows, others) = try (x.a.ordered, x.b.rank == 2 ? x.b : x.b.ordered)
    for i in 0..<batch {
      copyElements(
        [d, n], from: [others.strides[-1], others.strides[-2]], others.pointer + i * n * d * size, to: [lead, 1],
        columns.pointer + i * d * lead * size, size: size)
    }
    let (from, to, code) = (rows.pointer, distances.pointer, result.dtype.code)
    // Parts of an even number of rows: two are summed up together.
    let pairs = (m + 1) / 2
    parallel(batch * pairs, grain: Swift.max(1, 100_000 / (2 * n * d))) { range in
      var part = range.lowerBound
      while part < range.upperBound {
        let (i, start) = (part / pairs, part % pairs)
        let end = Swift.min(pairs, start + range.upperBound - part)
        let (first, count) = (i * m + 2 * start, Swift.min(m, 2 * end) - 2 * start)
        fx_distances(
          code, count, n, d, order, from + first * d * size, columns.pointer + i * d * lead * size, lead, to + first * n * size)
        part += end - start
      }
    }
    withExtendedLifetime((rows, others, columns)) {}
    return distances
  }

  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    if order == 0 { return [nil, nil] }
    let weight = order == 1 || order.isInfinite ? dy : Distances.weights(order)(dy, y)
    func slope(_ x: Tensor, _ y: Tensor, _ weight: Tensor, _ distances: Tensor) -> Tensor {
      // Which differences are the largest only the distances tell.
      DistanceSlope(order: order)([x, y, weight] + (order.isInfinite ? [distances.detached] : []))
    }
    return [
      needs[0] ? slope(x.a, x.b, weight, y) : nil,
      needs[1] ? slope(x.b, x.a, weight.transposed(), y.transposed()) : nil,
    ]
  }

  private static let euclidean = weights(of: 2)
  private static func weights(_ order: Double) -> Elementwise { order == 2 ? euclidean : weights(of: order) }
  /// dy·y^(1 − p) of gradient and distance; where two vectors are equal it has a kink, whose subgradient of least size is 0.
  private static func weights(of order: Double) -> Elementwise {
    Elementwise { dy, y in
      let isZero = y .== 0
      let size = select(isZero, 1, y)
      return select(isZero, 0, order == 2 ? dy / size : dy * pow(size, Symbol(1 - order)))
    }
  }
}

/// Σⱼ wᵢⱼ·sign(t)·|t|^(p − 1), t = xᵢ − yⱼ, of x [..., m, d], y [..., n, d] and w [..., m, n]: what distances send back to x.
///
/// Of order ±∞ the distances themselves come last. Its own derivatives are those of the operators it could be made of, which store the differences.
struct DistanceSlope: Primitive {
  let order: Double
  var name: String { "distanceMatrix" }

  func result(_ x: [Tensor]) -> Signature { Signature(x[0].shape, x[0].dtype) }

  func evaluate(_ x: [Tensor], _ result: Signature) throws(TensorError) -> Tensor {
    let slopes = try Tensor(uninitialized: result.shape, result.dtype)
    if slopes.elementCount == 0 { return slopes }
    let (batch, m, n, d) = (x[0].matrixCount, x[0].shape[-2], x[1].shape[-2], x[0].shape[-1])
    if n == 0 { return .zeros(result.shape, result.dtype) }
    // Weights are read as they lie, and distances with them: if both do not lie alike, weights are copied to lie as distances do.
    var (weight, distances) = (x[2].detached, x[x.count - 1])
    if weight.strides != distances.strides || weight.batchStep == nil {
      let isTurned = distances.strides[-1] != 1 && distances.strides[-2] == 1
      weight = try isTurned ? weight.transposed().contiguousCopy().transposed() : weight.contiguousCopy()
      if weight.strides != distances.strides { (weight, distances) = try (x[2].contiguousCopy(), distances.contiguousCopy()) }
    }
    let (a, b, step) = try (x[0].ordered, x[1].ordered, weight.batchStep ?? 0)
    let (row, column) = (weight.strides[-2], weight.strides[-1])
    let (size, code, out) = (result.dtype.byteCount, result.dtype.code, slopes.pointer)
    parallel(batch * m, grain: Swift.max(1, 50_000 / (n * d))) { range in
      var part = range.lowerBound
      while part < range.upperBound {
        let (i, start) = (part / m, part % m)
        let count = Swift.min(m - start, range.upperBound - part)
        let place = (i * step + start * row) * size
        fx_distance_slopes(
          code, count, n, d, order, a.pointer + part * d * size, b.pointer + i * n * d * size, weight.pointer + place,
          distances.pointer + place, row, column, out + part * d * size)
        part += count
      }
    }
    withExtendedLifetime((weight, distances, a, b)) {}
    return slopes
  }

  func gradient(_ x: [Tensor], _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let distances = x[x.count - 1]
    let slopes: [Tensor?] = pullback(
      { x in
        let t = x[0].unsqueezed(axis: -2) - x[1].unsqueezed(axis: -3)
        let power: Tensor
        if order == 2 {
          power = t
        } else if order == 1 {
          power = sign(t)
        } else if order.isInfinite {
          let isLargest = (abs(t) .== distances.unsqueezed(axis: -1)).cast(to: t.dtype)
          power = sign(t) * (isLargest / isLargest.sum(axis: -1, keepDims: true))
        } else {
          let isNothing = (t .== 0).detached
          power = sign(t) * select(isNothing, 0, pow(select(isNothing, 1, abs(t)), order - 1))
        }
        return (x[2].unsqueezed(axis: -1) * power).sum(axis: -2)
      }, at: Array(x[0..<3]), dy)
    return slopes + Array(repeating: nil, count: x.count - 3)
  }
}
