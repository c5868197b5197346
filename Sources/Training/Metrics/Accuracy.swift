import Models
import Tensors

/// The share of examples whose predicted class is the target's: 0 to 1.
///
/// With `top: k`, the share of those whose target is among the k largest scores; of equal scores the lower ids are the larger. Scikit-learn:
/// `accuracy_score`, `top_k_accuracy_score`.
public struct Accuracy: Metric {
  /// Among how many of the largest scores the target may be.
  public let top: Int
  /// What the scores are.
  public let scores: Scores
  private var right = 0.0
  private var total = 0.0

  /// The first, or the k first; with k as large as the number of classes it is always 1.
  public init(_ scores: Scores = .logits, top: Int = 1) {
    (self.top, self.scores) = (top, scores)
    if top < 1 { fail(TensorError("Accuracy", "the top \(top); 1 or more would fit")) }
  }

  /// `accuracy`, `top5`.
  public var name: String { top == 1 ? "accuracy" : "top\(top)" }

  /// The share.
  public var value: Double { total > 0 ? right / total : .nan }

  /// Adds the examples of a batch.
  public mutating func add(_ outputs: Tensor, _ targets: Tensor, weights: Tensor?) {
    guard let read = ClassReading(name, outputs, targets, weights: weights, scores) else { return }
    if top > 1 {
      guard let scores = read.scores, scores.rank == 2 else {
        fail(TensorError(name, "outputs \(outputs.dtype) \(outputs.shape); scores [..., classes] would fit"))
        return
      }
      let numbers = scores.cast(to: .float64).scalars(Double.self)
      for (i, label) in read.labels.enumerated() {
        let row = numbers[i * read.classes..<(i + 1) * read.classes]
        let own = row[row.startIndex + label]
        let before = row.enumerated().count(where: { $0.element > own || $0.element == own && $0.offset < label })
        if before < top && !own.isNaN { right += read.weights[i] }
        total += read.weights[i]
      }
    } else {
      for (i, (label, prediction)) in zip(read.labels, read.predictions).enumerated() {
        if label == prediction { right += read.weights[i] }
        total += read.weights[i]
      }
    }
  }

  /// Adds what another one has gathered.
  public mutating func merge(_ other: Accuracy) { (right, total) = (right + other.right, total + other.total) }

  /// Forgets all examples.
  public mutating func reset() { (right, total) = (0, 0) }
}

extension Metric where Self == Accuracy {
  /// The share of examples whose largest score is at the right class.
  public static var accuracy: Accuracy { Accuracy() }
  /// The same of scores that are logits or probabilities.
  public static func accuracy(_ scores: Scores) -> Accuracy { Accuracy(scores) }
  /// The share of examples whose class is among the k largest scores.
  public static func top(_ k: Int) -> Accuracy { Accuracy(top: k) }
}

/// The share of examples whose predicted class is the target's: ``Accuracy`` of one batch.
///
/// `outputs` is [batch, classes], logits or probabilities; `targets` is [batch] class ids or [batch, classes] probabilities. NaN for no examples.
public func accuracy(_ outputs: Tensor, _ targets: Tensor) -> Double {
  var accuracy = Accuracy()
  accuracy.add(outputs, targets)
  return accuracy.value
}
