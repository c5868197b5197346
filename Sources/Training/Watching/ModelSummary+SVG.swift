import Models
import Tensors

extension ModelSummary {
  /// The model's parts as an SVG image: a box for each in the order of the run, inside of the part that it belongs to, with its output's shape, its parameters (also as
  /// a share of the model's), multiply-adds and activations.
  ///
  ///     try model.summary(for: [1, 784]).svg(title: "Perceptron").write(toFile: "summary.svg", atomically: true, encoding: .utf8)
  ///
  /// Parts in a row that are alike are one box, `layers.0–3 (Block) ×4`, as in the printed table.
  public func svg(title: String) -> String {
    let rows = table
    let (top, pitch, width) = (112.0, 36.0, 960.0)
    // How many parts each row holds, which box ends where, and how much lower rows begin for the boxes that end above them.
    let inside = rows.indices.map { i in rows[(i + 1)...].prefix { $0.part.depth > rows[i].part.depth }.count }
    var endings = [Int](repeating: 0, count: rows.count)
    for i in rows.indices where inside[i] > 0 { endings[i + inside[i]] += 1 }
    var beginnings = [top]
    for i in rows.indices { beginnings.append(beginnings[i] + pitch + Double(endings[i]) * Self.margin) }
    var elements = SVG.begin(width: width, height: beginnings[rows.count] + 24, title: title, subtitle: total)
    for (head, x) in zip(Self.heads, Self.columns) {
      elements.append(SVG.label(x, top - 16, head, SVG.gray, head == "part" ? "" : "text-anchor=\"end\""))
    }
    for (i, row) in rows.enumerated() {
      let y = beginnings[i]
      let left = 32 + Double(min(row.part.depth, 8)) * 20
      let style = "rx=\"6\" fill=\"\(Self.fills[row.part.depth % 2])\" stroke=\"#cbd5e1\""
      let inset = Double(min(row.part.depth, 8)) * 1.5
      // A box reaches around the parts inside it; of those that end at one row the innermost ends first.
      let last = i + inside[i]
      let inner = (i + 1..<last + 1).filter { inside[$0] > 0 && $0 + inside[$0] == last }.count
      let bottom = beginnings[last] + pitch - 2 + Double(inside[i] > 0 ? inner + 1 : 0) * Self.margin
      elements.append(SVG.box(left, y + 2, width - 24 - inset - left, bottom - y - 2, style))
      let name = row.cells[0].drop { $0 == " " }
      elements.append(SVG.label(left + 12, y + 23, SVG.shortened(String(name), 42), SVG.ink, inside[i] > 0 ? "font-weight=\"600\"" : ""))
      for (cell, x) in zip(row.cells, Self.columns).dropFirst() {
        elements.append(SVG.label(x, y + 23, SVG.shortened(cell, 20), SVG.ink, "text-anchor=\"end\""))
      }
      if parameterCount > 0, inside[i] == 0, row.part.parameters > 0 {
        let share = Double(row.part.parameters) / Double(parameterCount)
        elements.append(
          SVG.box(Self.columns[2] + 12, y + 12, max(share * 100, 1), 12, "rx=\"2\" fill=\"\(SVGChart.blue)\" fill-opacity=\"0.7\""))
      }
    }
    return elements.joined(separator: "\n") + "\n</svg>\n"
  }

  /// Where columns begin, or, but for the first, end.
  private static let columns = [44.0, 520, 620, 824, 920]
  /// Between the lower edges of a box and of the box around it.
  private static let margin = 4.0
  private static let fills = ["#f8fafc", "#eef2ff"]
}
