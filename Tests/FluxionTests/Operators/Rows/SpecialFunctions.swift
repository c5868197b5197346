import Foundation
import Tensors

extension OperatorTable {
  static let specialFunctions =
    circular + logarithms + gammaFunctions + exponentialSums + roundings + choicesBetweenTwo + boundsOfTensors + largeIntegers

  /// A function of one number on tensors, and the same on symbols.
  static func both(
    _ name: String, _ domain: Domain = .any, specials: String = "", slope: OperatorRow.Slope = .inputs([0]),
    _ tensors: @escaping @Sendable (Tensor) -> Tensor, symbols: @escaping @Sendable (Symbol) -> Symbol,
    reference: @escaping @Sendable (Double) -> Double
  ) -> [OperatorRow] {
    let function = Elementwise(symbols)
    var rows = [
      OperatorRow.unary(name, domain: domain, slope: slope, specials: specials, tensors, reference: reference),
      OperatorRow.unary("Elementwise \(name)", domain: domain, slope: slope, { function($0) }, reference: reference),
    ]
    rows[0].covers = ["\(name)(_: Tensor)"]
    rows[1].covers = ["\(name)(_: Symbol)"]
    rows[1].cases = [[[2, 3, 4]], [[0, 3]]]
    return rows
  }

  /// A function of two numbers on tensors, and the same on symbols.
  static func both(
    _ name: String, parameters: String = "_: Tensor, _: Tensor", _ domains: [Domain] = [.any, .any], specials: String = "",
    dtypes: [DType] = OperatorRow.floats, slope: OperatorRow.Slope = .inputs([0, 1]),
    _ tensors: @escaping @Sendable (Tensor, Tensor) -> Tensor, symbols: @escaping @Sendable (Symbol, Symbol) -> Symbol,
    integers: (@Sendable (Double, Double) -> Double)? = nil, reference: @escaping @Sendable (Double, Double) -> Double
  ) -> [OperatorRow] {
    let function = Elementwise(symbols)
    var rows = [
      OperatorRow.binary(
        name, domains: domains, dtypes: dtypes, slope: slope, specials: specials, tensors, integers: integers, reference: reference),
      OperatorRow.binary(
        "Elementwise \(name)", domains: domains, dtypes: dtypes, slope: slope, { function($0, $1) }, integers: integers,
        reference: reference),
    ]
    rows[0].covers = ["\(name)(\(parameters))"]
    rows[1].covers = ["\(name)(\(parameters.replacingOccurrences(of: "Tensor", with: "Symbol")))"]
    rows[1].cases = [[[2, 3, 4], [2, 3, 4]], [[0, 3], [1, 3]]]
    return rows
  }

  // MARK: - References

  /// ψ⁽ⁿ⁾(x): 200 terms of its sum, and Euler and Maclaurin's formula for the others.
  @Sendable static func polygammaReference(_ n: Int, _ x: Double) -> Double {
    let w = x + 200
    if n == 0 {
      let sum = (0..<200).reversed().reduce(0) { $0 + 1 / (x + Double($1)) }
      return log(w) - 1 / (2 * w) - 1 / (12 * w * w) + 1 / (120 * pow(w, 4)) - sum
    }
    let s = Double(n + 1)
    let sum = (0..<200).reversed().reduce(0) { $0 + pow(x + Double($1), -s) }
    let rest = pow(w, 1 - s) / (s - 1) + pow(w, -s) / 2 + s * pow(w, -s - 1) / 12 - s * (s + 1) * (s + 2) * pow(w, -s - 3) / 720
    return (n % 2 == 0 ? -1 : 1) * tgamma(s) * (sum + rest)
  }

  /// The root of erf y = x by Newton's steps from 0, which never pass it.
  @Sendable static func erfInverseReference(_ x: Double) -> Double {
    if abs(x) >= 1 { return abs(x) == 1 ? x * .infinity : .nan }
    var y = 0.0
    for _ in 0..<40 { y -= (erf(y) - x) * Double.pi.squareRoot() / 2 * exp(y * y) }
    return y
  }

  @Sendable static func sincReference(_ x: Double) -> Double { x == 0 ? 1 : sin(.pi * x) / (.pi * x) }

  // MARK: - Rows

