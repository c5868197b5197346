import Fluxion

extension Table {
  mutating func shapes() {
    row("Tensor.expanded(_:)") { h in h.x.expanded(h.shape(2, 2, 3)) }
    row("Tensor.diagonal(offset:axes:)") { h in h.x.diagonal(offset: h.i(0), axes: (h.i(-2), h.i(-1))) }
    row("Tensor.replacingDiagonal(with:offset:axes:)") { h in
      h.x.replacingDiagonal(with: .ones([2]), offset: h.i(0), axes: (h.i(-2), h.i(-1)))
    }
    row("Tensor.diagonalMatrix(offset:axes:)") { h in h.x.diagonalMatrix(offset: h.i(0), axes: (h.i(-2), h.i(-1))) }
    row("Tensor.lowerTriangle(diagonal:)") { h in h.x.lowerTriangle(diagonal: h.i(0)) }
    row("Tensor.upperTriangle(diagonal:)") { h in h.x.upperTriangle(diagonal: h.i(0)) }
    row("concatenate(_:axis:)") { h in concatenate([h.x, h.x], axis: h.i(0)) }
    row("stack(_:axis:)") { h in stack([h.x, h.x], axis: h.i(0)) }
    row("Tensor.padded(_:value:)") { h in h.x.padded([(1, 1), (0, 2)], value: h.i(0)) }
    row("Tensor.padded(_:value:)") { h in h.x.padded([(h.i(1), h.i(1)), (h.i(0), h.i(2))], value: h.d(0)) }
    for mode in [PaddingMode.reflect, .replicate, .circular] {
      row("Tensor.padded(_:mode:)") { h in h.x.padded([(h.i(1), h.i(1)), (h.i(0), h.i(1))], mode: mode) }
    }
    row("Tensor.rolled(by:axes:)") { h in h.x.rolled(by: h.list(1, 2), axes: h.list(0, 1)) }
    row("Tensor.rolled(by:axis:)") { h in h.x.rolled(by: h.i(1), axis: h.i(1)) }
    row("Tensor.rotated(quarterTurns:axes:)") { h in h.x.rotated(quarterTurns: h.i(1), axes: (h.i(0), h.i(1))) }
    row("Tensor.moved(axes:to:)") { h in h.x.moved(axes: h.list(0), to: h.list(1)) }
    row("Tensor.unflattened(axis:into:)") { h in h.x.unflattened(axis: h.i(0), into: h.list(1, 2)) }
    row("Tensor.pixelShuffled(by:)") { h in h.images.pixelShuffled(by: h.i(2)) }
    row("Tensor.pixelUnshuffled(by:)") { h in h.images.pixelUnshuffled(by: h.i(2)) }
    row("Tensor.tiled(_:)") { h in h.x.tiled(h.list(1, 2, 1)) }
    row("Tensor.repeated(_:axis:)") { h in h.x.repeated(h.i(2), axis: h.i(1)) }
    row("Tensor.repeated(_:axis:)") { h in h.x.repeated(Tensor(h.list(1, 2)), axis: h.i(0)) }
    row("Tensor.split(sizes:axis:)") { h in h.x.split(sizes: h.list(1, 2), axis: h.i(1)) }
    row("Tensor.split(size:axis:)") { h in h.x.split(size: h.i(1), axis: h.i(0)) }
    row("Tensor.chunk(_:axis:)") { h in h.x.chunk(h.i(2), axis: h.i(0)) }
    row("Tensor.split(at:axis:)") { h in h.x.split(at: h.list(1, 2), axis: h.i(1)) }
    row("Tensor.split(parts:axis:)") { h in h.x.split(parts: h.i(2), axis: h.i(0)) }
    row("Tensor.unstacked(axis:)") { h in h.x.unstacked(axis: h.i(0)) }
    row("Tensor.unstacked(axis:)") { h in Tensor(1.0, .float64).expanded(h.shape(2)).unstacked() }
    row("Tensor.reshaped(_:)") { h in h.x.reshaped(h.shape(1, 2, 3)) }
    row("Tensor.permuted(_:)") { h in h.x.permuted(h.list(1, 0)) }
    row("Tensor.transposed(_:_:)") { h in h.x.transposed(h.i(-2), h.i(-1)) }
    row("Tensor.squeezed(axes:)") { h in h.x.unsqueezed(axis: 0).squeezed(axes: h.i(0)) }
    row("Tensor.squeezed(axes:)") { h in h.x.unsqueezed(axis: 0).squeezed(axes: h.list(0)) }
    row("Tensor.unsqueezed(axis:)") { h in h.x.unsqueezed(axis: h.i(1)) }
    row("Tensor.flattened(from:to:)") { h in h.sequence.flattened(from: h.i(0), to: h.i(-1)) }
    row("Tensor.reversed(axes:)") { h in h.x.reversed(axes: h.i(0)) }
    row("Tensor.reversed(axes:)") { h in h.x.reversed(axes: h.list(0, 1)) }
    row("Tensor.strided(_:strides:offset:)") { h in h.x.strided(h.shape(2, 2), strides: h.list(1, 2), offset: h.i(0)) }
    row("Tensor.windows(axis:size:step:)") { h in h.x.windows(axis: h.i(1), size: h.i(2), step: h.i(1)) }
  }

