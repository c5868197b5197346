import Foundation
import Tensors

extension OperatorTable {
  /// Rows of n numbers less their mean, over their deviation.
  private static func normalized(_ x: [Double], _ n: Int, epsilon: Double, isCentered: Bool = true) -> [Double] {
    var y = x
    for start in stride(from: 0, to: x.count, by: max(1, n)) {
      let row = x[start..<start + n]
      let mean = isCentered ? row.reduce(0, +) / Double(n) : 0
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(n)
      for i in start..<start + n { y[i] = (x[i] - mean) / (variance + epsilon).squareRoot() }
    }
    return y
  }

  /// [channels] as [channels, 1, …] beside [batch, channels, …].
  private static func perChannel(_ x: Grid, _ rank: Int) -> Grid { Grid(x.shape + Array(repeating: 1, count: rank - 2), x.values) }

  private static func affine(_ x: Grid, _ w: Grid, _ b: Grid) -> Grid { .zip(x, w, b) { $0 * $1 + $2 } }

  /// Channels of a batch less the batch's mean, over its deviation.
  private static func batchNormalized(_ x: Grid, epsilon: Double) -> Grid {
    var order = Array(0..<x.rank)
    order.swapAt(0, 1)
    let moved = x.permuted(order)
    let n = x.shape[1] == 0 ? 0 : x.count / x.shape[1]
    return Grid(moved.shape, normalized(moved.values, n, epsilon: epsilon)).permuted(order)
  }

  static let normalization = list { rows in
    let layerNorms = [
      "layerNorm(_: Tensor, over: Shape, weight: Tensor?, bias: Tensor?, epsilon: Double)", "struct NormalizeRows",
      "struct NormalizeRowsGradient",
    ]
    let three: ([[Int]]) -> [[[Int]]] = { shapes in shapes.map { [$0, [$0.last!], [$0.last!]] } }
    rows.add(
      .general("layerNorm", layerNorms, cases: three([[2, 3, 4], [1, 1, 1], [2, 0, 4], [3, 0], [40, 900], [3, 2100]])) {
        layerNorm($0[0], over: [$0[0].shape[-1]], weight: $0[1], bias: $0[2], epsilon: 0.5)
      } reference: { x in
        affine(Grid(x[0].shape, normalized(x[0].values, x[0].shape.last!, epsilon: 0.5)), x[1], x[2])
      }.with {
        $0.takesEqualElements = false
        $0.specials = [
          .init(inputs: [Grid([.nan, 1]), Grid([1, 1]), Grid([0, 2])], result: Grid([.nan, .nan])),
          .init(inputs: [Grid([3, 3]), Grid([1, 1]), Grid([0, 2])], result: Grid([0, 2])),
        ]
      })
    rows.add(
      .general("layerNorm over two axes, with the bias alone", layerNorms, cases: [[[2, 3, 4], [3, 4]], [[2, 0, 4], [0, 4]]]) {
        layerNorm($0[0], over: $0[1].shape, bias: $0[1], epsilon: 0.3)
      } reference: { x in
        .zip(Grid(x[0].shape, normalized(x[0].values, x[1].count, epsilon: 0.3)), x[1]) { $0 + $1 }
      }.with { $0.takesEqualElements = false })
    rows.add(
      .general("layerNorm without parameters", layerNorms, cases: [[[3, 5]], [[60, 700]]]) {
        layerNorm($0[0], over: [$0[0].shape[-1]])
      } reference: { x in
        Grid(x[0].shape, normalized(x[0].values, x[0].shape.last!, epsilon: 1e-5))
      }.with { $0.takesEqualElements = false })
    let rmsNorms = ["rmsNorm(_: Tensor, over: Shape, weight: Tensor?, epsilon: Double?)"]
    rows.add(
      .general("rmsNorm", rmsNorms, cases: [[[2, 3, 4], [4]], [[1, 1], [1]], [[0, 3], [3]], [[40, 900], [900]]]) {
        rmsNorm($0[0], over: [$0[0].shape[-1]], weight: $0[1], epsilon: 0.5)
      } reference: { x in
        .zip(Grid(x[0].shape, normalized(x[0].values, x[0].shape.last!, epsilon: 0.5, isCentered: false)), x[1]) { $0 * $1 }
      })
    rows.add(
      .general("rmsNorm without a weight", rmsNorms, cases: [[[3, 5]]], domains: [.real(0.5, 2)]) {
        rmsNorm($0[0], over: [$0[0].shape[-1]])
      } reference: { x in
        Grid(x[0].shape, normalized(x[0].values, x[0].shape.last!, epsilon: 0, isCentered: false))
      }.with { $0.takesEqualElements = false })
    channels(&rows)
    batches(&rows)
    rows.add(
      .general(
        "localResponseNorm", ["localResponseNorm(_: Tensor, size: Int, alpha: Double, beta: Double, k: Double)"],
        cases: [[[2, 5, 3]], [[1, 1, 2]], [[0, 4]], [[2, 7, 100]]]
      ) {
        localResponseNorm($0[0], size: 4, alpha: 0.8, beta: 0.75, k: 1.5)
      } reference: { x in
        let x = x[0]
        return Grid(x.shape) { at in
          var sum = 0.0
          for c in at[1] - 2...at[1] + 1 where c >= 0 && c < x.shape[1] {
            var other = at
            other[1] = c
            sum += x[other] * x[other]
          }
          return x[at] / pow(0.8 * sum / 4 + 1.5, 0.75)
        }
      }.with { $0.isComposite = true })
  }

