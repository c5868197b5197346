import Foundation
import Tensors

extension OperatorTable {
  private static let numbers = OperatorRow.numbers

  /// Rounding, quotients rounded down, remainders.
  static let roundings = list { rows in
    let limits = "nan = nan; inf = inf; -inf = -inf; -0 = -0; 1e30 = 1e30; 2 = 2 | 0"
    let whole: (OperatorRow) -> OperatorRow = { row in row.with { if row.covers[0].hasSuffix("Tensor)") { $0.dtypes = numbers } } }
    rows += both("floor", specials: limits + "; -0.5 = -1; 1.5 = 1", slope: .flat, { floor($0) }, symbols: { floor($0) }) {
      $0.rounded(.down)
    }.map(whole)
    rows += both("ceil", specials: limits + "; -0.5 = -0; 1.5 = 2", slope: .flat, { ceil($0) }, symbols: { ceil($0) }) {
      $0.rounded(.up)
    }.map(whole)
    rows += both("trunc", specials: limits + "; -0.5 = -0; 1.5 = 1", slope: .flat, { trunc($0) }, symbols: { trunc($0) }) {
      $0.rounded(.towardZero)
    }.map(whole)
    rows += both("round", specials: limits + "; -0.5 = -0; 1.5 = 2; 2.5 = 2; 3.5 = 4", slope: .flat, { round($0) }, symbols: { round($0) })
    {
      $0.rounded(.toNearestOrEven)
    }.map(whole)
    let decimals: @Sendable (Double, Int) -> Double = { x, n in
      let unit = pow(10, Double(abs(n)))
      return n < 0 ? (x / unit).rounded(.toNearestOrEven) * unit : (x * unit).rounded(.toNearestOrEven) / unit
    }
    rows.add(
      .unary(
        "round to 2 decimals", "round(_: Tensor, decimals: Int)", slope: .flat,
        specials: "nan = nan; inf = inf; -inf = -inf; 1e38 = 1e38; 0.125 = 0.12; 0.375 = 0.38; -0 = -0"
      ) {
        round($0, decimals: 2)
      } reference: {
        decimals($0, 2)
      })
    rows.add(
      .unary(
        "round to tens", "round(_: Tensor, decimals: Int)", domain: .real(-90, 90), slope: .flat,
        specials: "1250 = 1250; 25 = 20; inf = inf"
      ) {
        round($0, decimals: -1)
      } reference: {
        decimals($0, -1)
      })
    rows.add(
      .unary("round integers to decimals", "round(_: Tensor, decimals: Int)", dtypes: [.int32, .int64], slope: .none) {
        round($0, decimals: 3)
      } reference: {
        $0
      })

    let divisors = Domain.real(0.5, 2, integers: -5...5)
    rows += both(
      "floorDivide", [.any, divisors],
      specials: """
        7 2 = 3 | 0 0; -7 2 = -4; 7 -2 = -4; -7 -2 = 3; 1 0 = inf; -1 0 = -inf; 0 0 = nan; inf 2 = nan; 1 inf = 0; -1 inf = -1; nan 1 = nan
        """, dtypes: numbers, slope: .flat, { floorDivide($0, $1) }, symbols: { floorDivide($0, $1) },
      integers: { $1 == 0 ? 0 : ($0 / $1).rounded(.down) }
    ) { ($0 / $1).rounded(.down) }
    rows.add(
      .unary("floorDivide by 3", "floorDivide(_: Tensor, _: S)", domain: .real(-9, 9), dtypes: numbers, slope: .flat, specials: "-7 = -3") {
        floorDivide($0, 3)
      } reference: {
        ($0 / 3).rounded(.down)
      })
    rows.add(
      .unary("tenths in 1", "floorDivide(_: Tensor, _: S)", dtypes: [.float64], slope: .flat, specials: "1 = 9; 0.3 = 2") {
        floorDivide($0, 0.1)
      } reference: {
        (($0 - ($0.truncatingRemainder(dividingBy: 0.1) + 0.1).truncatingRemainder(dividingBy: 0.1)) / 0.1).rounded()
      })
    rows.add(
      .binary(
        "truncatingDivide", "truncatingDivide(_: Tensor, _: Tensor)", domains: [.any, divisors], dtypes: numbers, slope: .flat,
        specials: "7 2 = 3 | 0 0; -7 2 = -3; 7 -2 = -3; -7 -2 = 3; 1 0 = inf; 0 0 = nan; 1 inf = 0; nan 1 = nan"
      ) {
        truncatingDivide($0, $1)
      } integers: {
        wholeQuotient($0, $1)
      } reference: {
        ($0 / $1).rounded(.towardZero)
      })
    rows.add(
      .unary(
        "truncatingDivide by 3", "truncatingDivide(_: Tensor, _: S)", domain: .real(-9, 9), dtypes: numbers, slope: .flat,
        specials: "-7 = -2"
      ) {
        truncatingDivide($0, 3)
      } reference: {
        ($0 / 3).rounded(.towardZero)
      })
    rows.add(
      .unary("truncatingDivide by 0", "truncatingDivide(_: Tensor, _: S)", dtypes: [.int32, .int64], slope: .none) {
        truncatingDivide($0, 0)
      } reference: { _ in
        0
      })
    rows += both(
      "truncatingRemainder", [.real(2.5, 3.9, integers: -9...9), .real(2.0, 2.2, integers: -5...5)],
      specials: "7 3 = 1 | 1 -2; -7 3 = -1 | 1 2; 7 -3 = 1; 6 3 = 0; -6 3 = -0; 1 inf = 1; 1 0 = nan; inf 3 = nan; nan 3 = nan; 1e9 7 = 6",
      dtypes: numbers, { truncatingRemainder($0, $1) }, symbols: { truncatingRemainder($0, $1) },
      integers: { $1 == 0 ? 0 : $0.truncatingRemainder(dividingBy: $1) }
    ) { $0.truncatingRemainder(dividingBy: $1) }
    rows.add(
      .unary(
        "truncatingRemainder of 3", "truncatingRemainder(_: Tensor, _: S)", domain: .real(-2.9, 2.9), dtypes: numbers,
        specials: "-7 = -1 | 1"
      ) {
        truncatingRemainder($0, 3)
      } reference: {
        $0.truncatingRemainder(dividingBy: 3)
      })
  }

