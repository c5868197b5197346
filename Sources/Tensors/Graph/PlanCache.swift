/// What a compiled function does where no plan can be made of it.
public enum CompileFallback: Sendable {
  /// It is a mistake, which says why.
  case error
  /// It runs operator by operator, as it would without being compiled.
  case eager
}

/// The plans of a function, one for each signature of its state and input: their shapes, dtypes and structure, and all in them that is no tensor.
///
/// The first call with a signature traces the function while it runs. The second traces it again: where the two differ, something else than the
/// arguments decides what the function does, and no plan is made. It then makes the plan, runs it, and compares its results with the function's own
/// to the bit. From the third call on the plan runs.
package final class PlanCache<State, Input, Output>: @unchecked Sendable {
  private let function: (inout State, Input) throws -> Output
  private let fallback: CompileFallback
  private let name: String
  /// The mode that the function itself runs in, whatever it is called in.
  private let mode: Mode?
  private let entries: Lock<[Entry]> = Lock([])
  private let runs = RecentRuns()
  private let inputLayout = LeafLayout.of(Input.self)
  /// How many signatures are kept, those used last.
  private static var most: Int { 16 }

  package init(
    _ name: String, in mode: Mode? = nil, fallback: CompileFallback, _ function: @escaping (inout State, Input) throws -> Output
  ) {
    (self.name, self.mode, self.fallback, self.function) = (name, mode, fallback, function)
  }

  private final class Entry: @unchecked Sendable {
    let signature: CallSignature
    /// Held while the phase is read or changed.
    let gate = Gate()
    var phase = Phase.new
    init(_ signature: CallSignature) { self.signature = signature }
  }

  private enum Phase {
    case new
    case traced(TracedGraph, Traced<State, Output>)
    case ready(PlanRuns)
    /// Why it runs operator by operator.
    case eager(String)
    /// Why there is no plan, where that is a mistake.
    case refused(String)
  }

  /// What is known of each signature, for people.
  package var descriptions: [String] {
    entries.withLock { $0 }.map { entry in
      let head = entry.signature.description(mode)
      return entry.gate.closed {
        switch entry.phase {
        case .new: "\(head): not called yet"
        case .traced(let graph, _): "\(head): traced once, \(graph.nodes.count) operators"
        case .ready(let runs): "\(head): \(runs.plan.description)"
        case .eager(let reason): "\(head): runs operator by operator, since \(reason)"
        case .refused(let reason): "\(head): no plan, since \(reason)"
        }
      }
    }
  }

  /// The graph of the signature that was used last, if there is a plan.
  package var graph: Graph? { lastPlan.map { Graph($0.graph) } }

  /// Which of the graph's outputs each tensor of the function's output is, in order; nil for what is no result of an operator.
  package var graphOutputs: [Int?] { lastPlan?.outputs ?? [] }

  private var lastPlan: Plan? {
    guard let entry = entries.withLock({ $0.last }), case .ready(let runs) = entry.gate.closed({ entry.phase }) else { return nil }
    return runs.plan
  }

  /// The same of a function that throws nothing.
  package func value(_ state: inout PlanState<State>, _ input: Input) -> Output {
    do { return try call(&state, input) } catch { stop("\(name): \(error)") }
  }

  /// Calls the function, by its plan if it has one for these arguments.
  package func call(_ state: inout PlanState<State>, _ input: Input) throws -> Output {
    let context = Context.current
    if context.runsFunctions { return try function(&state.value, input) }
    if let run = begin(state.leaves, input, context, keepsState: false) { return end(run, &state.leaves) }
    if context.hasFailed { return try function(&state.value, input) }
    return try find(&state, input, context)
  }

  /// Runs the plan that was used last if it is one for these arguments and leaves the state as it is; otherwise nil.
  ///
  /// What is run has to be ended by ``end(_:)``.
  @inline(__always)
  package func begin(_ state: PlanState<State>, _ input: Input) -> PlanCall? {
    let context = Context.current
    if context.runsFunctions { return nil }
    return begin(state.leaves, input, context, keepsState: true).map { PlanCall(run: $0) }
  }

  /// The output of what has been run.
  @inline(__always)
  package func end(_ call: PlanCall) -> Output {
    let output = call.run._withUnsafeGuaranteedRef { $0.output(as: Output.self) }
    runs.giveBack(call.run)
    return output
  }

  @inline(__always)
  private func begin(_ leaves: FlatLeaves, _ input: Input, _ context: Context, keepsState: Bool) -> Unmanaged<PlanRun>? {
    withUnsafePointer(to: input) { runs.run(leaves, UnsafeMutableRawPointer(mutating: $0), context, keepsState: keepsState) }
  }

  @inline(__always)
  private func end(_ run: Unmanaged<PlanRun>, _ leaves: inout FlatLeaves) -> Output {
    run._withUnsafeGuaranteedRef { run in if run.plan.leavesChanges { run.plan.leave(run, in: &leaves) } }
    return end(PlanCall(run: run))
  }

  @inline(never)
  private func find(_ state: inout PlanState<State>, _ input: Input, _ context: Context) throws -> Output {
    let kept = state.leaves.signature.map { (state.leaves.tensors, state.leaves.streams, $0) } ?? leaves(state.value)
    let arguments = CallArguments(isTraining: context.isTraining, kept, leaves(input), context)
    if arguments.hasPlaceholders { return try function(&state.value, input) }
    let entry = entry(arguments.signature)
    func run(_ ready: PlanRuns) throws -> Output {
      runs.remember(ready)
      state.flatten(ready.plan.state)
      let run = withUnsafePointer(to: input) {
        runs.run(ready, state.leaves, UnsafeMutableRawPointer(mutating: $0), context, keepsState: false)
      }
      if let run { return end(run, &state.leaves) }
      // Of other arguments than it was found for it cannot be; what the function gives after a mistake: it does nothing.
      return try function(&state.value, input)
    }
    // One thread at a time traces; with a plan they run beside each other.
    switch entry.gate.closed({ entry.phase }) {
    case .ready(let ready): return try run(ready)
    case .eager: return try function(&state.value, input)
    case .refused(let reason): _ = refused(reason)
    default: break
    }
    return try entry.gate.closed {
      switch entry.phase {
      case .eager, .refused: return try function(&state.value, input)
      case .ready(let ready): return try run(ready)
      case .new:
        let (output, tracer, traced) = try trace(&state.value, input, context)
        entry.phase =
          outcome(tracer, traced, arguments, context) ?? .traced(TracedGraph(tracer, outputs: traced.outputs), traced.withoutElements)
        return output
      case .traced(let first, let before):
        let start = ContinuousClock.now
        let (output, tracer, traced) = try trace(&state.value, input, context)
        if let other = outcome(tracer, traced, arguments, context) {
          entry.phase = other
          return output
        }
        var graph = TracedGraph(tracer, outputs: traced.outputs)
        if let reason = graph.difference(from: first) ?? traced.difference(from: before) {
          entry.phase = refused(reason)
          return output
        }
        let count = graph.nodes.count
        graph.simplify(weightCount: Plan.weightCount(isTraining: arguments.signature.isTraining, arguments.signature.state))
        do throws(TensorError) {
          let (ready, results) = try Plan.made(graph, traced, arguments, inputLayout, operators: count, since: start)
          let agrees = zip(results, traced.results).allSatisfy { $0.hasSameElements(as: $1) }
          entry.phase = agrees ? .ready(ready) : .eager("its plan gave other results")
        } catch {
          entry.phase = .eager("its plan could not be made (\(error))")
        }
        return output
      }
    }
  }

  private func leaves<Value>(_ value: Value) -> ([Tensor], [RandomStream], LeafSignature) {
    let list = LeafList(of: value)
    return (list.tensors, list.streams, list.signature)
  }

  private func entry(_ signature: CallSignature) -> Entry {
    entries.withLock { entries in
      if let i = entries.lastIndex(where: { $0.signature == signature }) {
        let entry = entries[i]
        if i != entries.count - 1 { entries.append(entries.remove(at: i)) }
        return entry
      }
      if entries.count == Self.most { entries.removeFirst() }
      let entry = Entry(signature)
      entries.append(entry)
      return entry
    }
  }

  /// What a trace ends with if no plan is to be made of it; nil if one is.
  private func outcome(_ tracer: Tracer, _ traced: Traced<State, Output>, _ arguments: CallArguments, _ context: Context) -> Phase? {
    // A number that a call changes in the state makes another signature of the next one.
    if context.hasFailed || traced.state.others != arguments.signature.state.others { return .new }
    return tracer.problem.map { refused($0) }
  }

  private func refused(_ reason: String) -> Phase {
    if fallback == .eager { return .eager(reason) }
    fail(TensorError(name, "no plan can be made: \(reason); fallback: .eager runs the function as it is"))
    return .refused(reason)
  }

  /// Runs the function on traced values in place of the arguments' tensors; afterwards all is as after an ordinary call.
  private func trace(
    _ state: inout State, _ input: Input, _ context: Context
  ) throws -> (Output, Tracer, Traced<State, Output>) {
    let tracer = Tracer()
    var input = input
    var enter = EnterTrace(tracer: tracer)
    visitLeaves(of: &state, &enter)
    visitLeaves(of: &input, &enter)
    tracer.stream(context.random)
    context.tracer = tracer
    var result: Result<Output, any Error>
    do {
      defer { context.tracer = nil }
      result = Result { try function(&state, input) }
    }
    let left = state
    var leave = LeaveTrace(tracer: tracer)
    visitLeaves(of: &state, &leave)
    var output = try result.get()
    let traced = Traced(left, output, tracer, context.random)
    visitLeaves(of: &output, &leave)
    return (output, tracer, traced)
  }
}

