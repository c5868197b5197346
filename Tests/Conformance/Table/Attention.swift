import Fluxion

extension Table {
  static let attention = Family("Attention and embeddings") { rows in
    rows.add(
      "nn.functional.scaled_dot_product_attention", "attention(q, k, v, mask: mask, isCausal: flag, scale: scale)",
      note: "with dropout `attention(…, dropout: p, using: &random)`; heads in groups need no flag"
    ) { try attended($0) }
    rows.add(
      "nn.functional.embedding",
      "embedding(indices, table, paddingIndex: index, maxNorm: norm, order: p, scalesByFrequency: flag)"
    ) { a in
      // The cases have the table first.
      try embedding(
        a.tensor(1), a.x, paddingIndex: a.optionalInt("padding_idx", at: 2), maxNorm: a.optionalDouble("max_norm", at: 3),
        order: a.double("norm_type", at: 4, default: 2), scalesByFrequency: a.bool("scale_grad_by_freq", at: 5))
    }
    rows.add(
      "nn.functional.embedding_bag",
      "embeddingBag(indices, table, offsets: offsets, reduction: .mean, weights: weights, paddingIndex: index, …)",
      note: "`include_last_offset` is `includesEnd`"
    ) { a in
      let mode = try a.string("mode", default: "mean")
      return try embeddingBag(
        a.tensor(1), a.x, offsets: a.optionalTensor("offsets", at: 2), reduction: mode == "sum" ? .sum : mode == "max" ? .max : .mean,
        weights: a.optionalTensor("per_sample_weights"), paddingIndex: a.optionalInt("padding_idx"),
        includesEnd: a.bool("include_last_offset"), maxNorm: a.optionalDouble("max_norm"), order: a.double("norm_type", default: 2),
        scalesByFrequency: a.bool("scale_grad_by_freq"))
    }
    rows.add(
      "nn.functional.multi_head_attention_forward", "attention(q, k, v, mask: mask)",
      note: "the layer is `MultiHeadAttention`; `bias_k` and `bias_v` are rows that are joined to key and value", results: manyHeaded)
  }
}

/// PyTorch's function in terms of others: projections, rows of bias, heads side by side as a batch, dropout under PyTorch's mask.
@Sendable private func manyHeaded(_ a: Arguments) throws -> [Tensor] {
  let (query, key, value) = try (a.x, a.tensor(1), a.tensor(2))
  let (size, heads) = try (a.int("embed_dim_to_check", at: 3), a.int("num_heads", at: 4))
  let (bias, extra) = try (a.optionalTensor("in_proj_bias", at: 6), (a.optionalTensor("bias_k", at: 7), a.optionalTensor("bias_v", at: 8)))
  let (steps, batch) = (query.shape[0], query.shape[1])
  let isSeparate = try a.bool("use_separate_proj_weight")
  func projected(_ x: Tensor, _ part: Int, _ separate: String) throws -> Tensor {
    let rows = part * size..<(part + 1) * size
    return linear(x, weight: try isSeparate ? a.tensor(separate) : a.tensor("in_proj_weight", at: 5)[rows], bias: bias.map { $0[rows] })
  }
  func split(_ x: Tensor) -> Tensor { x.reshaped([x.shape[0], batch * heads, size / heads]).transposed(0, 1) }
  func joined(_ x: Tensor, _ row: Tensor?) -> Tensor { row.map { concatenate([x, $0.expanded([1, batch, size])]) } ?? x }
  let q = split(try projected(query, 0, "q_proj_weight"))
  var k = split(joined(try projected(key, 1, "k_proj_weight"), extra.0))
  var v = split(joined(try projected(value, 2, "v_proj_weight"), extra.1))
  var added = extra.0 == nil ? 0 : 1
  if try a.bool("add_zero_attn", at: 9) {
    let zero = Tensor.zeros([batch * heads, 1, size / heads], k.dtype)
    (k, v, added) = (concatenate([k, zero], axis: 1), concatenate([v, zero], axis: 1), added + 1)
  }
  var scores = (q * (1 / Double(size / heads).squareRoot())) • k.transposed()
  if let mask = try a.optionalTensor("attn_mask") {
    let wide = concatenate([mask, .zeros(Shape(mask.shape.dropLast() + [added]), mask.dtype)], axis: -1)
    scores = mask.dtype == .bool ? select(wide, -Double.infinity, scores) : scores + wide
  }
  var weights = scores.softmax(axis: -1)
  let probability = try a.double("dropout_p", at: 10)
  if try probability > 0 && a.bool("training", default: true) {
    var random = PyTorchRandom(seed: 42)
    weights = weights * random.bernoulli(weights.shape, probability: 1 - probability, weights.dtype) / (1 - probability)
  }
  let answer = (weights • v).transposed(0, 1).reshaped([steps, batch, size])
  let y = linear(answer, weight: try a.tensor("out_proj_weight", at: 11), bias: try a.optionalTensor("out_proj_bias", at: 12))
  return [y, weights.reshaped([batch, heads, steps, weights.shape[-1]]).mean(axis: 1)]
}

/// A function of its own, as the family in the table has the operator's name.
private func attended(_ a: Arguments) throws -> Tensor {
  let (q, k, v) = try (a.tensor("query", at: 0), a.tensor("key", at: 1), a.tensor("value", at: 2))
  let (mask, isCausal) = try (a.optionalTensor("attn_mask", at: 3), a.bool("is_causal", at: 5))
  let (probability, scale) = try (a.double("dropout_p", at: 4, default: 0), a.optionalDouble("scale"))
  if probability == 0 { return attention(q, k, v, mask: mask, isCausal: isCausal, scale: scale) }
  // The same under the mask of PyTorch's generator, whose seed the cases fix at 42.
  let weights = attentionWeights(q, k, mask: mask, isCausal: isCausal, scale: scale)
  var random = PyTorchRandom(seed: 42)
  return (weights * random.bernoulli(weights.shape, probability: 1 - probability, weights.dtype) / (1 - probability)) • v
}
