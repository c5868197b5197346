import Fluxion

/// One operator, as PyTorch's `kernel/` rows define it: the result allocated, no tape.
private func kernel(
  _ name: String, _ work: Work? = nil, limit: String? = nil, budget: Budget? = nil, _ prepare: @escaping () -> () -> Tensor
) -> Row {
  .timed("kernel/\(name)", work, limit: limit, budget: budget, prepare)
}

/// Element-wise operators and the sum over a vector of 1K (in the first-level cache), 1M and 16M elements, beside plain copies.
func elementwiseRows() -> [Row] {
  let functions: [(String, @Sendable (Tensor) -> Tensor)] = [
    ("exp", { exp($0) }), ("tanh", { tanh($0) }), ("sigmoid", { sigmoid($0) }), ("gelu", { gelu($0) }),
  ]
  var rows: [Row] = []
  for (label, n) in [("1K", 1 << 10), ("1M", 1 << 20), ("16M", 1 << 24)] {
    let isLarge = n >= 1 << 20
    let limit = isLarge ? "copy/\(label)" : nil
    let budget: Budget? = isLarge ? .mostOfCopy : nil
    if isLarge { rows.append(copyRow("copy/\(label)", count: n)) }
    rows.append(
      kernel("add/\(label)", .floats(3 * n), limit: limit, budget: budget) {
        let (x, y) = (Tensor.normal([n]), Tensor.normal([n]))
        return { x + y }
      })
    for (name, function) in functions {
      rows.append(
        kernel("\(name)/\(label)", .floats(2 * n), limit: limit, budget: budget) {
          let x = Tensor.normal([n])
          return { function(x) }
        })
    }
    rows.append(
      kernel("sum/\(label)", .floats(n), limit: limit, budget: budget) {
        let x = Tensor.normal([n])
        return { x.sum() }
      })
  }
  return rows
}

/// Matrix products beside the raw CBLAS calls.
func productRows() -> [Row] {
  func pair(_ name: String, _ product: RawProduct, _ prepare: @escaping () -> () -> Tensor) -> [Row] {
    let raw = cblasRow("cblas/\(name)", product)
    return [raw, kernel(name, product.work, limit: raw.name, budget: .rawCall, prepare)]
  }
  let squares = [64, 256, 1024, 2048].flatMap { n in
    pair("matmul/\(n)", RawProduct(m: n, n: n, k: n)) {
      let (x, y) = (Tensor.normal([n, n]), Tensor.normal([n, n]))
      return { x • y }
    }
  }
  let linear = pair("linear/64x784x128", RawProduct(m: 64, n: 128, k: 784, isRightTransposed: true)) {
    let (x, w) = (Tensor.normal([64, 784]), Tensor.normal([128, 784]))
    return { x • w.transposed() }
  }
  let batch = pair("bmm/64x64x32x64", RawProduct(m: 64, n: 64, k: 32, batch: 64)) {
    let (x, y) = (Tensor.normal([64, 64, 32]), Tensor.normal([64, 32, 64]))
    return { x • y }
  }
  return squares + linear + batch
}

