import Fluxion

extension Table {
  static let resampling = Family("Resampling") { rows in
    _ = rows
  }
}
