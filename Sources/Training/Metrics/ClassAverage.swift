import Models
import Tensors

/// How figures of single classes become one.
public enum ClassAverage: String, Sendable {
  /// That of class 1, of two classes.
  case binary
  /// The mean over the classes, each counting the same. Classes that neither labels nor predictions have do not count.
  case macro
  /// That of all classes' counts added up.
  case micro
  /// The mean over the classes, each counting as much as it has examples.
  case weighted
}

/// What precision, recall and F1 are made of: for each class the examples that are of it, that were predicted to be, and that are both.
struct ClassCounts: Sendable, Resumable {
  /// float64 [3, classes]: right predictions, predictions, labels.
  private var counts = Tensor.zeros([3, 0], .float64)

  mutating func add(_ name: String, _ outputs: Tensor, _ targets: Tensor, _ weights: Tensor?, _ scores: Scores, _ average: ClassAverage) {
    guard let read = ClassReading(name, outputs, targets, weights: weights, scores) else { return }
    if average == .binary && read.classes > 2 {
      fail(TensorError(name, "\(read.classes) classes, and a binary average is of two; .macro, .micro or .weighted would fit"))
      return
    }
    guard attempt({ () throws(TensorError) in try checkList(read.classes, of: 48, name, "the counts of \(read.classes) classes") }) != nil
    else { return }
    var lists = self.lists(Swift.max(read.classes, counts.shape[1]))
    for (i, (label, prediction)) in zip(read.labels, read.predictions).enumerated() {
      let weight = read.weights[i]
      if label == prediction { lists[0][label] += weight }
      lists[1][prediction] += weight
      lists[2][label] += weight
    }
    store(lists)
  }

  mutating func merge(_ other: ClassCounts) {
    let classes = Swift.max(counts.shape[1], other.counts.shape[1])
    store(zip(lists(classes), other.lists(classes)).map { zip($0, $1).map { $0 + $1 } })
  }

  mutating func reset() { counts = .zeros([3, 0], .float64) }

  /// A figure of each class.
  func byClass(_ figure: (_ right: Double, _ predicted: Double, _ actual: Double) -> Double) -> [Double] {
    let lists = self.lists(counts.shape[1])
    return lists[0].indices.map { figure(lists[0][$0], lists[1][$0], lists[2][$0]) }
  }

  /// The average of a figure; NaN of no examples.
  func value(_ average: ClassAverage, _ figure: (_ right: Double, _ predicted: Double, _ actual: Double) -> Double) -> Double {
    let lists = self.lists(counts.shape[1])
    let total = lists[2].reduce(0, +)
    if total == 0 { return .nan }
    let figures = byClass(figure)
    switch average {
    case .binary: return figures.count > 1 ? figures[1] : figure(0, 0, 0)
    case .macro:
      let present = figures.indices.filter { lists[1][$0] > 0 || lists[2][$0] > 0 }
      return present.reduce(0) { $0 + figures[$1] } / Double(present.count)
    case .micro: return figure(lists[0].reduce(0, +), lists[1].reduce(0, +), total)
    case .weighted: return figures.indices.reduce(0) { $0 + figures[$1] * lists[2][$1] } / total
    }
  }

  private func lists(_ classes: Int) -> [[Double]] {
    // After a mistake in a `checked` scope a tensor gives no numbers.
    let (numbers, old) = hasFailed ? ([], 0) : (counts.scalars(Double.self), counts.shape[1])
    return (0..<3).map { Array(numbers[$0 * old..<($0 + 1) * old]) + [Double](repeating: 0, count: Swift.max(0, classes - old)) }
  }

  private mutating func store(_ lists: [[Double]]) { counts = Tensor(lists.flatMap { $0 }, shape: [3, lists[0].count]) }
}
