import Foundation
import Tensors

extension OperatorTable {
  private static func norm(_ x: [Double], _ p: Double) -> Double {
    switch p {
    case 0: Double(x.filter { $0 != 0 }.count)
    case .infinity: x.reduce(0) { max($0, abs($1)) }
    case -.infinity: x.reduce(.infinity) { min($0, abs($1)) }
    default: pow(x.reduce(0) { $0 + pow(abs($1), p) }, 1 / p)
    }
  }

  static let distances = list { rows in
    for p in [0, 0.5, 1, 2, 3, .infinity, -.infinity, -1] {
      rows.add(
        .general(
          "normalized by the \(p)-norm", ["Tensor.normalized(order: Double, axis: Int, epsilon: Double)"],
          cases: [[[2, 3, 4]], [[1, 1, 1]], [[0, 3, 2]], [[3, 40, 50]]], domains: [p.isInfinite ? .distinct : .real(-2, 2, avoiding: [0])],
          slope: p == -.infinity ? OperatorRow.Slope.none : nil
        ) {
          $0[0].normalized(order: p, axis: 1)
        } reference: { x in
          .zip(x[0], x[0].reduced([1], keepDims: true) { norm($0, p) }) { $0 / max($1, 1e-12) }
        }.with {
          $0.takesEqualElements = false
          $0.isComposite = true
        })
    }
    rows[3].specials = [.init(inputs: [Grid([1, 2, 1], [0, 0])], result: Grid([1, 2, 1], [0, 0]))]
    rows.add(
      .general(
        "cosineSimilarity", ["cosineSimilarity(_: Tensor, _: Tensor, axis: Int, epsilon: Double)"],
        cases: [[[2, 3, 4], [2, 3, 4]], [[2, 1, 4], [3, 4]], [[1], [1]], [[0, 2], [0, 2]], [[50, 30], [50, 30]]],
        domains: [.real(0.2, 2), .any]
      ) {
        cosineSimilarity($0[0], $0[1])
      } reference: { x in
        let last = x[0].rank > x[1].rank ? x[0].rank - 1 : x[1].rank - 1
        func sum(_ a: Grid, _ b: Grid) -> Grid { Grid.zip(a, b) { $0 * $1 }.reduced([last], keepDims: false) { $0.reduce(0, +) } }
        let ones = (x[0].map { _ in 1 }, x[1].map { _ in 1 })
        let (xx, yy) = (sum(x[0].map { $0 * $0 }, ones.1), sum(ones.0, x[1].map { $0 * $0 }))
        return .zip(sum(x[0], x[1]), xx, yy) { $0 / max($1.squareRoot(), 1e-8) / max($2.squareRoot(), 1e-8) }
      }.with {
        $0.takesEqualElements = false
        $0.isComposite = true
      })
    for p in [1.0, 2, 2.5] {
      rows.add(
        .general(
          "rowDistance by the \(p)-norm", ["rowDistance(_: Tensor, _: Tensor, order: Double, epsilon: Double, keepDims: Bool)"],
          cases: [[[2, 3, 4], [2, 3, 4]], [[2, 4], [4]], [[3], [3]], [[0, 2], [2]]],
          domains: [.multiples(offset: 0), .multiples(offset: 0.125)]
        ) {
          rowDistance($0[0], $0[1], order: p, epsilon: 0.01, keepDims: p == 1)
        } reference: { x in
          let d = Grid.zip(x[0], x[1]) { $0 - $1 + 0.01 }
          return d.reduced([d.rank - 1], keepDims: p == 1) { norm($0, p) }
        })
    }
  }
}
