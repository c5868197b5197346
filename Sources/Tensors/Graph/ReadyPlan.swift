/// A plan with what it takes from a call's state and input, and what it leaves and gives.
///
/// Memory for a run is kept from call to call, results' too: a result that the caller has let go of is written over, one that is still held is not.
final class ReadyPlan<State, Output>: @unchecked Sendable {
  let graph: TracedGraph
  let isTraining: Bool
  let state: LeafSignature
  let input: LeafSignature
  /// How many operators the function called, and how long it took to trace it again and to make the plan.
  private let made: (operators: Int, seconds: Double, byteCount: Int, steps: Int)

  /// The state's tensors that are others afterwards.
  private let changes: [(place: Int, source: TensorSource)]
  private let stateConstants: [Tensor]
  private let stateStreams: [StreamSource]
  /// Whether the state is another one afterwards.
  private let leavesChanges: Bool
  private let output: LeafSources
  /// The output without elements.
  private let shell: Output
  /// Whether the output has more than what the plan computes.
  private let isMixed: Bool
  /// How far the stream in force is moved on.
  private let advance: UInt64
  private let idle: Lock<[Run]> = Lock([])

  /// What one run works in.
  private final class Run: @unchecked Sendable {
    let memory: PlanMemory
    /// The output with tensors of its own.
    var output: Output
    /// What the state's changed tensors are computed in, which then changes places with them.
    var spares: [Tensor]
    var input: [Tensor]
    var streams: [RandomStream]

    init(_ memory: PlanMemory, _ output: Output, spares: [Tensor], inputs: Int, streams: Int) {
      (self.memory, self.output, self.spares) = (memory, output, spares)
      input = Array(repeating: .placeholder, count: inputs)
      self.streams = Array(repeating: RandomStream(seed: 0), count: streams)
    }
  }

  /// Makes the plan by running the graph on these arguments; with the results that gave.
  static func made(
    _ graph: TracedGraph, _ traced: Traced<State, Output>, _ arguments: CallArguments, operators: Int,
    since start: ContinuousClock.Instant
  ) throws(TensorError) -> (plan: ReadyPlan, results: [Tensor]) {
    let (memory, results) = try PlanMemory.made(graph, arguments.tensors, arguments.streams)
    let time = start.duration(to: .now).components
    let seconds = Double(time.seconds) + Double(time.attoseconds) * 1e-18
    return (ReadyPlan(graph, traced, arguments, memory, operators, seconds), results)
  }

  private init(
    _ graph: TracedGraph, _ traced: Traced<State, Output>, _ arguments: CallArguments, _ memory: PlanMemory, _ operators: Int,
    _ seconds: Double
  ) {
    self.graph = graph
    (isTraining, state, input) = (arguments.signature.isTraining, arguments.signature.state, arguments.signature.input)
    made = (operators, seconds, memory.byteCount, memory.stepCount)
    changes = traced.state.tensors.enumerated().compactMap { $1 == .input($0) ? nil : ($0, $1) }
    (stateConstants, stateStreams) = (traced.state.constants, traced.state.streams)
    leavesChanges = !changes.isEmpty || stateStreams.enumerated().contains { $1 != .advanced($0, 0) }
    (output, shell, advance) = (traced.output, traced.shell, traced.advance)
    isMixed = !output.streams.isEmpty || output.tensors.contains { if case .result = $0 { false } else { true } }
    idle.withLock { $0.append(Run(memory, shell, spares: spares, inputs: input.shapes.count, streams: arguments.streams.count)) }
  }

  private var spares: [Tensor] {
    changes.map { Tensor(hollow: state.shapes[$0.place].shape, state.shapes[$0.place].dtype) }
  }

  var description: String {
    let formulas = graph.nodes.compactMap(\.formula).filter { $0.count > 12 }.prefix(3).map { ", \($0)" }.joined()
    let time = (made.seconds * 1e5).rounded() / 100
    return "\(made.operators) operators, in the plan \(made.steps), \(made.byteCount) bytes, made in \(time) ms\(formulas)"
  }

  /// Runs the plan; nil if the input is of another signature.
  func run<Input>(_ state: inout PlanState<State>, _ input: inout Input, _ context: Context) throws(TensorError) -> Output? {
    let run: Run
    if let kept = idle.withLock({ $0.popLast() }) {
      run = kept
    } else {
      // Another thread is running it.
      var list = LeafList(of: input)
      if list.hasPlaceholders || list.signature != self.input { return nil }
      let streams = state.streams + list.streams + [context.random]
      let (memory, _) = try PlanMemory.made(graph, state.tensors + list.tensors, streams)
      list = LeafList(of: ())
      run = Run(memory, shell, spares: spares, inputs: self.input.shapes.count, streams: streams.count)
    }
    defer { idle.withLock { $0.append(run) } }
    var bind = BindInput(signature: self.input, tensors: run.input, streams: run.streams, firstStream: state.streams.count)
    // The lists are the visitor's alone while they are written to.
    (run.input, run.streams) = ([], [])
    visitLeaves(of: &input, &bind)
    let fits = bind.fits
    (run.input, run.streams) = (bind.tensors, bind.streams)
    (bind.tensors, bind.streams) = ([], [])
    defer { for i in run.input.indices { run.input[i] = .placeholder } }
    guard fits else { return nil }
    return try compute(run, &state, context)
  }

