/// What a compiled function does where no plan can be made of it.
public enum CompileFallback: Sendable {
  /// It is a mistake, which says why.
  case error
  /// It runs operator by operator, as it would without being compiled.
  case eager
}

/// The plans of a function, one for each signature of its arguments: their shapes, dtypes and structure, and all in them that is no tensor.
///
/// The first call with a signature traces the function while it runs. The second traces it again: where the two differ, something else than the
/// arguments decides what the function does, and no plan is made. It then makes the plan, runs it, and compares its results with the function's own
/// to the bit. From the third call on the plan runs.
package final class PlanCache<Input, Output>: @unchecked Sendable {
  private let function: (inout Input) throws -> Output
  private let fallback: CompileFallback
  private let name: String
  private let entries: Lock<[Entry]> = Lock([])
  /// How many signatures are kept, those used last.
  private static var most: Int { 16 }

  package init(_ name: String, fallback: CompileFallback, _ function: @escaping (inout Input) throws -> Output) {
    (self.name, self.fallback, self.function) = (name, fallback, function)
  }

  private final class Entry: @unchecked Sendable {
    let signature: CallSignature
    /// Held while the state is read or changed.
    let gate = Gate()
    var state = State.new
    init(_ signature: CallSignature) { self.signature = signature }
  }

  private enum State {
    case new
    case traced(TracedGraph, Template<Output>)
    case ready(Plan, Template<Output>)
    /// Why it runs operator by operator.
    case eager(String)
  }

  /// What is known of each signature, for people.
  package var descriptions: [String] {
    entries.withLock { $0 }.map { entry in
      let head = entry.signature.description
      return entry.gate.closed {
        switch entry.state {
        case .new: "\(head): not called yet"
        case .traced(let graph, _): "\(head): traced once, \(graph.nodes.count) operators"
        case .ready(let plan, _):
          "\(head): \(plan)"
        case .eager(let reason): "\(head): runs operator by operator, since \(reason)"
        }
      }
    }
  }

  /// The graph of the signature that was used last, if there is a plan.
  package var graph: Graph? {
    guard let entry = entries.withLock({ $0.last }), case .ready(let plan, _) = entry.gate.closed({ entry.state }) else { return nil }
    return Graph(plan.graph)
  }

  /// The same of a function that throws nothing.
  package func value(_ input: inout Input) -> Output {
    do { return try call(&input) } catch { stop("\(name): \(error)") }
  }

  /// Calls the function, by its plan if it has one for these arguments.
  package func call(_ input: inout Input) throws -> Output {
    let context = Context.current
    // What is differentiated, told shapes or taken down is the function itself.
    if context.hasFailed || context.isDry || context.isTracing || context.tapeID != 0 { return try function(&input) }
    var signature = CallSignature(isTraining: context.isTraining)
    visitLeaves(of: &input, &signature)
    if signature.hasPlaceholders { return try function(&input) }
    let entry = entry(signature)
    // One thread at a time traces; with a plan they run beside each other.
    switch entry.gate.closed({ entry.state }) {
    case .ready(let plan, let template): return replay(plan, template, signature, context)
    case .eager: return try function(&input)
    default: break
    }
    return try entry.gate.closed {
      switch entry.state {
      case .eager: return try function(&input)
      case .ready(let plan, let template): return replay(plan, template, signature, context)
      case .new:
        let (output, tracer, template) = try trace(&input, signature, context)
        entry.state = try outcome(tracer, context) ?? .traced(template.graph(tracer), template)
        return output
      case .traced(let first, let template):
        let start = ContinuousClock.now
        let streams = signature.streams(context)
        let (output, tracer, second) = try trace(&input, signature, context)
        if let refused = try outcome(tracer, context) {
          entry.state = refused
          return output
        }
        var graph = second.graph(tracer)
        if let reason = graph.difference(from: first) ?? second.difference(from: template) {
          entry.state = try refused(reason)
          return output
        }
        let count = graph.nodes.count
        graph.simplify()
        do throws(TensorError) {
          let (plan, results) = try Plan.made(graph, tracedCount: count, signature.tensors, streams, since: start)
          entry.state = second.agrees(results) ? .ready(plan, second.withoutElements) : .eager("its plan gave other results")
        } catch {
          entry.state = .eager("its plan could not be made (\(error))")
        }
        return output
      }
    }
  }

  private func entry(_ signature: CallSignature) -> Entry {
    entries.withLock { entries in
      if let i = entries.lastIndex(where: { $0.signature == signature }) {
        let entry = entries[i]
        if i != entries.count - 1 { entries.append(entries.remove(at: i)) }
        return entry
      }
      if entries.count == Self.most { entries.removeFirst() }
      let entry = Entry(signature.withoutElements)
      entries.append(entry)
      return entry
    }
  }

  private func outcome(_ tracer: Tracer, _ context: Context) throws -> State? {
    if context.hasFailed { return .new }
    return try tracer.problem.map { try refused($0) }
  }

  private func refused(_ reason: String) throws -> State {
    if fallback == .error {
      fail(TensorError(name, "no plan can be made: \(reason); fallback: .eager runs the function as it is"))
    }
    return .eager(reason)
  }

  /// Runs the function on traced values in place of the arguments' tensors; afterwards all is as after an ordinary call.
  private func trace(_ input: inout Input, _ signature: CallSignature, _ context: Context) throws -> (Output, Tracer, Template<Output>) {
    let tracer = Tracer()
    var enter = EnterTrace(tracer: tracer)
    visitLeaves(of: &input, &enter)
    tracer.stream(context.random)
    context.tracer = tracer
    var result: Result<Output, any Error>
    do {
      defer { context.tracer = nil }
      result = Result { try function(&input) }
    }
    var leave = LeaveTrace()
    // What was passed in place has what a call left in it.
    visitLeaves(of: &input, &leave)
    var output = try result.get()
    var template = Template(output, tracer, context.random)
    var real = LeaveTrace()
    visitLeaves(of: &output, &real)
    template.results = real.tensors
    return (output, tracer, template)
  }

  private func replay(_ plan: Plan, _ template: Template<Output>, _ signature: CallSignature, _ context: Context) -> Output {
    do throws(TensorError) {
      let results = try plan.run(signature.tensors, signature.streams(context))
      return template.filled(results, signature.tensors, signature.streams, context)
    } catch {
      fail(error)
      return template.value
    }
  }
}

