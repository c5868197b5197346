import Foundation
import Tensors

extension OperatorTable {
  /// Covariances, slopes by differences, histograms between edges and segments.
  static let furtherStatistics = list { rows in
    covariances(&rows)
    slopes(&rows)
    histograms(&rows)
    segments(&rows)
    unpooling(&rows)
  }

  /// Covariances of rows, of weights w.
  private static func covariance(_ x: Grid, _ w: [Double], _ divisor: Double) -> Grid {
    let (m, n) = (x.shape[0], x.shape[1])
    let total = w.reduce(0, +)
    func mean(_ i: Int) -> Double { (0..<n).reduce(0) { $0 + w[$1] * x[[i, $1]] } / total }
    let means = (0..<m).map(mean)
    return Grid(
      m == 1 ? [] : [m, m],
      (0..<m * m).map { at in
        let (i, j) = (at / m, at % m)
        return (0..<n).reduce(0) { $0 + w[$1] * (x[[i, $1]] - means[i]) * (x[[j, $1]] - means[j]) } / divisor
      })
  }

  private static func covariances(_ rows: inout [OperatorRow]) {
    let name = "Tensor.covariance(frequencies: Tensor?, weights: Tensor?, correction: Double)"
    let shapes: [[[Int]]] = [[[3, 5]], [[2, 4]], [[1, 3]]]
    rows.add(
      .general("covariance", [name], cases: shapes) {
        $0[0].covariance()
      } reference: {
        covariance($0[0], Array(repeating: 1, count: $0[0].shape[1]), Double($0[0].shape[1] - 1))
      }.with { $0.isComposite = true })
    rows.add(
      .general("covariance with weights", [name], cases: [[[3, 5], [5]], [[2, 4], [4]]], domains: [.any, .real(0.5, 2)]) { x in
        x[0].covariance(frequencies: Tensor((0..<x[1].elementCount).map { $0 % 3 + 1 }), weights: x[1], correction: 0.5)
      } reference: { x in
        let counts = (0..<x[1].count).map { Double($0 % 3 + 1) }
        let w = zip(counts, x[1].values).map { $0 * $1 }
        let total = w.reduce(0, +)
        return covariance(x[0], w, total - 0.5 * zip(w, x[1].values).reduce(0) { $0 + $1.0 * $1.1 } / total)
      }.with { $0.isComposite = true })
    rows.add(
      .general("correlation", ["Tensor.correlation()"], cases: [[[3, 5]], [[2, 4]]]) {
        // Of ones on the diagonal there are no slopes.
        $0[0].correlation()
      } reference: { x in
        let c = covariance(x[0], Array(repeating: 1, count: x[0].shape[1]), 1)
        return Grid(c.shape) { $0[0] == $0[1] ? 1 : c[$0] / (c[[$0[0], $0[0]]] * c[[$0[1], $0[1]]]).squareRoot() }
      }.with {
        $0.isComposite = true
        $0.takesEqualElements = false
      })
  }

  private static func slopes(_ rows: inout [OperatorRow]) {
    /// Slopes of the parabolas, or at the ends of lines or parabolas, through points.
    @Sendable func slopes(_ y: [Double], _ x: [Double], _ order: Int) -> [Double] {
      let last = y.count - 1
      return y.indices.map { k in
        if order == 1 && (k == 0 || k == last) {
          let a = k == 0 ? 0 : last - 1
          return (y[a + 1] - y[a]) / (x[a + 1] - x[a])
        }
        // The derivative of Lagrange's polynomial of three points.
        let a = min(max(k - 1, 0), last - 2)
        return (a...a + 2).reduce(0) { sum, i in
          let others = (a...a + 2).filter { $0 != i }
          let slope = (x[k] - x[others[0]]) + (x[k] - x[others[1]])
          return sum + y[i] * slope / ((x[i] - x[others[0]]) * (x[i] - x[others[1]]))
        }
      }
    }
    for (axis, order) in [(-1, 1), (0, 2), (1, 1)] {
      rows.add(
        .general(
          "centralDifferences along \(axis) of order \(order)", ["Tensor.centralDifferences(spacing: Double, axis: Int, edgeOrder: Int)"],
          cases: [[[3, 4, 5]], [[3, 3, 3]]]
        ) {
          $0[0].centralDifferences(spacing: 0.5, axis: axis, edgeOrder: order)
        } reference: { x in
          x[0].along(axis) { slopes($0, $0.indices.map { Double($0) / 2 }, order) }
        }.with { $0.isComposite = true })
    }
    for order in 1...2 {
      rows.add(
        .general(
          "centralDifferences at points, of order \(order)", ["Tensor.centralDifferences(at: Tensor, axis: Int, edgeOrder: Int)"],
          cases: [[[2, 4], [4]], [[1, 3], [3]]], domains: [.any, .any]
        ) {
          $0[0].centralDifferences(at: $0[1] * 0.1 + Tensor.arange($0[1].elementCount).cast(to: $0[1].dtype), edgeOrder: order)
        } reference: { x in
          x[0].along(1) { slopes($0, x[1].values.enumerated().map { $1 * 0.1 + Double($0) }, order) }
        }.with { $0.isComposite = true })
    }
  }

