import Foundation
import Models
import Tensors

/// DistilBERT: BERT with half the layers, without types and pooler (Sanh and others 2019).
///
///     h = norm(E[ids] + P[0, 1, …])
///     h = norm(h + attention(h)),   h = norm(h + W₂ gelu(W₁ h))
///
/// transformers: `DistilBertModel`; of a model with a head the encoder is read, without the head.
public struct DistilBERT: TextEncoder, PretrainedFamily {
  static let architectures = [
    "Model", "ForMaskedLM", "ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "ForMultipleChoice",
  ]
  .map { "DistilBert" + $0 }
  static let prefix = "distilbert"
  var words: FilledEmbedding
  var places: FilledEmbedding
  var norm: FilledLayerNorm
  var layers: [EncoderLayer]
  let settings: EncoderSettings

  init(_ c: inout Configuration, _ weights: WeightFiles, architecture: String) throws {
    let (features, heads) = (try c.size("dim"), try c.size("n_heads"))
    guard features % heads == 0 else { throw c.error("n_heads", "\(heads), which does not divide the \(features) of dim") }
    settings = EncoderSettings(
      layers: try c.layers("n_layers"), features: features, heads: heads, hidden: try c.size("hidden_dim"),
      activation: try c.activation("activation", default: "gelu"), epsilon: 1e-12, names: .distilBERT)
    // Sinusoidal positions are in the file, too, as their table.
    c.ignore("sinusoidal_pos_embds", "tie_word_embeddings", "qa_dropout", "seq_classif_dropout", "tie_weights_")
    words = FilledEmbedding(try c.size("vocab_size"), features)
    places = FilledEmbedding(try c.size("max_position_embeddings"), features)
    norm = FilledLayerNorm(features, epsilon: 1e-12)
    layers = [EncoderLayer](repeating: EncoderLayer(settings), count: settings.layers)
  }

  /// Loads a folder; see ``PretrainedModel/init(from:)`` for what it throws.
  public init(from folder: String) throws { self = try loadFamily(Self.self, from: ModelFolder(folder)) }

  /// How many tokens there are.
  public var vocabularySize: Int { words.weight.shape[0] }
  /// The numbers of each position.
  public var features: Int { settings.features }
  /// The longest sequence that it has positions for.
  public var longestSequence: Int { places.weight.shape[0] }

  /// The vectors of a batch of texts: see ``TextEncoder``.
  public func encode(_ ids: Tensor, mask: Tensor?, typeIDs: Tensor?) -> EncoderOutput {
    guard fits(ids, mask: mask) else { return EncoderOutput(lastHiddenState: ids, pooled: nil) }
    var x = norm(words(ids) + places.first(ids.shape[1]))
    let seen = AttentionMask.keys(mask)
    for layer in layers { x = layer(x, mask: seen) }
    return EncoderOutput(lastHiddenState: x, pooled: nil)
  }

  func rename(_ name: String, in weights: WeightFiles) -> String? {
    let heads = ["vocab_transform.", "vocab_layer_norm.", "vocab_projector.", "pre_classifier.", "classifier.", "qa_outputs."]
    if name.hasSuffix("embeddings.position_ids") || heads.contains(where: { name.hasPrefix($0) }) { return nil }
    return name.hasPrefix("distilbert.") ? String(name.dropFirst(11)) : name
  }

  /// Its parts under the names of transformers.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    visitor.part(&words, "embeddings.word_embeddings")
    visitor.part(&places, "embeddings.position_embeddings")
    visitor.part(&norm, "embeddings.LayerNorm")
    visitor.enter("transformer.layer")
    for i in layers.indices { visitor.part(&layers[i], .position(i)) }
    visitor.leave()
  }
}
