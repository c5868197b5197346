import Foundation

/// Up to a peak and down to almost nothing: Smith and Topin, *Super-Convergence* (2018).
///
/// From peak/initialDivisor to peak in the first `warmUp` of the steps, then down to peak/(initialDivisor·finalDivisor) at the last one; in three
/// phases down as it went up, and then on to the end. PyTorch: `OneCycleLR`, without its cycle of the momentum. Behind the last step the rate
/// stays.
public struct OneCycle: Schedule {
  /// How rates go from one to the next.
  public enum Curve: Sendable {
    /// Half a wave.
    case cosine
    /// A straight line.
    case linear
  }

  /// The highest rate.
  public let peak: Double
  /// How many steps the whole cycle has.
  public let steps: Int
  /// The part of them that it goes up.
  public let warmUp: Double
  /// The peak over the first rate.
  public let initialDivisor: Double
  /// The first rate over the last.
  public let finalDivisor: Double
  /// How rates go from one to the next.
  public let curve: Curve
  /// Whether it goes down as it went up before it goes to the end.
  public let hasThreePhases: Bool

  /// PyTorch's defaults unless told.
  public init(
    peak: Double, steps: Int, warmUp: Double = 0.3, initialDivisor: Double = 25, finalDivisor: Double = 1e4, curve: Curve = .cosine,
    hasThreePhases: Bool = false
  ) {
    (self.peak, self.steps, self.warmUp) = (peak, max(steps, 1), warmUp)
    (self.initialDivisor, self.finalDivisor, self.curve, self.hasThreePhases) = (initialDivisor, finalDivisor, curve, hasThreePhases)
    var check = SettingCheck("OneCycle")
    check.number(peak, "a peak")
    check.count(steps, "steps")
    check.fraction(warmUp, "a warm-up", includesOne: true)
    check.positive(initialDivisor, "an initial divisor")
    check.positive(finalDivisor, "a final divisor")
  }

  /// The end of its way.
  public var length: Int? { steps }

  /// The rate of a step.
  public func rate(at step: Int) -> Double {
    let (first, last) = (peak / initialDivisor, peak / initialDivisor / finalDivisor)
    // Where each phase ends, as PyTorch counts, and with which rate.
    let up = (end: warmUp * Double(steps) - 1, rate: peak)
    let end = (end: Double(steps - 1), rate: last)
    let phases = hasThreePhases ? [up, (end: 2 * warmUp * Double(steps) - 2, rate: first), end] : [up, end]
    let position = Double(min(max(step, 0), steps - 1))
    var (start, rate) = (0.0, first)
    for (i, phase) in phases.enumerated() {
      if position <= phase.end || i == phases.count - 1 {
        let part = phase.end == start ? 1 : (position - start) / (phase.end - start)
        return curve == .cosine ? halfWave(rate, phase.rate, part) : rate + (phase.rate - rate) * part
      }
      (start, rate) = (phase.end, phase.rate)
    }
    return last
  }
}
