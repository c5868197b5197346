import CKernels

/// softmax(scale·q•kᵀ, masked) • v without a matrix of all weights: [q, k, v] with equal leading axes, of [..., length, features].
///
/// The weights are there for a block of queries at a time, and are computed again for the gradient.
struct Attention: RandomPrimitive, ProductPrimitive {
  let scale: Double
  let isCausal: Bool
  /// Bools (true: seen) or numbers to add to the scores, with the result's leading axes and [queries, keys].
  var mask: Tensor?
  /// Which weights are dropped: (seed, position, probability).
  var dropout: (seed: UInt64, position: UInt64, probability: Double)?
  var draw: Draw? {
    get { dropout.map { Draw(seed: $0.seed, position: $0.position) } }
    set { if let newValue, let old = dropout { dropout = (newValue.seed, newValue.position, old.probability) } }
  }
  var name: String { "attention" }
  var keeps: Keeps { .both }

  /// Queries at a time: enough for a product, few enough that their weights stay in the cache.
  static func blockSize(keys: Int) -> Int { Swift.max(16, Swift.min(64, (1 << 16) / Swift.max(1, keys))) }

  func result(_ x: Triple) -> Signature { Signature(x.a.shape.replacing(x.a.rank - 1, with: x.c.shape[-1]), x.a.dtype) }

  func multiplyAdds(_ x: Triple, _ result: Signature) -> Int {
    x.a.shape.dropLast().reduce(1, &*) &* x.b.shape[-2] &* (x.b.shape[-1] &+ x.c.shape[-1])
  }

  func evaluate(_ x: Triple, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    if y.elementCount == 0 { return y }
    let (keys, features) = (x.b.shape[-2], x.c.shape[-1])
    if keys == 0 {
      fillElements(y.pointer, 0, y.dtype, y.elementCount)
      return y
    }
    guard BLAS.isReady, let walk = try AttentionWalk(self, x) else { return y }
    let (queries, block, size) = (walk.queries, walk.block, y.dtype.byteCount)
    let blocks = (queries + block - 1) / block
    let tasks = walk.batches * blocks
    let parts = walk.parts(tasks)
    let scratch = try Tensor(uninitialized: [parts, block, keys + 1], y.dtype)
    try parallel(parts, grain: 1) { (range) throws(TensorError) in
      for part in range {
        let weights = scratch.pointer + part * block * (keys + 1) * size
        let factors = weights + block * keys * size
        for task in (tasks * part / parts)..<(tasks * (part + 1) / parts) {
          let (batch, first) = (task / blocks, walk.place(task % blocks, of: blocks) * block)
          let count = Swift.min(block, queries - first)
          let keys = walk.seen(first, count)
          // The exponentials' sums divide the results, which are fewer.
          try walk.weights(batch, first, count, keys, weights, factors)
          walk.drop(batch, first, count, weights)
          let rows = y.pointer + (batch * queries + first) * features * size
          try walk.counting(walk.v(batch), keys, features, weights, (count, keys, 1), rows) { b throws(TensorError) in
            try walk.sums(count, keys, features, weights, b, rows)
          }
          fx_scale_rows(y.dtype.code, count, features, factors, rows)
        }
      }
    }
    withExtendedLifetime(walk) {}
    return y
  }

  func gradient(_ x: Triple, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    AttentionGradient(forward: self, result: y.detached)([x.a, x.b, x.c, dy]).unpacked([x.a.shape, x.b.shape, x.c.shape]).map { $0 }
  }

  /// The same as a composition.
  func composed(_ x: [Tensor]) -> Tensor { dropped(weights(x[0], x[1])) • seen(x[2]) }

  /// Keys or values with zeros in place of those that no query sees.
  private func seen(_ x: Tensor) -> Tensor {
    guard let mask, !mask.isTracked else { return x }
    let isSeen = mask.dtype == .bool ? mask : mask .!= -Double.infinity
    return select(isSeen.any(axis: -2).unsqueezed(axis: -1), x, 0)
  }

