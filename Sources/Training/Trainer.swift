import Data
import Models
import Optimizers
import Tensors

/// Trains any model on batches of any kind: tuples, structs, several inputs, several losses.
///
///     var trainer = Trainer(model, optimizer: AdamW(learningRate: 1e-3))
///     let history = try trainer.fit(
///       images, epochs: 20, batchSize: 128, validation: test, schedule: .oneCycle(peak: 1e-2), clip: .norm(1)
///     ) { model, batch in
///       let (image, mean, logVariance) = model(batch.image)
///       let (r, kl) = (mse(image, batch.image), divergence(mean, logVariance))
///       return Losses(total: r + kl, ["reconstruction": r, "kl": kl])
///     }
///     model = trainer.model
///
/// The step gets the model and a batch, and gives the loss: a tensor of one number, the mean over the batch, or ``Losses`` with parts by name and with what
/// metrics look at. For training it runs inside a gradient, in training mode; for validation outside of one, in inference mode, on a copy of
/// the model. What ``Model/fit(_:validation:loss:optimizer:epochs:batchSize:shuffle:seed:metrics:schedule:clip:accumulate:earlyStopping:checkpoints:every:keep:resume:strict:validateEvery:progress:callbacks:watch:precision:compiled:across:onEpoch:)``
/// says of progress, history, seeds, checkpoints and mistakes holds here too; it is this with a step of its own.
///
/// A second call goes on with the model and the optimizer as the first one left them. PyTorch Lightning: `Trainer`; Keras: `fit` with `train_step`.
public struct Trainer<M: Model, O: Optimizer> {
  /// What is trained.
  public var model: M
  /// What trains it.
  public var optimizer: O

  /// A model and its optimizer.
  public init(_ model: M, optimizer: O) { (self.model, self.optimizer) = (model, optimizer) }

  /// Trains on batches of a data set.
  ///
  /// - Parameters:
  ///   - data: The examples.
  ///   - epochs: How often they are gone through.
  ///   - batchSize: How many examples a batch has.
  ///   - shuffle: Whether each epoch has an order of its own.
  ///   - seed: What the orders follow from; from the stream in force unless given.
  ///   - validation: Examples that are not learned from.
  ///   - metrics: Figures beside the loss, of the step's outputs and targets; accuracy if none are given and the targets are class ids.
  ///   - schedule: What sets the learning rate before each step of the optimizer; `.oneCycle(peak:)` and others are as long as the run.
  ///   - clip: How gradients are made shorter.
  ///   - accumulate: Of how many batches the gradients make a step: along their mean over all examples, as of one batch of all. What is left at an epoch's end is
  ///     a step too.
  ///   - earlyStopping: When training ends before its time.
  ///   - checkpoints: The directory of the run's checkpoints.
  ///   - interval: How often one is written.
  ///   - keep: How many of them stay.
  ///   - resume: Whether a run that is there goes on.
  ///   - strict: Whether it goes on only with the same model.
  ///   - validateEvery: How often the validation data are gone through; counted in epochs, after the last one too.
  ///   - progress: How progress is shown.
  ///   - callbacks: What runs after batches and epochs.
  ///   - watch: The directory of a page, `index.html`, that shows the run while it goes on (see ``TrainingCallback/watch(_:)``).
  ///   - precision: What matrix products and convolutions of step and validation compute in: `.bfloat16` or `.float16` for mixed precision, see
  ///     ``withPrecision(_:_:)``. Parameters, gradients, optimizer and files stay float32. `.float16` has a ``LossScale``, which checkpoints keep: a step
  ///     whose gradient is not finite is left out; it does not go together with `across`. A run goes on in the precision that it began in.
  ///   - compiled: Whether the step runs as a plan (see `Guides/Compiled.md`): the same results to the bit. A step of which no plan can be made is a
  ///     mistake that says why, and so is ``SyncBatchNorm`` with `across`.
  ///   - exchange: The processes that train together, a `World`; see ``Model/fit(_:validation:loss:optimizer:epochs:batchSize:shuffle:seed:metrics:schedule:clip:accumulate:earlyStopping:checkpoints:every:keep:resume:strict:validateEvery:progress:callbacks:watch:precision:compiled:across:onEpoch:)``.
  ///   - step: The loss of a batch.
  @discardableResult
  public mutating func fit<D: Dataset>(
    _ data: D, epochs: Int, batchSize: Int = 64, shuffle: Bool = true, seed: UInt64? = nil,
    validation: (any Dataset<D.Element>)? = nil, metrics: [any Metric]? = nil, schedule: (any Schedule)? = nil,
    clip: GradientClipping? = nil, accumulate: Int = 1, earlyStopping: EarlyStopping? = nil, checkpoints: String? = nil,
    every interval: TrainingInterval = .epochs(1), keep: Int = 3, resume: Bool = false, strict: Bool = true,
    validateEvery: TrainingInterval = .epochs(1), progress: ProgressDisplay = .automatic, callbacks: [TrainingCallback<M>] = [],
    watch: String? = nil, precision: ProductPrecision = .float32, compiled: Bool = false, across exchange: (any GradientExchange)? = nil,
    step: (_ model: inout M, _ batch: D.Element) throws -> some TrainingLoss
  ) throws -> History {
    if data.count == 0 { fail(TensorError("fit", "no examples to train on")) }
    if hasFailed { return History() }
    let settings = TrainingSettings(
      epochs: epochs, metrics: metrics, schedule: schedule, clip: clip, accumulate: accumulate, earlyStopping: earlyStopping,
      checkpoints: checkpoints, interval: interval, keep: keep, resume: resume, strict: strict, validateEvery: validateEvery,
      progress: progress, callbacks: callbacks + watched(watch), precision: precision, isCompiled: compiled, exchange: exchange)
    return try fit(
      BatchSource(DataLoader(data, batchSize: batchSize, shuffle: shuffle, seed: 0), across: exchange),
      validation: validation.map { BatchSource(inOrder: $0, batchSize: batchSize, across: exchange) }, seed: seed, settings, step)
  }