/// A call that a plan has made, whose output has not been read yet.
package struct PlanCall {
  fileprivate let run: Unmanaged<PlanRun>
}

/// What a traced call left in its state and gave.
struct Traced<State, Output> {
  let state: LeafSources
  let output: LeafSources
  /// The output with tensors without elements.
  let shell: Output
  /// The graph's values that are the state's and the output's.
  let outputs: [Int]
  /// Their elements.
  private(set) var results: [Tensor]
  /// How far the stream in force has been moved on.
  let advance: UInt64

  init(_ left: State, _ output: Output, _ tracer: Tracer, _ random: RandomStream) {
    var (left, output) = (left, output)
    var list = TracedResults()
    var outputs: [Int] = []
    visitLeaves(of: &left, &list)
    visitLeaves(of: &output, &list)
    state = LeafSources(of: &left, tracer, &outputs)
    self.output = LeafSources(of: &output, tracer, &outputs)
    shell = output
    self.outputs = outputs
    // A part of something larger would keep all of that.
    results = list.tensors.filter { $0.number >= tracer.inputCount }.map {
      $0.real.ownsMemory ? $0.real : (try? $0.real.contiguousCopy()) ?? $0.real
    }
    advance = tracer.streams.last.map { $0.seed == random.seed ? random.position &- $0.position : 0 } ?? 0
  }

