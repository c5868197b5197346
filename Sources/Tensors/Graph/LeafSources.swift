/// Where a tensor comes from that a function leaves or gives.
enum TensorSource: Equatable {
  /// An argument: the state's come first, then the input's.
  case input(Int)
  case result(Int)
  case constant(Int)
}

/// Where a random stream comes from that a function leaves or gives.
enum StreamSource: Equatable {
  /// An argument's stream (the last is the one in force), so many words further on.
  case advanced(Int, UInt64)
  case constant(RandomStream)

  /// The stream, of the arguments' ones.
  func stream(of arguments: [RandomStream]) -> RandomStream {
    switch self {
    case .advanced(let i, let words): arguments[i].advanced(by: words)
    case .constant(let random): random
    }
  }
}

/// A source for each leaf of a value that a traced function left or gave.
struct LeafSources {
  private(set) var tensors: [TensorSource]
  private(set) var streams: [StreamSource]
  private(set) var constants: [Tensor]
  /// Of all that is neither tensor nor stream.
  let others: Int

  /// Reads a value, and leaves tensors without elements in it; the values that are the graph's own are appended to `outputs`.
  init<Value>(of value: inout Value, _ tracer: Tracer, _ outputs: inout [Int]) {
    var read = ReadSources(tracer: tracer, outputs: outputs)
    visitLeaves(of: &value, &read)
    (tensors, constants, outputs) = (read.sources, read.constants, read.outputs)
    others = read.hasher.finalize()
    streams = read.streams.map { x in
      let found = tracer.streams.indices.first { tracer.streams[$0].seed == x.seed && tracer.streams[$0].position <= x.position }
      return found.map { .advanced($0, x.position - tracer.streams[$0].position) } ?? .constant(x)
    }
  }

  /// Why those of a second trace are not made like the first one's.
  func difference(from first: LeafSources) -> String? {
    if tensors != first.tensors || streams != first.streams || others != first.others {
      return "what the function gives is not made in the same way each time"
    }
    for (a, b) in zip(constants, first.constants) where !a.hasSameElements(as: b) {
      return "what the function gives has a tensor \(a.dtype) \(a.shape) that depends on something else than its arguments"
    }
    return nil
  }
}

extension RandomStream {
  func advanced(by words: UInt64) -> RandomStream { RandomStream(seed: seed, position: position &+ words) }
}

private struct ReadSources: LeafVisitor {
  static let isReading = false
  let tracer: Tracer
  var sources: [TensorSource] = []
  var constants: [Tensor] = []
  var outputs: [Int]
  var streams: [RandomStream] = []
  var hasher = LeafHasher()

  init(tracer: Tracer, outputs: [Int]) { (self.tracer, self.outputs) = (tracer, outputs) }
  mutating func tensor(_ x: inout Tensor) {
    if let traced = x.body.traced, traced.tracer === tracer {
      if traced.value < tracer.inputCount {
        sources.append(.input(traced.value))
      } else {
        sources.append(.result(outputs.count))
        outputs.append(traced.value)
      }
    } else {
      sources.append(.constant(constants.count))
      constants.append(x.detached)
    }
    x.replace(with: Tensor(hollow: x.shape, x.dtype))
  }
  mutating func stream(_ x: inout RandomStream) { streams.append(x) }
  mutating func other(_ hash: (inout Hasher) -> Void) { hasher.combine(hash) }
}
