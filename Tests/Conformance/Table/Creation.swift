import Fluxion

extension Table {
  static let creation = Family("Creation") { rows in
    _ = rows
  }
}
