import Foundation
import Tensors

extension Grid {
  /// What a function makes of the numbers along an axis; the lists that it gives are of one length.
  func along(_ axis: Int, _ function: ([Double]) -> [Double]) -> Grid {
    let axis = axis < 0 ? axis + rank : axis
    var order = Array(0..<rank)
    order.swapAt(axis, rank - 1)
    let moved = permuted(order)
    let n = moved.shape[rank - 1]
    let rows = moved.shape.dropLast().reduce(1, *)
    let lists = (0..<rows).map { function(Array(moved.values[$0 * n..<($0 + 1) * n])) }
    var shape = moved.shape
    shape[rank - 1] = lists.first?.count ?? function(Array(repeating: 0, count: n)).count
    return Grid(shape, lists.flatMap { $0 }).permuted(order)
  }
}

extension OperatorTable {
  /// Three axes; and a row so long that threads share it.
  private static let rowsAndLong = OperatorRow.threeAxes + [[[70000]]]

  private static let wide: @Sendable (inout OperatorRow) -> Void = {
    $0.resultDType = { $0 == .int32 || $0 == .bool ? .int64 : $0 }
  }

  private static func running(_ x: [Double], _ join: (Double, Double) -> Double) -> [Double] {
    x.indices.reduce(into: []) { $0.append($1 == 0 ? x[0] : join($0[$1 - 1], x[$1])) }
  }

  private static func special(_ x: [Double], _ y: [Double], _ dx: [Double] = []) -> OperatorRow.Special {
    .init(inputs: [Grid(x)], result: Grid(y), slopes: dx.isEmpty ? [] : [Grid(dx)])
  }

  static let scans = list { rows in
    let (inf, nan) = (Double.infinity, Double.nan)
    for axis in [-1, 0, 1] {
      let cases = axis == -1 ? rowsAndLong : OperatorRow.threeAxes
      rows.add(
        OperatorRow.general(
          "cumulativeSum along \(axis)", ["Tensor.cumulativeSum(axis: Int)", "struct Scan"], cases: cases, dtypes: OperatorRow.all
        ) {
          $0[0].cumulativeSum(axis: axis)
        } reference: {
          $0[0].along(axis) { running($0, +) }
        }.with {
          wide(&$0)
          if axis == -1 {
            $0.specials = [special([1, inf, 2, -inf, 0], [1, inf, inf, nan, nan]), special([], []), special([1, nan], [1, nan])]
          }
        })
      rows.add(
        OperatorRow.general(
          "cumulativeProduct along \(axis)", ["Tensor.cumulativeProduct(axis: Int)", "struct Recurrence"], cases: OperatorRow.threeAxes,
          domains: [.real(0.5, 1.5, integers: -2...2)], dtypes: OperatorRow.all
        ) {
          $0[0].cumulativeProduct(axis: axis)
        } reference: {
          $0[0].along(axis) { running($0, *) }
        }.with {
          wide(&$0)
          $0.isComposite = true
          // Gradients where elements are 0: those of the products of the others.
          if axis == -1 {
            $0.specials = [
              special([2, 0, 3, 5], [2, 0, 0, 0], [1, 2 + 6 + 30, 0, 0]), special([0, 0, 3], [0, 0, 0], [1, 0, 0]), special([], []),
              special([2, inf, 0], [2, inf, nan]),
            ]
          }
        })
      rows.add(
        OperatorRow.general("cumulativeLogSumExp along \(axis)", ["Tensor.cumulativeLogSumExp(axis: Int)"], cases: OperatorRow.threeAxes) {
          $0[0].cumulativeLogSumExp(axis: axis)
        } reference: {
          $0[0].along(axis) { running($0) { max($0, $1) + log1p(exp(-abs($0 - $1))) } }
        }.with {
          $0.isComposite = true
          if axis == -1 {
            $0.specials = [
              special([-inf, -inf, 0], [-inf, -inf, 0], [0, 0, 1]), special([1000, 1000], [1000, 1000 + log(2)]),
              special([2, 2], [2, 2 + log(2)], [1.5, 0.5]),
              special([0, inf, -inf, inf, 1], [0, inf, inf, inf, inf], [1, 3, 0, 1, 0]),
              special([-inf, -inf, 1, inf, 2], [-inf, -inf, 1, inf, inf], [0, 0, 1, 2, 0]), special([0, nan, 1], [0, nan, nan]),
              special([-1000, 1000], [-1000, 1000], [1, 1]),
            ]
          }
        })
    }
    // Of equals the last; where NaN has come, it stays.
    for isLargest in [true, false] {
      let name = isLargest ? "cumulativeMax" : "cumulativeMin"
      let covers = ["Tensor.\(name)(axis: Int)", "struct ScanPositions"]
      let places: @Sendable ([Double]) -> [Double] = { x in
        x.indices.reduce(into: []) { places, i in
          let best = i == 0 ? x[0] : x[Int(places[i - 1])]
          let isNext = i == 0 || x[i].isNaN || (isLargest ? x[i] >= best : x[i] <= best)
          places.append(isNext ? Double(i) : places[i - 1])
        }
      }
      for axis in [-1, 0, 1] {
        rows.add(
          OperatorRow.general("\(name) along \(axis)", covers, cases: OperatorRow.threeAxes, domains: [.distinct]) {
            isLargest ? $0[0].cumulativeMax(axis: axis).values : $0[0].cumulativeMin(axis: axis).values
          } reference: {
            $0[0].along(axis) { x in places(x).map { x[Int($0)] } }
          }.moving())
        rows.add(
          OperatorRow.general(
            "positions of \(name) along \(axis)", covers, cases: OperatorRow.threeAxes, domains: [.whole(-3...3)], dtypes: OperatorRow.all
          ) {
            isLargest ? $0[0].cumulativeMax(axis: axis).positions : $0[0].cumulativeMin(axis: axis).positions
          } reference: {
            $0[0].along(axis, places)
          }.giving(.int64).with {
            if axis == -1 { $0.specials = [special([1, 1, nan, 2, nan, 1], [0, 1, 2, 2, 4, 4]), special([nan, inf], [0, 0])] }
          })
      }
    }
  }

