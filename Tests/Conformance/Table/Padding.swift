import Fluxion

extension Table {
  static let padding = Family("Padding") { rows in
    rows.add(
      "nn.functional.pad.constant", "x.padded([(before, after)], value: value)", note: "pairs in the order of the axes, the last one last"
    ) { a in
      try a.x.padded(try a.amounts, value: try a.double("value", at: 3, default: 0))
    }
    let modes: [(String, PaddingMode)] = [("circular", .circular), ("reflect", .reflect), ("replicate", .replicate)]
    for (name, mode) in modes {
      rows.add("nn.functional.pad.\(name)", "x.padded([(before, after)], mode: .\(name))") { a in
        try a.x.padded(try a.amounts, mode: mode)
      }
    }
  }
}

extension Arguments {
  /// Pairs of amounts, which PyTorch lists from the last axis on.
  fileprivate var amounts: [(before: Int, after: Int)] {
    get throws {
      let list = try ints("pad", at: 1)
      return stride(from: 0, to: list.count - 1, by: 2).map { (list[$0], list[$0 + 1]) }.reversed()
    }
  }
}
