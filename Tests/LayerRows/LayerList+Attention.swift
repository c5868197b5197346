import Fluxion

/// Embeddings, positions, attention and transformer blocks.
func attentionLayers() -> [LayerRow] {
  tableLayers() + [
    LayerRow(
      name: "LearnedPositions", input: [2, 3, 4], make: { LearnedPositions(5, 4) }, waiting: { LearnedPositions(5) },
      description: "LearnedPositions(5, 4)"),
    LayerRow(name: "SinusoidalPositions", input: [2, 3, 5], make: { SinusoidalPositions() }, description: "SinusoidalPositions()"),
    LayerRow(
      name: "MultiHeadAttention", input: [2, 3, 8], make: { MultiHeadAttention(8, heads: 2) },
      waiting: { MultiHeadAttention(heads: 2) }, description: "MultiHeadAttention(8, heads: 2)"),
    LayerRow(
      name: "MultiHeadAttention, grouped and rotary", input: [2, 3, 8],
      make: { MultiHeadAttention(8, heads: 4, keyHeads: 2, isCausal: true, hasBias: false, rotary: RotaryPositions(base: 100)) },
      waiting: { MultiHeadAttention(heads: 4, keyHeads: 2, isCausal: true, hasBias: false, rotary: RotaryPositions(base: 100)) },
      description:
        "MultiHeadAttention(8, heads: 4, keyHeads: 2, isCausal: true, hasBias: false, rotary: RotaryPositions(base: 100.0))"),
    LayerRow(
      name: "MultiHeadAttention, dropping", input: [2, 3, 8], make: { MultiHeadAttention(8, heads: 2, dropout: 0.5) },
      description: "MultiHeadAttention(8, heads: 2, dropout: 0.5)", isSameInTraining: false),
    LayerRow(
      name: "TransformerEncoderBlock", input: [2, 3, 8],
      make: { TransformerEncoderBlock(8, heads: 2, hidden: 5, activation: gelu, dropout: 0, isCausal: true, normsFirst: true) },
      waiting: { TransformerEncoderBlock(heads: 2, hidden: 5, activation: gelu, dropout: 0, isCausal: true, normsFirst: true) },
      description: "TransformerEncoderBlock(8, heads: 2, hidden: 5, activation: gelu, dropout: 0.0, isCausal: true, normsFirst: true)"),
    LayerRow(
      name: "TransformerEncoderBlock, dropping", input: [2, 3, 8], make: { TransformerEncoderBlock(8, heads: 2, hidden: 5) },
      description: "TransformerEncoderBlock(8, heads: 2, hidden: 5)", isSameInTraining: false),
    LayerRow(
      name: "TransformerEncoder", input: [2, 3, 8],
      make: {
        TransformerEncoder(2, norm: LayerNorm(8)) { TransformerEncoderBlock(8, heads: 2, hidden: 5, activation: tanh, dropout: 0) }
      },
      waiting: {
        TransformerEncoder(2, norm: LayerNorm(8)) { TransformerEncoderBlock(heads: 2, hidden: 5, activation: tanh, dropout: 0) }
      },
      description:
        "TransformerEncoder(2, norm: LayerNorm(8)) { TransformerEncoderBlock(8, heads: 2, hidden: 5, activation: tanh, dropout: 0.0) }"),
    LayerRow(
      name: "TransformerDecoder", input: [2, 3, 8],
      make: {
        Reflecting(
          decoder: TransformerDecoder(2) { TransformerDecoderBlock(8, heads: 2, hidden: 5, activation: tanh, dropout: 0) })
      }),
    LayerRow(
      name: "Incremental", input: [2, 3, 8],
      make: { MultiHeadAttention(8, heads: 2, isCausal: true, rotary: RotaryPositions()).incremental() }),
  ]
}

private func tableLayers() -> [LayerRow] {
  [
    LayerRow(name: "Embedding", input: [2, 3], dtype: .int64, make: { Embedding(5, 4) }, description: "Embedding(5, 4)"),
    LayerRow(
      name: "Embedding, padded", input: [2, 3], dtype: .int64, make: { Embedding(5, 4, maxNorm: 1, order: 3) },
      description: "Embedding(5, 4, maxNorm: 1.0, order: 3.0)"),
    LayerRow(
      name: "EmbeddingBag", input: [2, 3], dtype: .int64, make: { EmbeddingBag(5, 4, reduction: .sum) },
      description: "EmbeddingBag(5, 4, reduction: .sum)"),
    LayerRow(name: "Bilinear", input: [2, 3], make: { Squaring(layer: Bilinear(3, 3, 4)) }),
  ]
}

/// A layer of two inputs, given the same twice.
private struct Squaring: Model {
  var layer: Bilinear
  func callAsFunction(_ x: Tensor) -> Tensor { layer(x, x) }
}

/// A decoder that has its own input as its memory.
private struct Reflecting: Model {
  var decoder: TransformerDecoder
  mutating func callAsFunction(_ x: Tensor) -> Tensor { decoder(x, memory: x) }
}
