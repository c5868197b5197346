import Autodiff
import Data
import Models
import Optimizers
import Tensors

/// What a run is told beside its data and its step.
struct TrainingSettings<M: Model> {
  var epochs: Int
  var metrics: [any Metric]?
  var schedule: (any Schedule)?
  var clip: GradientClipping?
  var accumulate = 1
  var earlyStopping: EarlyStopping?
  var checkpoints: String?
  var interval = TrainingInterval.epochs(1)
  var keep = 3
  var resume = false
  var strict = true
  var validateEvery = TrainingInterval.epochs(1)
  var progress = ProgressDisplay.automatic
  var callbacks: [TrainingCallback<M>] = []
  /// What products of step and validation compute in.
  var precision = ProductPrecision.float32
  /// Whether steps run as plans.
  var isCompiled = false
  /// The processes that train together; nil for this one alone, without shards.
  var exchange: (any GradientExchange)?

  /// Whether this process is the one that shows progress, writes checkpoints and runs callbacks.
  var isFirst: Bool { exchange?.rank ?? 0 == 0 }
}

/// What a compiled step of a shard is given: its examples and, as a scalar, their share of the batch, so that shards of one size have one plan.
private struct WeightedBatch<Batch> {
  var batch: Batch
  var weight: Tensor
}

/// What a compiled step computes: gradients in the order of the model's parameters.
private struct PlannedOutcome {
  var loss: Tensor
  var gradients: [Tensor]
  var losses: Losses

  init<M: Model>(_ result: (loss: Tensor, gradient: M, losses: Losses)) {
    (loss, gradients, losses) = (result.loss, result.gradient.parameters.map(\.value), result.losses)
  }

  /// The gradient as a model.
  func gradient<M: Model>(of model: M) -> M {
    var gradient = model
    var put = PutParameters(gradients)
    if !hasFailed { gradient.visit(&put) }
    return gradient
  }
}

/// What `fit` does with a run's state: epochs of steps, figures, checkpoints.
struct TrainingRun<M: Model, Batch> {
  let source: BatchSource<Batch>
  let validation: BatchSource<Batch>?
  let settings: TrainingSettings<M>
  let directory: CheckpointDirectory?
  /// The loss of a batch, in training.
  let step: (inout M, Batch) throws -> Losses
  /// The loss of a batch of the validation data; the model stays as it is.
  let validationStep: (M, Batch) throws -> Losses
  let control = TrainingControl<M>()
  /// The plans of a step, if it is compiled.
  private var plans: PlanCache<M, Batch, PlannedOutcome>?
  /// The plans of a shard's part of a step, if it is compiled.
  private var shardPlans: PlanCache<M, WeightedBatch<Batch>, PlannedOutcome>?

  init(
    _ source: BatchSource<Batch>, validation: BatchSource<Batch>?, _ settings: TrainingSettings<M>, _ directory: CheckpointDirectory?,
    step: @escaping (inout M, Batch) throws -> Losses, validationStep: @escaping (M, Batch) throws -> Losses
  ) {
    (self.source, self.validation, self.settings, self.directory) = (source, validation, settings, directory)
    (self.step, self.validationStep) = (step, validationStep)
    if settings.isCompiled {
      plans = PlanCache("fit", in: .training, fallback: .error) { model, batch in
        PlannedOutcome(try Self.gradient(of: step, &model, batch))
      }
      shardPlans = PlanCache("fit", in: .training, fallback: .error) { model, shard in
        PlannedOutcome(try Self.gradient(of: step, &model, shard.batch, weight: shard.weight))
      }
    }
  }

  private static func gradient(
    of step: (inout M, Batch) throws -> Losses, _ model: inout M, _ batch: Batch, weight: Tensor? = nil
  ) throws -> (loss: Tensor, gradient: M, losses: Losses) {
    let (loss, gradient, losses) = try valueAndGradient(at: &model) { (model: inout M) throws -> (Tensor, Losses) in
      let losses = try step(&model, batch)
      return (weight.map { losses.total * $0.cast(to: losses.total.dtype) } ?? losses.total, losses.detached)
    }
    return (loss, gradient, losses)
  }

