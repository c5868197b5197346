import Fluxion

extension Table {
  static let scans = Family("Scans") { rows in
    rows.add("cumsum", "x.cumulativeSum(axis: axis)") { a in try a.narrowed(a.alongAxis(a.widened()) { $0.cumulativeSum(axis: $1) }) }
    rows.add("cumprod", "x.cumulativeProduct(axis: axis)") { a in
      try a.narrowed(a.alongAxis(a.widened()) { $0.cumulativeProduct(axis: $1) })
    }
    rows.add("logcumsumexp", "x.cumulativeLogSumExp(axis: axis)") { a in
      let x = try a.x
      return try a.alongAxis(x) { $0.cumulativeLogSumExp(axis: $1) }
    }
    rows.change { $0.differs = ("PyTorch's gradient in float32 is off by some thousandths where inputs are as large as 10⁴", 1e-2) }
    rows.add("cummax", "let (values, positions) = x.cumulativeMax(axis: axis)") { a in
      try a.alongAxis(a.x) {
        let (values, positions) = $0.cumulativeMax(axis: $1)
        return [values, positions]
      }
    }
    rows.add("cummin", "let (values, positions) = x.cumulativeMin(axis: axis)") { a in
      try a.alongAxis(a.x) {
        let (values, positions) = $0.cumulativeMin(axis: $1)
        return [values, positions]
      }
    }
    rows.add("diff", "x.differences(order: n, axis: axis, prepending: before, appending: after)") { a in
      try a.x.differences(
        order: a.int("n", at: 1, default: 1), axis: a.int("dim", at: 2, default: -1), prepending: a.optionalTensor("prepend", at: 3),
        appending: a.optionalTensor("append", at: 4))
    }
    rows.add("trapezoid", "y.trapezoid(spacing: dx, axis: axis), y.trapezoid(at: x, axis: axis)") { a in
      let axis = try a.int("dim", default: -1)
      guard case .tensor = a.value("x", at: 1) else {
        return try a.floating().trapezoid(spacing: a.double("dx", default: 1), axis: axis)
      }
      let (y, x) = try a.floatingPair()
      return y.trapezoid(at: x, axis: axis)
    }
  }
}
