import Models
import Tensors

/// The share of the predictions of a class that are right.
///
/// Scikit-learn: `precision_score`. A class that was never predicted has 0 (scikit-learn's `zero_division=0`).
public struct Precision: Metric {
  /// How the classes' figures become one.
  public let average: ClassAverage
  /// What the scores are.
  public let scores: Scores
  private var counts = ClassCounts()

  /// Each class counting the same, unless told.
  public init(_ average: ClassAverage = .macro, _ scores: Scores = .logits) {
    (self.average, self.scores) = (average, scores)
  }

  /// `precision`, `precision macro`.
  public var name: String { "precision" + (average == .binary ? "" : " \(average.rawValue)") }

  /// The average over the classes; NaN of no examples.
  public var value: Double { counts.value(average, figure) }

  /// The figure of each class.
  public var byClass: [Double] { counts.byClass(figure) }

  private func figure(_ right: Double, _ predicted: Double, _ actual: Double) -> Double {
    predicted > 0 ? right / predicted : 0
  }

  /// Adds the examples of a batch.
  public mutating func add(_ outputs: Tensor, _ targets: Tensor, weights: Tensor?) {
    counts.add("Precision", outputs, targets, weights, scores, average)
  }

  /// Adds what another one has gathered.
  public mutating func merge(_ other: Precision) { counts.merge(other.counts) }

  /// Forgets all examples.
  public mutating func reset() { counts.reset() }
}

extension Metric where Self == Precision {
  /// The share of the predictions of a class that are right.
  public static func precision(_ average: ClassAverage = .macro, _ scores: Scores = .logits) -> Precision { Precision(average, scores) }
}

/// The share of the examples of a class that were predicted to be of it.
///
/// Scikit-learn: `recall_score`. A class without examples has 0 (scikit-learn's `zero_division=0`).
public struct Recall: Metric {
  /// How the classes' figures become one.
  public let average: ClassAverage
  /// What the scores are.
  public let scores: Scores
  private var counts = ClassCounts()

  /// Each class counting the same, unless told.
  public init(_ average: ClassAverage = .macro, _ scores: Scores = .logits) {
    (self.average, self.scores) = (average, scores)
  }

  /// `recall`, `recall macro`.
  public var name: String { "recall" + (average == .binary ? "" : " \(average.rawValue)") }

  /// The average over the classes; NaN of no examples.
  public var value: Double { counts.value(average, figure) }

  /// The figure of each class.
  public var byClass: [Double] { counts.byClass(figure) }

  private func figure(_ right: Double, _ predicted: Double, _ actual: Double) -> Double {
    actual > 0 ? right / actual : 0
  }

  /// Adds the examples of a batch.
  public mutating func add(_ outputs: Tensor, _ targets: Tensor, weights: Tensor?) {
    counts.add("Recall", outputs, targets, weights, scores, average)
  }

  /// Adds what another one has gathered.
  public mutating func merge(_ other: Recall) { counts.merge(other.counts) }

  /// Forgets all examples.
  public mutating func reset() { counts.reset() }
}

extension Metric where Self == Recall {
  /// The share of the examples of a class that were found.
  public static func recall(_ average: ClassAverage = .macro, _ scores: Scores = .logits) -> Recall { Recall(average, scores) }
}

/// The harmonic mean of precision and recall: (1 + β²)·right / (predicted + β²·examples), with β = 1 unless told.
///
/// Scikit-learn: `f1_score`, `fbeta_score`. A class without examples and predictions has 0 (scikit-learn's `zero_division=0`).
public struct F1: Metric {
  /// How the classes' figures become one.
  public let average: ClassAverage
  /// What the scores are.
  public let scores: Scores
  /// How much more recall counts than precision.
  public let beta: Double
  private var counts = ClassCounts()

  /// Each class counting the same, unless told.
  public init(_ average: ClassAverage = .macro, _ scores: Scores = .logits, beta: Double = 1) {
    (self.average, self.scores) = (average, scores)
    self.beta = beta
    if !(beta > 0 && beta.isFinite) { fail(TensorError("F1", "a beta of \(beta); a finite number above 0 would fit")) }
  }

  /// `f1`, `f1 macro`, `f2.0 macro`.
  public var name: String { (beta == 1 ? "f1" : "f\(beta)") + (average == .binary ? "" : " \(average.rawValue)") }

  /// The average over the classes; NaN of no examples.
  public var value: Double { counts.value(average, figure) }

  /// The figure of each class.
  public var byClass: [Double] { counts.byClass(figure) }

  private func figure(_ right: Double, _ predicted: Double, _ actual: Double) -> Double {
    let b = beta * beta
    let divisor = predicted + b * actual
    return divisor > 0 ? (1 + b) * right / divisor : 0
  }

  /// Adds the examples of a batch.
  public mutating func add(_ outputs: Tensor, _ targets: Tensor, weights: Tensor?) {
    counts.add("F1", outputs, targets, weights, scores, average)
  }

  /// Adds what another one has gathered.
  public mutating func merge(_ other: F1) { counts.merge(other.counts) }

  /// Forgets all examples.
  public mutating func reset() { counts.reset() }
}

extension Metric where Self == F1 {
  /// The harmonic mean of precision and recall.
  public static func f1(_ average: ClassAverage = .macro, _ scores: Scores = .logits, beta: Double = 1) -> F1 {
    F1(average, scores, beta: beta)
  }
}
