import CKernels

/// What is to be read out of each sequence of a batch.
package struct CTCTargets: Sendable {
  /// Class ids, int64 [batch, longest]; what lies behind a target's length counts nothing.
  package let ids: Tensor
  package let inputLengths: [Int]
  package let targetLengths: [Int]
  package let blank: Int

  package init(ids: Tensor, inputLengths: [Int], targetLengths: [Int], blank: Int) {
    self.ids = ids
    self.inputLengths = inputLengths
    self.targetLengths = targetLengths
    self.blank = blank
  }

  /// Calls `body` with each sequence: its number, the lengths and the ids.
  fileprivate func forEach(
    _ steps: Int, _ body: (_ i: Int, _ time: Int, _ length: Int, _ ids: UnsafePointer<Int64>) throws(TensorError) -> Void
  ) throws(TensorError) {
    let ids = try ids.ordered
    let longest = ids.shape[1]
    let start = ids.pointer.assumingMemoryBound(to: Int64.self)
    defer { withExtendedLifetime(ids) {} }
    let grain = Swift.max(1, 2048 / Swift.max(1, steps * (2 * longest + 1)))
    try parallel(inputLengths.count, grain: grain) { (range) throws(TensorError) in
      for i in range { try body(i, inputLengths[i], targetLengths[i], start + i * longest) }
    }
  }
}

/// −log of the probability of each target over all its alignments: log probabilities [batch, time, classes] to [batch].
///
/// The forward algorithm in logarithms: Graves and others 2006. Where a target has no alignment the loss is infinite and its gradient 0.
struct CTC: Primitive {
  let targets: CTCTargets
  var name: String { "ctc" }

  func result(_ x: Tensor) -> Signature { Signature([x.shape[0]], x.dtype) }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let x = try x.ordered
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    let (time, classes) = (x.shape[1], x.shape[2])
    try targets.forEach(time) { (i, steps, length, ids) throws(TensorError) in
      let loss = try withWorkingMemory(of: Double.self, count: fx_ctc_memory(steps, length, 0)) { memory in
        fx_ctc(
          x.dtype.code, steps, classes, length, Int64(targets.blank), ids, x.pointer + i * time * classes * x.dtype.byteCount,
          memory, 0, nil)
      }
      if y.dtype == .float32 {
        y.pointer.assumingMemoryBound(to: Float.self)[i] = Float(loss)
      } else {
        y.pointer.assumingMemoryBound(to: Double.self)[i] = loss
      }
    }
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [CTCGradient(targets: targets)(Pair(x, dy))] }

  /// The same out of operators, for second derivatives: one step of the forward algorithm after the other, for the whole batch.
  func composed(_ x: Tensor) -> Tensor {
    let (batch, time, states) = (x.shape[0], x.shape[1], 2 * targets.ids.shape[1] + 1)
    // A number instead of −∞, whose differences are no numbers.
    let never = -1e30
    var labels: [Int] = []
    var (leaps, starts): ([Double], [Double]) = ([], [])
    for i in 0..<batch {
      let ids = targets.ids[i].scalars(Int.self)
      for s in 0..<states {
        labels.append(s % 2 == 1 ? ids[s / 2] : targets.blank)
        leaps.append(s % 2 == 1 && s > 2 && ids[s / 2] != ids[s / 2 - 1] ? 0 : never)
        starts.append(s < 2 ? 0 : never)
      }
    }
    func table(_ numbers: [Double]) -> Tensor { Tensor(numbers, shape: [batch, states]).cast(to: x.dtype) }
    let (places, skip) = (Tensor(labels, shape: [batch, states]), table(leaps))
    var sums = table(starts)
    for t in 0..<time {
      let front = sums.padded([(0, 0), (2, 0)], value: never)
      let next = front[.all, 1..<states + 1]
      let leap = front[.all, 0..<states] + skip
      let joined = t == 0 ? sums : stack([sums, next, leap]).logSumExp(axis: 0)
      let isThere = Tensor(targets.inputLengths.map { t < $0 }).unsqueezed(axis: 1)
      sums = select(isThere, joined + x[.all, t].gather(places, axis: 1), sums)
    }
    let ends = (0..<batch).flatMap { i -> [Int] in
      let end = 2 * targets.targetLengths[i]
      return [end, Swift.max(0, end - 1)]
    }
    // An empty target ends in one state and not in two.
    let counts = Tensor(targets.targetLengths.flatMap { [0, $0 == 0 ? never : 0] }, shape: [batch, 2]).cast(to: x.dtype)
    let losses = -(sums.gather(Tensor(ends, shape: [batch, 2]), axis: 1) + counts).logSumExp(axis: 1)
    let isPossible = (losses .< 1e29) .& Tensor(targets.inputLengths.map { $0 > 0 })
    return select(isPossible, losses, 0)
  }
}

/// dx of ``CTC``: −dy times how much of the probability passes through each class at each step.
struct CTCGradient: Primitive {
  let targets: CTCTargets
  var name: String { "ctc" }

  func result(_ x: Pair) -> Signature { Signature(x.a.shape, x.a.dtype) }
  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let (x, dy) = try (x.a.ordered, x.b.detached.cast(to: .float64).ordered)
    let dx = try Tensor(zeros: result.shape, result.dtype)
    let (time, classes) = (x.shape[1], x.shape[2])
    try targets.forEach(time) { (i, steps, length, ids) throws(TensorError) in
      let at = i * time * classes * x.dtype.byteCount
      try withWorkingMemory(of: Double.self, count: fx_ctc_memory(steps, length, 1)) { memory in
        _ = fx_ctc(
          x.dtype.code, steps, classes, length, Int64(targets.blank), ids, x.pointer + at, memory,
          dy.pointer.assumingMemoryBound(to: Double.self)[i], dx.pointer + at)
      }
    }
    return dx
  }
  func gradient(_ x: Pair, _ y: Tensor, _ d: Tensor, _ needs: Needs) -> [Tensor?] {
    let forward = CTC(targets: targets)
    return pullback({ inner in pullback({ forward.composed($0[0]) }, at: [inner[0]], inner[1])[0] }, at: [x.a, x.b], d)
      .map { $0 }
  }
}

extension Tensor {
  /// −log of the probability of each target over all its alignments, for losses: log probabilities [batch, time, classes] to [batch].
  package func ctcLosses(_ targets: CTCTargets) -> Tensor { CTC(targets: targets)(self) }
}
