import Foundation
import Tensors

extension OperatorTable {
  /// A kernel of one, two or three numbers and how its values are reduced.
  private struct Fused: Sendable {
    var name: String
    var domains: [Domain]
    var dtypes = OperatorRow.floats
    var overAxes: @Sendable ([Tensor], [Int], Bool) -> Tensor
    var overAxis: @Sendable ([Tensor], Int, Bool) -> Tensor
    /// The kernel at each element, the operands having one shape.
    var values: @Sendable ([Grid]) -> Grid
    var reference: @Sendable ([Double]) -> Double
    var specials: [(x: [Double], y: Double, dx: [Double])] = []
    var wantsElements = false
    /// Whether values may be as many as those of the large cases.
    var growsWell = true
    var change: @Sendable (inout OperatorRow) -> Void = { _ in }

    /// All axes, the last ones, the first ones, one in the middle, and axes that do not lie together.
    private static let ways: [(axes: [Int], keepDims: Bool)] = [
      ([], false), ([], true), ([0], false), ([-1], true), ([1], false), ([0, 2], true), ([2, 1], false), ([0, 1], false),
    ]
    /// Beside the common ones: rows and columns on both sides of a block (1,024) and of what stays in a band of rows (32,768 elements).
    private static let extents: [[Int]] = [[2, 3, 1500], [40, 2, 520], [1500, 5, 3], [70, 1, 1100]]

    var rows: [OperatorRow] {
      var cases = OperatorRow.threeAxes.map { $0[0] }.filter { !wantsElements || !$0.contains(0) }
      if !growsWell { cases.removeAll { OperatorRow.isLarge([$0]) } }
      var rows = Self.ways.map { way in row(way.axes, way.keepDims, way.axes.count < 2 && growsWell ? cases + Self.extents : cases) }
      rows.append(row([1, 3], false, [[2, 3, 2, 2, 2], [1, 1, 1, 1, 1], [8, 9, 10, 8, 9]]))
      rows[0].specials = specials.map { special in
        let others = domains.dropFirst().map { _ in Grid(special.x.map { _ in 0 }) }
        return .init(inputs: [Grid(special.x)] + others, result: Grid(special.y), slopes: special.dx.isEmpty ? [] : [Grid(special.dx)])
      }
      return rows
    }

    private func row(_ axes: [Int], _ keepDims: Bool, _ cases: [[Int]]) -> OperatorRow {
      let method = name.split(separator: " ")[0]
      let covers = [
        "Elementwise.\(method)(_: Tensor, axes: [Int], keepDims: Bool)", "Elementwise.\(method)(_: Tensor, axis: Int, keepDims: Bool)",
        "struct MapReduce",
      ]
      let (overAxes, overAxis, values, reference) = (overAxes, overAxis, values, reference)
      // The second operand has one size less than the first, so that operands broadcast.
      let shapes = cases.map { shape in domains.indices.map { $0 == 1 ? [1] + shape.dropFirst() : $0 == 2 ? [shape.last!] : shape } }
      return OperatorRow.general(
        "Elementwise.\(name) over \(axes.isEmpty ? "all" : "\(axes)")\(keepDims ? ", kept" : "")", covers, cases: shapes, domains: domains,
        dtypes: dtypes, slope: dtypes.contains(.int32) ? OperatorRow.Slope.none : nil
      ) { x in
        axes.count == 1 ? overAxis(x, axes[0], keepDims) : overAxes(x, axes, keepDims)
      } reference: {
        values($0).reduced(axes, keepDims: keepDims, reference)
      }.with(change)
    }
  }

  private static let nan = Double.nan
  private static let inf = Double.infinity