  /// Queries' weights for all keys.
  func weights(_ q: Tensor, _ k: Tensor) -> Tensor {
    // Half of the scale to either side: neither can overflow a score that fits.
    let half = scale < 0 ? 1 : scale.squareRoot()
    var scores = (q * (scale / half)) • (self.seen(k) * half).transposed()
    var seen = mask?.dtype == .bool ? mask : nil
    if isCausal {
      let (queries, keys) = (Tensor.arange(q.shape[-2]).unsqueezed(axis: 1), Tensor.arange(k.shape[-2]))
      let earlier = keys .<= queries
      seen = seen.map { $0 .& earlier } ?? earlier
    }
    if let seen { scores = select(seen, scores, -Double.infinity) }
    if let mask, mask.dtype != .bool {
      scores = mask.isTracked ? scores + mask : select(mask .== -Double.infinity, -Double.infinity, scores + mask)
    }
    if seen == nil && mask == nil || scores.shape[-1] == 0 { return scores.softmax() }
    // Where a query sees nothing, softmax has no answer: no key then has a weight.
    let isBlind = scores.detached.max(axis: -1, keepDims: true) .== -Double.infinity
    return select(isBlind, 0, select(isBlind, 0, scores).softmax())
  }

  func dropped(_ weights: Tensor) -> Tensor {
    dropout.map { DropoutOperator(probability: $0.probability, draw: Draw(seed: $0.seed, position: $0.position))(weights) } ?? weights
  }
}

/// The gradients of ``Attention`` for q, k and v, one after the other: [q, k, v, dy].
struct AttentionGradient: RandomPrimitive, ProductPrimitive {
  var forward: Attention
  /// The forward's result: a shortcut to sums over the keys, and no operand of its own.
  let result: Tensor
  var draw: Draw? {
    get { forward.draw }
    set { forward.draw = newValue }
  }
  var name: String { "attention" }

  func result(_ x: [Tensor]) -> Signature { Signature([x[0].elementCount + x[1].elementCount + x[2].elementCount], x[0].dtype) }

  /// The scores again; then the gradients of weights and values, and those of queries and keys.
  func multiplyAdds(_ x: [Tensor], _ result: Signature) -> Int {
    x[0].shape.dropLast().reduce(1, &*) &* x[1].shape[-2] &* (3 &* x[1].shape[-1] &+ 2 &* x[2].shape[-1])
  }

  func evaluate(_ x: [Tensor], _ result: Signature) throws(TensorError) -> Tensor {
    let packed = try Tensor(zeros: result.shape, result.dtype)
    let (q, k, v, dy, y) = try (x[0], x[1], x[2], x[3].ordered, self.result.ordered)
    let (keys, width, features) = (k.shape[-2], k.shape[-1], v.shape[-1])
    if dy.elementCount == 0 || keys == 0 { return packed }
    guard BLAS.isReady, let walk = try AttentionWalk(forward, Triple(q, k, v)) else { return packed }
    let (queries, block, size, dtype) = (walk.queries, walk.block, dy.dtype.byteCount, dy.dtype)
    let dq = packed.pointer
    let dk = dq + q.elementCount * size
    let dv = dk + k.elementCount * size
    let parts = walk.parts(walk.batches)
    let scratch = try Tensor(uninitialized: [parts, 3, block, keys], dtype)
    // One thread has all queries of a batch: their gradients for the keys add up in order.
    try parallel(parts, grain: 1) { (range) throws(TensorError) in
      for part in range {
        let weights = scratch.pointer + part * 3 * block * keys * size
        let (kept, slopes) = (weights + block * keys * size, weights + 2 * block * keys * size)
        for batch in (walk.batches * part / parts)..<(walk.batches * (part + 1) / parts) {
          let (dk, dv) = (dk + batch * keys * width * size, dv + batch * keys * features * size)
          let isLong = dtype == .float32 && queries > 2 * DoubleAccumulator.chunk
          let totals: (DoubleAccumulator, DoubleAccumulator)? =
            try isLong ? (DoubleAccumulator(keys * width), DoubleAccumulator(keys * features)) : nil
          for first in stride(from: 0, to: queries, by: block) {
            let count = Swift.min(block, queries - first)
            if let totals, first / DoubleAccumulator.chunk > (first - block) / DoubleAccumulator.chunk {
              totals.0.take(dk)
              totals.1.take(dv)
            }
            let keys = walk.seen(first, count)
            let at = (batch * queries + first) * features * size
            let rows = BLAS.Operand(pointer: dy.pointer + at, isTransposed: false, lead: features)
            try walk.weights(batch, first, count, keys, weights, nil)
            fx_clear_rows(dtype.code, count, features, dy.pointer + at, keys, weights)
            var used = weights
            if forward.dropout != nil {
              kept.copyMemory(from: weights, byteCount: count * keys * size)
              walk.drop(batch, first, count, kept)
              used = kept
            }
            try BLAS.gemm(dtype, keys, features, count, walk.whole(used, keys).flipped, rows, adds: true, dv, features)
            try walk.products(count, keys, features, rows, walk.v(batch), slopes)
            walk.drop(batch, first, count, slopes)
            fx_attention_scores(dtype.code, count, keys, features, forward.scale, y.pointer + at, dy.pointer + at, weights, slopes)
            let ds = walk.whole(slopes, keys)
            if width == 0 { continue }
            let dq = dq + (batch * queries + first) * width * size
            try walk.counting(walk.k(batch), keys, width, slopes, (count, keys, 1), dq) { b throws(TensorError) in
              try BLAS.gemm(dtype, count, width, keys, ds, b, adds: false, dq, width)
            }
            try walk.adding(walk.q(batch, first), count, width, slopes, (keys, 1, keys), dk) { b throws(TensorError) in
              try BLAS.gemm(dtype, keys, width, count, ds.flipped, b, adds: true, dk, width)
            }
          }
          totals?.0.write(to: dk, adds: true)
          totals?.1.write(to: dv, adds: true)
        }
      }
    }
    withExtendedLifetime(walk) {}
    return packed
  }