/// What a plan is made for: the layout of the arguments, and their tensors.
struct CallSignature: LeafVisitor, Equatable, CustomStringConvertible {
  static let isReading = true
  private(set) var tensors: [Tensor] = []
  private(set) var streams: [RandomStream] = []
  private(set) var hasPlaceholders = false
  private let isTraining: Bool
  private var shapes: [Signature] = []
  private var isFrozen: [Bool] = []
  private var others = Hasher()
  private var otherHash: Int { others.finalize() }
  private var streamCount = 0

  init(isTraining: Bool) { self.isTraining = isTraining }

  mutating func tensor(_ x: inout Tensor) {
    if !x.hasElements { hasPlaceholders = true }
    shapes.append(Signature(x.shape, x.dtype))
    isFrozen.append(x.isFrozen)
    tensors.append((try? x.detached.ordered) ?? x)
  }
  mutating func stream(_ x: inout RandomStream) {
    streams.append(x)
    streamCount += 1
  }
  mutating func other(_ hash: (inout Hasher) -> Void) { hash(&others) }

  /// The arguments' streams and the one that is in force.
  func streams(_ context: Context) -> [RandomStream] { streams + [context.random] }

  static func == (a: CallSignature, b: CallSignature) -> Bool {
    a.isTraining == b.isTraining && a.shapes == b.shapes && a.isFrozen == b.isFrozen && a.streamCount == b.streamCount
      && a.otherHash == b.otherHash
  }

  /// The same for keeping: without the arguments' elements.
  var withoutElements: CallSignature {
    var copy = self
    copy.tensors = []
    copy.streams = []
    return copy
  }

  var description: String {
    let frozen = isFrozen.count(where: \.self)
    return (isTraining ? "training" : "inference") + " of " + shapes.prefix(4).map { "\($0.dtype) \($0.shape)" }.joined(separator: ", ")
      + (shapes.count > 4 ? " and \(shapes.count - 4) more tensors" : "") + (frozen > 0 ? ", \(frozen) frozen" : "")
  }
}

/// Puts traced values in place of tensors.
private struct EnterTrace: LeafVisitor {
  static let isReading = false
  let tracer: Tracer
  mutating func tensor(_ x: inout Tensor) {
    let isFrozen = x.isFrozen
    x = tracer.input((try? x.detached.ordered) ?? x)
    x.isFrozen = isFrozen
  }
  mutating func stream(_ x: inout RandomStream) { tracer.stream(x) }
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}

/// Puts the elements back in place of traced values.
private struct LeaveTrace: LeafVisitor {
  static let isReading = false
  private(set) var tensors: [Tensor] = []
  mutating func tensor(_ x: inout Tensor) {
    if let traced = x.body.traced {
      let isFrozen = x.isFrozen
      x = traced.real.detached
      x.isFrozen = isFrozen
    }
    tensors.append(x)
  }
  mutating func stream(_ x: inout RandomStream) {}
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}
