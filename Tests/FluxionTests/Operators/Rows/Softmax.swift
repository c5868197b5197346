import Foundation
import Tensors

extension OperatorTable {
  /// Rows along an axis, each a function of a list of numbers.
  private static func along(_ axis: Int, _ x: Grid, _ function: ([Double]) -> [Double]) -> Grid {
    var order = Array(0..<x.rank)
    order.swapAt(axis < 0 ? axis + x.rank : axis, x.rank - 1)
    let moved = x.permuted(order)
    let n = moved.shape.last!
    if moved.count == 0 { return x }
    let values = stride(from: 0, to: moved.count, by: n).flatMap { function(Array(moved.values[$0..<$0 + n])) }
    return Grid(moved.shape, values).permuted(order)
  }

  @Sendable private static func logarithms(_ x: [Double]) -> [Double] {
    let largest = x.max()!
    let total = largest + log(x.reduce(0) { $0 + exp($1 - largest) })
    return x.map { $0 - total }
  }

  static let softmaxes = list { rows in
    let (inf, nan) = (Double.infinity, Double.nan)
    let list: ([Double], [Double]) -> OperatorRow.Special = { .init(inputs: [Grid($0)], result: Grid($1)) }
    for axis in [-1, 0, 1] {
      let cases = OperatorRow.threeAxes + (axis == -1 ? [[[3, 1500]], [[4]]] : [[[2, 70, 67]]])
      rows.add(
        .general("softmax along \(axis)", ["Tensor.softmax(axis: Int)", "struct Softmax", "struct SoftmaxGradient"], cases: cases) {
          $0[0].softmax(axis: axis)
        } reference: {
          along(axis, $0[0]) { logarithms($0).map { exp($0) } }
        })
      rows.add(
        .general("logSoftmax along \(axis)", ["Tensor.logSoftmax(axis: Int)"], cases: cases) {
          $0[0].logSoftmax(axis: axis)
        } reference: {
          along(axis, $0[0], logarithms)
        })
    }
    rows[0].specials = [
      list([1000, 1000], [0.5, 0.5]), list([-inf, 0], [0, 1]), list([-inf, -inf], [nan, nan]), list([inf, 0], [nan, nan].map { $0 }),
      list([nan, 0], [nan, nan]),
    ]
    rows[1].specials = [
      list([1000, 1000], [-log(2), -log(2)]), list([-inf, 0], [-inf, 0]), list([nan, 0], [nan, nan]), list([-1000, 0], [-1000, 0]),
    ]

    // Near 1000 a float32 result has four digits behind the point: a gradient must not be made of it.
    rows.add(
      .general(
        "logSumExp of large numbers", ["Tensor.logSumExp(axis: Int, keepDims: Bool)", "struct LogSumExp"], cases: [[[3, 5]], [[1, 1]]],
        domains: [.real(1000, 1004)]
      ) {
        $0[0].logSumExp(axis: 1)
      } reference: { x in
        Grid((0..<x[0].shape[0]).map { row in 1000 + log((0..<x[0].shape[1]).reduce(0) { $0 + exp(x[0][[row, $1]] - 1000) }) })
      })

    // Every class, and rows that do not count.
    let labels: @Sendable (Int, Int) -> Grid = { rows, classes in Grid((0..<rows).map { Double(($0 * 7 + 3) % (classes + 1) - 1) }) }
    rows.add(
      .general(
        "crossEntropyRows", ["Tensor.crossEntropyRows(_: Tensor)", "struct CrossEntropy", "struct CrossEntropyGradient"],
        cases: [[[5, 4]], [[1, 1]], [[0, 3]], [[1500, 3]], [[30, 1200]]]
      ) { x in
        x[0].crossEntropyRows(labels(x[0].shape[0], x[0].shape[1]).tensor(.int64))
      } reference: { x in
        let (count, classes) = (x[0].shape[0], x[0].shape[1])
        let labels = labels(count, classes).values.map { Int($0) }
        return Grid(
          (0..<count).map { row in labels[row] < 0 ? 0 : -logarithms(Array(x[0].values[row * classes..<(row + 1) * classes]))[labels[row]] }
        )
      })
    // The mask is the engine's, drawn on ones; what is tested is that every layout and the gradient meet the same one.
    rows.add(
      .general(
        "dropout", ["Tensor.dropout(probability: Double, using: inout RandomStream)", "struct DropoutOperator"],
        cases: OperatorRow.unaryCases
      ) { x in
        var random = RandomStream(seed: 5)
        return x[0].dropout(probability: 0.4, using: &random)
      } reference: { x in
        var random = RandomStream(seed: 5)
        let mask = Grid(Tensor.ones(Shape(x[0].shape), .float64).dropout(probability: 0.4, using: &random))
        var other = RandomStream(seed: 5)
        let single = Grid(Tensor.ones(Shape(x[0].shape)).dropout(probability: 0.4, using: &other))
        precondition(mask.values.map { $0 != 0 } == single.values.map { $0 != 0 })
        return .zip(x[0], mask) { $0 * $1 }
      })
  }
}
