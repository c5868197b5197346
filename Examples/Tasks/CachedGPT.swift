import Fluxion
import Psalms

/// Attention that looks back, with rotary positions and a cache of its own: generating costs the work of one place for each character.
///
/// Shapes: x [batch, time, width] to the same.
private struct CachedAttention: Model, Incremental {
  var queries: Dense
  var keys: Dense
  var values: Dense
  var output: Dense
  /// What has been seen, [batch, heads, time, width / heads].
  @Recurrent var seenKeys: Tensor
  @Recurrent var seenValues: Tensor
  var isIncremental = false
  let heads: Int

  init(_ width: Int, heads: Int) {
    queries = Dense(width, width)
    keys = Dense(width, width)
    values = Dense(width, width)
    output = Dense(width, width)
    _seenKeys = Recurrent(wrappedValue: .zeros([1, heads, 0, width / heads]))
    _seenValues = Recurrent(wrappedValue: .zeros([1, heads, 0, width / heads]))
    self.heads = heads
  }

  mutating func callAsFunction(_ x: Tensor) -> Tensor {
    let past = isIncremental ? seenKeys.shape[2] : 0
    let rotary = RotaryPositions()
    func byHeads(_ x: Tensor) -> Tensor { x.reshaped([x.shape[0], x.shape[1], heads, -1]).permuted([0, 2, 1, 3]) }
    let q = rotary(byHeads(queries(x)), from: past)
    var (k, v) = (rotary(byHeads(keys(x)), from: past), byHeads(values(x)))
    if past > 0 { (k, v) = (concatenate([seenKeys, k], axis: 2), concatenate([seenValues, v], axis: 2)) }
    if isIncremental { (seenKeys, seenValues) = (k, v) }
    // The query at position past + i sees keys 0 to past + i.
    let mask = Tensor.arange(k.shape[2]) .<= Tensor.arange(from: past, to: past + x.shape[1]).unsqueezed(axis: 1)
    return output(attention(q, k, v, mask: mask).permuted([0, 2, 1, 3]).reshaped(x.shape))
  }
}

/// Learns psalms by the character, then writes with the cache and without: the logits agree at every step.
func trainCachedGPT() throws -> Outcome {
  let psalms = try Psalms()
  let (width, characters) = (64, psalms.vocabulary.count)
  var model = Chain {
    Embedding(characters, width)
    for _ in 0..<2 {
      Residual {
        LayerNorm(width)
        CachedAttention(width, heads: 4)
      }
      Residual {
        LayerNorm(width)
        Dense(width, 4 * width, activation: gelu)
        Dense(4 * width, width)
      }
    }
    LayerNorm(width)
    Dense(width, characters)
  }
  let validation = try psalms.validation.windows(length: 64, step: 64)
  let history = try model.fit(
    psalms.train.windows(length: 64, step: 32), validation: validation, loss: crossEntropy, optimizer: AdamW(), epochs: 1, batchSize: 16,
    seed: 1, schedule: .oneCycle(peak: 5e-3), progress: .none)
  let loss = history.epochs.last?.validation?.loss ?? .infinity

  var ids = try psalms.vocabulary.ids(of: "The LORD ")
  var generator = model.incremental()
  var unread = ids
  var difference = 0.0
  for _ in 0..<100 {
    let logits = generator.predictAndAdvance(Tensor([unread]))[0, -1]
    difference = max(difference, abs(logits - model.predict(Tensor([ids]))[0, -1]).max().item())
    unread = [logits.argmax().item(as: Int.self)]
    ids += unread
  }
  return Outcome(
    text: "validation loss \(fixed(loss)), with the cache and without \(difference) apart: \(psalms.vocabulary.text(of: ids.prefix(40)))…",
    isReached: loss <= 1.8 && difference <= 1e-5)
}