  /// Trains on a loader's batches, in the orders of its seed.
  @discardableResult
  public mutating func fit<D: Dataset>(
    _ loader: DataLoader<D>, epochs: Int, validation: (any Dataset<D.Element>)? = nil, metrics: [any Metric]? = nil,
    schedule: (any Schedule)? = nil, clip: GradientClipping? = nil, accumulate: Int = 1, earlyStopping: EarlyStopping? = nil,
    checkpoints: String? = nil, every interval: TrainingInterval = .epochs(1), keep: Int = 3, resume: Bool = false, strict: Bool = true,
    validateEvery: TrainingInterval = .epochs(1), progress: ProgressDisplay = .automatic, callbacks: [TrainingCallback<M>] = [],
    watch: String? = nil, precision: ProductPrecision = .float32, compiled: Bool = false, across exchange: (any GradientExchange)? = nil,
    step: (_ model: inout M, _ batch: D.Element) throws -> some TrainingLoss
  ) throws -> History {
    if loader.batchCount == 0 { fail(TensorError("fit", "no batches to train on")) }
    if hasFailed { return History() }
    let settings = TrainingSettings(
      epochs: epochs, metrics: metrics, schedule: schedule, clip: clip, accumulate: accumulate, earlyStopping: earlyStopping,
      checkpoints: checkpoints, interval: interval, keep: keep, resume: resume, strict: strict, validateEvery: validateEvery,
      progress: progress, callbacks: callbacks + watched(watch), precision: precision, isCompiled: compiled, exchange: exchange)
    return try fit(
      BatchSource(loader, across: exchange),
      validation: validation.map { BatchSource(inOrder: $0, batchSize: loader.batchSize, across: exchange) }, seed: loader.seed, settings,
      step)
  }

