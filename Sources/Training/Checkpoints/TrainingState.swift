import Data
import Models
import Optimizers
import Tensors

/// A training run at one moment, all of it: what a checkpoint holds.
///
///     var run = TrainingState(model, Adam(learningRate: 1e-3), seed: 7)
///     if FileManager.default.fileExists(atPath: path) { try run.load(from: path) }
///     let loader = DataLoader(digits, batchSize: 64, shuffle: true, seed: run.seed)
///     while run.epoch < 10 {
///       for (x, y) in loader.pass(run.epoch, from: run.batch) {
///         let (loss, gradient) = valueAndGradient(at: &run.model) { model in crossEntropy(model(x), y) }
///         run.optimizer.update(&run.model, along: gradient)
///         run.advance(loss: loss.item())
///         if run.step.isMultiple(of: 500) { try run.save(to: path) }
///       }
///       run.endEpoch()
///     }
///
/// Steps, a save, a new process, a load and the other steps give the bits that all steps in one process give: beside the model with its
/// buffers, hidden values and random streams, and the optimizer's and schedule's memory, a checkpoint has the stream of random numbers in force
/// (see ``withSeed(_:_:)``) and the place in the data. `fit(checkpoints:)` keeps one of these.
public struct TrainingState<M: Model, O: Optimizer>: Resumable, Sendable {
  /// What is trained.
  public var model: M
  /// What trains it.
  public var optimizer: O
  /// What the optimizer's learning rate follows, if anything.
  public var schedule: (any Schedule)?
  /// When training ends before its time, if ever.
  public var earlyStopping: EarlyStopping?
  /// What the orders of the data follow from.
  public var seed: UInt64
  /// How many passes over the data are finished.
  public private(set) var epoch = 0
  /// How many batches of the pass after them are finished.
  public private(set) var batch = 0
  /// How many steps were made.
  public private(set) var step = 0
  /// What the run went through.
  public package(set) var history = History()

  /// The figures of the pass that is under way.
  var mean = RunningMean()
  /// The seconds that it has taken.
  var seconds = 0.0
  /// How the data are gone through, in words; a run that is taken up again has to go through the same.
  var order = ""
  /// The best figure that an epoch ended with, and the step it was at.
  var best: Double?
  var bestStep = 0
  /// The stream in force, while a checkpoint is read.
  private var random = RandomStream(seed: 0)

  /// A run before its first step; a seed that is not given is drawn from the stream in force.
  public init(_ model: M, _ optimizer: O, schedule: (any Schedule)? = nil, earlyStopping: EarlyStopping? = nil, seed: UInt64? = nil) {
    self.model = model
    self.optimizer = optimizer
    self.schedule = schedule
    self.earlyStopping = earlyStopping
    var stream = RandomStream(seed: 0)
    if seed == nil { stream = currentRandomStream() }
    self.seed = seed ?? stream.next()
  }

  /// A step is made, and with it a batch of the pass.
  public mutating func advance(loss: Double? = nil) {
    step += 1
    batch += 1
    if let loss { history.stepLosses.append(loss) }
  }

  /// A pass is finished.
  public mutating func endEpoch() {
    epoch += 1
    batch = 0
  }

  /// Everything but the types, which the program has.
  public mutating func visitState(_ visitor: inout StateVisitor) {
    // The model first: the optimizer's state has to fit it.
    visitor.model(&model, CheckpointKeys.model)
    visitor.part(&optimizer, "optimizer")
    if var schedule {
      visitor.part(&schedule, "schedule")
      self.schedule = schedule
    }
    if var stopping = earlyStopping {
      visitor.part(&stopping, "earlyStopping")
      earlyStopping = stopping
    }
    if !visitor.isRestoring { random = randomStreamInForce }
    visitor.stream(&random, "random")
    visitor.value(&seed, "seed")
    visitor.value(&order, "order")
    visitor.part(&history, "history")
    visitCounts(&visitor)
  }