  /// What is at hand while a run goes on, and in no checkpoint.
  private struct Course {
    var display: ProgressReporter
    /// The best model as a value; of a run that was taken up again it is in its file.
    var best: M?
    /// The step that was written last.
    var written: Int
    /// The gradients that wait for a step.
    var sum = GradientSum<M>()
    /// The step after which nothing waited last.
    var settled: Int
    /// The last validation of the epoch.
    var validation: Evaluation?
    /// The norm of the last gradient, where it is clipped by that.
    var norm: Double?
    /// When the epoch began here, the seconds that it took an earlier process, and the time that does not count.
    var start = ContinuousClock.now
    var secondsBefore = 0.0
    var paused = Duration.zero

    /// How long the epoch has taken.
    var seconds: Double { secondsBefore + (start.duration(to: .now) - paused).seconds }
  }

  /// Goes through the epochs that are left.
  func train<O: Optimizer>(_ run: inout TrainingState<M, O>) throws {
    do {
      try notify(
        &run,
        .runBegan(TrainingStart(epochs: settings.epochs, batchesPerEpoch: source.count, stepsBefore: run.step, history: run.history)))
      try trainEpochs(&run)
      try notify(&run, hasFailed ? .runFailed("a mistake in the program", run.history) : .runEnded(run.history))
    } catch {
      // The run's error is the one to be thrown.
      try? notify(&run, .runFailed("\(error)", run.history))
      throw error
    }
  }

  private func trainEpochs<O: Optimizer>(_ run: inout TrainingState<M, O>) throws {
    var course = Course(
      display: ProgressReporter(
        settings.isFirst ? settings.progress : .none, epochs: settings.epochs, steps: source.count, stepsBefore: run.step),
      written: run.step,
      settled: run.step)
    defer { course.display.close() }
    run.hasAutomaticMetrics = settings.metrics == nil
    var none: M?
    epochs: while run.epoch < settings.epochs && !isOver(run) {
      (course.start, course.secondsBefore, course.paused) = (.now, run.seconds, .zero)
      course.validation = nil
      course.display.begin(run.epoch + 1, itemsBefore: run.mean.count)
      let next = nextStep(of: run)
      while let step = try next() {
        guard try makeStep(&run, &course, step) else { return }
        if control.isStopped && run.batch != source.count { break epochs }
        if try !afterStep(&run, &course) { return }
        if isOver(run) && run.batch != source.count { break epochs }
      }
      if hasFailed { return }
      if run.batch == 0 {
        fail(TensorError("fit", "no batches to train on"))
        return
      }
      if course.sum.count > 0 {
        guard try update(&run, &course, &none), try afterStep(&run, &course) else { return }
      }
      guard let figures = try endEpoch(&run, &course) else { return }
      if run.bestStep == run.step && run.earlyStopping?.restoresBest == true { course.best = run.model }
      course.display.end(figures)
      let outcome = Result { try notify(&run, .epochEnded(figures)) }
      if isDue(run) {
        try write(run)
        course.written = run.step
      }
      try outcome.get()
    }
    if course.sum.count > 0, try !update(&run, &course, &none) { return }
    if course.written < run.step { try write(run) }
    if let stopping = run.earlyStopping, stopping.restoresBest, run.best != nil { try restore(course.best, &run) }
  }

  private func isOver<O: Optimizer>(_ run: TrainingState<M, O>) -> Bool { control.isStopped || run.earlyStopping?.isOver ?? false }

  // MARK: Steps

  /// Takes a batch's gradient; ``makeStep(_:_:_:)`` calls it.
  typealias Step<O: Optimizer> = (inout TrainingState<M, O>, inout M?) throws -> BatchOutcome<M>