  /// Trains on batches that are ready, the same ones in each epoch: an array of them, or `0..<1000` where the step makes its own.
  ///
  /// With `across`, every process has the same batches, and each tensor in them is cut along its first axis into the world's shards: in structs (their `let`s
  /// as well), tuples, arrays, dictionaries and optionals. A tensor of rank 0 is the same in all shards. A batch without an axis of examples, as numbers of a
  /// range are, or whose tensors have first axes of several sizes, is a mistake.
  @discardableResult @_disfavoredOverload
  public mutating func fit<Batch>(
    _ batches: some Sequence<Batch>, epochs: Int, validation: [Batch]? = nil, metrics: [any Metric]? = nil,
    schedule: (any Schedule)? = nil, clip: GradientClipping? = nil, accumulate: Int = 1, earlyStopping: EarlyStopping? = nil,
    checkpoints: String? = nil, every interval: TrainingInterval = .epochs(1), keep: Int = 3, resume: Bool = false, strict: Bool = true,
    validateEvery: TrainingInterval = .epochs(1), progress: ProgressDisplay = .automatic, callbacks: [TrainingCallback<M>] = [],
    watch: String? = nil, precision: ProductPrecision = .float32, compiled: Bool = false, across exchange: (any GradientExchange)? = nil,
    step: (_ model: inout M, _ batch: Batch) throws -> some TrainingLoss
  ) throws -> History {
    let settings = TrainingSettings(
      epochs: epochs, metrics: metrics, schedule: schedule, clip: clip, accumulate: accumulate, earlyStopping: earlyStopping,
      checkpoints: checkpoints, interval: interval, keep: keep, resume: resume, strict: strict, validateEvery: validateEvery,
      progress: progress, callbacks: callbacks + watched(watch), precision: precision, isCompiled: compiled, exchange: exchange)
    return try fit(
      BatchSource(batches, across: exchange), validation: validation.map { BatchSource($0, across: exchange) }, seed: nil, settings, step)
  }

  /// The figures of data in inference mode, by the step that training has; the model stays as it is.
  public func evaluate<D: Dataset, E: Error>(
    _ data: D, batchSize: Int = 64, metrics: [any Metric] = [],
    step: (_ model: inout M, _ batch: D.Element) throws(E) -> some TrainingLoss
  ) throws(E) -> Evaluation {
    try gatheredFigures(BatchSource(inOrder: data, batchSize: batchSize), metrics) { (batch) throws(E) -> Losses in
      var copy = model
      return try step(&copy, batch).asLosses
    }
  }

  private mutating func fit<Batch>(
    _ source: BatchSource<Batch>, validation: BatchSource<Batch>?, seed: UInt64?, _ settings: TrainingSettings<M>,
    _ step: (inout M, Batch) throws -> some TrainingLoss
  ) throws -> History {
    try withoutActuallyEscaping(step) { step in
      try runTraining(
        &model, &optimizer, source, validation: validation, seed: seed, settings, step: { try step(&$0, $1).asLosses },
        validationStep: { model, batch in
          var copy = model
          return try step(&copy, batch).asLosses
        })
    }
  }
}

/// A whole run: the directory, what is in it, and the epochs.
func runTraining<M: Model, O: Optimizer, Batch>(
  _ model: inout M, _ optimizer: inout O, _ source: BatchSource<Batch>, validation: BatchSource<Batch>?, seed: UInt64?,
  _ settings: TrainingSettings<M>, step given: @escaping (inout M, Batch) throws -> Losses,
  validationStep givenValidation: @escaping (M, Batch) throws -> Losses
) throws -> History {
  settings.check()
  let precision = settings.precision
  let step = precision == .float32 ? given : { model, batch in try withPrecision(precision) { try given(&model, batch) } }
  let validationStep =
    precision == .float32 ? givenValidation : { model, batch in try withPrecision(precision) { try givenValidation(model, batch) } }
  if settings.isCompiled, let exchange = settings.exchange, exchange.shards > 1, model.needsShardSums {
    fail(
      TensorError(
        "fit",
        "compiled: true with SyncBatchNorm across \(exchange.shards) shards, whose statistics no plan can hold; compiled: false or BatchNorm is accepted"
      ))
  }
  if hasFailed { return History() }
  if let exchange = settings.exchange {
    return try runTraining(
      &model, &optimizer, source, validation: validation, seed: seed, settings, across: exchange, step: step, validationStep: validationStep
    )
  }
  let directory = try settings.checkpoints.map { path throws(DataError) in try CheckpointDirectory(path, keep: settings.keep) }

  let lock = try directory.map { directory throws(DataError) in try DirectoryLock(directory.path) }
  defer { lock?.release() }
  if let directory, !settings.resume, try directory.hasCheckpoints() {
    throw DataError(
      file: directory.path, message: "has checkpoints of an earlier run; resume: true goes on with it, another directory begins anew")
  }
  let newest = try directory?.newestWhole()
  let (schedule, remark) = settings.fittedSchedule(batches: source.count)
  if hasFailed { return History() }
  return try withUnsafeMutablePointer(to: &model) { pointer in
    // Moved in and out: were it held twice, each parameter would be copied.
    var run = TrainingState(pointer.move(), optimizer, schedule: schedule, earlyStopping: settings.earlyStopping, seed: seed)
    defer {
      pointer.initialize(to: run.model)
      optimizer = run.optimizer
    }
    run.precision = precision
    if precision == .float16 { run.lossScale = LossScale() }
    run.metrics = settings.metrics ?? []
    for i in run.metrics.indices { run.metrics[i].reset() }
    run.hasAutomaticMetrics = settings.metrics == nil
    try run.begin(source, from: newest?.file, strict: settings.strict)
    for remark in newest?.remarks ?? [] { run.remark(remark) }
    if let remark { run.remark(remark) }
    if newest != nil { try directory?.mark(run) }
    let training = TrainingRun(source, validation: validation, settings, directory, step: step, validationStep: validationStep)
    try training.train(&run)
    return run.history
  }
}

