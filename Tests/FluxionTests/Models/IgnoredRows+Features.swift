import Fluxion

extension IgnoredRow {
  static let features: [IgnoredRow] =
    attentions + bags + [
      IgnoredRow("mean of what is no NaN", fills: [.nan], [(noise([4, 5]), nil)]) { x in
        select(thirds([4, 5]), Tensor.full([], Double.nan, x[0].dtype), x[0]).mean(axis: 1, ignoringNaN: true)
      },
      IgnoredRow("layerNorm, rows that nobody reads", isSmooth: false, [(noise([6, 5]), thirds([6, 1])), (noise([5], 2), nil)]) {
        select(thirds([6, 1]), 0, layerNorm($0[0], over: [5], weight: $0[1], bias: $0[1]))
      },
      IgnoredRow("lstm, behind the lengths", [(noise([3, 4, 8]), behind), (noise([8, 2], 2), nil), (noise([3, 2], 3), nil)]) {
        let y = lstm($0[0], weight: $0[1], hidden: $0[2], cell: $0[2], lengths: lengths)
        return concatenate([y.outputs.reshaped([3, -1]), y.hidden, y.cell], axis: 1)
      },
      IgnoredRow("gru, behind the lengths", [(noise([3, 4, 6]), behind), (noise([6, 2], 2), nil), (noise([3, 2], 3), nil)]) {
        let y = gru($0[0], weight: $0[1], hidden: $0[2], lengths: lengths)
        return concatenate([y.outputs.reshaped([3, -1]), y.hidden], axis: 1)
      },
      IgnoredRow("recurrence, behind the lengths", [(noise([3, 4, 2]), behind), (noise([2, 2], 2), nil), (noise([3, 2], 3), nil)]) {
        let y = recurrence($0[0], weight: $0[1], hidden: $0[2], lengths: lengths)
        return concatenate([y.outputs.reshaped([3, -1]), y.hidden], axis: 1)
      },
    ]

  static let lengths = [4, 2, 0]
  /// [3, 4, 1], true behind the lengths.
  static let behind = (.!sequenceMask(lengths: lengths, length: 4)).unsqueezed(axis: 2)

  /// Small products, large ones, heads in groups, operands that do not lie in rows.
  private static let attentions: [IgnoredRow] = {
    var rows: [IgnoredRow] = []
    for (q, k, f) in [([2, 3, 4], [2, 5, 4], 3), ([2, 40, 16], [2, 70, 16], 24), ([2, 4, 9, 8], [2, 2, 20, 8], 8)] {
      let (queries, keys) = (q[q.count - 2], k[k.count - 2])
      let isHidden = Tensor.arange(keys) % 3 .== 1
      let column = isHidden.unsqueezed(axis: 1)
      let v = noise(Shape(k.dropLast() + [f]), 3)
      let all: [Operand] = [(noise(Shape(q)), nil), (noise(Shape(k), 2), column), (v, column)]
      let size = "of \(q) and \(k)"
      rows.append(
        IgnoredRow("attention \(size), a mask", [all[0], all[1], all[2]]) {
          attention($0[0], $0[1], $0[2], mask: (.!isHidden).unsqueezed(axis: 0))
        })
      let added: @Sendable (DType) -> Tensor = { select(isHidden, Tensor.full([], -Double.infinity, $0), 0.25).unsqueezed(axis: 0) }
      rows.append(IgnoredRow("attention \(size), a mask of numbers", all) { attention($0[0], $0[1], $0[2], mask: added($0[0].dtype)) })
      rows.append(
        IgnoredRow("attention \(size), dropout", isSmooth: false, all) {
          var random = RandomStream(seed: 3)
          return attention($0[0], $0[1], $0[2], mask: (.!isHidden).unsqueezed(axis: 0), dropout: 0.3, using: &random)
        })
      rows.append(
        IgnoredRow("attentionWeights \(size)", [all[0], all[1]]) { attentionWeights($0[0], $0[1], mask: (.!isHidden).unsqueezed(axis: 0)) })
      // What comes later has no influence on what came before; nor have queries that nobody asks for.
      let later = (Tensor.arange(keys) .>= 2).unsqueezed(axis: 1)
      let laterQueries = (Tensor.arange(queries) .>= 2).unsqueezed(axis: 1)
      rows.append(
        IgnoredRow("attention \(size), causal", isSmooth: false, [(noise(Shape(q)), laterQueries), (all[1].x, later), (v, later)]) {
          attention($0[0], $0[1], $0[2], isCausal: true)[.ellipsis, 0..<2, .all]
        })
    }
    rows.append(
      IgnoredRow(
        "attention of transposed operands", isSmooth: false,
        [(noise([2, 4, 3]), nil), (noise([2, 4, 5], 2), Tensor.arange(5) .== 2), (noise([2, 3, 5], 3), Tensor.arange(5) .== 2)]
      ) {
        attention($0[0].transposed(), $0[1].transposed(), $0[2].transposed(), mask: (Tensor.arange(5) .!= 2).unsqueezed(axis: 0))
      })
    return rows
  }()

  private static let bags: [IgnoredRow] = {
    var rows: [IgnoredRow] = []
    let ids = Tensor([0, 1, 2, 3, 2, 2, 4, 1], shape: [2, 4], .int64)
    let table: Operand = (noise([5, 3]), (Tensor.arange(5) .== 2).unsqueezed(axis: 1))
    for reduction in [BagReduction.sum, .mean, .max] {
      for length in [nil, 0.8] {
        rows.append(
          IgnoredRow("embeddingBag, \(reduction), norms up to \(length ?? .infinity)", isSmooth: length == nil, [table]) {
            embeddingBag(ids, $0[0], reduction: reduction, paddingIndex: 2, maxNorm: length)
          })
      }
    }
    for length in [nil, 0.8] {
      rows.append(
        IgnoredRow("embeddingBag, factors of 0, norms up to \(length ?? .infinity)", isSmooth: false, [table]) {
          let factors = select(ids .== 2, Tensor.full([], 0, $0[0].dtype), 1.5)
          return embeddingBag(ids, $0[0], reduction: .sum, weights: factors, maxNorm: length)
        })
    }
    return rows
  }()
}
