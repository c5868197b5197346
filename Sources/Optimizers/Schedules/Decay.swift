import Foundation

/// The same rate at every step.
///
/// PyTorch: `ConstantLR` with factor 1.
public struct ConstantRate: Schedule {
  /// The rate.
  public let rate: Double

  /// Always this rate.
  public init(_ rate: Double) {
    self.rate = rate
    var check = SettingCheck("ConstantRate")
    check.number(rate, "a rate")
  }

  /// The rate.
  public func rate(at step: Int) -> Double { rate }
}

/// A rate that is multiplied by a factor every so many steps: from·factor^⌊step/every⌋.
///
/// PyTorch: `StepLR`.
public struct StepDecay: Schedule {
  /// The first rate.
  public let from: Double
  /// What it is multiplied by.
  public let factor: Double
  /// How many steps there are from one change to the next.
  public let every: Int

  /// `StepDecay(from: 0.1, by: 0.5, every: 30)`.
  public init(from: Double, by factor: Double = 0.1, every: Int) {
    (self.from, self.factor, self.every) = (from, factor, max(every, 1))
    var check = SettingCheck("StepDecay")
    check.number(from, "a rate")
    check.number(factor, "a factor")
    if every < 1 { check.refuse("a change every \(every) steps", "1 or more would fit") }
  }

  /// The rate of a step.
  public func rate(at step: Int) -> Double { from * pow(factor, Double(max(step, 0) / every)) }
}

/// A rate that is multiplied by a factor at certain steps.
///
/// PyTorch: `MultiStepLR`; a step that is given twice counts twice.
public struct MultiStep: Schedule {
  /// The first rate.
  public let from: Double
  /// What it is multiplied by.
  public let factor: Double
  /// The steps from which on it is, in order.
  public let milestones: [Int]

  /// `MultiStep(from: 0.1, by: 0.1, at: [30, 80])`.
  public init(from: Double, by factor: Double = 0.1, at milestones: [Int]) {
    (self.from, self.factor, self.milestones) = (from, factor, milestones.sorted())
    var check = SettingCheck("MultiStep")
    check.number(from, "a rate")
    check.number(factor, "a factor")
  }

  /// The rate of a step.
  public func rate(at step: Int) -> Double {
    from * pow(factor, Double(milestones.prefix { $0 <= max(step, 0) }.count))
  }
}

/// A rate that is multiplied by a factor at every step: from·factorˢᵗᵉᵖ.
///
/// PyTorch: `ExponentialLR`.
public struct Exponential: Schedule {
  /// The first rate.
  public let from: Double
  /// What it is multiplied by.
  public let factor: Double

  /// `Exponential(from: 0.1, by: 0.999)`.
  public init(from: Double, by factor: Double) {
    (self.from, self.factor) = (from, factor)
    var check = SettingCheck("Exponential")
    check.number(from, "a rate")
    check.number(factor, "a factor")
  }

  /// The rate of a step.
  public func rate(at step: Int) -> Double { from * pow(factor, Double(max(step, 0))) }
}

/// A rate that falls as a power of what is left of the way: to + (from − to)·(1 − step/steps)^power, and then stays.
///
/// A straight line unless told. PyTorch: `PolynomialLR`, and `LinearLR` where the power is 1.
public struct Polynomial: Schedule {
  /// The first rate.
  public let from: Double
  /// The last rate.
  public let to: Double
  /// How many steps the way has.
  public let steps: Int
  /// 1 for a straight line, more for a fall that slows down.
  public let power: Double

  /// `Polynomial(from: 0.1, to: 0.001, steps: 1000, power: 2)`.
  public init(from: Double, to: Double = 0, steps: Int, power: Double = 1) {
    (self.from, self.to, self.steps, self.power) = (from, to, max(steps, 1), power)
    var check = SettingCheck("Polynomial")
    check.number(from, "a rate")
    check.number(to, "a rate")
    check.count(steps, "steps")
    check.positive(power, "a power")
  }

  /// The end of its way; nil where it rises, as what goes up to a rate is meant to stay there.
  public var length: Int? { to < from ? steps : nil }

  /// The rate of a step.
  public func rate(at step: Int) -> Double {
    to + (from - to) * pow(1 - Double(min(max(step, 0), steps)) / Double(steps), power)
  }
}

/// Straight lines from point to point, and the first and last rate before and after them.
///
///     PiecewiseLinear([(0, 0.01), (500, 0.1), (2000, 0.001)])
///
/// Two points at one step are a jump: the second counts from there on. NumPy: `interp`.
public struct PiecewiseLinear: Schedule {
  /// The points, in order.
  public let points: [(step: Int, rate: Double)]

  /// Through points in the order of their steps.
  public init(_ points: [(step: Int, rate: Double)]) {
    self.points = points
    var check = SettingCheck("PiecewiseLinear")
    if points.isEmpty { check.refuse("no points", "one or more would fit") }
    for (i, point) in points.enumerated() {
      check.number(point.rate, "a rate")
      if i > 0 && point.step < points[i - 1].step {
        check.refuse(
          "a point at step \(point.step) after one at step \(points[i - 1].step)", "points in the order of their steps would fit")
      }
    }
  }

  /// The rate of a step.
  public func rate(at step: Int) -> Double {
    let before = points.prefix { $0.step <= step }.count
    guard before > 0 else { return points.first?.rate ?? 0 }
    let (from, to) = (points[before - 1], points[min(before, points.count - 1)])
    // The last one, too, stays.
    if to.step <= step { return from.rate }
    return from.rate + (to.rate - from.rate) * (Double(step) - Double(from.step)) / (Double(to.step) - Double(from.step))
  }
}
