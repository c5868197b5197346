import Foundation
import Tensors

/// x / y of integers: toward zero, and 0 for a divisor of 0.
@Sendable func wholeQuotient(_ x: Double, _ y: Double) -> Double { y == 0 ? 0 : (x / y).rounded(.towardZero) }
/// The remainder with the divisor's sign.
@Sendable func flooredRemainder(_ x: Double, _ y: Double) -> Double { x - y * (x / y).rounded(.down) }
@Sendable func wholeRemainder(_ x: Double, _ y: Double) -> Double { y == 0 ? 0 : flooredRemainder(x, y) }

extension OperatorTable {
  private static let numbers = OperatorRow.numbers
  private static let integers: [DType] = [.int32, .int64]
  private static let divisors = Domain.real(0.5, 2, integers: -5...5)

  /// + − · / % and negation between tensors.
  static let arithmetic = list { rows in
    rows.add(
      .binary(
        "x + y", "+(Tensor, Tensor)", "struct Map", "struct Expand", dtypes: numbers,
        specials: "inf -inf = nan; inf 1 = inf; -0 -0 = -0; -0 0 = 0; nan 1 = nan | 1 1"
      ) {
        $0 + $1
      } reference: {
        $0 + $1
      })
    rows.add(
      .binary("x - y", "-(Tensor, Tensor)", dtypes: numbers, specials: "inf inf = nan; 1 inf = -inf; 0 0 = 0; -0 0 = -0") {
        $0 - $1
      } reference: {
        $0 - $1
      })
    rows.add(
      .binary("x * y", "*(Tensor, Tensor)", dtypes: numbers, specials: "inf 0 = nan; -inf -2 = inf; -0 3 = -0 | 3 -0; nan 0 = nan") {
        $0 * $1
      } reference: {
        $0 * $1
      })
    rows.add(
      .binary(
        "x / y", "/(Tensor, Tensor)", domains: [.any, divisors],
        specials: "1 0 = inf; 1 -0 = -inf; 0 0 = nan; inf inf = nan; 1 inf = 0; -1 inf = -0; 0 2 = 0 | 0.5 0"
      ) {
        $0 / $1
      } reference: {
        $0 / $1
      })
    rows.add(
      .binary(
        "x % y", "%(Tensor, Tensor)", domains: [.real(2.5, 3.9, integers: -9...9), .real(2.0, 2.2, integers: -5...5)], dtypes: numbers,
        specials: "7 3 = 1; -7 3 = 2 | 1 3; 7 -3 = -2; -7 -3 = -1; 1 inf = 1; -6 3 = -0; 1 0 = nan; nan 3 = nan; inf 3 = nan"
      ) {
        $0 % $1
      } integers: {
        wholeRemainder($0, $1)
      } reference: {
        flooredRemainder($0, $1)
      })
    rows.add(
      .unary("-x", "prefix -(Tensor)", dtypes: numbers, specials: "0 = -0; -0 = 0; inf = -inf; nan = nan") {
        -$0
      } integers: {
        0 - $0
      } reference: {
        -$0
      })
  }

