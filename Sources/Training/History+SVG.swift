extension History {
  /// The training curve as an SVG image: the loss of every step and epoch and, beside it, the metric.
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
    if let metricName {
      panels.append(
        SVGChart.Panel(
          title: metricName.prefix(1).uppercased() + metricName.dropFirst(), xTitle: "epoch", xRange: 0...last,
          series: [series("training", blue, back: 0.5, \.training.metric), series("validation", orange, \.validation?.metric)]))
    }
    return SVGChart(title: title, subtitle: subtitle, panels: panels).text
  }
}
