import Models
import Tensors

/// Llama 1, 2 and 3: a decoder with rotary positions, root mean square norms before each part and gated feed-forwards (Touvron and others 2023).
///
///     h = E[ids]
///     h += attention(norm(h))             // heads in groups, rotary positions as rope_parameters scales them
///     h += down(silu(gate(x)) · up(x)),   x = norm(h)
///     logits = norm(h) • Wᵀ               // W is E where tie_word_embeddings
///
/// transformers: `LlamaForCausalLM`, `LlamaModel`.
public struct Llama: DecoderFamily {
  static let architectures = ["LlamaForCausalLM", "LlamaModel"]
  var decoder: DecoderStack
  var head: Projection?

  static func settings(_ c: inout Configuration, hasHead: Bool) throws -> DecoderSettings {
    var s = try c.decoderSettings(hasHead: hasHead)
    s.attention.hasInputBias = try c.flag("attention_bias", default: false)
    s.attention.hasOutputBias = s.attention.hasInputBias
    s.feedForwardHasBias = try c.flag("mlp_bias", default: false)
    s.rotaries = [try c.rotary(headSize: s.attention.headSize)]
    return s
  }

  /// Loads a folder; see ``PretrainedModel/init(from:)`` for what it throws.
  public init(from folder: String) throws { self = try loadFamily(Self.self, from: ModelFolder(folder)) }
  init(decoder: DecoderStack, head: Projection?) { (self.decoder, self.head) = (decoder, head) }
}
