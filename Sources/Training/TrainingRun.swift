import Autodiff
import Data
import Models
import Optimizers
import Tensors

/// What `fit` does with a run's state: epochs of steps, figures, checkpoints.
struct TrainingRun<M: Model<Tensor, Tensor>, D: Dataset<(Tensor, Tensor)>> {
  let loader: DataLoader<D>
  let validation: (any Dataset<(Tensor, Tensor)>)?
  let loss: (Tensor, Tensor) -> Tensor
  let epochs: Int
  let interval: CheckpointInterval
  let directory: CheckpointDirectory?
  let onEpoch: ((History.Epoch, M) throws -> Void)?

  /// Goes through the epochs that are left.
  func train<O: Optimizer>(_ run: inout TrainingState<M, O>, metric: Metric?, _ progress: ProgressDisplay) throws {
    var metric = metric
    var display = ProgressReporter(progress, epochs: epochs, steps: loader.batchCount, stepsBefore: run.step)
    defer { display.close() }
    // The best model as a value; of a run that was taken up again it is in its file.
    var best: M?
    var written = run.step

    while run.epoch < epochs && !(run.earlyStopping?.isOver ?? false) {
      let start = ContinuousClock.now
      let secondsBefore = run.seconds
      display.begin(run.epoch + 1, itemsBefore: run.mean.count)
      for (x, y) in loader.pass(run.epoch, from: run.batch) {
        guard let (value, outputs) = try step(&run, x, y) else { return }
        if metric == nil && y.dtype.isInteger && outputs.rank == y.rank + 1 { metric = .accuracy }
        run.advance(loss: value)
        run.mean.add(value, metric?.mean(outputs, y), count: x.shape[0])
        run.seconds = secondsBefore + start.duration(to: .now).seconds
        display.update(run.batch, run.mean, metric?.name)
        // One that ends an epoch is written when the epoch's figures are there.
        if case .steps(let count) = interval, run.step.isMultiple(of: count), run.batch < loader.batchCount {
          try write(run)
          written = run.step
        }
      }
      guard let figures = try endEpoch(&run, metric) else { return }
      if run.bestStep == run.step && run.earlyStopping?.restoresBest == true { best = run.model }
      display.end(figures, metric?.name)
      let outcome = Result { try onEpoch?(figures, run.model) }
      if isDue(run) {
        try write(run)
        written = run.step
      }
      try outcome.get()
    }
    if written < run.step { try write(run) }
    if let stopping = run.earlyStopping, stopping.restoresBest, run.best != nil { try restore(best, &run) }
  }

  /// One step; nil after a mistake in a `checked` scope.
  private func step<O: Optimizer>(
    _ run: inout TrainingState<M, O>, _ x: Tensor, _ y: Tensor
  ) throws -> (loss: Double, outputs: Tensor)? {
    // A run changes hidden values, too; they must not stay if the step does not count.
    var before: M? = run.model
    var (value, gradient, outputs) = valueAndGradient(at: &run.model) { model in
      let outputs = model(x)
      return (loss(outputs, y), outputs.detached)
    }
    let number = value.item()
    if let model = before, hasFailed || !number.isFinite {
      run.model = model
      if hasFailed { return nil }
      throw TrainingError.nonFiniteLoss(number, epoch: run.epoch + 1, step: run.batch + 1)
    }
    var isStep = true
    do {
      isStep = try run.optimizer.prepare(&gradient, of: run.model)
    } catch {
      if let model = before { run.model = model }
      throw TrainingError.nonFiniteGradient(error.parameter, epoch: run.epoch + 1, step: run.batch + 1)
    }
    if hasFailed {
      if let model = before { run.model = model }
      return nil
    }
    // The optimizer writes in place only what nobody else holds.
    before = nil
    if let schedule = run.schedule { run.optimizer.learningRate = schedule.rate(at: run.step) }
    if isStep { run.optimizer.update(&run.model, along: gradient) }
    return hasFailed ? nil : (number, outputs)
  }

  /// The epoch's figures, and what follows from them; nil after a mistake in a `checked` scope.
  private func endEpoch<O: Optimizer>(_ run: inout TrainingState<M, O>, _ metric: Metric?) throws -> History.Epoch? {
    let result = validation.map { run.model.evaluate($0, loss: loss, metric: metric, batchSize: loader.batchSize) }
    if hasFailed { return nil }
    run.history.metricName = metric?.name
    let figures = History.Epoch(
      number: run.epoch + 1, training: run.mean.evaluation, validation: result, seconds: run.seconds,
      itemsPerSecond: Double(run.mean.count) / run.seconds)
    run.history.epochs.append(figures)
    run.schedule?.observe((result ?? figures.training).loss)
    let figure = run.earlyStopping?.figure ?? .loss
    if let value = figure.value(of: figures) {
      run.earlyStopping?.observe(value)
      if !value.isNaN && (run.best.map { figure.isBetter(value, than: $0) } ?? true) { (run.best, run.bestStep) = (value, run.step) }
    } else {
      fail(TensorError("fit", "early stopping on a metric, and there is none; metric: … would fit"))
      return nil
    }
    run.mean = RunningMean()
    run.seconds = 0
    run.endEpoch()
    return figures
  }

  /// Whether the end of an epoch is the time for a checkpoint.
  private func isDue<O: Optimizer>(_ run: TrainingState<M, O>) -> Bool {
    if run.best != nil && run.bestStep == run.step { return true }
    return switch interval {
    case .epochs(let count): run.epoch.isMultiple(of: count)
    case .steps(let count): run.step.isMultiple(of: count)
    }
  }

  /// Writes a checkpoint if there is a place for them; throws instead if the last step has broken a parameter.
  private func write<O: Optimizer>(_ run: TrainingState<M, O>) throws {
    guard let directory, !hasFailed else { return }
    // No loss has shown it yet.
    if let (name, _) = run.model.parameters.first(where: { !$0.value.detached.isFinite.all().item(as: Bool.self) }) {
      throw TrainingError.nonFiniteParameter(name, steps: run.step)
    }
    try directory.write(run)
  }

  /// The model of the best epoch, in memory or in its file.
  private func restore<O: Optimizer>(_ best: M?, _ run: inout TrainingState<M, O>) throws {
    if let best {
      run.model = best
    } else if let directory {
      run.model = try run.model(in: directory.file(run.bestStep))
    }
  }
}
