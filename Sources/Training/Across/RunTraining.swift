import Data
import Models
import Optimizers
import Tensors

/// A whole run on several processes, which begin alike: the first one has the directory of checkpoints, and the others its run.
func runTraining<M: Model, O: Optimizer, Batch>(
  _ model: inout M, _ optimizer: inout O, _ source: BatchSource<Batch>, validation: BatchSource<Batch>?, seed: UInt64?,
  _ settings: TrainingSettings<M>, across exchange: any GradientExchange, step: @escaping (inout M, Batch) throws -> Losses,
  validationStep: @escaping (M, Batch) throws -> Losses
) throws -> History {
  let outer = randomStreamInForce
  defer { randomStreamInForce = outer }
  do {
    let history = try trainTogether(
      &model, &optimizer, source, validation: validation, seed: seed, settings, across: exchange, step: step,
      validationStep: validationStep)
    if hasFailed { exchange.report("fit: a mistake in the program, in a checked scope") }
    return history
  } catch {
    // What all processes find at once each of them throws by itself.
    if !(error is TrainingError) && !(error is StartDifference) { exchange.report("\(error)") }
    throw error
  }
}

private func trainTogether<M: Model, O: Optimizer, Batch>(
  _ model: inout M, _ optimizer: inout O, _ source: BatchSource<Batch>, validation: BatchSource<Batch>?, seed: UInt64?,
  _ settings: TrainingSettings<M>, across exchange: any GradientExchange, step: @escaping (inout M, Batch) throws -> Losses,
  validationStep: @escaping (M, Batch) throws -> Losses
) throws -> History {
  let (schedule, remark) = settings.fittedSchedule(batches: source.count)
  if hasFailed { return History() }
  var check = StartCheck()
  check.add("seed", seed.map { "seed \($0)" } ?? "no seed")
  check.add("shards", "\(exchange.shards) shards of a batch")
  check.add("order of the data", source.order)
  check.add("order of the validation data", validation?.order ?? "no validation data")
  check.add("run", settings.summary)
  var (settled, settingsOfOptimizer) = (optimizer, StateVisitor())
  settingsOfOptimizer.part(&settled, "\(O.self)")
  for (name, value) in settingsOfOptimizer.values.sorted(by: { $0.key < $1.key }) { check.add(name, value) }
  check.add(model)
  try source.describe?(&check)
  try validation?.describe?(&check)
  try check.compare(across: exchange)

  // Only one process has the directory, which may be on its machine alone.
  let directory = try exchange.rank == 0 ? settings.checkpoints.map { try CheckpointDirectory($0, keep: settings.keep) } : nil
  let lock = try directory.map { directory throws(DataError) in try DirectoryLock(directory.path) }
  defer { lock?.release() }
  if let directory, !settings.resume, try directory.hasCheckpoints() {
    throw DataError(
      file: directory.path, message: "has checkpoints of an earlier run; resume: true goes on with it, another directory begins anew")
  }
  let newest = try directory?.newestWhole()
  return try withUnsafeMutablePointer(to: &model) { pointer in
    // Not given, it is the one that the first process draws.
    var seed = seed
    if seed == nil {
      var writer = ByteWriter()
      var stream = currentRandomStream()
      writer.int(Int(bitPattern: UInt(stream.next())))
      var reader = ByteReader(try exchange.broadcast(writer.bytes))
      seed = UInt64(UInt(bitPattern: try reader.int()))
    }
    randomStreamInForce = RandomStream(seed: mix(seed ?? 0, 0))
    // Moved in and out: were it held twice, each parameter would be copied.
    var run = TrainingState(pointer.move(), optimizer, schedule: schedule, earlyStopping: settings.earlyStopping, seed: seed)
    defer {
      pointer.initialize(to: run.model)
      optimizer = run.optimizer
    }
    run.precision = settings.precision
    run.metrics = settings.metrics ?? []
    for i in run.metrics.indices { run.metrics[i].reset() }
    run.hasAutomaticMetrics = settings.metrics == nil
    try run.begin(source, from: newest?.file, strict: settings.strict)
    for remark in newest?.remarks ?? [] { run.remark(remark) }
    if let remark, exchange.rank == 0 { run.remark(remark) }
    if newest != nil { try directory?.mark(run) }
    try run.share(isResumed: newest != nil, settings, across: exchange)
    let training = TrainingRun(source, validation: validation, settings, directory, step: step, validationStep: validationStep)
    try training.train(&run)
    if exchange.sharesOptimizerState, !hasFailed { try run.gatherOptimizerState(across: exchange) }
    return run.history
  }
}

extension TrainingState {
  /// Gives the run that the first process has taken up to the others.
  fileprivate mutating func share(isResumed: Bool, _ settings: TrainingSettings<M>, across exchange: any GradientExchange) throws {
    if settings.checkpoints == nil || exchange.count == 1 { return }
    var writer = ByteWriter()
    if exchange.rank == 0 {
      writer.int(isResumed ? 1 : 0)
      if isResumed {
        var (copy, visitor) = (self, StateVisitor())
        copy.visitState(&visitor)
        writer.state(visitor)
      }
    }
    var reader = ByteReader(try exchange.broadcast(writer.bytes))
    if exchange.rank > 0, try reader.int() == 1 { try restore(from: try reader.state()) }
  }
}

extension TrainingSettings {
  /// What has to be the same on all processes, in words.
  fileprivate var summary: String {
    let figures = metrics.map { $0.map(\.name).joined(separator: ", ") } ?? "automatic"
    return "\(epochs) epochs, metrics \(figures), gradients of \(accumulate) batches, clip \(clip.map { "\($0)" } ?? "none"), "
      + "schedule \(schedule.map { "\($0)" } ?? "none"), \(checkpoints == nil ? "no checkpoints" : "checkpoints") every \(interval), "
      + "validation every \(validateEvery), \(callbacks.count) callbacks"
      + (precision == .float32 ? "" : ", precision \(precision)")
  }
}
