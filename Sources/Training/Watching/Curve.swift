/// Numbers along the steps of a run, as many as a picture can show: of each stretch of steps the lowest and the highest.
struct Curve: Codable, Sendable, Equatable {
  private static let most = 600
  /// The last step of each stretch.
  private(set) var steps: [Int] = []
  private(set) var low: [Double] = []
  private(set) var high: [Double] = []
  /// How many numbers are in a stretch, and in the last one.
  private var length = 1
  private var count = 0

  var last: Double? { high.last }

  /// The next number; one that is not finite leaves a gap.
  mutating func add(_ value: Double, at step: Int) {
    guard value.isFinite else { return }
    if count == 0 || count == length || steps.isEmpty {
      if steps.count == Self.most { merge() }
      steps.append(step)
      low.append(value)
      high.append(value)
      count = 1
    } else {
      let i = steps.count - 1
      (steps[i], low[i], high[i]) = (step, min(low[i], value), max(high[i], value))
      count += 1
    }
  }

  /// Removes what came after a step.
  mutating func cut(after step: Int) {
    let kept = steps.prefix { $0 <= step }.count
    if kept == steps.count { return }
    steps.removeLast(steps.count - kept)
    low.removeLast(low.count - kept)
    high.removeLast(high.count - kept)
    count = 0
  }

  /// For charts.
  var points: [(x: Double, y: Double)] {
    steps.indices.flatMap { i in
      let x = Double(steps[i])
      return low[i] == high[i] ? [(x: x, y: low[i])] : [(x: x, y: low[i]), (x: x, y: high[i])]
    }
  }

  private mutating func merge() {
    let pairs = stride(from: 0, to: steps.count - 1, by: 2)
    let last = pairs.map { steps[$0 + 1] }
    (low, high) = (pairs.map { min(low[$0], low[$0 + 1]) }, pairs.map { max(high[$0], high[$0 + 1]) })
    steps = last
    length *= 2
    count = length
  }
}
