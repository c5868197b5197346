import Fluxion

/// Attention by distance: the mean of the values, weighted by exp(−sharpness · ‖query − key‖²).
///
/// Shapes: query [batch, features], pairs [batch, count, features + values] to [batch, values].
struct DistanceAttention: Model {
  var query: Dense
  var key: Dense
  var logSharpness: Tensor = .zeros([])
  let features: Int

  init(_ features: Int, size: Int) {
    query = Dense(features, size)
    key = Dense(features, size)
    self.features = features
  }

  func callAsFunction(_ input: (query: Tensor, pairs: Tensor)) -> Tensor {
    let (keys, values) = (input.pairs[.all, .all, ..<features], input.pairs[.all, .all, features...])
    let differences = query(input.query).unsqueezed(axis: 1) - key(keys)
    let weights = (-exp(logSharpness) * differences.squared.sum(axis: -1)).softmax(axis: -1)
    return (weights.unsqueezed(axis: 1) • values).squeezed(axes: 1)
  }
}

/// Pairs of keys and values, and a key as it looks through a mixing that is not known: the value that belongs to it is asked for.
struct Recall {
  static let (features, classes, count) = (8, 10, 12)
  let input: (query: Tensor, pairs: Tensor)
  let answers: Tensor

  init(_ batch: Int, mixing: Tensor) {
    let keys = Tensor.normal([batch, Self.count, Self.features])
    let values = (Tensor.uniform([batch, Self.count]) * Double(Self.classes)).cast(to: .int64)
    let place = (Tensor.uniform([batch, 1]) * Double(Self.count)).cast(to: .int64)
    answers = values.gather(place, axis: 1).squeezed(axes: 1)
    let asked = keys.gather(place.unsqueezed(axis: 2).expanded([batch, 1, Self.features]), axis: 1).squeezed(axes: 1)
    let query = asked • mixing + Tensor.normal([batch, Self.features], standardDeviation: 0.1)
    input = (query, concatenate([keys, values.oneHot(classes: Self.classes)], axis: -1))
  }
}

/// An attention of one's own: a composition of operators, whose gradient needs no line.
func trainAttention() -> Outcome {
  let mixing = Tensor.normal([Recall.features, Recall.features], standardDeviation: 0.4)
  var model = DistanceAttention(Recall.features, size: 16)
  var optimizer = Adam(learningRate: 1e-2)
  for _ in 0..<600 {
    let batch = Recall(64, mixing: mixing)
    let gradient = gradient(at: &model) { model in
      // The mean of values is a distribution already.
      -(log(model(batch.input) + 1e-6) * batch.answers.oneHot(classes: Recall.classes)).sum(axis: -1).mean()
    }
    optimizer.update(&model, along: gradient)
  }
  let test = Recall(1000, mixing: mixing)
  let accuracy = accuracy(model.predict(test.input), test.answers)
  return Outcome(
    text: "the value of one of \(Recall.count) keys found in \(fixed(accuracy)) of 1,000 tests (by chance 0.1)", isReached: accuracy >= 0.9)
}
