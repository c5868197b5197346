/// A plan with what it takes from a call's state and input, and what it leaves and gives; it knows values by their layouts, whatever their types.
final class Plan: @unchecked Sendable {
  let graph: TracedGraph
  let isTraining: Bool
  let precision: ProductPrecision
  let state: LeafSignature
  let input: LeafSignature
  /// Whether the state is another one afterwards.
  let leavesChanges: Bool
  /// How many operators the function called, and how long it took to trace it again and to make the plan.
  private let made: (operators: Int, seconds: Double, byteCount: Int, steps: Int)

  private let inputLayout: LeafLayout
  /// Where the input's tensors are, if it has nothing else.
  private let inputTensors: [TensorPlace]?
  /// The state's tensors that are others afterwards.
  private let changes: [(place: Int, source: TensorSource)]
  private let stateConstants: [Tensor]
  private let stateStreams: [StreamSource]
  private let output: LeafSources
  /// Whether the output has more than what the plan computes.
  private let isMixed: Bool
  /// Whether tensors of the arguments are given or left as they are.
  private let passesArguments: Bool
  /// Whether a random stream is drawn from, given or left.
  private let usesStreams: Bool
  /// How far the stream in force is moved on.
  private let advance: UInt64
  private let makeRun: (Plan, PlanMemory, [Tensor]) -> PlanRun

  /// A tensor of an input: how far it is from the input's beginning, and what it has to be.
  private struct TensorPlace {
    let offset: Int
    let signature: Signature
    let isFrozen: Bool
  }

  /// Makes the plan by running the graph on these arguments; with a first run's memory, and the results that gave.
  static func made<State, Output>(
    _ graph: TracedGraph, _ traced: Traced<State, Output>, _ arguments: CallArguments, _ inputLayout: LeafLayout, operators: Int,
    since start: ContinuousClock.Instant
  ) throws(TensorError) -> (runs: PlanRuns, results: [Tensor]) {
    let (memory, results) = try PlanMemory.made(
      graph, arguments.tensors, arguments.streams,
      weightCount: weightCount(isTraining: arguments.signature.isTraining, arguments.signature.state))
    let time = start.duration(to: .now).components
    let seconds = Double(time.seconds) + Double(time.attoseconds) * 1e-18
    let plan = Plan(graph, traced, arguments, inputLayout, memory, operators, seconds)
    return (PlanRuns(plan, plan.run(in: memory)), results)
  }

  private init<State, Output>(
    _ graph: TracedGraph, _ traced: Traced<State, Output>, _ arguments: CallArguments, _ inputLayout: LeafLayout, _ memory: PlanMemory,
    _ operators: Int, _ seconds: Double
  ) {
    (self.graph, self.inputLayout) = (graph, inputLayout)
    let signature = arguments.signature
    (isTraining, precision, state, input) = (signature.isTraining, signature.precision, signature.state, signature.input)
    made = (operators, seconds, memory.byteCount, memory.stepCount)
    let changes = traced.state.tensors.enumerated().compactMap { $1 == .input($0) ? nil : (place: $0, source: $1) }
    self.changes = changes
    (stateConstants, stateStreams) = (traced.state.constants, traced.state.streams)
    leavesChanges = !changes.isEmpty || stateStreams.enumerated().contains { $1 != .advanced($0, 0) }
    (output, advance) = (traced.output, traced.advance)
    usesStreams = memory.draws || !traced.state.streams.isEmpty || !traced.output.streams.isEmpty
    isMixed = !output.streams.isEmpty || output.tensors.contains { if case .result = $0 { false } else { true } }
    passesArguments = (output.tensors + changes.map(\.source)).contains { if case .input = $0 { true } else { false } }
    inputTensors = inputLayout.tensorOffsets.map { offsets in
      offsets.indices.map {
        TensorPlace(offset: offsets[$0], signature: signature.input.shapes[$0], isFrozen: signature.input.isFrozen[$0])
      }
    }
    let shell = traced.shell
    makeRun = { plan, memory, spares in TypedPlanRun(shell, plan, memory, spares) }
  }

  private func run(in memory: PlanMemory) -> PlanRun {
    makeRun(self, memory, changes.map { Tensor(hollow: state.shapes[$0.place].shape, state.shapes[$0.place].dtype) })
  }

  /// Memory for one more run, which another thread makes beside others; nil if the input is of another signature.
  func anotherRun(
    _ state: FlatLeaves, _ input: UnsafeMutableRawPointer, _ context: Context
  ) throws(TensorError) -> PlanRun? {
    let list = LeafList(inputLayout, input)
    if list.hasPlaceholders || list.signature != self.input { return nil }
    let (tensors, streams) = (state.tensors + list.tensors, state.streams + list.streams + [context.random])
    return run(in: try PlanMemory.made(graph, tensors, streams, weightCount: Plan.weightCount(isTraining: isTraining, self.state)).0)
  }

