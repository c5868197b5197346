import Tensors

extension OperatorTable {
  /// A subscript that is written: into a tensor whose elements are shared, and into one that holds them alone.
  private static func written(
    _ name: String, _ value: [Int], _ write: @escaping @Sendable (inout Tensor, Tensor) -> Void,
    _ reference: @escaping @Sendable (inout Grid, Grid) -> Void
  ) -> [OperatorRow] {
    [false, true].map { isAlone in
      subscriptRow("x[\(name)] = y" + (isAlone ? ", x held alone" : ""), [[3, 4, 5], value]) { x in
        // `reversed` copies nothing, so adding does: the result is held by nobody else.
        var y = isAlone ? select(Tensor.ones([], .bool), x[0], x[0]) : x[0]
        write(&y, x[1])
        return y
      } reference: { x in
        var y = x[0]
        reference(&y, x[1])
        return y
      }.with { $0.covers = ["Tensor.subscript(_: any TensorIndex)", "struct Replace", "struct PutRows"] }
    }
  }

  static let writing: [OperatorRow] =
    [
      written("1", [4, 5], { $0[1] = $1 }) { x, y in for i in 0..<4 { for j in 0..<5 { x[[1, i, j]] = y[[i, j]] } } },
      written("1..<3", [2, 4, 5], { $0[1..<3] = $1 }) { x, y in
        for h in 0..<2 { for i in 0..<4 { for j in 0..<5 { x[[1 + h, i, j]] = y[[h, i, j]] } } }
      },
      written("-1, 2, 0", [], { $0[-1, 2, 0] = $1 }) { x, y in x[[2, 2, 0]] = y[[]] },
      written("all, 1..<3", [5], { $0[.all, 1..<3] = $1 }) { x, y in
        for i in 0..<3 { for j in 1..<3 { for k in 0..<5 { x[[i, j, k]] = y[[k]] } } }
      },
      written("ellipsis, stride by -2", [1, 3, 1, 3], { $0[.ellipsis, .stride(by: -2)] = $1 }) { x, y in
        for i in 0..<3 { for j in 0..<4 { for k in 0..<3 { x[[i, j, 4 - 2 * k]] = y[[0, i, 0, k]] } } }
      },
      written("new axis, 0", [1, 4, 5], { $0[.newAxis, 0] = $1 }) { x, y in
        for i in 0..<4 { for j in 0..<5 { x[[0, i, j]] = y[[0, i, j]] } }
      },
      written("1..<1", [0, 4, 5], { $0[1..<1] = $1 }) { _, _ in }.map { $0.with { $0.slope = .inputs([0]) } },
      written("indices", [2, 4, 5], { $0[Tensor([2, 0], .int64)] = $1 }) { x, y in
        for i in 0..<4 { for j in 0..<5 { (x[[2, i, j]], x[[0, i, j]]) = (y[[0, i, j]], y[[1, i, j]]) } }
      },
      written("indices, one of them three times", [4, 4, 5], { $0[Tensor([1, 2, -2, 1], .int64)] = $1 }) { x, y in
        // The last one counts.
        for i in 0..<4 { for j in 0..<5 { (x[[1, i, j]], x[[2, i, j]]) = (y[[3, i, j]], y[[1, i, j]]) } }
      },
      written("axis: 1, indices", [3, 2, 5], { $0[axis: 1, Tensor([3, 0], .int64)] = $1 }) { x, y in
        for i in 0..<3 { for j in 0..<5 { (x[[i, 3, j]], x[[i, 0, j]]) = (y[[i, 0, j]], y[[i, 1, j]]) } }
      },
      written("at: [1, ellipsis, 2]", [4], { $0[at: [1, TensorIndexKind.ellipsis, 2]] = $1 }) { x, y in
        for i in 0..<4 { x[[1, i, 2]] = y[[i]] }
      },
      written("1, indices", [2, 5], { $0[1, Tensor([-1, 1], .int64)] = $1 }) { x, y in
        for j in 0..<5 { (x[[1, 3, j]], x[[1, 1, j]]) = (y[[0, j]], y[[1, j]]) }
      },
      written("all, indices, indices", [3, 2], { $0[.all, Tensor([0, 3], .int64), Tensor([4, 1], .int64)] = $1 }) { x, y in
        for i in 0..<3 { (x[[i, 0, 4]], x[[i, 3, 1]]) = (y[[i, 0]], y[[i, 1]]) }
      },
      written("indices, all, indices", [2, 4], { $0[Tensor([0, 2], .int64), .all, Tensor([4, 1], .int64)] = $1 }) { x, y in
        for j in 0..<4 { (x[[0, j, 4]], x[[2, j, 1]]) = (y[[0, j]], y[[1, j]]) }
      },
      written("mask", [4, 5], { $0[Tensor([true, false, true])] = $1 }) { x, y in
        for i in [0, 2] { for j in 0..<4 { for k in 0..<5 { x[[i, j, k]] = y[[j, k]] } } }
      },
      written("mask of all axes", [], { $0[Grid([3, 4, 5]) { $0[2] == $0[1] ? 1 : 0 }.tensor(.bool)] = $1 }) { x, y in
        for i in 0..<3 { for j in 0..<4 { x[[i, j, j]] = y[[]] } }
      },
    ].flatMap { $0 } + [
      subscriptRow("x[0] *= 2; x[all, 1] += x[all, 0]", [[3, 4]]) { x in
        var y = x[0]
        y[0] *= 2
        y[.all, 1] += y[.all, 0]
        return y
      } reference: { x in
        var y = x[0]
        for j in 0..<4 { y[[0, j]] *= 2 }
        for i in 0..<3 { y[[i, 1]] += y[[i, 0]] }
        return y
      }.with { $0.dtypes = OperatorRow.numbers },
      subscriptRow("x[all, 1].fill(with: 7)", [[3, 4]]) { x in
        var y = x[0]
        y[.all, 1].fill(with: 7)
        return y
      } reference: { x in
        var y = x[0]
        for i in 0..<3 { y[[i, 1]] = 7 }
        return y
      }.with {
        $0.dtypes = OperatorRow.numbers
        $0.covers = ["Tensor.fill(with: S)"]
      },
      subscriptRow("x[reversed] = x", [[6]]) { x in
        var y = x[0]
        y[.stride(by: -1)] = y
        return y
      } reference: {
        Grid($0[0].values.reversed())
      },
    ]
}
