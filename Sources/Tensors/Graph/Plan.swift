/// A plan with what it takes from a call's state and input, and what it leaves and gives; it knows values by their layouts, whatever their types.
///
/// Memory for a run is kept from call to call, results' too: a result that the caller has let go of is written over, one that is still held is not.
final class Plan: @unchecked Sendable {
  let graph: TracedGraph
  let isTraining: Bool
  let state: LeafSignature
  let input: LeafSignature
  /// How many operators the function called, and how long it took to trace it again and to make the plan.
  private let made: (operators: Int, seconds: Double, byteCount: Int, steps: Int)

  private let inputLayout: LeafLayout
  /// The state's tensors that are others afterwards.
  private let changes: [(place: Int, source: TensorSource)]
  private let stateConstants: [Tensor]
  private let stateStreams: [StreamSource]
  /// Whether the state is another one afterwards.
  private let leavesChanges: Bool
  private let output: LeafSources
  /// Whether the output has more than what the plan computes.
  private let isMixed: Bool
  /// Whether tensors of the arguments are given or left as they are.
  private let passesArguments: Bool
  /// Whether a random stream is drawn from, given or left.
  private let usesStreams: Bool
  /// How far the stream in force is moved on.
  private let advance: UInt64
  private let idle: Lock<[PlanRun]>
  private let newRun: (PlanMemory, [Tensor]) -> PlanRun

  /// Makes the plan by running the graph on these arguments; with the results that gave.
  static func made<State, Output>(
    _ graph: TracedGraph, _ traced: Traced<State, Output>, _ arguments: CallArguments, _ inputLayout: LeafLayout, operators: Int,
    since start: ContinuousClock.Instant
  ) throws(TensorError) -> (plan: Plan, results: [Tensor]) {
    let (memory, results) = try PlanMemory.made(graph, arguments.tensors, arguments.streams)
    let time = start.duration(to: .now).components
    let seconds = Double(time.seconds) + Double(time.attoseconds) * 1e-18
    return (Plan(graph, traced, arguments, inputLayout, memory, operators, seconds), results)
  }

  private init<State, Output>(
    _ graph: TracedGraph, _ traced: Traced<State, Output>, _ arguments: CallArguments, _ inputLayout: LeafLayout, _ memory: PlanMemory,
    _ operators: Int, _ seconds: Double
  ) {
    (self.graph, self.inputLayout) = (graph, inputLayout)
    (isTraining, state, input) = (arguments.signature.isTraining, arguments.signature.state, arguments.signature.input)
    made = (operators, seconds, memory.byteCount, memory.stepCount)
    let changes = traced.state.tensors.enumerated().compactMap { $1 == .input($0) ? nil : (place: $0, source: $1) }
    self.changes = changes
    (stateConstants, stateStreams) = (traced.state.constants, traced.state.streams)
    leavesChanges = !changes.isEmpty || stateStreams.enumerated().contains { $1 != .advanced($0, 0) }
    (output, advance) = (traced.output, traced.advance)
    usesStreams = memory.draws || !traced.state.streams.isEmpty || !traced.output.streams.isEmpty
    isMixed = !output.streams.isEmpty || output.tensors.contains { if case .result = $0 { false } else { true } }
    passesArguments = (output.tensors + changes.map(\.source)).contains { if case .input = $0 { true } else { false } }
    let shell = traced.shell
    let newRun = { (memory: PlanMemory, spares: [Tensor]) -> PlanRun in TypedPlanRun(shell, memory: memory, spares: spares) }
    self.newRun = newRun
    idle = Lock([newRun(memory, Plan.spares(changes, state))])
  }

  private static func spares(_ changes: [(place: Int, source: TensorSource)], _ state: LeafSignature) -> [Tensor] {
    changes.map { Tensor(hollow: state.shapes[$0.place].shape, state.shapes[$0.place].dtype) }
  }

  var description: String {
    let formulas = graph.nodes.compactMap(\.formula).filter { $0.count > 12 }.prefix(3).map { ", \($0)" }.joined()
    let time = (made.seconds * 1e5).rounded() / 100
    return "\(made.operators) operators, in the plan \(made.steps), \(made.byteCount) bytes, made in \(time) ms\(formulas)"
  }

  /// Runs the plan on an input; nil if that is of another signature.
  ///
  /// The output is read from the run, which is then given back.
  func run(_ state: inout FlatLeaves, _ input: UnsafeMutableRawPointer, _ context: Context) throws(TensorError) -> PlanRun? {
    let run: PlanRun
    if let kept = idle.withLock({ $0.popLast() }) {
      run = kept
    } else {
      // Another thread is running it.
      let list = LeafList(inputLayout, input)
      if list.hasPlaceholders || list.signature != self.input { return nil }
      let (memory, _) = try PlanMemory.made(graph, state.tensors + list.tensors, state.streams + list.streams + [context.random])
      run = newRun(memory, Plan.spares(changes, self.state))
    }
    do throws(TensorError) {
      if try compute(run, &state, input, context) { return run }
    } catch {
      giveBack(run)
      throw error
    }
    giveBack(run)
    return nil
  }

  /// Takes a run back whose output has been read.
  @inline(__always)
  func giveBack(_ run: PlanRun) {
    if !run.held.isEmpty { run.held.removeAll(keepingCapacity: true) }
    run.fill = nil
    idle.withLock { $0.append(run) }
  }

