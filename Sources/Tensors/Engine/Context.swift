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
final class Context {
  /// The tape that operators append to, if a gradient is being taken.
  var tape: Tape?
  /// How many `gradient` calls are open on this thread.
  var depth = 0
  /// Set by `withMode`; otherwise training inside a gradient, inference outside.
  var mode: Mode?
  /// How many `checked` scopes are open.
  var checkedDepth = 0
  /// The first mistake in the innermost `checked` scope; while it is set operators do nothing.
  var failure: TensorError? {
    didSet { hasFailed = failure != nil }
  }
  /// Whether there is one: what every operator asks, without looking into the optional.
  private(set) var hasFailed = false
  /// Nothing records, nothing was wrong, nobody watches: the door has nothing to do but to run the kernel.
  @inline(__always) var isPlain: Bool { tape == nil && !hasFailed && !isObserved }
  /// Operators compute shapes and no values.
  var isDry = false {
    didSet { isObserved = isDry || profiler != nil }
  }
  /// Takes down what operators do, inside of ``profile(_:)``.
  var profiler: Profiler? {
    didSet {
      isObserved = isDry || profiler != nil
      isLabelled = labels != nil || profiler != nil
    }
  }
  /// Whether it is one of the two: one flag, so that a profiler costs nothing where there is none.
  private(set) var isObserved = false
  /// The model parts being called, outermost first.
  var path: [PathComponent] = []
  /// The names of a model's parts, while a run on shapes alone goes through them.
  var labels: PartLabels? {
    didSet { isLabelled = labels != nil || profiler != nil }
  }
  /// Whether parts are to tell when they are entered: what every layer asks, without taking hold of the labels or the profiler.
  private(set) var isLabelled = false
  /// Finds the part where a mistake happened that the parts being called do not tell.
  var locate: ((TensorError) -> String)?
  /// Whose parameters the variables of the innermost gradient call are.
  var variables: (any VariableNames)?
  /// The stream that initialisers and creators draw from where none is given.
  var random = RandomStream.ofSystem()
  /// Memory for the blocks of element-wise programs.
  var scratch = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  /// Memory for the panels of a matrix product, which may run while a block's memory is in use.
  private var panelMemory = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  deinit {
    scratch.deallocate()
    panelMemory.deallocate()
  }

  /// At least `byteCount` bytes that stay valid until the next call on this thread.
  func scratch(_ byteCount: Int) -> UnsafeMutableRawPointer {
    if scratch.count < max(1, byteCount) {
      scratch.deallocate()
      scratch = .allocate(byteCount: max(byteCount, 64 << 10), alignment: 64)
    }
    return scratch.baseAddress!
  }

  /// At least `byteCount` bytes for a matrix product.
  func panels(_ byteCount: Int) -> UnsafeMutableRawPointer {
    if panelMemory.count < byteCount {
      panelMemory.deallocate()
      panelMemory = .allocate(byteCount: max(byteCount, 64 << 10), alignment: 64)
    }
    return panelMemory.baseAddress!
  }

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key) { pointer in
      #if canImport(Darwin)
        Unmanaged<Context>.fromOpaque(pointer).release()
      #else
        if let pointer { Unmanaged<Context>.fromOpaque(pointer).release() }
      #endif
    }
    return key
  }()

  /// This thread's context.
  @inline(__always)
  static var current: Context {
    if let pointer = pthread_getspecific(key) { return Unmanaged<Context>.fromOpaque(pointer).takeUnretainedValue() }
    return create()
  }

  @inline(never)
  private static func create() -> Context {
    let context = Context()
    pthread_setspecific(key, Unmanaged.passRetained(context).toOpaque())
    return context
  }

  var isTraining: Bool { (mode ?? (depth > 0 ? .training : .inference)) == .training }
}

/// Runs `body` in a mode of its own; without it the mode is training inside a gradient and inference outside.
public func withMode<R, E: Error>(_ mode: Mode, _ body: () throws(E) -> R) throws(E) -> R {
  let context = Context.current
  let outer = context.mode
  context.mode = mode
  defer { context.mode = outer }
  return try body()
}

/// The mode of the code that is running: training inside a gradient, inference outside, unless ``withMode(_:_:)`` says otherwise.
public var currentMode: Mode { Context.current.isTraining ? .training : .inference }
