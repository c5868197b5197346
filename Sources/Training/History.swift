/// What a training run went through: `fit` gives one, and a loop of one's own appends to one.
///
///     var history = History()
///     history.append(step: loss.item())
///     history.append(epoch: History.Epoch(number: 1, training: Evaluation(loss: 0.5)))
///     try history.svg(title: "Loss").write(toFile: "loss.svg", atomically: true, encoding: .utf8)
public struct History: Sendable {
  /// One pass over the training data.
  public struct Epoch: Sendable {
    /// Counted from 1.
    public let number: Int
    /// Means over the training data, each batch seen by the model as it was then.
    public let training: Evaluation
    /// Figures of the validation data: at the end of the epoch, or those of the last validation in it; nil if there was none.
    public let validation: Evaluation?
    /// How long the training part took.
    public let seconds: Double
    /// How many examples a second that were.
    public let itemsPerSecond: Double

    /// An epoch's figures.
    public init(number: Int, training: Evaluation, validation: Evaluation? = nil, seconds: Double = 0, itemsPerSecond: Double = 0) {
      self.number = number
      self.training = training
      self.validation = validation
      self.seconds = seconds
      self.itemsPerSecond = itemsPerSecond
    }
  }

  /// A validation in the middle of a run.
  public struct Validation: Sendable, Equatable {
    /// After how many steps of the run.
    public let step: Int
    /// Its figures.
    public let evaluation: Evaluation

    /// Figures after so many steps.
    public init(step: Int, evaluation: Evaluation) { (self.step, self.evaluation) = (step, evaluation) }
  }

  /// The epochs in order.
  public package(set) var epochs: [Epoch] = []
  /// The loss of every step, in order.
  public package(set) var stepLosses: [Double] = []
  /// The validations that were made every so many steps, in order.
  public package(set) var validations: [Validation] = []
  /// What was remarkable, a sentence each: a damaged checkpoint, a model that is another one, a schedule that is not as long as the run.
  ///
  /// They are written to standard error too, and not into checkpoints.
  public package(set) var remarks: [String] = []

  /// Nothing so far.
  public init() {}

  /// What the first metric is called, if there is one.
  public var metricName: String? { epochs.lazy.compactMap { $0.training.metrics.first ?? $0.validation?.metrics.first }.first?.name }

  /// An epoch that has ended.
  public mutating func append(epoch: Epoch) { epochs.append(epoch) }
  /// The loss of a step.
  public mutating func append(step loss: Double) { stepLosses.append(loss) }
}

/// Training that cannot go on.
public enum TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The loss became NaN or infinite; epoch and step (in the epoch) are counted from 1.
  case nonFiniteLoss(Double, epoch: Int, step: Int)
  /// The gradient of a parameter has an element that is NaN or infinite, though the loss is finite; epoch and step (in the epoch) are counted from 1.
  case nonFiniteGradient(String, epoch: Int, step: Int)
  /// A parameter became NaN or infinite; found before a checkpoint would have been written of it.
  case nonFiniteParameter(String, steps: Int)

  /// The whole sentence.
  public var description: String {
    switch self {
    case .nonFiniteLoss(let loss, let epoch, let step):
      "fit: the loss is \(loss.isNaN ? "NaN" : "\(loss)") at epoch \(epoch), step \(step); the model is as it was before that step"
    case .nonFiniteGradient(let name, let epoch, let step):
      "fit: the gradient of \(name) is not finite at epoch \(epoch), step \(step), though the loss is;"
        + " the model is as it was before that step"
    case .nonFiniteParameter(let name, let steps):
      "fit: \(name) is not finite after \(steps) steps; no checkpoint was written of it"
    }
  }
}
