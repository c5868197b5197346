import Optimizers

extension Schedule {
  /// The learning rate of each step as an SVG image.
  ///
  ///     try schedule.svg(steps: 10_000, title: "Warm-up and cosine").write(toFile: "rates.svg", atomically: true, encoding: .utf8)
  ///
  /// One that looks at losses is drawn as it stands. Of more than 65,536 steps as many, evenly spread, are drawn.
  public func svg(steps: Int, title: String, subtitle: String = "") -> String {
    SVGChart(title: title, subtitle: subtitle, panels: [panel(steps: steps, title: "Learning rate", xTitle: "step")]).text
  }

  /// A panel with the rate of each step.
  package func panel(steps: Int, title: String, xTitle: String = "") -> SVGChart.Panel {
    let count = max(steps, 0)
    // A picture shows no more, and its text would be without bounds.
    let apart = max(1, count / 1 << 16)
    let points = stride(from: 0, to: count, by: apart).map { (x: Double($0), y: rate(at: $0)) }
    return SVGChart.Panel(
      title: title, xTitle: xTitle, xRange: 0...Double(max(steps, 1)), series: [SVGChart.Series(points: points)], isFromZero: true)
  }
}