  /// Circular and hyperbolic functions and their inverses.
  private static let circular = list { rows in
    rows += both("tan", .real(-1.2, 1.2), specials: "nan = nan; inf = nan; 0 = 0 | 1; -0 = -0", { tan($0) }, symbols: { tan($0) }) {
      tan($0)
    }
    let inner = Domain.real(-0.8, 0.8)
    rows += both("asin", inner, specials: "nan = nan; 2 = nan; 1 = 1.5707963267948966; -0 = -0", { asin($0) }, symbols: { asin($0) }) {
      asin($0)
    }
    rows += both("acos", inner, specials: "nan = nan; -2 = nan; 1 = 0; -1 = 3.141592653589793", { acos($0) }, symbols: { acos($0) }) {
      acos($0)
    }
    rows += both("atan", specials: "nan = nan; inf = 1.5707963267948966 | 0; -0 = -0", { atan($0) }, symbols: { atan($0) }) { atan($0) }
    rows += both("sinh", specials: "nan = nan; inf = inf; -inf = -inf; -0 = -0", { sinh($0) }, symbols: { sinh($0) }) { sinh($0) }
    rows += both("cosh", specials: "nan = nan; inf = inf; -inf = inf; 0 = 1 | 0", { cosh($0) }, symbols: { cosh($0) }) { cosh($0) }
    rows += both("asinh", specials: "nan = nan; inf = inf; -inf = -inf; -0 = -0", { asinh($0) }, symbols: { asinh($0) }) { asinh($0) }
    rows += both("acosh", .real(1.3, 3), specials: "nan = nan; inf = inf; 0.5 = nan; 1 = 0 | inf", { acosh($0) }, symbols: { acosh($0) }) {
      acosh($0)
    }
    rows += both("atanh", inner, specials: "nan = nan; 1 = inf; -1 = -inf; 2 = nan; -0 = -0", { atanh($0) }, symbols: { atanh($0) }) {
      atanh($0)
    }
    rows += both(
      "sinc", .real(-3, 3), specials: "nan = nan; inf = nan; 0 = 1 | 0; 1 = 0 | -1; -2 = -0 | -0.5; 1e-9 = 1; 0.5 = 0.6366197723675814",
      { sinc($0) }, symbols: { sinc($0) }, reference: sincReference)
    // Where sin(πx)/(πx) by itself would lose digits in every derivative.
    rows += both("sinc", .real(-0.05, 0.05), { sinc($0) }, symbols: { sinc($0) }, reference: sincReference).map { row in
      row.with { $0.name += " near 0" }
    }
    rows += both(
      "atan2", [.real(-2, 2, avoiding: [0]), .real(0.3, 2)],
      specials:
        "0 -1 = 3.141592653589793; -0 -1 = -3.141592653589793; inf inf = 0.7853981633974483; nan 1 = nan; 1 0 = 1.5707963267948966; 0 0 = 0 | 0 0",
      { atan2($0, $1) }, symbols: { atan2($0, $1) }
    ) { atan2($0, $1) }
    rows += both(
      "hypot", [.real(-2, 2, avoiding: [0]), .real(0.3, 2)],
      specials: "3 4 = 5 | 0.6 0.8; inf nan = inf; nan 1 = nan; 0 0 = 0 | 0 0; 3e30 4e30 = 5e30 | 0.6 0.8",
      { hypot($0, $1) }, symbols: { hypot($0, $1) }
    ) { hypot($0, $1) }
  }

  /// Powers of 2 and logarithms to other bases.
  private static let logarithms = list { rows in
    let positive = Domain.real(0.3, 3)
    rows += both("exp2", specials: "nan = nan; inf = inf; -inf = 0 | 0; 3 = 8; -1 = 0.5; 2000 = inf", { exp2($0) }, symbols: { exp2($0) }) {
      exp2($0)
    }
    let limits = "nan = nan; inf = inf | 0; 0 = -inf | inf; -1 = nan; 1 = 0"
    rows += both("log2", positive, specials: limits + "; 0.125 = -3; 1024 = 10", { log2($0) }, symbols: { log2($0) }) { log2($0) }
    rows += both("log10", positive, specials: limits + "; 1000 = 3; 1e-5 = -5", { log10($0) }, symbols: { log10($0) }) { log10($0) }
  }

