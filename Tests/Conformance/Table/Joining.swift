import Fluxion

extension Table {
  static let joining = Family("Joining and splitting") { rows in
    _ = rows
  }
}
