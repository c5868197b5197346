import Fluxion

extension Table {
  static let comparison = Family("Comparison and logic") { rows in
    rows.add("eq", "x .== y") { a in
      let (x, y) = try a.promoted()
      return x .== y
    }
    rows.add("ne", "x .!= y") { a in
      let (x, y) = try a.promoted()
      return x .!= y
    }
    rows.add("lt", "x .< y") { a in
      let (x, y) = try a.promoted()
      return x .< y
    }
    rows.add("le", "x .<= y") { a in
      let (x, y) = try a.promoted()
      return x .<= y
    }
    rows.add("gt", "x .> y") { a in
      let (x, y) = try a.promoted()
      return x .> y
    }
    rows.add("ge", "x .>= y") { a in
      let (x, y) = try a.promoted()
      return x .>= y
    }
    rows.add("isclose", "x.areElementsClose(to: y)") { a in
      let (x, y) = try a.promoted()
      return x.areElementsClose(
        to: y, relative: try a.double("rtol", at: 2, default: 1e-5), absolute: try a.double("atol", at: 3, default: 1e-8),
        equalNaN: try a.bool("equal_nan", at: 4))
    }
    rows.add("isfinite", "x.isFinite") { a in try a.x.isFinite }
    rows.add("isinf", "x.isInfinite") { a in try a.x.isInfinite }
    rows.add("isnan", "x.isNaN") { a in try a.x.isNaN }
    rows.add("logical_and", "x .& y") { a in
      let (x, y) = try a.promoted()
      return x .& y
    }
    rows.add("logical_or", "x .| y") { a in
      let (x, y) = try a.promoted()
      return x .| y
    }
    rows.add("logical_xor", "x .^ y") { a in
      let (x, y) = try a.promoted()
      return x .^ y
    }
    rows.add("logical_not", ".!x") { a in .!(try a.x) }
    rows.add("where", "select(mask, x, y)") { a in
      // Of a method's arguments the tensor it belongs to comes first.
      let (x, y) = try a.promoted(0, 2)
      return select(try a.tensor(1), x, y)
    }
  }
}
