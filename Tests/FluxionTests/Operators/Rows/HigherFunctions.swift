import Foundation
import Tensors

/// The mean of a function over whole turns: exact to the last digits for the integrals of Bessel functions, whose integrands are periodic.
private func turned(_ f: (Double) -> Double) -> Double { (0..<64).reduce(0) { $0 + f(2 * .pi * (Double($1) + 0.5) / 64) } / 64 }

/// Jₙ(x), the mean of cos(nθ − x·sin θ).
@Sendable private func j(_ n: Int, _ x: Double) -> Double { turned { cos(Double(n) * $0 - x * sin($0)) } }
/// Iₙ(x), the mean of e^(x·cos θ)·cos nθ.
@Sendable private func i(_ n: Int, _ x: Double) -> Double { turned { exp(x * cos($0)) * cos(Double(n) * $0) } }
/// Kₙ(x), the integral of e^(−x·cosh t)·cosh nt from 0 on.
@Sendable private func k(_ n: Int, _ x: Double) -> Double {
  let h = 1 / 32.0
  return (1..<256).reduce(exp(-x) / 2) { $0 + exp(-x * cosh(Double($1) * h)) * cosh(Double(n) * Double($1) * h) } * h
}
/// Ai(x) by its power series.
@Sendable private func ai(_ x: Double) -> Double {
  var (f, g, sum) = (1.0, x, (1.0, x))
  for n in stride(from: 3.0, to: 60, by: 3) {
    f *= x * x * x / (n * (n - 1))
    g *= x * x * x / (n * (n + 1))
    sum = (sum.0 + f, sum.1 + g)
  }
  return 0.35502805388781724 * sum.0 - 0.25881940379280680 * sum.1
}
/// P(a, x) by its power series.
@Sendable private func p(_ a: Double, _ x: Double) -> Double {
  (0..<80).reduce(0) { $0 + pow(x, a + Double($1)) * exp(-x) / tgamma(a + Double($1) + 1) }
}
/// Hurwitz's zeta function: 200 terms, and Euler and Maclaurin's formula for the others.
@Sendable private func hurwitz(_ s: Double, _ q: Double) -> Double {
  let w = q + 200
  let sum = (0..<200).reversed().reduce(0) { $0 + pow(q + Double($1), -s) }
  return sum + pow(w, 1 - s) / (s - 1) + pow(w, -s) / 2 + s * pow(w, -s - 1) / 12 - s * (s + 1) * (s + 2) * pow(w, -s - 3) / 720
}
@Sendable private func phi(_ x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }
private func factorial(_ n: Int) -> Double { tgamma(Double(n) + 1).rounded() }
private func choose(_ n: Int, _ k: Int) -> Double { factorial(n) / factorial(k) / factorial(n - k) }

/// Orthogonal polynomials by their sums, and Chebyshev's by their angles.
@Sendable private func polynomial(_ family: OrthogonalPolynomial, _ n: Int, _ x: Double) -> Double {
  let t = acos(x)
  func hermite(_ scale: Double) -> Double {
    (0...n / 2).reduce(0) {
      $0 + ($1 % 2 == 0 ? 1 : -1) * factorial(n) / factorial($1) / factorial(n - 2 * $1) * pow(scale * x, Double(n - 2 * $1))
        / (scale == 2 ? 1 : pow(2, Double($1)))
    }
  }
  switch family {
  case .chebyshevT: return cos(Double(n) * t)
  case .chebyshevU: return sin(Double(n + 1) * t) / sin(t)
  case .chebyshevV: return cos((Double(n) + 0.5) * t) / cos(t / 2)
  case .chebyshevW: return sin((Double(n) + 0.5) * t) / sin(t / 2)
  case .shiftedChebyshevT: return polynomial(.chebyshevT, n, 2 * x - 1)
  case .shiftedChebyshevU: return polynomial(.chebyshevU, n, 2 * x - 1)
  case .shiftedChebyshevV: return polynomial(.chebyshevV, n, 2 * x - 1)
  case .shiftedChebyshevW: return polynomial(.chebyshevW, n, 2 * x - 1)
  case .hermite: return hermite(2)
  case .hermiteE: return hermite(1)
  case .laguerre: return (0...n).reduce(0) { $0 + choose(n, $1) * pow(-x, Double($1)) / factorial($1) }
  case .legendre:
    return (0...n).reduce(0) { $0 + pow(choose(n, $1), 2) * pow(x - 1, Double(n - $1)) * pow(x + 1, Double($1)) } / pow(2, Double(n))
  }
}

