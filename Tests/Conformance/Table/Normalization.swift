import Fluxion

extension Table {
  static let normalization = Family("Normalization") { rows in
    _ = rows
  }
}
