import Foundation
import Tensors

extension OperatorTable {
  private static let numbers = OperatorRow.numbers
  private static let positive = Domain.real(0.3, 3)

  /// Functions of one number.
  static let mathematics = list { rows in
    rows.add(
      .unary("exp", "exp(_: Tensor)", specials: "nan = nan; inf = inf; -inf = 0 | 0; 0 = 1; -0 = 1; 800 = inf") {
        exp($0)
      } reference: {
        exp($0)
      })
    rows.add(
      .unary("expm1", "expm1(_: Tensor)", specials: "nan = nan; inf = inf; -inf = -1 | 0; 0 = 0; -0 = -0; 1e-30 = 1e-30") {
        expm1($0)
      } reference: {
        expm1($0)
      })
    rows.add(
      .unary("log", "log(_: Tensor)", domain: positive, specials: "nan = nan; inf = inf | 0; 0 = -inf | inf; -0 = -inf; -1 = nan; 1 = 0") {
        log($0)
      } reference: {
        log($0)
      })
    rows.add(
      .unary(
        "log1p", "log1p(_: Tensor)", domain: .real(-0.7, 2),
        specials: "nan = nan; inf = inf; -1 = -inf; -2 = nan; 0 = 0; -0 = -0; 1e-30 = 1e-30"
      ) {
        log1p($0)
      } reference: {
        log1p($0)
      })
    rows.add(
      .unary("sqrt", "sqrt(_: Tensor)", domain: positive, specials: "nan = nan; inf = inf | 0; 0 = 0 | inf; -0 = -0; -1 = nan") {
        sqrt($0)
      } reference: {
        $0.squareRoot()
      })
    rows.add(
      .unary("rsqrt", "rsqrt(_: Tensor)", domain: positive, specials: "nan = nan; inf = 0; 0 = inf; -0 = -inf; -1 = nan; 4 = 0.5 | -0.0625")
      {
        rsqrt($0)
      } reference: {
        1 / $0.squareRoot()
      })
    rows.add(
      .unary("sin", "sin(_: Tensor)", specials: "nan = nan; inf = nan; -inf = nan; 0 = 0 | 1; -0 = -0") {
        sin($0)
      } reference: {
        sin($0)
      })
    rows.add(
      .unary("sin of large numbers", "sin(_: Tensor)", domain: .real(1e5, 1e6), slope: .none) {
        sin($0)
      } reference: {
        sin($0)
      })
    rows.add(
      .unary("cos", "cos(_: Tensor)", specials: "nan = nan; inf = nan; 0 = 1 | 0; -0 = 1") {
        cos($0)
      } reference: {
        cos($0)
      })
    rows.add(
      .unary("tanh", "tanh(_: Tensor)", specials: "nan = nan; inf = 1 | 0; -inf = -1 | 0; 0 = 0 | 1; -0 = -0") {
        tanh($0)
      } reference: {
        tanh($0)
      })
    rows.add(
      .unary("erf", "erf(_: Tensor)", specials: "nan = nan; inf = 1 | 0; -inf = -1 | 0; 0 = 0; -0 = -0") {
        erf($0)
      } reference: {
        erf($0)
      })
    rows.add(
      .unary(
        "abs", "abs(_: Tensor)", domain: .real(-2, 2, avoiding: [0]), dtypes: numbers,
        specials: "nan = nan; -inf = inf | -1; -0 = 0 | 0; 0 = 0 | 0"
      ) {
        abs($0)
      } reference: {
        abs($0)
      })
    rows.add(
      .unary("sign", "sign(_: Tensor)", dtypes: numbers, slope: .flat, specials: "nan = nan; inf = 1; -inf = -1 | 0; 0 = 0 | 0; -0 = -0") {
        sign($0)
      } reference: {
        $0 > 0 ? 1 : $0 < 0 ? -1 : $0
      })
    rows.add(
      .unary("squared", "Tensor.squared", dtypes: numbers, specials: "-inf = inf; nan = nan; 0 = 0 | 0") {
        $0.squared
      } reference: {
        $0 * $0
      })
  }

