import Tensors

/// The keys and values of a sequence so far: what a decoder keeps so that the next token costs the work of one.
///
///     var cache = KeyValueCache()
///     _ = model.logits(prompt, cache: &cache)                  // [batch, time]
///     var branch = cache                                       // a copy is a branch: the prompt is not computed again
///     let next = model.logits(ids, cache: &branch)             // [batch, 1]
///
/// It is a value: a copy is independent, and costs nothing until one of the two grows.
public struct KeyValueCache: Sendable {
  /// The keys and values of one attention, [batch, heads, time, size].
  struct Entry: Sendable {
    var keys: Tensor
    var values: Tensor
  }

  var entries: [Entry?] = []
  /// How many positions have been seen, padding included.
  public internal(set) var length = 0
  /// How many of each sequence's first positions are padding; nil where none are.
  public let padding: [Int]?
  /// The keys and values of an encoder's answer, for each layer of a decoder that attends to it.
  var crossEntries: [Entry?] = []

  /// Nothing seen yet.
  ///
  /// - Parameter padding: How many of each sequence's first positions are padding, for prompts of different lengths in one batch.
  public init(padding: [Int]? = nil) {
    self.padding = padding.flatMap { $0.contains { $0 > 0 } ? $0.map { max(0, $0) } : nil }
  }

  /// Takes the keys and values of a layer's new positions, and gives those of all.
  mutating func extend(_ layer: Int, _ keys: Tensor, _ values: Tensor) -> (keys: Tensor, values: Tensor) {
    while entries.count <= layer { entries.append(nil) }
    let entry =
      entries[layer].map {
        Entry(keys: concatenate([$0.keys, keys], axis: 2), values: concatenate([$0.values, values], axis: 2))
      } ?? Entry(keys: keys, values: values)
    entries[layer] = entry
    return (entry.keys, entry.values)
  }

  /// The positions of the next `count` tokens, a row for each sequence whose padding differs.
  func positions(_ count: Int) -> [[Int]] {
    (padding ?? [0]).map { first in (0..<count).map { max(0, length + $0 - first) } }
  }

  /// The sequences at these places of the batch, which may repeat: what beam search goes on with.
  public func selecting(_ rows: [Int]) -> KeyValueCache {
    var copy = KeyValueCache(padding: padding.map { padding in rows.map { padding.indices.contains($0) ? padding[$0] : 0 } })
    let index = Tensor(rows)
    func select(_ entries: [Entry?]) -> [Entry?] { entries.map { $0.map { Entry(keys: $0.keys[index], values: $0.values[index]) } } }
    copy.entries = select(entries)
    copy.crossEntries = select(crossEntries)
    copy.length = length
    return copy
  }

  /// Which keys a call's queries see.
  func mask(queries: Int, isCausal: Bool, window: Int?) -> AttentionMask {
    let keys = length + queries
    let windowed = window.map { $0 < keys } ?? false
    if padding == nil && !windowed {
      if !isCausal || queries == 1 { return AttentionMask(tensor: nil, isCausal: false) }
      if length == 0 { return AttentionMask(tensor: nil, isCausal: true) }
    }
    let key = Tensor.arange(keys)
    let query = Tensor.arange(from: length, to: keys).unsqueezed(axis: 1)
    var seen: Tensor?
    func add(_ mask: Tensor) { seen = seen.map { $0 .& mask } ?? mask }
    if isCausal { add(key .<= query) }
    if windowed, let window {
      add(key .> query - window)
      if !isCausal { add(key .< query + window) }
    }
    if let padding {
      let first = Tensor(padding).reshaped([padding.count, 1, 1, 1])
      // A query in the padding sees itself, so that no row of weights is empty.
      let isThere = (key .>= first) .| (key .== query)
      seen = seen.map { $0.unsqueezed(axis: 0).unsqueezed(axis: 0) .& isThere } ?? isThere
    }
    return AttentionMask(tensor: seen, isCausal: false)
  }
}

/// Which keys queries see, as ``attention(_:_:_:mask:isCausal:scale:)`` takes it.
struct AttentionMask {
  let tensor: Tensor?
  let isCausal: Bool

  /// All keys that `mask` [batch, keys] holds something other than 0 for; all of them without one.
  static func keys(_ mask: Tensor?) -> AttentionMask {
    AttentionMask(tensor: mask.map { ($0 .!= 0).unsqueezed(axis: 1).unsqueezed(axis: 1) }, isCausal: false)
  }
}
