import Fluxion

extension Table {
  static let scans = Family("Scans") { rows in
    _ = rows
  }
}