  func gradient(_ x: [Tensor], _ y: Tensor, _ d: Tensor, _ needs: Needs) -> [Tensor?] {
    pullback({ packed(pullback(forward.composed, at: Array($0[..<3]), $0[3])) }, at: x, d).map { $0 }
  }
}

/// The operands of one attention as CBLAS takes them, a block of queries at a time.
private struct AttentionWalk {
  private let forward: Attention
  private let (queriesOf, keysOf, valuesOf): (Tensor, Tensor, Tensor)
  private let (qs, ks, vs): (BLAS.Operand, BLAS.Operand, BLAS.Operand)
  private let mask: Tensor?
  let (batches, queries, keys, width): (Int, Int, Int, Int)
  let block: Int

  init?(_ forward: Attention, _ x: Triple) throws(TensorError) {
    self.forward = forward
    (queriesOf, keysOf, valuesOf) = try (x.a.forBLAS, x.b.forBLAS, x.c.forBLAS)
    guard let q = queriesOf.matrix, let k = keysOf.matrix, let v = valuesOf.matrix else { return nil }
    (qs, ks, vs) = (q, k, v)
    (queries, keys, width) = (x.a.shape[-2], x.b.shape[-2], x.a.shape[-1])
    batches = x.a.shape.dropLast(2).reduce(1, *)
    block = Swift.min(queries, Attention.blockSize(keys: keys))
    mask = forward.mask?.expanded(Shape(Array(x.a.shape.dropLast(2)) + [queries, keys]))
  }

  /// How many parts that many tasks are cut into: by the work, not by the threads.
  func parts(_ tasks: Int) -> Int {
    let work = batches * queries * keys * (width + 8)
    return Swift.max(1, Swift.min(tasks, 16, work / 200_000))
  }

  private func operand(_ x: Tensor, _ matrix: BLAS.Operand, _ batch: Int) -> BLAS.Operand {
    var matrix = matrix
    matrix.pointer += x.batchOffset(batch) * x.dtype.byteCount
    return matrix
  }
  func q(_ batch: Int, _ first: Int) -> BLAS.Operand {
    var matrix = operand(queriesOf, qs, batch)
    matrix.pointer += first * (matrix.isTransposed ? 1 : matrix.lead) * queriesOf.dtype.byteCount
    return matrix
  }
  func k(_ batch: Int) -> BLAS.Operand { operand(keysOf, ks, batch) }
  func v(_ batch: Int) -> BLAS.Operand { operand(valuesOf, vs, batch) }
  /// A block of weights.
  func whole(_ pointer: UnsafeMutableRawPointer, _ keys: Int) -> BLAS.Operand {
    BLAS.Operand(pointer: pointer, isTransposed: false, lead: keys)
  }
  /// How many keys some queries see: behind them causal masks leave none.
  ///
  /// Dropout counts all.
  func seen(_ first: Int, _ count: Int) -> Int {
    forward.isCausal && forward.dropout == nil ? Swift.min(keys, first + count) : keys
  }
  /// The blocks of queries in an order of which every stretch is as much work: causal masks leave the first ones little.
  func place(_ i: Int, of blocks: Int) -> Int { !forward.isCausal ? i : i % 2 == 0 ? i / 2 : blocks - 1 - i / 2 }

