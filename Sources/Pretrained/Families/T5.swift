import Foundation
import Models
import Tensors

/// T5: an encoder and a decoder whose scores have biases by the distance of query and key (Raffel and others 2019).
///
///     encoder: h = E[ids];  h += attention(norm(h));  h += feedForward(norm(h));  memory = norm(h)
///     decoder: h = E[ids];  h += attention(norm(h)), causal;  h += attention(norm(h), memory);  h += feedForward(norm(h));  y = norm(h)
///     scores = q • kᵀ + B[bucket(key − query)]     // not scaled; B of the first layer counts for all; none to the memory
///     feedForward(x) = relu(x W₁) W₂, or (gelu(x W₀) · x W₁) W₂
///     logits = y • Eᵀ, of y/√features where the embeddings are tied as in the first T5
///
/// transformers: `T5ForConditionalGeneration`, `T5Model`, `T5EncoderModel`.
public struct T5: PretrainedFamily {
  /// What it is called with: ids of the text [batch, time] and of the answer so far [batch, answer time].
  public struct Input: Sendable {
    /// [batch, time].
    public var ids: Tensor
    /// [batch, time], 0 where there is only padding.
    public var mask: Tensor?
    /// [batch, answer time], the start token first.
    public var answer: Tensor

    /// A text and the answer so far.
    public init(ids: Tensor, mask: Tensor? = nil, answer: Tensor) { (self.ids, self.mask, self.answer) = (ids, mask, answer) }
  }

  static let architectures = ["T5ForConditionalGeneration", "T5Model", "T5EncoderModel"]
  static let prefix = ""

  struct Attention: Model {
    var query: Projection
    var key: Projection
    var value: Projection
    var output: Projection
    /// [buckets, heads], in the first layer.
    var bias: FilledEmbedding?
    let heads: Int

    /// Self-attention without a bias.
    func callAsFunction(_ x: Tensor) -> Tensor { self(x, keys: projected(x), mask: nil) }

    func projected(_ x: Tensor) -> KeyValueCache.Entry { KeyValueCache.Entry(keys: key(x).byHead(heads), values: value(x).byHead(heads)) }

    /// softmax(q • kᵀ + mask) • v.
    func callAsFunction(_ x: Tensor, keys: KeyValueCache.Entry, mask: Tensor?) -> Tensor {
      let y = attention(query(x).byHead(heads), keys.keys, keys.values, mask: mask, scale: 1)
      return hasFailed ? x : output(y.joinedHeads)
    }

    mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
      visitor.part(&query, "q")
      visitor.part(&key, "k")
      visitor.part(&value, "v")
      visitor.part(&output, "o")
      if bias != nil { visitor.part(&bias!, "relative_attention_bias") }
    }
  }

  struct FeedForward: Model {
    var first: Projection
    /// What `first`, activated, is multiplied by, if it is gated.
    var linear: Projection?
    var last: Projection
    let activation: Activation

    func callAsFunction(_ x: Tensor) -> Tensor {
      let y = activation(first(x))
      return last(linear.map { y * $0(x) } ?? y)
    }

    mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
      visitor.part(&first, linear == nil ? "wi" : "wi_0")
      if linear != nil { visitor.part(&linear!, "wi_1") }
      visitor.part(&last, "wo")
    }
  }

  struct Layer: Model {
    var attention: Attention
    var attentionNorm: FilledRMSNorm
    var cross: Attention?
    var crossNorm: FilledRMSNorm?
    var feedForward: FeedForward
    var feedForwardNorm: FilledRMSNorm

    /// An encoder's layer without a bias.
    func callAsFunction(_ x: Tensor) -> Tensor { self(x, bias: nil) }

    /// An encoder's layer: x + attention(norm(x)), then x + feedForward(norm(x)).
    func callAsFunction(_ x: Tensor, bias: Tensor?) -> Tensor {
      let y = attentionNorm(x)
      let middle = x + attention(y, keys: attention.projected(y), mask: bias)
      return middle + feedForward(feedForwardNorm(middle))
    }

    mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
      visitor.part(&attention, "layer.0.SelfAttention")
      visitor.part(&attentionNorm, "layer.0.layer_norm")
      if cross != nil { visitor.part(&cross!, "layer.1.EncDecAttention") }
      if crossNorm != nil { visitor.part(&crossNorm!, "layer.1.layer_norm") }
      let last = cross == nil ? 1 : 2
      visitor.part(&feedForward, .property("layer.\(last).DenseReluDense"))
      visitor.part(&feedForwardNorm, .property("layer.\(last).layer_norm"))
    }
  }

  struct Stack: Model {
    var layers: [Layer]
    var norm: FilledRMSNorm

    /// An encoder without biases.
    func callAsFunction(_ x: Tensor) -> Tensor { self(x, bias: nil) }

    func callAsFunction(_ x: Tensor, bias: Tensor?) -> Tensor { norm(layers.reduce(x) { $1($0, bias: bias) }) }

    mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
      visitor.enter("block")
      for i in layers.indices { visitor.part(&layers[i], .position(i)) }
      visitor.leave()
      visitor.part(&norm, "final_layer_norm")
    }
  }

  struct Settings: Sendable {
    var features: Int
    var heads: Int
    var headSize: Int
    var buckets: Int
    var farthest: Int
    /// What the decoder's answer is multiplied by before the logits.
    var outputScale: Double
    var start: Int
  }

  var words: FilledEmbedding
  var encoder: Stack
  var decoder: Stack?
  var head: Projection?
  let hasHead: Bool
  let settings: Settings

  init(_ c: inout Configuration, _ weights: WeightFiles, architecture: String) throws {
    let (features, heads) = (try c.size("d_model"), try c.size("num_heads"))
    let headSize = try c.size("d_kv")
    let hidden = try c.size("d_ff")
    let layers = try c.layers("num_layers")
    let decoderLayers = try c.optionalCount("num_decoder_layers", in: 0...c.limits.tensors) ?? layers
    let buckets = try c.size("relative_attention_num_buckets", default: 32)
    let farthest = try c.count("relative_attention_max_distance", in: 1...Int(Int32.max), default: 128)
    guard buckets >= 4, buckets % 4 == 0, farthest > buckets / 2 else {
      throw c.error(
        "relative_attention_num_buckets",
        "\(buckets) up to a distance of \(farthest); a multiple of 4 and a relative_attention_max_distance above half of it would fit")
    }
    let epsilon = try c.number("layer_norm_epsilon", default: 1e-6)
    let form = try c.text("feed_forward_proj", default: "relu")
    let parts = form.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    let isGated = parts.count == 2 && parts[0] == "gated"
    guard parts.count == 1 || isGated, let activation = Activation(rawValue: form == "gated-gelu" ? "gelu_new" : parts.last ?? "") else {
      throw c.error("feed_forward_proj", "\(form); an activation, or gated- and an activation, would fit")
    }
    c.ignore("dense_act_fn", "is_gated_act")
    try c.only("is_decoder", [.bool(false)], because: "its decoder comes with the encoder")
    let saysTied = try c.flag("tie_word_embeddings", default: true)
    let scales = try c.flag("scale_decoder_outputs", default: saysTied)
    settings = Settings(
      features: features, heads: heads, headSize: headSize, buckets: buckets, farthest: farthest,
      outputScale: scales ? 1 / Double(features).squareRoot() : 1, start: try c.count("decoder_start_token_id", default: 0))
    let inner = heads * headSize
    func attention(_ hasBias: Bool) -> Attention {
      Attention(
        query: Projection(features, inner, hasBias: false), key: Projection(features, inner, hasBias: false),
        value: Projection(features, inner, hasBias: false), output: Projection(inner, features, hasBias: false),
        bias: hasBias ? FilledEmbedding(buckets, heads) : nil, heads: heads)
    }
    func norm() -> FilledRMSNorm { FilledRMSNorm(features, epsilon: epsilon) }
    func stack(_ count: Int, isDecoder: Bool) -> Stack {
      Stack(
        layers: (0..<count).map { i in
          Layer(
            attention: attention(i == 0), attentionNorm: norm(), cross: isDecoder ? attention(false) : nil,
            crossNorm: isDecoder ? norm() : nil,
            feedForward: FeedForward(
              first: Projection(features, hidden, hasBias: false), linear: isGated ? Projection(features, hidden, hasBias: false) : nil,
              last: Projection(hidden, features, hasBias: false), activation: activation), feedForwardNorm: norm())
        }, norm: norm())
    }
    words = FilledEmbedding(try c.size("vocab_size"), features)
    encoder = stack(layers, isDecoder: false)
    decoder = architecture == "T5EncoderModel" ? nil : stack(decoderLayers, isDecoder: true)
    hasHead = architecture == "T5ForConditionalGeneration"
    // Later versions have a head of their own, which is in the file.
    let isTied = try weights.areEqual("lm_head.weight", "shared.weight")
    head = hasHead && !isTied ? Projection(features, words.weight.shape[0], hasBias: false) : nil
  }

  /// Loads a folder; see ``PretrainedModel/init(from:)`` for what it throws.
  public init(from folder: String) throws { self = try loadFamily(Self.self, from: ModelFolder(folder)) }

  /// How many tokens there are.
  public var vocabularySize: Int { words.weight.shape[0] }
  /// The token that an answer begins with.
  public var startToken: Int { settings.start }

  /// The logits of the tokens after each of the answer's, [batch, answer time, vocabulary].
  public func callAsFunction(_ input: Input) -> Tensor {
    var cache = KeyValueCache()
    return logits(input.answer, memory: encode(input.ids, mask: input.mask), memoryMask: input.mask, cache: &cache)
  }

  /// The vectors of a text's tokens, [batch, time, features], which the decoder attends to.
  public func encode(_ ids: Tensor, mask: Tensor? = nil) -> Tensor {
    guard ids.rank == 2, ids.dtype.isInteger, mask.map({ $0.shape == ids.shape }) ?? true else {
      fail(TensorError("T5", "ids \(ids.dtype) \(ids.shape); integers [batch, time] would fit, and a mask of the same shape"))
      return ids
    }
    let x = words(ids)
    if hasFailed || ids.shape[1] == 0 { return x }
    var bias = relativeBias(encoder, queries: ids.shape[1], keys: ids.shape[1], isTwoSided: true)
    if let mask { bias = select((mask .!= 0).unsqueezed(axis: 1).unsqueezed(axis: 1), bias, -Double.infinity) }
    return encoder(x, bias: bias)
  }

  /// The logits of the tokens after each of `answer`'s, which go on behind those that the cache has seen.
  ///
  /// - Parameters:
  ///   - answer: [batch, time].
  ///   - memory: What ``encode(_:mask:)`` gave.
  ///   - memoryMask: The mask that it was given.
  ///   - cache: What has been seen of the answer.
  public func logits(_ answer: Tensor, memory: Tensor, memoryMask: Tensor? = nil, cache: inout KeyValueCache) -> Tensor {
    guard let decoder else {
      fail(TensorError("T5", "it is an encoder alone, which gives no logits; encode(_:mask:) would fit"))
      return memory
    }
    guard answer.rank == 2, answer.dtype.isInteger else {
      fail(TensorError("T5", "an answer \(answer.dtype) \(answer.shape); integers [batch, time] would fit"))
      return memory
    }
    var x = words(answer)
    let (time, past) = (answer.shape[1], cache.length)
    if hasFailed || time == 0 { return x }
    var bias = relativeBias(decoder, queries: time, keys: past + time, isTwoSided: false)
    if time > 1 {
      let isEarlier = Tensor.arange(past + time) .<= Tensor.arange(from: past, to: past + time).unsqueezed(axis: 1)
      bias = select(isEarlier, bias, -Double.infinity)
    }
    let seen = memoryMask.map { ($0 .!= 0).unsqueezed(axis: 1).unsqueezed(axis: 1) }
    for (i, layer) in decoder.layers.enumerated() {
      let y = layer.attentionNorm(x)
      let new = layer.attention.projected(y)
      if hasFailed { return x }
      let all = cache.extend(i, new.keys, new.values)
      x = x + layer.attention(y, keys: KeyValueCache.Entry(keys: all.keys, values: all.values), mask: bias)
      if let cross = layer.cross, let norm = layer.crossNorm {
        while cache.crossEntries.count <= i { cache.crossEntries.append(nil) }
        let entry = cache.crossEntries[i] ?? cross.projected(memory)
        cache.crossEntries[i] = entry
        x = x + cross(norm(x), keys: entry, mask: seen)
      }
      x = x + layer.feedForward(layer.feedForwardNorm(x))
    }
    cache.length += time
    let y = decoder.norm(x)
    if !hasHead { return y }
    let scaled = settings.outputScale == 1 ? y : y * settings.outputScale
    return head.map { $0(scaled) } ?? linear(scaled, weight: words.weight)
  }

  /// B[bucket(key − query)] for the last `queries` of the positions, [1, heads, queries, keys].
  private func relativeBias(_ stack: Stack, queries: Int, keys: Int, isTwoSided: Bool) -> Tensor {
    guard let table = stack.layers.first?.attention.bias else { return .zeros([1, settings.heads, queries, keys]) }
    var buckets: [Int] = []
    buckets.reserveCapacity(queries * keys)
    for query in keys - queries..<keys {
      for key in 0..<keys { buckets.append(bucket(key - query, isTwoSided: isTwoSided)) }
    }
    return table(Tensor(buckets, shape: [queries, keys])).permuted([2, 0, 1]).unsqueezed(axis: 0)
  }

  /// A distance's bucket: one for each small distance, then ever wider ones up to the farthest.
  private func bucket(_ distance: Int, isTwoSided: Bool) -> Int {
    let count = isTwoSided ? settings.buckets / 2 : settings.buckets
    let first = isTwoSided && distance > 0 ? count : 0
    let far = isTwoSided ? abs(distance) : max(0, -distance)
    let exact = count / 2
    if far < exact { return first + far }
    let share = log(Float(far) / Float(exact)) / Float(log(Double(settings.farthest) / Double(exact)))
    return first + min(count - 1, exact + Int(share * Float(count - exact)))
  }

  func rename(_ name: String, in weights: WeightFiles) -> String? {
    switch name {
    case "encoder.embed_tokens.weight", "decoder.embed_tokens.weight":
      if weights.outline("shared.weight") != nil { return nil }
      let first = weights.outline("encoder.embed_tokens.weight") != nil ? "encoder.embed_tokens.weight" : name
      return name == first ? "shared.weight" : nil
    case "lm_head.weight":
      if head != nil { return name }
      let others = ["shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"]
      return others.contains { weights.outline($0) != nil } ? nil : "shared.weight"
    default:
      // Some checkpoints have a table here that nothing reads.
      if name.hasSuffix("EncDecAttention.relative_attention_bias.weight") { return nil }
      return decoder == nil && name.hasPrefix("decoder.") ? nil : name
    }
  }

  /// Its parts under the names of transformers.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    visitor.part(&words, "shared")
    visitor.part(&encoder, "encoder")
    if decoder != nil { visitor.part(&decoder!, "decoder") }
    if head != nil { visitor.part(&head!, "lm_head") }
  }
}