  /// Functions that choose between two, or take a part of each.
  static let choicesBetweenTwo = list { rows in
    let signed = Domain.real(-2, 2, avoiding: [0])
    rows += both(
      "copysign", [signed, signed], specials: "1 -0 = -1 | -1 0; -2 3 = 2 | -1 0; 0 -1 = -0 | 0 0; nan 1 = nan; inf -1 = -inf",
      slope: .inputs([0]),
      { copysign($0, $1) }, symbols: { copysign($0, $1) }
    ) { copysign($0, $1) }
    rows += both(
      "heaviside", parameters: "_: Tensor, atZero: Tensor", [.whole(-1...1), .any],
      specials: "nan 3 = 0; -0 4 = 4 | 0 1; 1 nan = 1; -inf 2 = 0",
      dtypes: numbers, slope: .inputs([1]), { heaviside($0, atZero: $1) }, symbols: { heaviside($0, atZero: $1) }
    ) { $0 == 0 ? $1 : $0 > 0 ? 1 : 0 }
    let apart = [Domain.multiples(offset: 0), .multiples(offset: 0.125)]
    let limits = "nan nan = nan; nan 2 = 2 | 0 1; 2 nan = 2 | 1 0; 1 1 = 1 | 1 0"
    rows += both(
      "maximumNumber", apart, specials: limits + "; -inf 2 = 2; 3 2 = 3", dtypes: numbers, { maximumNumber($0, $1) },
      symbols: { maximumNumber($0, $1) }
    ) { max($0, $1) }
    rows += both(
      "minimumNumber", apart, specials: limits + "; -inf 2 = -inf; 3 2 = 2", dtypes: numbers, { minimumNumber($0, $1) },
      symbols: { minimumNumber($0, $1) }
    ) { min($0, $1) }

    let huber = Elementwise { Tensors.huber($0, delta: $1) }
    for (name, domain, slopes) in [("within", Domain.real(-0.5, 0.5), [0]), ("beyond", .real(1, 2), [0, 1])] {
      rows.add(
        .binary(
          "Elementwise huber \(name)", "huber(_: Symbol, delta: Symbol)", domains: [domain, .real(0.6, 0.9)], slope: .inputs(slopes),
          specials: "nan 1 = nan; inf 1 = inf; 0 1 = 0 | 0 0; 1 1 = 0.5 | 1 0; 3 1 = 2.5 | 1 2; -3 2 = 4 | -2 1"
        ) {
          huber($0, $1)
        } reference: {
          abs($0) <= $1 ? 0.5 * $0 * $0 : $1 * (abs($0) - 0.5 * $1)
        })
    }

    let cases: [[[Int]]] = [
      [[2, 3, 4], [2, 3, 4], [2, 3, 4]], [[2, 3, 1], [4], [3, 1]], [[4], [2, 3, 1], []], [[], [], []], [[0, 3], [3], [1]],
      [[1500], [1500], [1500]], [[185, 180], [185, 180], [180]],
    ]
    rows.add(
      .general("lerp", ["lerp(_: Tensor, _: Tensor, weight: Tensor)", "lerp(_: Symbol, _: Symbol, weight: Symbol)"], cases: cases) {
        lerp($0[0], $0[1], weight: $0[2])
      } reference: { x in
        .zip(x[0], x[1], x[2]) { $0 + $2 * ($1 - $0) }
      })
    rows.add(
      .binary("lerp with 0.3", "lerp(_: Tensor, _: Tensor, weight: Double)", specials: "1 2 = 1.3 | 0.7 0.3; 0 nan = nan") {
        lerp($0, $1, weight: 0.3)
      } reference: {
        $0 + 0.3 * ($1 - $0)
      })
  }

