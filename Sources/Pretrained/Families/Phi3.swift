import Models
import Tensors

/// Phi 3 and 4 mini: Llama with queries, keys and values from one projection, gate and up from another, and LongRoPE (Abdin and others 2024).
///
///     h = E[ids]
///     h += attention(norm(h))             // [q; k; v] = Wqkv x; the first partial_rotary_factor of each head is turned
///     h += down(silu(g) · u),             [g; u] = Wgu norm(h)
///     logits = norm(h) • Wᵀ
///
/// transformers: `Phi3ForCausalLM`, `Phi3Model`.
public struct Phi3: DecoderFamily {
  static let architectures = ["Phi3ForCausalLM", "Phi3Model"]
  var decoder: DecoderStack
  var head: Projection?

  static func settings(_ c: inout Configuration, hasHead: Bool) throws -> DecoderSettings {
    var s = try c.decoderSettings(hasHead: hasHead, epsilon: 1e-5)
    try c.only("attention_bias", [.bool(false)], because: "Phi 3 has none")
    (s.attention.isFused, s.feedForwardIsFused) = (true, true)
    let window = try c.optionalCount("sliding_window", in: 1...Int(Int32.max))
    s.windows = Array(repeating: window, count: s.layers)
    s.rotaries = [try c.rotary(headSize: s.attention.headSize, renaming: ["su": "longrope", "yarn": "longrope"])]
    return s
  }

  /// Loads a folder; see ``PretrainedModel/init(from:)`` for what it throws.
  public init(from folder: String) throws { self = try loadFamily(Self.self, from: ModelFolder(folder)) }
  init(decoder: DecoderStack, head: Projection?) { (self.decoder, self.head) = (decoder, head) }
}
