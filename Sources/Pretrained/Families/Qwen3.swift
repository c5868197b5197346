import Models
import Tensors

/// Qwen 3: Llama with norms of queries and keys by head (Qwen team 2025).
///
///     h = E[ids]
///     h += attention(norm(h))             // q and k of each head are normed before they are turned
///     h += down(silu(gate(x)) · up(x)),   x = norm(h)
///     logits = norm(h) • Wᵀ               // W is E where tie_word_embeddings
///
/// transformers: `Qwen3ForCausalLM`, `Qwen3Model`.
public struct Qwen3: DecoderFamily {
  static let architectures = ["Qwen3ForCausalLM", "Qwen3Model"]
  var decoder: DecoderStack
  var head: Projection?

  static func settings(_ c: inout Configuration, hasHead: Bool) throws -> DecoderSettings {
    var s = try c.decoderSettings(hasHead: hasHead, headSize: 128)
    s.attention.hasInputBias = try c.flag("attention_bias", default: false)
    s.attention.hasOutputBias = s.attention.hasInputBias
    s.attention.normEpsilon = s.epsilon
    s.windows = try c.qwenWindows(layers: s.layers)
    s.rotaries = [try c.rotary(headSize: s.attention.headSize)]
    return s
  }

  /// Loads a folder; see ``PretrainedModel/init(from:)`` for what it throws.
  public init(from folder: String) throws { self = try loadFamily(Self.self, from: ModelFolder(folder)) }
  init(decoder: DecoderStack, head: Projection?) { (self.decoder, self.head) = (decoder, head) }
}
