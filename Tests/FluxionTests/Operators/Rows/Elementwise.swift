import Foundation
import RealModule
import Tensors

/// Written for any numbers, and made a kernel by being called with a symbol.
private func bump<T: ElementaryFunctions>(_ x: T) -> T { T.exp(T.cos(x) + T.sin(x)) - T.pow(T.cosh(x), 2) }

extension OperatorTable {
  private static let callable = "Elementwise.callAsFunction(_: Tensor)"

  /// A function of symbols, against the same function of numbers.
  private static func symbol(
    _ name: String, _ covers: [String], _ domain: Domain = .any, _ f: @escaping @Sendable (Symbol) -> Symbol,
    reference: @escaping @Sendable (Double) -> Double
  ) -> OperatorRow {
    let function = Elementwise(f)
    var row = OperatorRow.unary("Elementwise \(name)", domain: domain) {
      function($0)
    } reference: {
      reference($0)
    }
    row.covers = covers + [callable]
    return row
  }

  static let symbols: [OperatorRow] = [
    symbol(
      "arithmetic",
      [
        "Symbol.+(Symbol, Symbol)", "Symbol.-(Symbol, Symbol)", "Symbol.prefix -(Symbol)", "Symbol.*(Symbol, Symbol)",
        "Symbol.init(integerLiteral: Int)",
      ], .any
    ) {
      -$0 * $0 + 3 - $0
    } reference: {
      -$0 * $0 + 3 - $0
    },
    symbol("constants", ["Symbol.init(floatLiteral: Double)", "Symbol.init(_: Double)"], .any) {
      1.5 * $0 + Symbol(0.25)
    } reference: {
      1.5 * $0 + 0.25
    },
    symbol(
      "in place",
      [
        "Symbol.+=(inout Symbol, Symbol)", "Symbol.-=(inout Symbol, Symbol)", "Symbol.*=(inout Symbol, Symbol)",
        "Symbol./=(inout Symbol, Symbol)",
      ], .any
    ) {
      var y = $0 * 2
      y += $0
      y -= 1
      y *= $0
      y /= 4
      return y
    } reference: {
      (3 * $0 - 1) * $0 / 4
    },
    symbol("remainder", ["Symbol.%(Symbol, Symbol)"], .real(-2, 2, avoiding: [-1.5, -0.75, 0, 0.75, 1.5])) {
      $0 % 0.75 * $0
    } reference: {
      ($0 - 0.75 * ($0 / 0.75).rounded(.down)) * $0
    },
    symbol("quotient", ["Symbol./(Symbol, Symbol)", "Symbol.zero"], .real(0.5, 2)) {
      1 / $0 / ($0 + 1) + .zero
    } reference: {
      1 / $0 / ($0 + 1)
    },
    symbol(
      "choice",
      ["select(_: Symbol, _: Symbol, _: Symbol)", "Symbol..>(Symbol, Symbol)"],
      .real(-2, 2, avoiding: [0])
    ) {
      select($0 .> 0, $0 * $0, select($0 .> -1, -3 * $0, 2 - $0))
    } reference: {
      $0 > 0 ? $0 * $0 : $0 > -1 ? -3 * $0 : 2 - $0
    }.with { $0.domains = [.real(-2, 2, avoiding: [0, -1])] },
    symbol(
      "masks", ["Symbol..&(Symbol, Symbol)", "Symbol..|(Symbol, Symbol)", "Symbol..^(Symbol, Symbol)", "Symbol.prefix .!(Symbol)"],
      .real(-2, 2, avoiding: [-1, 0, 1])
    ) { x in
      x * ((x .> -1 .& x .< 1) + 2 * (x .< -1 .| x .> 1) + 4 * (x .> 0 .^ x .> 1) + 8 * .!(x .> 0))
    } reference: { x in
      x * ((abs(x) < 1 ? 1 : 2) + (x > 0 && x < 1 ? 4 : 0) + (x > 0 ? 0 : 8))
    },
    symbol("kinds of numbers", ["Symbol.isNaN", "Symbol.isFinite", "Symbol.isInfinite"], .real(0.3, 2)) { x in
      let zero = x - x
      return x * (x.isFinite + 2 * (zero / zero).isNaN + 4 * (x / zero).isInfinite + 8 * x.isNaN + 16 * (-x / zero).isFinite)
    } reference: {
      7 * $0
    },
    symbol(
      "clamped",
      ["Symbol.clamped(min: Symbol, max: Symbol)", "Symbol.clamped(min: Symbol)", "Symbol.clamped(max: Symbol)"],
      .real(-2, 2, avoiding: [-1, 0.5, 1])
    ) {
      $0.clamped(min: -1, max: 1) * $0 + $0.clamped(min: 0.5) + $0.clamped(max: 0.5)
    } reference: {
      min(max($0, -1), 1) * $0 + max($0, 0.5) + min($0, 0.5)
    },
    symbol(
      "comparisons",
      [
        "Symbol..==(Symbol, Symbol)", "Symbol..!=(Symbol, Symbol)", "Symbol..<(Symbol, Symbol)", "Symbol..<=(Symbol, Symbol)",
        "Symbol..>=(Symbol, Symbol)",
      ], .real(-2, 2, avoiding: [0, 1, -1])
    ) { x in
      x * ((x .< 0) + 2 * (x .<= 1) + 4 * (x .>= -1) + 8 * (x .== x) + 16 * (x .!= x))
    } reference: { x in
      x * ((x < 0 ? 1 : 0) + (x <= 1 ? 2 : 0) + (x >= -1 ? 4 : 0) + 8)
    },
    symbol("exp", ["exp(_: Symbol)", "Symbol.exp(_: Symbol)"], .any) {
      exp($0)
    } reference: {
      exp($0)
    },
    symbol("expm1", ["expm1(_: Symbol)", "Symbol.expMinusOne(_: Symbol)"], .any) {
      expm1($0)
    } reference: {
      expm1($0)
    },
    symbol("log", ["log(_: Symbol)", "Symbol.log(_: Symbol)"], .real(0.3, 3)) {
      log($0)
    } reference: {
      log($0)
    },
    symbol("log1p", ["log1p(_: Symbol)", "Symbol.log(onePlus: Symbol)"], .real(-0.5, 3)) {
      log1p($0)
    } reference: {
      log1p($0)
    },
    symbol("sqrt", ["sqrt(_: Symbol)", "Symbol.sqrt(_: Symbol)"], .real(0.3, 3)) {
      sqrt($0)
    } reference: {
      $0.squareRoot()
    },
    symbol("rsqrt", ["rsqrt(_: Symbol)"], .real(0.3, 3)) {
      rsqrt($0)
    } reference: {
      1 / $0.squareRoot()
    },
    symbol("sin", ["sin(_: Symbol)", "Symbol.sin(_: Symbol)"], .any) {
      sin($0)
    } reference: {
      sin($0)
    },
    symbol("cos", ["cos(_: Symbol)", "Symbol.cos(_: Symbol)"], .any) {
      cos($0)
    } reference: {
      cos($0)
    },
    symbol("tan", ["Symbol.tan(_: Symbol)"], .real(-1, 1)) {
      .tan($0)
    } reference: {
      tan($0)
    },
    symbol("asin", ["Symbol.asin(_: Symbol)"], .real(-0.8, 0.8)) {
      .asin($0)
    } reference: {
      asin($0)
    },
    symbol("acos", ["Symbol.acos(_: Symbol)"], .real(-0.8, 0.8)) {
      .acos($0)
    } reference: {
      acos($0)
    },
    symbol("atan", ["Symbol.atan(_: Symbol)"], .any) {
      .atan($0)
    } reference: {
      atan($0)
    },
    symbol("sinh", ["Symbol.sinh(_: Symbol)"], .any) {
      .sinh($0)
    } reference: {
      sinh($0)
    },
    symbol("cosh", ["Symbol.cosh(_: Symbol)"], .any) {
      .cosh($0)
    } reference: {
      cosh($0)
    },
    symbol("tanh", ["tanh(_: Symbol)", "Symbol.tanh(_: Symbol)"], .any) {
      tanh($0)
    } reference: {
      tanh($0)
    },
    symbol("asinh", ["Symbol.asinh(_: Symbol)"], .any) {
      .asinh($0)
    } reference: {
      asinh($0)
    },
    symbol("acosh", ["Symbol.acosh(_: Symbol)"], .real(1.3, 3)) {
      .acosh($0)
    } reference: {
      acosh($0)
    },
    symbol("atanh", ["Symbol.atanh(_: Symbol)"], .real(-0.8, 0.8)) {
      .atanh($0)
    } reference: {
      atanh($0)
    },
    symbol("erf", ["erf(_: Symbol)"], .any) {
      erf($0)
    } reference: {
      erf($0)
    },
    symbol("abs and sign", ["abs(_: Symbol)", "sign(_: Symbol)"], .real(-2, 2, avoiding: [0])) {
      abs($0) + 3 * sign($0) * $0
    } reference: {
      4 * Swift.abs($0)
    },
    symbol("powers", ["pow(_: Symbol, _: Symbol)", "Symbol.pow(_: Symbol, _: Symbol)", "Symbol.pow(_: Symbol, _: Int)"], .real(0.3, 2)) {
      pow($0, 1.5) + .pow($0, -2) + .pow($0, 0.5)
    } reference: {
      pow($0, 1.5) + 1 / ($0 * $0) + $0.squareRoot()
    },
    symbol("roots", ["Symbol.root(_: Symbol, _: Int)"], .real(0.3, 2)) {
      .root($0, 2) + .root(-$0, 3)
    } reference: {
      $0.squareRoot() - cbrt($0)
    },
    symbol("bounds", ["maximum(_: Symbol, _: Symbol)", "minimum(_: Symbol, _: Symbol)"], .real(-2, 2, avoiding: [-1, 1])) {
      minimum(maximum($0, -1), 1) * $0
    } reference: {
      min(max($0, -1), 1) * $0
    },
    symbol("sigmoid", ["sigmoid(_: Symbol)", "σ(_: Symbol)"], .any) {
      sigmoid($0) + σ($0)
    } reference: {
      2 / (1 + exp(-$0))
    },
    symbol("relu", ["relu(_: Symbol)", "leakyRelu(_: Symbol, slope: Symbol)", "leakyRelu(_: Symbol)"], .real(-2, 2, avoiding: [0])) {
      relu($0) + leakyRelu($0, slope: 0.1) + leakyRelu($0)
    } reference: {
      $0 > 0 ? 3 * $0 : 0.11 * $0
    },
    symbol("elu and silu", ["elu(_: Symbol, alpha: Symbol)", "elu(_: Symbol)", "silu(_: Symbol)"], .real(-2, 2, avoiding: [0])) {
      elu($0, alpha: 2) + elu($0) + silu($0)
    } reference: {
      ($0 > 0 ? 2 * $0 : 3 * expm1($0)) + $0 / (1 + exp(-$0))
    },
    symbol("softplus", ["softplus(_: Symbol)"], .any) {
      softplus($0)
    } reference: {
      log1p(exp($0))
    },
    symbol("gelu", ["gelu(_: Symbol, approximation: GELUApproximation)", "gelu(_: Symbol)"], .any) {
      gelu($0)
    } reference: {
      0.5 * $0 * (1 + erf($0 / 2.0.squareRoot()))
    },
    symbol("the logarithm of 1 + an exponential", [], .any) { x in
      log1p(exp(x)) + exp(x)
    } reference: {
      log1p(exp($0)) + exp($0)
    },
    symbol("mish", [], .any) { x in
      x * tanh(log1p(exp(x)))
    } reference: {
      $0 * tanh(log1p(exp($0)))
    },
    symbol("shared and folded parts", [], .any) { x in
      exp(sin(x)) * exp(sin(x)) + exp(1.0) * x * 1 - 0
    } reference: {
      exp(2 * sin($0)) + exp(1) * $0
    },
    symbol("a generic function", [], .any) {
      bump($0)
    } reference: {
      bump($0)
    },
    symbol("the input itself", [], .any) {
      $0
    } reference: {
      $0
    },
    symbol("a constant", [], .any) { _ in
      3
    } reference: { _ in
      3
    }.with { $0.slope = .flat },
  ]