  private func compute(
    _ run: PlanRun, _ state: inout FlatLeaves, _ input: UnsafeMutableRawPointer, _ context: Context
  ) throws(TensorError) -> Bool {
    let memory = run.memory
    var bind = BindInput(signature: self.input, memory: memory, firstArgument: self.state.shapes.count)
    inputLayout.visit(input, &bind)
    if !bind.fits { return false }
    run.held = bind.held
    memory.point(argumentsTo: state.tensors)
    for (i, change) in changes.enumerated() {
      guard case .result(let k) = change.source else { continue }
      if !run.spares[i].isHeldAlone {
        let signature = graph.values[graph.outputs[k]]
        run.spares[i] = try Tensor(uninitialized: signature.shape, signature.dtype)
      }
      memory.point(result: k, to: run.spares[i].pointer)
    }
    var prepare = PrepareOutput(memory: memory, sources: output.tensors)
    run.layout.visit(run.address, &prepare)
    if let error = prepare.error { throw error }
    let streams = usesStreams ? state.streams + bind.streams + [context.random] : []
    try memory.run(streams)
    if isMixed || leavesChanges {
      // Arguments that change places are all read before one is written.
      let arguments = passesArguments ? state.tensors + LeafList(inputLayout, input).tensors : []
      if isMixed { run.fill = fill(arguments, streams) }
      if leavesChanges {
        FlatLeaves.own(&state)
        leave(run, state, arguments, streams)
      }
    }
    if advance > 0 { context.random = context.random.advanced(by: advance) }
    return true
  }

  /// What of the output is no result of the plan's.
  private func fill(_ arguments: [Tensor], _ streams: [RandomStream]) -> PutLeaves {
    let tensors = output.tensors.map { source -> Tensor? in
      switch source {
      case .input(let i): arguments[i]
      case .result: nil
      case .constant(let i): output.constants[i]
      }
    }
    return PutLeaves(tensors, output.streams.map { $0.stream(of: streams) })
  }

  /// Changes the state to what a call leaves in it.
  private func leave(_ run: PlanRun, _ state: FlatLeaves, _ arguments: [Tensor], _ streams: [RandomStream]) {
    for (i, change) in changes.enumerated() {
      switch change.source {
      case .result: state.exchange(&run.spares[i], at: change.place)
      case .constant(let k): state.put(stateConstants[k], at: change.place)
      case .input(let k): state.put(arguments[k], at: change.place)
      }
    }
    for (i, source) in stateStreams.enumerated() where source != .advanced(i, 0) { state.streams[i] = source.stream(of: streams) }
  }
}

/// What one run of a plan works in, and its output, whose address stays as it is.
class PlanRun: @unchecked Sendable {
  final let memory: PlanMemory
  final let address: UnsafeMutableRawPointer
  final let layout: LeafLayout
  /// What the state's changed tensors are computed in, which then changes places with them.
  final var spares: [Tensor]
  /// Copies of arguments that did not lie in order.
  final var held: [Tensor] = []
  /// What is to be put in the output's copy: arguments, constants, random streams.
  final var fill: PutLeaves?

  fileprivate init(_ memory: PlanMemory, _ address: UnsafeMutableRawPointer, _ layout: LeafLayout, _ spares: [Tensor]) {
    (self.memory, self.address, self.layout, self.spares) = (memory, address, layout, spares)
  }

  /// A copy of the output, which is of this type.
  @inline(__always)
  final func output<Output>(as type: Output.Type) -> Output {
    var output = address.assumingMemoryBound(to: Output.self).pointee
    if fill != nil { finish(&output) }
    return output
  }

  @inline(never)
  private final func finish<Output>(_ output: inout Output) {
    guard var fill else { return }
    visitLeaves(of: &output, &fill)
  }
}

private final class TypedPlanRun<Output>: PlanRun, @unchecked Sendable {
  init(_ shell: Output, memory: PlanMemory, spares: [Tensor]) {
    let output = UnsafeMutablePointer<Output>.allocate(capacity: 1)
    output.initialize(to: shell)
    super.init(memory, UnsafeMutableRawPointer(output), .of(Output.self), spares)
  }
  deinit {
    let output = address.assumingMemoryBound(to: Output.self)
    output.deinitialize(count: 1)
    output.deallocate()
  }
}

/// Compares an input with a signature, and points the plan's arguments to its tensors.
private struct BindInput: LeafVisitor {
  static let isReading = true
  let signature: LeafSignature
  let memory: PlanMemory
  let firstArgument: Int
  /// Copies of tensors that do not lie in order.
  var held: [Tensor] = []
  var streams: [RandomStream] = []
  private var place = 0
  private var isOther = false
  private var hasher = LeafHasher()

  init(signature: LeafSignature, memory: PlanMemory, firstArgument: Int) {
    (self.signature, self.memory, self.firstArgument) = (signature, memory, firstArgument)
  }

  var fits: Bool {
    !isOther && place == signature.shapes.count && streams.count == signature.streamCount && hasher.finalize() == signature.others
  }

  mutating func tensor(_ x: inout Tensor) {
    guard place < signature.shapes.count, x.hasElements, x.isFrozen == signature.isFrozen[place], !signature.shapes[place].isOther(than: x)
    else {
      isOther = true
      return
    }
    if x.isContiguous {
      memory.point(argument: firstArgument + place, to: x.pointer)
    } else if let ordered = try? x.detached.ordered {
      held.append(ordered)
      memory.point(argument: firstArgument + place, to: ordered.pointer)
    } else {
      isOther = true
    }
    place += 1
  }
  mutating func stream(_ x: inout RandomStream) { streams.append(x) }
  mutating func other(_ hash: (inout Hasher) -> Void) { hasher.combine(hash) }
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
      do throws(TensorError) { x.replace(with: try Tensor(uninitialized: x.shape, x.dtype)) } catch { self.error = error }
      if error != nil { return }
    }
    memory.point(result: k, to: x.pointer)
  }
  mutating func stream(_ x: inout RandomStream) {}
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}
