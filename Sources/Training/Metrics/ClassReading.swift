import Models
import Tensors

/// Class ids and scores of a batch, read from outputs and targets as ``Metric`` says.
struct ClassReading {
  /// The number of classes; of predicted ids one more than the largest.
  let classes: Int
  /// The target of each example.
  let labels: [Int]
  /// The weight of each example.
  let weights: [Double]
  /// The scores: [examples, classes], or [examples] of class 1 of two; nil where outputs are ids.
  let scores: Tensor?
  private let ids: [Int]?
  private let threshold: Double

  /// Nil after a mistake.
  init?(_ name: String, _ outputs: Tensor, _ targets: Tensor, weights: Tensor?, _ kind: Scores = .logits) {
    if hasFailed { return nil }
    // Literals of integers are ids, but for targets beside scores of their own shape.
    let (predicted, isOneShape) = (outputs.integersOfLiteral.detached, outputs.shape == targets.shape)
    let targets = (isOneShape && predicted.dtype.isFloatingPoint ? targets : targets.integersOfLiteral).detached
    let outputs = isOneShape && !targets.dtype.isFloatingPoint ? predicted : outputs.detached
    threshold = kind.threshold
    let count: Int
    var labels: [Int]
    if !outputs.dtype.isFloatingPoint, !targets.dtype.isFloatingPoint, outputs.shape == targets.shape {
      let ids = outputs.cast(to: .int64).reshaped([-1]).scalars(Int.self)
      labels = targets.cast(to: .int64).reshaped([-1]).scalars(Int.self)
      let largest = Swift.max(ids.max() ?? 0, labels.max() ?? 0)
      classes = largest == .max ? .max : Swift.max(largest, 0) + 1
      (self.ids, scores, count) = (ids, nil, ids.count)
    } else if outputs.dtype.isFloatingPoint, !targets.dtype.isFloatingPoint, outputs.rank == targets.rank + 1,
      Shape(outputs.shape.dropLast()) == targets.shape, outputs.shape[-1] > 0
    {
      labels = targets.cast(to: .int64).reshaped([-1]).scalars(Int.self)
      classes = outputs.shape[-1]
      (ids, scores, count) = (nil, outputs.reshaped([labels.count, classes]), labels.count)
    } else if outputs.dtype.isFloatingPoint, outputs.shape == targets.shape {
      let isOneHot = targets.dtype.isFloatingPoint && outputs.rank > 1 && outputs.shape[-1] > 1
      classes = isOneHot ? outputs.shape[-1] : 2
      count = outputs.elementCount / (isOneHot ? classes : 1)
      if isOneHot {
        labels = targets.argmax(axis: -1).cast(to: .int64).reshaped([-1]).scalars(Int.self)
      } else {
        let numbers = targets.cast(to: .float64).reshaped([-1]).scalars(Double.self)
        if let i = numbers.firstIndex(where: { $0 != 0 && $0 != 1 }) {
          fail(TensorError(name, "the target is \(numbers[i]) at position \(i), where scores are of two classes; 0 or 1 would fit"))
          return nil
        }
        labels = numbers.map { Int($0) }
      }
      (ids, scores) = (nil, outputs.reshaped(isOneHot ? [count, classes] : [count]))
    } else {
      fail(
        TensorError(
          name,
          "outputs \(outputs.dtype) \(outputs.shape) for targets \(targets.dtype) \(targets.shape); scores [..., classes] and ids [...], "
            + "scores and 0 or 1 of one shape, or predicted ids and ids of one shape would fit"))
      return nil
    }
    guard var list = exampleWeights(name, weights, count: count) else { return nil }
    for i in labels.indices where labels[i] < 0 { (labels[i], list[i]) = (0, 0) }
    let largest = classes
    if let i = labels.firstIndex(where: { $0 >= largest }) {
      fail(TensorError(name, "the class id is \(labels[i]) at position \(i); 0 to \(largest - 1) would fit"))
      return nil
    }
    if let i = ids?.firstIndex(where: { $0 < 0 }), let id = ids?[i] {
      fail(TensorError(name, "the predicted id is \(id) at position \(i); 0 or more would fit"))
      return nil
    }
    (self.labels, self.weights) = (labels, list)
    if hasFailed { return nil }
  }

  /// The predicted class of each example.
  var predictions: [Int] {
    if let ids { return ids }
    guard let scores else { return [] }
    if scores.rank == 2 { return scores.argmax(axis: -1).cast(to: .int64).scalars(Int.self) }
    return scores.cast(to: .float64).scalars(Double.self).map { $0 > threshold ? 1 : 0 }
  }
}

/// The weights of examples, 1 each unless told; nil after a mistake.
func exampleWeights(_ name: String, _ weights: Tensor?, count: Int) -> [Double]? {
  guard let weights else { return [Double](repeating: 1, count: count) }
  let list = weights.detached.cast(to: .float64).reshaped([-1]).scalars(Double.self)
  guard list.count == count, list.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
    fail(TensorError(name, "weights \(weights.shape) for \(count) examples; a finite number, 0 or more, for each would fit"))
    return nil
  }
  return list
}
