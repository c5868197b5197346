extension History {
  /// The training curve as an SVG image: the loss of every step and epoch and, beside it, its parts and the metrics.
  ///
  ///     try history.svg(title: "Digits").write(toFile: "training.svg", atomically: true, encoding: .utf8)
  public func svg(title: String, subtitle: String = "") -> String {
    let (blue, orange) = (SVGChart.blue, SVGChart.orange)
    let last = Double(max(epochs.count, 1))
    let perEpoch = Double(max(1, stepLosses.count)) / last
    let every = stepLosses.enumerated().map { (x: Double($0.offset + 1) / perEpoch, y: $0.element) }

    // A mean over an epoch stands at its middle.
    func series(_ name: String, _ color: String, back: Double = 0, _ value: (Epoch) -> Double?) -> SVGChart.Series {
      let points = epochs.compactMap { epoch in value(epoch).map { (x: Double(epoch.number) - back, y: $0) } }
      return SVGChart.Series(name: name, color: color, points: points)
    }
    var panels = [
      SVGChart.Panel(
        title: "Loss", xTitle: "epoch", xRange: 0...last,
        series: [
          SVGChart.Series(name: "each step", color: blue, points: every, isFaint: true),
          series("training", blue, back: 0.5, \.training.loss),
          series("validation", orange, \.validation?.loss),
        ])
    ]
    func names(_ figures: (Evaluation) -> [Evaluation.Figure]) -> [String] {
      var names: [String] = []
      for evaluation in epochs.flatMap({ [$0.training, $0.validation ?? $0.training] }) {
        for figure in figures(evaluation) where !names.contains(figure.name) { names.append(figure.name) }
      }
      return names
    }
    func panel(_ name: String, _ figures: @escaping (Evaluation) -> [Evaluation.Figure]) -> SVGChart.Panel {
      func value(_ evaluation: Evaluation?) -> Double? { evaluation.flatMap { figures($0).first { $0.name == name }?.value } }
      return SVGChart.Panel(
        title: name.prefix(1).uppercased() + name.dropFirst(), xTitle: "epoch", xRange: 0...last,
        series: [series("training", blue, back: 0.5) { value($0.training) }, series("validation", orange) { value($0.validation) }])
    }
    panels += names(\.losses).map { panel($0, \.losses) } + names(\.metrics).map { panel($0, \.metrics) }
    // More than three in a row are too narrow to read.
    if panels.count > 3 { return SVGChart(title: title, subtitle: subtitle, panels: panels, columns: 3).text }
    return SVGChart(title: title, subtitle: subtitle, panels: panels).text
  }
}
