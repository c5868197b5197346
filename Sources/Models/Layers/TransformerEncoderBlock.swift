import Tensors

/// Self-attention, then two dense layers at each position, each added to what goes into it and normalised.
///
/// Vaswani and others 2017; `normsFirst` after Xiong and others 2020. PyTorch: `TransformerEncoderLayer` with `batch_first=True`.
///
///     x = norm1(x + selfAttention(x)); x = norm2(x + feed(x))          // or, with normsFirst,
///     x = x + selfAttention(norm1(x)); x = x + feed(norm2(x))
///
/// With `isCausal` it is a block of a language model such as GPT.
///
/// Shapes: x [batch, time, features] to the same.
public struct TransformerEncoderBlock: Placed, InputAdapting {
  /// Each position's look at the others; PyTorch's `self_attn`.
  public var selfAttention: MultiHeadAttention
  /// From the features to the hidden ones.
  public var linear1: Dense
  /// From the hidden features back.
  public var linear2: Dense
  /// The norm that goes with attention.
  public var norm1: LayerNorm
  /// The norm that goes with the dense layers.
  public var norm2: LayerNorm
  /// Whether a part's input is normalised, instead of its sum with what comes out.
  public let normsFirst: Bool
  private var dropouts: [Dropout]
  /// Where in a model it stands.
  public var place = Place()
  private var complete: (@Sendable (Int) -> TransformerEncoderBlock)?

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
  ///   - rotary: Turns queries and keys by their positions, if there is one.
  public init(
    _ features: Int, heads: Int, hidden: Int = 2048, keyHeads: Int? = nil, activation: @escaping @Sendable (Tensor) -> Tensor = relu,
    dropout: Double = 0.1, isCausal: Bool = false, normsFirst: Bool = false, epsilon: Double = 1e-5, hasBias: Bool = true,
    rotary: RotaryPositions? = nil
  ) {
    selfAttention = MultiHeadAttention(
      features, heads: heads, keyHeads: keyHeads, isCausal: isCausal, dropout: dropout, hasBias: hasBias, rotary: rotary)
    linear1 = Dense(features, hidden, activation: activation, hasBias: hasBias)
    linear2 = Dense(hidden, features, hasBias: hasBias)
    norm1 = LayerNorm(features, epsilon: epsilon, hasBias: hasBias)
    norm2 = LayerNorm(features, epsilon: epsilon, hasBias: hasBias)
    self.normsFirst = normsFirst
    dropouts = (0..<3).map { _ in Dropout(dropout) }
  }

  /// A block that learns its number of features from the chain it stands in: see ``Chain/init(input:_:)``.
  public init(
    heads: Int, hidden: Int = 2048, keyHeads: Int? = nil, activation: @escaping @Sendable (Tensor) -> Tensor = relu,
    dropout: Double = 0.1, isCausal: Bool = false, normsFirst: Bool = false, epsilon: Double = 1e-5, hasBias: Bool = true,
    rotary: RotaryPositions? = nil
  ) {
    @Sendable func make(_ features: Int) -> TransformerEncoderBlock {
      TransformerEncoderBlock(
        features, heads: heads, hidden: hidden, keyHeads: keyHeads, activation: activation, dropout: dropout, isCausal: isCausal,
        normsFirst: normsFirst, epsilon: epsilon, hasBias: hasBias, rotary: rotary)
    }
    // Complete, but for the number of features: the least that fits.
    self = make(max(1, heads))
    complete = make
  }

  /// The block without a mask of its own.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor { self(x, mask: nil) }

  /// The block with masks; steps that a key mask hides count nothing, whatever they hold: see ``MultiHeadAttention/callAsFunction(_:mask:keyMask:)``.
  public mutating func callAsFunction(_ x: Tensor, mask: Tensor?, keyMask: Tensor? = nil) -> Tensor {
    placed(on: x) { (block: inout Self) in block.run(x, mask, keyMask) }
  }

  private mutating func run(_ x: Tensor, _ mask: Tensor?, _ keyMask: Tensor?) -> Tensor {
    let x = AttentionInput.cleared(x, keyMask)
    let h = residual(x, norm1) { block, x in
      let y = withPart("self_attn", of: MultiHeadAttention.self) { block.selfAttention(x, mask: mask, keyMask: keyMask) }
      return block.dropouts[1](y)
    }
    return residual(h, norm2) { block, x in
      let hidden = withPart("linear1", of: Dense.self) { block.linear1(x) }
      let dropped = block.dropouts[0](hidden)
      let y = withPart("linear2", of: Dense.self) { block.linear2(dropped) }
      return block.dropouts[2](y)
    }
  }

  private mutating func residual(_ x: Tensor, _ norm: LayerNorm, _ part: (inout Self, Tensor) -> Tensor) -> Tensor {
    normsFirst ? x + part(&self, norm(x)) : norm(x + part(&self, x))
  }

  /// Takes the size of the last axis as the number of features, if that is open.
  public mutating func adapt(to shape: Shape) {
    guard let complete, shape.rank > 0 else { return }
    var block = complete(shape[-1])
    (block.selfAttention.isIncremental, block.place) = (selfAttention.isIncremental, place)
    self = block
  }

  /// Whether the number of features is open.
  public var isWaiting: Bool { complete != nil }

  /// Its parts under PyTorch's names.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    visitor.part(&selfAttention, "self_attn")
    visitor.part(&linear1, "linear1")
    visitor.part(&linear2, "linear2")
    visitor.part(&norm1, "norm1")
    visitor.part(&norm2, "norm2")
    visitor.part(&dropouts[0], "dropout")
    visitor.part(&dropouts[1], "dropout1")
    visitor.part(&dropouts[2], "dropout2")
  }
}

extension TransformerEncoderBlock {
  /// As it is written: `TransformerEncoderBlock(128, heads: 4, hidden: 512)`.
  public var code: String {
    blockCode(
      "TransformerEncoderBlock", selfAttention, linear1, isWaiting: isWaiting, dropout: dropouts[0].probability,
      causal: selfAttention.isCausal ? "isCausal: true" : nil, normsFirst: normsFirst, epsilon: norm1.epsilon)
  }
}

/// A block as it is written, what is PyTorch's default left out.
func blockCode(
  _ name: String, _ attention: MultiHeadAttention, _ linear: Dense, isWaiting: Bool, dropout: Double, causal: String?, normsFirst: Bool,
  epsilon: Double
) -> String {
  let hidden = linear.weight.shape[0]
  let activation = activationCode(linear.activation) ?? "activation: { x in x }"
  return call(
    name, isWaiting ? nil : "\(attention.features)", "heads: \(attention.heads)", hidden == 2048 ? nil : "hidden: \(hidden)",
    attention.keyHeads == attention.heads ? nil : "keyHeads: \(attention.keyHeads)", activation == "activation: relu" ? nil : activation,
    dropout == 0.1 ? nil : "dropout: \(dropout)", causal, normsFirst ? "normsFirst: true" : nil,
    epsilon == 1e-5 ? nil : "epsilon: \(epsilon)", attention.inputBias == nil ? "hasBias: false" : nil,
    attention.rotary.map { "rotary: \($0)" })
}
