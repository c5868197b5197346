import Fluxion

extension Table {
  static let products = Family("Products") { rows in
    _ = rows
  }
}
