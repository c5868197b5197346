import Tensors

/// Self-attention, attention to a memory, then two dense layers at each position, each added to what goes into it and normalised.
///
/// Vaswani and others 2017; `normsFirst` after Xiong and others 2020. PyTorch: `TransformerDecoderLayer` with `batch_first=True`, where causal
/// self-attention is asked for in each call.
///
///     x = norm1(x + selfAttention(x)); x = norm2(x + attention(x, keys: memory)); x = norm3(x + feed(x))        // or, with normsFirst,
///     x = x + selfAttention(norm1(x)); x = x + attention(norm2(x), keys: memory); x = x + feed(norm3(x))
///
/// Shapes: x [batch, time, features] and memory [batch, length, features] to x's.
public struct TransformerDecoderBlock: Placed {
  /// Each position's look at itself and earlier ones; PyTorch's `self_attn`.
  public var selfAttention: MultiHeadAttention
  /// Each position's look at the memory; PyTorch's `multihead_attn`.
  public var attention: MultiHeadAttention
  /// From the features to the hidden ones.
  public var linear1: Dense
  /// From the hidden features back.
  public var linear2: Dense
  /// The norm that goes with self-attention.
  public var norm1: LayerNorm
  /// The norm that goes with attention to the memory.
  public var norm2: LayerNorm
  /// The norm that goes with the dense layers.
  public var norm3: LayerNorm
  /// Whether a part's input is normalised, instead of its sum with what comes out.
  public let normsFirst: Bool
  private var dropouts: [Dropout]
  /// Where in a model it stands.
  public var place = Place()

  /// A block of given sizes, PyTorch's unless told.
  ///
  /// - Parameters:
  ///   - features: The numbers of each position; `heads` divides them.
  ///   - heads: The heads of attention.
  ///   - hidden: The numbers between the two dense layers.
  ///   - keyHeads: The heads of keys and values, if fewer.
  ///   - activation: What stands between the two dense layers.
  ///   - dropout: How likely numbers are dropped while training: weights of attention, hidden numbers, and what is added to x.
  ///   - isCausal: Whether a position sees itself and earlier ones only.
  ///   - normsFirst: Whether a part's input is normalised, instead of its sum with what comes out.
  ///   - epsilon: The norms' epsilon.
  ///   - hasBias: Whether attention and dense layers and norms have biases.
  ///   - rotary: Turns queries and keys of self-attention by their positions, if there is one.
  public init(
    _ features: Int, heads: Int, hidden: Int = 2048, keyHeads: Int? = nil, activation: @escaping @Sendable (Tensor) -> Tensor = relu,
    dropout: Double = 0.1, isCausal: Bool = true, normsFirst: Bool = false, epsilon: Double = 1e-5, hasBias: Bool = true,
    rotary: RotaryPositions? = nil
  ) {
    selfAttention = MultiHeadAttention(
      features, heads: heads, keyHeads: keyHeads, isCausal: isCausal, dropout: dropout, hasBias: hasBias, rotary: rotary)
    attention = MultiHeadAttention(features, heads: heads, keyHeads: keyHeads, dropout: dropout, hasBias: hasBias)
    linear1 = Dense(features, hidden, activation: activation, hasBias: hasBias)
    linear2 = Dense(hidden, features, hasBias: hasBias)
    norm1 = LayerNorm(features, epsilon: epsilon, hasBias: hasBias)
    norm2 = LayerNorm(features, epsilon: epsilon, hasBias: hasBias)
    norm3 = LayerNorm(features, epsilon: epsilon, hasBias: hasBias)
    self.normsFirst = normsFirst
    dropouts = (0..<4).map { _ in Dropout(dropout) }
  }

  /// The block on x and a memory.
  public mutating func callAsFunction(_ input: (x: Tensor, memory: Tensor)) -> Tensor { self(input.x, memory: input.memory) }

  /// The block on x and a memory, with masks for either attention: see ``MultiHeadAttention/callAsFunction(_:keys:values:mask:keyMask:)``.
  public mutating func callAsFunction(
    _ x: Tensor, memory: Tensor, mask: Tensor? = nil, keyMask: Tensor? = nil, memoryMask: Tensor? = nil, memoryKeyMask: Tensor? = nil
  ) -> Tensor {
    placed(on: x) { (block: inout Self) in block.run(x, memory, (mask, keyMask), (memoryMask, memoryKeyMask)) }
  }

  private mutating func run(
    _ x: Tensor, _ memory: Tensor, _ own: (mask: Tensor?, keyMask: Tensor?), _ other: (mask: Tensor?, keyMask: Tensor?)
  ) -> Tensor {
    var x = residual(AttentionInput.cleared(x, own.keyMask), norm1) { block, x in
      let y = withPart("self_attn", of: MultiHeadAttention.self) { block.selfAttention(x, mask: own.mask, keyMask: own.keyMask) }
      return block.dropouts[1](y)
    }
    x = residual(x, norm2) { block, x in
      let y = withPart("multihead_attn", of: MultiHeadAttention.self) {
        block.attention(x, keys: memory, mask: other.mask, keyMask: other.keyMask)
      }
      return block.dropouts[2](y)
    }
    return residual(x, norm3) { block, x in
      let hidden = withPart("linear1", of: Dense.self) { block.linear1(x) }
      let dropped = block.dropouts[0](hidden)
      let y = withPart("linear2", of: Dense.self) { block.linear2(dropped) }
      return block.dropouts[3](y)
    }
  }

  private mutating func residual(_ x: Tensor, _ norm: LayerNorm, _ part: (inout Self, Tensor) -> Tensor) -> Tensor {
    normsFirst ? x + part(&self, norm(x)) : norm(x + part(&self, x))
  }

  /// Its parts under PyTorch's names.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    visitor.part(&selfAttention, "self_attn")
    visitor.part(&attention, "multihead_attn")
    visitor.part(&linear1, "linear1")
    visitor.part(&linear2, "linear2")
    visitor.part(&norm1, "norm1")
    visitor.part(&norm2, "norm2")
    visitor.part(&norm3, "norm3")
    visitor.part(&dropouts[0], "dropout")
    visitor.part(&dropouts[1], "dropout1")
    visitor.part(&dropouts[2], "dropout2")
    visitor.part(&dropouts[3], "dropout3")
  }
}

extension TransformerDecoderBlock {
  /// As it is written: `TransformerDecoderBlock(128, heads: 4, hidden: 512)`.
  public var code: String {
    blockCode(
      "TransformerDecoderBlock", selfAttention, linear1, isWaiting: false, dropout: dropouts[0].probability,
      causal: selfAttention.isCausal ? nil : "isCausal: false", normsFirst: normsFirst, epsilon: norm1.epsilon)
  }
}