  /// Bounds that are tensors, and numbers in place of those that are none.
  static let boundsOfTensors = list { rows in
    let apart = [Domain.multiples(offset: 0), .multiples(offset: 0.0625), .multiples(offset: 0.125)]
    let cases: [[[Int]]] = [
      [[2, 3, 4], [2, 3, 4], [2, 3, 4]], [[2, 3, 1], [4], [3, 1]], [[4], [2, 3, 1], []], [[], [], []], [[0, 3], [3], [1]],
      [[1500], [1500], [1500]], [[185, 180], [185, 180], [180]],
    ]
    rows.add(
      .general(
        "clamped between tensors", ["Tensor.clamped(min: Tensor, max: Tensor)"], cases: cases, domains: apart, dtypes: numbers
      ) {
        $0[0].clamped(min: $0[1], max: $0[2])
      } reference: { x in
        .zip(x[0], x[1], x[2]) { min(max($0, $1), $2) }
      }.with { $0.specials = OperatorRow.Special.list("5 1 3 = 3 | 0 0 1; 2 1 2 = 2 | 1 0 0; nan 1 2 = nan; 1 nan 2 = nan; 1 0 nan = nan") }
    )
    rows.add(
      .binary(
        "clamped from a tensor", "Tensor.clamped(min: Tensor)", domains: [apart[0], apart[1]], dtypes: numbers,
        specials: "1 1 = 1 | 1 0; 0 1 = 1 | 0 1; nan 1 = nan; 1 nan = nan"
      ) {
        $0.clamped(min: $1)
      } reference: {
        max($0, $1)
      })
    rows.add(
      .binary(
        "clamped to a tensor", "Tensor.clamped(max: Tensor)", domains: [apart[0], apart[1]], dtypes: numbers,
        specials: "1 1 = 1 | 1 0; 2 1 = 1 | 0 1; nan 1 = nan; 1 nan = nan"
      ) {
        $0.clamped(max: $1)
      } reference: {
        min($0, $1)
      })
    let replacing = "Tensor.replacingNonFinite(nan: Double, infinity: Double?, negativeInfinity: Double?)"
    rows.add(
      .unary("replacingNonFinite", replacing, specials: "nan = 7 | 0; inf = 8 | 0; -inf = -9 | 0; -0 = -0 | 1") {
        $0.replacingNonFinite(nan: 7, infinity: 8, negativeInfinity: -9)
      } reference: {
        $0
      })
    rows.add(
      .unary(
        "replacingNonFinite by the dtype's bounds", replacing, dtypes: [.float64, .int32, .bool],
        specials: "nan = 0; -inf = -1.7976931348623157e308"
      ) {
        $0.replacingNonFinite()
      } reference: {
        $0
      })
  }

