import Tensors

extension OperatorTable {
  /// Indices of the operand's own axes along one of them; from the operand's shape, so that every case has some.
  private static func places(_ shape: [Int], _ n: Int) -> Grid {
    var random = SplitMix("places")
    return Grid(shape) { _ in n == 0 ? 0 : Double(Int.random(in: -n..<n, using: &random)) }
  }

  /// The operand, with what `combine` makes of the element there and each value for its place, in order.
  private static func scattered(
    _ x: Grid, _ values: Grid, _ axis: Int, includingSelf: Bool = true,
    _ combine: (_ old: Double, _ value: Double, _ count: Double) -> Double
  ) -> Grid {
    let n = x.shape[axis]
    let indices = places(values.shape, n)
    var y = x
    var counts = x.map { _ in includingSelf ? 1 : 0 }
    for i in values.values.indices {
      var (position, rest) = (values.shape, i)
      for other in values.shape.indices.reversed() { (rest, position[other]) = rest.quotientAndRemainder(dividingBy: values.shape[other]) }
      let value = values.values[i]
      position[axis] = (Int(indices.values[i]) + n) % n
      y[position] = counts[position] == 0 ? value : combine(y[position], value, counts[position])
      counts[position] += 1
    }
    return y
  }

  private static let cases: [[[Int]]] = [
    [[3, 4, 2], [5, 3, 1]], [[1, 1, 1], [3, 1, 1]], [[3, 4, 2], [0, 4, 2]], [[6, 40, 10], [5, 40, 9]],
  ]