  /// What makes the steps of the pass that is under way, from where it is.
  private func nextStep<O: Optimizer>(of run: TrainingState<M, O>) -> () throws -> Step<O>? {
    if let exchange = settings.exchange, let pass = source.shardedPass {
      let batches = pass(run.seed, run.epoch, run.batch)
      return {
        guard let batch = try batches.nextBatch() else { return nil }
        return { run, before in try shardedOutcome(&run, &before, batch, across: exchange) }
      }
    }
    let batches = source.pass(run.seed, run.epoch, run.batch)
    return {
      guard let batch = try batches.nextBatch() else { return nil }
      return { run, before in try wholeOutcome(&run, &before, batch) }
    }
  }

  /// The outcome of a batch that this process computes by itself.
  private func wholeOutcome<O: Optimizer>(
    _ run: inout TrainingState<M, O>, _ before: inout M?, _ batch: Batch
  ) throws -> BatchOutcome<M> {
    if let scale = run.lossScale { return try scaledOutcome(&run, scale, batch) }
    guard let plans else {
      let (value, gradient, losses) = try Self.gradient(of: step, &run.model, batch)
      return BatchOutcome(loss: value.item(), gradient: gradient, items: exampleCount(batch), losses: losses)
    }
    var state = PlanState(run.model)
    let outcome = try plans.call(&state, batch)
    run.model = state.value
    return BatchOutcome(
      loss: outcome.loss.item(), gradient: outcome.gradient(of: run.model), items: exampleCount(batch), losses: outcome.losses)
  }

  /// The same by way of a loss that is multiplied by a factor; plans take that as what a shard's share is to them.
  private func scaledOutcome<O: Optimizer>(
    _ run: inout TrainingState<M, O>, _ scale: LossScale, _ batch: Batch
  ) throws -> BatchOutcome<M> {
    var (gradient, losses) = try weightedGradient(at: &run.model, batch, weight: scale.value)
    scale.divide(&gradient, of: run.model)
    return BatchOutcome(loss: losses.total.item(), gradient: gradient, items: exampleCount(batch), losses: losses)
  }

  /// A batch's losses, and the gradient of its loss times `weight`.
  private func weightedGradient(at model: inout M, _ batch: Batch, weight: Double) throws -> (gradient: M, losses: Losses) {
    if let planned = try plannedGradient(at: &model, batch, weight: weight) { return planned }
    let result = try Self.gradient(of: step, &model, batch, weight: Tensor(weight))
    return (result.gradient, result.losses)
  }

  /// A shard's losses, and the gradient of its loss times `weight`, by the plan of a compiled step; nil if steps are not compiled.
  func plannedGradient(at model: inout M, _ shard: Batch, weight: Double) throws -> (gradient: M, losses: Losses)? {
    guard let shardPlans else { return nil }
    var state = PlanState(model)
    let outcome = try shardPlans.call(&state, WeightedBatch(batch: shard, weight: Tensor(weight)))
    model = state.value
    return (outcome.gradient(of: model), outcome.losses)
  }

