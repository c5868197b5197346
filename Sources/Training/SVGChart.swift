import Foundation
import Tensors

/// Line charts side by side, or in rows, drawn as an SVG image.
package struct SVGChart {
  package struct Series {
    /// As the legend calls it; without a name it is not in there.
    var name: String
    var color: String
    var points: [(x: Double, y: Double)]
    /// A thin line in the background: what the others are means of.
    var isFaint = false

    package init(name: String = "", color: String = SVGChart.blue, points: [(x: Double, y: Double)], isFaint: Bool = false) {
      (self.name, self.color, self.points, self.isFaint) = (name, color, points, isFaint)
    }
  }

  package struct Panel {
    var title: String
    var xTitle: String
    var xRange: ClosedRange<Double>
    var series: [Series]
    /// Whether the axis begins at 0, wherever the data do.
    var isFromZero = false

    package init(title: String, xTitle: String = "", xRange: ClosedRange<Double>, series: [Series], isFromZero: Bool = false) {
      (self.title, self.xTitle, self.xRange, self.series, self.isFromZero) = (title, xTitle, xRange, series, isFromZero)
    }
  }

  var title: String
  var subtitle: String
  var panels: [Panel]
  /// How many stand in a row; all, unless told.
  var columns: Int

  package init(title: String, subtitle: String = "", panels: [Panel], columns: Int? = nil) {
    (self.title, self.subtitle, self.panels, self.columns) = (title, subtitle, panels, max(columns ?? panels.count, 1))
  }

  package static let (blue, orange) = ("#2563eb", "#ea580c")
  private static let (width, top) = (960.0, 128.0)
  private static let (ink, gray, grid) = (SVG.ink, SVG.gray, SVG.grid)

  /// The whole image.
  package var text: String {
    let rows = max((panels.count + columns - 1) / columns, 1)
    // One row has the room of two.
    let (plot, pitch) = rows == 1 ? (252.0, 252.0) : (112.0, 216.0)
    let (width, height) = (Self.width, Self.top + Double(rows - 1) * pitch + plot + 60)
    var parts = SVG.begin(width: width, height: height, title: title, subtitle: subtitle)
    parts.append(legend())
    let gap = 32.0
    let cell = (width - 2 * gap + gap) / Double(columns)
    for (i, panel) in panels.enumerated() {
      let (column, top) = (Double(i % columns), Self.top + Double(i / columns) * pitch)
      parts.append(draw(panel, left: gap + column * cell + 44, right: gap + (column + 1) * cell - gap, top: top, bottom: top + plot))
    }
    return parts.joined(separator: "\n") + "\n</svg>\n"
  }

  // MARK: Parts

  /// Each name once, at the upper right.
  private func legend() -> String {
    var entries: [Series] = []
    for series in panels.flatMap(\.series)
    where !series.points.isEmpty && !series.name.isEmpty && !entries.contains(where: { $0.name == series.name }) {
      entries.append(series)
    }
    var parts: [String] = []
    var x = Self.width - 32
    for series in entries.reversed() {
      // Widths of letters are not known here; 7 is enough for the fonts above at this size.
      x -= Double(series.name.count) * 7
      parts.append(label(x, 42, series.name, Self.gray))
      parts.append(line(x - 30, 37.5, x - 8, 37.5, style(series) + " stroke-linecap=\"round\""))
      x -= 52
    }
    return parts.joined(separator: "\n")
  }

  private func draw(_ panel: Panel, left: Double, right: Double, top: Double, bottom: Double) -> String {
    let values = panel.series.flatMap(\.points).map(\.y).filter(\.isFinite)
    let low = values.min() ?? 0
    let yTicks = Ticks(from: panel.isFromZero ? min(low, 0) : low, to: values.max() ?? 1, about: bottom - top < 200 ? 3 : 5)
    let xTicks = Ticks(from: panel.xRange.lowerBound, to: panel.xRange.upperBound, about: right - left < 200 ? 3 : 6, isWhole: true)
    func x(_ value: Double) -> Double { left + (value - panel.xRange.lowerBound) / panel.xRange.length * (right - left) }
    func y(_ value: Double) -> Double { bottom - (value - yTicks.low) / (yTicks.high - yTicks.low) * (bottom - top) }

    var parts = [label(left, top - 20, panel.title, Self.ink, "font-size=\"15\" font-weight=\"600\"")]
    for value in yTicks.values {
      parts.append(line(left, y(value), right, y(value), "stroke=\"\(Self.grid)\""))
      parts.append(label(left - 10, y(value) + 4.5, yTicks.text(value), Self.gray, "text-anchor=\"end\""))
    }
    parts.append(line(left, bottom, right, bottom, "stroke=\"\(Self.gray)\""))
    for value in xTicks.values where panel.xRange.contains(value) {
      parts.append(line(x(value), bottom, x(value), bottom + 5, "stroke=\"\(Self.gray)\""))
      parts.append(label(x(value), bottom + 21, xTicks.text(value), Self.gray, "text-anchor=\"middle\""))
    }
    if !panel.xTitle.isEmpty { parts.append(label((left + right) / 2, bottom + 43, panel.xTitle, Self.gray, "text-anchor=\"middle\"")) }
    for series in panel.series {
      let points = thinned(series.points.filter(\.y.isFinite)).map { (x($0.x), y($0.y)) }
      guard let end = points.last else { continue }
      let path = points.map { "\(n($0.0)),\(n($0.1))" }.joined(separator: " ")
      parts.append("<polyline points=\"\(path)\" fill=\"none\" \(style(series)) stroke-linejoin=\"round\" stroke-linecap=\"round\"/>")
      if !series.isFaint {
        let style = "fill=\"\(series.color)\" stroke=\"#ffffff\" stroke-width=\"1.5\""
        parts.append("<circle cx=\"\(n(end.0))\" cy=\"\(n(end.1))\" r=\"4\" \(style)/>")
      }
    }
    return parts.joined(separator: "\n")
  }

  private func style(_ series: Series) -> String {
    "stroke=\"\(series.color)\" " + (series.isFaint ? "stroke-width=\"1\" stroke-opacity=\"0.3\"" : "stroke-width=\"2.5\"")
  }

  private func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) -> String {
    SVG.line(x1, y1, x2, y2, style)
  }

  private func label(_ x: Double, _ y: Double, _ text: String, _ color: String, _ style: String = "") -> String {
    SVG.label(x, y, text, color, style)
  }

  /// At most about 800 points, as the image has no room for more: each stretch's lowest and highest, so that no peak is lost.
  private func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    let size = (points.count + 399) / 400
    if size <= 2 { return points }
    return stride(from: 0, to: points.count, by: size).flatMap { start -> [(x: Double, y: Double)] in
      let part = points[start..<min(start + size, points.count)]
      guard let low = part.min(by: { $0.y < $1.y }), let high = part.max(by: { $0.y < $1.y }) else { return [] }
      return low.x < high.x ? [low, high] : [high, low]
    }
  }

  private func n(_ value: Double) -> String { SVG.number(value) }
}

