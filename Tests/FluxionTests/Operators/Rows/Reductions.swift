import Foundation
import Tensors

extension OperatorTable {
  /// A reduction: how to call it over axes and over one axis, and what it makes of a list of numbers.
  struct Reduction: Sendable {
    var name: String
    var domain = Domain.any
    var dtypes: [DType] = OperatorRow.floats
    var slope: OperatorRow.Slope = .inputs([0])
    var overAxes: @Sendable (Tensor, [Int], Bool) -> Tensor
    var overAxis: @Sendable (Tensor, Int, Bool) -> Tensor
    var reference: @Sendable ([Double]) -> Double
    /// What lists of numbers give, as `1 2 nan = nan`.
    var specials: [(x: [Double], y: Double, dx: [Double])] = []
    /// Whether there is nothing to choose from an axis of size 0.
    var wantsElements = false
    var parameters = ""
    var primitive = "struct Reduce"
    var change: @Sendable (inout OperatorRow) -> Void = { _ in }

    /// One row for each way to reduce: all axes; one; several, with and without the axes kept; apart from each other.
    var rows: [OperatorRow] {
      let ways: [(axes: [Int], keepDims: Bool)] = [
        ([], false), ([], true), ([0], false), ([-1], true), ([1], false), ([0, 2], true), ([2, 1], false),
      ]
      var rows = ways.map { way in
        row(way.axes, way.keepDims, wantsElements ? OperatorRow.threeAxes.filter { !$0[0].contains(0) } : OperatorRow.threeAxes)
      }
      rows.append(row([1, 3], false, [[[2, 3, 2, 2, 2]], [[1, 1, 1, 1, 1]], [[8, 9, 10, 8, 9]]]))
      rows.append(row([0, 2, 4, 6], true, [[[2, 2, 2, 2, 2, 2, 2, 2]]]))
      rows[0].specials = specials.map { .init(inputs: [Grid($0.x)], result: Grid($0.y), slopes: $0.dx.isEmpty ? [] : [Grid($0.dx)]) }
      return rows
    }

    private func row(_ axes: [Int], _ keepDims: Bool, _ cases: [[[Int]]]) -> OperatorRow {
      let title = "\(name) over \(axes.isEmpty ? "all" : "\(axes)")\(keepDims ? ", kept" : "")"
      let covers = [
        "Tensor.\(name)(axes: [Int], keepDims: Bool\(parameters))", "Tensor.\(name)(axis: Int, keepDims: Bool\(parameters))", primitive,
      ]
      let (overAxes, overAxis, reference) = (overAxes, overAxis, reference)
      let row = OperatorRow.general(title, covers, cases: cases, domains: [domain], dtypes: dtypes, slope: slope) { x in
        axes.count == 1 ? overAxis(x[0], axes[0], keepDims) : overAxes(x[0], axes, keepDims)
      } reference: {
        $0[0].reduced(axes, keepDims: keepDims, reference)
      }
      return row.with(change)
    }
  }

  private static let nan = Double.nan
  private static let inf = Double.infinity
  private static let wide: @Sendable (inout OperatorRow) -> Void = {
    $0.resultDType = { $0 == .int32 || $0 == .bool ? .int64 : $0 }
  }

