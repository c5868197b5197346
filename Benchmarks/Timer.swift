/// The peers' way to take a time: three calls to warm up, one to see how long it takes, then eight batches of calls that last 0.08 s each
/// (1,000 calls at most); the fastest batch counts, as its seconds a call.
enum Timer {
  /// Seconds a call of `job`.
  static func best(_ job: () -> Void) -> Double {
    for _ in 0..<3 { job() }
    let once = seconds(job)
    let calls = batch(once)
    var best = Double.infinity
    for _ in 0..<8 {
      best = min(best, seconds { for _ in 0..<calls { job() } } / Double(calls))
    }
    return best
  }

  /// The same where a job tells by itself how long the part of it took that counts.
  static func bestPart(_ job: () -> Double) -> Double {
    for _ in 0..<3 { _ = job() }
    let calls = batch(seconds { _ = job() })
    var best = Double.infinity
    for _ in 0..<8 {
      var sum = 0.0
      for _ in 0..<calls { sum += job() }
      best = min(best, sum / Double(calls))
    }
    return best
  }

  /// How long one call took.
  static func seconds(_ job: () -> Void) -> Double {
    let start = ContinuousClock.now
    job()
    return seconds(since: start)
  }

  /// The seconds that have passed since an instant.
  static func seconds(since start: ContinuousClock.Instant) -> Double {
    let (seconds, attoseconds) = start.duration(to: .now).components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }

  private static func batch(_ once: Double) -> Int { max(1, min(1000, Int(0.08 / max(once, 1e-7)))) }
}

/// A use that the optimiser knows nothing about, so that nothing is left out because its result is not needed.
@inline(never) @_optimize(none)
func consume<T>(_ value: borrowing T) {}
