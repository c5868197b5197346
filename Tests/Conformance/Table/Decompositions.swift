import Fluxion

extension Table {
  static let decompositions = Family("Linear algebra") { rows in
    _ = rows
  }
}