  /// The error function's and the gamma function's relatives, whose derivatives are one another.
  private static let gammaFunctions = list { rows in
    rows += both("erfc", specials: "nan = nan; inf = 0 | -0; -inf = 2 | -0; 0 = 1", { erfc($0) }, symbols: { erfc($0) }) { erfc($0) }
    rows += both(
      "erfInverse", .real(-0.8, 0.8), specials: "nan = nan; 1 = inf; -1 = -inf; 2 = nan; 0 = 0 | 0.886226925452758; -0 = -0; 1e-20 = 1e-20",
      { erfInverse($0) }, symbols: { erfInverse($0) }, reference: erfInverseReference)
    let domain = Domain.real(0.4, 3)
    rows += both(
      "logGamma", domain, specials: "nan = nan; inf = inf; -inf = inf; 0 = inf; -1 = inf; 1 = 0; 2 = 0; 0.5 = 0.5723649429247001",
      { logGamma($0) }, symbols: { logGamma($0) }
    ) { lgamma($0) }
    rows.add(
      .unary("logGamma of large and of negative numbers", "logGamma(_: Tensor)", domain: .real(-4, 40, avoiding: [-4, -3, -2, -1, 0])) {
        logGamma($0)
      } reference: {
        lgamma($0)
      }.with { $0.slope = .none })
    rows += both(
      "digamma", domain,
      specials: "nan = nan; inf = inf; -inf = nan; 0 = -inf; -0 = inf; -1 = nan; 1 = -0.5772156649015329 | 1.6449340668482264",
      { digamma($0) }, symbols: { digamma($0) }
    ) { polygammaReference(0, $0) }
    rows.add(
      .unary("digamma below 0", "digamma(_: Tensor)", domain: .real(-0.75, -0.25)) {
        digamma($0)
      } reference: {
        polygammaReference(0, $0)
      })
    for n in 0...3 {
      rows += both(
        "polygamma", n < 2 ? domain : .real(0.8, 3), specials: n == 1 ? "nan = nan; inf = 0; -inf = nan; 0 = inf; -1 = inf" : "",
        { polygamma(n, $0) }, symbols: { polygamma(n, $0) }
      ) { polygammaReference(n, $0) }.enumerated().map { i, row in
        row.with {
          $0.name += " \(n)"
          $0.covers = ["polygamma(_: Int, _: \(i == 0 ? "Tensor" : "Symbol"))"]
        }
      }
    }
    rows.add(
      .unary("polygamma 2 below 0", "polygamma(_: Int, _: Tensor)", domain: .real(-1.75, -1.25)) {
        polygamma(2, $0)
      } reference: {
        polygammaReference(2, $0)
      })
  }

  /// Logarithms that do without large intermediate numbers.
  private static let exponentialSums = list { rows in
    rows += both(
      "xLogY", [.any, .real(0.3, 3)], specials: "0 0 = 0; 0 nan = nan; 2 0 = -inf; 0 2 = 0 | 0 0; 3 1 = 0 | 0 3; nan 0 = nan; 0 inf = 0",
      { xLogY($0, $1) }, symbols: { xLogY($0, $1) }
    ) { $0 * log($1) }
    rows += both(
      "logit", .real(0.1, 0.9), specials: "nan = nan; 0 = -inf | inf; 1 = inf | inf; 2 = nan; 0.5 = 0 | 4", { logit($0) },
      symbols: { logit($0) }
    ) { log($0 / (1 - $0)) }
    rows.add(
      .unary(
        "logit within 0.2", "logit(_: Tensor, epsilon: Double)", domain: .real(0, 1, avoiding: [0.2, 0.8]),
        specials: "nan = nan; 0 = -1.3862943611198906 | 0; 7 = 1.3862943611198906 | 0; 0.5 = 0 | 4"
      ) {
        logit($0, epsilon: 0.2)
      } reference: {
        let x = min(max($0, 0.2), 0.8)
        return log(x / (1 - x))
      })
    let limits = "inf inf = inf; -inf -inf = -inf; inf -inf = inf | 1 0; -inf 1 = 1 | 0 1; nan 1 = nan; 1 nan = nan"
    rows += both(
      "logAddExp", specials: limits + "; 1000 1000 = 1000.6931471805599 | 0.5 0.5; 0 -2000 = 0 | 1 0",
      { logAddExp($0, $1) }, symbols: { logAddExp($0, $1) }
    ) { log(exp($0) + exp($1)) }
    rows += both(
      "logAddExp2", specials: limits + "; 2000 2000 = 2001 | 0.5 0.5", { logAddExp2($0, $1) }, symbols: { logAddExp2($0, $1) }
    ) { log2(exp2($0) + exp2($1)) }
  }
}
