/// A straight line up to the first rate of another schedule, which then begins.
///
///     WarmUp(steps: 500, then: Cosine(from: 1e-3, to: 1e-5, steps: 9500))
///
/// PyTorch: `SequentialLR` of a `LinearLR` and another.
public struct WarmUp<Next: Schedule>: Schedule {
  /// How many steps it takes.
  public let steps: Int
  /// The first rate.
  public let from: Double
  /// What follows; its steps are counted from where it begins.
  public private(set) var next: Next

  /// From 0, or from another rate.
  public init(steps: Int, from: Double = 0, then next: Next) {
    (self.steps, self.from, self.next) = (max(steps, 0), from, next)
    var check = SettingCheck("WarmUp")
    check.count(steps, "steps", atLeast: 0)
    check.number(from, "a rate")
  }

  /// The end of what follows.
  public var length: Int? { next.length.map { steps.addingReportingOverflow($0).overflow ? .max : steps + $0 } }

  /// What follows is fitted to what is left of the run.
  public func fitted(to run: RunExtent) -> any Schedule {
    func open<S: Schedule>(_ next: S) -> any Schedule { WarmUp<S>(steps: steps, from: from, then: next) }
    let fitted = next.fitted(to: RunExtent(steps: run.steps - min(steps, run.steps), stepsPerEpoch: run.stepsPerEpoch))
    return open(fitted)
  }

  /// The rate of a step.
  public func rate(at step: Int) -> Double {
    if step >= steps { return next.rate(at: step - steps) }
    return from + (next.rate(at: 0) - from) * Double(max(step, 0)) / Double(steps)
  }

  /// Tells what follows, while the rate still rises too.
  public mutating func observe(_ loss: Double) { next.observe(loss) }
}

/// A schedule up to a step, and another one from there on.
///
/// Made by ``Schedule/then(_:from:)``.
public struct ScheduleSequence<First: Schedule, Next: Schedule>: Schedule {
  /// What comes first.
  public private(set) var first: First
  /// What follows; its steps are counted from where it begins.
  public private(set) var next: Next
  /// The step with which it begins.
  public let boundary: Int

  fileprivate init(_ first: First, _ next: Next, _ boundary: Int) {
    (self.first, self.next, self.boundary) = (first, next, max(boundary, 0))
    var check = SettingCheck("then")
    if boundary < 0 { check.refuse("a boundary at step \(boundary)", "0 or more would fit") }
  }

  /// The end of what follows.
  public var length: Int? { next.length.map { boundary.addingReportingOverflow($0).overflow ? .max : boundary + $0 } }

  /// The first is fitted to the steps up to the boundary, the other to the rest of the run.
  public func fitted(to run: RunExtent) -> any Schedule {
    func open<A: Schedule, B: Schedule>(_ first: A, _ next: B) -> any Schedule { ScheduleSequence<A, B>(first, next, boundary) }
    let start = first.fitted(to: RunExtent(steps: boundary, stepsPerEpoch: run.stepsPerEpoch))
    let rest = next.fitted(to: RunExtent(steps: run.steps - min(boundary, run.steps), stepsPerEpoch: run.stepsPerEpoch))
    return open(start, rest)
  }

  /// The rate of a step.
  public func rate(at step: Int) -> Double { step < boundary ? first.rate(at: step) : next.rate(at: step - boundary) }

  /// Tells both.
  public mutating func observe(_ loss: Double) {
    first.observe(loss)
    next.observe(loss)
  }
}

extension Schedule {
  /// This schedule up to a step, and another one from there on, whose own steps begin with 0 there.
  ///
  ///     ConstantRate(1e-3).then(Exponential(from: 1e-3, by: 0.99), from: 1000).then(ConstantRate(1e-5), from: 5000)
  ///
  /// Boundaries are steps of the whole. PyTorch: `SequentialLR`, with its milestones.
  public func then<Next: Schedule>(_ next: Next, from boundary: Int) -> ScheduleSequence<Self, Next> {
    ScheduleSequence(self, next, boundary)
  }

  /// This schedule with all its rates multiplied by a number.
  public func scaled(by factor: Double) -> ScaledSchedule<Self> { ScaledSchedule(self, factor) }
}

/// A schedule with all its rates multiplied by a number.
///
/// Made by ``Schedule/scaled(by:)``.
public struct ScaledSchedule<Base: Schedule>: Schedule {
  /// What is multiplied.
  public private(set) var base: Base
  /// By what.
  public let factor: Double

  fileprivate init(_ base: Base, _ factor: Double) {
    (self.base, self.factor) = (base, factor)
    var check = SettingCheck("scaled(by:)")
    check.number(factor, "a factor")
  }

  /// The end of what is multiplied.
  public var length: Int? { base.length }

  /// What is multiplied is fitted.
  public func fitted(to run: RunExtent) -> any Schedule {
    func open<S: Schedule>(_ base: S) -> any Schedule { ScaledSchedule<S>(base, factor) }
    let fitted = base.fitted(to: run)
    return open(fitted)
  }

  /// The rate of a step.
  public func rate(at step: Int) -> Double { base.rate(at: step) * factor }

  /// Tells what is multiplied.
  public mutating func observe(_ loss: Double) { base.observe(loss) }
}
