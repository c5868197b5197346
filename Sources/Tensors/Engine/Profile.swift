/// Runs `body` and takes down what its operators do: their time, calls, bytes and multiply-adds, by operator and by model part.
///
///     let (loss, profile) = profile {
///       let (loss, gradient) = valueAndGradient(at: &model) { model in crossEntropy(model(x), y) }
///       optimizer.update(&model, along: gradient)
///       return loss
///     }
///     print(times)                                  // tables by operator and by part
///     try times.writeTrace(to: "trace.json")        // for Perfetto or chrome://tracing
///
/// The operators are those of the thread that runs `body`: forward, backward, and optimizers' steps. Nothing is slower where there is no
/// profile. The first step of a model makes what later ones find made; a few steps before tell of the steady state. Calls may be nested:
/// what an inner one saw belongs to the outer one, too.
public func profile<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> (result: R, profile: Profile) {
  let context = Context.current
  let outer = context.profiler
  let profiler = outer ?? Profiler()
  context.profiler = profiler
  defer { context.profiler = outer }
  let (first, overhead, start) = (profiler.events.count, profiler.overhead, Profiler.now)
  let result = try body()
  let end = Profiler.now
  return (result, Profile(profiler, since: first, start...end, overhead: profiler.overhead - overhead))
}

/// What operators did inside of ``profile(_:)``.
public struct Profile: Sendable {
  /// What an operator ran for.
  public enum Phase: String, Sendable, Hashable, CaseIterable {
    /// Whatever is not one of the others.
    case forward
    /// A gradient rule.
    case backward
    /// An optimizer's step.
    case update
  }

  /// The figures of some uses of operators.
  public struct Row: Sendable, Hashable {
    /// The operator; empty where the row is of all.
    public internal(set) var operation: String
    /// The model part, `layers.1 (Dense)`; empty outside of models, and where the row is of all parts.
    public internal(set) var part: String
    /// What the operators ran for.
    public internal(set) var phase: Phase
    /// How many operators ran.
    public internal(set) var calls = 0
    /// The time that they took.
    public internal(set) var seconds = 0.0
    /// Bytes that they read and wrote at least, each operand and result once; none for a view.
    public internal(set) var bytes = 0
    /// Products of two numbers that were added up: matrix products, convolutions, and what is made of them.
    public internal(set) var multiplyAdds = 0

    /// Floating-point operations a second, two for each multiply-add.
    public var flops: Double { seconds > 0 ? 2 * Double(multiplyAdds) / seconds : 0 }
    /// Bytes a second.
    public var bandwidth: Double { seconds > 0 ? Double(bytes) / seconds : 0 }
  }

  struct Event: Sendable {
    var row: Int
    var start: UInt64
    var end: UInt64
    var liveBytes: Int
  }

  /// The time of the whole, the profiler's own work left out.
  public let seconds: Double
  /// Figures by operator, part and phase; what took the most time stands first.
  public let rows: [Row]
  /// Every use of an operator, in order; times in nanoseconds since the beginning.
  let events: [Event]

  init(_ profiler: Profiler, since first: Int, _ span: ClosedRange<UInt64>, overhead: UInt64) {
    var rows = profiler.kinds.map { Row(operation: $0.operation, part: profiler.parts[Int($0.part)], phase: $0.phase) }
    for event in profiler.events[first...] {
      rows[event.kind].calls += 1
      rows[event.kind].seconds += Double(event.end - event.start) * 1e-9
      rows[event.kind].bytes += event.bytes
      rows[event.kind].multiplyAdds += event.multiplyAdds
    }
    let order = rows.indices.filter { rows[$0].calls > 0 }.sorted { rows[$0].seconds > rows[$1].seconds }
    var places = [Int](repeating: 0, count: rows.count)
    for (place, kind) in order.enumerated() { places[kind] = place }
    self.rows = order.map { rows[$0] }
    let start = span.lowerBound
    events = profiler.events[first...].map {
      Event(row: places[$0.kind], start: $0.start - start, end: $0.end - start, liveBytes: $0.liveBytes)
    }
    seconds = Double(span.upperBound - start - overhead) * 1e-9
  }

  /// Figures by operator and phase.
  public var operators: [Row] { merged { Row(operation: $0.operation, part: "", phase: $0.phase) } }
  /// Figures by model part and phase.
  public var parts: [Row] { merged { Row(operation: "", part: $0.part, phase: $0.phase) } }
  /// The time between operators: Swift code, the tape, and tensors made and let go of.
  public var secondsBetween: Double { max(0, seconds - rows.reduce(0) { $0 + $1.seconds }) }

  private func merged(_ key: (Row) -> Row) -> [Row] {
    var sums: [Row: Row] = [:]
    for row in rows {
      let key = key(row)
      var sum = sums[key] ?? key
      sum.calls += row.calls
      sum.seconds += row.seconds
      sum.bytes += row.bytes
      sum.multiplyAdds += row.multiplyAdds
      sums[key] = sum
    }
    return sums.values.sorted { ($0.seconds, $0.operation, $0.part) > ($1.seconds, $1.operation, $1.part) }
  }
}