  /// Kernels that end in a reduction.
  static let fusedReductions: [OperatorRow] = {
    let damped = Elementwise { x in x * exp(-x) }
    let squared = Elementwise { x in x * x }
    let error = Elementwise { x, y in (x - y) * (x - y) }
    let weighted = Elementwise { x, y, w in w * w * (2 + tanh(x - y)) }
    let twice = Elementwise { x in 2 * x }
    let shifted = Elementwise { x, y in 2 * x + 0.02 * tanh(y) }
    let rest = Elementwise { x in 2 - x }
    let bent = Elementwise { x in 3 * x + 0.01 * tanh(x) }
    let wide: @Sendable (inout OperatorRow) -> Void = { $0.resultDType = { $0 == .int32 ? .int64 : $0 } }
    let distinct = Domain.multiples(offset: 0)
    return [
      Fused(
        name: "sum", domains: [.any], overAxes: { damped.sum($0[0], axes: $1, keepDims: $2) },
        overAxis: { damped.sum($0[0], axis: $1, keepDims: $2) }, values: { $0[0].map { $0 * exp(-$0) } }, reference: { $0.reduce(0, +) },
        specials: [([0, nan], nan, []), ([inf], nan, []), ([], 0, []), ([0, 1], exp(-1), [1, 0])]),
      Fused(
        name: "sum of integers", domains: [.any], dtypes: OperatorRow.numbers, overAxes: { squared.sum($0[0], axes: $1, keepDims: $2) },
        overAxis: { squared.sum($0[0], axis: $1, keepDims: $2) }, values: { $0[0].map { $0 * $0 } }, reference: { $0.reduce(0, +) },
        change: wide),
      Fused(
        name: "sum of three numbers", domains: [.any, .any, .any],
        overAxes: { weighted.sum($0[0], $0[1], $0[2], axes: $1, keepDims: $2) },
        overAxis: { weighted.sum($0[0], $0[1], $0[2], axis: $1, keepDims: $2) },
        values: { x in .zip(x[0], x[1], x[2]) { $2 * $2 * (2 + tanh($0 - $1)) } }, reference: { $0.reduce(0, +) }),
      Fused(
        name: "mean", domains: [.any, .any], overAxes: { error.mean($0[0], $0[1], axes: $1, keepDims: $2) },
        overAxis: { error.mean($0[0], $0[1], axis: $1, keepDims: $2) }, values: { .zip($0[0], $0[1]) { ($0 - $1) * ($0 - $1) } },
        reference: { $0.reduce(0, +) / Double($0.count) },
        specials: [([1, -3], 5, [1, -3]), ([nan, 1], nan, []), ([inf, 1], inf, []), ([], nan, [])]),
      Fused(
        name: "prod", domains: [.real(0.99, 1.01)], overAxes: { rest.prod($0[0], axes: $1, keepDims: $2) },
        overAxis: { rest.prod($0[0], axis: $1, keepDims: $2) }, values: { $0[0].map { 2 - $0 } },
        reference: { $0.reduce(1, *) }, specials: [([nan, 0], nan, []), ([2, 1], 0, [-1, 0]), ([2, 2], 0, [0, 0]), ([], 1, [])],
        growsWell: false, change: { $0.isComposite = true }),
      Fused(
        name: "max", domains: [.distinct], overAxes: { twice.max($0[0], axes: $1, keepDims: $2) },
        overAxis: { twice.max($0[0], axis: $1, keepDims: $2) }, values: { $0[0].map { 2 * $0 } }, reference: { $0.max() ?? nan },
        specials: [
          ([1, nan, 3], nan, [nan, nan, nan]), ([-inf, -inf], -inf, [1, 1]), ([3, 1, 3, 2], 6, [1, 0, 1, 0]),
        ], wantsElements: true),
      Fused(
        name: "max of two", domains: [.distinct, distinct], overAxes: { shifted.max($0[0], $0[1], axes: $1, keepDims: $2) },
        overAxis: { shifted.max($0[0], $0[1], axis: $1, keepDims: $2) },
        values: { .zip($0[0], $0[1]) { 2 * $0 + 0.02 * tanh($1) } }, reference: { $0.max() ?? nan }, wantsElements: true, growsWell: false,
        change: { $0.isComposite = true }),
      Fused(
        name: "min", domains: [.distinct], overAxes: { bent.min($0[0], axes: $1, keepDims: $2) },
        overAxis: { bent.min($0[0], axis: $1, keepDims: $2) }, values: { $0[0].map { 3 * $0 + 0.01 * tanh($0) } },
        reference: { $0.min() ?? nan }, specials: [([0, nan], nan, []), ([inf, 0], 0, []), ([0, 0], 0, [1.505, 1.505])],
        wantsElements: true, growsWell: false, change: { $0.isComposite = true }),
    ].flatMap(\.rows)
  }()
}
