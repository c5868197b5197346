import Fluxion

extension Table {
  static let reductions = Family("Reductions, norms and statistics") { rows in
    rows.add("sum", "x.sum(axes: axes, keepDims: keep)") { a in
      try a.x.sum(axes: a.axes(at: 1, of: a.x), keepDims: a.bool("keepdim", at: 2))
    }
  }
}
