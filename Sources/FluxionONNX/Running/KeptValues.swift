import Tensors

/// What graphs compute of weights and constants alone, for the copies of a model.
final class KeptValues: Sendable {
  private let last: Lock<KeptRun?> = Lock(nil)

  /// What is kept for these weights, which are the same array for as long as nobody changed them.
  func run(_ weights: [TypedTensor]) -> KeptRun {
    last.withLock { last in
      if let last, last.isOf(weights) { return last }
      let fresh = KeptRun(weights)
      last = fresh
      return fresh
    }
  }

  /// Lets go of it all: weights that are about to be changed would be copied.
  func clear() { last.withLock { $0 = nil } }
}

/// What is kept for some weights.
final class KeptRun: Sendable {
  private struct Key: Hashable {
    let node: Int
    let name: String
  }
  private let weights: [TypedTensor]
  private let slots: Lock<[Int: [Value?]]> = Lock([:])
  private let parts: Lock<[Key: Tensor]> = Lock([:])
  private let convolutions: Lock<[Int: PreparedConvolution]> = Lock([:])

  init(_ weights: [TypedTensor]) { self.weights = weights }

  /// Whether the weights are these, in the same memory.
  func isOf(_ other: [TypedTensor]) -> Bool {
    weights.count == other.count
      && weights.withUnsafeBufferPointer { a in other.withUnsafeBufferPointer { b in a.baseAddress == b.baseAddress } }
  }

  /// The slots of a graph with what is the same at each run; nil before its first run.
  func slots(of graph: Graph) -> [Value?]? { slots.withLock { $0[graph.id] } }
  func keep(_ slots: [Value?], of graph: Graph) { self.slots.withLock { $0[graph.id] = slots } }

  /// A node's convolution, for the shape of image that it was last given.
  func convolution(_ node: Node) -> PreparedConvolution? { convolutions.withLock { $0[node.id] } }
  func keep(_ convolution: PreparedConvolution, _ node: Node) { convolutions.withLock { $0[node.id] = convolution } }

  /// Something that a node makes of its steady operands.
  func part(_ node: Node, _ name: String, _ make: () -> Tensor) -> Tensor {
    let key = Key(node: node.id, name: name)
    if let known = parts.withLock({ $0[key] }) { return known }
    let made = make()
    if !hasFailed { parts.withLock { $0[key] = made } }
    return made
  }
}
