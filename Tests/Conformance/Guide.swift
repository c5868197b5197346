/// `Guides/FromPyTorch.md`, written from the table.
public enum Guide {
  /// The page.
  public static var text: String {
    var lines = [
      "# From PyTorch", "",
      "PyTorch's operators and how Fluxion says them, by family. `swift run -c release conformance` runs PyTorch's own test cases of the left column",
      "against the right one. The page is written by `swift run conformance --guide` from the same table and is not edited by hand.",
      "", "Fluxion has no silent promotion: where PyTorch would turn integers into floats, or float32 into float64, write `.cast(to:)`.",
    ]
    for family in Table.families {
      lines += ["", "## \(family.title)", "", "| PyTorch | Fluxion | |", "|---|---|---|"]
      for row in family.rows.sorted(by: { $0.name < $1.name }) {
        let call = row.missing == nil ? "`\(row.fluxion)`" : "–"
        lines.append(
          "| `\(row.name)` | \(call.replacing("|", with: "\\|")) | \((row.missing.map { "not there: \($0)" } ?? row.note).replacing("|", with: "\\|")) |"
        )
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
