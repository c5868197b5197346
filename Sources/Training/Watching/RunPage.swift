import Foundation
import Tensors

/// A run as one HTML page, which needs nothing beside it: charts are SVG in the page, colours follow the reader's light or dark setting, and while the run goes on
/// the page loads itself anew.
struct RunPage {
  let record: RunRecord
  /// What the run is called: its directory's name.
  let title: String

  /// The whole page.
  var text: String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    \(record.state == .running ? "<meta http-equiv=\"refresh\" content=\"2\">" : "")
    <title>\(escaped("\(title) · \(stateText)"))</title>
    <style>\(Self.style)</style>
    </head>
    <body>
    <header>
    <h1>\(escaped(title))</h1>
    <p class="state \(record.state.rawValue)">\(stateText)<span id="age" data-updated="\(Int(record.updated))"></span></p>
    <div class="bar"><div style="width: \(NumberText.fixed(100 * fraction, 1))%"></div></div>
    </header>
    \(record.error.map { "<p class=\"error\">\(escaped($0))</p>" } ?? "")
    <section class="tiles">
    \(tiles.map { "<div><span>\(escaped($0.name))</span><b>\(escaped($0.value))</b></div>" }.joined(separator: "\n"))
    </section>
    \(charts)
    \(remarks)
    <details><summary>Model</summary><pre>\(escaped(record.model))</pre></details>
    \(record.element)
    <script>\(record.state == .running ? Self.script : "")</script>
    </body>
    </html>

    """
  }

  // MARK: Parts

  private var stateText: String {
    switch record.state {
    case .running: "running"
    case .ended: "finished"
    case .failed: "ended by an error"
    }
  }

  private var steps: Int? { record.batchesPerEpoch.map { $0 * record.epochs } }

  private var fraction: Double {
    if record.state == .ended { return 1 }
    if let steps, steps > 0 { return min(Double(record.step) / Double(steps), 1) }
    return record.epochs > 0 ? min(Double(max(record.epoch - 1, 0)) / Double(record.epochs), 1) : 0
  }

  private var tiles: [(name: String, value: String)] {
    var tiles = [
      (name: "epoch", value: "\(record.epoch) / \(record.epochs)"), (name: "step", value: ProgressLine.grouped(Double(record.step))),
    ]
    for figure in record.figures {
      if let value = figure.training.last { tiles.append((figure.name, ProgressLine.decimal(value))) }
      if let value = figure.validation.last { tiles.append(("validation \(figure.name)", ProgressLine.decimal(value))) }
    }
    if record.figures.isEmpty, let loss = record.batchLoss.last { tiles.append(("loss of the step", ProgressLine.decimal(loss))) }
    if let rate = record.learningRate.last { tiles.append(("learning rate", NumberText.significant(rate, 3))) }
    if let rate = record.itemsPerSecond.last { tiles.append(("items a second", ProgressLine.grouped(rate))) }
    let elapsed = record.updated - record.began
    tiles.append(("time", ProgressLine.time(elapsed)))
    if record.state == .running, let steps, record.step > record.stepsBefore {
      let left = elapsed / Double(record.step - record.stepsBefore) * Double(max(steps - record.step, 0))
      tiles.append(("left", ProgressLine.time(left)))
    }
    return tiles
  }

  private var charts: String {
    let range = 0...Double(max(record.step, 1))
    func panel(_ title: String, _ series: [SVGChart.Series], isFromZero: Bool = false) -> SVGChart.Panel? {
      if series.allSatisfy({ $0.points.isEmpty }) { return nil }
      return SVGChart.Panel(title: title, xTitle: "step", xRange: range, series: series, isFromZero: isFromZero)
    }
    func both(_ figure: RunRecord.Figure) -> [SVGChart.Series] {
      [
        SVGChart.Series(name: "training", color: SVGChart.blue, points: figure.training.points),
        SVGChart.Series(name: "validation", color: SVGChart.orange, points: figure.validation.points),
      ]
    }
    let loss = record.figures.first { $0.name == "loss" }
    var panels = [
      panel("Loss", [SVGChart.Series(name: "each step", points: record.batchLoss.points, isFaint: true)] + (loss.map(both) ?? []))
    ]
    for figure in record.figures where figure.name != "loss" {
      panels.append(panel(figure.name.prefix(1).uppercased() + figure.name.dropFirst(), both(figure)))
    }
    panels.append(panel("Learning rate", [SVGChart.Series(points: record.learningRate.points)], isFromZero: true))
    panels.append(panel("Items a second", [SVGChart.Series(points: record.itemsPerSecond.points)], isFromZero: true))
    panels.append(panel("Gradient norm", [SVGChart.Series(points: record.gradientNorm.points)], isFromZero: true))
    let shown = panels.compactMap { $0 }
    if shown.isEmpty { return "<p>Before the first step.</p>" }
    return SVGChart(title: "Curves", panels: shown, columns: 2).text
  }

  private var remarks: String {
    if record.remarks.isEmpty { return "" }
    return "<h2>Remarks</h2><ul>" + record.remarks.suffix(20).map { "<li>\(escaped($0))</li>" }.joined() + "</ul>"
  }

  private func escaped(_ text: String) -> String { SVG.escaped(text).replacing("\"", with: "&quot;") }

  /// Charts have colours of their own, for a light page; in the dark each is replaced.
  private static let style = """

