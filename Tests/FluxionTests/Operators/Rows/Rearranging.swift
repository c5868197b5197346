import Tensors

extension OperatorTable {
  /// A row of one operand whose elements are only moved.
  private static func row(
    _ name: String, _ covers: String..., cases: [[[Int]]] = OperatorRow.threeAxes, _ apply: @escaping @Sendable (Tensor) -> Tensor,
    reference: @escaping @Sendable (Grid) -> Grid
  ) -> OperatorRow {
    OperatorRow.general(name, covers, cases: cases) {
      apply($0[0])
    } reference: {
      reference($0[0])
    }.moving()
  }

  static let rearranging = list { rows in
    orders(&rows)
    parts(&rows)
    diagonals(&rows)
  }

  private static func orders(_ rows: inout [OperatorRow]) {
    rows.add(
      row("rolled", "Tensor.rolled(by: [Int], axes: [Int])", "struct Roll") {
        $0.rolled(by: [1, -7, 1], axes: [0, -1, 0])
      } reference: { x in
        let (m, n) = (x.shape[0], x.shape[2])
        return Grid(x.shape) { x[[($0[0] + 2 * m - 2) % m, $0[1], ($0[2] + 7) % n]] }
      })
    rows.add(
      row("rolled along 1", "Tensor.rolled(by: Int, axis: Int)") {
        $0.rolled(by: 2, axis: 1)
      } reference: { x in
        let n = x.shape[1]
        return Grid(x.shape) { x[[$0[0], ($0[1] + 2 * n - 2) % n, $0[2]]] }
      })
    rows.add(
      row("reversed along a list of axes", "Tensor.reversed(axes: [Int])") {
        $0.reversed(axes: [2, 0])
      } reference: { x in
        Grid(x.shape) { x[[x.shape[0] - 1 - $0[0], $0[1], x.shape[2] - 1 - $0[2]]] }
      })
    for turns in -1...4 {
      rows.add(
        row("rotated by \(turns) quarters", "Tensor.rotated(quarterTurns: Int, axes: (Int, Int))") {
          $0.rotated(quarterTurns: turns, axes: (0, -1))
        } reference: { x in
          let (m, n) = (x.shape[0], x.shape[2])
          return Grid(turns % 2 == 0 ? x.shape : [n, x.shape[1], m]) { at in
            switch turns & 3 {
            case 1: x[[at[2], at[1], n - 1 - at[0]]]
            case 2: x[[m - 1 - at[0], at[1], n - 1 - at[2]]]
            case 3: x[[m - 1 - at[2], at[1], at[0]]]
            default: x[at]
            }
          }
        })
    }
    rows.add(
      row("moved", "Tensor.moved(axes: [Int], to: [Int])", cases: [[[2, 3, 4, 2]], [[1, 1, 1, 1]], [[2, 0, 1, 3]]]) {
        $0.moved(axes: [0, -1], to: [2, 0])
      } reference: {
        $0.permuted([3, 1, 0, 2])
      })
    rows.add(
      row("unflattened", "Tensor.unflattened(axis: Int, into: [Int])", cases: [[[2, 6, 3]], [[1, 6, 1]], [[0, 6, 2]]]) {
        $0.unflattened(axis: 1, into: [2, 3])
      } reference: { x in
        Grid([x.shape[0], 2, 3, x.shape[2]], x.values)
      })
    rows.add(
      row("unflattened, a size open", "Tensor.unflattened(axis: Int, into: [Int])", cases: [[[6, 2]], [[2, 1]], [[0, 2]]]) {
        $0.unflattened(axis: -2, into: [-1, 2, 1])
      } reference: { x in
        Grid([x.shape[0] / 2, 2, 1, x.shape[1]], x.values)
      })
    rows.add(
      row("pixelShuffled", "Tensor.pixelShuffled(by: Int)", cases: [[[2, 8, 2, 3]], [[4, 1, 1]], [[0, 4, 2, 2]], [[1, 2, 4, 2, 0]]]) {
        $0.pixelShuffled(by: 2)
      } reference: { x in
        let lead = Array(x.shape.dropLast(3))
        let (c, h, w) = (x.shape[x.rank - 3] / 4, x.shape[x.rank - 2], x.shape[x.rank - 1])
        return Grid(lead + [c, 2 * h, 2 * w]) { at in
          let (k, i, j) = (at[x.rank - 3], at[x.rank - 2], at[x.rank - 1])
          return x[at.dropLast(3) + [4 * k + 2 * (i % 2) + j % 2, i / 2, j / 2]]
        }
      })
    rows.add(
      row(
        "pixelUnshuffled", "Tensor.pixelUnshuffled(by: Int)", cases: [[[2, 2, 4, 6]], [[1, 2, 2]], [[0, 1, 4, 2]], [[1, 2, 4, 2, 0]]]
      ) {
        $0.pixelUnshuffled(by: 2)
      } reference: { x in
        let lead = Array(x.shape.dropLast(3))
        let (c, h, w) = (x.shape[x.rank - 3], x.shape[x.rank - 2] / 2, x.shape[x.rank - 1] / 2)
        return Grid(lead + [4 * c, h, w]) { at in
          let (k, i, j) = (at[x.rank - 3], at[x.rank - 2], at[x.rank - 1])
          return x[at.dropLast(3) + [k / 4, 2 * i + k / 2 % 2, 2 * j + k % 2]]
        }
      })
  }

