import Foundation
import Tensors

extension OperatorTable {
  /// Bits, shifts and divisors of integers, and the parts of floats.
  static let bits = list { rows in
    let integers: [DType] = [.int32, .int64]
    func add(
      _ name: String, _ covers: String, domains: [Domain] = [.any, .any], dtypes: [DType] = [.int32, .int64, .bool],
      _ apply: @escaping @Sendable (Tensor, Tensor) -> Tensor, reference: @escaping @Sendable (Int, Int) -> Int
    ) {
      rows.add(
        .binary(name, covers, domains: domains, dtypes: dtypes, slope: .none, apply) { Double(reference(Int($0), Int($1))) }
          .with { $0.isExact = true })
    }
    add("&", "&(Tensor, Tensor)", { $0 & $1 }, reference: { $0 & $1 })
    add("|", "|(Tensor, Tensor)", { $0 | $1 }, reference: { $0 | $1 })
    add("^", "^(Tensor, Tensor)", { $0 ^ $1 }, reference: { $0 ^ $1 })
    let shifts: [Domain] = [.any, .real(-2, 2, integers: -1...70)]
    for dtype in integers {
      let bits = 8 * dtype.byteCount
      add("<< of \(dtype)", "<<(Tensor, Tensor)", domains: shifts, dtypes: [dtype], { $0 << $1 }) { x, n in
        if n < 0 || n >= bits { return 0 }
        return dtype == .int32 ? Int(Int32(truncatingIfNeeded: x << n)) : Int(Double(x << n))
      }
      add(">> of \(dtype)", ">>(Tensor, Tensor)", domains: shifts, dtypes: [dtype], { $0 >> $1 }) { x, n in
        n < 0 || n >= bits ? x >> 63 : x >> n
      }
    }
    @Sendable func divisor(_ x: Int, _ y: Int) -> Int { y == 0 ? abs(x) : divisor(y, x % y) }
    add("gcd", "gcd(_: Tensor, _: Tensor)", dtypes: integers, { gcd($0, $1) }, reference: divisor)
    add("lcm", "lcm(_: Tensor, _: Tensor)", dtypes: integers, { lcm($0, $1) }) { $0 == 0 || $1 == 0 ? 0 : abs($0 * $1) / divisor($0, $1) }
    rows.add(
      .unary("~", "prefix ~(Tensor)", dtypes: [.int32, .int64], slope: .none) {
        ~$0
      } reference: {
        -$0 - 1
      }.with { $0.isExact = true })
    rows.add(
      .unary("~ of bools", "prefix ~(Tensor)", dtypes: [.bool], slope: .none) {
        ~$0
      } reference: {
        1 - $0
      }.with { $0.isExact = true })
    let apart = Domain.real(-2, 2, avoiding: [-2, -1, -0.5, -0.25, -0.125, 0, 0.125, 0.25, 0.5, 1, 2])
    rows.add(
      .unary(
        "frexp: mantissa", "frexp(_: Tensor)", domain: apart,
        specials: "nan = nan; inf = inf; -inf = -inf; 0 = 0; -0 = -0; 8 = 0.5 | 0.0625; 3e38 = 0.8816207631167156"
      ) {
        frexp($0).mantissa
      } reference: {
        $0 / pow(2, ($0 == 0 ? 0 : log2(abs($0)).rounded(.down) + 1))
      })
    rows.add(
      .unary("frexp: exponent", "frexp(_: Tensor)", domain: apart) {
        frexp($0).exponent
      } reference: {
        $0 == 0 ? 0 : log2(abs($0)).rounded(.down) + 1
      }.giving(.int32))
    rows.add(
      .binary(
        "nextAfter", "nextAfter(_: Tensor, toward: Tensor)", slope: .inputs([0]),
        specials: "nan 1 = nan; 1 nan = nan; 1 1 = 1 | 1 0"
      ) {
        nextAfter($0, toward: $1)
      } reference: {
        $0 == $1 ? $1 : $0 < $1 ? $0.nextUp : $0.nextDown
      })
  }
}