  /// A step along a batch's gradient, or a part of one where gradients are accumulated; false after a mistake in a `checked` scope.
  private func makeStep<O: Optimizer>(
    _ run: inout TrainingState<M, O>, _ course: inout Course, _ step: Step<O>
  ) throws -> Bool {
    // A run changes hidden values, too; they must not stay if the step does not count.
    var before: M? = run.model
    let outcome: BatchOutcome<M>
    do {
      outcome = try step(&run, &before)
    } catch {
      if let model = before { run.model = model }
      throw error
    }
    let (number, gradient, items) = (outcome.loss, outcome.gradient, outcome.items)
    if let model = before, hasFailed || !number.isFinite {
      run.model = model
      if hasFailed { return false }
      throw TrainingError.nonFiniteLoss(number, epoch: run.epoch + 1, step: run.batch + 1)
    }
    if settings.accumulate > 1 {
      course.sum.add(gradient, of: run.model, items: items)
      if course.sum.count >= settings.accumulate, try !update(&run, &course, &before) { return false }
      before = nil
    } else if try !update(&run, &course, &before, gradient) {
      return false
    }
    let parts = outcome.parts ?? outcome.losses?.figures ?? []
    run.advance(loss: number)
    run.mean.add(number, parts, count: items)
    if let losses = outcome.losses {
      chooseMetrics(&run.metrics, run.hasAutomaticMetrics, losses)
      addMetrics(losses, to: &run.metrics)
    } else {
      for metrics in outcome.metrics {
        if run.hasAutomaticMetrics && run.metrics.isEmpty { run.metrics = blank(metrics) }
        merge(metrics, into: &run.metrics)
      }
    }
    if hasFailed { return false }
    run.seconds = course.seconds
    course.display.update(run.batch, items: run.mean.count) { run.mean.evaluation(run.metrics) }
    if !settings.callbacks.isEmpty {
      let figures = BatchFigures(
        step: run.step, epoch: run.epoch + 1, batch: run.batch, loss: number, losses: parts, learningRate: run.optimizer.learningRate,
        gradientNorm: course.norm, items: items, seconds: run.seconds, mean: run.mean, metrics: run.metrics)
      try notify(&run, .batchEnded(figures))
    }
    return !hasFailed
  }

  /// A step of the optimizer along a gradient, or the mean of those that waited; false after a mistake in a `checked` scope.
  private func update<O: Optimizer>(
    _ run: inout TrainingState<M, O>, _ course: inout Course, _ before: inout M?, _ gradient: M? = nil
  ) throws -> Bool {
    guard var gradient = gradient ?? course.sum.take(of: run.model) else { return !hasFailed }
    if var scale = run.lossScale {
      let isFinite = hasFailed || scale.adapt(to: gradient, of: run.model)
      run.lossScale = scale
      // At the least factor the optimizer tells which gradient is infinite.
      if !isFinite && !scale.isLeast {
        before = nil
        run.countUpdate()
        return !hasFailed
      }
    }
    switch settings.clip {
    case .norm(let maximum): course.norm = gradient.clipNorm(maximum, trainedIn: run.model)
    case .value(let limit): gradient.clipValues(limit, trainedIn: run.model)
    case nil: break
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
      return false
    }
    // The optimizer writes in place only what nobody else holds.
    before = nil
    if let schedule = run.schedule { run.optimizer.learningRate = schedule.rate(at: run.updates) }
    run.countUpdate()
    if isStep {
      if let exchange = settings.exchange, exchange.sharesOptimizerState, exchange.count > 1 {
        try updateTogether(&run, along: gradient, across: exchange)
      } else {
        run.optimizer.update(&run.model, along: gradient)
      }
    }
    return !hasFailed
  }

  /// What is due every so many steps, unless gradients wait; false after a mistake in a `checked` scope.
  private func afterStep<O: Optimizer>(_ run: inout TrainingState<M, O>, _ course: inout Course) throws -> Bool {
    if course.sum.count > 0 { return true }
    let last = course.settled
    course.settled = run.step
    func isDue(_ interval: TrainingInterval) -> Bool {
      if case .steps(let count) = interval { run.step / count > last / count } else { false }
    }
    var isBest = false
    if validation != nil, isDue(settings.validateEvery) {
      let start = ContinuousClock.now
      guard let figures = try validate(run) else { return false }
      course.validation = figures
      run.history.validations.append(History.Validation(step: run.step, evaluation: figures))
      guard observe(figures, &run) else { return false }
      isBest = run.best != nil && run.bestStep == run.step
      if isBest && run.earlyStopping?.restoresBest == true { course.best = run.model }
      try notify(&run, .validated(History.Validation(step: run.step, evaluation: figures)))
      course.paused += start.duration(to: .now)
    }
    // One that ends an epoch is written when the epoch's figures are there.
    if isDue(settings.interval) || isBest, run.batch != source.count {
      try write(run)
      course.written = run.step
    }
    return !hasFailed
  }

