import Data
import Foundation
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
  /// What the loss of a run in float16 is multiplied by; nil for others.
  public internal(set) var lossScale: LossScale?
  /// What the run's products compute in, as far as `fit` is told; a file of a run in another precision is refused.
  public var precision = ProductPrecision.float32
  /// What the run went through.
  public package(set) var history = History()

  /// The figures of the pass that is under way.
  var mean = RunningMean()
  /// The metrics that are gathered in it.
  var metrics: [any Metric] = []
  /// Whether they follow from the first batch: accuracy where targets are class ids.
  var hasAutomaticMetrics = false
  /// How many steps the optimizer was asked for: fewer than batches where gradients are accumulated.
  private(set) var updates = 0
  /// The seconds that it has taken.
  var seconds = 0.0
  /// How the data are gone through, in words; a run that is taken up again has to go through the same.
  var order = ""
  /// The best figure that an epoch ended with, and the step it was at.
  var best: Double?
  var bestStep = 0
  /// The model as it was written in the program when the run began.
  private let structure: String
  /// The stream in force, while a checkpoint is read.
  private var random = RandomStream(seed: 0)

  /// A run before its first step; a seed that is not given is drawn from the stream in force.
  public init(_ model: M, _ optimizer: O, schedule: (any Schedule)? = nil, earlyStopping: EarlyStopping? = nil, seed: UInt64? = nil) {
    self.model = model
    self.optimizer = optimizer
    self.schedule = schedule
    self.earlyStopping = earlyStopping
    structure = model.structure
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
    if var scale = lossScale {
      visitor.part(&scale, "lossScale")
      lossScale = scale
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
    count(&updates, "updates", &visitor)
    visitor.part(&mean, "mean")
    visitMetrics(&visitor)
    visitor.value(&seconds, "seconds")
    var bests = best.map { [$0] } ?? []
    visitor.list(&bests, "best", blank: 0) { $2.value(&$0, $1) }
    best = bests.first
  }

  private mutating func visitMetrics(_ visitor: inout StateVisitor) {
    var isAutomatic = hasAutomaticMetrics
    visitor.value(&isAutomatic, "hasAutomaticMetrics")
    var names = metrics.map(\.name)
    let ours = names
    visitor.list(&names, "metricNames", blank: "") { $2.value(&$0, $1) }
    if visitor.isRestoring {
      // The first batch that they followed from is behind.
      if isAutomatic && hasAutomaticMetrics && ours.isEmpty && names == [Accuracy().name] { metrics = [Accuracy()] }
      guard names == metrics.map(\.name) else {
        return visitor.refuse(
          "metricNames", "\(names.joined(separator: ", ")), and this run has \(ours.isEmpty ? "none" : ours.joined(separator: ", "))")
      }
    }
    visitor.within("metrics") { visitor in
      for i in metrics.indices {
        var metric = metrics[i]
        visitor.part(&metric, String(i))
        metrics[i] = metric
      }
    }
  }

  /// The optimizer was asked for a step.
  mutating func countUpdate() { updates += 1 }

  /// The same without how long it took, which is another time each run: what processes that train together write.
  func withoutTimes() -> TrainingState {
    var copy = self
    copy.seconds = 0
    copy.history.epochs = history.epochs.map {
      History.Epoch(number: $0.number, training: $0.training, validation: $0.validation)
    }
    return copy
  }

  /// Takes over what a visitor found in the run of another process.
  mutating func restore(from tensors: some NamedTensors) throws {
    var copy = self
    var visitor = StateVisitor(restoring: tensors)
    copy.visitState(&visitor)
    try visitor.finish("this run of \(M.self)")
    self = copy
    randomStreamInForce = random
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
    var kinds = kinds.merging([CheckpointKeys.structure: structure]) { $1 }
    // Of float32 the files are as they were before there was another.
    if precision != .float32 { kinds[CheckpointKeys.precision] = "\(precision)" }
    try SafetensorsFile.write(visitor.tensors, metadata: visitor.values.merging(kinds) { $1 }, checksums: true, to: path)
  }

  /// Takes up the run that was written.
  ///
  /// Model, optimizer, schedule and early stopping have to be of the kinds that were written; their settings become what they were, and so does
  /// which parameters are frozen. Throws a ``DataError`` if the file is damaged or of a run of another kind, and a ``LoadError`` if it does not fit
  /// this model; everything is then as it was.
  ///
  /// - Parameter strict: Whether the model has to be written as it was, with the same activations and layers without parameters, as far as a model
  ///   prints them; otherwise what differs is among the remarks of ``history``.
  public mutating func load(from path: String, strict: Bool = true) throws {
    if hasFailed { return }
    self = try read(path, strict: strict)
    randomStreamInForce = random
  }

  /// The run that was written, in the types of this one.
  private func read(_ path: String, strict: Bool) throws -> TrainingState {
    let file = try SafetensorsFile(path)
    guard file.metadata[CheckpointKeys.format] != nil else {
      throw DataError(file: path, message: "no checkpoint of a training run; weights alone are for the model's own load(from:)")
    }
    for (name, kind) in kinds.sorted(by: { $0.key < $1.key }) where file.metadata[name] != kind {
      let field = String(name.dropFirst(CheckpointKeys.prefix.count))
      throw DataError(
        file: path, field: field, message: "\((file.metadata[name] ?? "none").prefix(80)), and that of this run is \(kind)")
    }
    let written = file.metadata[CheckpointKeys.precision] ?? "\(ProductPrecision.float32)"
    if written != "\(precision)" {
      throw DataError(file: path, field: "precision", message: "\(written.prefix(80)), and that of this run is \(precision)")
    }
    var copy = self
    var visitor = StateVisitor(restoring: file)
    copy.visitState(&visitor)
    try visitor.finish("this run of \(M.self)")
    if let written = file.metadata[CheckpointKeys.structure], let difference = Self.difference(written, structure) {
      let error = DataError(file: path, field: "model", message: difference)
      if strict { throw DataError(file: path, field: "model", message: difference + "; strict: false goes on with it") }
      copy.remark(error.description)
    }
    return copy
  }

  /// Keeps a sentence about how the run was taken up, and shows it.
  mutating func remark(_ sentence: String) {
    history.remarks.append(sentence)
    FileHandle.standardError.write(Foundation.Data("fluxion: \(sentence)\n".utf8))
  }

  /// Where two models are not written the same; nil if they are.
  private static func difference(_ written: String, _ ours: String) -> String? {
    if written == ours { return nil }
    let (a, b) = (written.split(separator: "\n"), ours.split(separator: "\n"))
    let line = zip(a, b).prefix { $0 == $1 }.count
    func text(_ lines: [Substring]) -> String {
      line < lines.count ? "\"\(lines[line].drop { $0 == " " }.prefix(80))\"" : "at its end"
    }
    return "line \(line + 1) of it is \(text(a)), and that of this run is \(text(b))"
  }

  /// What has to be the same in the program, by name.
  private var kinds: [String: String] {
    [
      CheckpointKeys.format: "2", CheckpointKeys.prefix + "optimizer": "\(O.self)",
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
  static let structure = prefix + "model"
  static let precision = prefix + "precision"
}

extension TrainingState {
  /// Begins with data, or goes on with them where a file left off; the seed is the run's and not the loader's.
  ///
  /// Throws, and changes nothing, if the file cannot be read, its run went through other data, or, where `strict`, its model was another one.
  mutating func begin<Batch>(_ source: BatchSource<Batch>, from file: String?, strict: Bool) throws {
    let order = source.order
    guard let file else {
      self.order = order
      return
    }
    var other = try read(file, strict: strict)
    guard other.order == order else {
      throw DataError(file: file, field: "order", message: "\(other.order.prefix(80)); this run has \(order)")
    }
    // Numbers that lie are found here, as counting on from them would come to nothing.
    var isConsistent =
      other.bestStep <= other.step && other.updates <= other.step && other.history.epochs.count == other.epoch
      && other.history.stepLosses.count == other.step && other.batch <= other.step
    if let count = source.count {
      let (steps, overflow) = other.epoch.multipliedReportingOverflow(by: count)
      isConsistent = isConsistent && !overflow && other.batch < count && other.step - other.batch == steps
    }
    if let batchSize = source.batchSize { isConsistent = isConsistent && other.mean.count == other.batch * batchSize }
    guard isConsistent else {
      throw DataError(
        file: file, field: "step",
        message: "\(other.step) in all, \(other.epoch) epochs and \(other.batch) batches of the next do not belong together")
    }
    let (written, ours) = (Set(other.model.frozenParameterNames), Set(model.frozenParameterNames))
    if written != ours {
      func list(_ names: Set<String>) -> String {
        let sorted = names.sorted()
        return sorted.prefix(4).joined(separator: ", ") + (sorted.count > 4 ? ", …" : "")
      }
      var parts: [String] = []
      if !written.isSubset(of: ours) { parts.append("\(list(written.subtracting(ours))) frozen, which this run trains") }
      if !ours.isSubset(of: written) { parts.append("\(list(ours.subtracting(written))) trained, which this run has frozen") }
      let error = DataError(file: file, field: "frozen parameters", message: parts.joined(separator: "; "))
      if strict { throw DataError(file: file, field: error.field, message: error.message + "; strict: false goes on as this run has it") }
      for name in written.subtracting(ours) { other.model.thaw(name) }
      for name in ours.subtracting(written) { other.model.freeze(name) }
      other.remark(error.description)
    }
    self = other
    randomStreamInForce = random
  }

  /// The model that a file of this run has.
  func model(in file: String) throws -> M { try read(file, strict: false).model }
}