  /// Numbers beyond 2⁵³, which no Double holds, meet int64 unrounded.
  static let largeIntegers = list { rows in
    let large = 1 << 53 + 1
    let (few, integers) = (Domain.whole(-2...2), [DType.int64])
    rows.add(
      .unary("x + a large number", "+(Tensor, S)", domain: few, dtypes: integers, slope: .none) {
        ($0 + large) - (large - 1)
      } reference: {
        $0 + 1
      })
    rows.add(
      .unary("a large number - x", "-(S, Tensor)", domain: few, dtypes: integers, slope: .none) {
        (large - $0) - (large - 1)
      } reference: {
        1 - $0
      })
    rows.add(
      .unary("the larger of x and a large number", "maximum(_: Tensor, _: S)", domain: few, dtypes: integers, slope: .none) {
        maximum($0, large) - (large - 1)
      } reference: { _ in
        1
      })
    rows.add(
      .unary("clamped between large numbers", "Tensor.clamped(min: S, max: S)", domain: few, dtypes: integers, slope: .none) {
        ($0 + large).clamped(min: large, max: large + 1) - large
      } reference: {
        min(max($0, 0), 1)
      })
    rows.add(
      OperatorRow.unary("x .== a large number", ".==(Tensor, S)", domain: few, dtypes: integers, slope: .none) {
        ($0 + large) .== large
      } reference: {
        $0 == 0 ? 1 : 0
      }.giving(.bool))
    rows.add(
      OperatorRow.unary("x .< the largest number", ".<(Tensor, S)", domain: few, dtypes: integers, slope: .none) {
        ($0 - $0 + (Int.max - 1)) .< Int.max
      } reference: { _ in
        1
      }.giving(.bool))
    // Quotients and remainders are not detours through float64 either.
    rows.add(
      .unary("floorDivide of a large number", "floorDivide(_: Tensor, _: S)", domain: few, dtypes: integers, slope: .none) {
        floorDivide($0 * 2 + (2 * large + 1), 2) - large
      } reference: {
        $0
      })
    rows.add(
      .unary("truncatingDivide of a large number", "truncatingDivide(_: Tensor, _: S)", domain: few, dtypes: integers, slope: .none) {
        truncatingDivide($0 * 2 + (2 * large + 1), 2) - large
      } reference: {
        $0
      })
    rows.add(
      .unary("pow, %, abs and sign of large numbers", "pow(_: Tensor, _: S)", domain: few, dtypes: integers, slope: .none) {
        pow($0 * 0 + 3, 39) % 1_000_003 + abs(-large - $0 * 0) % 10 + sign($0 + large) + truncatingRemainder($0 * 0 - large, 10)
      } reference: { _ in
        // 3³⁹ = 4052555153018976267; 2⁵³ + 1 ends in 3.
        Double(4_052_555_153_018_976_267 % 1_000_003) + 3 + 1 - 3
      })
  }
}
