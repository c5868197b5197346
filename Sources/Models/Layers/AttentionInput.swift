import Tensors

/// What attention is computed of: the projections of a layer's inputs by head, and one mask for all reasons not to see a key.
struct AttentionInput {
  /// Queries, [..., heads, queries, size].
  var q: Tensor
  /// Keys, [..., keyHeads, keys, size], those of earlier calls before the others.
  var k: Tensor
  /// Values, [..., keyHeads, keys, size].
  var v: Tensor
  /// Bools or numbers that broadcast to [..., heads, queries, keys].
  var mask: Tensor?
  /// Whether query i sees keys 0 to i only, beside the mask.
  var isCausal: Bool

  /// The inputs of a call, of self-attention if `keys` is nil; nil after a mistake.
  init?(
    _ layer: MultiHeadAttention, _ x: Tensor, _ keys: Tensor?, _ values: Tensor?, _ mask: Tensor?, _ keyMask: Tensor?,
    _ earlierKeys: Tensor?, _ earlierValues: Tensor?
  ) {
    if hasFailed { return nil }
    guard AttentionInput.fits(layer, x, keys, values ?? keys) else { return nil }
    let isContinued = keys == nil && layer.isIncremental
    let (x, keys, values) = (
      keys == nil ? AttentionInput.cleared(x, keyMask) : x, keys.map { AttentionInput.cleared($0, keyMask) },
      values.map { AttentionInput.cleared($0, keyMask) }
    )
    let parts = AttentionInput.projections(layer, x, keys, values ?? keys)
    let size = layer.features / layer.heads
    func byHead(_ x: Tensor, _ heads: Int) -> Tensor {
      x.reshaped(Shape(x.shape.dropLast() + [heads, size])).transposed(-3, -2)
    }
    (q, k, v) = (byHead(parts.q, layer.heads), byHead(parts.k, layer.keyHeads), byHead(parts.v, layer.keyHeads))
    let past = isContinued ? earlierKeys?.shape[2] ?? 0 : 0
    if let rotary = layer.rotary, keys == nil {
      q = rotary(q, from: past)
      k = rotary(k, from: past)
    }
    if past > 0, let earlierKeys, let earlierValues {
      if earlierKeys.shape[0] != k.shape[0] || earlierKeys.dtype != k.dtype {
        fail(
          TensorError(
            "MultiHeadAttention",
            "\(x.dtype) \(x.shape) after calls of \(earlierKeys.shape[0]) sequences of \(earlierKeys.dtype); the same, or reset(), would fit"
          ))
        return nil
      }
      k = concatenate([earlierKeys, k], axis: 2)
      v = concatenate([earlierValues, v], axis: 2)
    }
    // A single query that comes last sees all: no mask is needed for that.
    isCausal = layer.isCausal && past == 0
    var seen: Tensor?
    if layer.isCausal && past > 0 && q.shape[-2] > 1 {
      let isEarlier = Tensor.arange(k.shape[-2]) .<= Tensor.arange(from: past, to: past + q.shape[-2]).unsqueezed(axis: 1)
      seen = isEarlier
    }
    if let keyMask {
      let fitting = Shape(x.shape.dropLast(2) + [k.shape[-2]])
      guard keyMask.dtype == .bool, keyMask.shape == fitting else {
        fail(
          TensorError(
            "MultiHeadAttention", "a key mask \(keyMask.dtype) \(keyMask.shape) for \(k.shape[-2]) keys; bool \(fitting) would fit"))
        return nil
      }
      let there = keyMask.unsqueezed(axis: -2).unsqueezed(axis: -2)
      seen = seen.map { $0 .& there } ?? there
    }
    guard let mask else {
      self.mask = seen
      return
    }
    guard let given = AttentionInput.byHead(mask, x.shape, layer.heads, q, k) else { return nil }
    self.mask = seen.map { seen in given.dtype == .bool ? given .& seen : select(seen, given, -Double.infinity) } ?? given
  }

  /// x with zeros in place of what would overflow, or is NaN, at steps that are only padding.
  ///
  /// It would reach the parameters' gradients as 0·∞ or 0·NaN. Ordinary numbers stay, so that the answers to such steps, which nobody reads, are
  /// PyTorch's.
  static func cleared(_ x: Tensor, _ keyMask: Tensor?) -> Tensor {
    // In an incremental copy the mask has earlier steps besides; one that does not fit is a mistake that is told later.
    guard let keyMask, keyMask.dtype == .bool, x.rank >= 2, keyMask.rank == x.rank - 1, keyMask.shape[-1] >= x.shape[-2],
      Shape(keyMask.shape.dropLast()) == Shape(x.shape.dropLast(2))
    else { return x }
    let own = keyMask.split(sizes: [keyMask.shape[-1] - x.shape[-2], x.shape[-2]], axis: -1)[1]
    return ordinary(x, own.cast(to: x.dtype).unsqueezed(axis: -1))
  }