  static let scattering = list { rows in
    let scatter = ["Tensor.scatter(_: Tensor, at: Tensor, axis: Int)", "struct Scatter"]
    for axis in [0, 1, -1] {
      let at = axis < 0 ? 2 : axis
      // The longer axis of the values is the one that the indices count along.
      let turned = cases.map { shapes in
        shapes.map { shape in
          var shape = shape
          shape.swapAt(0, at)
          return shape
        }
      }
      let indices: @Sendable ([Tensor]) -> Tensor = { x in places(Array(x[1].shape), x[0].shape[at]).tensor(.int64) }
      rows.add(
        .general("scatter along \(axis)", scatter, cases: turned) { x in
          x[0].scatter(x[1], at: indices(x), axis: axis)
        } reference: { x in
          scattered(x[0], x[1], at) { _, value, _ in value }
        }.moving())
      rows.add(
        .general(
          "scatterAdd along \(axis)", ["Tensor.scatterAdd(_: Tensor, at: Tensor, axis: Int)"], cases: turned, dtypes: OperatorRow.numbers
        ) {
          x in
          x[0].scatterAdd(x[1], at: indices(x).cast(to: .int32).transposed().transposed(), axis: axis)
        } reference: { x in
          scattered(x[0], x[1], at) { old, value, _ in old + value }
        })
    }

    let combining = ["Tensor.scatter(_: Tensor, at: Tensor, axis: Int, combining: ScatterReduction, includingSelf: Bool)"]
    let reductions: [(ScatterReduction, @Sendable (Double, Double, Double) -> Double)] = [
      (.sum, { old, value, _ in old + value }), (.product, { old, value, _ in old * value }),
      (.mean, { old, value, count in (old * count + value) / (count + 1) }), (.maximum, { old, value, _ in max(old, value) }),
      (.minimum, { old, value, _ in min(old, value) }),
    ]
    for (reduction, combine) in reductions {
      // Extremes are checked where no two numbers are nearly equal.
      let isExtreme = reduction == .maximum || reduction == .minimum
      for includingSelf in [true, false] {
        let apply: @Sendable (Tensor, Tensor) -> Tensor = { x, values in
          let indices = places(Array(values.shape), x.shape[0]).tensor(.int64)
          return x.scatter(values, at: indices, axis: 0, combining: reduction, includingSelf: includingSelf)
        }
        let name = "scatter combining \(reduction)\(includingSelf ? "" : ", without self")"
        rows.add(
          .general(name, combining, cases: cases, domains: isExtreme ? [.distinct, .distinct] : nil) {
            apply($0[0], isExtreme ? $0[1] + 1 / 32.0 : $0[1])
          } reference: { x in
            scattered(x[0], isExtreme ? x[1].map { $0 + 1 / 32 } : x[1], 0, includingSelf: includingSelf, combine)
          }.with { $0.takesEqualElements = !isExtreme })
        if reduction == .mean { continue }
        rows.add(
          .general(name + ", of integers", combining, cases: cases) {
            apply($0[0], $0[1])
          } reference: { x in
            scattered(x[0], x[1], 0, includingSelf: includingSelf, combine)
          }.with {
            $0.dtypes = [.int32, .int64]
            $0.slope = .none
          })
      }
    }
    rows.add(
      .general("scatter combining mean, of integers", combining, cases: [[[2], [3]]], domains: [.whole(-9...9), .whole(-9...9)]) { x in
        x[0].scatter(x[1], at: Tensor([0, 0, 1], .int64), axis: 0, combining: .mean)
      } reference: { x in
        let (a, b) = (x[0].values, x[1].values)
        return Grid([((a[0] + b[0] + b[1]) / 3).rounded(.down), ((a[1] + b[2]) / 2).rounded(.down)])
      }.with {
        $0.dtypes = [.int32, .int64]
        $0.slope = .none
      })
    // Zeros: each factor's derivative is the product of the others.
    rows.add(
      .general("scatter combining product, of zeros", combining, cases: [[[3], [5]]], domains: [.any, .whole(0...1)]) { x in
        x[0].scatter(x[1], at: Tensor([0, 0, 1, 0, 1], .int64), axis: 0, combining: .product)
      } reference: { x in
        let (a, b) = (x[0].values, x[1].values)
        return Grid([a[0] * b[0] * b[1] * b[3], a[1] * b[2] * b[4], a[2]])
      }.with {
        $0.specials = [
          .init(
            inputs: [Grid([2, 3, 4]), Grid([0, 5, 0, 7, 1])], result: Grid([0, 0, 4]), slopes: [Grid([0, 0, 1]), Grid([70, 0, 3, 0, 0])]),
          .init(
            inputs: [Grid([0, 3, 4]), Grid([0, 5, 2, 7, 1])], result: Grid([0, 6, 4]), slopes: [Grid([0, 2, 1]), Grid([0, 0, 3, 0, 6])]),
        ]
      })
    // Equal extremes share the gradient, as in PyTorch; NaN is the result where there is one.
    rows.add(
      .general("scatter combining maximum, of equals", combining, cases: [[[2], [3]]]) { x in
        x[0].scatter(x[1], at: Tensor([0, 0, 1], .int64), axis: 0, combining: .maximum)
      } reference: { x in
        let (a, b) = (x[0].values, x[1].values)
        return Grid([max(a[0], b[0], b[1]), max(a[1], b[2])])
      }.with {
        $0.slope = .none
        $0.specials = [
          .init(inputs: [Grid([2, 3]), Grid([2, 2, 1])], result: Grid([2, 3]), slopes: [Grid([1 / 3, 1]), Grid([1 / 3, 1 / 3, 0])]),
          .init(inputs: [Grid([2, 3]), Grid([1, 5, 3])], result: Grid([5, 3]), slopes: [Grid([0, 0.5]), Grid([0, 1, 0.5])]),
          .init(inputs: [Grid([2, 3]), Grid([.nan, 5, 1])], result: Grid([.nan, 3])),
        ]
      })

    let adding = ["Tensor.adding(_: Tensor, at: Tensor, axis: Int)", "struct AddAlong"]
    for axis in [0, 1, -1] {
      let at = axis < 0 ? 2 : axis
      var shape = [3, 3, 3]
      shape[at] = 4
      rows.add(
        .general(
          "adding along \(axis)", adding, cases: [[[3, 3, 3], shape], [[3, 50, 60], [4, 50, 60]]], dtypes: OperatorRow.numbers
        ) {
          $0[0].adding($0[1], at: Tensor([2, 0, -1, 2], .int64), axis: axis)
        } reference: { x in
          var y = x[0]
          _ = Grid(x[1].shape) { position in
            var target = position
            target[at] = [2, 0, 2, 2][position[at]]
            y[target] += x[1][position]
            return 0
          }
          return y
        }.with { if axis != 0 { $0.cases.removeLast() } })
    }
    rows.add(
      .general(
        "adding at a part", ["Tensor.adding(_: Tensor, at: any TensorIndex)"], cases: [[[3, 4, 5], [2, 5]]], dtypes: OperatorRow.numbers
      ) {
        $0[0].adding($0[1], at: 1, .stride(by: -2))
      } reference: { x in
        var y = x[0]
        for i in 0..<2 { for j in 0..<5 { y[[1, 3 - 2 * i, j]] += x[1][[i, j]] } }
        return y
      })
    rows.add(
      .general(
        "adding at index tensors", ["Tensor.adding(_: Tensor, at: [any TensorIndex])"], cases: [[[3, 4, 5], [3, 1]]],
        dtypes: OperatorRow.numbers
      ) {
        let parts: [any TensorIndex] = [TensorIndexKind.all, Tensor([0, -1, 0], .int64), Tensor([3, 3, 3], .int64)]
        return $0[0].adding($0[1], at: parts)
      } reference: { x in
        var y = x[0]
        for i in 0..<3 { for j in [0, 3, 0] { y[[i, j, 3]] += x[1][[i, 0]] } }
        return y
      })
  }
}