  private static func channels(_ rows: inout [OperatorRow]) {
    let cases = [[4, 6, 3], [1, 2], [2, 4, 2, 2], [0, 2, 3]].map { [$0, [$0[1]], [$0[1]]] }
    rows.add(
      .general(
        "groupNorm", ["groupNorm(_: Tensor, groups: Int, weight: Tensor?, bias: Tensor?, epsilon: Double)"],
        cases: cases + [[[3, 6, 3000], [6], [6]]]
      ) {
        groupNorm($0[0], groups: 2, weight: $0[1], bias: $0[2], epsilon: 0.5)
      } reference: { x in
        let n = x[0].shape.dropFirst(2).reduce(x[0].shape[1] / 2, *)
        let rank = x[0].rank
        return affine(
          Grid(x[0].shape, normalized(x[0].values, n, epsilon: 0.5)), perChannel(x[1], rank), perChannel(x[2], rank))
      })
    rows.add(
      .general(
        "instanceNorm", ["instanceNorm(_: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Double)"],
        cases: [[[2, 3, 4], [3]], [[1, 2, 2, 2], [2]]]
      ) {
        instanceNorm($0[0], weight: $0[1], epsilon: 0.5)
      } reference: { x in
        let n = x[0].shape.dropFirst(2).reduce(1, *)
        return .zip(Grid(x[0].shape, normalized(x[0].values, n, epsilon: 0.5)), perChannel(x[1], x[0].rank)) { $0 * $1 }
      }.with { $0.takesEqualElements = false })
  }

  private static func batches(_ rows: inout [OperatorRow]) {
    let covers = [
      "batchNorm(_: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Double)", "struct BatchNorm", "struct BatchNormGradient",
    ]
    // Few elements a channel of an image are a composition, many the fused pass.
    for (name, cases) in [
      ("of images", [[3, 2, 3, 4], [2, 3, 9], [1, 1, 8], [0, 2, 8], [8, 40, 120]]),
      ("of features", [[4, 3], [3, 2, 2], [2, 1], [0, 3]]),
    ] {
      rows.add(
        .general("batchNorm \(name)", covers, cases: cases.map { [$0, [$0[1]], [$0[1]]] }) {
          batchNorm($0[0], weight: $0[1], bias: $0[2], epsilon: 0.5)
        } reference: { x in
          affine(batchNormalized(x[0], epsilon: 0.5), perChannel(x[1], x[0].rank), perChannel(x[2], x[0].rank))
        })
      rows.add(
        .general("batchNorm \(name) without parameters", covers, cases: cases.map { [$0] }) {
          batchNorm($0[0], epsilon: 0.5)
        } reference: { x in
          batchNormalized(x[0], epsilon: 0.5)
        }.with { $0.takesEqualElements = false })
    }
    let updating = [
      "batchNorm(_: Tensor, updating: inout Tensor, _: inout Tensor, momentum: Double, weight: Tensor?, bias: Tensor?, epsilon: Double)",
      "batchNorm(_: Tensor, updating: inout Tensor, _: inout Tensor, momentum: (new: Tensor, old: Tensor), weight: Tensor?, bias: Tensor?, epsilon: Double)",
    ]
    rows.add(
      .general("batchNorm with running statistics", updating, cases: [[[3, 2, 9], [2]], [[4, 3], [3]]]) {
        var (mean, variance) = (Tensor.zeros([$0[0].shape[1]], $0[0].dtype), Tensor.ones([$0[0].shape[1]], $0[0].dtype))
        return batchNorm($0[0], updating: &mean, &variance, bias: $0[1], epsilon: 0.5)
      } reference: { x in
        .zip(batchNormalized(x[0], epsilon: 0.5), perChannel(x[1], x[0].rank)) { $0 + $1 }
      }.with { $0.takesEqualElements = false })
    for (i, name) in ["mean", "variance"].enumerated() {
      rows.add(
        .general("batchNorm's running \(name)", updating, cases: [[[3, 2, 9]], [[4, 3]]], slope: .flat) {
          var (mean, variance) = (Tensor.full([$0[0].shape[1]], 0.5, $0[0].dtype), Tensor.full([$0[0].shape[1]], 2, $0[0].dtype))
          _ = batchNorm($0[0], updating: &mean, &variance, momentum: 0.3)
          return [mean, variance][i]
        } reference: { x in
          x[0].reduced((0..<x[0].rank).filter { $0 != 1 }, keepDims: false) { x in
            let mean = x.reduce(0, +) / Double(x.count)
            let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count - 1)
            return i == 0 ? 0.7 * 0.5 + 0.3 * mean : 0.7 * 2 + 0.3 * variance
          }
        })
    }
    let any = Domain.any
    rows.add(
      .general(
        "batchNorm by given statistics",
        ["batchNorm(_: Tensor, mean: Tensor, variance: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Double)"],
        cases: [[3, 2, 4], [2, 1], [0, 3], [8, 4, 1100]].map { [$0, [$0[1]], [$0[1]], [$0[1]], [$0[1]]] },
        domains: [any, any, .real(0.5, 2), any, any]
      ) {
        batchNorm($0[0], mean: $0[1], variance: $0[2], weight: $0[3], bias: $0[4], epsilon: 0.1)
      } reference: { x in
        let p = x.dropFirst().map { perChannel($0, x[0].rank) }
        let centered = Grid.zip(x[0], p[0], p[1]) { ($0 - $1) / ($2 + 0.1).squareRoot() }
        return affine(centered, p[2], p[3])
      })
  }
}