  /// How many of the first arguments are the same in most runs: a model's tensors while it answers.
  static func weightCount(isTraining: Bool, _ state: LeafSignature) -> Int { isTraining ? 0 : state.shapes.count }

  var description: String {
    let formulas = graph.nodes.compactMap(\.formula).filter { $0.count > 12 }.prefix(3).map { ", \($0)" }.joined()
    let time = (made.seconds * 1e5).rounded() / 100
    return "\(made.operators) operators, in the plan \(made.steps), \(made.byteCount) bytes, made in \(time) ms\(formulas)"
  }

  /// Which of the graph's outputs each tensor of the output is; nil for arguments and constants.
  var outputs: [Int?] { output.tensors.map { if case .result(let k) = $0 { k } else { nil } } }

  // MARK: Running

  /// Whether it is for this state and mode; with `keepsState` one that leaves another state will not do.
  @inline(__always)
  func fits(_ state: FlatLeaves, _ context: Context, keepsState: Bool) -> Bool {
    isTraining == context.isTraining && precision == context.precision && !(keepsState && leavesChanges) && state.isOf(self.state)
  }

  /// Runs the plan on a state of its signature and an input; false if that is of another signature.
  ///
  /// The output is then in the run, and what the state is to be as well.
  func compute(
    _ run: PlanRun, _ state: FlatLeaves, _ input: UnsafeMutableRawPointer, _ context: Context
  ) throws(TensorError) -> Bool {
    let memory = run.memory
    var streams: [RandomStream] = []
    if let inputTensors, bind(inputTensors, input, memory) {
      if usesStreams { streams = state.streams + [context.random] }
    } else {
      var bind = BindInput(signature: self.input, memory: memory, firstArgument: self.state.shapes.count)
      inputLayout.visit(input, &bind)
      if !bind.fits { return false }
      run.content.pointee.held = bind.held
      if usesStreams { streams = state.streams + bind.streams + [context.random] }
    }
    memory.weights.use(state.stamp)
    if run.content.pointee.stamp != state.stamp {
      memory.point(argumentsTo: state.tensors)
      run.content.pointee.stamp = state.stamp
    }
    for (i, change) in changes.enumerated() {
      guard case .result(let k) = change.source else { continue }
      if !run.content.pointee.spares[i].isHeldAlone {
        let signature = graph.values[graph.outputs[k]]
        run.content.pointee.spares[i] = try Tensor(uninitialized: signature.shape, signature.dtype)
      }
      memory.point(result: k, to: run.content.pointee.spares[i].pointer)
    }
    try run.prepareOutput(output.tensors)
    try memory.run(streams, context)
    if isMixed || leavesChanges {
      // Arguments that change places are all read before one is written.
      let arguments = passesArguments ? state.tensors + LeafList(inputLayout, input).tensors : []
      if isMixed { run.content.pointee.fill = fill(arguments, streams) }
      if leavesChanges { (run.content.pointee.arguments, run.content.pointee.streams) = (arguments, streams) }
    }
    if advance > 0 { context.random = context.random.advanced(by: advance) }
    return true
  }

  /// Points the plan's arguments to an input that is tensors alone; false if they are not what they have to be, or do not lie in order.
  @inline(__always)
  private func bind(_ tensors: [TensorPlace], _ input: UnsafeMutableRawPointer, _ memory: PlanMemory) -> Bool {
    let firstArgument = state.shapes.count
    for i in tensors.indices {
      let x = (input + tensors[i].offset).assumingMemoryBound(to: Tensor.self)
      guard x.pointee.isContiguous, x.pointee.hasElements, x.pointee.isFrozen == tensors[i].isFrozen,
        !tensors[i].signature.isOther(than: x.pointee)
      else { return false }
      memory.point(argument: firstArgument + i, to: x.pointee.pointer)
    }
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

  /// Changes the state to what a run leaves in it.
  func leave(_ run: PlanRun, in state: inout FlatLeaves) {
    FlatLeaves.own(&state)
    for (i, change) in changes.enumerated() {
      switch change.source {
      case .result: state.exchange(&run.content.pointee.spares[i], at: change.place)
      case .constant(let k): state.put(stateConstants[k], at: change.place)
      case .input(let k): state.put(run.content.pointee.arguments[k], at: change.place)
      }
    }
    for (i, source) in stateStreams.enumerated() where source != .advanced(i, 0) {
      state.put(source.stream(of: run.content.pointee.streams), at: i)
    }
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
