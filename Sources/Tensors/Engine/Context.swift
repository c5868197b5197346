import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Whether a model trains (dropout drops, statistics are gathered) or answers.
public enum Mode: Sendable { case training, inference }

/// What a thread is in the middle of: the tape it records on, its mode, its error scope, its random stream.
///
/// A handle on memory that is the thread's own, and no object: every operator asks for it, and counting references to it would cost each of
/// them some 15 ns.
struct Context {
  private let state: UnsafeMutablePointer<ContextState>

  /// The tape that operators append to, if a gradient is being taken.
  var tape: Tape? {
    get { state.pointee.tape }
    nonmutating set { state.pointee.tape = newValue }
  }
  /// That tape's number, 0 without one: what every operator asks, without taking hold of the tape.
  @inline(__always) var tapeID: UInt64 { state.pointee.tapeID }
  /// How many `gradient` calls are open on this thread.
  var depth: Int {
    get { state.pointee.depth }
    nonmutating set { state.pointee.depth = newValue }
  }
  /// Set by `withMode`; otherwise training inside a gradient, inference outside.
  var mode: Mode? {
    get { state.pointee.mode }
    nonmutating set { state.pointee.mode = newValue }
  }
  /// What products of float32 compute in, set by `withPrecision`.
  var precision: ProductPrecision {
    get { state.pointee.precision }
    nonmutating set {
      if newValue != .float32 { ProductPrecision.isUsed.store(true, ordering: .relaxed) }
      state.pointee.precision = newValue
    }
  }
  /// Whether that is another dtype than theirs: what every operator asks.
  @inline(__always) var changesPrecision: Bool { state.pointee.precision != .float32 }
  /// Whether the kernel that is running rounds factors of products to bfloat16.
  @inline(__always) var roundsProducts: Bool { state.pointee.roundsProducts }
  /// Runs a kernel whose products round factors, or do not.
  func roundingProducts<R, E: Error>(_ rounds: Bool, _ body: () throws(E) -> R) throws(E) -> R {
    let outer = state.pointee.roundsProducts
    if rounds { ProductPrecision.isUsed.store(true, ordering: .relaxed) }
    state.pointee.roundsProducts = rounds
    defer { state.pointee.roundsProducts = outer }
    return try body()
  }
  /// How many `checked` scopes are open.
  var checkedDepth: Int {
    get { state.pointee.checkedDepth }
    nonmutating set { state.pointee.checkedDepth = newValue }
  }
  /// The first mistake in the innermost `checked` scope; while it is set operators do nothing.
  var failure: TensorError? {
    get { state.pointee.failure }
    nonmutating set { state.pointee.failure = newValue }
  }
  /// Whether there is one: what every operator asks, without looking into the optional.
  @inline(__always) var hasFailed: Bool { state.pointee.hasFailed }
  /// Operators compute shapes and no values.
  var isDry: Bool {
    @inline(__always) get { state.pointee.isDry }
    nonmutating set { state.pointee.isDry = newValue }
  }
  /// Takes down what operators do, inside of ``profile(_:)``.
  var profiler: Profiler? {
    get { state.pointee.profiler }
    nonmutating set { state.pointee.profiler = newValue }
  }
  /// Takes down operators as a graph, while a function is traced; see ``Tracer``.
  var tracer: Tracer? {
    get { state.pointee.tracer }
    nonmutating set { state.pointee.tracer = newValue }
  }
  /// Whether there is one.
  @inline(__always) var isTracing: Bool { state.pointee.tracer != nil }
  /// Where a compiled plan's operators get their memory from; nil where they ask the pool.
  var allocations: PlannedAllocations? {
    get { state.pointee.allocations }
    nonmutating set { state.pointee.allocations = newValue }
  }
  /// Whether one of those sees operators run: one flag, so that a profiler costs nothing where there is none.
  @inline(__always) var isObserved: Bool { state.pointee.isObserved }
  /// What is differentiated, told shapes or taken down, and what comes after a mistake, is a compiled function itself and no plan of it.
  @inline(__always) var runsFunctions: Bool {
    state.pointee.tapeID != 0 || state.pointee.hasFailed || state.pointee.isObserved && (isDry || isTracing)
  }
  /// Nothing records, nothing was wrong, nobody watches: the door has nothing to do but to run the kernel.
  ///
  /// Given the tapes that the operands have stood on, none of which may be another thread's that is open.
  @inline(__always) func isPlain(_ tapes: UInt64) -> Bool {
    state.pointee.tapeID == 0 && !state.pointee.hasFailed && !state.pointee.isObserved && (tapes == 0 || !Tape.isOpenElsewhere(0))
  }
  /// The same for a product, which has to look at the precision that is in force.
  @inline(__always) func isPlainProduct(_ tapes: UInt64) -> Bool { isPlain(tapes) && !changesPrecision }
  /// Where this thread says which tape it records on, for the others; nil before its first gradient call.
  var openTape: UnsafeMutablePointer<Atomic<UInt64>>? {
    get { state.pointee.openTape }
    nonmutating set { state.pointee.openTape = newValue }
  }
  /// The model parts being called, outermost first.
  var path: [PathComponent] {
    get { state.pointee.path }
    nonmutating _modify { yield &state.pointee.path }
  }
  /// The names of a model's parts, while a run on shapes alone goes through them.
  var labels: PartLabels? {
    get { state.pointee.labels }
    nonmutating set { state.pointee.labels = newValue }
  }
  /// Whether parts are to tell when they are entered: what every layer asks, without taking hold of the labels or the profiler.
  @inline(__always) var isLabelled: Bool { state.pointee.isLabelled }
  /// Finds the part where a mistake happened that the parts being called do not tell.
  var locate: ((TensorError) -> String)? {
    get { state.pointee.locate }
    nonmutating set { state.pointee.locate = newValue }
  }
  /// Whose parameters the variables of the innermost gradient call are.
  var variables: (any VariableNames)? {
    get { state.pointee.variables }
    nonmutating set { state.pointee.variables = newValue }
  }
  /// The stream that initialisers and creators draw from where none is given.
  var random: RandomStream {
    get {
      seedAgain()
      return state.pointee.random
    }
    nonmutating _modify {
      seedAgain()
      yield &state.pointee.random
    }
  }

