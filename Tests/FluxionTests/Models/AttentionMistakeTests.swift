import Fluxion
import Testing

/// Mistakes with embeddings and attention, each with its sentence.
@Suite struct AttentionMistakeTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let sentence: String
    let call: @Sendable () throws -> Void
    var testDescription: String { sentence }
  }

  static let rows: [Row] = layers() + masks() + generators()

  private static func attention(_ isCausal: Bool = false) -> MultiHeadAttention { MultiHeadAttention(8, heads: 2, isCausal: isCausal) }

  private static func layers() -> [Row] {
    [
      Row(sentence: "MultiHeadAttention: 10 features in 4 heads; a number of heads that divides them would fit") {
        _ = MultiHeadAttention(10, heads: 4)
      },
      Row(sentence: "MultiHeadAttention: 8 features in 0 heads; a number of heads that divides them would fit") {
        _ = MultiHeadAttention(8, heads: 0)
      },
      Row(sentence: "MultiHeadAttention: 4 heads in 3 groups; a number of key heads that divides them would fit") {
        _ = MultiHeadAttention(8, heads: 4, keyHeads: 3)
      },
      Row(sentence: "MultiHeadAttention: a dropout probability of 1.5; 0 to 1 would fit") {
        _ = MultiHeadAttention(8, heads: 4, dropout: 1.5)
      },
      Row(sentence: "MultiHeadAttention: [2, 3, 6]; [batch, time, 8] would fit") {
        var layer = attention()
        _ = layer(.zeros([2, 3, 6]))
      },
      Row(
        sentence: "MultiHeadAttention: queries [2, 3, 8], keys [1, 4, 8] and values [1, 4, 8]; "
          + "[2, queries, 8], [2, keys, 8] and [2, keys, 8] would fit"
      ) {
        var layer = attention()
        _ = layer(.zeros([2, 3, 8]), keys: .zeros([1, 4, 8]))
      },
      Row(sentence: "MultiHeadAttention: keys of 5 and values of 8 features are not x's 8; give them as keys: and values:") {
        var layer = MultiHeadAttention(8, heads: 2, keyFeatures: 5)
        _ = layer(.zeros([2, 3, 8]))
      },
      Row(sentence: "RotaryPositions: 5 features of [2, 5]; an even number of those in [..., time, features] would fit") {
        _ = RotaryPositions()(.zeros([2, 5]))
      },
      Row(sentence: "RotaryPositions: a base of -1.0; a positive number would fit") { _ = RotaryPositions(base: -1) },
      Row(sentence: "SinusoidalPositions: int64 [2, 3]; floats [..., time, features] would fit") {
        var positions = SinusoidalPositions()
        _ = positions(Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3], .int64))
      },
      Row(sentence: "LearnedPositions: [2, 3, 5]; [..., time, 4] would fit") {
        var positions = LearnedPositions(6, 4)
        _ = positions(.zeros([2, 3, 5]))
      },
      Row(sentence: "LearnedPositions: [2, 7, 4] takes positions 0 to 6 of 6; sequences of 6 steps in all would fit") {
        var positions = LearnedPositions(6, 4)
        _ = positions(.zeros([2, 7, 4]))
      },
      Row(sentence: "Embedding: row 5 as padding of a table with 5 rows; -5 to 4 would fit") { _ = Embedding(5, 4, padding: 5) },
      Row(sentence: "embedding: row 5 at position 1 of a table with 5 rows; 0 to 4 would fit") {
        _ = Embedding(5, 4)(Tensor([0, 5], .int64))
      },
      Row(sentence: "embedding: indices are float32; int32 or int64 would fit") { _ = Embedding(5, 4)([0, 1.5]) },
      Row(sentence: "EmbeddingBag: row -6 as padding of a table with 5 rows; -5 to 4 would fit") { _ = EmbeddingBag(5, 4, padding: -6) },
      Row(sentence: "Bilinear: [2, 3] and [2, 3]; [..., 3] and [..., 4] with equal leading axes would fit") {
        _ = Bilinear(3, 4, 2)(.zeros([2, 3]), .zeros([2, 3]))
      },
      Row(sentence: "TransformerEncoder: -1 blocks; 0 or more would fit") {
        _ = TransformerEncoder(-1) { TransformerEncoderBlock(8, heads: 2) }
      },
    ]
  }

  private static func masks() -> [Row] {
    [
      Row(
        sentence: "MultiHeadAttention: a mask bool [3, 4] for 3 queries and 3 keys; "
          + "[3, 3], [2, 3, 3] or [2, 2, 3, 3] of bool or float32 would fit"
      ) {
        var layer = attention()
        _ = layer(.zeros([2, 3, 8]), mask: .ones([3, 4], .bool))
      },
      Row(
        sentence: "MultiHeadAttention: a mask float64 [3, 3] for 3 queries and 3 keys; "
          + "[3, 3], [2, 3, 3] or [2, 2, 3, 3] of bool or float32 would fit"
      ) {
        var layer = attention()
        _ = layer(.zeros([2, 3, 8]), mask: .ones([3, 3], .float64))
      },
      Row(sentence: "MultiHeadAttention: a key mask float32 [2, 3] for 3 keys; bool [2, 3] would fit") {
        var layer = attention()
        _ = layer(.zeros([2, 3, 8]), mask: nil, keyMask: .ones([2, 3]))
      },
      Row(sentence: "sequenceMask: a sequence of 6 steps in 5; 0 to 5 would fit") { _ = sequenceMask(lengths: [3, 6], length: 5) },
    ]
  }

  private static func generators() -> [Row] {
    [
      Row(sentence: "MultiHeadAttention: an incremental copy whose queries see what comes later; isCausal: true would fit") {
        var layer = attention().incremental()
        _ = layer(.zeros([2, 3, 8]))
      },
      Row(sentence: "MultiHeadAttention: [3, 8] in an incremental copy; [batch, time, 8] would fit") {
        var layer = attention(true).incremental()
        _ = layer(.zeros([3, 8]))
      },
      Row(
        sentence: "MultiHeadAttention: float32 [1, 3, 8] after calls of 2 sequences of float32; the same, or reset(), would fit"
      ) {
        var layer = attention(true).incremental()
        _ = layer(.zeros([2, 3, 8]))
        _ = layer(.zeros([1, 3, 8]))
      },
      Row(sentence: "LearnedPositions: [1, 3, 4] takes positions 4 to 6 of 6; sequences of 6 steps in all would fit") {
        var positions = LearnedPositions(6, 4).incremental()
        _ = positions(.zeros([1, 4, 4]))
        _ = positions(.zeros([1, 3, 4]))
      },
    ]
  }

  @Test(arguments: rows)
  func namesTheMistake(_ row: Row) {
    #expect { try checked { try row.call() } } throws: { "\($0)" == row.sentence }
  }

  /// A part that does not fit is named, wherever it stands, in runs on shapes and in real ones.
  @Test func mistakesNameThePart() {
    struct Reader: Model {
      var tokens = Embedding(7, 8)
      var blocks = [TransformerEncoderBlock(8, heads: 2, hidden: 5), TransformerEncoderBlock(6, heads: 2, hidden: 5)]
      mutating func callAsFunction(_ ids: Tensor) -> Tensor {
        var x = tokens(ids)
        for i in blocks.indices { x = blocks[i](x) }
        return x
      }
    }
    let ids = Tensor([[1, 2], [3, 4]].flatMap { $0 }, shape: [2, 2])
    let sentence = "MultiHeadAttention: [2, 2, 8]; [batch, time, 6] would fit, in blocks.1.self_attn (MultiHeadAttention)"
    #expect { try Reader().outputShape(for: [2, 2], .int64) } throws: { "\($0)" == sentence }
    #expect { try checked { Reader().predict(ids) } } throws: { "\($0)" == sentence }
  }
}
