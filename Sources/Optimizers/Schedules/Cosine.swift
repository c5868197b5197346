import Foundation

/// Half a wave from one rate to another: to + ½(from − to)(1 + cos(π·step/steps)), and then the latter.
///
/// Loshchilov and Hutter, *SGDR* (2017), without restarts. PyTorch: `CosineAnnealingLR`, which goes up again behind `steps`.
public struct Cosine: Schedule {
  /// The first rate.
  public let from: Double
  /// The last rate.
  public let to: Double
  /// How many steps the way has.
  public let steps: Int

  /// `Cosine(from: 1e-3, to: 1e-5, steps: 10_000)`.
  public init(from: Double, to: Double = 0, steps: Int) {
    (self.from, self.to, self.steps) = (from, to, max(steps, 1))
    var check = SettingCheck("Cosine")
    check.number(from, "a rate")
    check.number(to, "a rate")
    check.count(steps, "steps")
  }

  /// The end of its way.
  public var length: Int? { steps }

  /// The rate of a step.
  public func rate(at step: Int) -> Double { halfWave(from, to, Double(min(max(step, 0), steps)) / Double(steps)) }
}

/// Half waves from one rate to another, each beginning anew at the first, each as long as the last or longer.
///
/// Loshchilov and Hutter, *SGDR* (2017). PyTorch: `CosineAnnealingWarmRestarts`.
public struct CosineRestarts: Schedule {
  /// The rate that each wave begins with.
  public let from: Double
  /// The rate that it comes close to.
  public let to: Double
  /// How many steps the first wave has.
  public let steps: Int
  /// How many times as long as the one before each wave is.
  public let growth: Int

  /// `CosineRestarts(from: 0.1, steps: 1000, growth: 2)`.
  public init(from: Double, to: Double = 0, steps: Int, growth: Int = 1) {
    (self.from, self.to, self.steps, self.growth) = (from, to, max(steps, 1), max(growth, 1))
    var check = SettingCheck("CosineRestarts")
    check.number(from, "a rate")
    check.number(to, "a rate")
    check.count(steps, "steps")
    if growth < 1 { check.refuse("a growth of \(growth)", "1 or more would fit") }
  }

  /// The rate of a step.
  public func rate(at step: Int) -> Double {
    var (position, length) = (max(step, 0), steps)
    if growth == 1 { position %= steps }
    while position >= length {
      position -= length
      let (longer, isTooLong) = length.multipliedReportingOverflow(by: growth)
      length = isTooLong ? .max : longer
    }
    return halfWave(from, to, Double(position) / Double(length))
  }
}

/// From one rate to another along half a wave of cosine.
func halfWave(_ from: Double, _ to: Double, _ part: Double) -> Double { to + (from - to) * (1 + cos(.pi * part)) / 2 }