  /// The same without the results' elements, which would take memory for as long as it is kept.
  var withoutElements: Traced {
    var copy = self
    copy.results = []
    return copy
  }

  /// Why a second call did not do what the first one did.
  func difference(from first: Traced) -> String? {
    if advance != first.advance { return "it does not draw the same count of random numbers each time" }
    return state.difference(from: first.state) ?? output.difference(from: first.output)
  }
}

/// The traced values in a value, in order.
private struct TracedResults: LeafVisitor {
  static let isReading = true
  var tensors: [(number: Int, real: Tensor)] = []
  mutating func tensor(_ x: inout Tensor) {
    if let traced = x.body.traced { tensors.append((traced.value, traced.real.detached)) }
  }
  mutating func stream(_ x: inout RandomStream) {}
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}

/// What a plan is made for.
struct CallSignature: Equatable {
  let isTraining: Bool
  let precision: ProductPrecision
  let state: LeafSignature
  let input: LeafSignature

  /// - Parameter mode: That of the function, if it has one of its own.
  func description(_ mode: Mode?) -> String {
    let isTraining = mode.map { $0 == .training } ?? isTraining
    let shapes = input.shapes.isEmpty ? state.shapes : input.shapes
    let frozen = state.isFrozen.count(where: \.self)
    return (isTraining ? "training" : "inference") + (precision == .float32 ? "" : " in \(precision)") + " of "
      + shapes.prefix(4).map { "\($0.dtype) \($0.shape)" }.joined(separator: ", ")
      + (shapes.count > 4 ? " and \(shapes.count - 4) more tensors" : "") + (frozen > 0 ? ", \(frozen) parameters frozen" : "")
  }
}

/// The tensors and streams of a call.
struct CallArguments {
  let signature: CallSignature
  /// The state's and the input's.
  let tensors: [Tensor]
  /// The state's, the input's, and the one that is in force.
  let streams: [RandomStream]

  init(
    isTraining: Bool, _ state: ([Tensor], [RandomStream], LeafSignature), _ input: ([Tensor], [RandomStream], LeafSignature),
    _ context: Context
  ) {
    signature = CallSignature(isTraining: isTraining, precision: context.precision, state: state.2, input: input.2)
    tensors = state.0 + input.0
    streams = state.1 + input.1 + [context.random]
  }

  var hasPlaceholders: Bool { tensors.contains { !$0.hasElements } }
}

/// Puts traced values in place of tensors.
private struct EnterTrace: LeafVisitor {
  static let isReading = false
  let tracer: Tracer
  mutating func tensor(_ x: inout Tensor) {
    x.replace(with: tracer.input((try? x.detached.ordered) ?? x))
  }
  mutating func stream(_ x: inout RandomStream) { tracer.stream(x) }
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}

/// Puts the elements back in place of traced values.
private struct LeaveTrace: LeafVisitor {
  static let isReading = false
  let tracer: Tracer
  mutating func tensor(_ x: inout Tensor) {
    guard let traced = x.body.traced, traced.tracer === tracer else { return }
    x.replace(with: traced.real.detached)
  }
  mutating func stream(_ x: inout RandomStream) {}
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}
