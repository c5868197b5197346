import Models
import Tensors

/// A figure that says how good outputs are, gathered over batches: a value that is added to, read, merged and reset.
///
///     var f1 = F1(.macro)
///     for (x, y) in DataLoader(test, batchSize: 64) { f1.add(model.predict(x), y) }
///     print(f1.value)
///     try model.fit(train, …, metrics: [.accuracy, .top(5), .f1(.macro)])
///
/// The value is that of all examples together, however they were cut into batches, and not a mean over batches. It is kept in checkpoints. Before
/// any example it is NaN.
///
/// **Outputs and targets.** All metrics of classes read them in one way:
///
/// | outputs | targets | |
/// |---|---|---|
/// | scores [..., classes] | ids [...] | the class with the largest score (of equal ones the first) |
/// | scores [..., classes] | probabilities [..., classes] | the target is the class with the largest one |
/// | scores [...] or [..., 1] | ids, Booleans or 0 and 1 of the same shape | two classes: the score is that of class 1 |
/// | ids [...] | ids [...] | outputs are the predicted classes |
///
/// Scores are logits, as losses take them, unless a metric is told that they are ``Scores/probabilities``: it matters where two classes are told
/// apart by a threshold (0 for logits, 0.5 for probabilities), and where scores of more than two classes are compared from example to example (AUC and average
/// precision of logits are those of their softmax). An example whose target id is below 0, such as padding, does not count; an id beyond the
/// classes is a mistake.
///
/// `weights` give each example a weight, of the targets' shape; 1 unless told. Scikit-learn: `sample_weight`.
public protocol Metric: Sendable, Resumable {
  /// What it is called in progress lines, charts and logs.
  var name: String { get }
  /// The figure of all that was added; NaN where it is not defined.
  var value: Double { get }
  /// Adds the examples of a batch.
  mutating func add(_ outputs: Tensor, _ targets: Tensor, weights: Tensor?)
  /// Adds what another one of its kind has gathered.
  mutating func merge(_ other: Self)
  /// Forgets what was added.
  mutating func reset()
}

extension Metric {
  /// Adds the examples of a batch.
  public mutating func add(_ outputs: Tensor, _ targets: Tensor) { add(outputs, targets, weights: nil) }
}

/// What the scores are that a metric of classes is given.
public enum Scores: Sendable {
  /// Numbers whose softmax, or of two classes the sigmoid, are the probabilities.
  case logits
  /// Probabilities.
  case probabilities

  /// From which score on class 1 of two is predicted: above it.
  var threshold: Double { self == .logits ? 0 : 0.5 }
}

/// The mean of a figure of single batches over all examples, for what has no metric of its own.
///
///     .mean("distance") { outputs, targets in abs(outputs - targets).mean().item() }
public struct MeanMetric: Metric {
  /// What it is called.
  public let name: String
  private let figure: @Sendable (_ outputs: Tensor, _ targets: Tensor) -> Double
  private var total = 0.0
  private var count = 0.0

  /// By its name and its mean over the examples of a batch.
  public init(_ name: String, _ figure: @escaping @Sendable (_ outputs: Tensor, _ targets: Tensor) -> Double) {
    (self.name, self.figure) = (name, figure)
  }

  /// The mean.
  public var value: Double { count > 0 ? total / count : .nan }

  /// Adds a batch's figure, which counts as much as the batch has examples, or as the sum of the weights.
  public mutating func add(_ outputs: Tensor, _ targets: Tensor, weights: Tensor?) {
    let n = weights.map { $0.cast(to: .float64).sum().item() } ?? Double(outputs.rank > 0 ? outputs.shape[0] : 1)
    let mean = figure(outputs.detached, targets.detached)
    if hasFailed || n == 0 { return }
    total += mean * n
    count += n
  }

  /// Adds what another one has gathered.
  public mutating func merge(_ other: MeanMetric) { (total, count) = (total + other.total, count + other.count) }

  /// Forgets all batches.
  public mutating func reset() { (total, count) = (0, 0) }
}

extension Metric where Self == MeanMetric {
  /// The mean of a figure over all examples.
  public static func mean(_ name: String, _ figure: @escaping @Sendable (_ outputs: Tensor, _ targets: Tensor) -> Double) -> MeanMetric {
    MeanMetric(name, figure)
  }
}