  /// Takes a new stream if the program was seeded since the last draw.
  private func seedAgain() {
    if state.pointee.randomGeneration == ProgramSeed.generation.load(ordering: .relaxed) { return }
    let (stream, generation) = ProgramSeed.stream()
    seed(stream, generation)
  }

  /// Draws from a stream from now on.
  func seed(_ stream: RandomStream, _ generation: Int) {
    state.pointee.random = stream
    state.pointee.randomGeneration = generation
  }

  /// At least `byteCount` bytes for the blocks of element-wise programs, which stay valid until the next call on this thread.
  func scratch(_ byteCount: Int) throws(TensorError) -> UnsafeMutableRawPointer { try state.pointee.scratch.room(byteCount) }

  /// At least `byteCount` bytes for the panels of a matrix product, which may run while a block's memory is in use.
  func panels(_ byteCount: Int) throws(TensorError) -> UnsafeMutableRawPointer { try state.pointee.panels.room(byteCount) }

  /// What a tensor without elements refers to, kept for the next of its kind; see ``Body/outline(_:_:)``.
  @inline(__always)
  func outline(_ place: Int) -> UnsafeMutablePointer<Body?> { state.pointee.outlines + place }

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key) { pointer in
      #if canImport(Darwin)
        destroy(pointer)
      #else
        if let pointer { destroy(pointer) }
      #endif
    }
    return key
  }()

  /// This thread's context.
  @inline(__always)
  static var current: Context {
    if let pointer = pthread_getspecific(key) { return Context(state: pointer.assumingMemoryBound(to: ContextState.self)) }
    return create()
  }

  @inline(never)
  private static func create() -> Context {
    let state = UnsafeMutablePointer<ContextState>.allocate(capacity: 1)
    state.initialize(to: ContextState())
    pthread_setspecific(key, state)
    return Context(state: state)
  }

  private static func destroy(_ pointer: UnsafeMutableRawPointer) {
    let state = pointer.assumingMemoryBound(to: ContextState.self)
    if let place = state.pointee.openTape { Tape.giveBack(place) }
    state.pointee.scratch.deallocate()
    state.pointee.panels.deallocate()
    state.pointee.outlines.deinitialize(count: Body.outlineCount).deallocate()
    state.deinitialize(count: 1).deallocate()
  }

  var isTraining: Bool { (mode ?? (depth > 0 ? .training : .inference)) == .training }
}