  /// Splitting into parts, of which several are joined again: so the row has one result.
  private static func parts(_ rows: inout [OperatorRow]) {
    rows.add(
      row("split at positions", "Tensor.split(at: [Int], axis: Int)", cases: [[[2, 6, 3]], [[1, 6, 1]], [[0, 6, 2]]]) {
        let parts = $0.split(at: [1, -2, 3, 99], axis: 1)
        return concatenate([parts[4], parts[3], parts[2], parts[0], parts[1]], axis: 1)
      } reference: { x in
        Grid([x.shape[0], 7, x.shape[2]]) { x[[$0[0], [3, 4, 5, 0, 1, 2, 3][$0[1]], $0[2]]] }
      })
    rows.add(
      row("split into parts", "Tensor.split(parts: Int, axis: Int)", cases: [[[2, 7]], [[1, 7]], [[0, 7]]]) {
        let parts = $0.split(parts: 4, axis: -1)
        return concatenate([parts[3], parts[1]], axis: -1)
      } reference: { x in
        Grid([x.shape[0], 3]) { x[[$0[0], [6, 2, 3][$0[1]]]] }
      })
    rows.add(
      row("unstacked", "Tensor.unstacked(axis: Int)", cases: [[[2, 3]], [[1, 3]], [[0, 3]]]) {
        let parts = $0.unstacked(axis: 1)
        return stack([parts[2], parts[0]])
      } reference: { x in
        Grid([2, x.shape[0]]) { x[[$0[1], 2 - 2 * $0[0]]] }
      })
    rows.add(
      row("repeated by counts", "Tensor.repeated(_: Tensor, axis: Int)", cases: [[[2, 3]], [[1, 3]], [[0, 3]]]) {
        $0.repeated(Tensor([2, 0, 3], .int64), axis: 1)
      } reference: { x in
        Grid([x.shape[0], 5]) { x[[$0[0], [0, 0, 2, 2, 2][$0[1]]]] }
      })
    rows.add(
      row("repeated by one count", "Tensor.repeated(_: Tensor, axis: Int)", cases: [[[2, 3]], [[1, 3]], [[0, 3]]]) {
        $0.repeated(Tensor([Int32(2)]), axis: -2)
      } reference: { x in
        Grid([2 * x.shape[0], 3]) { x[[$0[0] / 2, $0[1]]] }
      })
    rows.add(
      .general("blockDiagonal", ["blockDiagonal(_: [Tensor])"], cases: [[[2, 3], [2], [], [1, 2]], [[1, 1], [0], [], [3, 0]]]) {
        blockDiagonal($0)
      } reference: { x in
        var y = Grid([0, 0], [])
        for part in x {
          let block = part.rank == 2 ? part : Grid([1, part.count], part.values)
          let (above, (m, n)) = (y, (y.shape[0], y.shape[1]))
          y = Grid([m + block.shape[0], n + block.shape[1]]) { at in
            at[0] < m && at[1] < n ? above[at] : at[0] >= m && at[1] >= n ? block[[at[0] - m, at[1] - n]] : 0
          }
        }
        return y
      }.moving())
    for i in 0..<3 {
      rows.add(
        .general("meshgrid, result \(i)", ["meshgrid(_: [Tensor])"], cases: [[[2], [], [3]], [[1], [], [1]], [[3], [], [0]]]) {
          meshgrid($0)[i]
        } reference: { x in
          Grid(x.map(\.count)) { x[i].values[$0[i]] }
        }.moving().with { $0.slope = .inputs([i]) })
    }
  }

  private static func diagonals(_ rows: inout [OperatorRow]) {
    for offset in [0, 1, -2, 9] {
      rows.add(
        row("diagonal \(offset)", "Tensor.diagonal(offset: Int, axes: (Int, Int))", "struct Diagonal") {
          $0.diagonal(offset: offset, axes: (2, 0))
        } reference: { x in
          let (m, n) = (x.shape[2], x.shape[0])
          let length = max(0, min(m - max(0, -offset), n - max(0, offset)))
          return Grid([x.shape[1], length]) { x[[$0[1] + max(0, offset), $0[0], $0[1] + max(0, -offset)]] }
        }.with { if offset == 9 { $0.slope = .none } })
      rows.add(
        row(
          "diagonalMatrix \(offset)", "Tensor.diagonalMatrix(offset: Int, axes: (Int, Int))", "struct PutDiagonal",
          cases: [[[2, 3]], [[1, 1]], [[0, 2]]]
        ) {
          $0.diagonalMatrix(offset: offset, axes: (-1, 0))
        } reference: { x in
          let n = x.shape[1] + abs(offset)
          return Grid([n, x.shape[0], n]) { at in at[0] - at[2] == offset ? x[[at[1], min(at[0], at[2])]] : 0 }
        })
      rows.add(
        row("lowerTriangle \(offset)", "Tensor.lowerTriangle(diagonal: Int)", "struct Triangle") {
          $0.lowerTriangle(diagonal: offset)
        } reference: { x in
          Grid(x.shape) { $0[2] <= $0[1] + offset ? x[$0] : 0 }
        })
      rows.add(
        row("upperTriangle \(offset)", "Tensor.upperTriangle(diagonal: Int)", "struct Triangle") {
          $0.upperTriangle(diagonal: offset)
        } reference: { x in
          Grid(x.shape) { $0[2] >= $0[1] + offset ? x[$0] : 0 }
        }.with { if offset == 9 { $0.slope = .flat } })
    }
    rows.add(
      .general(
        "replacingDiagonal", ["Tensor.replacingDiagonal(with: Tensor, offset: Int, axes: (Int, Int))"],
        cases: [[[2, 3, 4], [2, 3]], [[1, 1, 2], [1, 1]], [[0, 3, 4], [0, 3]]]
      ) {
        $0[0].replacingDiagonal(with: $0[1], offset: 1)
      } reference: { x in
        Grid(x[0].shape) { $0[2] == $0[1] + 1 ? x[1][[$0[0], $0[1]]] : x[0][$0] }
      }.moving())
  }
}
