import Tensors

extension Table {
  /// Writes a CSV file with the names in its first line; what is missing is an empty field.
  ///
  /// Each number has the fewest digits that give it back exactly. Texts stand in quotes where they need them. Whatever happens,
  /// the path then holds the old file or the new one, whole. Throws if it cannot be written.
  public func write(to path: String, separator: Character = ",") throws(DataError) {
    guard let mark = CSVOptions.byte(separator, "Table.write") else { return }
    try AtomicFile.write(to: path) { (file) throws(DataError) in
      var line = ""
      func close() throws(DataError) {
        try file.write(line + "\n")
        line = ""
      }
      for (i, name) in columnNames.enumerated() { line += (i > 0 ? String(separator) : "") + Table.quoted(name, mark) }
      try close()
      for row in 0..<rowCount {
        for (i, column) in columns.enumerated() {
          if i > 0 { line.append(separator) }
          switch column[row] {
          case .integer(let value): line += "\(value)"
          case .number(let value): line += "\(value)"
          case .text(let text): line += Table.quoted(text, mark)
          // A line of one empty field would be a blank line, which counts for nothing.
          case .missing: line += columns.count == 1 ? "NA" : ""
          }
        }
        try close()
      }
    }
  }

  private static func quoted(_ text: String, _ separator: UInt8) -> String {
    let special: Set<UInt8> = [separator, UInt8(ascii: "\""), UInt8(ascii: "#"), 9, 10, 13]
    let isPlain = !text.utf8.contains(where: special.contains) && text.utf8.first != 32 && text.utf8.last != 32
    return isPlain ? text : "\"\(text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\""
  }
}
