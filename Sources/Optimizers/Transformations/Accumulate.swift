import Models
import Tensors

/// Gathers the gradients of several batches, and steps along their mean: a large batch in the memory of a small one.
///
///     OptimizerChain { Accumulate(4); ClipNorm(1); AdamW() }
///
/// Three times of four there is no step; what stands behind it in the chain sees means alone. PyTorch: `backward()` of the loss divided by n, n
/// times, and one `step()`.
public struct Accumulate: GradientTransformation {
  /// How many gradients make a step.
  public let steps: Int
  private var sums: [Tensor?] = []
  private var count = 0

  /// A step every so many gradients.
  public init(_ steps: Int) {
    self.steps = steps
    var check = SettingCheck("Accumulate")
    check.count(steps, "steps")
  }

  /// How many gradients wait for a step.
  public var pending: Int { count }

  /// Adds the gradient; the mean of all, if it is the last.
  public mutating func apply<M: Model>(to gradient: inout M, of model: M) -> Bool {
    if steps <= 1 { return true }
    var (sums, isFit) = (sums, true)
    self.sums = []
    gradient.updateGradients(of: model) { i, g, _ in
      while sums.count <= i { sums.append(nil) }
      guard let sum = sums[i] else {
        sums[i] = g.detached
        return
      }
      if sum.shape != g.shape || sum.dtype != g.dtype { isFit = false }
    }
    if !isFit {
      self.sums = sums
      fail(TensorError("Accumulate", "the gradients so far belong to another model; a new model needs a new optimizer"))
      return false
    }
    if count > 0 { gradient.updateGradients(of: model) { i, g, _ in if sums[i] != nil { sums[i]? += g.detached } } }
    count += 1
    self.sums = sums
    if count < steps { return false }
    let factor = 1 / Double(count)
    gradient.updateGradients(of: model) { i, g, _ in if i < sums.count, let sum = sums[i] { g = sum * factor } }
    (self.sums, count) = ([], 0)
    return true
  }
}
