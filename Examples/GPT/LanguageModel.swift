import Fluxion

/// A language model after GPT-2 (Radford and others 2019): for each place of a text, how likely each character comes next.
///
/// Shapes: ids [batch, time], time up to the context, to logits [batch, time, characters].
struct LanguageModel: Model {
  /// A vector for each character; the same table tells at the end how well each fits.
  var tokens: Embedding
  /// A vector for each position.
  var positions: LearnedPositions
  var dropout: Dropout
  /// What makes something of them.
  var blocks: [TransformerEncoderBlock]
  var norm: LayerNorm

  init(characters: Int, context: Int, width: Int, blocks count: Int, heads: Int, dropout probability: Double) {
    tokens = Embedding(characters, width, weight: .normal(standardDeviation: 0.02))
    positions = LearnedPositions(context, width)
    dropout = Dropout(probability)
    blocks = (0..<count).map { _ in
      TransformerEncoderBlock(
        width, heads: heads, hidden: 4 * width, activation: gelu, dropout: probability, isCausal: true, normsFirst: true)
    }
    norm = LayerNorm(width)
  }

  mutating func callAsFunction(_ ids: Tensor) -> Tensor {
    var x = dropout(positions(tokens(ids)))
    for i in blocks.indices { x = blocks[i](x) }
    return tokens.logits(norm(x))
  }
}
