import Tensors

/// Attention in several heads: each query's mean of the values, weighted by how well their keys fit, in `heads` subspaces at once.
///
/// Vaswani and others 2017. PyTorch: `MultiheadAttention` with `batch_first=True`; its boolean masks are the other way round, true here
/// where a query sees a key.
///
/// Called with x alone, queries, keys and values are all projections of x; ``callAsFunction(_:keys:values:mask:keyMask:)`` takes keys and
/// values from elsewhere. With fewer `keyHeads`, groups of heads share keys and values (Shazeer 2019; Ainslie and others 2023). A copy made by
/// ``Model/incremental()`` keeps the keys and values of earlier calls.
///
/// Shapes: x [batch, time, features] to the same.
public struct MultiHeadAttention: Placed, InputAdapting, Incremental {
  /// [3·features, features]: the projections of queries, keys and values, one below the other.
  ///
  /// Nil if they have weights of their own, which is so if keys or values have another width than x, or fewer heads.
  public var inputWeight: Tensor?
  /// [features, features], if projections have weights of their own.
  public var queryWeight: Tensor?
  /// [keyHeads·(features/heads), keyFeatures], if projections have weights of their own.
  public var keyWeight: Tensor?
  /// [keyHeads·(features/heads), valueFeatures], if projections have weights of their own.
  public var valueWeight: Tensor?
  /// The biases of the three projections, one behind the other, unless the layer was made without them.
  public var inputBias: Tensor?
  /// What the heads' results, side by side, pass through.
  public var output: Dense
  /// How many heads there are.
  public let heads: Int
  /// How many heads keys and values have, a divisor of `heads`.
  public let keyHeads: Int
  /// Whether query i sees keys 0 to i only.
  public let isCausal: Bool
  /// How likely a weight is dropped while training.
  public let dropout: Double
  /// Turns queries and keys of self-attention by their positions, if there is one.
  public let rotary: RotaryPositions?
  /// Whether a call of self-attention goes on where the last one ended: see ``Model/incremental()``.
  public var isIncremental = false
  /// The keys so far, [batch, keyHeads, time, features/heads].
  @Recurrent private var earlierKeys: Tensor
  /// The values so far, [batch, keyHeads, time, features/heads].
  @Recurrent private var earlierValues: Tensor
  private var random: RandomStream
  /// Where in a model it stands.
  public var place = Place()
  private var complete: (@Sendable (Int) -> MultiHeadAttention)?

  /// A layer of given sizes; `heads` divides `features`, `keyHeads` divides `heads`.
  ///
  /// Weights begin as PyTorch's unless told: Glorot's uniform for what comes in, equal probability in ±1/√features for what goes out, biases 0.
  public init(
    _ features: Int, heads: Int, keyHeads: Int? = nil, keyFeatures: Int? = nil, valueFeatures: Int? = nil, isCausal: Bool = false,
    dropout: Double = 0, hasBias: Bool = true, rotary: RotaryPositions? = nil, weight initializer: Initializer? = nil
  ) {
    let keyHeads = keyHeads ?? heads
    let fits = heads > 0 && features >= 0 && features % heads == 0
    if !fits {
      let fitting = features < 0 ? "0 features or more" : "a number of heads that divides them"
      fail(TensorError("MultiHeadAttention", "\(features) features in \(heads) heads; \(fitting) would fit"))
    } else if keyHeads <= 0 || heads % keyHeads != 0 {
      fail(TensorError("MultiHeadAttention", "\(heads) heads in \(keyHeads) groups; a number of key heads that divides them would fit"))
    }
    if !(0...1).contains(dropout) {
      fail(TensorError("MultiHeadAttention", "a dropout probability of \(dropout); 0 to 1 would fit"))
    }
    let size = fits ? features / heads : 0
    let width = size.saturatingTimes(max(0, keyHeads))
    let inputs = initializer ?? .glorotUniform()
    if width == features && (keyFeatures ?? features) == features && (valueFeatures ?? features) == features {
      inputWeight = inputs([features.saturatingTimes(3), features])
    } else {
      queryWeight = inputs([features, features])
      keyWeight = inputs([width, keyFeatures ?? features])
      valueWeight = inputs([width, valueFeatures ?? features])
    }
    inputBias = hasBias ? .zeros([features.saturatingPlus(width.saturatingTimes(2))]) : nil
    output = Dense(features, features, hasBias: hasBias, weight: initializer ?? .kaimingUniform(gain: (1.0 / 3).squareRoot()))
    // After a mistake it is a layer that can be described.
    self.heads = max(1, heads)
    self.keyHeads = keyHeads
    self.isCausal = isCausal
    self.dropout = dropout
    self.rotary = rotary
    _earlierKeys = Recurrent(wrappedValue: .zeros([1, max(0, keyHeads), 0, size]))
    _earlierValues = Recurrent(wrappedValue: .zeros([1, max(0, keyHeads), 0, size]))
    random = currentRandomStream()
  }

  /// A layer that learns its number of features from the chain it stands in: see ``Chain/init(input:_:)``.
  public init(
    heads: Int, keyHeads: Int? = nil, isCausal: Bool = false, dropout: Double = 0, hasBias: Bool = true, rotary: RotaryPositions? = nil,
    weight: Initializer? = nil
  ) {
    @Sendable func make(_ features: Int) -> MultiHeadAttention {
      MultiHeadAttention(
        features, heads: heads, keyHeads: keyHeads, isCausal: isCausal, dropout: dropout, hasBias: hasBias, rotary: rotary, weight: weight)
    }
    // Complete, but for the number of features: the least that fits.
    self = make(max(1, heads))
    complete = make
  }