extension ClosedRange<Double> {
  fileprivate var length: Double { Swift.max(upperBound - lowerBound, .leastNormalMagnitude) }
}

/// Round numbers for an axis: multiples of 1, 2 or 5 times a power of ten, that reach from below the data to above it.
package struct Ticks {
  let step: Double
  let low: Double
  let high: Double
  package let values: [Double]

  package init(from minimum: Double, to maximum: Double, about count: Int, isWhole: Bool = false) {
    // Ends that differ by more than the largest number have no steps between them.
    let (minimum, maximum) = (max(-1e300, min(1e300, minimum)), max(-1e300, min(1e300, maximum)))
    // Where all data are one number, an axis around it.
    let isFlat = !(maximum - minimum > 1e-300 && (maximum - minimum).isFinite)
    let (from, to) = isFlat ? (minimum - max(abs(minimum), 1) / 2, minimum + max(abs(minimum), 1) / 2) : (minimum, maximum)
    let rough = (to - from) / Double(count)
    let power = pow(10, floor(log10(rough)))
    let factor = [1.0, 2, 5, 10].first { $0 * power >= rough * 0.999 } ?? 10
    step = isWhole ? max(1, factor * power) : factor * power
    low = floor(from / step + 1e-9) * step
    high = ceil(to / step - 1e-9) * step
    let (step, low) = (step, low)
    // Neighbours among the largest numbers may have no round numbers between them.
    let steps = ((high - low) / step).rounded()
    values = steps >= 0 && steps <= 100 ? (0...Int(steps)).map { low + Double($0) * step } : [low]
  }

  /// As many decimals as the step has.
  package func text(_ value: Double) -> String {
    if max(abs(low), abs(high)) >= 1e5 || step < 1e-4 { return NumberText.scientific(value, 1) }
    let decimals = max(0, Int(-floor(log10(step) + 1e-9)))
    return NumberText.fixed(value, decimals)
  }
}
