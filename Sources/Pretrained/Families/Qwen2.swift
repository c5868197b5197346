import Models
import Tensors

/// Qwen 2 and 2.5: Llama whose queries, keys and values have biases, and whose layers may have windows (Qwen team 2024).
///
///     h = E[ids]
///     h += attention(norm(h))             // q, k, v = x • Wᵀ + b; a window from layer max_window_layers on if use_sliding_window
///     h += down(silu(gate(x)) · up(x)),   x = norm(h)
///     logits = norm(h) • Wᵀ               // W is E where tie_word_embeddings
///
/// transformers: `Qwen2ForCausalLM`, `Qwen2Model`.
public struct Qwen2: DecoderFamily {
  static let architectures = ["Qwen2ForCausalLM", "Qwen2Model"]
  var decoder: DecoderStack
  var head: Projection?

  static func settings(_ c: inout Configuration, hasHead: Bool) throws -> DecoderSettings {
    var s = try c.decoderSettings(hasHead: hasHead)
    s.attention.hasInputBias = true
    s.windows = try c.qwenWindows(layers: s.layers)
    s.rotaries = [try c.rotary(headSize: s.attention.headSize)]
    return s
  }

  /// Loads a folder; see ``PretrainedModel/init(from:)`` for what it throws.
  public init(from folder: String) throws { self = try loadFamily(Self.self, from: ModelFolder(folder)) }
  init(decoder: DecoderStack, head: Projection?) { (self.decoder, self.head) = (decoder, head) }
}

extension Configuration {
  /// Each layer's window, as Qwen 2 and Qwen 3 have it.
  mutating func qwenWindows(layers: Int) throws -> [Int?] {
    let uses = try flag("use_sliding_window", default: false)
    let window = try optionalCount("sliding_window", in: 1...Int(Int32.max))
    let first = try count("max_window_layers", default: 28)
    // What layer_types says counts, whatever use_sliding_window says.
    return try windows(uses ? window : nil, layers: layers) { $0 >= first }
  }
}
