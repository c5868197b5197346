import Tensors

/// A figure that says how good a model's outputs are, in terms people care about: its mean over the examples of a batch.
///
///     let error = Metric("mean error") { y, target in abs(y - target).mean().item() }
public struct Metric: Sendable {
  /// What it is called in progress bars and charts.
  public let name: String
  /// Its mean over a batch, from outputs [batch, …] and targets [batch, …].
  public let mean: @Sendable (_ outputs: Tensor, _ targets: Tensor) -> Double

  /// A metric by its name and its mean over a batch.
  public init(_ name: String, _ mean: @escaping @Sendable (_ outputs: Tensor, _ targets: Tensor) -> Double) {
    self.name = name
    self.mean = mean
  }

  /// The share of examples whose largest output is at the right class.
  public static let accuracy = Metric("accuracy") { Training.accuracy($0, $1) }
}

/// The share of examples whose largest output is at the right class: 0 to 1, NaN for no examples.
///
/// `outputs` is [batch, classes], logits or probabilities; `targets` is [batch] class ids or [batch, classes] probabilities.
public func accuracy(_ outputs: Tensor, _ targets: Tensor) -> Double {
  let ids = targets.dtype.isFloatingPoint ? targets.argmax(axis: -1) : targets.cast(to: .int64)
  let predictions = outputs.argmax(axis: -1)
  guard predictions.shape == ids.shape else {
    fail(TensorError("accuracy", "outputs \(outputs.shape) for targets \(targets.shape); [batch, classes] and [batch] would fit"))
    return .nan
  }
  return (predictions .== ids).cast(to: .float64).mean().item()
}

/// How often each class was taken for each: int64 [classes, classes], a row for each label, a column for each prediction.
///
/// `predictions` and `labels` are class ids of one shape; one outside 0 ..< classes is a mistake.
public func confusionMatrix(_ predictions: Tensor, _ labels: Tensor, classes: Int) -> Tensor {
  let name = "confusionMatrix"
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
