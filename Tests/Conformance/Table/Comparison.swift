import Fluxion

extension Table {
  static let comparison = Family("Comparison and logic") { rows in
    _ = rows
  }
}
