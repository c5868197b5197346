import Tensors

/// What a step of a ``Trainer`` gives: the loss to be minimised, its parts by name, and what metrics look at.
///
///     Losses(total: reconstruction + kl, ["reconstruction": reconstruction, "kl": kl])
///     Losses(total: loss, outputs: logits, targets: batch.label)
///
/// Where there is nothing to name, the step gives a tensor.
public struct Losses: TrainingLoss {
  /// The loss, one number: what is minimised.
  public let total: Tensor
  /// Its parts by name, one number each: for progress lines, history and logs.
  public let parts: [(name: String, value: Tensor)]
  /// What metrics compare with the targets.
  public let outputs: Tensor?
  /// What the outputs should be.
  public let targets: Tensor?

  /// A loss and its parts.
  public init(total: Tensor, _ parts: KeyValuePairs<String, Tensor> = [:], outputs: Tensor? = nil, targets: Tensor? = nil) {
    self.total = total
    self.parts = parts.map { ($0.key, $0.value) }
    (self.outputs, self.targets) = (outputs, targets)
  }

  /// Itself.
  public var asLosses: Losses { self }

  /// The same, as constants.
  var detached: Losses { Losses(total.detached, parts.map { ($0.name, $0.value.detached) }, outputs?.detached, targets) }

  private init(_ total: Tensor, _ parts: [(name: String, value: Tensor)], _ outputs: Tensor?, _ targets: Tensor?) {
    (self.total, self.parts, self.outputs, self.targets) = (total, parts, outputs, targets)
  }

  /// The parts as numbers.
  var figures: [Evaluation.Figure] { parts.map { Evaluation.Figure($0.name, $0.value.item()) } }
}

/// What a step of a ``Trainer`` may give: a tensor of one number, or ``Losses``.
public protocol TrainingLoss {
  /// The loss with its parts.
  var asLosses: Losses { get }
}

extension Tensor: TrainingLoss {
  /// A loss without parts.
  public var asLosses: Losses { Losses(total: self) }
}
