import Models

/// A learning rate as a function of the step: a value that plots, composes, and is kept in checkpoints where it has a memory.
///
///     let schedule = Cosine(from: 1e-3, to: 1e-5, steps: 10_000)
///     optimizer.learningRate = schedule.rate(at: step)
///     try model.fit(train, …, schedule: schedule)
public protocol Schedule: Sendable, Resumable {
  /// The learning rate of a step, counted from 0.
  func rate(at step: Int) -> Double
  /// Takes notice of a validation loss, or whatever figure an epoch ends with; lower is better.
  mutating func observe(_ loss: Double)
  /// The step at which it ends, behind which the rate stays; nil if it has no end of its own.
  var length: Int? { get }
  /// The schedule for a run of some extent: itself, unless it was made for whatever extent a run has (see ``RunSchedule``).
  func fitted(to run: RunExtent) -> any Schedule
}

extension Schedule {
  /// Takes no notice.
  public mutating func observe(_ loss: Double) {}
  /// None.
  public var length: Int? { nil }
  /// Itself.
  public func fitted(to run: RunExtent) -> any Schedule { self }
}

/// How long a run is, in steps of the optimizer.
public struct RunExtent: Sendable, Equatable {
  /// Those of the whole run.
  public let steps: Int
  /// Those of an epoch.
  public let stepsPerEpoch: Int

  /// An extent; at least one step each.
  public init(steps: Int, stepsPerEpoch: Int) { (self.steps, self.stepsPerEpoch) = (max(steps, 1), max(stepsPerEpoch, 1)) }
}
