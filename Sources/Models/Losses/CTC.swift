import Tensors

/// −log of the probability of the targets over all their alignments: connectionist temporal classification, for sequences whose targets
/// say what occurs in which order and not when.
///
/// Graves, Fernández, Gomez and Schmidhuber 2006. PyTorch: `ctc_loss`, whose tensors lie [time, batch, classes].
///
/// An alignment gives each step a class or the blank; repeated classes count once unless a blank stands between them, and blanks go. Where
/// the steps are too few for a target the loss is infinite and has the gradient 0. Second derivatives are exact, and slow.
///
/// - Parameters:
///   - logits: [batch, time, classes]. Logarithms of probabilities will do as well: their log-softmax is themselves.
///   - target: Class ids other than the blank, int32 or int64 of shape [batch, longest]; what lies behind a target's length counts nothing.
///   - inputLengths: How many steps each sequence has; all unless told. What lies behind them counts nothing.
///   - targetLengths: How many classes each target has; all unless told.
///   - blank: The class that stands for nothing.
///   - zeroesInfinity: Whether infinite losses count as 0.
///   - reduction: Unless told, the mean over the batch of each loss by the length of its target.
public func ctc(
  _ logits: Tensor, _ target: Tensor, inputLengths: [Int]? = nil, targetLengths: [Int]? = nil, blank: Int = 0, zeroesInfinity: Bool = false,
  reduction: Reduction = .mean
) -> Tensor {
  if hasFailed { return logits }
  func refuse(_ message: String) -> Tensor {
    fail(TensorError("ctc", message))
    return logits
  }
  guard logits.rank == 3, logits.dtype.isFloatingPoint else {
    return refuse("logits \(logits.dtype) \(logits.shape); float32 or float64 [batch, time, classes] would fit")
  }
  let (batch, time, classes) = (logits.shape[0], logits.shape[1], logits.shape[2])
  let target = target.integersOfLiteral
  guard target.dtype.isInteger, target.rank == 2, target.shape[0] == batch else {
    return refuse("targets \(target.dtype) \(target.shape) for logits \(logits.shape); class ids of shape [\(batch), length] would fit")
  }
  guard 0..<classes ~= blank else { return refuse("class \(blank) as the blank of \(classes) classes; 0 to \(classes - 1) would fit") }
  let (steps, lengths) = (
    inputLengths ?? .init(repeating: time, count: batch), targetLengths ?? .init(repeating: target.shape[1], count: batch)
  )
  for (what, lengths, most) in [("input", steps, time), ("target", lengths, target.shape[1])] {
    if lengths.count != batch { return refuse("\(lengths.count) \(what) lengths for a batch of \(batch)") }
    if let i = lengths.firstIndex(where: { !(0...most ~= $0) }) {
      return refuse("\(what) length \(lengths[i]) at position \(i); 0 to \(most) would fit")
    }
  }
  let ids = ctcIDs(target, lengths, classes: classes, blank: blank)
  if hasFailed { return logits }
  let targets = CTCTargets(ids: ids, inputLengths: steps, targetLengths: lengths, blank: blank)
  var losses = logits.masked(lengths: steps).logSoftmax().ctcLosses(targets)
  if zeroesInfinity { losses = select(losses .== Double.infinity, 0, losses) }
  switch reduction {
  case .mean: return (losses / Tensor(lengths.map { Double(max(1, $0)) }).cast(to: losses.dtype)).mean()
  case .sum: return losses.sum()
  case .none: return losses
  }
}

/// Class ids as int64, the blank behind each target's length.
private func ctcIDs(_ target: Tensor, _ lengths: [Int], classes: Int, blank: Int) -> Tensor {
  let ids = Checked(CTCIDs(lengths: lengths, classes: classes, blank: blank))(target.detached.cast(to: .int64))
  let isTarget = Tensor.arange(target.shape[1]) .< Tensor(lengths).unsqueezed(axis: 1)
  return select(isTarget, ids, blank)
}

private struct CTCIDs: ElementCheck {
  let lengths: [Int]
  let classes: Int
  let blank: Int
  var name: String { "ctc" }

  func check(_ x: Tensor) throws(TensorError) {
    let longest = x.shape[1]
    let wrong = x.withElements(Int.self) { ids -> (id: Int, target: Int, position: Int)? in
      for (i, length) in lengths.enumerated() {
        for j in 0..<length where ids[i * longest + j] == blank || !(0..<classes ~= ids[i * longest + j]) {
          return (id: ids[i * longest + j], target: i, position: j)
        }
      }
      return nil
    }
    guard let wrong else { return }
    let problem = wrong.id == blank ? "which is the blank" : "for \(classes) classes"
    throw TensorError(
      name,
      "class id \(wrong.id) at position \(wrong.position) of target \(wrong.target), \(problem); 0 to \(classes - 1) but \(blank) would fit"
    )
  }
}