  static let differences = list { rows in
    let name = "Tensor.differences(order: Int, axis: Int, prepending: Tensor?, appending: Tensor?)"
    @Sendable func neighbours(_ x: [Double], _ join: (Double, Double) -> Double) -> [Double] {
      zip(x, x.dropFirst()).map { join($1, $0) }
    }
    for axis in [-1, 0, 1] {
      for order in [1, 2, 5] {
        rows.add(
          OperatorRow.general(
            "differences of order \(order) along \(axis)", [name], cases: OperatorRow.threeAxes, dtypes: OperatorRow.numbers
          ) {
            $0[0].differences(order: order, axis: axis)
          } reference: {
            $0[0].along(axis) { x in (0..<order).reduce(x) { x, _ in neighbours(x, -) } }
          }.with { if order == 5 || order == 2 && axis == 0 { $0.slope = .none } })
      }
    }
    rows.add(
      .general("differences of bools", [name], cases: OperatorRow.threeAxes, dtypes: [.bool], slope: OperatorRow.Slope.none) {
        $0[0].differences(axis: 1)
      } reference: {
        $0[0].along(1) { neighbours($0) { $0 != $1 ? 1 : 0 } }
      })
    rows.add(
      .general("differences with more at both ends", [name], cases: [[[2, 3], [2, 1], [2, 2]], [[2, 0], [2, 1], [2, 2]]]) {
        $0[0].differences(axis: 1, prepending: $0[1], appending: $0[2])
      } reference: { x in
        let parts = [x[1], x[0], x[2]].map { $0.permuted([1, 0]) }
        let whole = Grid([parts.map { $0.shape[0] }.reduce(0, +), 2], parts.flatMap(\.values)).permuted([1, 0])
        return whole.along(1) { neighbours($0, -) }
      })
    rows.add(
      .general("differences of order 0", [name], cases: [[[2, 3]]]) {
        $0[0].differences(order: 0)
      } reference: {
        $0[0]
      })

    // Areas between points; those over given points have these as a second operand.
    let areas: @Sendable ([Double], [Double]) -> [Double] = { y, x in
      y.indices.dropFirst().map { (x[$0] - x[$0 - 1]) * (y[$0] + y[$0 - 1]) / 2 }
    }
    let evenly: @Sendable ([Double]) -> [Double] = { y in areas(y, y.indices.map { 1.5 * Double($0) }) }
    for axis in [-1, 0, 1] {
      rows.add(
        OperatorRow.general("trapezoid along \(axis)", ["Tensor.trapezoid(spacing: Double, axis: Int)"], cases: OperatorRow.threeAxes) {
          $0[0].trapezoid(spacing: 1.5, axis: axis)
        } reference: {
          $0[0].along(axis) { [evenly($0).reduce(0, +)] }.reduced([axis], keepDims: false) { $0[0] }
        })
      rows.add(
        OperatorRow.general(
          "cumulativeTrapezoid along \(axis)", ["Tensor.cumulativeTrapezoid(spacing: Double, axis: Int)"], cases: OperatorRow.threeAxes
        ) {
          $0[0].cumulativeTrapezoid(spacing: 1.5, axis: axis)
        } reference: {
          $0[0].along(axis) { running(evenly($0), +) }
        })
    }
    let points: [[[Int]]] = [[[3, 4], [4]], [[2, 1], [1]], [[2, 0], [0]]]
    rows.add(
      .general("trapezoid over points", ["Tensor.trapezoid(at: Tensor, axis: Int)"], cases: points) {
        $0[0].trapezoid(at: $0[1])
      } reference: { x in
        x[0].along(1) { [areas($0, x[1].values).reduce(0, +)] }.reduced([1], keepDims: false) { $0[0] }
      }.with { $0.isComposite = true })
    rows.add(
      .general("trapezoid over points of each column", ["Tensor.trapezoid(at: Tensor, axis: Int)"], cases: [[[3, 4], [3, 4]]]) {
        $0[0].trapezoid(at: $0[1], axis: 0)
      } reference: { x in
        Grid([4]) { at in
          let column: (Grid) -> [Double] = { grid in (0..<3).map { grid[[$0, at[0]]] } }
          return areas(column(x[0]), column(x[1])).reduce(0, +)
        }
      }.with { $0.isComposite = true })
    rows.add(
      .general("cumulativeTrapezoid over points", ["Tensor.cumulativeTrapezoid(at: Tensor, axis: Int)"], cases: points) {
        $0[0].cumulativeTrapezoid(at: $0[1])
      } reference: { x in
        x[0].along(1) { running(areas($0, x[1].values), +) }
      }.with { $0.isComposite = true })
  }
}
