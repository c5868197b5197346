/// Where a tensor of a function's output comes from.
private enum TensorSource: Equatable {
  case input(Int)
  case result(Int)
  case constant(Int)
}

/// Where a random stream of a function's output comes from.
private enum StreamSource: Equatable {
  /// An argument's stream (the last is the one in force), so many words further on.
  case advanced(Int, UInt64)
  case constant(RandomStream)
}

/// A function's output with a source for each of its leaves.
struct Template<Output> {
  private(set) var value: Output
  private var sources: [TensorSource] = []
  private var streams: [StreamSource] = []
  private var constants: [Tensor] = []
  /// How far the stream in force is moved on.
  private var advance: UInt64 = 0
  private var otherHash = 0
  private var outputs: [Int] = []
  /// The output's tensors as the traced call gave them; for the check of a plan.
  var results: [Tensor] = []

  init(_ output: Output, _ tracer: Tracer, _ random: RandomStream) {
    value = output
    var read = ReadOutput(tracer: tracer)
    visitLeaves(of: &value, &read)
    sources = read.sources
    constants = read.constants
    outputs = read.outputs
    otherHash = read.hasher.finalize()
    streams = read.streams.map { Template.stream($0, tracer) }
    if let last = tracer.streams.last, last.seed == random.seed { advance = random.position &- last.position }
  }

  private static func stream(_ x: RandomStream, _ tracer: Tracer) -> StreamSource {
    let found = tracer.streams.indices.first { tracer.streams[$0].seed == x.seed && tracer.streams[$0].position <= x.position }
    return found.map { .advanced($0, x.position - tracer.streams[$0].position) } ?? .constant(x)
  }

  func graph(_ tracer: Tracer) -> TracedGraph { TracedGraph(tracer, outputs: outputs) }

  /// Why the output of a second trace is not made like the first one's.
  func difference(from first: Template) -> String? {
    if sources != first.sources || streams != first.streams || otherHash != first.otherHash || advance != first.advance {
      return "what the function gives is not made in the same way each time"
    }
    for (a, b) in zip(constants, first.constants) where !a.hasSameElements(as: b) {
      return "what the function gives has a tensor \(a.dtype) \(a.shape) that depends on something else than its arguments"
    }
    return nil
  }

  /// Whether a plan's results are the traced call's to the bit.
  func agrees(_ planned: [Tensor]) -> Bool {
    for (i, source) in sources.enumerated() {
      if case .result(let k) = source, !planned[k].hasSameElements(as: results[i]) { return false }
    }
    return true
  }

  var withoutElements: Template {
    var copy = self
    copy.results = []
    return copy
  }

  /// The output of a call with these results.
  func filled(_ results: [Tensor], _ inputs: [Tensor], _ arguments: [RandomStream], _ context: Context) -> Output {
    var output = value
    var fill = FillOutput(
      tensors: sources.map { source in
        switch source {
        case .input(let i): inputs[i]
        case .result(let i): results[i]
        case .constant(let i): constants[i]
        }
      },
      streams: streams.map { stream in
        switch stream {
        case .advanced(let i, let words):
          i < arguments.count
            ? arguments[i].advanced(by: words) : context.random.advanced(by: words)
        case .constant(let random): random
        }
      })
    visitLeaves(of: &output, &fill)
    if advance > 0 { context.random = context.random.advanced(by: advance) }
    return output
  }
}

extension RandomStream {
  fileprivate func advanced(by words: UInt64) -> RandomStream { RandomStream(seed: seed, position: position &+ words) }
}

private struct ReadOutput: LeafVisitor {
  static let isReading = false
  let tracer: Tracer
  var sources: [TensorSource] = []
  var constants: [Tensor] = []
  var outputs: [Int] = []
  var streams: [RandomStream] = []
  var hasher = Hasher()

  init(tracer: Tracer) { self.tracer = tracer }
  mutating func tensor(_ x: inout Tensor) {
    let isFrozen = x.isFrozen
    if let traced = x.body.traced, traced.tracer === tracer {
      if traced.value < tracer.inputCount {
        sources.append(.input(traced.value))
      } else {
        sources.append(.result(outputs.count))
        outputs.append(traced.value)
      }
      x = Tensor(hollow: x.shape, x.dtype)
    } else {
      sources.append(.constant(constants.count))
      constants.append(x.detached)
    }
    x.isFrozen = isFrozen
  }
  mutating func stream(_ x: inout RandomStream) { streams.append(x) }
  mutating func other(_ hash: (inout Hasher) -> Void) { hash(&hasher) }
}

private struct FillOutput: LeafVisitor {
  static let isReading = false
  let tensors: [Tensor]
  let streams: [RandomStream]
  private var place = (tensor: 0, stream: 0)

  init(tensors: [Tensor], streams: [RandomStream]) { (self.tensors, self.streams) = (tensors, streams) }
  mutating func tensor(_ x: inout Tensor) {
    let isFrozen = x.isFrozen
    x = tensors[place.tensor]
    x.isFrozen = isFrozen
    place.tensor += 1
  }
  mutating func stream(_ x: inout RandomStream) {
    x = streams[place.stream]
    place.stream += 1
  }
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}
