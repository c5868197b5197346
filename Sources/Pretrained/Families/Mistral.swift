import Models
import Tensors

/// Mistral: Llama with a window, of which a position sees `sliding_window` tokens, its own included (Jiang and others 2023).
///
///     h = E[ids]
///     h += attention(norm(h))             // position i sees j with i − window < j ≤ i
///     h += down(silu(gate(x)) · up(x)),   x = norm(h)
///     logits = norm(h) • Wᵀ
///
/// transformers: `MistralForCausalLM`, `MistralModel`.
public struct Mistral: DecoderFamily {
  static let architectures = ["MistralForCausalLM", "MistralModel"]
  var decoder: DecoderStack
  var head: Projection?

  static func settings(_ c: inout Configuration, hasHead: Bool) throws -> DecoderSettings {
    var s = try c.decoderSettings(hasHead: hasHead)
    let window = try c.optionalCount("sliding_window", in: 1...Int(Int32.max))
    s.windows = Array(repeating: window, count: s.layers)
    try c.only("attention_bias", [.bool(false)], because: "Mistral has none")
    c.ignore("layer_types")
    s.rotaries = [try c.rotary(headSize: s.attention.headSize)]
    return s
  }

  /// Loads a folder; see ``PretrainedModel/init(from:)`` for what it throws.
  public init(from folder: String) throws { self = try loadFamily(Self.self, from: ModelFolder(folder)) }
  init(decoder: DecoderStack, head: Projection?) { (self.decoder, self.head) = (decoder, head) }
}