  private static func histograms(_ rows: inout [OperatorRow]) {
    let name = "Tensor.histogram(edges: Tensor, weights: Tensor?, isDensity: Bool)"
    let edges: [Double] = [-1.5, -0.5, 0.25, 1.75]
    @Sendable func bins(_ x: [Double], _ w: [Double]) -> [Double] {
      var counts = [0.0, 0, 0]
      for (number, weight) in zip(x, w) {
        for i in 0..<3 {
          let isLast = i == 2 && number == edges[3]
          if isLast || number >= edges[i] && number < edges[i + 1] { counts[i] += weight }
        }
      }
      return counts
    }
    @Sendable func tensor(_ dtype: DType) -> Tensor { Tensor(edges, dtype) }
    rows.add(
      .general(
        "histogram between edges", [name], cases: [[[3, 4]], [[]], [[0]]], domains: [.multiples(offset: 0)], slope: OperatorRow.Slope.none
      ) {
        $0[0].histogram(edges: tensor($0[0].dtype))
      } reference: {
        Grid(bins($0[0].values, $0[0].values.map { _ in 1 }))
      })
    rows.add(
      .general(
        "histogram of weights", [name], cases: [[[9], [9]], [[3, 4], [3, 4]]], domains: [.multiples(offset: 0), .real(0.5, 2)],
        slope: .inputs([1])
      ) {
        $0[0].histogram(edges: tensor($0[0].dtype), weights: $0[1], isDensity: true)
      } reference: { x in
        let counts = bins(x[0].values, x[1].values)
        let total = counts.reduce(0, +)
        let heights: [Double] = (0..<3).map { (i: Int) -> Double in counts[i] / (edges[i + 1] - edges[i]) / total }
        return Grid(heights)
      }.with {
        $0.isComposite = true
        $0.takesEqualElements = false
      })
  }

  private static func segments(_ rows: inout [OperatorRow]) {
    let reductions: [(ScatterReduction, Double, @Sendable ([Double]) -> Double)] = [
      (.sum, 0, { $0.reduce(0, +) }), (.product, 1, { $0.reduce(1, *) }), (.mean, 0, { $0.reduce(0, +) / Double($0.count) }),
      (.maximum, -.infinity, { $0.reduce(-.infinity, max) }), (.minimum, .infinity, { $0.reduce(.infinity, min) }),
    ]
    for (reduction, _, combine) in reductions {
      rows.add(
        .general(
          "combiningSegments by \(reduction)", ["Tensor.combiningSegments(lengths: Tensor, by: ScatterReduction, initial: Double?)"],
          cases: [[[6, 2]], [[3]], [[9, 1, 2]]], domains: [.distinct]
        ) { x in
          let n = x[0].shape[0]
          return (x[0] * 0.5).combiningSegments(lengths: Tensor([n / 3, n - n / 3]), by: reduction)
        } reference: { x in
          let (n, inner) = (x[0].shape[0], x[0].shape.dropFirst().reduce(1, *))
          return Grid(
            [2] + x[0].shape.dropFirst(),
            (0..<2 * inner).map { at in
              let rows = at / inner == 0 ? 0..<n / 3 : n / 3..<n
              return combine(rows.map { x[0].values[$0 * inner + at % inner] * 0.5 })
            })
        }.with {
          $0.isComposite = true
          $0.hasKnownShape = false
          $0.takesEqualElements = false
        })
    }
    rows.add(
      .general(
        "combiningSegments, empty and with a beginning",
        ["Tensor.combiningSegments(lengths: Tensor, by: ScatterReduction, initial: Double?)"],
        cases: [[[4]]]
      ) {
        $0[0].combiningSegments(lengths: [0, 3, 1], by: .sum, initial: 2)
      } reference: { x in
        Grid([2, 2 + x[0].values[..<3].reduce(0, +), 2 + x[0].values[3]])
      }.with { $0.hasKnownShape = false })
  }

  private static func unpooling(_ rows: inout [OperatorRow]) {
    let name = "maxUnpool(_: Tensor, at: Tensor, window: PerAxis, stride: PerAxis?, padding: PerAxis, size: PerAxis?)"
    rows.add(
      .general("maxUnpool", [name, "struct Unpool"], cases: [[[2, 3, 4, 6]], [[1, 1, 2, 2]]], domains: [.distinct]) { x in
        maxUnpool(maxPool(x[0], window: 2), at: maxPoolPositions(x[0], window: 2), window: 2)
      } reference: { x in
        // What is not the largest of its window is 0.
        Grid(x[0].shape) { at in
          let (i, k) = (at[2] / 2 * 2, at[3] / 2 * 2)
          let window = [0, 1].flatMap { a in [0, 1].map { b in x[0][[at[0], at[1], i + a, k + b]] } }
          return x[0][at] == window.max()! ? x[0][at] : 0
        }
      }.with {
        $0.takesEqualElements = false
        $0.isComposite = true
      })
    rows.add(
      .general("maxUnpool to a size", [name, "struct Unpool"], cases: [[[2, 2]]]) {
        maxUnpool($0[0], at: [[0, 3], [6, 2]], window: [3], stride: [2], padding: [1], size: [7])
      } reference: { x in
        var y = Grid([2, 7]) { _ in 0 }
        for (i, at) in [[0, 0], [0, 3], [1, 6], [1, 2]].enumerated() { y[at] = x[0].values[i] }
        return y
      })
  }
}
