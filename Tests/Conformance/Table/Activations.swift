import Fluxion

extension Table {
  static let activations = Family("Activations") { rows in
    _ = rows
  }
}
