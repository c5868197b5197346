import Data
import Models
import Optimizers
import Tensors

extension Model where Input == Tensor, Output == Tensor {
  /// Trains on batches of a data set for a number of epochs, and tells how it goes.
  ///
  ///     let history = try model.fit(train, validation: test, loss: crossEntropy, optimizer: Adam(learningRate: 1e-3), epochs: 10)
  ///
  /// Each step minimises `loss(outputs, targets)`, the mean over a batch of `batchSize` examples. `metric` is accuracy where the targets
  /// are class ids, unless another one is given. Orders follow from `seed`, or from the stream in force (see ``withSeed(_:_:)``). After
  /// each epoch `onEpoch` gets its figures and the model; what it throws ends the training.
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
  ///   - metric: A figure beside the loss.
  ///   - schedule: What sets the learning rate before each step; it hears of the loss that each epoch ends with.
  ///   - earlyStopping: When training ends before its time.
  ///   - checkpoints: The directory of the run's checkpoints; made if there is none.
  ///   - interval: How often one is written.
  ///   - keep: How many of them stay.
  ///   - resume: Whether a run that is there goes on.
  ///   - strict: Whether a run goes on only with a model that is written as it was and has the same parameters frozen; otherwise it goes on with this
  ///     one, and what differs is among the history's remarks.
  ///   - progress: How progress is shown.
  ///   - onEpoch: What happens after each epoch, before its checkpoint is written.
  @discardableResult
  public mutating func fit<O: Optimizer>(
    _ train: some Dataset<(Tensor, Tensor)>, validation: (any Dataset<(Tensor, Tensor)>)? = nil, loss: (Tensor, Tensor) -> Tensor,
    optimizer: O, epochs: Int, batchSize: Int = 64, shuffle: Bool = true, seed: UInt64? = nil, metric: Metric? = nil,
    schedule: (any Schedule)? = nil, earlyStopping: EarlyStopping? = nil, checkpoints: String? = nil,
    every interval: CheckpointInterval = .epochs(1), keep: Int = 3, resume: Bool = false, strict: Bool = true,
    progress: ProgressDisplay = .automatic,
    onEpoch: ((History.Epoch, Self) throws -> Void)? = nil
  ) throws -> History {
    if epochs < 0 { fail(TensorError("fit", "\(epochs) epochs; 0 or more would fit")) }
    if train.count == 0 { fail(TensorError("fit", "no examples to train on")) }
    if keep < 1 { fail(TensorError("fit", "\(keep) checkpoints to keep; 1 or more would fit")) }
    if resume && checkpoints == nil { fail(TensorError("fit", "a run to resume, and no directory of checkpoints")) }
    switch interval {
    case .epochs(let count), .steps(let count):
      if count < 1 { fail(TensorError("fit", "a checkpoint every \(count); 1 or more would fit")) }
    }
    if hasFailed { return History() }
    let directory = try checkpoints.map { path throws(DataError) in try CheckpointDirectory(path, keep: keep) }

    let lock = try directory.map { directory throws(DataError) in try DirectoryLock(directory.path) }
    defer { lock?.release() }
    if let directory, !resume, try directory.hasCheckpoints() {
      throw DataError(
        file: directory.path, message: "has checkpoints of an earlier run; resume: true goes on with it, another directory begins anew")
    }
    let newest = try directory?.newestWhole()
    return try withoutActuallyEscaping(loss) { loss in
      try withUnsafeMutablePointer(to: &self) { pointer in
        // Moved in and out: were it held twice, each parameter would be copied.
        var run = TrainingState(pointer.move(), optimizer, schedule: schedule, earlyStopping: earlyStopping, seed: seed)
        defer { pointer.initialize(to: run.model) }
        try run.begin(DataLoader(train, batchSize: batchSize, shuffle: shuffle, seed: 0), from: newest?.file, strict: strict)
        for remark in newest?.remarks ?? [] { run.remark(remark) }
        if newest != nil { try directory?.mark(run) }
        // The seed is that of the run that is taken up.
        let loader = DataLoader(train, batchSize: batchSize, shuffle: shuffle, seed: run.seed)
        let training = TrainingRun(
          loader: loader, validation: validation, loss: loss, epochs: epochs, interval: interval, directory: directory, onEpoch: onEpoch)
        try training.train(&run, metric: metric, progress)
        return run.history
      }
    }
  }

  /// The mean loss and metric over a data set, in inference mode; the model stays as it is.
  public func evaluate(
    _ data: some Dataset<(Tensor, Tensor)>, loss: (Tensor, Tensor) -> Tensor, metric: Metric? = nil, batchSize: Int = 64
  ) -> Evaluation {
    var mean = RunningMean()
    for (x, y) in DataLoader(data, batchSize: batchSize, seed: 0) {
      let outputs = predict(x)
      mean.add(loss(outputs, y).item(), metric?.mean(outputs, y), count: x.shape[0])
      if hasFailed { break }
    }
    return mean.evaluation
  }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