  // MARK: Figures

  private func validate<O: Optimizer>(_ run: TrainingState<M, O>) throws -> Evaluation? {
    guard let validation else { return nil }
    let figures =
      if let exchange = settings.exchange, let batches = validation.ownBatches {
        try sharedFigures(batches(exchange.rank, exchange.count), run.metrics, across: exchange) { try validationStep(run.model, $0) }
      } else {
        try gatheredFigures(validation, run.metrics) { batch in try validationStep(run.model, batch) }
      }
    return hasFailed ? nil : figures
  }

  /// Lets schedule and early stopping know of figures, and sees whether they are the best; false after a mistake in a `checked` scope.
  private func observe<O: Optimizer>(_ figures: Evaluation, _ run: inout TrainingState<M, O>) -> Bool {
    run.schedule?.observe(figures.loss)
    let figure = run.earlyStopping?.figure ?? .loss
    guard let value = figure.value(of: figures) else {
      fail(TensorError("fit", "early stopping on a metric, and there is none; metrics: […] would fit"))
      return false
    }
    run.earlyStopping?.observe(value)
    if !value.isNaN && (run.best.map { figure.isBetter(value, than: $0) } ?? true) { (run.best, run.bestStep) = (value, run.step) }
    return true
  }

  /// The epoch's figures, and what follows from them; nil after a mistake in a `checked` scope.
  private func endEpoch<O: Optimizer>(_ run: inout TrainingState<M, O>, _ course: inout Course) throws -> History.Epoch? {
    var isValidated = validation == nil
    if validation != nil, case .epochs(let count) = settings.validateEvery,
      (run.epoch + 1).isMultiple(of: count) || run.epoch + 1 == settings.epochs
    {
      guard let figures = try validate(run) else { return nil }
      course.validation = figures
      isValidated = true
    }
    let figures = History.Epoch(
      number: run.epoch + 1, training: run.mean.evaluation(run.metrics), validation: course.validation, seconds: run.seconds,
      itemsPerSecond: Double(run.mean.count) / run.seconds)
    run.history.epochs.append(figures)
    if isValidated, !observe(figures.validation ?? figures.training, &run) { return nil }
    run.mean = RunningMean()
    for i in run.metrics.indices { run.metrics[i].reset() }
    run.seconds = 0
    run.endEpoch()
    return figures
  }

  // MARK: Callbacks

  private func notify<O: Optimizer>(_ run: inout TrainingState<M, O>, _ event: TrainingEvent) throws {
    if settings.callbacks.isEmpty { return }
    if let exchange = settings.exchange, exchange.count > 1 { return try notify(&run, event, across: exchange) }
    try callBack(&run, event)
  }

  /// Calls the callbacks.
  func callBack<O: Optimizer>(_ run: inout TrainingState<M, O>, _ event: TrainingEvent) throws {
    try withUnsafeMutablePointer(to: &run) { pointer in
      control.readModel = { pointer.pointee.model }
      control.readHistory = { pointer.pointee.history }
      control.readRate = { pointer.pointee.optimizer.learningRate }
      control.writeRate = { rate in
        if pointer.pointee.schedule != nil {
          fail(
            TensorError(
              "TrainingControl", "a learning rate of \(rate), and the run has a schedule, which sets it; one of the two would fit"))
          return
        }
        pointer.pointee.optimizer.learningRate = rate
      }
      defer { control.detach() }
      for callback in settings.callbacks { try callback.handle(event, control) }
    }
  }

  // MARK: Checkpoints

  /// Whether the end of an epoch is the time for a checkpoint.
  private func isDue<O: Optimizer>(_ run: TrainingState<M, O>) -> Bool {
    if run.best != nil && run.bestStep == run.step { return true }
    return switch settings.interval {
    case .epochs(let count): run.epoch.isMultiple(of: count)
    case .steps(let count): run.step.isMultiple(of: count)
    }
  }