  static let reductions: [OperatorRow] = [
    Reduction(
      name: "sum", dtypes: OperatorRow.all, overAxes: { $0.sum(axes: $1, keepDims: $2) }, overAxis: { $0.sum(axis: $1, keepDims: $2) },
      reference: { $0.reduce(0, +) }, specials: [([inf, -inf], nan, [1, 1]), ([1, nan], nan, []), ([], 0, [])], change: wide),
    Reduction(
      name: "mean", overAxes: { $0.mean(axes: $1, keepDims: $2) }, overAxis: { $0.mean(axis: $1, keepDims: $2) }, reference: average,
      specials: [([inf, 1], inf, [0.5, 0.5]), ([], nan, []), ([2], 2, [1])], parameters: ", ignoringNaN: Bool"),
    Reduction(
      name: "mean", overAxes: { $0.mean(axes: $1, keepDims: $2, ignoringNaN: true) },
      overAxis: { $0.mean(axis: $1, keepDims: $2, ignoringNaN: true) }, reference: average,
      specials: [([nan, 1, 3, nan], 2, [0, 0.5, 0.5, 0]), ([nan], nan, []), ([], nan, [])], parameters: ", ignoringNaN: Bool",
      change: {
        composite(&$0)
        $0.name = "\($0.name), ignoring NaN"
      }),
    Reduction(
      name: "prod", domain: .real(0.5, 1.5, integers: -1...1), dtypes: OperatorRow.all, overAxes: { $0.prod(axes: $1, keepDims: $2) },
      overAxis: { $0.prod(axis: $1, keepDims: $2) }, reference: { $0.reduce(1, *) },
      specials: [([0, 2, 3], 0, [6, 0, 0]), ([0, 0, 3], 0, [0, 0, 0]), ([0, inf], nan, []), ([], 1, [])],
      change: {
        wide(&$0)
        $0.covers += ["struct Product", "struct ProductGradient"]
      }),
    Reduction(
      name: "max", domain: .distinct, dtypes: OperatorRow.all, overAxes: { $0.max(axes: $1, keepDims: $2) },
      overAxis: { $0.max(axis: $1, keepDims: $2) },
      reference: { $0.max() ?? nan },
      specials: [([1, nan, 3], nan, []), ([-inf, -inf], -inf, [0.5, 0.5]), ([3, 1, 3, 2], 3, [0.5, 0, 0.5, 0])],
      wantsElements: true, change: { $0.isExact = true }),
    Reduction(
      name: "min", domain: .distinct, dtypes: OperatorRow.all, overAxes: { $0.min(axes: $1, keepDims: $2) },
      overAxis: { $0.min(axis: $1, keepDims: $2) },
      reference: { $0.min() ?? nan },
      specials: [([1, nan, 3], nan, []), ([inf, inf], inf, [0.5, 0.5]), ([1, 3, 1, 2], 1, [0.5, 0, 0.5, 0])],
      wantsElements: true, change: { $0.isExact = true }),
    Reduction(
      name: "any", domain: .whole(0...1), dtypes: OperatorRow.all, slope: .none, overAxes: { $0.any(axes: $1, keepDims: $2) },
      overAxis: { $0.any(axis: $1, keepDims: $2) }, reference: { $0.contains { $0 != 0 } ? 1 : 0 },
      specials: [([0, nan], 1, []), ([0, -0.0], 0, []), ([], 0, [])], change: { $0 = $0.giving(.bool) }),
    Reduction(
      name: "all", domain: .whole(0...1), dtypes: OperatorRow.all, slope: .none, overAxes: { $0.all(axes: $1, keepDims: $2) },
      overAxis: { $0.all(axis: $1, keepDims: $2) }, reference: { $0.allSatisfy { $0 != 0 } ? 1 : 0 },
      specials: [([1, nan], 1, []), ([1, -0.0], 0, []), ([], 1, [])], change: { $0 = $0.giving(.bool) }),
    Reduction(
      name: "variance", overAxes: { $0.variance(axes: $1, keepDims: $2) }, overAxis: { $0.variance(axis: $1, keepDims: $2) },
      reference: { squaredDeviations($0) / Double(max(0, $0.count - 1)) },
      specials: [([1], nan, []), ([2, 2], 0, [0, 0]), ([1, inf], nan, [])],
      parameters: ", correction: Double", primitive: "struct Variance"),
    Reduction(
      name: "standardDeviation", overAxes: { $0.standardDeviation(axes: $1, keepDims: $2, correction: 0) },
      overAxis: { $0.standardDeviation(axis: $1, keepDims: $2, correction: 0) },
      reference: { (squaredDeviations($0) / Double($0.count)).squareRoot() },
      specials: [([1], 0, []), ([1, 3], 1, [-0.5, 0.5]), ([2, 2], 0, [0, 0])], parameters: ", correction: Double",
      change: {
        composite(&$0)
        $0.takesEqualElements = false
      }),
    Reduction(
      name: "logSumExp", overAxes: { $0.logSumExp(axes: $1, keepDims: $2) }, overAxis: { $0.logSumExp(axis: $1, keepDims: $2) },
      reference: { x in
        let largest = x.max() ?? -inf
        return largest.isInfinite ? largest : largest + log(x.reduce(0) { $0 + exp($1 - largest) })
      },
      specials: [
        ([-inf, -inf], -inf, [0, 0]), ([inf, 1], inf, []), ([nan, 1], nan, []), ([1000, 1000], 1000 + log(2), []),
        ([2, 2], 2 + log(2), [0.5, 0.5]), ([], -inf, []),
        ([-inf, 0], 0, [0, 1]),
      ], primitive: "struct LogSumExp"),
  ].flatMap(\.rows)