  /// Powers, with tensors or numbers on either side.
  static let powers = list { rows in
    rows.add(
      .binary(
        "pow", "pow(_: Tensor, _: Tensor)", domains: [.real(0.5, 2, integers: -3...3), .real(-1.5, 2, integers: -2...4)], dtypes: numbers,
        specials: """
          0 0 = 1 | 0 0; nan 0 = 1; 1 nan = 1; 0 -1 = inf; -0 -1 = -inf; -0 3 = -0; -8 3 = -512; -8 0.5 = nan; inf -1 = 0; 2 inf = inf; \
          0.5 inf = 0; 0 2 = 0 | 0 0; 0 1 = 0 | 1 0
          """
      ) {
        pow($0, $1)
      } integers: {
        wholePower($0, $1)
      } reference: {
        pow($0, $1)
      })
    rows.add(
      .unary("pow 2", "pow(_: Tensor, _: S)", specials: "0 = 0 | 0; -3 = 9 | -6") {
        pow($0, 2)
      } reference: {
        $0 * $0
      })
    rows.add(
      .unary("pow 0.5", "pow(_: Tensor, _: S)", domain: positive) {
        pow($0, 0.5)
      } reference: {
        pow($0, 0.5)
      })
    rows.add(
      .unary("pow 3", "pow(_: Tensor, _: S)", dtypes: numbers, specials: "-2 = -8 | 12; 0 = 0 | 0") {
        pow($0, 3)
      } reference: {
        $0 * $0 * $0
      })
    rows.add(
      .unary("pow -1", "pow(_: Tensor, _: S)", domain: positive, specials: "0 = inf; -0 = -inf; inf = 0") {
        pow($0, -1)
      } reference: {
        1 / $0
      })
    rows.add(
      .unary("pow 2.5", "pow(_: Tensor, _: S)", domain: positive, specials: "0 = 0 | 0; -1 = nan") {
        pow($0, 2.5)
      } reference: {
        pow($0, 2.5)
      })
    rows.add(
      .unary("pow 1", "pow(_: Tensor, _: S)", specials: "0 = 0 | 1; -2 = -2 | 1") {
        pow($0, 1)
      } reference: {
        $0
      })
    rows.add(
      .unary("pow 0", "pow(_: Tensor, _: S)", slope: .flat, specials: "0 = 1 | 0; nan = 1") {
        pow($0, 0)
      } reference: { _ in
        1
      })
    rows.add(
      .unary("2 to the power", "pow(_: S, _: Tensor)", specials: "inf = inf; -inf = 0") {
        pow(2, $0)
      } reference: {
        exp2($0)
      })
    rows.add(
      .unary("0 to the power", "pow(_: S, _: Tensor)", slope: .none, specials: "0 = 1 | 0; 2 = 0 | 0; -1 = inf") {
        pow(0, $0)
      } reference: {
        pow(0, $0)
      })
  }

  /// A power of integers; negative exponents give fractions, which are 0 but for the bases ±1.
  private static func wholePower(_ x: Double, _ y: Double) -> Double {
    y >= 0 ? pow(x, y) : x == 1 ? 1 : x == -1 ? pow(-1, y) : 0
  }

  /// The larger, the smaller, bounds.
  static let bounds = list { rows in
    let apart = [Domain.multiples(offset: 0), .multiples(offset: 0.125)]
    let ties = "inf nan = nan; nan inf = nan; nan nan = nan; 1 1 = 1 | 0.5 0.5"
    rows.add(
      .binary(
        "maximum", "maximum(_: Tensor, _: Tensor)", domains: apart, dtypes: numbers, specials: ties + "; -inf 2 = 2 | 0 1; 3 2 = 3 | 1 0"
      ) {
        maximum($0, $1)
      } reference: {
        max($0, $1)
      })
    rows.add(
      .binary(
        "minimum", "minimum(_: Tensor, _: Tensor)", domains: apart, dtypes: numbers, specials: ties + "; -inf 2 = -inf | 1 0; 3 2 = 2 | 0 1"
      ) {
        minimum($0, $1)
      } reference: {
        min($0, $1)
      })
    let domain = Domain.real(-2, 2, avoiding: [-1, 1], integers: -9...9)
    rows.add(
      .unary("maximum 1", "maximum(_: Tensor, _: S)", domain: domain, dtypes: numbers, specials: "nan = nan; -inf = 1 | 0; 1 = 1 | 0.5") {
        maximum($0, 1)
      } reference: {
        max($0, 1)
      })
    rows.add(
      .unary("minimum 1", "minimum(_: Tensor, _: S)", domain: domain, dtypes: numbers, specials: "nan = nan; inf = 1 | 0; 1 = 1 | 0.5") {
        minimum($0, 1)
      } reference: {
        min($0, 1)
      })
    rows.add(
      .unary(
        "clamped", "Tensor.clamped(min: S, max: S)", domain: domain, dtypes: numbers,
        specials: "nan = nan; inf = 1 | 0; -inf = -1 | 0; 1 = 1 | 1; -1 = -1 | 1; -0 = -0 | 1"
      ) {
        $0.clamped(min: -1, max: 1)
      } reference: {
        min(max($0, -1), 1)
      })
    rows.add(
      .unary(
        "clamped between bounds in the wrong order", "Tensor.clamped(min: S, max: S)", domain: domain, dtypes: numbers,
        slope: .flat
      ) {
        $0.clamped(min: 1, max: -1)
      } reference: { _ in
        -1
      })
    rows.add(
      .unary("clamped from 1", "Tensor.clamped(min: S)", domain: domain, dtypes: numbers, specials: "nan = nan; -inf = 1 | 0; 1 = 1 | 1") {
        $0.clamped(min: 1)
      } reference: {
        max($0, 1)
      })
    rows.add(
      .unary("clamped to 1", "Tensor.clamped(max: S)", domain: domain, dtypes: numbers, specials: "nan = nan; inf = 1 | 0; 1 = 1 | 1") {
        $0.clamped(max: 1)
      } reference: {
        min($0, 1)
      })
  }
}