  private func compute(_ run: Run, _ state: inout PlanState<State>, _ context: Context) throws(TensorError) -> Output {
    let memory = run.memory
    memory.point(argumentsTo: state.tensors, run.input)
    for (i, random) in state.streams.enumerated() { run.streams[i] = random }
    run.streams[run.streams.count - 1] = context.random
    for (i, change) in changes.enumerated() {
      guard case .result(let k) = change.source else { continue }
      if !run.spares[i].isHeldAlone {
        let signature = graph.values[graph.outputs[k]]
        run.spares[i] = try Tensor(uninitialized: signature.shape, signature.dtype)
      }
      memory.point(result: k, to: run.spares[i].pointer)
    }
    var prepare = PrepareOutput(memory: memory, sources: output.tensors)
    visitLeaves(of: &run.output, &prepare)
    if let error = prepare.error { throw error }
    try memory.run(run.streams)
    let result = isMixed ? filled(run, state) : run.output
    if leavesChanges { state.change { leave(run, &$0) } }
    if advance > 0 { context.random = context.random.advanced(by: advance) }
    return result
  }

  /// The output with what is no result of the plan's.
  private func filled(_ run: Run, _ state: PlanState<State>) -> Output {
    var result = run.output
    let arguments = state.tensors + run.input
    let tensors = output.tensors.map { source -> Tensor? in
      switch source {
      case .input(let i): arguments[i]
      case .result: nil
      case .constant(let i): output.constants[i]
      }
    }
    var fill = FillOutput(tensors: tensors, streams: output.streams.map { stream($0, run) })
    visitLeaves(of: &result, &fill)
    return result
  }

  private func stream(_ source: StreamSource, _ run: Run) -> RandomStream {
    switch source {
    case .advanced(let i, let words): run.streams[i].advanced(by: words)
    case .constant(let random): random
    }
  }

  /// Changes the state to what a call leaves in it.
  private func leave(_ run: Run, _ state: inout FlatValue<State>) {
    if changes.contains(where: { if case .input = $0.source { true } else { false } }) {
      // Arguments that change places are all read before one is written.
      let before = state.tensors + run.input
      for (place, source) in changes { if case .input(let k) = source { state.put(before[k], at: place) } }
    }
    for (i, change) in changes.enumerated() {
      switch change.source {
      case .result: state.exchange(&run.spares[i], at: change.place)
      case .constant(let k): state.put(stateConstants[k], at: change.place)
      case .input: break
      }
    }
    for (i, source) in stateStreams.enumerated() {
      if case .advanced(let k, let words) = source {
        if k == i && words == 0 { continue }
        state.streams[i] = run.streams[k].advanced(by: words)
      } else {
        state.streams[i] = stream(source, run)
      }
    }
  }
}

extension FlatValue {
  fileprivate mutating func put(_ x: Tensor, at place: Int) {
    let isFrozen = tensors[place].isFrozen
    tensors[place] = x
    tensors[place].isFrozen = isFrozen
  }
  fileprivate mutating func exchange(_ x: inout Tensor, at place: Int) {
    let isFrozen = tensors[place].isFrozen
    swap(&tensors[place], &x)
    tensors[place].isFrozen = isFrozen
  }
}

/// Compares an input with a signature, and takes its tensors and streams.
private struct BindInput: LeafVisitor {
  static let isReading = true
  let signature: LeafSignature
  var tensors: [Tensor]
  var streams: [RandomStream]
  private var stream: Int
  private let firstStream: Int
  private var place = 0
  private var isOther = false
  private var hasher = Hasher()

  init(signature: LeafSignature, tensors: [Tensor], streams: [RandomStream], firstStream: Int) {
    (self.signature, self.tensors, self.streams, self.firstStream, stream) = (signature, tensors, streams, firstStream, firstStream)
  }

  var fits: Bool {
    !isOther && place == tensors.count && stream - firstStream == signature.streamCount && hasher.finalize() == signature.others
  }

  mutating func tensor(_ x: inout Tensor) {
    guard place < tensors.count, x.hasElements, x.isFrozen == signature.isFrozen[place], !signature.shapes[place].isOther(than: x),
      let ordered = x.isContiguous ? x : try? x.detached.ordered
    else {
      isOther = true
      return
    }
    tensors[place] = ordered
    place += 1
  }
  mutating func stream(_ x: inout RandomStream) {
    if stream < streams.count - 1 { streams[stream] = x }
    stream += 1
  }
  mutating func other(_ hash: (inout Hasher) -> Void) { hash(&hasher) }
}

/// Points the plan's results to an output's tensors, new ones in place of those that somebody still holds.
private struct PrepareOutput: LeafVisitor {
  static let isReading = false
  let memory: PlanMemory
  let sources: [TensorSource]
  var error: TensorError?
  private var place = 0

  init(memory: PlanMemory, sources: [TensorSource]) { (self.memory, self.sources) = (memory, sources) }

  mutating func tensor(_ x: inout Tensor) {
    defer { place += 1 }
    guard case .result(let k) = sources[place] else { return }
    if !x.isHeldAlone {
      let isFrozen = x.isFrozen
      do throws(TensorError) { x = try Tensor(uninitialized: x.shape, x.dtype) } catch { self.error = error }
      x.isFrozen = isFrozen
      if error != nil { return }
    }
    memory.point(result: k, to: x.pointer)
  }
  mutating func stream(_ x: inout RandomStream) {}
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}

/// Puts in what is no result of a plan's.
private struct FillOutput: LeafVisitor {
  static let isReading = false
  let tensors: [Tensor?]
  let streams: [RandomStream]
  private var place = (tensor: 0, stream: 0)

  init(tensors: [Tensor?], streams: [RandomStream]) { (self.tensors, self.streams) = (tensors, streams) }
  mutating func tensor(_ x: inout Tensor) {
    if let tensor = tensors[place.tensor] {
      let isFrozen = x.isFrozen
      x = tensor
      x.isFrozen = isFrozen
    }
    place.tensor += 1
  }
  mutating func stream(_ x: inout RandomStream) {
    x = streams[place.stream]
    place.stream += 1
  }
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}