  /// The same with a number on either side.
  static let arithmeticWithNumbers = list { rows in
    rows.add(
      .unary("x + 3", "+(Tensor, S)", dtypes: numbers) {
        $0 + 3
      } reference: {
        $0 + 3
      })
    rows.add(
      .unary("x + 1.5", "+(Tensor, S)", specials: "inf = inf; nan = nan") {
        $0 + 1.5
      } reference: {
        $0 + 1.5
      })
    rows.add(
      .unary("3 + x", "+(S, Tensor)", dtypes: numbers) {
        3 + $0
      } reference: {
        3 + $0
      })
    rows.add(
      .unary("x + the least int32, and back", "+(Tensor, S)", dtypes: [.int32], slope: .none) {
        $0 + Int32.min - Int(Int32.min)
      } reference: {
        $0
      })
    rows.add(
      .unary("x - 3", "-(Tensor, S)", dtypes: numbers) {
        $0 - 3
      } reference: {
        $0 - 3
      })
    rows.add(
      .unary("3 - x", "-(S, Tensor)", dtypes: numbers, specials: "inf = -inf") {
        3 - $0
      } reference: {
        3 - $0
      })
    rows.add(
      .unary("x * 3", "*(Tensor, S)", dtypes: numbers) {
        $0 * 3
      } reference: {
        $0 * 3
      })
    rows.add(
      .unary("x * Float", "*(Tensor, S)", specials: "0 = -0; -inf = inf") {
        $0 * Float(-0.5)
      } reference: {
        $0 / -2
      })
    rows.add(
      .unary("3 * x", "*(S, Tensor)", dtypes: numbers) {
        3 * $0
      } reference: {
        3 * $0
      })
    rows.add(
      .unary("x / 4", "/(Tensor, S)", specials: "-0 = -0") {
        $0 / 4
      } reference: {
        $0 / 4
      })
    rows.add(
      .unary("4 / x", "/(S, Tensor)", domain: divisors, specials: "0 = inf; -0 = -inf; inf = 0 | -0") {
        4 / $0
      } reference: {
        4 / $0
      })
    rows.add(
      .unary("x % 3", "%(Tensor, S)", domain: .real(-2.9, 2.9, avoiding: [0]), dtypes: numbers, specials: "-7 = 2 | 1; 7 = 1") {
        $0 % 3
      } reference: {
        flooredRemainder($0, 3)
      })
  }

  /// The in-place forms: of a tensor whose elements are shared, of one that holds them alone, of a tensor with itself, with a number.
  static let inPlace = list { rows in
    let cases = OperatorRow.binaryCases.filter { $0[0].count != 8 && $0 != [[3, 1], [2, 1, 4]] && $0 != [[], [2]] }
    for name in ["+=", "-=", "*=", "/="] {
      let operation = "\(name)(inout Tensor, Tensor)"
      let domains = name == "/=" ? [.any, divisors] : [Domain.any, .any]
      for isAlone in [false, true] {
        let dtypes = name == "/=" ? OperatorRow.floats : numbers
        let row = OperatorRow.binary("x \(name) y" + (isAlone ? ", x held alone" : ""), operation, domains: domains, dtypes: dtypes) {
          x, y in
          changed(isAlone ? x * 1 : x, name, y)
        } reference: {
          updated($0, name, $1)
        }
        rows.add(row.with { $0.cases = cases })
      }
      let slope: OperatorRow.Slope = name == "+=" || name == "*=" ? .inputs([0]) : .none
      rows.add(
        .unary("x \(name) x", operation, domain: divisors, slope: slope) {
          changed($0, name, $0)
        } reference: {
          updated($0, name, $0)
        })
    }
    rows.add(
      .unary("x += 3", "+=(inout Tensor, S)", dtypes: numbers) {
        changed($0) { $0 += 3 }
      } reference: {
        $0 + 3
      })
    rows.add(
      .unary("x -= 3", "-=(inout Tensor, S)", dtypes: numbers) {
        changed($0) { $0 -= 3 }
      } reference: {
        $0 - 3
      })
    rows.add(
      .unary("x *= 3", "*=(inout Tensor, S)", dtypes: numbers) {
        changed($0) { $0 *= 3 }
      } reference: {
        $0 * 3
      })
    rows.add(
      .unary("x /= 2", "/=(inout Tensor, S)") {
        changed($0) { $0 /= 2 }
      } reference: {
        $0 / 2
      })
  }

  /// A tensor after a change.
  static func changed(_ x: Tensor, _ change: (inout Tensor) -> Void) -> Tensor {
    var x = x
    change(&x)
    return x
  }

  private static func changed(_ x: Tensor, _ name: String, _ y: Tensor) -> Tensor {
    var x = x
    switch name {
    case "+=": x += y
    case "-=": x -= y
    case "*=": x *= y
    default: x /= y
    }
    return x
  }

  private static func updated(_ x: Double, _ name: String, _ y: Double) -> Double {
    switch name {
    case "+=": x + y
    case "-=": x - y
    case "*=": x * y
    default: x / y
    }
  }
}
