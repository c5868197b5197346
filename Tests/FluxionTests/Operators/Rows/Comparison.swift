import Tensors

extension OperatorTable {
  /// A comparison: its name, how to call it on tensors, with a number on either side, and on numbers.
  private struct Comparison {
    var name: String
    var tensors: @Sendable (Tensor, Tensor) -> Tensor
    var numberRight: @Sendable (Tensor) -> Tensor
    var numberLeft: (@Sendable (Tensor) -> Tensor)?
    var numbers: @Sendable (Double, Double) -> Bool
    /// With NaN on a side: all are false but `.!=`.
    var ofNaN = "0"
  }

  private static let comparisons = [
    Comparison(name: ".==", tensors: { $0 .== $1 }, numberRight: { $0 .== 1 }, numbers: { $0 == $1 }),
    Comparison(name: ".!=", tensors: { $0 .!= $1 }, numberRight: { $0 .!= 1 }, numbers: { $0 != $1 }, ofNaN: "1"),
    Comparison(name: ".<", tensors: { $0 .< $1 }, numberRight: { $0 .< 1 }, numberLeft: { 1 .< $0 }, numbers: { $0 < $1 }),
    Comparison(name: ".<=", tensors: { $0 .<= $1 }, numberRight: { $0 .<= 1 }, numberLeft: { 1 .<= $0 }, numbers: { $0 <= $1 }),
    Comparison(name: ".>", tensors: { $0 .> $1 }, numberRight: { $0 .> 1 }, numberLeft: { 1 .> $0 }, numbers: { $0 > $1 }),
    Comparison(name: ".>=", tensors: { $0 .>= $1 }, numberRight: { $0 .>= 1 }, numberLeft: { 1 .>= $0 }, numbers: { $0 >= $1 }),
  ]

  private static let few = Domain.whole(-2...2)

  static let comparison = list { rows in
    for c in comparisons {
      let equal = c.numbers(0, 0) ? "1" : "0"
      let row = OperatorRow.binary(
        c.name, "\(c.name)(Tensor, Tensor)", "struct Compare", domains: [few, few], dtypes: OperatorRow.all, slope: .none,
        specials: "nan nan = \(c.ofNaN); nan 1 = \(c.ofNaN); inf inf = \(equal); 0 -0 = \(equal)"
      ) {
        c.tensors($0, $1)
      } reference: {
        c.numbers($0, $1) ? 1 : 0
      }
      rows.add(row.giving(.bool))
      let right = OperatorRow.unary(
        "\(c.name) 1", "\(c.name)(Tensor, S)", domain: few, dtypes: OperatorRow.all, slope: .none, specials: "nan = \(c.ofNaN)"
      ) {
        c.numberRight($0)
      } reference: {
        c.numbers($0, 1) ? 1 : 0
      }
      rows.add(right.giving(.bool))
      guard let numberLeft = c.numberLeft else { continue }
      let left = OperatorRow.unary(
        "1 \(c.name)", "\(c.name)(S, Tensor)", domain: few, dtypes: OperatorRow.all, slope: .none, specials: "nan = \(c.ofNaN)"
      ) {
        numberLeft($0)
      } reference: {
        c.numbers(1, $0) ? 1 : 0
      }
      rows.add(left.giving(.bool))
    }
    rows.add(
      OperatorRow.unary(".> the least int32", ".>(Tensor, S)", domain: few, dtypes: [.int32], slope: .none) {
        $0 .> Int(Int32.min)
      } reference: { _ in
        1
      }.giving(.bool))
    rows.add(
      OperatorRow.unary("isNaN", "Tensor.isNaN", dtypes: OperatorRow.all, slope: .none, specials: "nan = 1; inf = 0; -inf = 0; 0 = 0") {
        $0.isNaN
      } reference: {
        $0.isNaN ? 1 : 0
      }.giving(.bool))
    rows.add(
      OperatorRow.unary(
        "isFinite", "Tensor.isFinite", dtypes: OperatorRow.all, slope: .none, specials: "nan = 0; inf = 0; -inf = 0; 1e38 = 1"
      ) {
        $0.isFinite
      } reference: {
        $0.isFinite ? 1 : 0
      }.giving(.bool))
    rows.add(
      OperatorRow.unary(
        "isInfinite", "Tensor.isInfinite", dtypes: OperatorRow.all, slope: .none, specials: "nan = 0; inf = 1; -inf = 1; 1e38 = 0"
      ) {
        $0.isInfinite
      } reference: {
        $0.isInfinite ? 1 : 0
      }.giving(.bool))
    let close = "Tensor.areElementsClose(to: Tensor, relative: Double, absolute: Double, equalNaN: Bool)"
    rows.add(
      OperatorRow.binary(
        "areElementsClose", close, domains: [few, few], dtypes: OperatorRow.all, slope: .none,
        specials: "nan nan = 0; inf inf = 1; inf -inf = 0; 1 inf = 0; 1 1.000001 = 1; 1 1.1 = 0; 0 1e-9 = 1; nan 1 = 0"
      ) {
        $0.areElementsClose(to: $1)
      } reference: {
        $0 == $1 ? 1 : 0
      }.giving(.bool))
    rows.add(
      OperatorRow.binary(
        "areElementsClose within 1 or a half", close, domains: [few, few], dtypes: OperatorRow.numbers, slope: .none,
        specials: "nan nan = 1; nan 1 = 0; 4 2 = 1; 2 -1 = 0; -inf -inf = 1"
      ) {
        $0.areElementsClose(to: $1, relative: 0.5, absolute: 1, equalNaN: true)
      } reference: {
        abs($0 - $1) <= 1 + 0.5 * abs($1) ? 1 : 0
      }.giving(.bool))
  }

