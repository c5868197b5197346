import Fluxion

extension Table {
  static let views = Family("Shapes and views") { rows in
    _ = rows
  }
}