  /// The numbers of each position.
  public var features: Int { output.weight.shape[0] }

  /// Self-attention.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor { self(x, mask: nil) }

  /// Self-attention with a mask.
  ///
  /// - Parameters:
  ///   - x: [batch, time, features].
  ///   - mask: Bools, true where a query sees a key, or numbers that are added to the scores: [queries, keys], [batch, queries, keys] or
  ///     [batch, heads, queries, keys]; in an incremental copy the keys are all so far.
  ///   - keyMask: Bools [batch, keys], false where there is only padding, which counts nothing, whatever it holds.
  public mutating func callAsFunction(_ x: Tensor, mask: Tensor?, keyMask: Tensor? = nil) -> Tensor {
    placed(on: x) { (layer: inout Self) in
      guard let input = AttentionInput(layer, x, nil, nil, mask, keyMask, layer.earlierKeys, layer.earlierValues) else { return x }
      if layer.isIncremental { (layer.earlierKeys, layer.earlierValues) = (input.k, input.v) }
      return layer.attended(input)
    }
  }

  /// Attention of x to keys and values from elsewhere.
  ///
  /// - Parameters:
  ///   - x: What asks, [batch, queries, features].
  ///   - keys: What answers, [batch, keys, keyFeatures].
  ///   - values: What the answers are made of, [batch, keys, valueFeatures]; `keys` unless told.
  ///   - mask: Bools, true where a query sees a key, or numbers that are added to the scores: [queries, keys], [batch, queries, keys] or
  ///     [batch, heads, queries, keys].
  ///   - keyMask: Bools [batch, keys], false where there is only padding, which counts nothing, whatever it holds.
  public mutating func callAsFunction(
    _ x: Tensor, keys: Tensor, values: Tensor? = nil, mask: Tensor? = nil, keyMask: Tensor? = nil
  ) -> Tensor {
    placed(on: x) { (layer: inout Self) in
      guard let input = AttentionInput(layer, x, keys, values, mask, keyMask, nil, nil) else { return x }
      return layer.attended(input)
    }
  }

  /// The weight that each query gives to each key, [batch, heads, queries, keys], each row's sum 1: what pictures of attention show.
  ///
  /// Takes what the calls take; nothing is dropped, nothing kept.
  public func weights(_ x: Tensor, keys: Tensor? = nil, mask: Tensor? = nil, keyMask: Tensor? = nil) -> Tensor {
    // Values do not count for weights; any of the right width will do.
    let values = keys.map { Tensor.zeros(Shape($0.shape.dropLast() + [valueWeight?.shape[1] ?? features]), $0.dtype) }
    guard let input = AttentionInput(self, x, keys, values, mask, keyMask, earlierKeys, earlierValues) else { return x }
    return attentionWeights(input.q, input.k, mask: input.mask, isCausal: input.isCausal)
  }

  private mutating func attended(_ x: AttentionInput) -> Tensor {
    let drops = currentMode == .training && dropout > 0
    let y =
      drops
      ? attention(x.q, x.k, x.v, mask: x.mask, isCausal: x.isCausal, dropout: dropout, using: &random)
      : attention(x.q, x.k, x.v, mask: x.mask, isCausal: x.isCausal)
    if hasFailed { return x.q }
    // [..., heads, time, size] to [..., time, features].
    return output(y.transposed(-3, -2).reshaped(Shape(y.shape.dropLast(3) + [y.shape[-2], features])))
  }

  /// Takes the size of the last axis as the number of features, if that is open.
  public mutating func adapt(to shape: Shape) {
    guard let complete, shape.rank > 0 else { return }
    var layer = complete(shape[-1])
    (layer.isIncremental, layer.place) = (isIncremental, place)
    self = layer
  }

  /// Whether the number of features is open.
  public var isWaiting: Bool { complete != nil }

  /// Its parameters under PyTorch's names, and what it keeps.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    if inputWeight != nil { visitor.parameter(&inputWeight!, "in_proj_weight") }
    if queryWeight != nil { visitor.parameter(&queryWeight!, "q_proj_weight") }
    if keyWeight != nil { visitor.parameter(&keyWeight!, "k_proj_weight") }
    if valueWeight != nil { visitor.parameter(&valueWeight!, "v_proj_weight") }
    if inputBias != nil { visitor.parameter(&inputBias!, "in_proj_bias") }
    visitor.part(&output, "out_proj")
    visitor.state(&_earlierKeys, "earlier_keys")
    visitor.state(&_earlierValues, "earlier_values")
    visitor.stream(&random, "random")
  }
}

extension MultiHeadAttention {
  /// As it is written: `MultiHeadAttention(128, heads: 4, isCausal: true)`.
  public var code: String {
    let (keyFeatures, valueFeatures) = (keyWeight?.shape[1] ?? features, valueWeight?.shape[1] ?? features)
    return call(
      "MultiHeadAttention", isWaiting ? nil : "\(features)", "heads: \(heads)", keyHeads == heads ? nil : "keyHeads: \(keyHeads)",
      keyFeatures == features ? nil : "keyFeatures: \(keyFeatures)",
      valueFeatures == features ? nil : "valueFeatures: \(valueFeatures)", isCausal ? "isCausal: true" : nil,
      dropout == 0 ? nil : "dropout: \(dropout)", inputBias == nil ? "hasBias: false" : nil, rotary.map { "rotary: \($0)" })
  }
}
