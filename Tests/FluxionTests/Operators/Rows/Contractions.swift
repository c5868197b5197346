import RealModule
import Tensors

extension OperatorTable {
  /// An equation by its definition: a loop over all letters.
  private static func einsum(_ inputs: [String], _ output: String, _ x: [Grid]) -> Grid {
    var sizes: [Character: Int] = [:]
    for (letters, x) in zip(inputs, x) {
      for (letter, size) in zip(letters, x.shape) where (sizes[letter] ?? 1) == 1 { sizes[letter] = size }
    }
    let all = Array(output) + Set(inputs.joined()).subtracting(output).sorted()
    var y = Grid(output.map { sizes[$0]! }) { _ in 0 }
    _ = Grid(all.map { sizes[$0]! }) { position in
      let places = Dictionary(uniqueKeysWithValues: zip(all, position))
      var product = 1.0
      for (letters, x) in zip(inputs, x) { product *= x[zip(letters, x.shape).map { $1 == 1 ? 0 : places[$0]! }] }
      y[output.map { places[$0]! }] += product
      return 0
    }
    return y
  }

  static let contractions = list { rows in
    let equations: [(String, [String], String, [[[Int]]])] = [
      ("ij,jk->ik", ["ij", "jk"], "ik", [[[2, 3], [3, 4]], [[0, 3], [3, 4]], [[2, 0], [0, 4]], [[2, 1], [3, 4]]]),
      ("ij , jk", ["ij", "jk"], "ik", [[[2, 3], [3, 4]]]),
      ("bij,bj->bi", ["bij", "bj"], "bi", [[[2, 3, 4], [2, 4]], [[1, 3, 4], [2, 4]]]),
      ("ba", ["ba"], "ab", [[[2, 3]]]), ("ij->", ["ij"], "", [[[2, 3]], [[0, 3]]]),
      ("ii->i", ["ii"], "i", [[[3, 3]], [[0, 0]], [[1, 1]]]),
      ("ii", ["ii"], "", [[[3, 3]]]), ("iji->j", ["iji"], "j", [[[3, 2, 3]]]), ("i,j->ij", ["i", "j"], "ij", [[[3], [4]]]),
      ("i,i->i", ["i", "i"], "i", [[[3], [3]], [[1], [3]]]), ("i,i", ["i", "i"], "", [[[3], [3]]]),
      ("ij,k->i", ["ij", "k"], "i", [[[2, 3], [4]]]), ("ij,ij->ij", ["ij", "ij"], "ij", [[[2, 3], [2, 3]]]),
      ("aij,ajk,akl->ail", ["aij", "ajk", "akl"], "ail", [[[2, 2, 3], [2, 3, 4], [2, 4, 2]]]),
      ("i,ijk,lj,k->l", ["i", "ijk", "lj", "k"], "l", [[[2], [2, 3, 4], [5, 3], [4]]]),
      ("a,b,c,d,e,f->", ["a", "b", "c", "d", "e", "f"], "", [[[2], [3], [2], [3], [2], [2]]]),
      // Axes without letters: capitals here are what the reference calls them.
      ("...i,...i->...", ["XYi", "Yi"], "XY", [[[2, 3, 4], [3, 4]], [[2, 1, 4], [3, 4]]]),
      ("...ij,jk", ["XYij", "jk"], "XYik", [[[2, 1, 3, 2], [2, 3]]]), ("...i->i", ["XYi"], "i", [[[2, 3, 4]]]),
      ("i...->...i", ["iXY"], "XYi", [[[2, 3, 4]]]), ("...,...", ["XY", "Y"], "XY", [[[2, 3], [3]]]),
      ("bAc", ["bAc"], "Abc", [[[2, 3, 4]]]),
    ]
    for (equation, inputs, output, cases) in equations {
      rows.add(
        .general("einsum \(equation)", ["einsum(_: String, _: Tensor)", "einsum(_: String, _: [Tensor])"], cases: cases) {
          $0.count == 2 ? Tensors.einsum(equation, $0[0], $0[1]) : Tensors.einsum(equation, $0)
        } reference: {
          einsum(inputs, output, $0)
        }.with { $0.isComposite = true })
    }

    rows.add(
      .general(
        "tensordot", ["tensordot(_: Tensor, _: Tensor, axes: Int)"], cases: [[[2, 3, 4], [3, 4, 2]], [[0, 3, 4], [3, 4, 2]]],
        dtypes: OperatorRow.numbers
      ) {
        tensordot($0[0], $0[1])
      } reference: {
        einsum(["ijk", "jkl"], "il", $0)
      })
    let covers = ["tensordot(_: Tensor, _: Tensor, axes: ([Int], [Int]))"]
    rows.add(
      .general(
        "tensordot over named axes", covers, cases: [[[2, 3, 4], [4, 5, 2]], [[2, 3, 1], [4, 5, 2]], [[2, 3, 4], [4, 5, 1]]],
        dtypes: OperatorRow.numbers
      ) {
        tensordot($0[0], $0[1], axes: ([0, -1], [2, 0]))
      } reference: {
        einsum(["ijk", "kli"], "jl", $0)
      })
    rows.add(
      .general(
        "matmul of a chain", ["matmul(_: [Tensor])"],
        cases: [[[2, 5], [5, 3], [3, 1], [1, 4]], [[2, 0], [0, 3], [3, 1], [1, 2]]], dtypes: OperatorRow.numbers
      ) {
        matmul($0)
      } reference: {
        einsum(["ij", "jk", "kl", "lm"], "im", $0)
      }.with { $0.isComposite = true })
    rows.add(
      .general("matmul of a chain with vectors", ["matmul(_: [Tensor])"], cases: [[[2], [2, 3], [3]]]) {
        matmul($0)
      } reference: {
        einsum(["i", "ij", "j"], "", $0)
      })
    rows.add(
      .general(
        "cross", ["cross(_: Tensor, _: Tensor, axis: Int)"],
        cases: [[[2, 3], [2, 3]], [[1, 3], [4, 3]], [[3], [2, 3]], [[0, 3], [1, 3]]], dtypes: OperatorRow.numbers
      ) {
        cross($0[0], $0[1])
      } reference: { x in
        let sum = Grid.zip(x[0], x[1]) { a, _ in a }
        let (a, b) = (x[0].expanded(sum.shape), x[1].expanded(sum.shape))
        return Grid(sum.shape) { p in
          func at(_ x: Grid, _ i: Int) -> Double { x[Array(p.dropLast()) + [(p[p.count - 1] + i) % 3]] }
          return at(a, 1) * at(b, 2) - at(a, 2) * at(b, 1)
        }
      })
    rows.add(
      .general("cross along axis 0", ["cross(_: Tensor, _: Tensor, axis: Int)"], cases: [[[3, 2], [3, 2]]]) {
        cross($0[0], $0[1], axis: 0)
      } reference: { x in
        Grid([3, 2]) { p in
          func at(_ x: Grid, _ i: Int) -> Double { x[[(p[0] + i) % 3, p[1]]] }
          return at(x[0], 1) * at(x[1], 2) - at(x[0], 2) * at(x[1], 1)
        }
      })
    rows.add(
      .general(
        "kronecker", ["kronecker(_: Tensor, _: Tensor)"],
        cases: [[[2, 3], [4, 2]], [[3], [2, 2]], [[2, 1, 3], [2]], [[0, 2], [3, 2]], [[], [2]]], dtypes: OperatorRow.numbers
      ) {
        kronecker($0[0], $0[1])
      } reference: { x in
        let rank = max(x[0].rank, x[1].rank)
        let (a, b) = (
          x[0].expanded(Array(repeating: 1, count: rank - x[0].rank) + x[0].shape),
          x[1].expanded(Array(repeating: 1, count: rank - x[1].rank) + x[1].shape)
        )
        return Grid(zip(a.shape, b.shape).map { $0 * $1 }) { p in
          a[zip(p, b.shape).map { $0 / $1 }] * b[zip(p, b.shape).map { $0 % $1 }]
        }
      })
    for order in [2, 1, 3, 0.5, 1.5, 0, .infinity, -.infinity] {
      rows.add(
        .general(
          "distanceMatrix \(order)", ["distanceMatrix(_: Tensor, _: Tensor, order: Double)", "struct Distances", "struct DistanceSlope"],
          cases: [
            [[3, 2], [4, 2]], [[2, 3, 2], [4, 2]], [[2, 1, 3, 2], [2, 4, 2]], [[0, 2], [4, 2]], [[30, 5], [40, 5]], [[3, 70], [2, 70]],
          ],
          domains: order.isInfinite ? [.any, .any] : [.multiples(offset: 0), .multiples(offset: 0.125)]
        ) {
          distanceMatrix($0[0], $0[1], order: order)
        } reference: { x in
          let rank = max(x[0].rank, x[1].rank)
          let batch = (0..<rank - 2).map { axis in
            x.compactMap { axis >= rank - $0.rank ? $0.shape[axis - rank + $0.rank] : nil }.first { $0 != 1 } ?? 1
          }
          let (a, b) = (x[0].expanded(batch + x[0].shape.suffix(2)), x[1].expanded(batch + x[1].shape.suffix(2)))
          return a.eachMatrix(with: b, [a.shape[rank - 2], b.shape[rank - 2]]) { a, b in
            a.flatMap { a in
              b.map { b in
                let sizes = zip(a, b).map { abs($0 - $1) }
                if order.isInfinite { return order > 0 ? sizes.max()! : sizes.min()! }
                if order == 0 { return Double(sizes.count { $0 != 0 }) }
                return Double.pow(sizes.reduce(0) { $0 + Double.pow($1, order) }, 1 / order)
              }
            }
          }
        }.with {
          $0.isComposite = true
          if order.isInfinite { $0.takesEqualElements = false }
          if order == 0 { $0.slope = .flat }
        })
    }
  }
}
