import Fluxion

/// One line of the benchmark: a name, a job, and what the job is held against.
///
/// Rows that the peers have too carry their names and do what they do: `kernel/…`, `train/…`, `infer/…`.
struct Row {
  /// `kernel/matmul/1024`: one name, one job, whichever engine does it.
  let name: String
  /// What one call computes or moves, where a rate says something.
  var work: Work?
  /// The row that measures what this one could reach at best, `cblas/matmul/1024`; it does work of the same kind.
  var limit: String?
  /// What DESIGN.md §5 allows the row, if it says something about it.
  var budget: Budget?
  /// Makes the inputs and takes the measurement, the clock running for the job alone.
  let measure: () -> Measurement
  /// Makes the inputs and gives the job, for what is asked beside its time; nil where the row is no such thing.
  var prepare: (() -> Job)?
  /// The same job another way: `compiled/…`.
  var others: [Row] = []
}

/// What a row times.
struct Job {
  /// One call.
  let call: () -> Void
  /// What came of the calls so far: a model's parameters, or the result of one call more.
  let outcome: () -> [Tensor]

  func callAsFunction() { call() }
}

/// What a row measured.
enum Measurement {
  /// Seconds a call, of the fastest batch of calls.
  case time(Double)
  /// Bytes that memory grew by.
  case growth(Int)
}

/// What one call of a row does.
enum Work {
  /// Additions and multiplications of floating-point numbers.
  case operations(Double)
  /// Bytes read and written, each operand and result once.
  case bytes(Double)

  /// The work of `batch` products of [m, k] and [k, n].
  static func product(_ m: Int, _ n: Int, _ k: Int, batch: Int = 1) -> Work {
    .operations(2 * Double(m) * Double(n) * Double(k) * Double(batch))
  }

  /// The work of reading and writing so many float32.
  static func floats(_ count: Int) -> Work { .bytes(4 * Double(count)) }

  /// Operations or bytes.
  var amount: Double {
    switch self {
    case .operations(let amount), .bytes(let amount): amount
    }
  }

  /// How operations or bytes a second are called, in thousand millions.
  var unit: String {
    switch self {
    case .operations: "GFLOP/s"
    case .bytes: "GB/s"
    }
  }
}

/// What DESIGN.md §5 allows a row.
enum Budget {
  /// So many seconds.
  case seconds(Double)
  /// 3 % more than the limit's time, and 200 ns: a matrix product beside the raw CBLAS call.
  case rawCall
  /// The time that 80 % of the limit's rate takes: a pass over memory beside a plain copy of the same bytes.
  case mostOfCopy
  /// The time of the fastest peer.
  case fastestPeer
  /// The time of the limit, which is the same job operator by operator.
  case eager
  /// No growth of memory.
  case noGrowth

  /// The seconds that are allowed to a row whose limit, for the same work, takes `limit` and whose fastest peer takes `peer`.
  func allowed(limit: Double?, peer: Double?) -> Double? {
    switch self {
    case .seconds(let seconds): seconds
    case .rawCall: limit.map { $0 * 1.03 + 200e-9 }
    case .mostOfCopy: limit.map { $0 / 0.8 }
    case .fastestPeer: peer
    case .eager: limit
    case .noGrowth: nil
    }
  }
}

extension Row {
  /// A row that times calls of what `prepare` gives; `prepare` itself, which makes the inputs, is outside the clock.
  static func timed<R>(
    _ name: String, _ work: Work? = nil, limit: String? = nil, budget: Budget? = nil, _ prepare: @escaping () -> () -> R
  ) -> Row {
    timed(
      name, work, limit: limit, budget: budget,
      leaving: {
        let job = prepare()
        return (job, { (job() as? Tensor).map { [$0] } ?? [] })
      })
  }

  /// The same of a job that leaves something behind.
  static func timed<R>(
    _ name: String, _ work: Work? = nil, limit: String? = nil, budget: Budget? = nil,
    leaving prepare: @escaping () -> (call: () -> R, outcome: () -> [Tensor])
  ) -> Row {
    let measure = {
      let job = prepare().call
      return Measurement.time(Timer.best { consume(job()) })
    }
    return Row(name: name, work: work, limit: limit, budget: budget, measure: measure) {
      let (job, outcome) = prepare()
      return Job(call: { consume(job()) }, outcome: outcome)
    }
  }
}

/// The rows whose names contain one of some texts, all if there are none; each text must stand in a name.
func selected(_ texts: [String], of rows: [Row]) throws -> [Row] {
  for text in texts where !rows.contains(where: { $0.name.contains(text) }) {
    try Subprocess.stop("no row's name contains '\(text)'; --list shows the names")
  }
  return rows.filter { row in texts.isEmpty || texts.contains { row.name.contains($0) } }
}

/// Every row, in the order they are measured in: each after its limit.
func allRows() -> [Row] {
  operatorRows().flatMap { [$0] + $0.others }
}

private func operatorRows() -> [Row] {
  elementwiseRows() + customRows() + productRows() + layoutRows() + broadcastRows() + shortRows() + imageRows() + channelRows()
    + visionRows() + decompositionRows() + fourierRows() + wideRows() + trainRows() + imageModelRows() + recurrenceRows() + languageRows()
    + optimizerRows() + lossRows() + overheadRows() + servingRows() + processRows()
}
