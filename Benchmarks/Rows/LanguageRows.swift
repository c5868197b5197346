import Fluxion

/// A small GPT, as the peers' scripts define it: 4 pre-norm blocks of width 128 with 4 heads, 65 symbols, 64 positions.
func languageRows() -> [Row] {
  [
    train(
      "train/gpt/16x64", work(batch: 16, passes: 3), gpt(), AdamW(learningRate: 1e-3), classIDs([16, 64], below: 65),
      classIDs([16, 64], below: 65)
    ) { crossEntropy($0, $1) },
    infer("infer/gpt/1x64", work(batch: 1, passes: 1), gpt(), classIDs([1, 64], below: 65)),
    train(
      "train/gpt/16x64/bf16", work(batch: 16, passes: 3), gpt(), AdamW(learningRate: 1e-3), classIDs([16, 64], below: 65),
      classIDs([16, 64], below: 65), in: .bfloat16
    ) { crossEntropy($0, $1) },
    infer("infer/gpt/1x64/bf16", work(batch: 1, passes: 1), gpt(), classIDs([1, 64], below: 65), in: .bfloat16),
  ]
}

/// The model that the rows train and ask.
private func gpt() -> Chain {
  Chain {
    Embedding(65, 128)
    LearnedPositions(64, 128, weight: .normal(standardDeviation: 1))
    for _ in 0..<4 {
      TransformerEncoderBlock(128, heads: 4, hidden: 512, activation: gelu, dropout: 0, isCausal: true, normsFirst: true)
    }
    LayerNorm(128)
    Dense(128, 65)
  }
}

/// The matrix products of a pass over 64 positions: those with weights, and those of queries with keys and of weights with values, of which
/// causal attention needs half.
private func work(batch: Int, passes: Int) -> Work {
  let (positions, width) = (64, 128)
  let weights = 4 * 12 * width * width + width * 65
  let scores = 4 * 2 * positions * width / 2
  return .product(batch * positions, passes * (weights + scores), 1)
}
