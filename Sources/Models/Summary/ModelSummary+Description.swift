import Tensors

extension ModelSummary: CustomStringConvertible {
  /// The table; parts in a row that are alike stand in one line, `layers.0–3 (Block) ×4`, each with its own figures.
  public var description: String {
    let heads = Self.heads
    let lines = table.map(\.cells)
    let widths = heads.indices.map { column in ([heads] + lines).map { $0[column].count }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
      let padded = cells.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column < 2 ? cell + space : space + cell
      }
      let text = padded.joined(separator: "  ")
      return String(text.reversed().drop { $0 == " " }.reversed())
    }
    let rule = String(repeating: "─", count: widths.reduce(0, +) + 2 * (widths.count - 1))
    return ([line(heads), rule] + lines.map(line) + [rule, total]).joined(separator: "\n")
  }

  /// What the columns are called.
  package static let heads = ["part", "output", "parameters", "multiply-adds", "activations"]

  /// The lines of the table, names indented by two blanks for each part that they stand in.
  package var table: [(part: Part, cells: [String])] {
    rows(from: 0, to: parts.count).map { row in
      let figures = [grouped(row.part.parameters), short(row.part.multiplyAdds), bytes(row.part.activationBytes)]
      return (row.part, [row.name, row.part.output.map { "\($0)" } ?? "–"] + figures)
    }
  }

  /// The line below the table.
  package var total: String {
    let frozen = parts.first?.frozen ?? 0
    return "\(grouped(parameterCount)) parameters" + (frozen > 0 ? ", \(grouped(frozen)) of them frozen" : "")
      + " · \(short(multiplyAdds)) multiply-adds · \(bytes(activationBytes)) of activations"
  }

  private typealias Row = (name: String, part: Part)

  /// The rows of some parts, which stand behind one another; alike ones folded.
  private func rows(from start: Int, to end: Int) -> [Row] {
    var rows: [Row] = []
    var first = start
    while first < end {
      let next = self.end(of: first, before: end)
      var (count, last, after) = (1, first, next)
      while after < end, areAlike(first, after, before: end) {
        (count, last) = (count + 1, after)
        after = self.end(of: after, before: end)
      }
      let part = parts[first]
      rows.append((String(repeating: "  ", count: part.depth) + name(of: part, to: parts[last], count), part))
      rows += self.rows(from: first + 1, to: next)
      first = after
    }
    return rows
  }

  /// Where the part ends that begins at `start`: behind all that stands inside it.
  private func end(of start: Int, before end: Int) -> Int {
    var next = start + 1
    while next < end, parts[next].depth > parts[start].depth { next += 1 }
    return next
  }

  /// Whether two neighbours and all inside them have the same types and figures, and places that differ in a number only.
  private func areAlike(_ a: Int, _ b: Int, before end: Int) -> Bool {
    let count = self.end(of: a, before: end) - a
    // Functions look alike whatever they do: without parameters nothing is folded.
    guard parts[a].parameters > 0, parts[a].depth == parts[b].depth, Int(parts[b].path.split(separator: ".").last ?? "") != nil,
      Int(parts[a].path.split(separator: ".").last ?? "") != nil, self.end(of: b, before: end) - b == count
    else { return false }
    return (0..<count).allSatisfy { i in
      let (x, y) = (parts[a + i], parts[b + i])
      return x.type == y.type && x.depth == y.depth && x.output == y.output && x.parameters == y.parameters && x.frozen == y.frozen
        && x.multiplyAdds == y.multiplyAdds && x.activationBytes == y.activationBytes && x.calls == y.calls
    }
  }

  private func name(of part: Part, to last: Part, _ count: Int) -> String {
    if part.path.isEmpty { return part.type }
    // Inside a part, its path goes without saying.
    let parent = parts.last { $0.depth < part.depth && (part.path.hasPrefix($0.path + ".") || $0.path.isEmpty) }?.path ?? ""
    let path = parent.isEmpty ? part.path : String(part.path.dropFirst(parent.count + 1))
    if count > 1 { return "\(path)–\(last.path.split(separator: ".").last ?? "") (\(part.type)) ×\(count)" }
    return "\(path) (\(part.type))" + (part.calls > 1 ? ", \(part.calls) calls" : "")
  }
}

/// 1234567 as 1,234,567.
private func grouped(_ number: Int) -> String {
  var (rest, text) = (String(number), "")
  while rest.count > 3 {
    text = "," + rest.suffix(3) + text
    rest.removeLast(3)
  }
  return rest + text
}

/// 1234567 as 1.2 M.
private func short(_ number: Int) -> String {
  scaled(Double(number), by: 1000, ["", " k", " M", " G", " T", " P"])
}

/// 1234567 as 1.2 MiB.
private func bytes(_ number: Int) -> String { scaled(Double(number), by: 1024, [" B", " KiB", " MiB", " GiB", " TiB", " PiB"]) }

private func scaled(_ number: Double, by step: Double, _ units: [String]) -> String {
  var (value, unit) = (number, 0)
  while value >= step && unit < units.count - 1 {
    value /= step
    unit += 1
  }
  let tenths = (value * 10).rounded() / 10
  return (unit == 0 || tenths == tenths.rounded() ? "\(Int(tenths.rounded()))" : "\(tenths)") + units[unit]
}