/// The memory behind a ``Context``, whose properties these are.
private struct ContextState {
  var tape: Tape? {
    didSet { tapeID = tape?.id ?? 0 }
  }
  private(set) var tapeID: UInt64 = 0
  var openTape: UnsafeMutablePointer<Atomic<UInt64>>?
  var depth = 0
  var mode: Mode?
  var precision = ProductPrecision.float32
  var roundsProducts = false
  var checkedDepth = 0
  var failure: TensorError? {
    didSet { hasFailed = failure != nil }
  }
  private(set) var hasFailed = false
  var isDry = false {
    didSet { isObserved = isDry || profiler != nil || tracer != nil }
  }
  var allocations: PlannedAllocations?
  var tracer: Tracer? {
    didSet { isObserved = isDry || profiler != nil || tracer != nil }
  }
  var profiler: Profiler? {
    didSet {
      isObserved = isDry || profiler != nil || tracer != nil
      isLabelled = labels != nil || profiler != nil
    }
  }
  private(set) var isObserved = false
  var path: [PathComponent] = []
  var labels: PartLabels? {
    didSet { isLabelled = labels != nil || profiler != nil }
  }
  private(set) var isLabelled = false
  var locate: ((TensorError) -> String)?
  var variables: (any VariableNames)?
  var random: RandomStream
  var randomGeneration: Int
  var scratch = Room()
  var panels = Room()
  let outlines: UnsafeMutablePointer<Body?>

  init() {
    (random, randomGeneration) = ProgramSeed.stream()
    outlines = .allocate(capacity: Body.outlineCount)
    outlines.initialize(repeating: nil, count: Body.outlineCount)
  }

  /// Memory that grows with what is asked of it.
  struct Room {
    private var memory: UnsafeMutableRawPointer?
    private var capacity = 0

    @inline(__always)
    mutating func room(_ byteCount: Int) throws(TensorError) -> UnsafeMutableRawPointer {
      if let memory, byteCount <= capacity { return memory }
      return try grow(max(byteCount, 64 << 10))
    }

    @inline(never)
    private mutating func grow(_ byteCount: Int) throws(TensorError) -> UnsafeMutableRawPointer {
      deallocate()
      (memory, capacity) = (nil, 0)
      let fresh = try MemoryPool.shared.room(byteCount)
      (memory, capacity) = (fresh, byteCount)
      return fresh
    }

    func deallocate() {
      if let memory { SystemMemory.free(memory, capacity) }
    }
  }
}

/// Runs `body` in a mode of its own; without it the mode is training inside a gradient and inference outside.
public func withMode<R, E: Error>(_ mode: Mode, _ body: () throws(E) -> R) throws(E) -> R {
  let context = Context.current
  let outer = context.mode
  context.mode = mode
  defer { context.mode = outer }
  return try body()
}

/// Changes the mode, and gives what it was: ``withMode(_:_:)`` where a closure of a type that is not known costs too much.
package func exchangeMode(_ mode: Mode?) -> Mode? {
  let context = Context.current
  let outer = context.mode
  context.mode = mode
  return outer
}

/// The mode of the code that is running: training inside a gradient, inference outside, unless ``withMode(_:_:)`` says otherwise.
public var currentMode: Mode { Context.current.isTraining ? .training : .inference }
