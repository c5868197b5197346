import Foundation
import Models
import Tensors

/// Means of what outputs and targets of one shape differ by.
public struct MeanError: Metric {
  /// What is averaged.
  public enum Kind: String, Sendable {
    /// |output − target|. Scikit-learn: `mean_absolute_error`.
    case mae
    /// (output − target)². Scikit-learn: `mean_squared_error`.
    case mse
    /// The root of the mean of (output − target)² over all elements.
    case rmse
  }
  /// What is averaged.
  public let kind: Kind
  private var sum = 0.0
  private var count = 0.0

  /// Of a kind.
  public init(_ kind: Kind) { self.kind = kind }

  /// `mae`, `mse`, `rmse`.
  public var name: String { kind.rawValue }

  /// The mean over all elements; NaN of none.
  public var value: Double {
    if count == 0 { return .nan }
    return kind == .rmse ? (sum / count).squareRoot() : sum / count
  }

  /// Adds the elements of a batch; weights are of its examples, the first axis.
  public mutating func add(_ outputs: Tensor, _ targets: Tensor, weights: Tensor?) {
    guard let rows = RegressionRows(name, outputs, targets, weights) else { return }
    for i in 0..<rows.count {
      for j in i * rows.width..<(i + 1) * rows.width {
        let difference = rows.outputs[j] - rows.targets[j]
        sum += rows.weights[i] * (kind == .mae ? abs(difference) : difference * difference)
      }
      count += rows.weights[i] * Double(rows.width)
    }
  }

  /// Adds what another one has gathered.
  public mutating func merge(_ other: MeanError) { (sum, count) = (sum + other.sum, count + other.count) }

  /// Forgets all elements.
  public mutating func reset() { (sum, count) = (0, 0) }
}

/// The coefficient of determination: 1 − Σ(output − target)² / Σ(target − mean)².
///
/// Of targets with more than one axis the mean over the outputs of an example, as scikit-learn's `r2_score` (`uniform_average`). Where all targets
/// are one number it is 1 if the outputs are too, and otherwise 0, as there; NaN of fewer than two examples.
public struct R2: Metric {
  /// Sums over the examples, and of each output the mean of the targets, the sum of squared distances from it, and that of squared errors.
  private var weight = 0.0
  private var examples = 0
  private var mean: [Double] = []
  private var spread: [Double] = []
  private var errors: [Double] = []

  /// Before any example.
  public init() {}

  /// `r2`.
  public var name: String { "r2" }

  /// The coefficient.
  public var value: Double {
    if examples < 2 || mean.isEmpty || weight == 0 { return .nan }
    let figures = zip(errors, spread).map { error, spread in
      spread > 0 ? 1 - error / spread : error == 0 ? 1 : error.isNaN || spread.isNaN ? .nan : 0
    }
    return figures.reduce(0, +) / Double(figures.count)
  }

  /// Adds the examples of a batch.
  public mutating func add(_ outputs: Tensor, _ targets: Tensor, weights: Tensor?) {
    guard let rows = RegressionRows(name, outputs, targets, weights) else { return }
    if rows.count == 0 { return }
    if examples == 0 { (mean, spread, errors) = (zeros(rows.width), zeros(rows.width), zeros(rows.width)) }
    guard mean.count == rows.width else {
      fail(TensorError(name, "targets \(targets.shape) with \(rows.width) numbers an example, after \(mean.count)"))
      return
    }
    for i in 0..<rows.count {
      examples += 1
      let w = rows.weights[i]
      if w == 0 { continue }
      weight += w
      for j in 0..<rows.width {
        let (output, target) = (rows.outputs[i * rows.width + j], rows.targets[i * rows.width + j])
        let distance = target - mean[j]
        mean[j] += distance * w / weight
        // Welford's update: sums of squares of large numbers would cancel.
        spread[j] += w * distance * (target - mean[j])
        errors[j] += w * (output - target) * (output - target)
      }
    }
  }

  /// Adds what another one has gathered.
  public mutating func merge(_ other: R2) {
    if other.examples == 0 { return }
    if examples == 0 {
      self = other
      return
    }
    guard mean.count == other.mean.count else {
      fail(TensorError(name, "\(other.mean.count) numbers an example, to be merged with \(mean.count)"))
      return
    }
    let total = weight + other.weight
    for j in mean.indices where total > 0 {
      let distance = other.mean[j] - mean[j]
      spread[j] += other.spread[j] + distance * distance * weight * other.weight / total
      mean[j] += distance * other.weight / total
      errors[j] += other.errors[j]
    }
    (weight, examples) = (total, examples + other.examples)
  }

