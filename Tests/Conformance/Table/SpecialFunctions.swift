import Fluxion

extension Table {
  static let special = Family("Special functions") { rows in
    bessels(&rows)
    probabilities(&rows)
    polynomials(&rows)
  }

  private static func bessels(_ rows: inout Rows) {
    for order in 0...1 {
      rows.add("special.bessel_j\(order)", "besselJ(\(order), x)") { a in besselJ(order, try a.floating()) }
      let change: (inout Operator) -> Void = {
        $0.isLoose = true
        $0.differs = ("PyTorch's Bessel functions in float64 are off by some 1e-7", 1e-6)
      }
      rows.change(change)
      rows.add("special.bessel_y\(order)", "besselY(\(order), x)") { a in besselY(order, try a.floating()) }
      rows.change(change)
      for name in ["special.i\(order)", "special.modified_bessel_i\(order)"] + (order == 0 ? ["i0"] : []) where name != "special.i0" {
        rows.add(name, "besselI(\(order), x)") { a in besselI(order, try a.floating()) }
      }
      rows.add("special.i\(order)e", "besselI(\(order), x, isScaled: true)") { a in besselI(order, try a.floating(), isScaled: true) }
      rows.add("special.modified_bessel_k\(order)", "besselK(\(order), x)") { a in besselK(order, try a.floating()) }
      rows.add("special.scaled_modified_bessel_k\(order)", "besselK(\(order), x, isScaled: true)") { a in
        besselK(order, try a.floating(), isScaled: true)
      }
    }
    rows.add("special.spherical_bessel_j0", "sinc(x / .pi)") { a in sinc(try a.floating() / Double.pi) }
    rows.add("special.airy_ai", "airy(x)") { a in airy(try a.floating()) }
    rows.change { $0.isLoose = true }
  }

  private static func probabilities(_ rows: inout Rows) {
    rows.add("special.erfcx", "erfcScaled(x)") { a in erfcScaled(try a.floating()) }
    rows.add("special.ndtr", "normalCDF(x)") { a in normalCDF(try a.floating()) }
    rows.add("special.log_ndtr", "logNormalCDF(x)") { a in logNormalCDF(try a.floating()) }
    rows.add("special.ndtri", "normalQuantile(p)") { a in normalQuantile(try a.floating()) }
    rows.add("special.entr", "select(x .< 0, -Double.infinity, -xLogY(x, x))") { a in
      let x = try a.floating()
      return select(x .< 0, -Double.infinity, -xLogY(x, x))
    }
    rows.add("special.xlog1py", "xLog1p(x, y)") { a in
      let (x, y) = try a.floatingPair()
      return xLog1p(x, y)
    }
    rows.add("special.zeta", "zeta(s, q)") { a in
      let (s, q) = try a.floatingPair()
      return zeta(s, q)
    }
    rows.add("igamma", "gammaP(a, x)") { a in
      let (s, x) = try a.floatingPair()
      return gammaP(s, x)
    }
    rows.add("igammac", "gammaQ(a, x)") { a in
      let (s, x) = try a.floatingPair()
      return gammaQ(s, x)
    }
    for name in (0...4).map({ "polygamma.polygamma_n_\($0)" }) + ["special.polygamma.special_polygamma_n_0"] {
      rows.add(name, "polygamma(n, x)") { a in
        // A method has the tensor first, the function of `special` the order.
        if case .int(let order) = a.value("n", at: 0) { return polygamma(order, try a.floating(1)) }
        return polygamma(try a.int("n", at: 1), try a.floating())
      }
      rows.change { $0.isLoose = true }
    }
    for p in [1, 3, 5] {
      rows.add("mvlgamma.mvlgamma_p_\(p)", "multivariateLogGamma(p, x)") { a in
        multivariateLogGamma(try a.int("p", at: 1), try a.floating())
      }
    }
  }

  private static func polynomials(_ rows: inout Rows) {
    let names: [(String, OrthogonalPolynomial)] = [
      ("chebyshev_polynomial_t", .chebyshevT), ("chebyshev_polynomial_u", .chebyshevU), ("chebyshev_polynomial_v", .chebyshevV),
      ("chebyshev_polynomial_w", .chebyshevW), ("shifted_chebyshev_polynomial_t", .shiftedChebyshevT),
      ("shifted_chebyshev_polynomial_u", .shiftedChebyshevU), ("shifted_chebyshev_polynomial_v", .shiftedChebyshevV),
      ("shifted_chebyshev_polynomial_w", .shiftedChebyshevW), ("hermite_polynomial_h", .hermite), ("hermite_polynomial_he", .hermiteE),
      ("laguerre_polynomial_l", .laguerre), ("legendre_polynomial_p", .legendre),
    ]
    for (name, family) in names {
      rows.add("special.\(name)", "orthogonalPolynomial(.\(family), degree: n, x)") { a in
        let (x, degree) = try a.floatingPair()
        return orthogonalPolynomial(family, degree: degree, x)
      }
      // Either side may be the recurrence, or a closed form of it.
      rows.change { $0.isLoose = true }
    }
  }
}
