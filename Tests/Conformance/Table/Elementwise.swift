import Fluxion

extension Table {
  static let elementwise = Family("Element-wise functions") { rows in
    rows.add("exp", "exp(x)") { exp(try $0.floating()) }
    rows.add("add", "x + alpha * y") { a in
      let (x, y) = try a.promoted()
      guard let alpha = try a.optionalDouble("alpha") else { return x.dtype == .bool ? x .| y : x + y }
      return x + y * alpha
    }
  }
}
