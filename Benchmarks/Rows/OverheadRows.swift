import Fluxion

// What an operator costs beside its arithmetic: operators on 16 elements.

/// An operator on a small tensor.
private struct SmallOperator {
  let name: String
  /// The shape of the tensor it is called with.
  let shape: Shape
  /// Whether it can be called with its own result, again and again, and numbers stay normal.
  var isRepeatable = true
  /// One use, given that tensor and `other`.
  let call: (_ x: Tensor, _ other: Tensor) -> Tensor
  /// A second operand of the shape: zeros with ones on the diagonal, if it is a matrix, otherwise small numbers.
  var other: Tensor { shape.rank == 2 ? .eye(shape[0]) : .full(shape, 1e-3) }
}

/// Each small operator three times: untracked, tracked (called inside a gradient) and backward (its share of the walk back).
func overheadRows() -> [Row] {
  let zeros = Tensor.zeros([4])
  let operators = [
    SmallOperator(name: "add/16", shape: [16]) { x, y in x + y },
    SmallOperator(name: "multiply-scalar/16", shape: [16]) { x, _ in x * 0.999 },
    // A chain of them soon reaches infinity, which takes no longer than other numbers.
    SmallOperator(name: "exp/16", shape: [16]) { x, _ in exp(x) },
    SmallOperator(name: "tanh/16", shape: [16]) { x, _ in tanh(x) },
    SmallOperator(name: "relu/16", shape: [16]) { x, _ in relu(x) },
    SmallOperator(name: "sum/16", shape: [16], isRepeatable: false) { x, _ in x.sum() },
    SmallOperator(name: "softmax/4x4", shape: [4, 4], isRepeatable: false) { x, _ in x.softmax(axis: -1) },
    SmallOperator(name: "matmul/4x4", shape: [4, 4]) { x, y in x • y },
    SmallOperator(name: "linear/4x4", shape: [4, 4]) { x, y in linear(x, weight: y, bias: zeros) },
    SmallOperator(name: "transposed/4x4", shape: [4, 4]) { x, _ in x.transposed() },
    SmallOperator(name: "slice/16", shape: [16], isRepeatable: false) { x, _ in x[4..<12] },
    SmallOperator(name: "concatenate/16", shape: [16], isRepeatable: false) { x, y in concatenate([x, y]) },
  ]
  let product = cblasRow("cblas/matmul/4x4", RawProduct(m: 4, n: 4, k: 4))
  return operators.flatMap { op in
    let isProduct = op.name == "matmul/4x4" || op.name == "linear/4x4"
    return (op.name == "matmul/4x4" ? [product] : []) + rows(op, limit: isProduct ? product : nil)
  }
}

/// How many operators are timed together.
private let repetitions = 1000

private func rows(_ op: SmallOperator, limit: Row?) -> [Row] {
  let name = "overhead/\(op.name)"
  let untracked = Row(name: name, work: limit?.work, limit: limit?.name, budget: limit == nil ? .seconds(150e-9) : .rawCall) {
    let (x, y) = (Tensor.normal(op.shape), op.other)
    return .time(Timer.best { for _ in 0..<repetitions { consume(op.call(x, y)) } } / Double(repetitions))
  }
  let tracked = Row(name: name + "/tracked", budget: .seconds(300e-9)) {
    let x = Tensor.normal(op.shape)
    return .time(Timer.bestPart { walk(op, x).forward } / Double(repetitions))
  }
  let backward = Row(name: name + "/backward") {
    let x = Tensor.normal(op.shape)
    return .time(Timer.bestPart { walk(op, x).backward } / Double(repetitions))
  }
  return [untracked, tracked] + (op.isRepeatable ? [backward] : [])
}

/// A gradient through many uses of an operator, one after the other (or all of the same tensor, if they cannot follow each other): the
/// seconds that the uses took, and the seconds of the rest, which is the walk back.
private func walk(_ op: SmallOperator, _ x: Tensor) -> (forward: Double, backward: Double) {
  let other = op.other
  let start = ContinuousClock.now
  var forward = 0.0
  let slope = gradient(at: x) { x in
    let start = ContinuousClock.now
    var y = x
    for _ in 0..<repetitions { y = op.call(op.isRepeatable ? y : x, other) }
    forward = Timer.seconds(since: start)
    return y.sum()
  }
  consume(slope)
  return (forward, Timer.seconds(since: start) - forward)
}
