import Fluxion

extension Table {
  mutating func reductions() {
    let double = Elementwise { x in x * 2 }
    row("Tensor.covariance(frequencies:weights:correction:)") { h in h.x.covariance(correction: h.d(1)) }
    row("Tensor.centralDifferences(spacing:axis:edgeOrder:)") { h in
      h.x.centralDifferences(spacing: h.d(0.5), axis: h.i(1), edgeOrder: h.i(2))
    }
    row("Tensor.centralDifferences(at:axis:edgeOrder:)") { h in
      h.x.centralDifferences(at: Tensor([0.0, 1, 3], .float32), axis: h.i(1), edgeOrder: h.i(1))
    }
    row("Tensor.combiningSegments(lengths:by:initial:)") { h in
      [
        h.x.combiningSegments(lengths: Tensor([h.i(1), h.i(1)]), by: .sum, initial: h.d(1)),
        h.ids.combiningSegments(lengths: [2], by: .maximum, initial: h.d(1)),
      ]
    }
    row("matrixRank(_:relativeTolerance:absoluteTolerance:)") { h in
      matrixRank(h.square, relativeTolerance: h.d(1e-6), absoluteTolerance: h.d(0))
    }
    row("luUnpacked") { h in luUnpacked(h.square, pivots: Tensor([h.i(1), h.i(2), h.i(3)])).p }
    row("luSolve") { h in luSolve(h.square, pivots: Tensor([h.i(1), h.i(2), h.i(3)]), h.square) }
    row("ldlSolve") { h in ldlSolve(h.square, pivots: Tensor([h.i(1), h.i(2), h.i(3)]), h.square) }
    row("Elementwise.sum(_:axes:keepDims:)") { h in double.sum(h.x, axes: h.list(0)) }
    row("Elementwise.sum(_:axis:keepDims:)") { h in double.sum(h.x, axis: h.i(1)) }
    row("Elementwise.mean(_:axes:keepDims:)") { h in double.mean(h.x, axes: h.list(0)) }
    row("Elementwise.mean(_:axis:keepDims:)") { h in double.mean(h.x, axis: h.i(1)) }
    row("Elementwise.prod(_:axes:keepDims:)") { h in double.prod(h.x, axes: h.list(0)) }
    row("Elementwise.prod(_:axis:keepDims:)") { h in double.prod(h.x, axis: h.i(1)) }
    row("Elementwise.max(_:axes:keepDims:)") { h in double.max(h.x, axes: h.list(0)) }
    row("Elementwise.max(_:axis:keepDims:)") { h in double.max(h.x, axis: h.i(1)) }
    row("Elementwise.min(_:axes:keepDims:)") { h in double.min(h.x, axes: h.list(0)) }
    row("Elementwise.min(_:axis:keepDims:)") { h in double.min(h.x, axis: h.i(1)) }
    row("Tensor.sum(axes:keepDims:)") { h in h.x.sum(axes: h.list(0, 1)) }
    row("Tensor.sum(axis:keepDims:)") { h in h.x.sum(axis: h.i(1)) }
    row("Tensor.mean(axes:keepDims:ignoringNaN:)") { h in h.x.mean(axes: h.list(0, 1)) }
    row("Tensor.mean(axis:keepDims:ignoringNaN:)") { h in h.x.mean(axis: h.i(1), ignoringNaN: true) }
    row("Tensor.prod(axes:keepDims:)") { h in h.x.prod(axes: h.list(0)) }
    row("Tensor.prod(axis:keepDims:)") { h in h.x.prod(axis: h.i(1)) }
    row("Tensor.max(axes:keepDims:)") { h in h.x.max(axes: h.list(0)) }
    row("Tensor.max(axis:keepDims:)") { h in h.x.max(axis: h.i(1)) }
    row("Tensor.min(axes:keepDims:)") { h in h.x.min(axes: h.list(0)) }
    row("Tensor.min(axis:keepDims:)") { h in h.x.min(axis: h.i(1)) }
    row("Tensor.argmax(axis:keepDims:)") { h in h.x.argmax(axis: h.i(1)) }
    row("Tensor.argmin(axis:keepDims:)") { h in h.x.argmin(axis: h.i(1)) }
    row("Tensor.any(axes:keepDims:)") { h in (h.x .> 0).any(axes: h.list(0)) }
    row("Tensor.any(axis:keepDims:)") { h in (h.x .> 0).any(axis: h.i(1)) }
    row("Tensor.all(axes:keepDims:)") { h in (h.x .> 0).all(axes: h.list(0)) }
    row("Tensor.all(axis:keepDims:)") { h in (h.x .> 0).all(axis: h.i(1)) }
    row("Tensor.cumulativeSum(axis:)") { h in h.x.cumulativeSum(axis: h.i(1)) }
    row("Tensor.cumulativeProduct(axis:)") { h in h.x.cumulativeProduct(axis: h.i(1)) }
    row("Tensor.cumulativeLogSumExp(axis:)") { h in h.x.cumulativeLogSumExp(axis: h.i(1)) }
    row("Tensor.cumulativeMax(axis:)") { h in h.x.cumulativeMax(axis: h.i(1)) }
    row("Tensor.cumulativeMin(axis:)") { h in h.x.cumulativeMin(axis: h.i(1)) }
    row("Tensor.variance(axes:keepDims:correction:)") { h in h.x.variance(axes: h.list(0), correction: h.d(1)) }
    row("Tensor.variance(axis:keepDims:correction:)") { h in h.x.variance(axis: h.i(1), correction: h.d(1)) }
    row("Tensor.standardDeviation(axes:keepDims:correction:)") { h in h.x.standardDeviation(axes: h.list(0), correction: h.d(1)) }
    row("Tensor.standardDeviation(axis:keepDims:correction:)") { h in h.x.standardDeviation(axis: h.i(1), correction: h.d(1)) }
    row("Tensor.logSumExp(axes:keepDims:)") { h in h.x.logSumExp(axes: h.list(0)) }
    row("Tensor.logSumExp(axis:keepDims:)") { h in h.x.logSumExp(axis: h.i(1)) }
    row("Tensor.softmax(axis:)") { h in h.x.softmax(axis: h.i(-1)) }
    row("Tensor.logSoftmax(axis:)") { h in h.x.logSoftmax(axis: h.i(-1)) }
    row("Tensor.norm(_:axes:keepDims:)") { h in h.x.norm(h.d(2), axes: h.list(0)) }
    row("Tensor.norm(_:axis:keepDims:)") { h in h.x.norm(h.d(3), axis: h.i(1)) }
    row("Tensor.matrixNorm(_:axes:keepDims:)") { h in h.x.matrixNorm(.nuclear, axes: (h.i(-2), h.i(-1))) }
    row("Tensor.matrixNorm(_:axes:keepDims:)") { h in h.x.matrixNorm(axes: (h.i(-2), h.i(-1))) }
    row("Tensor.normalized(order:axis:epsilon:)") { h in h.x.normalized(order: h.d(2), axis: h.i(1), epsilon: h.d(1e-12)) }
    row("cosineSimilarity(_:_:axis:epsilon:)") { h in cosineSimilarity(h.x, h.x + 1, axis: h.i(-1), epsilon: h.d(1e-8)) }
    row("rowDistance(_:_:order:epsilon:keepDims:)") { h in rowDistance(h.x, h.x + 1, order: h.d(2), epsilon: h.d(1e-6)) }
    row("distanceMatrix(_:_:order:)") { h in distanceMatrix(h.x, h.x + 1, order: h.d(2)) }
    row("Tensor.differences(order:axis:prepending:appending:)") { h in h.x.differences(order: h.i(1), axis: h.i(-1)) }
    row("Tensor.trapezoid(spacing:axis:)") { h in h.x.trapezoid(spacing: h.d(1), axis: h.i(-1)) }
    row("Tensor.trapezoid(at:axis:)") { h in h.x.trapezoid(at: h.x, axis: h.i(-1)) }
    row("Tensor.cumulativeTrapezoid(spacing:axis:)") { h in h.x.cumulativeTrapezoid(spacing: h.d(1), axis: h.i(-1)) }
    row("Tensor.cumulativeTrapezoid(at:axis:)") { h in h.x.cumulativeTrapezoid(at: h.x, axis: h.i(-1)) }
    row("Tensor.histogram(bins:in:)") { h in h.x.histogram(bins: h.i(10), in: h.closed(0.0, 1)) }
    row("Tensor.bincount(weights:minimumLength:)") { h in h.ids.flattened().bincount(minimumLength: h.i(0)) }
    row("Tensor.bincount(weights:minimumLength:)") { h in Tensor(h.list(1, 2)).bincount() }
  }
}
