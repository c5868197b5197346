import Fluxion

extension Table {
  static let sorting = Family("Sorting and searching") { rows in
    _ = rows
  }
}
