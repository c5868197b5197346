import Fluxion

extension Table {
  static let indexing = Family("Indexing, gathering and scattering") { rows in
    _ = rows
  }
}
