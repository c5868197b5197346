/// Columns of text, aligned: the first ones to the left, numbers to the right.
struct TextTable {
  private var rows: [[String]]
  /// The columns aligned to the left.
  private let left: Set<Int>

  init(_ titles: [String], left: Set<Int>) { (rows, self.left) = ([titles], left) }

  mutating func add(_ row: [String]) { rows.append(row) }

  var lines: [String] {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.indices.map { column in
        let blanks = String(repeating: " ", count: widths[column] - row[column].count)
        return left.contains(column) ? row[column] + blanks : blanks + row[column]
      }
      let line = cells.joined(separator: "  ")
      return String(line[..<(line.lastIndex { $0 != " " }.map { line.index(after: $0) } ?? line.startIndex)])
    }
  }
}

/// A text from a file as it can stand on a terminal: one line, without control characters, not endless.
func oneLine(_ text: String, atMost length: Int = 100) -> String {
  var line = ""
  for (i, scalar) in text.unicodeScalars.enumerated() {
    if i == length { return line + "…" }
    let isControl = scalar.value < 32 || 127..<160 ~= scalar.value || ["\u{2028}", "\u{2029}"].contains(scalar)
    line += isControl ? "\\u{\(String(scalar.value, radix: 16, uppercase: true))}" : String(scalar)
  }
  return line
}
