import Models
import Tensors

/// What an encoder gives.
public struct EncoderOutput: Sendable {
  /// The vector of each position after the last layer, [batch, time, features].
  public var lastHiddenState: Tensor
  /// The first position's vector through the pooler, [batch, features]; nil for a model without one.
  public var pooled: Tensor?
}

/// A model that gives each token of a text a vector by the whole text: BERT, RoBERTa, DistilBERT.
///
/// Called with ids [batch, time] it gives the last layer's vectors, [batch, time, features]: an ordinary model, which is trained under a head.
public protocol TextEncoder: Model where Input == Tensor, Output == Tensor {
  /// How many tokens there are.
  var vocabularySize: Int { get }
  /// The numbers of each position.
  var features: Int { get }
  /// The longest sequence that it has positions for.
  var longestSequence: Int { get }

  /// The vectors of a batch of texts.
  ///
  /// - Parameters:
  ///   - ids: [batch, time].
  ///   - mask: [batch, time], 0 where there is only padding, which no other position sees.
  ///   - typeIDs: [batch, time], which of two texts a token belongs to; 0 unless told.
  func encode(_ ids: Tensor, mask: Tensor?, typeIDs: Tensor?) -> EncoderOutput
}

extension TextEncoder {
  /// The vectors of a batch of texts without padding.
  public func callAsFunction(_ ids: Tensor) -> Tensor { encode(ids, mask: nil, typeIDs: nil).lastHiddenState }

  /// Whether ids are integers [batch, time] for which there are positions; a mistake if not.
  func fits(_ ids: Tensor, mask: Tensor?) -> Bool {
    guard ids.rank == 2, ids.dtype.isInteger else {
      fail(TensorError("\(Self.self)", "ids \(ids.dtype) \(ids.shape); integers [batch, time] would fit"))
      return false
    }
    guard ids.shape[1] <= longestSequence else {
      fail(TensorError("\(Self.self)", "\(ids.shape[1]) tokens; at most \(longestSequence) would fit, for which there are positions"))
      return false
    }
    if let mask, mask.shape != ids.shape {
      fail(TensorError("\(Self.self)", "a mask \(mask.shape) for ids \(ids.shape); the same shape would fit"))
      return false
    }
    return true
  }
}

/// What the parts of an encoder's layer are called in the file.
struct EncoderNames: Sendable {
  var query, key, value, attentionOutput, attentionNorm, hidden, output, outputNorm: PartName

  static let bert = EncoderNames(
    query: "attention.self.query", key: "attention.self.key", value: "attention.self.value", attentionOutput: "attention.output.dense",
    attentionNorm: "attention.output.LayerNorm", hidden: "intermediate.dense", output: "output.dense", outputNorm: "output.LayerNorm")
  static let distilBERT = EncoderNames(
    query: "attention.q_lin", key: "attention.k_lin", value: "attention.v_lin", attentionOutput: "attention.out_lin",
    attentionNorm: "sa_layer_norm", hidden: "ffn.lin1", output: "ffn.lin2", outputNorm: "output_layer_norm")
  static let vit = EncoderNames(
    query: "attention.attention.query", key: "attention.attention.key", value: "attention.attention.value",
    attentionOutput: "attention.output.dense", attentionNorm: "layernorm_before", hidden: "intermediate.dense", output: "output.dense",
    outputNorm: "layernorm_after")
}

/// The sizes of an encoder's layer.
struct EncoderSettings: Sendable {
  var layers: Int
  var features: Int
  var heads: Int
  var hidden: Int
  var activation: Activation
  var epsilon: Double
  var inputsHaveBias = true
  /// Whether norms stand before attention and feed-forward, as in ViT, and not behind the sums, as in BERT.
  var isPreNorm = false
  var names: EncoderNames
}

/// One layer of an encoder: norm(x + attention(x)), then norm(x + feedForward(x)); or with the norms before the parts.
struct EncoderLayer: Model {
  var query: Projection
  var key: Projection
  var value: Projection
  var attentionOutput: Projection
  var attentionNorm: FilledLayerNorm
  var hidden: Projection
  var output: Projection
  var outputNorm: FilledLayerNorm
  let settings: EncoderSettings

  init(_ s: EncoderSettings) {
    func projection(_ bias: Bool) -> Projection { Projection(s.features, s.features, hasBias: bias) }
    (query, key, value) = (projection(s.inputsHaveBias), projection(s.inputsHaveBias), projection(s.inputsHaveBias))
    attentionOutput = projection(true)
    hidden = Projection(s.features, s.hidden, hasBias: true)
    output = Projection(s.hidden, s.features, hasBias: true)
    attentionNorm = FilledLayerNorm(s.features, epsilon: s.epsilon)
    outputNorm = FilledLayerNorm(s.features, epsilon: s.epsilon)
    settings = s
  }

  func callAsFunction(_ x: Tensor) -> Tensor { self(x, mask: AttentionMask(tensor: nil, isCausal: false)) }

  func callAsFunction(_ x: Tensor, mask: AttentionMask) -> Tensor {
    if settings.isPreNorm {
      let middle = x + attended(attentionNorm(x), mask)
      return middle + output(settings.activation(hidden(outputNorm(middle))))
    }
    let middle = attentionNorm(x + attended(x, mask))
    return outputNorm(middle + output(settings.activation(hidden(middle))))
  }

  private func attended(_ x: Tensor, _ mask: AttentionMask) -> Tensor {
    let (q, k, v) = (query(x).byHead(settings.heads), key(x).byHead(settings.heads), value(x).byHead(settings.heads))
    let y = attention(q, k, v, mask: mask.tensor)
    return hasFailed ? x : attentionOutput(y.joinedHeads)
  }

  mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    let names = settings.names
    visitor.part(&query, names.query)
    visitor.part(&key, names.key)
    visitor.part(&value, names.value)
    visitor.part(&attentionOutput, names.attentionOutput)
    visitor.part(&attentionNorm, names.attentionNorm)
    visitor.part(&hidden, names.hidden)
    visitor.part(&output, names.output)
    visitor.part(&outputNorm, names.outputNorm)
  }
}

extension Configuration {
  /// The sizes of an encoder under their usual names.
  mutating func encoderSettings(_ names: EncoderNames) throws -> EncoderSettings {
    let features = try size("hidden_size")
    let heads = try size("num_attention_heads")
    guard features % heads == 0 else {
      throw error("num_attention_heads", "\(heads), which does not divide the \(features) of hidden_size")
    }
    return EncoderSettings(
      layers: try layers("num_hidden_layers"), features: features, heads: heads, hidden: try size("intermediate_size"),
      activation: try activation("hidden_act", default: "gelu"), epsilon: try number("layer_norm_eps", default: 1e-12), names: names)
  }
}
