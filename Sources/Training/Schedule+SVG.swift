import Optimizers

extension Schedule {
  /// The learning rate of each step as an SVG image.
  ///
  ///     try schedule.svg(steps: 10_000, title: "Warm-up and cosine").write(toFile: "rates.svg", atomically: true, encoding: .utf8)
  ///
  /// One that looks at losses is drawn as it stands.
  public func svg(steps: Int, title: String, subtitle: String = "") -> String {
    SVGChart(title: title, subtitle: subtitle, panels: [panel(steps: steps, title: "Learning rate", xTitle: "step")]).text
  }

  /// A panel with the rate of each step.
  package func panel(steps: Int, title: String, xTitle: String = "") -> SVGChart.Panel {
    let points = (0..<max(steps, 0)).map { (x: Double($0), y: rate(at: $0)) }
    return SVGChart.Panel(
      title: title, xTitle: xTitle, xRange: 0...Double(max(steps, 1)), series: [SVGChart.Series(points: points)], isFromZero: true)
  }
}