  /// Forgets all examples.
  public mutating func reset() { self = R2() }

  private func zeros(_ count: Int) -> [Double] { [Double](repeating: 0, count: count) }
}

/// exp of the mean cross entropy of ids: how many equally likely classes would be as hard to guess.
///
/// Outputs are scores [..., classes], targets ids [...]. The natural logarithm, as in ``crossEntropy(_:_:)``.
public struct Perplexity: Metric {
  /// What the scores are.
  public let scores: Scores
  /// An id whose examples do not count, such as padding's.
  public let ignoring: Int?
  private var sum = 0.0
  private var count = 0.0

  /// Of logits unless told.
  public init(_ scores: Scores = .logits, ignoring: Int? = nil) { (self.scores, self.ignoring) = (scores, ignoring) }

  /// `perplexity`.
  public var name: String { "perplexity" }

  /// The perplexity; NaN of no examples.
  public var value: Double { count > 0 ? exp(sum / count) : .nan }

  /// Adds the examples of a batch.
  public mutating func add(_ outputs: Tensor, _ targets: Tensor, weights: Tensor?) {
    let (outputs, targets) = (outputs.detached.cast(to: .float64), targets.integersOfLiteral.detached)
    guard targets.dtype.isInteger, outputs.rank == targets.rank + 1 else {
      fail(
        TensorError(
          name, "outputs \(outputs.shape) for targets \(targets.dtype) \(targets.shape); scores [..., classes] and ids [...] would fit"))
      return
    }
    let counted = targets.clamped(min: 0)
    let losses =
      scores == .logits
      ? crossEntropy(outputs, counted, reduction: .none) : negativeLogLikelihood(log(outputs), counted, reduction: .none)
    if hasFailed { return }
    let ids = targets.cast(to: .int64).reshaped([-1]).scalars(Int.self)
    guard let weights = exampleWeights(name, weights, count: ids.count) else { return }
    for (i, loss) in losses.reshaped([-1]).scalars(Double.self).enumerated() where ids[i] >= 0 && ids[i] != ignoring && weights[i] > 0 {
      sum += weights[i] * loss
      count += weights[i]
    }
  }

  /// Adds what another one has gathered.
  public mutating func merge(_ other: Perplexity) { (sum, count) = (sum + other.sum, count + other.count) }

  /// Forgets all examples.
  public mutating func reset() { (sum, count) = (0, 0) }
}

/// Outputs and targets of one shape as rows of numbers, an example each.
private struct RegressionRows {
  let count: Int
  let width: Int
  let outputs: [Double]
  let targets: [Double]
  let weights: [Double]

  /// Nil after a mistake.
  init?(_ name: String, _ outputs: Tensor, _ targets: Tensor, _ weights: Tensor?) {
    if hasFailed { return nil }
    guard outputs.shape == targets.shape else {
      fail(TensorError(name, "outputs \(outputs.shape) for targets \(targets.shape); equal shapes would fit"))
      return nil
    }
    count = outputs.rank > 0 ? outputs.shape[0] : 1
    width = count > 0 ? outputs.elementCount / count : 0
    self.outputs = outputs.detached.cast(to: .float64).scalars(Double.self)
    self.targets = targets.detached.cast(to: .float64).scalars(Double.self)
    guard let list = exampleWeights(name, weights, count: count) else { return nil }
    self.weights = list
    if hasFailed { return nil }
  }
}

extension Metric where Self == MeanError {
  /// The mean absolute error.
  public static var mae: MeanError { MeanError(.mae) }
  /// The mean squared error.
  public static var mse: MeanError { MeanError(.mse) }
  /// The root of the mean squared error.
  public static var rmse: MeanError { MeanError(.rmse) }
}

extension Metric where Self == R2 {
  /// The coefficient of determination.
  public static var r2: R2 { R2() }
}

extension Metric where Self == Perplexity {
  /// exp of the mean cross entropy.
  public static var perplexity: Perplexity { Perplexity() }
}
