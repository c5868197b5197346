import Fluxion

extension Table {
  static let attention = Family("Attention and embeddings") { rows in
    _ = rows
  }
}
