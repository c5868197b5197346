import Tensors

extension Profile {
  /// Where the time went as an SVG image: a bar for each operator and each model part, of forward, backward and the optimizer's step, what took the most time first.
  ///
  ///     let (_, times) = profile { step() }
  ///     try times.svg(title: "A step").write(toFile: "profile.svg", atomically: true, encoding: .utf8)
  ///
  /// Beyond twelve of each the others are one bar. The time between operators is a bar, too, so that the bars of each half add up to the whole.
  public func svg(title: String, subtitle: String = "") -> String {
    let halves = [
      ("By operator", bars(operators) { $0.operation }), ("By model part", bars(parts) { $0.part.isEmpty ? "outside of models" : $0.part }),
    ]
    let rows = halves.map(\.1.count).max() ?? 0
    let (top, pitch, width) = (132.0, 26.0, 960.0)
    var elements = SVG.begin(
      width: width, height: top + Double(rows) * pitch + 24, title: title, subtitle: subtitle.isEmpty ? total : "\(subtitle) · \(total)")
    var x = width - 32
    for phase in Phase.allCases.reversed() {
      x -= Double(phase.rawValue.count) * 7 + 8
      elements.append(SVG.label(x, 42, phase.rawValue, SVG.gray))
      elements.append(SVG.box(x - 20, 32, 12, 12, "rx=\"2\" fill=\"\(Self.color(phase))\""))
      x -= 32
    }
    for (half, (name, bars)) in halves.enumerated() {
      let left = 32 + Double(half) * 464
      elements.append(SVG.label(left, top - 24, name, SVG.ink, "font-size=\"15\" font-weight=\"600\""))
      elements += draw(bars, left: left, top: top, pitch: pitch)
    }
    return elements.joined(separator: "\n") + "\n</svg>\n"
  }

  private struct Bar {
    var name: String
    var seconds: [Phase: Double] = [:]
    /// What is in no phase: between operators.
    var rest = 0.0
    var whole: Double { seconds.values.reduce(rest, +) }
  }

  private var total: String { "\(Self.time(seconds)), \(rows.reduce(0) { $0 + $1.calls }) operators" }

  private func bars(_ rows: [Row], _ name: (Row) -> String) -> [Bar] {
    var bars: [String: Bar] = [:]
    for row in rows { bars[name(row), default: Bar(name: name(row))].seconds[row.phase, default: 0] += row.seconds }
    var sorted = bars.values.sorted { ($0.whole, $1.name) > ($1.whole, $0.name) }
    if sorted.count > 12 {
      var others = Bar(name: "\(sorted.count - 11) others")
      for bar in sorted[11...] { others.seconds.merge(bar.seconds, uniquingKeysWith: +) }
      sorted = sorted.prefix(11) + [others]
    }
    return sorted + [Bar(name: "between operators", rest: secondsBetween)]
  }

  private func draw(_ bars: [Bar], left: Double, top: Double, pitch: Double) -> [String] {
    let longest = bars.map(\.whole).max() ?? 0
    let (start, room) = (left + 152, 184.0)
    var elements: [String] = []
    for (i, bar) in bars.enumerated() {
      let y = top + Double(i) * pitch
      elements.append(SVG.label(start - 10, y + 12, SVG.shortenedPart(bar.name, 22), SVG.ink, "text-anchor=\"end\""))
      var x = start
      let pieces = Phase.allCases.map { (bar.seconds[$0] ?? 0, Self.color($0)) } + [(bar.rest, SVG.gray)]
      for (seconds, color) in pieces where seconds > 0 {
        let width = longest > 0 ? seconds / longest * room : 0
        elements.append(SVG.box(x, y, width, 16, "fill=\"\(color)\""))
        x += width
      }
      let share = seconds > 0 ? " · \(NumberText.fixed(100 * bar.whole / seconds, 1)) %" : ""
      elements.append(SVG.label(x + 8, y + 12, Self.time(bar.whole) + share, SVG.gray))
    }
    return elements
  }

  private static func color(_ phase: Phase) -> String {
    switch phase {
    case .forward: SVGChart.blue
    case .backward: SVGChart.orange
    case .update: "#16a34a"
    }
  }

  private static func time(_ seconds: Double) -> String {
    seconds < 1e-3
      ? NumberText.fixed(seconds * 1e6, 1) + " µs"
      : seconds < 1 ? NumberText.fixed(seconds * 1e3, 2) + " ms" : NumberText.fixed(seconds, 2) + " s"
  }
}
