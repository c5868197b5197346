import Fluxion

extension Table {
  static let pooling = Family("Pooling") { rows in
    _ = rows
  }
}