extension OperatorTable {
  static let higherFunctions = besselFunctions + probabilities + polynomials

  private static let besselFunctions = list { rows in
    /// Rows of both orders, named by it.
    func add(
      _ name: String, _ domain: Domain, specials: [String], suffix: String = "", _ tensors: @escaping @Sendable (Int, Tensor) -> Tensor,
      symbols: @escaping @Sendable (Int, Symbol) -> Symbol, reference: @escaping @Sendable (Int, Double) -> Double
    ) {
      for order in 0...1 {
        rows += both(name, domain, specials: specials[order], { tensors(order, $0) }, symbols: { symbols(order, $0) }) {
          reference(order, $0)
        }
        .enumerated().map { i, row in
          row.with {
            $0.name += " \(order)\(suffix.isEmpty ? "" : ", scaled")"
            let scaled = "IK".contains(name.last!) ? ", isScaled: Bool" : ""
            $0.covers = ["\(name)(_: Int, _: \(i == 0 ? "Tensor" : "Symbol")\(scaled))"]
          }
        }
      }
    }
    add(
      "besselJ", .real(-2, 3), specials: ["nan = nan; 0 = 1 | 0; inf = 0", "nan = nan; 0 = 0 | 0.5; inf = 0"], { besselJ($0, $1) },
      symbols: { besselJ($0, $1) }, reference: j)
    add(
      "besselY", .real(0.4, 3), specials: ["nan = nan; 0 = -inf; -1 = nan; inf = 0", "nan = nan; 0 = -inf; -1 = nan; inf = 0"],
      { besselY($0, $1) }, symbols: { besselY($0, $1) }
    ) { $0 == 0 ? y0($1) : y1($1) }
    add(
      "besselI", .real(-2, 2), specials: ["nan = nan; 0 = 1 | 0; inf = inf", "nan = nan; 0 = 0 | 0.5; -inf = -inf"], { besselI($0, $1) },
      symbols: { besselI($0, $1) }, reference: i)
    add(
      "besselI", .real(-2, 2, avoiding: [0]),
      specials: ["nan = nan; 0 = 1 | 0; inf = 0; 1000 = 0.012617240455891257", "nan = nan; 0 = 0 | 0.5"],
      suffix: "e", { besselI($0, $1, isScaled: true) }, symbols: { besselI($0, $1, isScaled: true) }
    ) { i($0, $1) * exp(-abs($1)) }
    add(
      "besselK", .real(0.4, 4), specials: ["nan = nan; 0 = inf; -1 = nan; inf = 0", "nan = nan; 0 = inf; -1 = nan; inf = 0"],
      { besselK($0, $1) }, symbols: { besselK($0, $1) }, reference: k)
    add(
      "besselK", .real(0.4, 4), specials: ["nan = nan; 0 = inf; 1000 = 0.03962832160075422", "nan = nan; 0 = inf; -1 = nan"], suffix: "e",
      { besselK($0, $1, isScaled: true) }, symbols: { besselK($0, $1, isScaled: true) }
    ) { k($0, $1) * exp($1) }
    rows += both(
      "airy", .real(-2.4, 2),
      specials: "nan = nan; inf = 0; 200 = 0; 3 = 0.006591139357460719 | -0.011912976705951313; -20 = -0.17640612707798473",
      { airy($0) }, symbols: { airy($0) }, reference: ai)
    // Where one way to compute them ends and another begins.
    rows.add(
      .unary("besselI and besselK of all sizes", "besselI(_: Int, _: Tensor, isScaled: Bool)", domain: .real(1, 20)) {
        besselI(0, $0, isScaled: true) + besselK(1, $0, isScaled: true)
      } reference: {
        i(0, $0) * exp(-$0) + k(1, $0) * exp($0)
      })
  }

  /// Rows whose first operand has no derivative that is known: it is a constant.
  private static func constantFirst(_ rows: [OperatorRow]) -> [OperatorRow] {
    rows.map { row in row.with { $0.apply = { x, dtype in row.apply([x[0].detached, x[1]], dtype) } } }
  }

