import Models
import Tensors

/// Scores and labels of all examples, which figures of their order need: memory grows with the number of examples.
struct RankedScores: Sendable, Resumable {
  /// float64 [examples, columns] of each batch: probabilities of the classes, or one column of class 1's scores.
  private var scores: [Tensor] = []
  /// float64 [2, examples] of each batch: labels and weights.
  private var labels: [Tensor] = []

  mutating func add(_ name: String, _ outputs: Tensor, _ targets: Tensor, _ weights: Tensor?, _ kind: Scores) {
    guard let read = ClassReading(name, outputs, targets, weights: weights, kind) else { return }
    guard let batch = read.scores else {
      fail(TensorError(name, "outputs \(outputs.dtype) \(outputs.shape), which are ids; scores would fit"))
      return
    }
    let count = read.labels.count
    var columns = batch.cast(to: .float64)
    if columns.rank == 2 {
      if kind == .logits { columns = columns.softmax() }
      // Of two classes one column says all.
      if read.classes == 2 { columns = columns[.all, 1..<2] }
    } else {
      columns = columns.reshaped([count, 1])
    }
    if let first = scores.first, first.shape[1] != columns.shape[1] {
      fail(TensorError(name, "\(read.classes) classes, after \(Swift.max(2, first.shape[1]))"))
      return
    }
    // A copy: a batch may be a view of all data.
    scores.append(Tensor(columns.scalars(Double.self), shape: columns.shape))
    labels.append(Tensor(read.labels.map { Double($0) } + read.weights, shape: [2, count]))
  }

  mutating func merge(_ other: RankedScores) {
    scores += other.scores
    labels += other.labels
  }

  mutating func reset() { (scores, labels) = ([], []) }

  /// The mean over the classes, each against the rest, of a figure that is nil where it is not defined; of two classes that of class 1.
  ///
  /// The figure gets groups of equal scores, the highest first: the weights of the examples of the class and of the others.
  func value(_ figure: ([(positive: Double, negative: Double)]) -> Double?) -> Double {
    guard let columns = scores.first?.shape[1] else { return .nan }
    let figures = byClass(columns, figure).compactMap { $0 }
    return figures.isEmpty ? .nan : figures.reduce(0, +) / Double(figures.count)
  }

  private func byClass(_ columns: Int, _ figure: ([(positive: Double, negative: Double)]) -> Double?) -> [Double?] {
    var (ids, weights): ([Int], [Double]) = ([], [])
    for batch in labels {
      let (numbers, count) = (batch.scalars(Double.self), batch.shape[1])
      ids += numbers[..<count].map { Int($0) }
      weights += numbers[count...]
    }
    let numbers = scores.flatMap { $0.scalars(Double.self) }
    // An order of what is no number does not exist.
    if numbers.contains(where: \.isNaN) { return [] }
    return (0..<columns).map { column in
      let own = columns == 1 ? 1 : column
      let order = ids.indices.sorted { numbers[$0 * columns + column] > numbers[$1 * columns + column] }
      var groups: [(positive: Double, negative: Double)] = []
      var last = Double.nan
      for i in order {
        let score = numbers[i * columns + column]
        if score != last { groups.append((0, 0)) }
        last = score
        if ids[i] == own {
          groups[groups.count - 1].positive += weights[i]
        } else {
          groups[groups.count - 1].negative += weights[i]
        }
      }
      return figure(groups)
    }
  }
}

/// The area under the ROC curve: how likely an example of a class has a higher score than one of the others, equal scores counting half.
///
///     var auc = AUC()
///     auc.add(scores, labels)
///     print(auc.value)
///
/// Of more than two classes the mean over the classes, each against the rest, of their probabilities (see ``Scores``). NaN where there are only
/// examples of one class; a class without examples, or without others, does not count, and neither does anything where a score is NaN. It keeps all
/// scores. Scikit-learn: `roc_auc_score`, with `multi_class="ovr"`.
public struct AUC: Metric {
  /// What the scores are.
  public let scores: Scores
  private var ranked = RankedScores()

  /// Of logits unless told; of two classes it makes no difference.
  public init(_ scores: Scores = .logits) { self.scores = scores }

  /// `auc`.
  public var name: String { "auc" }

  /// The area.
  public var value: Double {
    ranked.value { groups in
      var (above, area, negative) = (0.0, 0.0, 0.0)
      for group in groups {
        area += group.negative * (above + group.positive / 2)
        above += group.positive
        negative += group.negative
      }
      return above > 0 && negative > 0 ? area / (above * negative) : nil
    }
  }

  /// Adds the examples of a batch.
  public mutating func add(_ outputs: Tensor, _ targets: Tensor, weights: Tensor?) {
    ranked.add("AUC", outputs, targets, weights, scores)
  }

  /// Adds what another one has gathered.
  public mutating func merge(_ other: AUC) { ranked.merge(other.ranked) }

  /// Forgets all examples.
  public mutating func reset() { ranked.reset() }
}

/// Σ (Rᵢ − Rᵢ₋₁)·Pᵢ over the thresholds: the area under precision over recall, without interpolation.
///
/// Of more than two classes the mean over the classes, each against the rest. NaN where there are no examples of the class; such a class does not count. It keeps
/// all scores. Scikit-learn: `average_precision_score`.
public struct AveragePrecision: Metric {
  /// What the scores are.
  public let scores: Scores
  private var ranked = RankedScores()

  /// Of logits unless told; of two classes it makes no difference.
  public init(_ scores: Scores = .logits) { self.scores = scores }

  /// `average precision`.
  public var name: String { "average precision" }

  /// The area.
  public var value: Double {
    ranked.value { groups in
      let positives = groups.reduce(0) { $0 + $1.positive }
      if positives == 0 { return nil }
      var (found, seen, sum) = (0.0, 0.0, 0.0)
      for group in groups where group.positive + group.negative > 0 {
        found += group.positive
        seen += group.positive + group.negative
        sum += group.positive / positives * (found / seen)
      }
      return sum
    }
  }

  /// Adds the examples of a batch.
  public mutating func add(_ outputs: Tensor, _ targets: Tensor, weights: Tensor?) {
    ranked.add("AveragePrecision", outputs, targets, weights, scores)
  }

  /// Adds what another one has gathered.
  public mutating func merge(_ other: AveragePrecision) { ranked.merge(other.ranked) }

  /// Forgets all examples.
  public mutating func reset() { ranked.reset() }
}

extension Metric where Self == AUC {
  /// The area under the ROC curve.
  public static var auc: AUC { AUC() }
}

extension Metric where Self == AveragePrecision {
  /// The area under precision over recall.
  public static var averagePrecision: AveragePrecision { AveragePrecision() }
}