/// Convolutions and pooling over images, and the normalisation of rows.
func imageRows() -> [Row] {
  func convolution(_ name: String, _ x: Shape, _ w: Shape, stride: Int = 1) -> Row {
    let products = x[0] * w[0] * w[1] * w[2] * w[3] * x[2] * x[3] / (stride * stride)
    return kernel("conv2d/\(name)", .operations(2 * Double(products))) {
      let (x, w) = (Tensor.normal(x), Tensor.normal(w))
      return { Fluxion.convolution(x, weight: w, stride: PerAxis(stride), padding: WindowPadding(PerAxis(w.shape[2] / 2))) }
    }
  }
  return [
    convolution("32x3x32x32-16", [32, 3, 32, 32], [16, 3, 3, 3]), convolution("16x64x16x16-64", [16, 64, 16, 16], [64, 64, 3, 3]),
    convolution("8x64x56x56-128-stride2", [8, 64, 56, 56], [128, 64, 3, 3], stride: 2),
    convolution("8x256x14x14-256-1x1", [8, 256, 14, 14], [256, 256, 1, 1]),
    convolution("8x32x28x28-64-5x5", [8, 32, 28, 28], [64, 32, 5, 5]),
    kernel("bilinear/8x32x64x64", .floats(8 * 32 * 64 * 64 * 5)) {
      let x = Tensor.normal([8, 32, 64, 64])
      return { interpolate(x, to: 128, method: .linear) }
    },
    kernel("pad/8x64x56x56", .floats(8 * 64 * (56 * 56 + 58 * 58))) {
      let x = Tensor.normal([8, 64, 56, 56])
      return { x.padded([(before: 1, after: 1), (before: 1, after: 1)]) }
    },
    kernel("pad-reflect/8x64x56x56", .floats(8 * 64 * (56 * 56 + 60 * 60))) {
      let x = Tensor.normal([8, 64, 56, 56])
      return { x.padded([(before: 2, after: 2), (before: 2, after: 2)], mode: .reflect) }
    },
    kernel("attention-causal/2x8x1024x64", .operations(2 * Double(2 * 8 * 1024 * 1024 * 64))) {
      let (q, k, v) = (Tensor.normal([2, 8, 1024, 64]), Tensor.normal([2, 8, 1024, 64]), Tensor.normal([2, 8, 1024, 64]))
      return { attention(q, k, v, isCausal: true) }
    },
    kernel("maxpool/32x16x32x32", .floats(32 * 16 * 32 * 32 * 5 / 4)) {
      let x = Tensor.normal([32, 16, 32, 32])
      return { maxPool(x, window: 2) }
    },
    kernel("layernorm/1024x1024", .floats(2 * 1024 * 1024), limit: "copy/1M") {
      let x = Tensor.normal([1024, 1024])
      return { layerNorm(x, over: [1024]) }
    },
  ]
}

/// Operators whose cost is in how they walk through memory: rows, columns, transposes, lookups; a matrix of 1M elements unless told.
func layoutRows() -> [Row] {
  let n = 1024
  func square(
    _ name: String, floats: Int, budget: Budget? = nil, _ f: @escaping (Tensor) -> Tensor
  ) -> Row {
    kernel("\(name)/\(n)x\(n)", .floats(floats), limit: "copy/1M", budget: budget) {
      let x = Tensor.normal([n, n])
      return { f(x) }
    }
  }
  return [
    square("softmax", floats: 2 * n * n) { $0.softmax(axis: -1) },
    square("softmax-columns", floats: 2 * n * n) { $0.softmax(axis: 0) },
    // In row-major order again: flattening a transpose cannot be a view.
    square("transpose-copy", floats: 2 * n * n) { $0.transposed().flattened() },
    square("add-transposed", floats: 3 * n * n, budget: .mostOfCopy) { $0 + $0.transposed() },
    square("sum-rows", floats: n * n, budget: .mostOfCopy) { $0.sum(axis: 1) },
    square("sum-columns", floats: n * n, budget: .mostOfCopy) { $0.sum(axis: 0) },
    square("argmax-rows", floats: n * n, budget: .mostOfCopy) { $0.argmax(axis: 1) },
    kernel("cumsum/1M", .floats(2 * n * n), limit: "copy/1M") {
      let x = Tensor.normal([n * n])
      return { x.cumulativeSum(axis: 0) }
    },
    kernel("sort/1M", .floats(2 * n * n)) {
      let x = Tensor.normal([n * n])
      return { x.sorted() }
    },
    kernel("topk/1024x1024", .floats(n * n)) {
      let x = Tensor.normal([n, n])
      return { x.topK(10).values }
    },
    kernel("embedding/1024x128", .floats(2 * 1024 * 128)) {
      let (table, ids) = (Tensor.normal([10_000, 128]), classIDs([1024], below: 10_000))
      return { table[ids] }
    },
    kernel("scatter-add/16384x64-4096", .floats((2 * 16384 + 2 * 4096) * 64)) {
      let (x, values, ids) = (Tensor.normal([4096, 64]), Tensor.normal([16384, 64]), classIDs([16384], below: 4096))
      return { x.adding(values, at: ids, axis: 0) }
    },
    kernel("std-columns/4096x256", .floats(n * n)) {
      let x = Tensor.normal([4096, 256])
      return { x.standardDeviation(axis: 0) }
    },
    kernel("elu-gradient/1M", .floats(2 * n * n)) {
      let x = Tensor.normal([n * n])
      return { gradient(at: x) { elu($0).squared.sum() } }
    },
    kernel("relu-gradient/1M", .floats(2 * n * n)) {
      let x = Tensor.normal([n * n])
      return { gradient(at: x) { relu($0).squared.sum() } }
    },
  ]
}
