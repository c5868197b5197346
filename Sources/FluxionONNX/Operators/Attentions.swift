import Tensors

extension OperatorTable {
  /// Attention and what goes with it.
  static let attentions: [Operator] = [
    Operator("Attention", [23, 24, 25], "`attention(q, k, v, mask:scale:)`; with a cap or the scores asked for by its parts") { call in
      try call.attended()
    },
    .one("RotaryEmbedding", [23], "pairs of features turned by `x * cos - y * sin`, `x * sin + y * cos`") { call in try call.rotated() },
    Operator("LinearAttention", [27], "a state of keys and values, step by step") { call in try call.linearlyAttended() },
  ]
}

extension Call {
  /// [batch, steps, heads · size] to [batch, heads, steps, size].
  private func heads(_ x: Tensor, _ count: Int?, _ field: String) throws(ONNXError) -> Tensor {
    if x.rank == 4 { return x }
    guard x.rank == 3, let count, count > 0, x.shape[2] % count == 0 else {
      throw .field(field, "\(x.shape) for \(count.map { "\($0)" } ?? "no number of") heads")
    }
    return x.reshaped([x.shape[0], x.shape[1], count, x.shape[2] / count]).transposed(1, 2)
  }

  func attended() throws(ONNXError) -> [Value] {
    let isPacked = try tensor(0).rank == 3
    let type = try self.type(0)
    let q = try heads(tensor(0), attributes.int("q_num_heads"), "input 0")
    var k = try heads(tensor(1), attributes.int("kv_num_heads"), "input 1")
    var v = try heads(tensor(2), attributes.int("kv_num_heads"), "input 2")
    if q.rank != 4 || k.rank != 4 || v.rank != 4 { throw .field("input 0", "\(q.shape); three or four axes would fit") }
    let past = has(4) ? try tensor(4).shape[2] : 0
    if let before = try optional(4) { k = concatenate([before, k], axis: 2) }
    if let before = try optional(5) { v = concatenate([before, v], axis: 2) }
    let (presentKey, presentValue) = (k, v)
    let scale = try attributes.float("scale") ?? (1 / Double(q.shape[3]).squareRoot())
    let (steps, keys, headCount) = (q.shape[2], k.shape[2], q.shape[1])
    if k.shape[1] == 0 || headCount % k.shape[1] != 0 { throw .field("input 1", "\(k.shape[1]) heads for \(headCount)") }
    let repeats = headCount / k.shape[1]
    if repeats > 1 { (k, v) = (k.repeated(repeats, axis: 1), v.repeated(repeats, axis: 1)) }
    let bias = try attentionBias(q.dtype, past: past, steps: steps, keys: keys)
    let cap = try attributes.float("softcap", 0)
    let mode = try attributes.int("qk_matmul_output_mode", 0)
    // A query that may look at no key at all gives zeros.
    let isBlind = bias.map { ($0.max(axis: -1, keepDims: true)) .== -Double.infinity }
    var y: Tensor
    var scores: Tensor?
    if cap == 0 && !isWanted(3) && !type.isHalf {
      let mask = bias.map { spread($0, rank: 4) }
      y = attention(q, k, v, mask: mask, scale: scale)
      if let isBlind { y = select(spread(isBlind, rank: 4), 0, y) }
    } else {
      // Halves are rounded at each step, as ONNX defines the operator by others; of other types nothing is.
      func step(_ x: Tensor) -> Tensor { x.rounded(to: type) }
      let root = Double(type.rounded(Float(scale.squareRoot())))
      let exact = type.isHalf ? root : scale.squareRoot()
      let raw = step(matmul(step(q * exact), step(k * exact).transposed()))
      let capped = cap > 0 ? step(step(tanh(step(raw / cap))) * cap) : raw
      let biased = bias.map { step(capped + $0) } ?? capped
      var weights = biased.softmax(axis: -1, of: type)
      if let isBlind { weights = select(isBlind, 0, weights) }
      y = step(matmul(weights, v))
      scores = [raw, capped, biased, weights][max(0, min(3, mode))]
    }
    if isPacked { y = y.transposed(1, 2).reshaped([y.shape[0], steps, headCount * v.shape[3]]) }
    var values: [Value] = [
      .tensor(TypedTensor(y, type)), .tensor(TypedTensor(presentKey, try self.type(1))),
      .tensor(TypedTensor(presentValue, try self.type(2))),
    ]
    if let scores { values.append(.tensor(TypedTensor(scores, type))) }
    return values
  }

  private func spread(_ x: Tensor, rank: Int) -> Tensor {
    x.rank >= rank ? x : x.reshaped(Shape(Array(repeating: 1, count: rank - x.rank) + Array(x.shape)))
  }

  /// What is added to scores: 0 where a query may look at a key and −∞ where not, or the mask's own numbers; nil if nothing is.
  private func attentionBias(_ dtype: DType, past: Int, steps: Int, keys: Int) throws(ONNXError) -> Tensor? {
    var bias: Tensor?
    func add(_ allowed: Tensor) {
      let part = select(allowed, Tensor.zeros([], dtype), Tensor.full([], -Double.infinity, dtype))
      bias = bias.map { $0 + part } ?? part
    }
    if has(3) {
      var mask = try tensor(3)
      let missing = keys - (mask.rank > 0 ? mask.shape[-1] : 0)
      if missing > 0 && mask.rank > 0 {
        mask = mask.dtype == .bool ? mask.padded([(0, missing)], value: false) : mask.padded([(0, missing)], value: -Double.infinity)
      }
      if mask.dtype == .bool { add(mask) } else { bias = mask.cast(to: dtype) }
    }
    let lengths = has(6) ? try tensor(6).reshaped([-1]).cast(to: .int64) : nil
    // How many keys come before the first query, for all or for each of the batch.
    let (i, j) = (Tensor.arange(steps).reshaped([steps, 1]), Tensor.arange(keys))
    var at = i + past
    if let lengths, !has(4) { at = i + (lengths - steps).reshaped([-1, 1, 1, 1]) }
    if try attributes.flag("is_causal") { add(j .<= at) }
    let (left, right) = (try attributes.int("left_window_size", -1), try attributes.int("right_window_size", -1))
    if left >= 0 { add(at - j .<= left) }
    if right >= 0 { add(j - at .<= right) }
    if let lengths { add(j .< lengths.reshaped([-1, 1, 1, 1])) }
    if let made = bias, made.rank < 2 || made.shape[-2] != steps || made.shape[-1] != keys {
      bias = made + Tensor.zeros([steps, keys], dtype)
    }
    return bias
  }

