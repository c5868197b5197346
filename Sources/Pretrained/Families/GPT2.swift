import Models
import Tensors

/// GPT-2: a decoder with learned positions and layer norms before each part (Radford and others 2019).
///
///     h = E[ids] + P[0, 1, …]
///     h += attention(norm(h)),   [q; k; v] = norm(h) • W + b
///     h += gelu(norm(h) • W₁ + b₁) • W₂ + b₂
///     logits = norm(h) • Eᵀ
///
/// Weights of projections are [inputs, outputs], as transformers' `Conv1D` has them. transformers: `GPT2LMHeadModel`, `GPT2Model`.
public struct GPT2: CausalLanguageModel, PretrainedFamily {
  static let architectures = ["GPT2LMHeadModel", "GPT2Model"]
  static let prefix = "transformer"

  struct Layer: Model {
    var inputNorm: FilledLayerNorm
    var input: Projection
    var output: Projection
    var middleNorm: FilledLayerNorm
    var hidden: Projection
    var last: Projection
    let heads: Int
    let scale: Double
    let activation: Activation

    func callAsFunction(_ x: Tensor, mask: AttentionMask, cache: inout KeyValueCache, layer: Int) -> Tensor {
      let parts = input(inputNorm(x)).split(parts: 3, axis: -1)
      if hasFailed || parts.count < 3 { return x }
      let all = cache.extend(layer, parts[1].byHead(heads), parts[2].byHead(heads))
      let y = attention(parts[0].byHead(heads), all.keys, all.values, mask: mask.tensor, isCausal: mask.isCausal, scale: scale)
      if hasFailed { return x }
      let middle = x + output(y.joinedHeads)
      return middle + last(activation(hidden(middleNorm(middle))))
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      var cache = KeyValueCache()
      return self(x, mask: AttentionMask(tensor: nil, isCausal: true), cache: &cache, layer: 0)
    }

    mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
      visitor.part(&inputNorm, "ln_1")
      visitor.part(&input, "attn.c_attn")
      visitor.part(&output, "attn.c_proj")
      visitor.part(&middleNorm, "ln_2")
      visitor.part(&hidden, "mlp.c_fc")
      visitor.part(&last, "mlp.c_proj")
    }
  }

  var words: FilledEmbedding
  var places: FilledEmbedding
  var layers: [Layer]
  var norm: FilledLayerNorm
  var head: Projection?
  let hasHead: Bool

  init(_ c: inout Configuration, _ weights: WeightFiles, architecture: String) throws {
    let (features, heads) = (try c.size("n_embd"), try c.size("n_head"))
    guard features % heads == 0 else { throw c.error("n_head", "\(heads), which does not divide the \(features) of n_embd") }
    guard features <= c.limits.axis / 3 else { throw c.error("n_embd", "\(features), but no tensor has three times as many columns") }
    let inner = try c.optionalCount("n_inner", in: 1...c.limits.axis) ?? features * 4
    let epsilon = try c.number("layer_norm_epsilon", default: 1e-5)
    let activation = try c.activation("activation_function", default: "gelu_new")
    try c.only("add_cross_attention", [.bool(false)], because: "it is read as a decoder alone")
    c.ignore("reorder_and_upcast_attn")
    let isScaled = try c.flag("scale_attn_weights", default: true)
    let isScaledByLayer = try c.flag("scale_attn_by_inverse_layer_idx", default: false)
    words = FilledEmbedding(try c.size("vocab_size"), features)
    places = FilledEmbedding(try c.size("n_positions"), features)
    norm = FilledLayerNorm(features, epsilon: epsilon)
    func projection(_ inputs: Int, _ outputs: Int) -> Projection { Projection(inputs, outputs, hasBias: true, isTransposed: true) }
    layers = (0..<(try c.layers("n_layer"))).map { i in
      let scale = (isScaled ? 1 / Double(features / heads).squareRoot() : 1) / (isScaledByLayer ? Double(i + 1) : 1)
      return Layer(
        inputNorm: FilledLayerNorm(features, epsilon: epsilon), input: projection(features, 3 * features),
        output: projection(features, features), middleNorm: FilledLayerNorm(features, epsilon: epsilon),
        hidden: projection(features, inner),
        last: projection(inner, features), heads: heads, scale: scale, activation: activation)
    }
    hasHead = architecture == "GPT2LMHeadModel"
    let isTied = try c.flag("tie_word_embeddings", default: true) && weights.areEqual("lm_head.weight", "transformer.wte.weight")
    head = hasHead && !isTied ? Projection(features, words.weight.shape[0], hasBias: false) : nil
  }

  /// Loads a folder; see ``PretrainedModel/init(from:)`` for what it throws.
  public init(from folder: String) throws { self = try loadFamily(Self.self, from: ModelFolder(folder)) }

  /// How many tokens there are.
  public var vocabularySize: Int { words.weight.shape[0] }
  /// The longest sequence that it has positions for.
  public var longestSequence: Int? { places.weight.shape[0] }

  /// The logits of the tokens after each of `ids`: see ``CausalLanguageModel``.
  public func logits(_ ids: Tensor, cache: inout KeyValueCache, lastOnly: Bool) -> Tensor {
    guard ids.rank == 2, ids.dtype.isInteger else {
      fail(TensorError("GPT2", "ids \(ids.dtype) \(ids.shape); integers [batch, time] would fit"))
      return ids
    }
    let time = ids.shape[1]
    guard cache.length + time <= places.weight.shape[0] else {
      fail(TensorError("GPT2", "\(cache.length + time) tokens; at most \(places.weight.shape[0]) would fit, for which there are positions"))
      return ids
    }
    let positions = cache.positions(time)
    var x = words(ids) + (positions.count == 1 && time > 0 ? places.first(time, from: positions[0][0]) : places(Tensor(positions)))
    if time == 0 || hasFailed { return x }
    let mask = cache.mask(queries: time, isCausal: true, window: nil)
    for (i, layer) in layers.enumerated() { x = layer(x, mask: mask, cache: &cache, layer: i) }
    cache.length += time
    if hasFailed { return x }
    if lastOnly, time > 1 { x = x[0..., (time - 1)...] }
    x = norm(x)
    if !hasHead { return x }
    return head.map { $0(x) } ?? linear(x, weight: words.weight)
  }

  func rename(_ name: String, in weights: WeightFiles) -> String? {
    if name.hasSuffix(".attn.bias") || name.hasSuffix(".attn.masked_bias") { return nil }
    if name == "lm_head.weight" {
      return head != nil ? name : weights.has("wte.weight", prefix: "transformer") || !hasHead ? nil : "transformer.wte.weight"
    }
    return name.hasPrefix("transformer.") ? name : "transformer." + name
  }

  /// Its parts under the names of transformers.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    visitor.part(&words, "transformer.wte")
    visitor.part(&places, "transformer.wpe")
    visitor.enter("transformer.h")
    for i in layers.indices { visitor.part(&layers[i], .position(i)) }
    visitor.leave()
    visitor.part(&norm, "transformer.ln_f")
    if head != nil { visitor.part(&head!, "lm_head") }
  }
}
