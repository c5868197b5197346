import Foundation
import Tensors

extension OperatorTable {
  /// Attention of [batches, queries, features], [batches, keys, features] and [batches, keys, outputs]; `score` changes a score.
  private static func attended(
    _ q: Grid, _ k: Grid, _ v: Grid, scale: Double? = nil, score: ([Int], Double) -> Double = { $1 },
    weight: ([Int], Double) -> Double = { $1 }
  ) -> Grid {
    let (keys, width) = (k.shape[1], q.shape[2])
    let scale = scale ?? 1 / Double(width).squareRoot()
    var y = Grid([q.shape[0], q.shape[1], v.shape[2]]) { _ in 0 }
    for b in 0..<q.shape[0] {
      for i in 0..<q.shape[1] {
        let scores = (0..<keys).map { j in
          score([b, i, j], (0..<width).reduce(0) { $0 + q[[b, i, $1]] * k[[b, j, $1]] } * scale)
        }
        let largest = scores.max() ?? 0
        if largest == -.infinity { continue }
        let sum = scores.reduce(0) { $0 + exp($1 - largest) }
        for o in 0..<v.shape[2] {
          y[[b, i, o]] = (0..<keys).reduce(0) { $0 + weight([b, i, $1], exp(scores[$1] - largest) / sum) * v[[b, $1, o]] }
        }
      }
    }
    return y
  }

  private static let plain = [
    "attention(_: Tensor, _: Tensor, _: Tensor, mask: Tensor?, isCausal: Bool, scale: Double?)", "struct Attention",
    "struct AttentionGradient",
  ]

  static let attention = list { rows in
    let shapes = [[[2, 3, 4], [2, 5, 4], [2, 5, 2]], [[1, 1, 1], [1, 1, 1], [1, 1, 1]], [[2, 0, 3], [2, 2, 3], [2, 2, 3]]]
    let large = [[2, 70, 16], [2, 80, 16], [2, 80, 24]]
    rows.add(
      .general(
        "attention", plain, cases: shapes + [[[2, 3, 4], [2, 0, 4], [2, 0, 2]], large, [[40, 9, 8], [40, 9, 8], [40, 9, 8]]]
      ) {
        Tensors.attention($0[0], $0[1], $0[2])
      } reference: { x in
        attended(x[0], x[1], x[2])
      })
    rows.add(
      .general("attention, causal", plain, cases: shapes + [large]) {
        Tensors.attention($0[0], $0[1], $0[2], isCausal: true, scale: 0.3)
      } reference: { x in
        attended(x[0], x[1], x[2], scale: 0.3) { $0[2] <= $0[1] ? $1 : -.infinity }
      })
    // The second query sees nothing, others some.
    let seen: @Sendable (Int, Int) -> Bool = { i, j in i != 1 && (i + 2 * j) % 3 != 1 }
    rows.add(
      .general("attention under a mask", plain, cases: [shapes[0], large]) {
        let (queries, keys) = ($0[0].shape[-2], $0[1].shape[-2])
        let mask = Tensor((0..<queries * keys).map { seen($0 / keys, $0 % keys) }, shape: [queries, keys])
        return Tensors.attention($0[0], $0[1], $0[2], mask: mask)
      } reference: { x in
        attended(x[0], x[1], x[2]) { seen($0[1], $0[2]) ? $1 : -.infinity }
      })
    rows.add(
      .general("attention with a number added for each key", plain, cases: [shapes[0], large]) {
        let bias = Tensor.arange($0[1].shape[-2]).cast(to: $0[0].dtype) * 0.25
        return Tensors.attention($0[0], $0[1], $0[2], mask: bias.unsqueezed(axis: 0))
      } reference: { x in
        attended(x[0], x[1], x[2]) { $1 + 0.25 * Double($0[2]) }
      })
    rows.add(
      .general("attention under a mask that is learnt", plain, cases: [shapes[0] + [[3, 5]]]) {
        Tensors.attention($0[0], $0[1], $0[2], mask: $0[3], isCausal: true)
      } reference: { x in
        attended(x[0], x[1], x[2]) { $0[2] <= $0[1] ? $1 + x[3][[$0[1], $0[2]]] : -.infinity }
      })
    // Four heads of queries, two of keys: heads 0 and 1 share the first.
    rows.add(
      .general("attention of groups of heads", plain, cases: [[[1, 4, 3, 2], [1, 2, 5, 2], [1, 2, 5, 2]]]) {
        Tensors.attention($0[0], $0[1], $0[2])
      } reference: { x in
        func heads(_ x: Grid, _ each: Int) -> Grid { Grid([4, x.shape[2], x.shape[3]]) { x[[0, $0[0] / each, $0[1], $0[2]]] } }
        let y = attended(heads(x[0], 1), heads(x[1], 2), heads(x[2], 2))
        return Grid([1] + y.shape, y.values)
      })
    rows.add(
      .general("attention of queries for several batches", plain, cases: [[[3, 4], [2, 5, 4], [2, 5, 2]]]) {
        Tensors.attention($0[0], $0[1], $0[2])
      } reference: { x in
        attended(x[0].expanded([2, 3, 4]), x[1], x[2])
      })
    dropped(&rows)
    embeddings(&rows)
  }