  /// Writes a checkpoint if there is a place for them; throws instead if the last step has broken a parameter.
  private func write<O: Optimizer>(_ run: TrainingState<M, O>) throws {
    guard settings.checkpoints != nil, !hasFailed else { return }
    // No loss has shown it yet.
    if let (name, _) = run.model.parameters.first(where: { !$0.value.detached.isFinite.all().item(as: Bool.self) }) {
      throw TrainingError.nonFiniteParameter(name, steps: run.step)
    }
    if let exchange = settings.exchange { return try write(run, directory, across: exchange) }
    try directory?.write(run)
  }

  /// The model of the best epoch, in memory or in its file.
  private func restore<O: Optimizer>(_ best: M?, _ run: inout TrainingState<M, O>) throws {
    if let best {
      run.model = best
    } else if let exchange = settings.exchange, settings.checkpoints != nil {
      try restore(&run, directory, across: exchange)
    } else if let directory {
      run.model = try run.model(in: directory.file(run.bestStep))
    }
  }
}

/// Accuracy, where no metrics are given and targets are class ids.
func chooseMetrics(_ metrics: inout [any Metric], _ isAutomatic: Bool, _ losses: Losses) {
  guard isAutomatic, metrics.isEmpty, let outputs = losses.outputs, let targets = losses.targets else { return }
  if targets.dtype.isInteger && outputs.rank == targets.rank + 1 && Shape(outputs.shape.dropLast()) == targets.shape {
    metrics = [Accuracy()]
  }
}

/// Gives metrics what a step has for them.
func addMetrics(_ losses: Losses, to metrics: inout [any Metric]) {
  if metrics.isEmpty || hasFailed { return }
  guard let outputs = losses.outputs, let targets = losses.targets else {
    fail(
      TensorError(
        "fit", "metrics, and the step gives nothing that they look at; Losses(total: loss, outputs: y, targets: t) would fit"))
    return
  }
  for i in metrics.indices { metrics[i].add(outputs, targets) }
}

/// The mean losses and the metrics of all batches, in inference mode.
func gatheredFigures<Batch, E: Error>(
  _ source: BatchSource<Batch>, _ metrics: [any Metric], _ step: (Batch) throws(E) -> Losses
) throws(E) -> Evaluation {
  var (mean, metrics) = (RunningMean(), metrics)
  for i in metrics.indices { metrics[i].reset() }
  for batch in source.pass(0, 0, 0) {
    let losses = try withMode(.inference) { () throws(E) -> Losses in try step(batch) }
    mean.add(losses.total.item(), losses.figures, count: exampleCount(batch))
    addMetrics(losses, to: &metrics)
    if hasFailed { break }
  }
  return mean.evaluation(metrics)
}

/// Gradients of several batches, added up: their mean is that of one batch of all their examples.
struct GradientSum<M: Model> {
  private var sum: M?
  private var items = 0
  /// How many there are.
  private(set) var count = 0

  /// Adds a gradient of a mean over so many examples.
  mutating func add(_ gradient: M, of model: M, items: Int) {
    var gradient = gradient
    gradient.updateGradients(of: model) { _, g, _ in g = g.detached * Double(items) }
    if let before = sum.take() {
      var terms: [Int: Tensor] = [:]
      var other = before
      other.updateGradients(of: model) { i, g, _ in terms[i] = g }
      gradient.updateGradients(of: model) { i, g, _ in if let term = terms[i] { g = term + g } }
    }
    sum = gradient
    self.items += items
    count += 1
  }

  /// The mean; nil where there is none.
  mutating func take(of model: M) -> M? {
    guard var mean = sum.take() else { return nil }
    let factor = 1 / Double(Swift.max(items, 1))
    mean.updateGradients(of: model) { _, g, _ in g = g.detached * factor }
    (items, count) = (0, 0)
    return mean
  }
}
