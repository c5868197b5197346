import Foundation
import Tensors

/// A schedule that is as long as the run it is given to: no steps are counted by hand.
///
///     try model.fit(train, …, epochs: 20, schedule: .oneCycle(peak: 1e-2))
///     try model.fit(train, …, epochs: 20, schedule: .cosine(from: 1e-3, warmUp: 0.1))
///     try model.fit(train, …, epochs: 90, schedule: .perEpoch(StepDecay(from: 0.1, every: 30)))
///
/// `fit` asks it for the schedule of the run's extent. In a loop of one's own: `schedule.fitted(to: RunExtent(steps: 1000, stepsPerEpoch: 100))`.
public struct RunSchedule: Schedule {
  private let make: @Sendable (RunExtent) -> any Schedule

  /// A schedule made from a run's extent.
  public init(_ make: @escaping @Sendable (RunExtent) -> any Schedule) { self.make = make }

  /// The schedule of a run.
  public func fitted(to run: RunExtent) -> any Schedule { make(run) }

  /// A mistake: its rates follow from the run's extent.
  public func rate(at step: Int) -> Double {
    fail(
      TensorError(
        "RunSchedule", "a rate before the run's length is known; fitted(to: RunExtent(steps: …, stepsPerEpoch: …)) gives the schedule"))
    return 0
  }
}

extension Schedule where Self == RunSchedule {
  /// ``OneCycle`` over the whole run.
  public static func oneCycle(
    peak: Double, warmUp: Double = 0.3, initialDivisor: Double = 25, finalDivisor: Double = 1e4, curve: OneCycle.Curve = .cosine,
    hasThreePhases: Bool = false
  ) -> RunSchedule {
    _ = OneCycle(
      peak: peak, steps: 1, warmUp: warmUp, initialDivisor: initialDivisor, finalDivisor: finalDivisor, curve: curve,
      hasThreePhases: hasThreePhases)
    return RunSchedule { run in
      OneCycle(
        peak: peak, steps: run.steps, warmUp: warmUp, initialDivisor: initialDivisor, finalDivisor: finalDivisor, curve: curve,
        hasThreePhases: hasThreePhases)
    }
  }

  /// ``Cosine`` from one rate to another over the whole run, after a straight line up from 0 in a part of it.
  public static func cosine(from: Double, to: Double = 0, warmUp: Double = 0) -> RunSchedule {
    _ = Cosine(from: from, to: to, steps: 1)
    return after(warmUp, "cosine") { steps in Cosine(from: from, to: to, steps: steps) }
  }

  /// A straight line from one rate to another over the whole run, after one up from 0 in a part of it.
  public static func linear(from: Double, to: Double = 0, warmUp: Double = 0) -> RunSchedule {
    _ = Polynomial(from: from, to: to, steps: 1)
    return after(warmUp, "linear") { steps in Polynomial(from: from, to: to, steps: steps) }
  }

  /// ``Polynomial`` from one rate to another over the whole run, after a straight line up from 0 in a part of it.
  public static func polynomial(from: Double, to: Double = 0, power: Double, warmUp: Double = 0) -> RunSchedule {
    _ = Polynomial(from: from, to: to, steps: 1, power: power)
    return after(warmUp, "polynomial") { steps in Polynomial(from: from, to: to, steps: steps, power: power) }
  }

  /// A schedule whose steps are epochs: the rate changes from epoch to epoch.
  public static func perEpoch(_ schedule: some Schedule) -> RunSchedule {
    RunSchedule { run in
      func open<S: Schedule>(_ fitted: S) -> any Schedule { EpochSchedule(fitted, run.stepsPerEpoch) }
      let fitted = schedule.fitted(to: RunExtent(steps: run.steps / run.stepsPerEpoch, stepsPerEpoch: 1))
      return open(fitted)
    }
  }

  private static func after<S: Schedule>(_ warmUp: Double, _ name: String, _ make: @escaping @Sendable (Int) -> S) -> RunSchedule {
    var check = SettingCheck(name)
    check.fraction(warmUp, "a warm-up")
    return RunSchedule { run in
      let steps = warmUp > 0 && warmUp < 1 ? Int((warmUp * Double(run.steps)).rounded()) : 0
      if steps == 0 { return make(run.steps) }
      return WarmUp(steps: steps, then: make(max(1, run.steps - steps)))
    }
  }
}

/// A schedule whose steps are epochs.
private struct EpochSchedule<Base: Schedule>: Schedule {
  var base: Base
  let stepsPerEpoch: Int

  init(_ base: Base, _ stepsPerEpoch: Int) { (self.base, self.stepsPerEpoch) = (base, stepsPerEpoch) }

  func rate(at step: Int) -> Double { base.rate(at: max(step, 0) / stepsPerEpoch) }
  mutating func observe(_ loss: Double) { base.observe(loss) }
  var length: Int? { base.length.map { $0.multipliedReportingOverflow(by: stepsPerEpoch).overflow ? .max : $0 * stepsPerEpoch } }
}
