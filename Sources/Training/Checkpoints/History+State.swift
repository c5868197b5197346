import Models
import Tensors

extension History: Resumable {
  /// The epochs and validations as rows of figures and the losses as a list, with all their bits.
  public mutating func visitState(_ visitor: inout StateVisitor) {
    var names = FigureNames(of: epochs.flatMap { [$0.training] + ($0.validation.map { [$0] } ?? []) } + validations.map(\.evaluation))
    visitor.list(&names.losses, "lossNames", blank: "") { $2.value(&$0, $1) }
    visitor.list(&names.metrics, "metricNames", blank: "") { $2.value(&$0, $1) }
    visitNumbers(&stepLosses, "stepLosses", &visitor)
    let width = names.width

    var rows = epochs.flatMap { epoch -> [Double] in
      let start: [Double] = [epoch.seconds, epoch.itemsPerSecond, epoch.validation == nil ? 0 : 1]
      return start + names.numbers(epoch.training) + names.numbers(epoch.validation ?? epoch.training)
    }
    visitRows(&rows, of: 3 + 2 * width, "epochs", "epoch", &visitor) { rows in
      epochs = rows.enumerated().map { i, row in
        Epoch(
          number: i + 1, training: names.evaluation(row[3..<3 + width]),
          validation: row[2] == 0 ? nil : names.evaluation(row[(3 + width)...]), seconds: row[0], itemsPerSecond: row[1])
      }
    }
    var steps = validations.flatMap { validation -> [Double] in [Double(validation.step)] + names.numbers(validation.evaluation) }
    visitRows(&steps, of: 1 + width, "validations", "validation", &visitor) { rows in
      validations = rows.map { row in Validation(step: Int(exactly: row[0]) ?? 0, evaluation: names.evaluation(row[1...])) }
    }
  }
}

/// Rows of numbers, as one list.
private func visitRows(
  _ numbers: inout [Double], of size: Int, _ name: String, _ what: String, _ visitor: inout StateVisitor, _ restore: ([[Double]]) -> Void
) {
  visitNumbers(&numbers, name, &visitor)
  guard visitor.isRestoring else { return }
  guard numbers.count.isMultiple(of: size) else {
    return visitor.refuse(name, "\(numbers.count) numbers; \(size) for each \(what) would fit")
  }
  restore(stride(from: 0, to: numbers.count, by: size).map { Array(numbers[$0..<$0 + size]) })
}

/// A list of numbers, with all their bits.
private func visitNumbers(_ numbers: inout [Double], _ name: String, _ visitor: inout StateVisitor) {
  var tensor = Tensor(numbers, shape: [numbers.count])
  visitor.tensor(&tensor, name)
  guard visitor.isRestoring else { return }
  guard tensor.dtype == .float64, tensor.rank == 1 else {
    return visitor.refuse(name, "\(tensor.dtype) \(tensor.shape); float64 with one axis would fit")
  }
  numbers = tensor.scalars()
}

/// The names of all figures of a run, in the order in which they came up: an evaluation is then a row of numbers.
private struct FigureNames {
  var losses: [String] = []
  var metrics: [String] = []

  init(of evaluations: [Evaluation]) {
    for evaluation in evaluations {
      for figure in evaluation.losses where !losses.contains(figure.name) { losses.append(figure.name) }
      for figure in evaluation.metrics where !metrics.contains(figure.name) { metrics.append(figure.name) }
    }
  }

  /// The loss, and for each name whether there is a figure, and the figure.
  var width: Int { 1 + 2 * (losses.count + metrics.count) }

  func numbers(_ evaluation: Evaluation) -> [Double] {
    func pairs(_ names: [String], _ figures: [Evaluation.Figure]) -> [Double] {
      names.flatMap { name -> [Double] in
        guard let figure = figures.first(where: { $0.name == name }) else { return [0, 0] }
        return [1, figure.value]
      }
    }
    return [evaluation.loss] + pairs(losses, evaluation.losses) + pairs(metrics, evaluation.metrics)
  }

  func evaluation(_ row: ArraySlice<Double>) -> Evaluation {
    let row = Array(row)
    func figures(_ names: [String], from start: Int) -> [Evaluation.Figure] {
      names.enumerated().compactMap { i, name in row[start + 2 * i] == 0 ? nil : Evaluation.Figure(name, row[start + 2 * i + 1]) }
    }
    return Evaluation(loss: row[0], losses: figures(losses, from: 1), metrics: figures(metrics, from: 1 + 2 * losses.count))
  }
}
