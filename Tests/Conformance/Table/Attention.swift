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
  }
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