  private static let probabilities = list { rows in
    rows += both(
      "erfcScaled", specials: "nan = nan; inf = 0; 0 = 1; -30 = inf; 1e10 = 5.641895835477563e-11", { erfcScaled($0) },
      symbols: { erfcScaled($0) }
    ) {
      exp($0 * $0) * erfc($0)
    }
    rows += both(
      "normalCDF", specials: "nan = nan; inf = 1 | 0; -inf = 0 | 0; 0 = 0.5", { normalCDF($0) }, symbols: { normalCDF($0) }, reference: phi)
    rows += both(
      "logNormalCDF", specials: "nan = nan; inf = -0; 0 = -0.6931471805599453; -40 = -804.6084420137538", { logNormalCDF($0) },
      symbols: { logNormalCDF($0) }
    ) { log(phi($0)) }
    rows += both(
      "normalQuantile", .real(0.05, 0.95),
      specials: "nan = nan; 0 = -inf; 1 = inf; 2 = nan; 0.5 = 0 | 2.5066282746310002; 1e-20 = -9.262340089798408",
      { normalQuantile($0) }, symbols: { normalQuantile($0) }
    ) { 2.0.squareRoot() * erfInverseReference(2 * $0 - 1) }
    let sizes = [Domain.real(0.5, 4), Domain.real(0.3, 5)]
    let ends = "nan 1 = nan; 1 nan = nan; -1 1 = nan; 1 -1 = nan; 0 0 = nan"
    rows += constantFirst(
      both(
        "gammaP", sizes, specials: ends + "; 2 0 = 0; 0 2 = 1; 1 inf = 1; inf 1 = 0; 1e5 1e5 = 0.500420522110365177", slope: .inputs([1]),
        { gammaP($0, $1) }, symbols: { gammaP($0, $1) }, reference: p))
    rows += constantFirst(
      both(
        "gammaQ", sizes, specials: ends + "; 2 0 = 1; 0 2 = 0; 1 inf = 0; inf 1 = 1; 1e5 1e5 = 0.499579477889634823", slope: .inputs([1]),
        { gammaQ($0, $1) }, symbols: { gammaQ($0, $1) }
      ) { 1 - p($0, $1) })
    rows += constantFirst(
      both(
        "zeta", [.real(1.5, 4), .real(0.6, 3)],
        specials:
          "nan 1 = nan; 1 2 = inf; 0.5 2 = nan; 2 0 = inf; 2 -1 = inf; 2 1 = 1.6449340668482264; 3 -0.5 = 0.414398322117159998; 2.5 -0.5 = nan",
        slope: .inputs([1]), { zeta($0, $1) }, symbols: { zeta($0, $1) }, reference: hurwitz))
    rows += both(
      "xLog1p", [.any, .real(-0.6, 2)], specials: "0 -1 = 0; 0 nan = nan; 2 -1 = -inf; nan 0 = nan; 3 0 = 0 | 0 3; 2 1e-20 = 2e-20",
      { xLog1p($0, $1) }, symbols: { xLog1p($0, $1) }
    ) { $0 * log(1 + $1) }
    rows.add(
      .unary("multivariateLogGamma", "multivariateLogGamma(_: Int, _: Tensor)", domain: .real(1.4, 4)) {
        multivariateLogGamma(3, $0)
      } reference: { x in
        1.5 * log(.pi) + (0..<3).reduce(0) { $0 + lgamma(x - Double($1) / 2) }
      }.with { $0.isComposite = true })
  }

  private static let polynomials = list { rows in
    for family in OrthogonalPolynomial.allCases {
      let isShifted = (4...7).contains(family.rawValue)
      rows += both(
        "orthogonalPolynomial \(family)", [.whole(2...5), isShifted ? .real(0.1, 0.9) : .real(-0.8, 0.8)],
        specials: family == .legendre ? "-1 0.5 = 0; 0 0.5 = 1; nan 1 = nan; 2 nan = nan; 2.9 2 = 5.5; 1e9 0 = nan" : "",
        slope: .inputs([1]),
        { orthogonalPolynomial(family, degree: $0, $1) }, symbols: { orthogonalPolynomial(family, degree: $0, $1) }
      ) { polynomial(family, Int($0), $1) }.enumerated().map { i, row in
        let type = i == 0 ? "Tensor" : "Symbol"
        return row.with { $0.covers = ["orthogonalPolynomial(_: OrthogonalPolynomial, degree: \(type), _: \(type))"] }
      }
    }
    rows.add(
      .unary("orthogonalPolynomial of one degree", "orthogonalPolynomial(_: OrthogonalPolynomial, degree: Int, _: Tensor)") {
        orthogonalPolynomial(.hermite, degree: 3, $0)
      } reference: {
        polynomial(.hermite, 3, $0)
      })
  }
}