  /// A product into `result` of factors by their rows and steps with b [k, n], rows of which that have only factors of 0 may hold anything.
  func counting(
    _ b: BLAS.Operand, _ k: Int, _ n: Int, _ factors: UnsafeMutableRawPointer, _ steps: (rows: Int, row: Int, column: Int),
    _ result: UnsafeMutableRawPointer, _ product: (BLAS.Operand) throws(TensorError) -> Void
  ) throws(TensorError) {
    try product(b)
    if fx_matrix_is_finite(queriesOf.dtype.code, steps.rows, n, n, 1, result) == 0 {
      try adding(b, k, n, factors, steps, result, product)
    }
  }

  /// The same for one that is added to what is there, and so cannot be taken again.
  func adding(
    _ b: BLAS.Operand, _ k: Int, _ n: Int, _ factors: UnsafeMutableRawPointer, _ steps: (rows: Int, row: Int, column: Int),
    _ result: UnsafeMutableRawPointer, _ product: (BLAS.Operand) throws(TensorError) -> Void
  ) throws(TensorError) {
    let (dtype, (row, column)) = (queriesOf.dtype, b.steps)
    if fx_matrix_is_finite(dtype.code, k, n, row, column, b.pointer) != 0 { return try product(b) }
    // The copy lies as the operand does, so that the product takes the same way.
    let copy = try Tensor(uninitialized: [(k - 1) * row + (n - 1) * column + 1], dtype)
    fx_copy_finite(dtype.code, k, n, row, column, b.pointer, copy.pointer)
    var finite = b
    finite.pointer = copy.pointer
    try product(finite)
    withExtendedLifetime(copy) {}
    fx_add_infinite(dtype.code, steps.rows, n, k, factors, steps.row, steps.column, b.pointer, row, column, result)
  }

  /// Weights • values for `count` rows of weights.
  func sums(
    _ count: Int, _ keys: Int, _ features: Int, _ weights: UnsafeMutableRawPointer, _ v: BLAS.Operand, _ result: UnsafeMutableRawPointer
  ) throws(TensorError) {
    let dtype = queriesOf.dtype
    if count * keys * features <= Self.small && !v.isTransposed {
      fx_row_sums(dtype.code, count, keys, features, weights, v.pointer, v.lead, result)
    } else {
      try BLAS.gemm(dtype, count, features, keys, whole(weights, keys), v, adds: false, result, features)
    }
  }

  /// Products of so many steps are not worth a kernel's call; sums in lanes round less often besides.
  private static let small = 1024

  /// a • bᵀ for `count` rows of a and the first keys.
  func products(
    _ count: Int, _ keys: Int, _ width: Int, _ a: BLAS.Operand, _ b: BLAS.Operand, _ result: UnsafeMutableRawPointer
  ) throws(TensorError) {
    let dtype = queriesOf.dtype
    if width == 0 {
      fillElements(result, 0, dtype, count * keys)
    } else if count * keys * width <= Self.small && !a.isTransposed && !b.isTransposed {
      fx_row_products(dtype.code, count, keys, width, a.pointer, a.lead, b.pointer, b.lead, result)
    } else {
      try BLAS.gemm(dtype, count, keys, width, a, b.flipped, adds: false, result, keys)
    }
  }

  /// The weights of queries `first` and on for the first keys; with `factors`, exponentials that are still to be multiplied by those.
  func weights(
    _ batch: Int, _ first: Int, _ count: Int, _ keys: Int, _ weights: UnsafeMutableRawPointer, _ factors: UnsafeMutableRawPointer?
  ) throws(TensorError) {
    try products(count, keys, width, q(batch, first), k(batch), weights)
    var place: UnsafeMutableRawPointer?
    var (row, column) = (0, 0)
    if let mask {
      (row, column) = (mask.strides[-2], mask.strides[-1])
      place = mask.pointer + (mask.batchOffset(batch) + first * row) * mask.dtype.byteCount
    }
    let isBool = mask?.dtype == .bool
    fx_attention_weights(
      queriesOf.dtype.code, count, keys, forward.isCausal ? first + 1 : keys, forward.scale,
      isBool ? place?.assumingMemoryBound(to: UInt8.self) : nil, isBool ? nil : place.map { UnsafeRawPointer($0) }, row, column, weights,
      factors)
  }

  /// Weights, or gradients for them, under dropout's mask.
  func drop(_ batch: Int, _ first: Int, _ count: Int, _ x: UnsafeMutableRawPointer) {
    guard let dropout = forward.dropout else { return }
    let keep = 1 - dropout.probability
    fx_dropout(
      queriesOf.dtype.code, dropout.seed, dropout.position &+ UInt64((batch * queries + first) * keys), count * keys, keep,
      keep > 0 ? 1 / keep : 0, x, x)
  }
}

