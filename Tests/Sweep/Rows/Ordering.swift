import Fluxion

extension Table {
  mutating func ordering() {
    row("Tensor.median(axis:keepDims:ignoringNaN:)") { h in h.x.median(axis: h.i(1)) }
    row("Tensor.argmedian(axis:keepDims:ignoringNaN:)") { h in h.x.argmedian(axis: h.i(1)) }
    row("Tensor.mode(axis:keepDims:)") { h in h.x.mode(axis: h.i(-1)) }
    row("Tensor.quantile(_:axis:keepDims:interpolation:ignoringNaN:)") { h in h.x.quantile(h.d(0.5), axis: h.i(1)) }
    row("Tensor.quantile(_:axis:keepDims:interpolation:ignoringNaN:)") { h in
      h.x.quantile(Tensor([h.d(0.5)]).cast(to: .float32), axis: h.i(1))
    }
    row("Tensor.argsort(axis:descending:)") { h in h.x.argsort(axis: h.i(-1)) }
    row("Tensor.sorted(axis:descending:)") { h in h.x.sorted(axis: h.i(-1)) }
    row("Tensor.topK(_:axis:largest:)") { h in h.x.topK(h.i(1), axis: h.i(-1)) }
    row("Tensor.kthSmallest(_:axis:keepDims:)") { h in h.x.kthSmallest(h.i(1), axis: h.i(-1)) }
    row("Tensor.unique(axis:)") { h in h.x.unique(axis: h.i(1)) }
    row("Tensor.uniqueConsecutive(axis:)") { h in h.x.uniqueConsecutive(axis: h.i(1)) }
  }

  mutating func products() {
    row("pseudoInverse(_:relativeTolerance:absoluteTolerance:)") { h in
      pseudoInverse(h.x, relativeTolerance: h.d(0.1), absoluteTolerance: h.d(0))
    }
    row("leastSquares(_:_:method:tolerance:)") { h in leastSquares(h.square, h.square, tolerance: h.d(0.1)).solution }
    row("matrixPower(_:_:)") { h in matrixPower(h.square, h.i(2)) }
    row("tensordot(_:_:axes:)") { h in tensordot(h.x, h.x, axes: (h.list(-1), h.list(-1))) }
    row("tensordot(_:_:axes:)") { h in tensordot(h.x, h.x, axes: h.i(2)) }
    row("cross(_:_:axis:)") { h in cross(h.x, h.x + 1, axis: h.i(-1)) }
    // Products of what is as large as nobody's memory: views of one number.
    func wide(_ sizes: [Int]) -> Tensor { Tensor(Float(1)).expanded(Shape(sizes)) }
    row("matmul") { h in wide([h.i(2), 1]) • wide([1, h.i(2)]) }
    row("matmul") { h in
      let n = h.i(2)
      return wide([2, n]) • wide([n, 2])
    }
    row("matmul") { h in
      let n = h.i(2)
      return [wide([n, 1]) • wide([n, 1]).transposed(), wide([n]) • wide([n])]
    }
    row("matmul") { h in wide([2, h.i(2), 1]) • wide([2, 1, h.i(2)]) }
    row("linear") { h in
      let n = h.i(2)
      return linear(wide([h.i(2), 1]), weight: wide([n, 1]), bias: wide([n]))
    }
    row("kronecker") { h in kronecker(wide([h.i(2), 1]), wide([h.i(2), 1])) }
    row("einsum") { h in einsum("i,j->ij", wide([h.i(2)]), wide([h.i(2)])) }
    row("einsum") { h in einsum("bij,bjk->bik", wide([2, h.i(2), 1]), wide([2, 1, h.i(2)])) }
    row("tensordot") { h in tensordot(wide([h.i(2), 1]), wide([1, h.i(2)]), axes: 1) }
    row("distanceMatrix") { h in distanceMatrix(wide([h.i(2), 1]), wide([h.i(2), 1])) }
    row("attentionWeights") { h in attentionWeights(wide([1, h.i(2), 2]), wide([1, h.i(2), 2])) }
    row("attention") { h in attention(wide([1, h.i(2), 2]), wide([1, 3, 2]), wide([1, 3, h.i(2)])) }
    row("addition") { h in wide([h.i(2), 1]) + wide([1, h.i(2)]) }
    row("cholesky") { h in
      let n = h.i(1)
      return [cholesky(wide([n, n])), qr(wide([n, 1])).q, svd(wide([1, n])).s]
    }
  }
}
