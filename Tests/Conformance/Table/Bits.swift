import Fluxion

extension Table {
  static let bits = Family("Bits, divisors and parts of floats") { rows in
    let pairs: [(String, String, @Sendable (Tensor, Tensor) -> Tensor)] = [
      ("bitwise_and", "x & y", { $0 & $1 }), ("bitwise_or", "x | y", { $0 | $1 }), ("bitwise_xor", "x ^ y", { $0 ^ $1 }),
      ("bitwise_left_shift", "x << y", { $0 << $1 }), ("bitwise_right_shift", "x >> y", { $0 >> $1 }),
      ("gcd", "gcd(x, y)", { gcd($0, $1) }),
      ("lcm", "lcm(x, y)", { lcm($0, $1) }), ("nextafter", "nextAfter(x, toward: y)", { nextAfter($0, toward: $1) }),
    ]
    for (name, call, function) in pairs {
      rows.add(name, call) { a in
        let (x, y) = try a.promoted()
        return function(x, y)
      }
    }
    rows.add("bitwise_not", "~x") { a in ~(try a.x) }
    rows.add(
      "frexp", "let (mantissa, exponent) = frexp(x)",
      results: { a in
        let (mantissa, exponent) = frexp(try a.floating())
        return [mantissa, exponent]
      })
    rows.add("ldexp", "x * exp2(n)") { a in
      let x = try a.floatingPair()
      return x.0 * exp2(x.1)
    }
    rows.add("signbit", "copysign(1, x) .< 0", note: "of integers `x .< 0`") { a in
      let x = try a.x
      if x.dtype == .bool { return .full(x.shape, false, .bool) }
      return x.dtype.isFloatingPoint ? copysign(Tensor.ones([], x.dtype), x) .< 0 : x .< 0
    }
    for (name, infinity) in [("isposinf", Double.infinity), ("isneginf", -Double.infinity)] {
      rows.add(name, "x .== \(infinity < 0 ? "-" : "")Double.infinity") { a in
        let x = try a.x
        return x.dtype.isFloatingPoint ? x .== infinity : .full(x.shape, false, .bool)
      }
    }
  }
}