    :root { color-scheme: light dark; --page: #f9fafb; --card: #ffffff; --ink: #1f2937; --gray: #6b7280; --line: #e5e7eb; --blue: #2563eb; --red: #b91c1c; }
    @media (prefers-color-scheme: dark) {
      :root { --page: #0f172a; --card: #1e293b; --ink: #e5e7eb; --gray: #94a3b8; --line: #334155; --blue: #60a5fa; --red: #f87171; }
      svg [fill="#ffffff"] { fill: #1e293b } svg [fill="#1f2937"] { fill: #e5e7eb } svg [fill="#6b7280"] { fill: #94a3b8 }
      svg [stroke="#e5e7eb"] { stroke: #334155 } svg [stroke="#6b7280"] { stroke: #94a3b8 } svg [stroke="#ffffff"] { stroke: #1e293b }
      svg [stroke="#2563eb"] { stroke: #60a5fa } svg [fill="#2563eb"] { fill: #60a5fa }
      svg [stroke="#ea580c"] { stroke: #fb923c } svg [fill="#ea580c"] { fill: #fb923c }
    }
    body { margin: 0 auto; padding: 24px; max-width: 1008px; background: var(--page); color: var(--ink);
      font: 15px/1.5 Inter, "Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; }
    h1 { margin: 0; font-size: 24px } h2 { font-size: 18px } p.state { margin: 2px 0 10px; color: var(--gray) }
    p.running { color: var(--blue) } p.failed, .error { color: var(--red) }
    .error { border-left: 4px solid var(--red); padding: 8px 12px; background: var(--card) }
    .bar { height: 6px; border-radius: 3px; background: var(--line) } .bar div { height: 100%; border-radius: 3px; background: var(--blue) }
    .tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(144px, 1fr)); gap: 12px; margin: 20px 0 }
    .tiles div { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px }
    .tiles span { display: block; color: var(--gray); font-size: 13px } .tiles b { font-size: 19px; font-variant-numeric: tabular-nums }
    svg { display: block; width: 100%; height: auto; margin: 20px 0; border: 1px solid var(--line); border-radius: 8px }
    details { margin: 16px 0 } summary { cursor: pointer } pre { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px }

    """

  /// A process that was killed leaves a page that says it runs: its age tells.
  private static let script = """

    const age = document.getElementById("age"), old = Date.now() / 1000 - age.dataset.updated;
    if (old > 60) age.textContent = " · nothing new for " + Math.round(old / 60) + " min: it may have been killed";

    """
}