/// softmax(q • kᵀ · scale + mask) • v: for each query the mean of the values, weighted by how well their keys fit.
///
/// Vaswani and others 2017. PyTorch: `scaled_dot_product_attention`.
///
/// Leading axes (batches, heads) broadcast together. Where keys and values have fewer heads (the axis before the last two), each of theirs
/// serves a group of the queries' heads. The weights of all queries for all keys are never in memory together. A query that sees no key gets
/// zeros. A key that is hidden, or whose weight is 0, counts nothing, whatever key and value hold.
///
/// - Parameters:
///   - q: Queries, [..., queries, features].
///   - k: Keys, [..., keys, features].
///   - v: Values, [..., keys, outputs].
///   - mask: Bools, true where a query sees a key, or numbers that are added to the scores: [..., queries, keys], which broadcasts.
///   - isCausal: Whether query i sees keys 0 to i only.
///   - scale: 1/√features unless told.
public func attention(
  _ q: Tensor, _ k: Tensor, _ v: Tensor, mask: Tensor? = nil, isCausal: Bool = false, scale: Double? = nil
) -> Tensor {
  if let x = widened(q, k, v, mask) {
    return attention(x[0]!, x[1]!, x[2]!, mask: x[3], isCausal: isCausal, scale: scale).cast(to: q.dtype)
  }
  guard let x = attempt({ () throws(TensorError) in try AttentionOperands(q, k, v, mask) }) else { return .placeholder }
  return x.attended(isCausal, scale)
}

/// ``attention(_:_:_:mask:isCausal:scale:)`` with weights dropped at random and the others divided by 1 − probability.
public func attention(
  _ q: Tensor, _ k: Tensor, _ v: Tensor, mask: Tensor? = nil, isCausal: Bool = false, scale: Double? = nil, dropout probability: Double,
  using random: inout RandomStream
) -> Tensor {
  guard Setting.fraction.holds(probability, "a dropout probability", "attention") else { return .placeholder }
  if let x = widened(q, k, v, mask) {
    return attention(x[0]!, x[1]!, x[2]!, mask: x[3], isCausal: isCausal, scale: scale, dropout: probability, using: &random)
      .cast(to: q.dtype)
  }
  guard let x = attempt({ () throws(TensorError) in try AttentionOperands(q, k, v, mask) }) else { return .placeholder }
  if probability == 0 { return x.attended(isCausal, scale) }
  let position = random.take(x.q.shape.dropLast().reduce(1, *) * x.k.shape[-2])
  return x.attended(isCausal, scale, dropout: (random.seed, position, probability))
}

/// The weights that ``attention(_:_:_:mask:isCausal:scale:)`` gives each key for each query: [..., queries, keys], each row's sum 1.
public func attentionWeights(_ q: Tensor, _ k: Tensor, mask: Tensor? = nil, isCausal: Bool = false, scale: Double? = nil) -> Tensor {
  if let x = widened(q, k, mask) { return attentionWeights(x[0]!, x[1]!, mask: x[2], isCausal: isCausal, scale: scale).cast(to: q.dtype) }
  guard let x = attempt({ () throws(TensorError) in try AttentionOperands(q, k, k, mask) }) else { return .placeholder }
  return x.primitive(isCausal, scale).weights(x.q, x.k).reshaped(x.result.replacing(x.result.rank - 1, with: k.shape[-2]))
}

/// Queries, keys, values and mask with equal leading axes; a group of heads that shares keys is an axis of its own.
private struct AttentionOperands {
  var (q, k, v): (Tensor, Tensor, Tensor)
  var mask: Tensor?
  var result: Shape
  /// Whether leading axes broadcast, other than for heads in groups.
  var isStretched = false

