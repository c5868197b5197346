import Models
import Tensors

extension History: Resumable {
  /// The epochs as rows of figures and the losses as a list, with all their bits.
  public mutating func visitState(_ visitor: inout StateVisitor) {
    var name = metricName ?? ""
    visitor.value(&name, "metric")
    metricName = name.isEmpty ? nil : name
    visitNumbers(&stepLosses, "stepLosses", &visitor)

    var figures = epochs.flatMap(\.figures)
    visitNumbers(&figures, "epochs", &visitor)
    guard visitor.isRestoring else { return }
    let size = Epoch.figureCount
    guard figures.count.isMultiple(of: size) else {
      return visitor.refuse("epochs", "\(figures.count) numbers; \(size) for each epoch would fit")
    }
    epochs = stride(from: 0, to: figures.count, by: size).map { start in
      Epoch(number: start / size + 1, figures: Array(figures[start..<start + size]))
    }
  }

  private func visitNumbers(_ numbers: inout [Double], _ name: String, _ visitor: inout StateVisitor) {
    var tensor = Tensor(numbers, shape: [numbers.count])
    visitor.tensor(&tensor, name)
    guard visitor.isRestoring else { return }
    guard tensor.dtype == .float64, tensor.rank == 1 else {
      return visitor.refuse(name, "\(tensor.dtype) \(tensor.shape); float64 with one axis would fit")
    }
    numbers = tensor.scalars()
  }
}

extension History.Epoch {
  fileprivate static let figureCount = 7

  /// Its numbers, the last of which tells which there are: 1 for a metric, 2 for validation, 4 for a metric of it.
  fileprivate var figures: [Double] {
    let parts = (training.metric == nil ? 0 : 1) + (validation == nil ? 0 : 2) + (validation?.metric == nil ? 0 : 4)
    return [
      training.loss, training.metric ?? 0, validation?.loss ?? 0, validation?.metric ?? 0, seconds, itemsPerSecond, Double(parts),
    ]
  }

  fileprivate init(number: Int, figures: [Double]) {
    let parts = Int(exactly: figures[6]) ?? 0
    func optional(_ value: Double, _ part: Int) -> Double? { parts & part == 0 ? nil : value }
    self.init(
      number: number, training: Evaluation(loss: figures[0], metric: optional(figures[1], 1)),
      validation: optional(figures[2], 2).map { Evaluation(loss: $0, metric: optional(figures[3], 4)) }, seconds: figures[4],
      itemsPerSecond: figures[5])
  }
}
