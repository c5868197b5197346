import Models

/// A model's mean loss over some data, the parts of the loss, and metrics.
public struct Evaluation: Sendable, Equatable {
  /// A number by its name.
  public struct Figure: Sendable, Equatable {
    /// What it is called.
    public let name: String
    /// The number.
    public let value: Double

    /// A number by its name.
    public init(_ name: String, _ value: Double) { (self.name, self.value) = (name, value) }
  }

  /// The mean loss of an example.
  public let loss: Double
  /// The means of the loss's parts, in the order in which the step names them; empty where it names none.
  public let losses: [Figure]
  /// The metrics, in their order; empty where there are none.
  public let metrics: [Figure]

  /// Figures of one's own.
  public init(loss: Double, losses: [Figure] = [], metrics: [Figure] = []) {
    (self.loss, self.losses, self.metrics) = (loss, losses, metrics)
  }

  /// The first metric, if there is one.
  public var metric: Double? { metrics.first?.value }

  /// The metric or the part of the loss of a name, or the loss itself by `loss`; nil if there is none.
  public subscript(name: String) -> Double? {
    (metrics.first { $0.name == name } ?? losses.first { $0.name == name })?.value ?? (name == "loss" ? loss : nil)
  }
}

/// Means over batches of different sizes.
struct RunningMean: Resumable, Sendable {
  private(set) var count = 0
  private var loss = 0.0
  /// The parts of the loss in the order in which they came up, and their sums.
  private var names: [String] = []
  private var sums: [Double] = []

  mutating func add(_ loss: Double, _ parts: [Evaluation.Figure] = [], count: Int) {
    let (sum, overflow) = self.count.addingReportingOverflow(count)
    self.count = overflow ? .max : sum
    self.loss += loss * Double(count)
    for part in parts {
      if let i = names.firstIndex(of: part.name) {
        sums[i] += part.value * Double(count)
      } else {
        names.append(part.name)
        sums.append(part.value * Double(count))
      }
    }
  }

  /// The means, and the values of metrics that were gathered beside them.
  func evaluation(_ metrics: [any Metric] = []) -> Evaluation {
    let n = Double(max(count, 1))
    return Evaluation(
      loss: loss / n, losses: zip(names, sums).map { Evaluation.Figure($0, $1 / n) },
      metrics: metrics.map { Evaluation.Figure($0.name, $0.value) })
  }
}
