import Foundation
import Tensors

extension OperatorTable {
  static let activations = list { rows in
    let kinked = Domain.real(-2, 2, avoiding: [0], integers: -9...9)
    let logistic: @Sendable (Double) -> Double = { 1 / (1 + exp(-$0)) }
    rows.add(
      .unary("sigmoid", "sigmoid(_: Tensor)", specials: "nan = nan; inf = 1 | 0; -inf = 0 | 0; 0 = 0.5 | 0.25; -800 = 0") {
        sigmoid($0)
      } reference: {
        logistic($0)
      })
    rows.add(
      .unary("σ", "σ(_: Tensor)") {
        σ($0)
      } reference: {
        logistic($0)
      })
    rows.add(
      .unary(
        "relu", "relu(_: Tensor)", domain: kinked, dtypes: OperatorRow.numbers,
        specials: "nan = nan; inf = inf | 1; -inf = 0 | 0; 0 = 0 | 0"
      ) {
        relu($0)
      } reference: {
        max($0, 0)
      })
    rows.add(
      .unary(
        "leakyRelu", "leakyRelu(_: Tensor)", domain: kinked,
        specials: "nan = nan; -inf = -inf | 0.01; 0 = 0 | 0.01; inf = inf | 1"
      ) {
        leakyRelu($0)
      } reference: {
        $0 > 0 ? $0 : 0.01 * $0
      })
    rows.add(
      .unary("leakyRelu 0.3", "leakyRelu(_: Tensor, slope: Double)", domain: kinked) {
        leakyRelu($0, slope: 0.3)
      } reference: {
        $0 > 0 ? $0 : 0.3 * $0
      })
    rows.add(
      .unary(
        "elu", "elu(_: Tensor)", domain: kinked,
        specials: "nan = nan; inf = inf | 1; -inf = -1 | 0; 0 = 0 | 1; 800 = 800 | 1"
      ) {
        elu($0)
      } reference: {
        $0 > 0 ? $0 : expm1($0)
      })
    rows.add(
      .unary("elu 0.7", "elu(_: Tensor, alpha: Double)", domain: kinked) {
        elu($0, alpha: 0.7)
      } reference: {
        $0 > 0 ? $0 : 0.7 * expm1($0)
      })
    rows.add(
      .unary("silu", "silu(_: Tensor)", specials: "nan = nan; inf = inf; 0 = 0 | 0.5; -800 = -0") {
        silu($0)
      } reference: {
        $0 * logistic($0)
      })
    rows.add(
      .unary(
        "softplus", "softplus(_: Tensor)",
        specials: "nan = nan; inf = inf | 1; -inf = 0 | 0; 0 = 0.6931471805599453 | 0.5; 800 = 800 | 1"
      ) {
        softplus($0)
      } reference: {
        log1p(exp($0))
      })
    let normal: @Sendable (Double) -> Double = { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }
    rows.add(
      .unary("gelu", "gelu(_: Tensor)", specials: "nan = nan; inf = inf; 0 = 0 | 0.5; 100 = 100 | 1; -100 = -0 | 0") {
        gelu($0)
      } reference: {
        normal($0)
      })
    rows.add(
      .unary("gelu exact", "gelu(_: Tensor, approximation: GELUApproximation)") {
        gelu($0, approximation: .none)
      } reference: {
        normal($0)
      })
    rows.add(
      .unary(
        "gelu tanh", "gelu(_: Tensor, approximation: GELUApproximation)",
        specials: "nan = nan; inf = inf; 0 = 0 | 0.5; 100 = 100 | 1; -100 = -0 | 0"
      ) {
        gelu($0, approximation: .tanh)
      } reference: {
        0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)))
      })
    rows += exponentialActivations + activationsInPieces
  }

  private static let kinked = Domain.real(-2, 2, avoiding: [0])

  /// Smooth ones, and those with an exponential on one side.
  private static let exponentialActivations = list { rows in
    let limits = "nan = nan; inf = inf | 1; 800 = 800 | 1"
    rows += both("celu", kinked, specials: limits + "; -inf = -1 | 0; 0 = 0 | 1", { celu($0) }, symbols: { celu($0) }) {
      $0 > 0 ? $0 : expm1($0)
    }.enumerated().map { i, row in
      row.with { $0.covers = [i == 0 ? "celu(_: Tensor)" : "celu(_: Symbol)", "celu(_: Symbol, alpha: Symbol)"] }
    }
    rows.add(
      .unary("celu 0.7", "celu(_: Tensor, alpha: Double)", domain: kinked) {
        celu($0, alpha: 0.7)
      } reference: {
        $0 > 0 ? $0 : 0.7 * expm1($0 / 0.7)
      })
    rows += both(
      "selu", kinked, specials: "nan = nan; inf = inf | 1.0507009873554805; -inf = -1.7580993408473766 | 0", { selu($0) },
      symbols: { selu($0) }
    ) { 1.0507009873554805 * ($0 > 0 ? $0 : 1.6732632423543772 * expm1($0)) }
    rows += both("mish", kinked, specials: "nan = nan; inf = inf; 0 = 0 | 0.6; -800 = -0", { mish($0) }, symbols: { mish($0) }) {
      $0 * tanh(log1p(exp($0)))
    }
    rows += both(
      "logSigmoid", .any, specials: "nan = nan; inf = -0 | 0; -inf = -inf | 1; 0 = -0.6931471805599453 | 0.5; -800 = -800 | 1",
      { logSigmoid($0) }, symbols: { logSigmoid($0) }
    ) { -log1p(exp(-$0)) }
    let bounded = "softplus(_: Tensor, beta: Double, threshold: Double)"
    rows.add(
      .unary("softplus 3", bounded, domain: kinked, specials: "nan = nan; inf = inf | 1; -inf = 0 | 0; 0 = 0.23104906018664842 | 0.5") {
        softplus($0, beta: 3)
      } reference: {
        log1p(exp(3 * $0)) / 3
      })
    rows.add(
      .unary("softplus 2 up to 0.5", bounded, domain: .real(-2, 2, avoiding: [0, 0.25]), specials: "1 = 1 | 1; nan = nan") {
        softplus($0, beta: 2, threshold: 0.5)
      } reference: {
        2 * $0 > 0.5 ? $0 : log1p(exp(2 * $0)) / 2
      })
    for axis in [0, 1, -1] {
      rows.add(
        .general(
          "glu along \(axis)", ["glu(_: Tensor, axis: Int)", "glu(_: Tensor)"],
          cases: [[[2, 4, 6]], [[2, 2, 2]], [[0, 2, 4]], [[2, 6, 0]], [[20, 50, 60]]]
        ) {
          axis == -1 ? glu($0[0]) : glu($0[0], axis: axis)
        } reference: { x in
          let axis = axis < 0 ? axis + 3 : axis
          var shape = x[0].shape
          shape[axis] /= 2
          return Grid(shape) { position in
            var other = position
            other[axis] += shape[axis]
            return x[0][position] / (1 + exp(-x[0][other]))
          }
        })
    }
    rows.add(
      .binary(
        "leakyRelu with slopes", "leakyRelu(_: Tensor, slope: Tensor)", domains: [kinked, .any],
        specials: "nan 1 = nan; 2 5 = 2 | 1 0; -2 0.5 = -1 | 0.5 -2; 0 3 = 0 | 3 0"
      ) {
        leakyRelu($0, slope: $1)
      } reference: {
        $0 > 0 ? $0 : $1 * $0
      })
    rows += both("softsign", kinked, specials: "nan = nan; 0 = 0 | 1; 3 = 0.75; 1e30 = 1", { softsign($0) }, symbols: { softsign($0) }) {
      $0 / (1 + abs($0))
    }
    rows += both("tanhShrink", specials: "nan = nan; inf = inf | 1; 0 = 0 | 0", { tanhShrink($0) }, symbols: { tanhShrink($0) }) {
      $0 - tanh($0)
    }
  }

  /// Those of straight lines, with their derivatives where the lines meet.
  private static let activationsInPieces = list { rows in
    let inner = Domain.real(-2, 2, avoiding: [-1, 1], integers: -9...9)
    let shrunk = Domain.real(-2, 2, avoiding: [-0.5, 0.5])
    func named(_ rows: [OperatorRow], _ name: String, _ labels: String...) -> [OperatorRow] {
      rows.enumerated().map { i, row in
        row.with {
          // Called without settings, it calls the form that has them.
          $0.covers = ["\(name)(_: \(i == 0 ? "Tensor" : "Symbol"))"]
          $0.covers += ["\(name)(_: \(i == 0 ? "Tensor" : "Symbol")\(labels.map { ", \($0): \(i == 0 ? "Double" : "Symbol")" }.joined()))"]
        }
      }
    }
    rows += named(
      both(
        "hardTanh", inner, specials: "nan = nan; inf = 1 | 0; -inf = -1 | 0; 1 = 1 | 0; -1 = -1 | 0; 0.5 = 0.5 | 1", { hardTanh($0) },
        symbols: { hardTanh($0) }
      ) { min(max($0, -1), 1) }, "hardTanh", "min", "max")
    rows.add(
      .unary(
        "hardTanh of integers", "hardTanh(_: Tensor, min: Double, max: Double)", domain: inner, dtypes: [.int32, .int64], slope: .none
      ) {
        hardTanh($0, min: -3, max: 2)
      } reference: {
        min(max($0, -3), 2)
      })
    rows += both(
      "relu6", .real(-3, 9, avoiding: [0, 6]), specials: "nan = nan; inf = 6 | 0; 0 = 0 | 0; 6 = 6 | 0", { relu6($0) },
      symbols: { relu6($0) }
    ) { min(max($0, 0), 6) }
    rows[rows.count - 2].dtypes = OperatorRow.numbers
    let wide = Domain.real(-5, 5, avoiding: [-3, 3])
    rows += both(
      "hardSigmoid", wide, specials: "nan = nan; inf = 1 | 0; -inf = 0 | 0; 3 = 1 | 0; -3 = 0 | 0", { hardSigmoid($0) },
      symbols: { hardSigmoid($0) }
    ) { min(max($0 + 3, 0), 6) / 6 }
    rows += both(
      "hardSwish", wide, specials: "nan = nan; inf = inf | 1; -inf = 0 | 0; 3 = 3 | 1; -3 = 0 | 0; 0 = 0 | 0.5", { hardSwish($0) },
      symbols: { hardSwish($0) }
    ) { $0 * min(max($0 + 3, 0), 6) / 6 }
    rows += named(
      both(
        "hardShrink", shrunk, specials: "nan = nan; inf = inf | 1; 0.5 = 0 | 0; -0.5 = 0 | 0; 0.75 = 0.75 | 1", { hardShrink($0) },
        symbols: { hardShrink($0) }
      ) { abs($0) <= 0.5 ? 0 : $0 }, "hardShrink", "lambda")
    rows += named(
      both(
        "softShrink", shrunk, specials: "nan = nan; inf = inf | 1; -0.75 = -0.25 | 1; 0.25 = 0 | 0", { softShrink($0) },
        symbols: { softShrink($0) }
      ) { $0 > 0.5 ? $0 - 0.5 : $0 < -0.5 ? $0 + 0.5 : 0 }, "softShrink", "lambda")
    rows.add(
      .unary("hardShrink by less than nothing", "hardShrink(_: Tensor, lambda: Double)") {
        hardShrink($0, lambda: -0.5)
      } reference: {
        $0
      })
    rows.add(
      .unary("softShrink by 1", "softShrink(_: Tensor, lambda: Double)", domain: inner) {
        softShrink($0, lambda: 1)
      } reference: {
        $0 > 1 ? $0 - 1 : $0 < -1 ? $0 + 1 : 0
      })
  }
}
