import CKernels

/// The product along an axis, which goes.
struct Product: Primitive {
  let axis: Int
  var name: String { "prod" }
  var keeps: Keeps { .inputs }

  var reduction: Reduce { Reduce(kind: .product, axes: [axis], keepDims: false) }
  func result(_ x: Tensor) throws(TensorError) -> Signature { try reduction.result(x) }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor { try reduction.evaluate(x, result) }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [ProductGradient(axis: axis)(Pair(x, dy))] }
}

/// dx = dy times the product of the others, from products alone: right where elements are 0.
struct ProductGradient: Primitive {
  let axis: Int
  var name: String { "prod" }
  var keeps: Keeps { .inputs }

  func result(_ x: Pair) -> Signature { Signature(x.a.shape, x.a.dtype) }
  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let (outer, n, inner) = x.a.around(axis)
    let (x, dy) = try (x.a.ordered, x.b.ordered)
    let dx = try Tensor(uninitialized: result.shape, result.dtype)
    let (code, size) = (x.dtype.code, x.dtype.byteCount)
    try forEachStretch(outer, n, inner) { (at, rows, columns) throws(TensorError) in
      // dy has one element for the n of a column.
      let reduced = at / (n * inner) * inner + at % (n * inner)
      try withWorkingMemory(byteCount: fx_product_others_memory(code, n, inner)) { memory in
        fx_product_others(
          code, rows, n, inner, columns, x.pointer + at * size, dy.pointer + reduced * size, memory, dx.pointer + at * size)
      }
    }
    return dx
  }

  /// The product of the others is that of those before times that of those behind, two running products with rules of their own.
  func gradient(_ x: Pair, _ dx: Tensor, _ d: Tensor, _ needs: Needs) -> [Tensor?] {
    let (x, dy) = (x.a, x.b.unsqueezed(axis: axis))
    let (upwards, downwards) = (Scan(kind: .product, axis: axis), Scan(kind: .product, axis: axis, isReversed: true))
    let (up, down) = (upwards(x), downwards(x))
    let before = up.moved(one: axis, isBack: false, filling: 1)
    let behind = down.moved(one: axis, isBack: true, filling: 1)
    var result: [Tensor?] = [nil, needs[1] ? (d * before * behind).sum(axis: axis) : nil]
    if needs[0] {
      let seed = d * dy
      let first = upwards.gradient(x, up, (seed * behind).moved(one: axis, isBack: true), needs)[0]
      let second = downwards.gradient(x, down, (seed * before).moved(one: axis, isBack: false), needs)[0]
      if let first, let second { result[0] = first + second }
    }
    return result
  }
}
