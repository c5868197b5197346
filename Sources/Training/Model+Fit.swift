import Data
import Models
import Optimizers
import Tensors

extension Model where Input == Tensor, Output == Tensor {
  /// Trains on batches of a data set for a number of epochs, and tells how it goes.
  ///
  ///     let history = try model.fit(train, validation: test, loss: crossEntropy, optimizer: Adam(learningRate: 1e-3), epochs: 10)
  ///
  /// Each step minimises `loss(outputs, targets)`, the mean over a batch of `batchSize` examples. Models of other inputs and outputs, and several losses, are for
  /// a ``Trainer``. `metrics` are accuracy where the targets are class ids, unless others are given. Orders follow from `seed`, or from the stream in force
  /// (see ``withSeed(_:_:)``). After each epoch `onEpoch` gets its figures and the model; what it throws ends the training.
  ///
  /// With `checkpoints`, the whole run is written into a directory every so often (see ``TrainingState``), and where it ends:
  /// `step-00001200.safetensors`, of which the newest `keep` stay, `last.safetensors`, which is the newest, and `best.safetensors`, that of
  /// the epoch with the best figure (early stopping's, or else the loss; of the validation data if there are any), which is always written and
  /// stays. With `resume` the run goes on from the newest one, to the bit as if it had never been interrupted, or begins if there is none;
  /// it then has the settings of the run that was written, its seed included, and `epochs` is the number of all. Without, a directory that has
  /// checkpoints already is refused, and so is one that another run is writing to. A newest checkpoint that is damaged, as checksums show, gives way
  /// to the one before it, and is renamed; the history's remarks, and standard error, tell of it.
  ///
  /// A loss that is not finite, or a gradient, throws ``TrainingError``; the model is then as it was before that step. A checkpoint that cannot be written, or
  /// read, throws ``DataError`` or ``LoadError``.
  ///
  /// - Parameters:
  ///   - train: The examples.
  ///   - validation: Examples that are not learned from.
  ///   - loss: What is minimised.
  ///   - optimizer: What changes the parameters.
  ///   - epochs: How often the examples are gone through.
  ///   - batchSize: How many examples a step sees.
  ///   - shuffle: Whether each epoch has an order of its own.
  ///   - seed: What the orders follow from.
  ///   - metrics: Figures beside the loss: `[.accuracy, .top(5), .f1(.macro)]`.
  ///   - schedule: What sets the learning rate before each step; it hears of the loss that each validation, or else epoch, ends with. `.oneCycle(peak:)` and
  ///     others are as long as the run (see ``RunSchedule``); of one whose own number of steps is another one than the run's, the history has a remark.
  ///   - clip: How gradients are made shorter.
  ///   - accumulate: Of how many batches the gradients make a step, along their mean over all examples.
  ///   - earlyStopping: When training ends before its time.
  ///   - checkpoints: The directory of the run's checkpoints; made if there is none.
  ///   - interval: How often one is written.
  ///   - keep: How many of them stay.
  ///   - resume: Whether a run that is there goes on.
  ///   - strict: Whether a run goes on only with a model that is written as it was and has the same parameters frozen; otherwise it goes on with this
  ///     one, and what differs is among the history's remarks.
  ///   - validateEvery: How often the validation data are gone through; counted in epochs, after the last one too.
  ///   - progress: How progress is shown.
  ///   - callbacks: What runs after batches and epochs.
  ///   - watch: The directory of a page, `index.html`, that shows the run while it goes on (see ``TrainingCallback/watch(_:)``).
  ///   - precision: What matrix products and convolutions of step and validation compute in: `.bfloat16` or `.float16` for mixed precision, see
  ///     ``withPrecision(_:_:)``. Parameters, gradients, optimizer and files stay float32. `.float16` has a ``LossScale``, which checkpoints keep: a step
  ///     whose gradient is not finite is left out; it does not go together with `across`. A run goes on in the precision that it began in.
  ///   - compiled: Whether the step runs as a plan (see `Guides/Compiled.md`): the same results to the bit, checkpoints too. A step of which no plan can be
  ///     made is a mistake that says why, and so is ``SyncBatchNorm`` with `across`.
  ///   - exchange: The processes that train together: `FluxionMPI`'s `World`. Each batch is cut into `shards`, which the processes share;
  ///     gradients, losses and metrics are those of the whole batch, the same on all of them, and with `World`'s default the same bits for any number
  ///     of processes. The first process alone shows progress, writes checkpoints (without times) and runs callbacks and `onEpoch`. Random numbers of
  ///     the step follow from the run's seed and the shard. Processes that were not started alike throw a sentence that says so.
  ///   - onEpoch: What happens after each epoch, before its checkpoint is written: ``TrainingCallback/afterEpoch(_:)`` as a last closure.
  @discardableResult
  public mutating func fit<O: Optimizer>(
    _ train: some Dataset<(Tensor, Tensor)>, validation: (any Dataset<(Tensor, Tensor)>)? = nil, loss: (Tensor, Tensor) -> Tensor,
    optimizer: O, epochs: Int, batchSize: Int = 64, shuffle: Bool = true, seed: UInt64? = nil, metrics: [any Metric]? = nil,
    schedule: (any Schedule)? = nil, clip: GradientClipping? = nil, accumulate: Int = 1, earlyStopping: EarlyStopping? = nil,
    checkpoints: String? = nil, every interval: TrainingInterval = .epochs(1), keep: Int = 3, resume: Bool = false, strict: Bool = true,
    validateEvery: TrainingInterval = .epochs(1), progress: ProgressDisplay = .automatic, callbacks: [TrainingCallback<Self>] = [],
    watch: String? = nil, precision: ProductPrecision = .float32, compiled: Bool = false, across exchange: (any GradientExchange)? = nil,
    onEpoch: ((History.Epoch, Self) throws -> Void)? = nil
  ) throws -> History {
    if train.count == 0 { fail(TensorError("fit", "no examples to train on")) }
    if hasFailed { return History() }
    var settings = TrainingSettings(
      epochs: epochs, metrics: metrics, schedule: schedule, clip: clip, accumulate: accumulate, earlyStopping: earlyStopping,
      checkpoints: checkpoints, interval: interval, keep: keep, resume: resume, strict: strict, validateEvery: validateEvery,
      progress: progress, callbacks: callbacks + watched(watch), precision: precision, isCompiled: compiled, exchange: exchange)
    if let onEpoch { settings.callbacks.append(.afterEpoch { epoch, run in try onEpoch(epoch, run.model) }) }
    var optimizer = optimizer
    return try withoutActuallyEscaping(loss) { loss in
      try runTraining(
        &self, &optimizer, BatchSource(DataLoader(train, batchSize: batchSize, shuffle: shuffle, seed: 0), across: exchange),
        validation: validation.map { BatchSource(inOrder: $0, batchSize: batchSize, across: exchange) }, seed: seed, settings,
        step: { model, batch in
          let outputs = model(batch.0)
          return Losses(total: loss(outputs, batch.1), outputs: outputs, targets: batch.1)
        },
        validationStep: { model, batch in
          let outputs = model.predict(batch.0)
          return Losses(total: loss(outputs, batch.1), outputs: outputs, targets: batch.1)
        })
    }
  }