  /// Logic takes any dtype: what is not 0 is true, NaN too.
  static let logic = list { rows in
    rows.add(
      .binary(".&", ".&(Tensor, Tensor)", domains: [few, few], dtypes: OperatorRow.all, slope: .none, specials: "nan 1 = 1; -0 1 = 0") {
        $0 .& $1
      } reference: {
        $0 != 0 && $1 != 0 ? 1 : 0
      }.giving(.bool))
    rows.add(
      .binary(".|", ".|(Tensor, Tensor)", domains: [few, few], dtypes: OperatorRow.all, slope: .none, specials: "nan 0 = 1; -0 0 = 0") {
        $0 .| $1
      } reference: {
        $0 != 0 || $1 != 0 ? 1 : 0
      }.giving(.bool))
    rows.add(
      .binary(".^", ".^(Tensor, Tensor)", domains: [few, few], dtypes: OperatorRow.all, slope: .none, specials: "nan 1 = 0; -0 2 = 1") {
        $0 .^ $1
      } reference: {
        ($0 != 0) != ($1 != 0) ? 1 : 0
      }.giving(.bool))
    rows.add(
      .unary(".!", "prefix .!(Tensor)", domain: few, dtypes: OperatorRow.all, slope: .none, specials: "nan = 0; -0 = 1") {
        .!$0
      } reference: {
        $0 == 0 ? 1 : 0
      }.giving(.bool))
  }

  /// Choice by a mask, and other dtypes.
  static let choice = list { rows in
    let covers = ["select(_: Tensor, _: Tensor, _: Tensor)", "struct Select"]
    let cases: [[[Int]]] = [
      [[2, 3, 4], [2, 3, 4], [2, 3, 4]], [[2, 3, 1], [3, 4], [4]], [[3, 4], [2, 3, 4], [2, 1, 4]], [[2, 1, 3], [1, 2, 3], [3]],
      [[1, 1], [1], []], [[0, 3], [3], [1, 3]], [[1500], [1500], [1500]], [[185, 180], [180], [185, 1]],
    ]
    rows.add(
      .general("where", covers, cases: cases, domains: [few, .any, .any], slope: .inputs([1, 2])) { x in
        select(x[0] .> 0, x[1], x[2])
      } reference: { x in
        .zip(x[0], x[1], x[2]) { $0 > 0 ? $1 : $2 }
      }.moving(OperatorRow.numbers))
    rows.add(
      .general("where of bools", ["select(_: Tensor, _: Tensor, _: Tensor)"], cases: cases, slope: OperatorRow.Slope.none) { x in
        select(x[0], x[1], x[2])
      } reference: { x in
        .zip(x[0], x[1], x[2]) { $0 != 0 ? $1 : $2 }
      }.moving([.bool]))
    rows.add(
      .unary("where, else 3", "select(_: Tensor, _: Tensor, _: S)", domain: .real(-2, 2, avoiding: [0]), dtypes: OperatorRow.numbers) {
        select($0 .> 0, $0, 3)
      } reference: {
        $0 > 0 ? $0 : 3
      })
    rows.add(
      .unary("where 3, else", "select(_: Tensor, _: S, _: Tensor)", domain: .real(-2, 2, avoiding: [0]), dtypes: OperatorRow.numbers) {
        select($0 .> 0, 3, $0)
      } reference: {
        $0 > 0 ? 3 : $0
      })

    let far = "inf = 2147483647; -inf = -2147483648; 3e9 = 2147483647; 2.9 = 2; -2.9 = -2; -0 = 0"
    for dtype in OperatorRow.all {
      let specials =
        switch dtype {
        case .float32, .float64, .float16, .bfloat16: "nan = nan; inf = inf; -0 = -0"
        case .int32: far
        case .int64: "inf = 9223372036854775807; -inf = -9223372036854775808; -2.9 = -2"
        case .complex64, .complex128: ""
        case .bool: "nan = 1; inf = 1; -0 = 0; 0.1 = 1"
        }
      let row = OperatorRow.unary(
        "cast to \(dtype)", "Tensor.cast(to: DType)", "struct Cast", dtypes: OperatorRow.all,
        slope: dtype.isFloatingPoint ? .inputs([0]) : .none, specials: specials
      ) {
        $0.cast(to: dtype)
      } reference: {
        dtype.isFloatingPoint
          ? Double(dtype == .float32 ? Double(Float($0)) : $0) : dtype == .bool ? ($0 != 0 ? 1 : 0) : $0.rounded(.towardZero)
      }
      // Gradients are checked in float64: the way over float32 has too few digits for differences.
      rows.add(row.giving(dtype).with { if dtype == .float32 { $0.slope = .none } })
    }
    rows.add(
      .unary("cast there and back", "Tensor.cast(to: DType)", dtypes: [.float32]) {
        $0.cast(to: .float64).cast(to: $0.dtype)
      } reference: {
        $0
      })
  }
}
