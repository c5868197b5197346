import Tensors

extension OperatorTable {
  static let indexing = list { rows in
    let take = ["Tensor.take(_: Tensor, axis: Int)", "struct Take", "struct TakeAdd"]
    let picks = [2, -1, 2, 0]
    for axis in [0, 1, -1] {
      rows.add(
        .general("take along \(axis)", take, cases: [[[3, 3, 3]], [[3, 30, 40]], [[40, 30, 3]]]) {
          $0[0].take(Tensor(picks), axis: axis)
        } reference: { x in
          let at = axis < 0 ? 2 : axis
          var shape = x[0].shape
          let n = shape[at]
          shape[at] = 4
          return Grid(shape) { position in
            var source = position
            source[at] = (picks[position[at]] + n) % n
            return x[0][source]
          }
        }.moving().with { if axis != 0 { $0.cases.removeLast() } })
    }
    rows.add(
      .general("take from a table by a scalar and a matrix", take, cases: [[[4, 2]]]) { x in
        let table = x[0]
        return table.take(Grid([3, 2], [0, 3, 1, 1, 0, 2]).tensor(.int64)) + table.take(Tensor(3, .int64))
      } reference: { x in
        Grid([3, 2, 2]) { at in x[0][[[[0, 3], [1, 1], [0, 2]][at[0]][at[1]], at[2]]] + x[0][[3, at[2]]] }
      }.with { $0.dtypes = OperatorRow.numbers })
    rows.add(
      .general("take nothing", take, cases: [[[3, 2]], [[0, 2]]]) {
        $0[0].take(Tensor([Int]()))
      } reference: { _ in
        Grid([0, 2], [])
      }.moving().with { $0.slope = .none })

    // Indices of the operand's own axes; from the operand's shape, so that every case has some.
    let places: @Sendable ([Int], Int) -> Grid = { shape, n in
      var random = SplitMix("places")
      return Grid(shape) { _ in n == 0 ? 0 : Double(Int.random(in: -n..<n, using: &random)) }
    }
    for axis in [0, 1, -1] {
      let cases: [[[Int]]] = [[[3, 4, 2]], [[1, 1, 1]], [[3, 40, 10]]]
      let at = axis < 0 ? 2 : axis
      // Shorter than the operand along the other axes, longer along this one.
      let fitting: @Sendable ([Int]) -> [Int] = { shape in shape.indices.map { $0 == at ? shape[$0] + 2 : max(1, shape[$0] - 1) } }
      rows.add(
        .general("gather along \(axis)", ["Tensor.gather(_: Tensor, axis: Int)", "struct Gather"], cases: cases) { x in
          let shape = Array(x[0].shape)
          return x[0].gather(places(fitting(shape), shape[at]).tensor(.int64), axis: axis)
        } reference: { x in
          let (shape, n) = (fitting(x[0].shape), x[0].shape[at])
          let indices = places(shape, n)
          return Grid(shape) { position in
            var source = position
            source[at] = (Int(indices[position]) + n) % n
            return x[0][source]
          }
        }.moving())
    }
    rows.add(
      .general("gather without indices", ["Tensor.gather(_: Tensor, axis: Int)"], cases: [[[3, 4]]]) {
        $0[0].gather(.zeros([0, 4], .int64), axis: 0)
      } reference: { _ in
        Grid([0, 4], [])
      }
      .moving().with { $0.slope = .none })

    // The result's dtype is an argument, and the operand an integer: the operand is drawn as one, whatever the dtype of the row.
    for dtype in [DType.int32, .int64] {
      rows.add(
        OperatorRow(
          name: "oneHot of \(dtype)", covers: ["Tensor.oneHot(classes: Int, _: DType)"], cases: [[[2, 3]], [[]], [[0]], [[1500]]],
          domains: [.whole(0...4)], dtypes: OperatorRow.all, slope: .none, isExact: true,
          apply: { x, result in x[0].cast(to: dtype).oneHot(classes: 5, result) },
          reference: { x, dtype in
            let ids = dtype == .bool ? x[0].map { $0 != 0 ? 1 : 0 } : x[0]
            return Grid(x[0].shape + [5]) { at in ids[Array(at.dropLast())] == Double(at.last!) ? 1 : 0 }
          }))
    }
    rows.add(
      OperatorRow.general(
        "nonzero", ["Tensor.nonzero()"], cases: [[[3, 4]], [[1, 1]], [[0, 4]], [[40, 30]]], domains: [.whole(0...1)],
        dtypes: OperatorRow.all
      ) {
        stack($0[0].nonzero(), axis: 1)
      } reference: { x in
        let found = Grid.offsets(x[0].shape, Grid.steps(x[0].shape)).filter { x[0].values[$0] != 0 }
        return Grid([found.count, 2]) { at in Double(at[1] == 0 ? found[at[0]] / x[0].shape[1] : found[at[0]] % x[0].shape[1]) }
      }.giving(.int64).with { $0.hasKnownShape = false })
  }
}
