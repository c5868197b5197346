import Models

/// What a run of `fit` went through.
public struct History: Sendable {
  /// One pass over the training data.
  public struct Epoch: Sendable {
    /// Counted from 1.
    public let number: Int
    /// Means over the training data, each batch seen by the model as it was then.
    public let training: Evaluation
    /// Means over the validation data, seen by the model at the end of the epoch.
    public let validation: Evaluation?
    /// How long the training part took.
    public let seconds: Double
    /// How many examples a second that were.
    public let itemsPerSecond: Double

    package init(number: Int, training: Evaluation, validation: Evaluation?, seconds: Double, itemsPerSecond: Double) {
      self.number = number
      self.training = training
      self.validation = validation
      self.seconds = seconds
      self.itemsPerSecond = itemsPerSecond
    }
  }

  /// What the metric is called, if there is one.
  public package(set) var metricName: String?
  /// The epochs in order.
  public package(set) var epochs: [Epoch] = []
  /// The loss of every step, in order.
  public package(set) var stepLosses: [Double] = []
  /// What was remarkable when the run was taken up, a sentence each: a damaged checkpoint, a model that is another one.
  ///
  /// They are written to standard error too, and not into checkpoints.
  public package(set) var remarks: [String] = []

  package init() {}
}

/// A model's mean loss and metric over some data.
public struct Evaluation: Sendable, Equatable {
  /// The mean loss of an example.
  public let loss: Double
  /// The mean of the metric, if there is one.
  public let metric: Double?

  package init(loss: Double, metric: Double?) {
    self.loss = loss
    self.metric = metric
  }
}

/// Means over batches of different sizes.
struct RunningMean: Resumable {
  private(set) var count = 0
  private var loss = 0.0
  private var metric: Double?

  mutating func add(_ loss: Double, _ metric: Double?, count: Int) {
    self.count += count
    self.loss += loss * Double(count)
    if let metric { self.metric = (self.metric ?? 0) + metric * Double(count) }
  }

  var evaluation: Evaluation {
    let n = Double(max(count, 1))
    return Evaluation(loss: loss / n, metric: metric.map { $0 / n })
  }
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