  private static let composite: @Sendable (inout OperatorRow) -> Void = { $0.isComposite = true }
  @Sendable private static func average(_ x: [Double]) -> Double { x.reduce(0, +) / Double(x.count) }
  @Sendable private static func squaredDeviations(_ x: [Double]) -> Double {
    let mean = average(x)
    return x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
  }

  /// Where extremes are: the first of equals, the first NaN.
  static let positions = list { rows in
    @Sendable func first(_ x: [Double], _ precedes: (Double, Double) -> Bool) -> Double {
      if let nan = x.firstIndex(where: \.isNaN) { return Double(nan) }
      return Double(x.indices.reduce(0) { precedes(x[$1], x[$0]) ? $1 : $0 })
    }
    let specials: [(largest: Bool, x: [Double], y: Double)] = [
      (true, [1, nan, 3, nan], 1), (false, [1, nan, 0], 1), (true, [-inf, -inf], 0), (true, [2, 5, 5], 1), (false, [2, -1, -1], 1),
      (true, [-0.0, 0], 0),
    ]
    for isLargest in [true, false] {
      let name = isLargest ? "argmax" : "argmin"
      let precedes: @Sendable (Double, Double) -> Bool = { isLargest ? $0 > $1 : $0 < $1 }
      for (axis, keepDims) in [(0, false), (1, true), (2, false), (-1, true)] {
        let cases = OperatorRow.threeAxes.filter { !$0[0].contains(0) }
        let row = OperatorRow.general(
          "\(name) along \(axis)\(keepDims ? ", kept" : "")", ["Tensor.\(name)(axis: Int, keepDims: Bool)"], cases: cases,
          domains: [.whole(-3...3)],
          dtypes: OperatorRow.all
        ) { x in
          isLargest ? x[0].argmax(axis: axis, keepDims: keepDims) : x[0].argmin(axis: axis, keepDims: keepDims)
        } reference: { x in
          x[0].reduced([axis], keepDims: keepDims) { first($0, precedes) }
        }
        rows.add(row.giving(.int64))
      }
      let whole = OperatorRow.general(
        name, ["Tensor.\(name)()"], cases: OperatorRow.unaryCases.filter { !$0[0].contains(0) }, domains: [.whole(-3...3)],
        dtypes: OperatorRow.all
      ) { x in
        isLargest ? x[0].argmax() : x[0].argmin()
      } reference: { x in
        x[0].reduced([], keepDims: false) { first($0, precedes) }
      }
      rows.add(
        whole.giving(.int64).with { row in
          row.specials = specials.filter { $0.largest == isLargest }.map { .init(inputs: [Grid($0.x)], result: Grid($0.y)) }
        })
    }
  }
}
