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
}

extension Schedule {
  /// Takes no notice.
  public mutating func observe(_ loss: Double) {}
}