  private mutating func visitCounts(_ visitor: inout StateVisitor) {
    func count(_ value: inout Int, _ name: String, _ visitor: inout StateVisitor) {
      visitor.value(&value, name)
      if value < 0 { visitor.refuse(name, "\(value); 0 or more would fit") }
    }
    count(&epoch, "epoch", &visitor)
    count(&batch, "batch", &visitor)
    count(&step, "step", &visitor)
    count(&bestStep, "bestStep", &visitor)
    visitor.part(&mean, "mean")
    visitor.value(&seconds, "seconds")
    var bests = best.map { [$0] } ?? []
    visitor.list(&bests, "best", blank: 0) { $2.value(&$0, $1) }
    best = bests.first
  }

  // MARK: Files

  /// Writes the run as one safetensors file; the path holds the old file or the whole new one at every moment.
  ///
  /// Throws the path and the reason if it cannot be written.
  public func save(to path: String) throws(DataError) {
    if hasFailed { return }
    var copy = self
    var visitor = StateVisitor()
    copy.visitState(&visitor)
    if hasFailed { return }
    try SafetensorsFile.write(visitor.tensors, metadata: visitor.values.merging(kinds) { $1 }, to: path)
  }

  /// Takes up the run that was written.
  ///
  /// Model, optimizer, schedule and early stopping have to be of the kinds that were written; their settings become what they were. Throws a
  /// ``DataError`` if the file is damaged or of a run of another kind, and a ``LoadError`` if it does not fit this model; everything is then
  /// as it was.
  public mutating func load(from path: String) throws {
    if hasFailed { return }
    self = try read(path)
    randomStreamInForce = random
  }

  /// The run that was written, in the types of this one.
  private func read(_ path: String) throws -> TrainingState {
    let file = try SafetensorsFile(path)
    guard file.metadata[CheckpointKeys.format] != nil else {
      throw DataError(file: path, message: "no checkpoint of a training run; weights alone are for the model's own load(from:)")
    }
    for (name, kind) in kinds.sorted(by: { $0.key < $1.key }) where file.metadata[name] != kind {
      let field = String(name.dropFirst(CheckpointKeys.prefix.count))
      throw DataError(
        file: path, field: field, message: "\((file.metadata[name] ?? "none").prefix(80)), and that of this run is \(kind)")
    }
    var copy = self
    var visitor = StateVisitor(restoring: file)
    copy.visitState(&visitor)
    try visitor.finish("this run of \(M.self)")
    return copy
  }

  /// What has to be the same in the program, by name.
  private var kinds: [String: String] {
    [
      CheckpointKeys.format: "1", CheckpointKeys.prefix + "optimizer": "\(O.self)",
      CheckpointKeys.prefix + "schedule": schedule.map { "\(type(of: $0))" } ?? "none",
      CheckpointKeys.prefix + "early stopping": earlyStopping == nil ? "none" : "\(EarlyStopping.self)",
    ]
  }
}

/// How a checkpoint's entries are called.
enum CheckpointKeys {
  static let prefix = "checkpoint."
  static let format = prefix + "format"
  static let model = "model"
}

extension TrainingState {
  /// Begins with a loader's data, or goes on with them where a file left off; the seed is the run's and not the loader's.
  ///
  /// Throws, and changes nothing, if the file cannot be read or its run went through other data.
  mutating func begin<D>(_ loader: DataLoader<D>, from file: String?) throws {
    let order = "batches of \(loader.batchSize) of \(loader.data.count) examples, \(loader.shuffle ? "shuffled" : "in order")"
    guard let file else {
      self.order = order
      return
    }
    let other = try read(file)
    guard other.order == order else {
      throw DataError(file: file, field: "order", message: "\(other.order.prefix(80)); this run has \(order)")
    }
    // Numbers that lie are found here, as counting on from them would come to nothing.
    let (steps, overflow) = other.epoch.multipliedReportingOverflow(by: loader.batchCount)
    let isConsistent =
      !overflow && other.batch < loader.batchCount && other.step - other.batch == steps && other.bestStep <= other.step
      && other.history.epochs.count == other.epoch && other.history.stepLosses.count == other.step
      && other.mean.count == other.batch * loader.batchSize
    guard isConsistent else {
      throw DataError(
        file: file, field: "step",
        message: "\(other.step) in all, \(other.epoch) epochs and \(other.batch) batches of the next do not belong together")
    }
    self = other
    randomStreamInForce = random
  }

  /// The model that a file of this run has.
  func model(in file: String) throws -> M { try read(file).model }
}