  mutating func indexing() {
    row("Tensor.take(_:axis:)") { h in h.x.take(Tensor([1, 0], .int64), axis: h.i(0)) }
    row("Tensor.take(_:axis:)") { h in h.x.take(Tensor(h.list(1, 0)), axis: 0) }
    row("Tensor.gather(_:axis:)") { h in h.x.gather(h.ids, axis: h.i(1)) }
    row("Tensor.gather(_:axis:)") { h in h.x.gather(Tensor([h.list(1, 0)]), axis: 1) }
    row("Tensor.oneHot(classes:_:)") { h in h.ids.oneHot(classes: h.i(3)) }
    row("Tensor.oneHot(classes:_:)") { h in Tensor(h.list(0, 1)).oneHot(classes: 3) }
    row("Tensor.scatter(_:at:axis:)") { h in h.x.scatter(h.x, at: h.ids, axis: h.i(1)) }
    row("Tensor.scatter(_:at:axis:)") { h in h.x.scatter(.ones([1, 2]), at: Tensor([h.list(1, 0)]), axis: 1) }
    row("Tensor.scatterAdd(_:at:axis:)") { h in h.x.scatterAdd(h.x, at: h.ids, axis: h.i(1)) }
    row("Tensor.scatterAdd(_:at:axis:)") { h in h.x.scatterAdd(.ones([1, 2]), at: Tensor([h.list(1, 0)]), axis: 1) }
    row("Tensor.scatter(_:at:axis:combining:includingSelf:)") { h in h.x.scatter(h.x, at: h.ids, axis: h.i(1), combining: .mean) }
    row("Tensor.adding(_:at:axis:)") { h in h.x.adding(.ones([2, 3]), at: Tensor(h.list(1, 0)), axis: h.i(0)) }
    row("TensorIndexKind.position(_:)") { h in h.x[h.i(0), h.i(1)] }
    row("TensorIndexKind.stretch(from:to:by:)") { h in h.x[.all, TensorIndexKind.stretch(from: h.i(0), to: h.i(2), by: h.i(1))] }
    row("TensorIndex.stride(from:to:by:)") { h in h.x[.all, .stride(from: h.i(0), to: h.i(2), by: h.i(1))] }
    row("TensorIndex.stride(from:to:by:)") { h in [h.x[.stride(by: h.i(1))], h.x[.all, .stride(from: h.i(-1), by: h.i(-1))]] }
    row("TensorIndex.stride(from:to:by:)") { h in
      h.x[.all, .stride(from: h.i(0), by: h.i(2))] += 1
      return h.x
    }
    row("Tensor.subscript(_:)") { h in h.x[h.range(0, 2)] }
    row("Tensor.subscript(_:)") { h in
      h.x[h.range(0, 2)] = Tensor.ones([1, 3])
      return h.x
    }
    row("Tensor.subscript(_:)") { h in [h.x[.all, h.range(0, 2)], h.x[h.closed(0, 1)], h.x[h.i(0)...], h.x[..<h.i(1)], h.x[...h.i(1)]] }
    row("Tensor.subscript(_:)") { h in
      h.x[h.i(0), h.i(1)] = Tensor(Float(3))
      return h.x
    }
    row("Tensor.subscript(_:)") { h in h.x[Tensor(h.list(1, 0))] }
    row("Tensor.subscript(axis:_:)") { h in h.x[axis: h.i(1), h.i(0)] }
    row("Tensor.subscript(axis:_:)") { h in
      var x = h.x
      x[axis: h.i(1), h.range(0, 2)] = h.d(5)
      return x
    }
    row("Tensor.subscript(axis:_:)") { h in
      h.x[axis: h.i(1), h.range(0, 2)] *= 2
      return h.x
    }
    row("embedding(_:_:paddingIndex:maxNorm:order:scalesByFrequency:)") { h in
      embedding(h.ids, h.square, paddingIndex: h.i(1), maxNorm: h.d(0.5), order: h.d(2), scalesByFrequency: true)
    }
    row("embedding(_:_:paddingIndex:maxNorm:order:scalesByFrequency:)") { h in embedding(Tensor(h.list(0, 1)), h.square) }
    row("embeddingBag(_:_:offsets:reduction:weights:paddingIndex:includesEnd:maxNorm:order:scalesByFrequency:)") { h in
      embeddingBag(h.ids, h.square, paddingIndex: h.i(1), maxNorm: h.d(0.5), order: h.d(2))
    }
    row("embeddingBag(_:_:offsets:reduction:weights:paddingIndex:includesEnd:maxNorm:order:scalesByFrequency:)") { h in
      embeddingBag(Tensor(h.list(0, 1, 2)), h.square, offsets: Tensor(h.list(0, 2)), reduction: .sum)
    }
    row("Needs.subscript(_:)", "Signature.init(_:_:)", "Signature.shape") { h in
      let numbers = (h.i(0), h.i(2), h.i(3))
      return NumbersIn(position: numbers.0, sizes: [numbers.1, numbers.2])(h.x)
    }
  }
}

/// A primitive of a user's own that asks for a need, and gives a shape, by hostile numbers.
private struct NumbersIn: Primitive {
  let position: Int
  let sizes: [Int]
  var name: String { "numbersIn" }
  func result(_ x: Tensor) throws(TensorError) -> Signature {
    var signature = Signature(Shape(sizes), .float32)
    signature.shape = Shape(sizes)
    return signature
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    try result.filled(Float.self, from: x) { x, y in for i in y.indices { y[i] = i < x.count ? x[i] : 0 } }
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [needs[position] ? Tensor.zeros(x.shape) : nil] }
}
