import Tensors

extension OperatorTable {
  /// [..., m, k] by [..., k, n] with batches that broadcast; vectors are rows on the left and columns on the right.
  @Sendable private static func product(_ x: Grid, _ y: Grid) -> Grid {
    let a = x.rank == 1 ? Grid([1] + x.shape, x.values) : x
    let b = y.rank == 1 ? Grid(y.shape + [1], y.values) : y
    let rank = max(a.rank, b.rank)
    let (m, n, k) = (a.shape[a.rank - 2], b.shape[b.rank - 1], b.shape[b.rank - 2])
    let batch = (0..<rank - 2).map { axis in
      [a, b].compactMap { axis >= rank - $0.rank ? $0.shape[axis - rank + $0.rank] : nil }.first { $0 != 1 } ?? 1
    }
    let (wideA, wideB) = (a.expanded(batch + [m, k]).values, b.expanded(batch + [k, n]).values)
    let count = batch.reduce(1, *)
    let values = wideA.withUnsafeBufferPointer { a in
      wideB.withUnsafeBufferPointer { b in
        [Double](unsafeUninitializedCapacity: count * m * n) { out, filled in
          while filled < count * m * n {
            let (matrix, i, j) = (filled / (m * n), filled / n % m, filled % n)
            var (sum, l) = (0.0, 0)
            while l < k {
              sum += a[(matrix * m + i) * k + l] * b[(matrix * k + l) * n + j]
              l += 1
            }
            out[filled] = sum
            filled += 1
          }
        }
      }
    }
    return Grid(batch + (x.rank == 1 ? [] : [m]) + (y.rank == 1 ? [] : [n]), values)
  }

  static let products = list { rows in
    let shapes: [(name: String, cases: [[[Int]]])] = [
      (
        "of matrices",
        [
          [[3, 4], [4, 5]], [[1, 1], [1, 1]], [[2, 0], [0, 3]], [[0, 2], [2, 3]], [[20, 40], [40, 25]], [[20, 70], [70, 30]],
        ]
      ),
      ("of vectors", [[[4], [4]], [[1], [1]], [[0], [0]], [[1500], [1500]]]),
      ("of a vector and a matrix", [[[4], [4, 5]], [[0], [0, 2]]]), ("of a matrix and a vector", [[[3, 4], [4]], [[1, 1], [1]]]),
      ("of a batch and a matrix", [[[2, 3, 4], [4, 5]], [[2, 0, 4], [4, 5]], [[6, 20, 30], [30, 15]]]),
      ("of batches", [[[2, 3, 4], [2, 4, 5]], [[1, 1, 1], [1, 1, 1]], [[0, 3, 4], [0, 4, 5]]]),
      ("of batches that broadcast", [[[2, 1, 3, 4], [3, 4, 5]], [[2, 3, 4], [3, 1, 4, 2]], [[3, 1], [2, 1, 3]]]),
      ("of a vector and a batch", [[[4], [2, 4, 5]], [[4], [3, 2, 4, 5]]]),
      ("of a batch and a vector", [[[2, 3, 4], [4]], [[3, 2, 3, 4], [4]]]),
    ]
    for (name, cases) in shapes {
      rows.add(
        .general("matmul \(name)", ["matmul(_: Tensor, _: Tensor)", "struct MatMul"], cases: cases, dtypes: OperatorRow.numbers) {
          matmul($0[0], $0[1])
        } reference: {
          product($0[0], $0[1])
        })
    }
    // Large enough for several threads, by rows and by columns, and for several stretches of k; in one dtype, as the reference takes its time.
    rows.add(
      .general(
        "•", ["•(Tensor, Tensor)"],
        cases: [[[3, 4], [4, 5]], [[161, 100], [100, 95]], [[95, 100], [100, 161]], [[30, 800], [800, 40]]]
      ) {
        $0[0] • $0[1]
      } reference: {
        product($0[0], $0[1])
      })
    rows.add(
      .general("• of transposed operands", ["•(Tensor, Tensor)"], cases: [[[4, 3], [5, 4]], [[2, 4, 3], [2, 5, 4]]]) {
        $0[0].transposed() • $0[1].transposed()
      } reference: { x in
        let swap: (Grid) -> Grid = { $0.permuted(Array(0..<$0.rank - 2) + [$0.rank - 1, $0.rank - 2]) }
        return product(swap(x[0]), swap(x[1]))
      })
    rows.add(
      .general("x • xᵀ", ["•(Tensor, Tensor)"], cases: [[[3, 4]], [[30, 20]]]) {
        $0[0] • $0[0].transposed()
      } reference: {
        product($0[0], $0[0].permuted([1, 0]))
      }
    )

    let affine: @Sendable ([Grid]) -> Grid = { x in
      let y = product(x[0], x[1].permuted([1, 0]))
      return x.count < 3 ? y : .zip(y, x[2]) { $0 + $1 }
    }
    let cases: [[[Int]]] = [
      [[5, 4], [3, 4], [3]], [[1, 1], [1, 1], [1]], [[0, 4], [3, 4], [3]], [[2, 0], [3, 0], [3]], [[4], [3, 4], [3]],
      [[2, 5, 4], [3, 4], [3]],
      [[40, 30], [50, 30], [50]],
    ]
    let covers = ["linear(_: Tensor, weight: Tensor, bias: Tensor?)", "struct Linear"]
    rows.add(
      .general("linear", covers, cases: cases) {
        linear($0[0], weight: $0[1], bias: $0[2])
      } reference: {
        affine($0)
      })
    rows.add(
      .general("linear of a batch", covers, cases: [[[2, 5, 4], [3, 4], [3]]]) {
        linear($0[0], weight: $0[1], bias: $0[2])
      } reference: {
        affine($0)
      })
    rows.add(
      .general("linear without bias", covers, cases: cases.map { Array($0[..<2]) }) {
        linear($0[0], weight: $0[1])
      } reference: {
        affine($0)
      })
  }
}
