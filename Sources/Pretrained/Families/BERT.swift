import Models
import Tensors

/// BERT: an encoder with learned positions and norms behind each sum (Devlin and others 2018).
///
///     h = norm(E[ids] + P[0, 1, …] + T[type ids])
///     h = norm(h + attention(h))          // all positions see all that are no padding
///     h = norm(h + W₂ gelu(W₁ h))
///     pooled = tanh(W h[0])
///
/// transformers: `BertModel`; of a model with a head (`BertForMaskedLM` and others) the encoder is read, without the head.
public struct BERT: TextEncoder, PretrainedFamily {
  static let architectures = [
    "BertModel", "BertForMaskedLM", "BertForPreTraining", "BertForSequenceClassification", "BertForTokenClassification",
    "BertForQuestionAnswering", "BertForNextSentencePrediction", "BertForMultipleChoice",
  ]
  static let prefix = "bert"
  var encoder: PostNormEncoder

  init(_ c: inout Configuration, _ weights: WeightFiles, architecture: String) throws {
    encoder = try PostNormEncoder(&c, weights, prefix: Self.prefix, positions: .fromZero)
  }

  /// Loads a folder; see ``PretrainedModel/init(from:)`` for what it throws.
  public init(from folder: String) throws { self = try loadFamily(Self.self, from: ModelFolder(folder)) }

  /// How many tokens there are.
  public var vocabularySize: Int { encoder.words.weight.shape[0] }
  /// The numbers of each position.
  public var features: Int { encoder.settings.features }
  /// The longest sequence that it has positions for.
  public var longestSequence: Int { encoder.longestSequence }

  /// The vectors of a batch of texts: see ``TextEncoder``.
  public func encode(_ ids: Tensor, mask: Tensor?, typeIDs: Tensor?) -> EncoderOutput {
    fits(ids, mask: mask) ? encoder(ids, mask: mask, typeIDs: typeIDs) : EncoderOutput(lastHiddenState: ids, pooled: nil)
  }

  func rename(_ name: String, in weights: WeightFiles) -> String? {
    encoder.rename(name, prefix: Self.prefix, heads: ["cls.", "classifier.", "qa_outputs."])
  }

  /// Its parts under the names of transformers.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { encoder.visit(&visitor) }
}

/// RoBERTa: BERT whose positions begin behind the id of the padding, and count the tokens that are no padding (Liu and others 2019).
///
///     h = norm(E[ids] + P[padding + 1, padding + 2, …] + T[0])
///     h = norm(h + attention(h)),   h = norm(h + W₂ gelu(W₁ h)),   pooled = tanh(W h[0])
///
/// transformers: `RobertaModel`, `XLMRobertaModel`; of a model with a head the encoder is read, without the head.
public struct RoBERTa: TextEncoder, PretrainedFamily {
  static let architectures = ["Roberta", "XLMRoberta"].flatMap { name in
    ["Model", "ForMaskedLM", "ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "ForMultipleChoice"].map {
      name + $0
    }
  }
  static let prefix = "roberta"
  var encoder: PostNormEncoder

  init(_ c: inout Configuration, _ weights: WeightFiles, architecture: String) throws {
    let padding = try c.count("pad_token_id", default: 1)
    encoder = try PostNormEncoder(&c, weights, prefix: Self.prefix, positions: .behind(padding))
  }

  /// Loads a folder; see ``PretrainedModel/init(from:)`` for what it throws.
  public init(from folder: String) throws { self = try loadFamily(Self.self, from: ModelFolder(folder)) }

  /// How many tokens there are.
  public var vocabularySize: Int { encoder.words.weight.shape[0] }
  /// The numbers of each position.
  public var features: Int { encoder.settings.features }
  /// The longest sequence that it has positions for.
  public var longestSequence: Int { encoder.longestSequence }

  /// The vectors of a batch of texts: see ``TextEncoder``.
  public func encode(_ ids: Tensor, mask: Tensor?, typeIDs: Tensor?) -> EncoderOutput {
    fits(ids, mask: mask) ? encoder(ids, mask: mask, typeIDs: typeIDs) : EncoderOutput(lastHiddenState: ids, pooled: nil)
  }

