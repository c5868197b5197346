import CKernels

/// A family of orthogonal polynomials: ``orthogonalPolynomial(_:degree:_:)-(_,Tensor,_)``.
public enum OrthogonalPolynomial: Int, Sendable, CaseIterable {
  /// Chebyshev's of the four kinds: T, U, V and W.
  case chebyshevT, chebyshevU, chebyshevV, chebyshevW
  /// Chebyshev's, of 2x − 1.
  case shiftedChebyshevT, shiftedChebyshevU, shiftedChebyshevV, shiftedChebyshevW
  /// Hermite's H, of the weight e^(−x²).
  case hermite
  /// Hermite's He, of the weight e^(−x²/2).
  case hermiteE
  /// Laguerre's L.
  case laguerre
  /// Legendre's P.
  case legendre
}

/// The polynomial of a family and a degree, at x; degrees and x broadcast together.
///
/// Fractions of a degree are cut off; below 0 the polynomial is 0, above 2²⁰ NaN. Values follow from the recurrence of three terms, so the
/// time
/// grows with the degree.
///
/// Derivative: that of the recurrence for x, up to order 7, and none for the degree. PyTorch: `special.chebyshev_polynomial_t`,
/// `special.hermite_polynomial_h`, `special.laguerre_polynomial_l`, `special.legendre_polynomial_p` and their kin.
///
/// Accuracy: 1e-12 of the largest term in float64, 1 ulp of that in float32.
public func orthogonalPolynomial(_ family: OrthogonalPolynomial, degree: Tensor, _ x: Tensor) -> Tensor {
  mapped("orthogonalPolynomial", programs[family.rawValue], degree, x)
}

/// The polynomial of a family and a degree, at x.
public func orthogonalPolynomial(_ family: OrthogonalPolynomial, degree: Int, _ x: Tensor) -> Tensor {
  orthogonalPolynomial(family, degree: .full([], Double(degree), x.dtype.isFloatingPoint ? x.dtype : .float32), x)
}

/// The polynomial of a family and a degree, as a symbol.
public func orthogonalPolynomial(_ family: OrthogonalPolynomial, degree: Symbol, _ x: Symbol) -> Symbol {
  Symbol(.apply(FX_POLYNOMIAL, Symbol(Double(family.rawValue)).node, degree.node, x.node)).limited(x)
}

private let programs = OrthogonalPolynomial.allCases.map { family in Program.binary { orthogonalPolynomial(family, degree: $0, $1) } }
