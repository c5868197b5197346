import Fluxion

/// Wide dense layers, float64, long attention, transformer encoders, and single steps of recurrent cells.
func wideRows() -> [Row] {
  func linear(_ m: Int, _ k: Int, _ n: Int) -> Row {
    .timed("kernel/linear/\(m)x\(k)x\(n)", .product(m, n, k)) {
      let (x, w, b) = (Tensor.normal([m, k]), Tensor.normal([n, k]), Tensor.normal([n]))
      return { x • w.transposed() + b }
    }
  }
  func double(_ n: Int) -> Row {
    .timed("kernel/matmul-float64/\(n)", .product(n, n, n)) {
      let (x, y) = (Tensor.normal([n, n], .float64), Tensor.normal([n, n], .float64))
      return { x • y }
    }
  }
  /// 8 heads of 64 features, of which the causal one needs half of the products.
  func long(_ name: String, isCausal: Bool) -> Row {
    .timed("kernel/\(name)/1x8x1024x64", .product(8 * 1024, isCausal ? 1024 : 2048, 64)) {
      let (q, k, v) = (Tensor.normal([1, 8, 1024, 64]), Tensor.normal([1, 8, 1024, 64]), Tensor.normal([1, 8, 1024, 64]))
      return { attention(q, k, v, isCausal: isCausal) }
    }
  }
  let wide = [1024, 2048, 2048, 10]
  return [
    linear(256, 1024, 2048), linear(1, 384, 1536), double(256), double(1024), long("attention", isCausal: false),
    long("attention-causal", isCausal: true),
    train(
      "train/wide-dense/256", training(wide, 256),
      wideDense(), Adam(learningRate: 1e-3), .normal([256, 1024]), classIDs([256], below: 10)
    ) { crossEntropy($0, $1) },
    train(
      "train/encoder-256/8x128", work(batch: 8, width: 256, blocks: 2, passes: 3), encoder(256, heads: 4, blocks: 2),
      AdamW(learningRate: 1e-3), .normal([8, 128, 256]), classIDs([8], below: 10)
    ) { crossEntropy($0, $1) },
    advance("infer/lstm-step/1x256", .product(1, 4 * 256, 512), LSTM(256, 256), .normal([1, 256])),
    advance("infer/gru-step/1x256", .product(1, 3 * 256, 512), GRU(256, 256), .normal([1, 256])),
    infer(
      "infer/encoder-384/1x128", work(batch: 1, width: 384, blocks: 4, passes: 1), encoder(384, heads: 6, blocks: 4),
      .normal([1, 128, 384])),
    infer("infer/minilm/1x32", miniLM(1, 32), miniLM(), classIDs([1, 32], below: 30_522)),
    infer("infer/minilm/16x128", miniLM(16, 128), miniLM(), classIDs([16, 128], below: 30_522)),
    train(
      "train/wide-dense/256/bf16", training(wide, 256), wideDense(), Adam(learningRate: 1e-3), .normal([256, 1024]),
      classIDs([256], below: 10), in: .bfloat16
    ) { crossEntropy($0, $1) },
    train(
      "train/encoder-256/8x128/bf16", work(batch: 8, width: 256, blocks: 2, passes: 3), encoder(256, heads: 4, blocks: 2),
      AdamW(learningRate: 1e-3), .normal([8, 128, 256]), classIDs([8], below: 10), in: .bfloat16
    ) { crossEntropy($0, $1) },
    infer(
      "infer/encoder-384/1x128/bf16", work(batch: 1, width: 384, blocks: 4, passes: 1), encoder(384, heads: 6, blocks: 4),
      .normal([1, 128, 384]), in: .bfloat16),
    infer("infer/minilm/16x128/bf16", miniLM(16, 128), miniLM(), classIDs([16, 128], below: 30_522), in: .bfloat16),
  ]
}

private func wideDense() -> Chain {
  Chain {
    Dense(1024, 2048, activation: relu)
    Dense(2048, 2048, activation: relu)
    Dense(2048, 10)
  }
}

@Sendable private func meanOverTime(_ x: Tensor) -> Tensor { x.mean(axis: 1) }

/// Post-norm transformer blocks, and classes of the mean over time: [batch, time, width] to [batch, 10].
private func encoder(_ width: Int, heads: Int, blocks: Int) -> Chain {
  Chain {
    for _ in 0..<blocks { TransformerEncoderBlock(width, heads: heads, hidden: 4 * width, activation: relu, dropout: 0) }
    meanOverTime
    Dense(width, 10)
  }
}

/// The sizes of all-MiniLM-L6-v2 with random weights, from token ids to a vector for each text: [batch, time] to [batch, 384].
private func miniLM() -> Chain {
  Chain {
    Embedding(30_522, 384)
    LearnedPositions(512, 384)
    LayerNorm(384)
    for _ in 0..<6 { TransformerEncoderBlock(384, heads: 12, hidden: 1536, activation: gelu, dropout: 0) }
    meanOverTime
  }
}

private func miniLM(_ batch: Int, _ time: Int) -> Work { .product(batch * time, 6 * (12 * 384 * 384 + 2 * time * 384), 1) }

/// The matrix products of a pass over sequences of 128: those with weights, those of queries with keys and of weights with values.
private func work(batch: Int, width: Int, blocks: Int, passes: Int) -> Work {
  .product(batch * 128, passes * blocks * (12 * width * width + 2 * 128 * width), 1)
}