  func rename(_ name: String, in weights: WeightFiles) -> String? {
    encoder.rename(name, prefix: Self.prefix, heads: ["lm_head.", "classifier.", "qa_outputs."])
  }

  /// Its parts under the names of transformers.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { encoder.visit(&visitor) }
}

/// What BERT and RoBERTa have in common.
struct PostNormEncoder: Model {
  enum Positions: Sendable {
    case fromZero
    /// Behind an id, counting the ids that are not this one, which has its own position.
    case behind(Int)
  }

  var words: FilledEmbedding
  var places: FilledEmbedding
  var types: FilledEmbedding
  var norm: FilledLayerNorm
  var layers: [EncoderLayer]
  var pooler: Projection?
  let settings: EncoderSettings
  let positions: Positions

  init(_ c: inout Configuration, _ weights: WeightFiles, prefix: String, positions: Positions) throws {
    let s = try c.encoderSettings(.bert)
    try c.only("position_embedding_type", [.string("absolute")], because: "relative positions are not there")
    try c.only("is_decoder", [.bool(false)], because: "it is read as an encoder")
    try c.only("add_cross_attention", [.bool(false)], because: "it is read as an encoder")
    c.ignore("tie_word_embeddings")
    words = FilledEmbedding(try c.size("vocab_size"), s.features)
    places = FilledEmbedding(try c.size("max_position_embeddings"), s.features)
    types = FilledEmbedding(try c.size("type_vocab_size", default: 2), s.features)
    if case .behind(let padding) = positions, padding + 1 >= places.weight.shape[0] {
      throw c.error("pad_token_id", "\(padding), behind which max_position_embeddings (\(places.weight.shape[0])) leaves no position")
    }
    norm = FilledLayerNorm(s.features, epsilon: s.epsilon)
    layers = (0..<s.layers).map { _ in EncoderLayer(s) }
    pooler = weights.has("pooler.dense.weight", prefix: prefix) ? Projection(s.features, s.features, hasBias: true) : nil
    (settings, self.positions) = (s, positions)
  }

  var longestSequence: Int {
    if case .behind(let padding) = positions { return places.weight.shape[0] - padding - 1 }
    return places.weight.shape[0]
  }

  func callAsFunction(_ ids: Tensor) -> Tensor { self(ids, mask: nil, typeIDs: nil).lastHiddenState }

  func callAsFunction(_ ids: Tensor, mask: Tensor?, typeIDs: Tensor?) -> EncoderOutput {
    var x = words(ids)
    switch positions {
    case .fromZero: x = x + places.first(ids.shape[1])
    case .behind(let padding):
      let isToken = (ids .!= padding).cast(to: .int64)
      x = x + places(isToken.cumulativeSum(axis: 1) * isToken + padding)
    }
    x = norm(x + (typeIDs.map { types($0) } ?? types.first(1)))
    let seen = AttentionMask.keys(mask)
    for layer in layers { x = layer(x, mask: seen) }
    return EncoderOutput(lastHiddenState: x, pooled: pooler.map { hasFailed || x.shape[1] == 0 ? x : tanh($0(x[0..., 0])) })
  }

  /// A file's name without the prefix; nil for heads and buffers.
  func rename(_ name: String, prefix: String, heads: [String]) -> String? {
    if name.hasSuffix("embeddings.position_ids") || heads.contains(where: { name.hasPrefix($0) }) { return nil }
    return name.hasPrefix(prefix + ".") ? String(name.dropFirst(prefix.count + 1)) : name
  }

  mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    visitor.part(&words, "embeddings.word_embeddings")
    visitor.part(&places, "embeddings.position_embeddings")
    visitor.part(&types, "embeddings.token_type_embeddings")
    visitor.part(&norm, "embeddings.LayerNorm")
    visitor.enter("encoder.layer")
    for i in layers.indices { visitor.part(&layers[i], .position(i)) }
    visitor.leave()
    if pooler != nil { visitor.part(&pooler!, "pooler.dense") }
  }
}
