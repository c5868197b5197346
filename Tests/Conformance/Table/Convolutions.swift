import Fluxion

extension Table {
  static let convolutions = Family("Convolutions") { rows in
    _ = rows
  }
}
