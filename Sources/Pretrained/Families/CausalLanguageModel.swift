import Models
import Tensors

/// A model of text that gives, for each position, the logits of the token that comes next: GPT-2, Llama, Qwen and others.
///
/// Called with ids [batch, time] it gives logits [batch, time, vocabulary], every position's by the tokens up to it: an ordinary model, which is
/// trained with ``crossEntropy``.
public protocol CausalLanguageModel: Model where Input == Tensor, Output == Tensor {
  /// How many tokens there are.
  var vocabularySize: Int { get }
  /// The longest sequence that it has positions for; nil if its positions have no end.
  var longestSequence: Int? { get }

  /// The logits of the tokens after each of `ids`, which go on behind those that the cache has seen.
  ///
  /// - Parameters:
  ///   - ids: [batch, time].
  ///   - cache: What has been seen; it takes the keys and values of `ids`.
  ///   - lastOnly: Whether the logits of the last position alone are computed, [batch, 1, vocabulary].
  func logits(_ ids: Tensor, cache: inout KeyValueCache, lastOnly: Bool) -> Tensor
}

extension CausalLanguageModel {
  /// The logits of the tokens after each of `ids`, which go on behind those that the cache has seen.
  public func logits(_ ids: Tensor, cache: inout KeyValueCache) -> Tensor { logits(ids, cache: &cache, lastOnly: false) }

  /// Logits for each position of ids [batch, time]: [batch, time, vocabulary].
  public func callAsFunction(_ ids: Tensor) -> Tensor {
    var cache = KeyValueCache()
    return logits(ids, cache: &cache, lastOnly: false)
  }
}

/// A family that is a ``DecoderStack`` with its own settings, and a head.
protocol DecoderFamily: CausalLanguageModel, PretrainedFamily {
  var decoder: DecoderStack { get set }
  var head: Projection? { get set }
  init(decoder: DecoderStack, head: Projection?)

  /// The family's sizes and choices, from config.json.
  static func settings(_ c: inout Configuration, hasHead: Bool) throws -> DecoderSettings
}

extension DecoderFamily {
  static var prefix: String { "model" }

  init(_ c: inout Configuration, _ weights: WeightFiles, architecture: String) throws {
    let hasHead = architecture.hasSuffix("ForCausalLM")
    var settings = try Self.settings(&c, hasHead: hasHead)
    // As transformers does: two tensors that are there and differ are not tied, whatever the configuration says.
    if settings.tiesEmbeddings, hasHead, try !weights.areEqual("lm_head.weight", "model.embed_tokens.weight") {
      settings.tiesEmbeddings = false
    }
    self.init(
      decoder: DecoderStack(settings),
      head: hasHead && !settings.tiesEmbeddings ? Projection(settings.attention.features, settings.vocabulary, hasBias: false) : nil)
  }

  func rename(_ name: String, in weights: WeightFiles) -> String? {
    if name.hasSuffix("rotary_emb.inv_freq")
      || (name == "lm_head.weight" && head == nil && weights.outline("model.embed_tokens.weight") != nil)
    {
      return nil
    }
    if name == "lm_head.weight" { return head == nil ? "model.embed_tokens.weight" : name }
    return name.hasPrefix("model.") ? name : "model." + name
  }

  /// The length beyond which rotary frequencies are others, so that keys of before do not go with those of after; nil if there is none.
  var switchLength: Int? {
    decoder.settings.rotaries.lazy.compactMap { if case .long(_, _, let original) = $0.kind { original } else { nil } }.first
  }

  /// How many tokens there are.
  public var vocabularySize: Int { decoder.settings.vocabulary }
  /// The longest sequence that it has positions for.
  public var longestSequence: Int? { nil }

  /// The logits of the tokens after each of `ids`: see ``CausalLanguageModel``.
  public func logits(_ ids: Tensor, cache: inout KeyValueCache, lastOnly: Bool) -> Tensor {
    var x = decoder(ids, cache: &cache)
    if hasFailed { return x }
    if lastOnly, x.shape[1] > 1 { x = x[0..., (x.shape[1] - 1)...] }
    guard decoder.settings.hasHead else { return x }
    let logits = head.map { $0(x) } ?? linear(x, weight: decoder.embedding.weight)
    return decoder.settings.logitCap.map { tanh(logits / $0) * $0 } ?? logits
  }

  /// Its parts under the names of transformers.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    visitor.part(&decoder, "model")
    if head != nil { visitor.part(&head!, "lm_head") }
  }
}

extension Configuration {
  /// The sizes that all of these families have, under the same names.
  mutating func decoderSettings(
    hasHead: Bool, activationKey: String = "hidden_act", activation: String = "silu", headSize standardHeadSize: Int? = nil,
    ties: Bool = false, epsilon: Double = 1e-6
  ) throws -> DecoderSettings {
    let features = try size("hidden_size")
    let heads = try size("num_attention_heads")
    let keyHeads = try optionalCount("num_key_value_heads", in: 1...Int(Int32.max)) ?? heads
    guard heads % keyHeads == 0 else {
      throw error("num_key_value_heads", "\(keyHeads), which does not divide the \(heads) heads of num_attention_heads")
    }
    let headSize = try optionalCount("head_dim", in: 1...limits.axis) ?? standardHeadSize
    if headSize == nil, features % heads != 0 {
      throw error("num_attention_heads", "\(heads), which does not divide the \(features) of hidden_size")
    }
    let layers = try layers("num_hidden_layers")
    return DecoderSettings(
      vocabulary: try size("vocab_size"), layers: layers, hidden: try size("intermediate_size"),
      attention: AttentionSettings(features: features, heads: heads, keyHeads: keyHeads, headSize: headSize ?? features / heads),
      activation: try self.activation(activationKey, default: activation), epsilon: try number("rms_norm_eps", default: epsilon),
      rotaries: [], rotaryOfLayer: Array(repeating: 0, count: layers), windows: Array(repeating: nil, count: layers),
      tiesEmbeddings: try flag("tie_word_embeddings", default: ties), hasHead: hasHead)
  }

  /// The window of each layer by layer_types, or by `isSliding` where there are none.
  mutating func windows(_ window: Int?, layers: Int, isSliding: (Int) -> Bool) throws -> [Int?] {
    guard let types = try texts("layer_types") else { return (0..<layers).map { isSliding($0) ? window : nil } }
    guard types.count == layers else {
      throw error("layer_types", "\(types.count) types for the \(layers) layers of num_hidden_layers")
    }
    return try types.map { type in
      switch type {
      case "full_attention": return nil
      case "sliding_attention":
        guard let window else { throw error("sliding_window", "is missing, but layer_types has sliding_attention") }
        return window
      default: throw error("layer_types", "\(type); full_attention and sliding_attention are there")
      }
    }
  }
}