  /// The mean loss and metrics over a data set, in inference mode; the model stays as it is.
  public func evaluate(
    _ data: some Dataset<(Tensor, Tensor)>, loss: (Tensor, Tensor) -> Tensor, metrics: [any Metric] = [], batchSize: Int = 64
  ) -> Evaluation {
    gatheredFigures(BatchSource(inOrder: data, batchSize: batchSize), metrics) { batch in
      let outputs = predict(batch.0)
      return Losses(total: loss(outputs, batch.1), outputs: outputs, targets: batch.1)
    }
  }
}

extension Model {
  /// For models of one tensor to one tensor; others are trained by a ``Trainer``.
  @available(
    *, unavailable,
    message:
      "fit(loss:) trains a model from one Tensor to one Tensor on (Tensor, Tensor) batches; for tuples, structs or several losses write: var trainer = Trainer(model, optimizer: …); try trainer.fit(data, epochs: …) { model, batch in … the loss … }"
  )
  @discardableResult
  public mutating func fit<D: Dataset, O: Optimizer, Target>(
    _ train: D, validation: (any Dataset)? = nil, loss: (Output, Target) -> Tensor, optimizer: O, epochs: Int, batchSize: Int = 64,
    shuffle: Bool = true, seed: UInt64? = nil, metrics: [any Metric]? = nil, schedule: (any Schedule)? = nil,
    clip: GradientClipping? = nil, accumulate: Int = 1, earlyStopping: EarlyStopping? = nil, checkpoints: String? = nil,
    every interval: TrainingInterval = .epochs(1), keep: Int = 3, resume: Bool = false, strict: Bool = true,
    validateEvery: TrainingInterval = .epochs(1), progress: ProgressDisplay = .automatic, callbacks: [TrainingCallback<Self>] = [],
    watch: String? = nil, precision: ProductPrecision = .float32, compiled: Bool = false, across exchange: (any GradientExchange)? = nil,
    onEpoch: ((History.Epoch, Self) throws -> Void)? = nil
  ) throws -> History { fatalError() }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
