import Models
import Tensors

/// Gemma 3, its text model: layers with a window and layers without, each kind with rotary positions of its own (Gemma team 2025).
///
///     h = E[ids] · √features
///     h += norm(attention(norm(h)))       // norms of queries and keys by head; scale 1/√query_pre_attn_scalar
///     h += norm(down(gelu(gate(x)) · up(x))),   x = norm(h)
///     logits = norm(h) • Eᵀ               // every norm multiplies by 1 + weight
///
/// transformers: `Gemma3ForCausalLM`, `Gemma3TextModel`. As there, attn_logit_softcapping changes nothing.
public struct Gemma3: DecoderFamily {
  static let architectures = ["Gemma3ForCausalLM", "Gemma3TextModel"]
  var decoder: DecoderStack
  var head: Projection?

  static func settings(_ c: inout Configuration, hasHead: Bool) throws -> DecoderSettings {
    var s = try c.decoderSettings(
      hasHead: hasHead, activationKey: "hidden_activation", activation: "gelu_pytorch_tanh", headSize: 256, ties: true)
    c.ignore("hidden_act", "attn_logit_softcapping")
    s.attention.hasInputBias = try c.flag("attention_bias", default: false)
    s.attention.hasOutputBias = s.attention.hasInputBias
    let scalar = try c.number("query_pre_attn_scalar", default: 256)
    guard scalar > 0 else { throw c.error("query_pre_attn_scalar", "\(scalar); a positive number would fit") }
    s.attention.scale = 1 / scalar.squareRoot()
    s.attention.normEpsilon = s.epsilon
    s.attention.normAddsOne = true
    (s.normAddsOne, s.hasOuterNorms) = (true, true)
    s.embeddingScale = Double(s.attention.features).squareRoot()
    s.logitCap = try c.optionalNumber("final_logit_softcapping")
    if let cap = s.logitCap, cap <= 0 { throw c.error("final_logit_softcapping", "\(cap); a positive number would fit") }
    s.isCausal = try !c.flag("use_bidirectional_attention", default: false)
    let pattern = try c.count("sliding_window_pattern", in: 1...Int(Int32.max), default: 6)
    c.ignore("_sliding_window_pattern")
    let window = try c.count("sliding_window", in: 1...Int(Int32.max), default: 4096)
    s.windows = try c.windows(s.isCausal ? window : window / 2 + 1, layers: s.layers) { ($0 + 1) % pattern != 0 }
    // Older configurations scale the global layers' positions alone.
    let localBase = try c.number("rope_local_base_freq", default: 10_000)
    let global = try c.rotary(headSize: s.attention.headSize, layerType: "full_attention", defaultBase: 1_000_000)
    var local = RotaryScaling(base: localBase, features: s.attention.headSize)
    if let rope = try c.part("rope_parameters"), rope.has("sliding_attention") {
      local = try c.rotary(headSize: s.attention.headSize, layerType: "sliding_attention", defaultBase: localBase)
    }
    s.rotaries = [global, local]
    s.rotaryOfLayer = s.windows.map { $0 == nil ? 0 : 1 }
    return s
  }

  /// Loads a folder; see ``PretrainedModel/init(from:)`` for what it throws.
  public init(from folder: String) throws { self = try loadFamily(Self.self, from: ModelFolder(folder)) }
  init(decoder: DecoderStack, head: Projection?) { (self.decoder, self.head) = (decoder, head) }
}