  static let elementwise = list { rows in
    let two = Elementwise { x, y in x * exp(-y) + x }
    rows.add(
      .binary("Elementwise of two", "Elementwise.callAsFunction(_: Tensor, _: Tensor)") {
        two($0, $1)
      } reference: {
        $0 * exp(-$1) + $0
      })
    let second = Elementwise { _, y in y * y }
    rows.add(
      .binary("Elementwise of the second alone", "Elementwise.callAsFunction(_: Tensor, _: Tensor)", slope: .inputs([1])) {
        second($0, $1)
      } reference: {
        $1 * $1
      })
    let three = Elementwise { x, y, z in x * y + sin(z) * y }
    let cases: [[[Int]]] = [
      [[2, 3, 4], [2, 3, 4], [2, 3, 4]], [[2, 3, 1], [4], [3, 1]], [[4], [2, 3, 1], []], [[], [], []], [[0, 3], [3], [1]],
      [[1500], [1500], [1500]],
      [[185, 180], [185, 180], [180]],
    ]
    rows.add(
      .general("Elementwise of three", ["Elementwise.callAsFunction(_: Tensor, _: Tensor, _: Tensor)"], cases: cases) {
        three($0[0], $0[1], $0[2])
      } reference: { x in
        .zip(x[0], x[1], x[2]) { $0 * $1 + sin($2) * $1 }
      })
    let four = Elementwise { x, y, z, w in (x * y + sin(z) * y) * w }
    let wide: [[[Int]]] = [
      [[2, 3, 4], [2, 3, 4], [2, 3, 4], [2, 3, 4]], [[2, 3, 1], [4], [3, 1], []], [[1], [], [0, 3], [3]],
      [[185, 180], [185, 180], [180], [185, 1]],
    ]
    rows.add(
      .general("Elementwise of four", ["Elementwise.callAsFunction(_: Tensor, _: Tensor, _: Tensor, _: Tensor)"], cases: wide) {
        four($0[0], $0[1], $0[2], $0[3])
      } reference: { x in
        .zip(.zip(x[0], x[1], x[2]) { $0 * $1 + sin($2) * $1 }, x[3]) { $0 * $1 }
      })
    // The values of parameters, which ElementwiseTests trains.
    let scaled = Elementwise(parameters: ["scale": 3, "base": 0.5, "shift": [1, 2, 3] as Tensor]) { x, scale, base, shift in
      scale * x * (base + x) + shift
    }
    rows.add(
      .general(
        "Elementwise with parameters", ["Double.initialParameter", "Int.initialParameter", "Tensor.initialParameter"],
        cases: [[[2, 3]], [[4, 1, 3]], [[0, 3]]]
      ) {
        scaled($0[0].cast(to: .float32))
      } reference: { x in
        .zip(x[0].map { 3 * $0 * (0.5 + $0) }, Grid([1, 2, 3])) { $0 + $1 }
      }.with {
        $0.dtypes = [.float32]
        $0.slope = .none
      })
    let whole = Elementwise { x in x * x * 2 - 3 }
    rows.add(
      .unary("Elementwise on integers", callable, dtypes: [.int32, .int64], slope: .none) {
        whole($0)
      } reference: {
        $0 * $0 * 2 - 3
      })
  }
}
