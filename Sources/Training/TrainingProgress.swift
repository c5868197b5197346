import Models
import Tensors

/// The progress line and the figures of a training loop of one's own: what `fit` shows and keeps.
///
///     var progress = TrainingProgress(epochs: 10, batches: loader.batchCount)
///     var history = History()
///     for epoch in 1...10 {
///       progress.begin(epoch)
///       for (x, y) in loader {
///         let (loss, gradient) = valueAndGradient(at: &model) { model in crossEntropy(model(x), y) }
///         optimizer.update(&model, along: gradient)
///         progress.update(loss, items: x.shape[0])
///       }
///       history.append(epoch: progress.end(validation: model.evaluate(test, loss: crossEntropy)))
///     }
///
/// A bar on a terminal, and a line for each epoch elsewhere.
public struct TrainingProgress {
  private var reporter: ProgressReporter
  private var mean = RunningMean()
  private var epoch = 0
  private var batch = 0
  private var start = ContinuousClock.now

  /// Of a number of epochs, with as many batches each; nil where nobody knows.
  public init(epochs: Int, batches: Int? = nil, display: ProgressDisplay = .automatic) {
    reporter = ProgressReporter(display, epochs: epochs, steps: batches)
  }

  /// An epoch begins, counted from 1.
  public mutating func begin(_ epoch: Int) {
    (self.epoch, batch, mean, start) = (epoch, 0, RunningMean(), .now)
    reporter.begin(epoch)
  }

  /// A batch of so many examples had a loss: a tensor, or ``Losses`` with parts by name.
  ///
  /// - Parameter metrics: What is gathered beside it, as it stands.
  public mutating func update(_ loss: some TrainingLoss, items: Int, metrics: [any Metric] = []) {
    let losses = loss.asLosses
    if items < 0 { fail(TensorError("TrainingProgress", "a batch of \(items) examples; 0 or more would fit")) }
    if hasFailed { return }
    batch += 1
    mean.add(losses.total.item(), losses.figures, count: items)
    let mean = self.mean
    reporter.update(batch, items: mean.count) { mean.evaluation(metrics) }
  }

  /// The figures of the epoch so far.
  public var means: Evaluation { mean.evaluation() }

  /// The epoch ends: shows its line, and gives its figures for a ``History``.
  public mutating func end(validation: Evaluation? = nil, metrics: [any Metric] = []) -> History.Epoch {
    let seconds = start.duration(to: .now).seconds
    let figures = History.Epoch(
      number: epoch, training: mean.evaluation(metrics), validation: validation, seconds: seconds,
      itemsPerSecond: Double(mean.count) / seconds)
    reporter.end(figures)
    return figures
  }
}

/// The best model so far by a figure, kept as a value.
///
///     var best = BestModel<Net>()
///     best.observe(validation.loss, model)
///     if let (model, loss) = best.kept { … }
public struct BestModel<M: Model>: Sendable {
  /// What is looked at, and whether higher or lower is better.
  public let figure: EarlyStopping.Figure
  /// The best model and its figure; nil before any.
  public private(set) var kept: (model: M, figure: Double)?

  /// By the loss unless told: the lowest.
  public init(by figure: EarlyStopping.Figure = .loss) { self.figure = figure }

  /// Keeps a model if its figure is the best so far, and tells whether it is; NaN is not.
  @discardableResult
  public mutating func observe(_ value: Double, _ model: M) -> Bool {
    if value.isNaN || !(kept.map { figure.isBetter(value, than: $0.figure) } ?? true) { return false }
    kept = (model, value)
    return true
  }
}