  init(_ q: Tensor, _ k: Tensor, _ v: Tensor, _ mask: Tensor?) throws(TensorError) {
    func wrong(_ message: String) -> TensorError { TensorError("attention", message) }
    (self.q, self.k, self.v, self.mask, result) = (q, k, v, mask, [])
    for other in [k, v] where other.dtype != q.dtype { throw wrong(mixedDTypes(q.dtype, other.dtype).message) }
    if !q.dtype.isFloatingPoint { throw wrong("not defined for \(q.dtype), only for floating-point dtypes; convert with .cast(to:)") }
    let fits = q.rank > 1 && k.rank > 1 && v.rank > 1 && q.shape[-1] == k.shape[-1] && k.shape[-2] == v.shape[-2]
    let sizes = "queries \(q.shape), keys \(k.shape) and values \(v.shape)"
    if !fits { throw wrong("\(sizes); [..., queries, features], [..., keys, features] and [..., keys, outputs] would fit") }
    // Heads in groups: [heads] of the queries become [heads of the keys, group].
    let heads = (q.rank > 2 ? q.shape[-3] : 1, k.rank > 2 ? k.shape[-3] : 1, v.rank > 2 ? v.shape[-3] : 1)
    let isGrouped = heads.1 > 1 && heads.1 == heads.2 && heads.0 > heads.1 && heads.0 % heads.1 == 0
    var mask = mask
    if isGrouped {
      let groups = [heads.1, heads.0 / heads.1]
      self.q = q.reshaped(Shape(Array(q.shape.dropLast(3)) + groups + Array(q.shape.suffix(2))))
      self.k = k.unsqueezed(axis: -3)
      self.v = v.unsqueezed(axis: -3)
      if let given = mask, given.rank > 2 {
        let isShared = given.shape[-3] == 1
        if !isShared && given.shape[-3] != heads.0 {
          throw wrong("a mask of shape \(given.shape) for \(heads.0) heads; [..., \(heads.0), queries, keys] would fit")
        }
        mask = given.reshaped(Shape(Array(given.shape.dropLast(3)) + (isShared ? [1, 1] : groups) + Array(given.shape.suffix(2))))
      }
    }
    func lead(_ x: Tensor) -> Shape { Shape(x.shape.dropLast(2)) }
    var common = lead(self.q)
    for other in [lead(self.k), lead(self.v)] + (mask.map { [lead($0)] } ?? []) {
      guard case .success(let shape) = common.broadcast(with: other) else { throw wrong("\(sizes): leading axes do not broadcast") }
      common = shape
    }
    func spread(_ x: Tensor) -> Tensor { x.expanded(Shape(Array(common) + Array(x.shape.suffix(2)))) }
    isStretched = !isGrouped && [q, k, v].contains { lead($0) != common }
    let scores = [q.shape[-2], k.shape[-2]]
    if let given = mask {
      if given.dtype != .bool && given.dtype != q.dtype {
        throw wrong("a mask of \(given.dtype) for queries of \(q.dtype); convert it with .cast(to: .\(q.dtype)) or to .bool")
      }
      guard given.rank > 1, case .success(Shape(scores)) = Shape(given.shape.suffix(2)).broadcast(with: Shape(scores)) else {
        throw wrong(
          "a mask of shape \(given.shape) for \(scores[0]) queries and \(scores[1]) keys; [..., \(scores[0]), \(scores[1])] would fit")
      }
      self.mask = given.expanded(Shape(Array(common) + scores))
    }
    (self.q, self.k, self.v) = (spread(self.q), spread(self.k), spread(self.v))
    let outer = isGrouped ? Array(common.dropLast(2)) + [heads.0] : Array(common)
    result = Shape(outer + [q.shape[-2], v.shape[-1]])
  }

  func primitive(_ isCausal: Bool, _ scale: Double?) -> Attention {
    if let scale { _ = Setting.finite.holds(scale, "a scale", "attention") }
    return Attention(scale: scale ?? 1 / Double(Swift.max(1, q.shape[-1])).squareRoot(), isCausal: isCausal, mask: mask)
  }

  func attended(
    _ isCausal: Bool, _ scale: Double?, dropout: (seed: UInt64, position: UInt64, probability: Double)? = nil
  ) -> Tensor {
    var primitive = primitive(isCausal, scale)
    primitive.dropout = dropout
    // A mask that is learnt has a gradient of all its elements: nothing is saved by not having the weights.
    let isLearnt = mask?.isTracked ?? false
    // PyTorch's fused kernel takes operands only that lie in rows. Where ours would copy them, and they are small, the composition is as
    // fast and rounds as PyTorch does.
    let isSmall = q.elementCount * k.shape[-2] <= 1 << 14
    let isAwkward = isStretched || [q, k, v].contains { !$0.isHollow && $0.strides[-1] != 1 && $0.shape[-1] != 1 }
    let y = isLearnt || isSmall && isAwkward ? primitive.composed([q, k, v]) : primitive(Triple(q, k, v))
    return y.shape == result ? y : y.reshaped(result)
  }
}
