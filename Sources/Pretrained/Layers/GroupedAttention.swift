import Models
import Tensors

/// What a decoder's attention is made of.
struct AttentionSettings: Sendable {
  var features: Int
  var heads: Int
  /// How many heads keys and values have; each serves a group of the queries' heads (Ainslie and others 2023).
  var keyHeads: Int
  /// The numbers of each head.
  var headSize: Int
  /// What scores are multiplied by; 1/√headSize unless told.
  var scale: Double?
  /// Whether queries, keys and values have biases.
  var hasInputBias = false
  /// Whether the last projection has one.
  var hasOutputBias = false
  /// Whether queries, keys and values come from one projection.
  var isFused = false
  /// The epsilon of the norms of queries and keys by head, if there are any.
  var normEpsilon: Double?
  var normAddsOne = false
}

/// Causal attention with heads in groups and rotary positions.
///
/// q, k, v = x • Wqᵀ, x • Wkᵀ, x • Wvᵀ by head; q and k normed where the family does, then turned by their positions;
/// y = softmax(scale · q • kᵀ where seen) • v; joined heads • Woᵀ.
struct GroupedAttention: Model {
  /// Queries alone, or queries, keys and values.
  var query: Projection
  var key: Projection?
  var value: Projection?
  var output: Projection
  var queryNorm: FilledRMSNorm?
  var keyNorm: FilledRMSNorm?
  let settings: AttentionSettings
  let rotary: RotaryScaling
  /// How many keys up to its own a query sees; nil if all.
  let window: Int?
  let isCausal: Bool

  init(_ settings: AttentionSettings, rotary: RotaryScaling, window: Int?, isCausal: Bool) {
    (self.settings, self.rotary, self.window, self.isCausal) = (settings, rotary, window, isCausal)
    let (inner, keyInner) = (settings.heads * settings.headSize, settings.keyHeads * settings.headSize)
    query = Projection(settings.features, settings.isFused ? inner + 2 * keyInner : inner, hasBias: settings.hasInputBias)
    if !settings.isFused {
      key = Projection(settings.features, keyInner, hasBias: settings.hasInputBias)
      value = Projection(settings.features, keyInner, hasBias: settings.hasInputBias)
    }
    output = Projection(inner, settings.features, hasBias: settings.hasOutputBias)
    if let epsilon = settings.normEpsilon {
      queryNorm = FilledRMSNorm(settings.headSize, epsilon: epsilon, addsOne: settings.normAddsOne)
      keyNorm = FilledRMSNorm(settings.headSize, epsilon: epsilon, addsOne: settings.normAddsOne)
    }
  }

  /// A sequence from its beginning, [batch, time, features] to the same.
  func callAsFunction(_ x: Tensor) -> Tensor {
    var cache = KeyValueCache()
    let call = firstCall(x)
    return self(x, turns: call.turns, mask: call.mask, cache: &cache, layer: 0)
  }

  /// What a sequence from its beginning is turned by, and which keys it sees.
  func firstCall(_ x: Tensor) -> (turns: RotaryScaling.Turns, mask: AttentionMask) {
    let (cache, time) = (KeyValueCache(), x.rank > 1 ? x.shape[-2] : 0)
    return (rotary.turns(cache.positions(time)), cache.mask(queries: time, isCausal: isCausal, window: window))
  }

  /// x [batch, time, features] to the same; the cache's entry of `layer` takes the new keys and values.
  func callAsFunction(
    _ x: Tensor, turns: RotaryScaling.Turns, mask: AttentionMask, cache: inout KeyValueCache, layer: Int
  ) -> Tensor {
    var (q, k, v): (Tensor, Tensor, Tensor)
    if let key, let value {
      (q, k, v) = (query(x), key(x), value(x))
    } else {
      let (inner, keyInner) = (settings.heads * settings.headSize, settings.keyHeads * settings.headSize)
      let parts = query(x).split(sizes: [inner, keyInner, keyInner], axis: -1)
      if parts.count < 3 { return x }
      (q, k, v) = (parts[0], parts[1], parts[2])
    }
    (q, k, v) = (q.byHead(settings.heads), k.byHead(settings.keyHeads), v.byHead(settings.keyHeads))
    if let queryNorm, let keyNorm { (q, k) = (queryNorm(q), keyNorm(k)) }
    (q, k) = (turns(q), turns(k))
    if hasFailed { return x }
    let all = cache.extend(layer, k, v)
    let y = attention(q, all.keys, all.values, mask: mask.tensor, isCausal: mask.isCausal, scale: settings.scale)
    if hasFailed { return x }
    return output(y.joinedHeads)
  }

  mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    visitor.part(&query, key == nil ? "qkv_proj" : "q_proj")
    if key != nil { visitor.part(&key!, "k_proj") }
    if value != nil { visitor.part(&value!, "v_proj") }
    visitor.part(&output, "o_proj")
    if queryNorm != nil { visitor.part(&queryNorm!, "q_norm") }
    if keyNorm != nil { visitor.part(&keyNorm!, "k_norm") }
  }
}
