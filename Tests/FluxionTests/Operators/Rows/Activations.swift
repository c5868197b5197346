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
        "leakyRelu", "leakyRelu(_: Tensor, slope: Double)", domain: kinked,
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
        "elu", "elu(_: Tensor, alpha: Double)", domain: kinked,
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
        "softplus", "softplus(_: Tensor)", domain: .real(-2, 2, avoiding: [0]),
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
  }
}
