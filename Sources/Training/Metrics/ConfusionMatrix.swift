import Models
import Tensors

/// How often each class was taken for each, gathered over batches.
///
///     var confusion = ConfusionMatrix()
///     confusion.add(model.predict(x), y)
///     print(confusion.counts)            // a row for each label, a column for each prediction
///
/// Scikit-learn: `confusion_matrix`.
public struct ConfusionMatrix: Sendable, Resumable {
  /// What the scores are.
  public let scores: Scores
  /// float64 [classes, classes]: the examples, or their weights, of each label (row) that were predicted to be each class (column).
  ///
  /// As many classes as outputs have scores; of predicted ids one more than the largest id so far.
  public private(set) var counts = Tensor.zeros([0, 0], .float64)

  /// Of logits unless told.
  public init(_ scores: Scores = .logits) { self.scores = scores }

  /// Adds the examples of a batch.
  public mutating func add(_ outputs: Tensor, _ targets: Tensor, weights: Tensor? = nil) {
    guard let read = ClassReading("ConfusionMatrix", outputs, targets, weights: weights, scores) else { return }
    let classes = Swift.max(read.classes, counts.shape[0])
    guard
      attempt({ () throws(TensorError) -> Void in
        try Shape([classes, classes]).check("ConfusionMatrix")
        try checkList(classes * classes, of: 8, "ConfusionMatrix", "the counts of \(classes) classes")
      }) != nil
    else { return }
    var numbers = widened(to: classes)
    for (i, (label, prediction)) in zip(read.labels, read.predictions).enumerated() {
      numbers[label * classes + prediction] += read.weights[i]
    }
    counts = Tensor(numbers, shape: [classes, classes])
  }

  /// Adds what another one has gathered.
  public mutating func merge(_ other: ConfusionMatrix) {
    let classes = Swift.max(counts.shape[0], other.counts.shape[0])
    let sums = zip(widened(to: classes), other.widened(to: classes)).map { $0 + $1 }
    counts = Tensor(sums, shape: [classes, classes])
  }

  /// Forgets all examples.
  public mutating func reset() { counts = .zeros([0, 0], .float64) }

  private func widened(to classes: Int) -> [Double] {
    let old = counts.shape[0]
    let numbers = counts.scalars(Double.self)
    if old == classes { return numbers }
    var wide = [Double](repeating: 0, count: classes * classes)
    for i in 0..<old { for j in 0..<old { wide[i * classes + j] = numbers[i * old + j] } }
    return wide
  }
}

/// How often each class was taken for each: int64 [classes, classes], a row for each label, a column for each prediction.
///
/// `predictions` and `labels` are class ids of one shape; one outside 0 ..< classes is a mistake. Over batches: ``ConfusionMatrix``.
public func confusionMatrix(_ predictions: Tensor, _ labels: Tensor, classes: Int) -> Tensor {
  let name = "confusionMatrix"
  let (predictions, labels) = (predictions.integersOfLiteral, labels.integersOfLiteral)
  let isFit = predictions.dtype.isInteger && labels.dtype.isInteger && predictions.shape == labels.shape && classes > 0
  guard isFit else {
    let given = "\(predictions.dtype) \(predictions.shape) and \(labels.dtype) \(labels.shape) for \(classes) classes"
    fail(TensorError(name, "\(given); class ids of one shape would fit"))
    return .zeros([0, 0], .int64)
  }
  let shape: Shape = [classes, classes]
  let isPossible: Void? = attempt { () throws(TensorError) in
    try shape.check(name)
    try checkList(shape.elementCount, of: 8, name, "the counts of \(classes) classes")
  }
  guard isPossible != nil else { return .zeros([0, 0], .int64) }
  var counts = [Int](repeating: 0, count: shape.elementCount)
  let pairs = zip(labels.cast(to: .int64).scalars(Int.self), predictions.cast(to: .int64).scalars(Int.self))
  for (position, (label, prediction)) in pairs.enumerated() {
    guard 0..<classes ~= label && 0..<classes ~= prediction else {
      fail(TensorError(name, "label \(label), prediction \(prediction) at position \(position); 0 to \(classes - 1) would fit"))
      return .zeros([classes, classes], .int64)
    }
    counts[label * classes + prediction] += 1
  }
  return Tensor(counts, shape: shape)
}