  private static func dropped(_ rows: inout [OperatorRow]) {
    rows.add(
      .general(
        "attentionWeights", ["attentionWeights(_: Tensor, _: Tensor, mask: Tensor?, isCausal: Bool, scale: Double?)"],
        cases: [[[2, 3, 4], [2, 5, 4]], [[1, 1, 1], [1, 1, 1]]]
      ) {
        attentionWeights($0[0], $0[1], isCausal: true)
      } reference: { x in
        // Values that are the identity give the weights.
        let (batches, keys) = (x[1].shape[0], x[1].shape[1])
        return attended(x[0], x[1], Grid([batches, keys, keys]) { $0[1] == $0[2] ? 1 : 0 }) { $0[2] <= $0[1] ? $1 : -.infinity }
      }.with { $0.slope = .inputs([0, 1]) })
    rows.add(
      .general(
        "attention with dropout",
        [
          "attention(_: Tensor, _: Tensor, _: Tensor, mask: Tensor?, isCausal: Bool, scale: Double?, dropout: Double, using: inout RandomStream)"
        ], cases: [[[2, 3, 4], [2, 5, 4], [2, 5, 2]], [[2, 70, 16], [2, 80, 16], [2, 80, 16]]]
      ) {
        var random = RandomStream(seed: 7)
        return Tensors.attention($0[0], $0[1], $0[2], dropout: 0.4, using: &random)
      } reference: { x in
        var random = RandomStream(seed: 7)
        let shape = [x[0].shape[0], x[0].shape[1], x[1].shape[1]]
        let mask = Grid(Tensor.ones(Shape(shape), .float64).dropout(probability: 0.4, using: &random))
        return attended(x[0], x[1], x[2], weight: { $1 * mask[$0] })
      }.with { $0.dtypes = [.float64] })
  }

  private static func embeddings(_ rows: inout [OperatorRow]) {
    let places: @Sendable (Int) -> [Int] = { rows in (0..<6).map { ($0 * 7 + 3) % max(1, rows) } }
    let covers = [
      "embedding(_: Tensor, _: Tensor, paddingIndex: Int?, maxNorm: Double?, order: Double, scalesByFrequency: Bool)", "struct Embedding",
      "struct CombineRows",
    ]
    let cases = [[[5, 4]], [[1, 1]], [[3, 0]], [[40, 60]]]
    rows.add(
      .general("embedding", covers, cases: cases) {
        embedding(Tensor(places($0[0].shape[0]), shape: [2, 3]), $0[0])
      } reference: { x in
        let places = places(x[0].shape[0])
        return Grid([2, 3, x[0].shape[1]]) { x[0][[places[$0[0] * 3 + $0[1]], $0[2]]] }
      })
    rows.add(
      .general("embedding of rows that are shortened", covers, cases: cases, domains: [.real(0.8, 2)]) {
        embedding(Tensor(places($0[0].shape[0]).map { Int32($0) }), $0[0], maxNorm: 0.5, order: 1)
      } reference: { x in
        let places = places(x[0].shape[0])
        let norms = x[0].reduced([1], keepDims: false) { $0.reduce(0) { $0 + abs($1) } }
        return Grid([6, x[0].shape[1]]) { at in
          let norm = norms.values[places[at[0]]]
          return x[0][[places[at[0]], at[1]]] * (norm > 0.5 ? 0.5 / (norm + 1e-7) : 1)
        }
      })

    let bagCovers = [
      "embeddingBag(_: Tensor, _: Tensor, offsets: Tensor?, reduction: BagReduction, weights: Tensor?, paddingIndex: Int?, "
        + "includesEnd: Bool, maxNorm: Double?, order: Double, scalesByFrequency: Bool)", "struct LargestRows", "struct CombineRows",
    ]
    // Bags of the six: 0 and 1, none, 2 to 4; the end is given, and leaves out the last.
    let bags = [[0, 1], [], [2, 3, 4]]
    @Sendable func bagged(_ x: Grid, _ reduce: ([Int], (Int) -> Double) -> Double) -> Grid {
      let places = places(x.shape[0])
      return Grid([3, x.shape[1]]) { at in reduce(bags[at[0]]) { x[[places[$0], at[1]]] } }
    }
    let offsets = [0, 2, 2, 5]
    rows.add(
      .general("embeddingBag, weighted sums", bagCovers, cases: cases.map { $0 + [[6]] }) {
        embeddingBag(
          Tensor(places($0[0].shape[0])), $0[0], offsets: Tensor(offsets), reduction: .sum, weights: $0[1], includesEnd: true)
      } reference: { x in
        bagged(x[0]) { bag, number in bag.reduce(0) { $0 + x[1].values[$1] * number($1) } }
      })
    rows.add(
      .general("embeddingBag, means", bagCovers, cases: cases) {
        embeddingBag(Tensor(places($0[0].shape[0])), $0[0], offsets: Tensor(offsets), includesEnd: true)
      } reference: { x in
        bagged(x[0]) { bag, number in bag.reduce(0) { $0 + number($1) } / Double(max(1, bag.count)) }
      })
    rows.add(
      .general("embeddingBag, the largest", bagCovers, cases: cases, domains: [.distinct]) {
        embeddingBag(Tensor(places($0[0].shape[0])), $0[0], offsets: Tensor(offsets), reduction: .max, includesEnd: true)
      } reference: { x in
        bagged(x[0]) { bag, number in bag.map { number($0) }.max() ?? 0 }
      }.with { $0.takesEqualElements = false })
    rows.add(
      .general("embeddingBag of a matrix, with padding", bagCovers, cases: [[[5, 4]], [[40, 60]]]) {
        embeddingBag(Tensor(places($0[0].shape[0]), shape: [2, 3]), $0[0], reduction: .sum, paddingIndex: 0)
      } reference: { x in
        let places = places(x[0].shape[0])
        return Grid([2, x[0].shape[1]]) { at in
          places[at[0] * 3..<at[0] * 3 + 3].reduce(0) { $1 == 0 ? $0 : $0 + x[0][[$1, at[1]]] }
        }
      })
  }
}