  func rotated() throws(ONNXError) -> Tensor {
    let given = try tensor(0)
    var x = given
    if given.rank == 4 {
      x = given.transposed(1, 2)
    } else {
      guard given.rank == 3, let count = try attributes.int("num_heads"), count > 0, given.shape[2] % count == 0 else {
        throw .field("attribute num_heads", "a number that divides \(given.shape) would fit")
      }
      x = given.reshaped([given.shape[0], given.shape[1], count, given.shape[2] / count])
    }
    let size = x.shape[3]
    var turned = try attributes.int("rotary_embedding_dim", 0)
    if turned == 0 { turned = size }
    if turned < 0 || turned > size || turned % 2 != 0 { throw .field("attribute rotary_embedding_dim", "\(turned) of \(size)") }
    var (cosine, sine) = (try tensor(1), try tensor(2))
    if let positions = try optional(3) { (cosine, sine) = (cosine.take(positions, axis: 0), sine.take(positions, axis: 0)) }
    if cosine.rank != 3 || cosine.shape[2] != turned / 2 {
      throw .field("input 1", "\(cosine.shape); [batch, steps, \(turned / 2)] would fit")
    }
    (cosine, sine) = (cosine.unsqueezed(axis: 2), sine.unsqueezed(axis: 2))
    let part: Tensor = x[axis: 3, 0..<turned]
    var y: Tensor
    if try attributes.flag("interleaved") {
      let pairs = part.reshaped([x.shape[0], x.shape[1], x.shape[2], turned / 2, 2])
      let (a, b) = (pairs[axis: 4, 0] as Tensor, pairs[axis: 4, 1] as Tensor)
      y = stack([cosine * a - sine * b, sine * a + cosine * b], axis: -1).reshaped(part.shape)
    } else {
      let (a, b) = (part[axis: 3, 0..<(turned / 2)] as Tensor, part[axis: 3, (turned / 2)..<turned] as Tensor)
      y = concatenate([cosine * a - sine * b, sine * a + cosine * b], axis: -1)
    }
    if turned < size { y = concatenate([y, x[axis: 3, turned..<size]], axis: -1) }
    return given.rank == 4 ? y.transposed(1, 2) : y.reshaped(given.shape)
  }

  func linearlyAttended() throws(ONNXError) -> [Value] {
    let rule = try attributes.word("update_rule", "gated_delta", ["linear", "gated", "delta", "gated_delta"])
    guard let count = try attributes.int("q_num_heads"), let keyCount = try attributes.int("kv_num_heads"), count > 0, keyCount > 0,
      count % keyCount == 0
    else { throw .field("attribute q_num_heads", "a multiple of kv_num_heads would fit") }
    let type = try self.type(0)
    let q = try heads(tensor(0), count, "input 0"), k = try heads(tensor(1), keyCount, "input 1"),
      v = try heads(tensor(2), keyCount, "input 2")
    let (batch, steps, size, width) = (q.shape[0], q.shape[2], q.shape[3], v.shape[3])
    let given = try attributes.float("scale", 0)
    let scale = given == 0 ? 1 / Double(size).squareRoot() : given
    var state = try optional(3) ?? .zeros([batch, keyCount, size, width], q.dtype)
    let decay = try optional(4).map { x throws(ONNXError) in exp(try heads(x, keyCount, "input 4")) }
    let beta = try optional(5).map { x throws(ONNXError) in try heads(x, x.rank == 3 ? x.shape[2] : nil, "input 5") }
    if rule.contains("gated") && decay == nil { throw .field("input 4", "is missing for \(rule)") }
    if rule.contains("delta") && beta == nil { throw .field("input 5", "is missing for \(rule)") }
    var outputs: [Tensor] = []
    for t in 0..<steps {
      let key = (k[axis: 2, t] as Tensor).unsqueezed(axis: 3)
      var value = (v[axis: 2, t] as Tensor).unsqueezed(axis: 2)
      if let decay { state = state * (decay[axis: 2, t] as Tensor).unsqueezed(axis: 3) }
      if let beta {
        value = (value - (state * key).sum(axis: 2, keepDims: true)) * (beta[axis: 2, t] as Tensor).unsqueezed(axis: 3)
      }
      state = state + key * value
      let shared = count == keyCount ? state : state.repeated(count / keyCount, axis: 1)
      outputs.append(((q[axis: 2, t] as Tensor).unsqueezed(axis: 3) * shared).sum(axis: 2) * scale)
    }
    let y =
      steps == 0 ? Tensor.zeros([batch, 0, count * width], q.dtype) : stack(outputs, axis: 1).reshaped([batch, steps, count * width])
    return [.tensor(TypedTensor(y, type)), .tensor(TypedTensor(state, has(3) ? try self.type(3) : type))]
  }
}
