import Tensors

extension OperatorTable {
  /// Losses of classes.
  static let losses: [Operator] = [
    .one("NegativeLogLikelihoodLoss", [12, 13, 22], "`-x.gather(classes, axis: 1)`, weighted, and its mean or sum") { call in
      try call.likelihoodLoss(try call.tensor(0), try call.tensor(1), try call.optional(2))
    },
    Operator("SoftmaxCrossEntropyLoss", [12, 13], "the same of `x.logSoftmax(axis: 1)`") { call in
      let x = try call.tensor(0)
      if x.rank < 2 { throw ONNXError.field("input 0", "\(x.shape); [batch, classes, …] would fit") }
      let logits = x.logSoftmax(axis: 1)
      let loss = try call.likelihoodLoss(logits, try call.tensor(1), try call.optional(2))
      let type = try call.type(0)
      return [.tensor(TypedTensor(loss, type)), .tensor(TypedTensor(logits, type))]
    },
  ]
}

extension Call {
  func likelihoodLoss(_ x: Tensor, _ classes: Tensor, _ weight: Tensor?) throws(ONNXError) -> Tensor {
    guard x.rank >= 2, classes.rank == x.rank - 1, classes.shape[0] == x.shape[0],
      Array(classes.shape.dropFirst()) == Array(x.shape.dropFirst(2))
    else { throw .field("input 1", "\(classes.shape) for \(x.shape)") }
    var ids = classes.cast(to: .int64)
    var counts = Tensor.ones(classes.shape, x.dtype)
    if let ignored = try attributes.int("ignore_index") {
      let isIgnored = ids .== ignored
      ids = select(isIgnored, 0, ids)
      counts = select(isIgnored, 0, counts)
    }
    if let weight { counts = counts * weight.take(ids, axis: 0) }
    let picked = x.gather(ids.unsqueezed(axis: 1), axis: 1).squeezed(axes: [1])
    // What is ignored has no influence, whatever it holds.
    let losses = select(counts .== 0, 0, -picked * counts)
    switch try attributes.word("reduction", "mean", ["none", "sum", "mean"]) {
    case "none": return losses
    case "sum": return losses.sum()
    default: return losses.sum() / counts.sum()
    }
  }
}
