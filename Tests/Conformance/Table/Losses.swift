import Fluxion

extension Table {
  static let losses = Family("Losses") { rows in
    _ = rows
  }
}