extension TrainingSettings {
  /// Numbers that cannot be meant are mistakes.
  func check() {
    if epochs < 0 { fail(TensorError("fit", "\(epochs) epochs; 0 or more would fit")) }
    if accumulate < 1 { fail(TensorError("fit", "gradients of \(accumulate) batches accumulated; 1 or more would fit")) }
    if keep < 1 { fail(TensorError("fit", "\(keep) checkpoints to keep; 1 or more would fit")) }
    if resume && checkpoints == nil { fail(TensorError("fit", "a run to resume, and no directory of checkpoints")) }
    if precision == .float16 && exchange != nil {
      fail(
        TensorError("fit", "precision: .float16 across processes, which do not share a loss's scale; .bfloat16 or .float32 would fit"))
    }
    interval.check("checkpoint")
    validateEvery.check("validation")
    switch clip {
    case .norm(let limit), .value(let limit):
      if !(limit >= 0 && limit.isFinite) {
        fail(TensorError("fit", "gradients clipped at \(limit); a finite number, 0 or more, would fit"))
      }
    case nil: break
    }
    var names: Set<String> = []
    if let name = metrics?.map(\.name).first(where: { !names.insert($0).inserted }) {
      fail(TensorError("fit", "two metrics are called \(name); each needs a name of its own"))
    }
  }

  /// The schedule of a run with so many batches an epoch, and what there is to say about its length.
  func fittedSchedule(batches: Int?) -> (schedule: (any Schedule)?, remark: String?) {
    guard let schedule else { return (nil, nil) }
    guard let batches else {
      if schedule is RunSchedule {
        fail(
          TensorError(
            "fit", "a schedule over the whole run, and the data do not tell how many batches they have; a Collection of batches would fit"))
      }
      return (schedule, nil)
    }
    let perEpoch = batches / accumulate + (batches.isMultiple(of: accumulate) ? 0 : 1)
    let (product, overflow) = perEpoch.multipliedReportingOverflow(by: epochs)
    let steps = overflow ? Int.max : product
    let fitted = schedule.fitted(to: RunExtent(steps: steps, stepsPerEpoch: perEpoch))
    guard !(schedule is RunSchedule), epochs > 0, let length = fitted.length else { return (fitted, nil) }
    let remedy = "a schedule as long as the run is made without steps, as .cosine(from: …) or .oneCycle(peak: …)"
    // One step fewer is a way to let the last step have the last rate.
    if length < steps - 1 {
      return (fitted, "the schedule ends after \(length) of the run's \(steps) steps, and its rate then stays; \(remedy)")
    }
    if length > steps { return (fitted, "the schedule has \(length) steps, and the run ends after \(steps) of them; \(remedy)") }
    return (fitted, nil)
  }
}
