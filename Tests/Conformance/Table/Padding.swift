import Fluxion

extension Table {
  static let padding = Family("Padding") { rows in
    _ = rows
  }
}
