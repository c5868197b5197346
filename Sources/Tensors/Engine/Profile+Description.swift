import Foundation

extension Profile: CustomStringConvertible {
  /// Two tables, by operator and by model part, what took the most time first, and a line on the whole.
  public var description: String {
    let calls = rows.reduce(0) { $0 + $1.calls }
    let between = "\(time(secondsBetween)) (\(percent(secondsBetween))) between them"
    return table("operator", operators) { $0.operation } + "\n\n" + table("part", parts) { $0.part.isEmpty ? "–" : $0.part }
      + "\n\n\(time(seconds)) in all: \(calls) operators, \(between)"
  }

  private func table(_ title: String, _ rows: [Row], _ name: (Row) -> String) -> String {
    let heads = [title, "phase", "calls", "time", "share", "bytes", "GB/s", "GFLOP/s"]
    let lines = rows.map { row in
      [
        name(row), row.phase.rawValue, "\(row.calls)", time(row.seconds), percent(row.seconds), row.bytes > 0 ? size(row.bytes) : "",
        row.bytes > 0 ? NumberText.fixed(row.bandwidth * 1e-9, 1) : "",
        row.multiplyAdds > 0 ? NumberText.fixed(row.flops * 1e-9, 1) : "",
      ]
    }
    let widths = heads.indices.map { column in ([heads] + lines).map { $0[column].count }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
      let padded = cells.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column < 2 ? cell + space : space + cell
      }
      return String(padded.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
    }
    let rule = String(repeating: "─", count: widths.reduce(0, +) + 2 * (widths.count - 1))
    return ([line(heads), rule] + lines.map(line)).joined(separator: "\n")
  }

  private func percent(_ part: Double) -> String { seconds > 0 ? NumberText.fixed(100 * part / seconds, 1) + " %" : "–" }

  private func time(_ seconds: Double) -> String {
    seconds < 1e-3
      ? NumberText.fixed(seconds * 1e6, 1) + " µs"
      : seconds < 1 ? NumberText.fixed(seconds * 1e3, 2) + " ms" : NumberText.fixed(seconds, 2) + " s"
  }

  private func size(_ bytes: Int) -> String {
    let units = ["B", "KiB", "MiB", "GiB"]
    var (x, unit) = (Double(bytes), 0)
    while x >= 1024 && unit < units.count - 1 { (x, unit) = (x / 1024, unit + 1) }
    return NumberText.fixed(x, unit == 0 ? 0 : 1) + " " + units[unit]
  }
}
