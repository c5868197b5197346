/// A rate that is multiplied by a factor whenever losses have stopped falling.
///
///     var schedule = ReduceOnPlateau(from: 1e-3, by: 0.5, patience: 5)
///     schedule.observe(validationLoss)                     // after each epoch
///     optimizer.learningRate = schedule.rate(at: step)     // the same for every step
///
/// What it remembers (the best loss, how many were no better, the rate) is kept in checkpoints. A loss that is not a number is no better than
/// the best. PyTorch: `ReduceLROnPlateau` in its mode `min`; for a figure that is to rise, show it the negative.
public struct ReduceOnPlateau: Schedule {
  /// How much lower a loss has to be to count as lower.
  public enum Threshold: Sendable {
    /// Lower than the best times 1 − this.
    case relative(Double)
    /// Lower than the best minus this.
    case absolute(Double)
  }

  /// What the rate is multiplied by.
  public let factor: Double
  /// How many losses in a row that are no better are borne before that.
  public let patience: Int
  /// How much lower a loss has to be to count as lower.
  public let threshold: Threshold
  /// How many losses after a reduction are not counted.
  public let cooldown: Int
  /// The lowest rate.
  public let minimum: Double
  /// Reductions that are no larger than this are not made (PyTorch's `eps`).
  public let smallestChange: Double
  private var rate: Double
  private var best = Double.infinity
  private var badCount = 0
  private var coolingFor = 0

  /// PyTorch's defaults unless told.
  public init(
    from rate: Double, by factor: Double = 0.1, patience: Int = 10, threshold: Threshold = .relative(1e-4), cooldown: Int = 0,
    minimum: Double = 0, smallestChange: Double = 1e-8
  ) {
    (self.rate, self.factor, self.patience, self.threshold) = (rate, factor, patience, threshold)
    (self.cooldown, self.minimum, self.smallestChange) = (cooldown, minimum, smallestChange)
    var check = SettingCheck("ReduceOnPlateau")
    check.number(rate, "a rate")
    check.fraction(factor, "a factor")
    check.count(patience, "epochs of patience", atLeast: 0)
    switch threshold {
    case .relative(let value), .absolute(let value): check.number(value, "a threshold")
    }
    check.count(cooldown, "epochs of cooldown", atLeast: 0)
    check.number(minimum, "a minimum")
    check.number(smallestChange, "a smallest change")
  }

  /// The rate as it is, whatever the step.
  public func rate(at step: Int) -> Double { rate }

  /// Reduces the rate if this is one loss too many that is no better than the best.
  public mutating func observe(_ loss: Double) {
    let isBetter =
      switch threshold {
      case .relative(let part): loss < best * (1 - part)
      case .absolute(let amount): loss < best - amount
      }
    if isBetter { best = loss }
    badCount = isBetter ? 0 : badCount + 1
    if coolingFor > 0 {
      coolingFor -= 1
      badCount = 0
    }
    guard badCount > patience else { return }
    let reduced = max(rate * factor, minimum)
    if rate - reduced > smallestChange { rate = reduced }
    (coolingFor, badCount) = (cooldown, 0)
  }
}
