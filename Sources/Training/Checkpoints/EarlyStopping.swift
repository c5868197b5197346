import Models
import Tensors

/// When training ends because it no longer helps: after some epochs in a row without an improvement.
///
///     try model.fit(train, validation: test, …, epochs: 100, earlyStopping: EarlyStopping(patience: 5, restoringBest: true))
///
/// The figure is that of the validation data, or of the training data where there are none. An improvement is one by more than
/// `minimumImprovement` over the last one that counted.
public struct EarlyStopping: Sendable, Resumable {
  /// What is looked at.
  public enum Figure: String, Sendable {
    /// The mean loss: lower is better.
    case loss
    /// The first metric, if higher is better, as accuracy.
    case metric
    /// The first metric, if lower is better, as an error.
    case lowestMetric
  }

  /// What is looked at.
  public let figure: Figure
  /// How many epochs without an improvement end training.
  public let patience: Int
  /// The least improvement that counts.
  public let minimumImprovement: Double
  /// Whether the model is in the end what it was after its best epoch.
  public let restoresBest: Bool
  /// The figure of the last improvement.
  public private(set) var best: Double?
  /// How many epochs there were since.
  public private(set) var epochsWithoutImprovement = 0

  /// Looks at the loss unless told.
  public init(on figure: Figure = .loss, patience: Int, minimumImprovement: Double = 0, restoringBest: Bool = false) {
    if patience < 1 { fail(TensorError("EarlyStopping", "a patience of \(patience) epochs; 1 or more would fit")) }
    if !(minimumImprovement >= 0) {
      fail(TensorError("EarlyStopping", "a minimum improvement of \(minimumImprovement); 0 or more would fit"))
    }
    self.figure = figure
    self.patience = patience
    self.minimumImprovement = minimumImprovement
    restoresBest = restoringBest
  }

  /// Whether training ends.
  public var isOver: Bool { epochsWithoutImprovement >= patience }

  /// Takes notice of the figure that an epoch ended with; NaN is no improvement.
  public mutating func observe(_ value: Double) {
    if !value.isNaN && (best.map { figure.isBetter(value, than: $0, by: minimumImprovement) } ?? true) {
      best = value
      epochsWithoutImprovement = 0
    } else {
      epochsWithoutImprovement += 1
    }
  }
}

extension EarlyStopping.Figure {
  /// Whether a value is better than another by more than a margin.
  func isBetter(_ value: Double, than other: Double, by margin: Double = 0) -> Bool {
    self == .metric ? value > other + margin : value < other - margin
  }

  /// The figure of an evaluation; nil if there is no metric.
  func value(of evaluation: Evaluation) -> Double? { self == .loss ? evaluation.loss : evaluation.metric }
}
