import Models
import Tensors

/// What the families of decoders with rotary positions differ in: sizes, norms, biases, windows.
struct DecoderSettings: Sendable {
  var vocabulary: Int
  var layers: Int
  var hidden: Int
  var attention: AttentionSettings
  var activation: Activation
  var epsilon: Double
  var feedForwardHasBias = false
  /// Whether gate and up of the feed-forward are one projection.
  var feedForwardIsFused = false
  /// Whether norms multiply by 1 + weight.
  var normAddsOne = false
  /// Whether attention and feed-forward are normed behind, too, before they are added.
  var hasOuterNorms = false
  /// What the vectors of the tokens are multiplied by.
  var embeddingScale: Double?
  /// The rotary positions of each kind of layer.
  var rotaries: [RotaryScaling]
  /// For each layer, which of the rotaries it has.
  var rotaryOfLayer: [Int]
  /// For each layer, how many keys before a query it sees, the query's own included; nil if all.
  var windows: [Int?]
  /// Whether a query sees the keys up to its own only.
  var isCausal = true
  /// The bound of c·tanh(logits/c), if there is one.
  var logitCap: Double?
  var tiesEmbeddings: Bool
  /// Whether there is a head that gives logits.
  var hasHead: Bool
}

/// One layer: x + attention(norm(x)), then x + feedForward(norm(x)); with outer norms, x + norm(attention(norm(x))) and so on.
struct DecoderLayer: Model {
  var attention: GroupedAttention
  var feedForward: GatedFeedForward
  var inputNorm: FilledRMSNorm
  /// Before the feed-forward.
  var middleNorm: FilledRMSNorm
  var attentionNorm: FilledRMSNorm?
  var feedForwardNorm: FilledRMSNorm?

  init(_ s: DecoderSettings, _ index: Int) {
    func norm() -> FilledRMSNorm { FilledRMSNorm(s.attention.features, epsilon: s.epsilon, addsOne: s.normAddsOne) }
    attention = GroupedAttention(s.attention, rotary: s.rotaries[s.rotaryOfLayer[index]], window: s.windows[index], isCausal: s.isCausal)
    feedForward = GatedFeedForward(
      s.attention.features, hidden: s.hidden, activation: s.activation, hasBias: s.feedForwardHasBias, isFused: s.feedForwardIsFused)
    (inputNorm, middleNorm) = (norm(), norm())
    if s.hasOuterNorms { (attentionNorm, feedForwardNorm) = (norm(), norm()) }
  }

  /// A sequence from its beginning, [batch, time, features] to the same.
  func callAsFunction(_ x: Tensor) -> Tensor {
    var cache = KeyValueCache()
    let call = attention.firstCall(x)
    return self(x, turns: call.turns, mask: call.mask, cache: &cache, layer: 0)
  }

  func callAsFunction(
    _ x: Tensor, turns: RotaryScaling.Turns, mask: AttentionMask, cache: inout KeyValueCache, layer: Int
  ) -> Tensor {
    var y = attention(inputNorm(x), turns: turns, mask: mask, cache: &cache, layer: layer)
    if let attentionNorm { y = attentionNorm(y) }
    let middle = x + y
    var z = feedForward(middleNorm(middle))
    if let feedForwardNorm { z = feedForwardNorm(z) }
    return middle + z
  }

  mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    visitor.part(&attention, "self_attn")
    visitor.part(&feedForward, "mlp")
    visitor.part(&inputNorm, "input_layernorm")
    if attentionNorm != nil { visitor.part(&attentionNorm!, "post_attention_layernorm") }
    visitor.part(&middleNorm, attentionNorm == nil ? "post_attention_layernorm" : "pre_feedforward_layernorm")
    if feedForwardNorm != nil { visitor.part(&feedForwardNorm!, "post_feedforward_layernorm") }
  }
}

/// Embedding, layers and last norm: what Llama, Mistral, Qwen, Gemma and Phi have in common.
struct DecoderStack: Model {
  var embedding: FilledEmbedding
  var layers: [DecoderLayer]
  var norm: FilledRMSNorm
  let settings: DecoderSettings

  init(_ s: DecoderSettings) {
    embedding = FilledEmbedding(s.vocabulary, s.attention.features)
    layers = (0..<s.layers).map { DecoderLayer(s, $0) }
    norm = FilledRMSNorm(s.attention.features, epsilon: s.epsilon, addsOne: s.normAddsOne)
    settings = s
  }

  func callAsFunction(_ ids: Tensor) -> Tensor {
    var cache = KeyValueCache()
    return self(ids, cache: &cache)
  }

  /// ids [batch, time] to [batch, time, features].
  func callAsFunction(_ ids: Tensor, cache: inout KeyValueCache) -> Tensor {
    guard ids.rank == 2, ids.dtype.isInteger else {
      fail(TensorError("decoder", "ids \(ids.dtype) \(ids.shape); integers [batch, time] would fit"))
      return ids
    }
    var x = embedding(ids)
    if let scale = settings.embeddingScale { x = x * scale }
    let (time, positions) = (ids.shape[1], cache.positions(ids.shape[1]))
    if time == 0 || hasFailed { return norm(x) }
    let turns = settings.rotaries.map { $0.turns(positions) }
    var masks: [Int: AttentionMask] = [:]
    func mask(_ window: Int?) -> AttentionMask {
      let key = window ?? -1
      if let known = masks[key] { return known }
      let made = cache.mask(queries: time, isCausal: settings.isCausal, window: window)
      masks[key] = made
      return made
    }
    let layerMasks = settings.windows.map { mask($0) }
    for (i, layer) in layers.enumerated() {
      x = layer(x, turns: turns[settings.rotaryOfLayer[i]], mask: layerMasks[i], cache: &cache, layer: i)
    }
    cache.length += time
    return norm(x)
  }

  mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    visitor.part(&embedding, "embed_tokens")
    visitor.enter("layers")
    for i in layers.indices { visitor.part(&layers[i], .position(i)) }
    visitor.leave()
    visitor.part(&norm, "norm")
  }
}