  private static let ordinary = Elementwise { x, isThere in select((isThere .!= 0) .| (abs(x) .<= 1e9), x, 0) }

  /// A mask for all sequences, for each or for each head as one that broadcasts to [..., heads, queries, keys]; nil if it fits nothing.
  private static func byHead(_ mask: Tensor, _ x: Shape, _ heads: Int, _ q: Tensor, _ k: Tensor) -> Tensor? {
    let lead = Array(x.dropLast(2))
    let scores = [q.shape[-2], k.shape[-2]]
    let fitting = [scores, lead + scores, lead + [heads] + scores].map { Shape($0) }
    let isForEach = mask.rank == x.rank && x.rank > 2
    let full = mask.rank == 2 ? fitting[0] : isForEach ? fitting[1] : fitting[2]
    let isFitting = mask.rank == full.rank && zip(mask.shape, full).allSatisfy { $0 == $1 || $0 == 1 }
    if isFitting && (mask.dtype == .bool || mask.dtype == q.dtype) {
      return isForEach ? mask.unsqueezed(axis: -3) : mask
    }
    let shapes = (lead.isEmpty ? [fitting[0], fitting[2]] : fitting).map(\.description)
    fail(
      TensorError(
        "MultiHeadAttention",
        "a mask \(mask.dtype) \(mask.shape) for \(scores[0]) queries and \(scores[1]) keys; \(shapes.dropLast().joined(separator: ", ")) or "
          + "\(shapes[shapes.count - 1]) of bool or \(q.dtype) would fit"))
    return nil
  }

  /// Whether inputs have the sizes that a layer takes; a mistake if not.
  private static func fits(_ layer: MultiHeadAttention, _ x: Tensor, _ keys: Tensor?, _ values: Tensor?) -> Bool {
    func refuse(_ message: String) -> Bool {
      fail(TensorError("MultiHeadAttention", message))
      return false
    }
    let features = layer.features
    if x.rank < 2 || x.shape[-1] != features { return refuse("\(x.shape); [batch, time, \(features)] would fit") }
    if layer.isIncremental && keys == nil {
      if !layer.isCausal { return refuse("an incremental copy whose queries see what comes later; isCausal: true would fit") }
      if x.rank != 3 { return refuse("\(x.shape) in an incremental copy; [batch, time, \(features)] would fit") }
    }
    let (keyFeatures, valueFeatures) = (layer.keyWeight?.shape[1] ?? features, layer.valueWeight?.shape[1] ?? features)
    guard let keys, let values else {
      if keyFeatures == features && valueFeatures == features { return true }
      return refuse(
        "keys of \(keyFeatures) and values of \(valueFeatures) features are not x's \(features); give them as keys: and values:")
    }
    let lead = x.shape.dropLast(2).map { "\($0), " }.joined()
    let isRanked = keys.rank == x.rank && values.rank == x.rank
    if isRanked, keys.shape.dropLast(2).elementsEqual(x.shape.dropLast(2)), keys.shape.dropLast().elementsEqual(values.shape.dropLast()),
      keys.shape[-1] == keyFeatures, values.shape[-1] == valueFeatures
    {
      return true
    }
    return refuse(
      "queries \(x.shape), keys \(keys.shape) and values \(values.shape); [\(lead)queries, \(features)], [\(lead)keys, \(keyFeatures)] "
        + "and [\(lead)keys, \(valueFeatures)] would fit")
  }

  /// x, keys and values as queries, keys and values of all heads, side by side.
  private static func projections(
    _ layer: MultiHeadAttention, _ x: Tensor, _ keys: Tensor?, _ values: Tensor?
  ) -> (q: Tensor, k: Tensor, v: Tensor) {
    let features = layer.features
    let width = layer.keyHeads.saturatingTimes(features / layer.heads)
    let sizes = [features, width, width]
    let biases = layer.inputBias?.split(sizes: sizes)
    if let weight = layer.inputWeight {
      guard let keys, let values else {
        let all = linear(x, weight: weight, bias: layer.inputBias).split(sizes: sizes, axis: -1)
        return (all[0], all[1], all[2])
      }
      let weights = weight.split(sizes: sizes)
      return (
        linear(x, weight: weights[0], bias: biases?[0]), linear(keys, weight: weights[1], bias: biases?[1]),
        linear(values, weight: weights[2], bias: biases?[2])
      )
    }
    guard let q = layer.queryWeight, let k = layer.keyWeight, let v = layer.valueWeight else { return (x, x, x) }
    return (
      linear(x, weight: q, bias: biases?[0]), linear(keys ?? x, weight: k, bias: biases?[1]),
      linear(values ?? x, weight: v, bias: biases?[2])
    )
  }
}
