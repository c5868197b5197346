import Tensors

extension OperatorTable {
  /// Rows of functions that take a tensor of three axes to the same elements in another order.
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

  static let views = list { rows in
    let reshape = ["Tensor.reshaped(_: Shape)", "struct Reshape"]
    rows.add(
      row("reshaped", reshape[0], reshape[1], cases: [[[2, 3, 4]], [[4, 6]], [[24]]]) {
        $0.reshaped([4, 6])
      } reference: {
        Grid([4, 6], $0.values)
      })
    rows.add(
      row("reshaped, a size open", reshape[0]) {
        $0.reshaped([$0.shape[2], -1, 1])
      } reference: {
        Grid([$0.shape[2], $0.shape[0] * $0.shape[1], 1], $0.values)
      }
      .with { $0.cases.removeAll { $0[0].contains(0) } })
    rows.add(
      row("reshaped to a scalar", reshape[0], cases: [[[1, 1, 1]], [[1]]]) {
        $0.reshaped([])
      } reference: {
        Grid([], $0.values)
      })
    rows.add(
      row("reshaped, empty", reshape[0], cases: [[[2, 0, 4]]]) {
        $0.reshaped([0, 5])
      } reference: { _ in
        Grid([0, 5], [])
      }.with { $0.slope = .none })
    rows.add(
      row("flattened", "Tensor.flattened(from: Int, to: Int)", cases: OperatorRow.unaryCases) {
        $0.flattened()
      } reference: {
        Grid($0.values)
      })
    rows.add(
      row("flattened from 1", "Tensor.flattened(from: Int, to: Int)") {
        $0.flattened(from: 1)
      } reference: {
        Grid([$0.shape[0], $0.shape[1] * $0.shape[2]], $0.values)
      })
    rows.add(
      row("flattened to -2", "Tensor.flattened(from: Int, to: Int)") {
        $0.flattened(to: -2)
      } reference: {
        Grid([$0.shape[0] * $0.shape[1], $0.shape[2]], $0.values)
      })
    rows.add(
      row("unsqueezed 1", "Tensor.unsqueezed(axis: Int)") {
        $0.unsqueezed(axis: 1)
      } reference: {
        Grid([$0.shape[0], 1] + $0.shape[1...], $0.values)
      })
    rows.add(
      row("unsqueezed -1", "Tensor.unsqueezed(axis: Int)", cases: OperatorRow.unaryCases) {
        $0.unsqueezed(axis: -1)
      } reference: {
        Grid($0.shape + [1], $0.values)
      })
    rows.add(
      row("squeezed", "Tensor.squeezed(axes: Int)", cases: [[[1, 3, 1]], [[1, 1]], [[1, 0]]]) {
        $0.squeezed()
      } reference: {
        Grid($0.shape.filter { $0 != 1 }, $0.values)
      })
    rows.add(
      row("squeezed -1", "Tensor.squeezed(axes: Int)", cases: [[[1, 3, 1]], [[1]]]) {
        $0.squeezed(axes: -1)
      } reference: {
        Grid($0.shape.dropLast(), $0.values)
      })
    rows.add(
      row("squeezed 0 and 2", "Tensor.squeezed(axes: [Int])", cases: [[[1, 3, 1]], [[1, 1, 1]]]) {
        $0.squeezed(axes: [2, 0])
      } reference: {
        Grid([$0.shape[1]], $0.values)
      })

    rows.add(
      row("permuted", "Tensor.permuted(_: [Int])", "struct Permute") {
        $0.permuted([2, 0, 1])
      } reference: {
        $0.permuted([2, 0, 1])
      })
    rows.add(
      row("permuted, counted from the end", "Tensor.permuted(_: [Int])") {
        $0.permuted([-1, 0, -2])
      } reference: {
        $0.permuted([2, 0, 1])
      })
    rows.add(
      row("permuted, eight axes", "Tensor.permuted(_: [Int])", cases: [[[2, 1, 3, 2, 1, 2, 2, 3]]]) {
        $0.permuted([7, 0, 6, 1, 5, 2, 4, 3])
      } reference: {
        $0.permuted([7, 0, 6, 1, 5, 2, 4, 3])
      })
    rows.add(
      row("transposed", "Tensor.transposed(_: Int, _: Int)", "struct Transpose") {
        $0.transposed()
      } reference: {
        $0.permuted([0, 2, 1])
      })
    rows.add(
      row("transposed 0 and 2", "Tensor.transposed(_: Int, _: Int)") {
        $0.transposed(0, 2)
      } reference: {
        $0.permuted([2, 1, 0])
      })
    rows.add(
      row("reversed", "Tensor.reversed(axes: Int)", "struct Slice", "struct Embed", cases: OperatorRow.unaryCases) {
        $0.reversed()
      } reference: {
        Grid($0.shape, $0.values.reversed())
      })
    rows.add(
      row("reversed along -2", "Tensor.reversed(axes: Int)") {
        $0.reversed(axes: -2)
      } reference: { x in
        Grid(x.shape) { x[[$0[0], x.shape[1] - 1 - $0[1], $0[2]]] }
      })
    rows.add(
      row("expanded", "Tensor.expanded(_: Shape)", "struct Expand", cases: [[[3, 1]], [[1, 1]], [[0, 1]]]) {
        $0.expanded([2, $0.shape[0], 4])
      } reference: {
        $0.expanded([2, $0.shape[0], 4])
      })
    rows.add(
      row("expanded from a scalar", "Tensor.expanded(_: Shape)", cases: [[[]], [[1]]]) {
        $0.expanded([190, 190])
      } reference: {
        $0.expanded([190, 190])
      })
    rows.add(
      row("views of views", reshape[0]) {
        $0.transposed()[.all, 0..<1].reversed(axes: 2).reshaped([-1])
      } reference: { x in
        Grid([x.shape[0] * x.shape[1]]) { at in x[[at[0] / x.shape[1], x.shape[1] - 1 - at[0] % x.shape[1], 0]] }
      }.with { $0.cases.removeAll { $0[0].contains(0) } })
    rows.add(
      row("reshaped view, back", reshape[0]) { x in
        x.transposed(0, 2).reshaped([-1, 1, x.shape[0]]) + x.reshaped([-1, 1, x.shape[0]])
      } reference: { x in
        let moved = x.permuted([2, 1, 0])
        return Grid([x.shape[1] * x.shape[2], 1, x.shape[0]], zip(moved.values, x.values).map { $0 + $1 })
      }.with {
        $0.dtypes = [.float64]
        $0.cases.removeAll { $0[0].contains(0) }
      })
  }

  /// Joining, splitting, repeating, padding.
  static let slices = list { rows in
    let joined: [[[Int]]] = [
      [[2, 3, 4], [2, 1, 4], [2, 2, 4]], [[1, 1, 1], [1, 1, 1], [1, 1, 1]], [[2, 0, 4], [2, 3, 4], [2, 0, 4]],
      [[60, 50, 6], [60, 50, 6], [60, 49, 6]],
    ]
    rows.add(
      .general("concatenate along 1", ["concatenate(_: [Tensor], axis: Int)", "struct Concatenate"], cases: joined) {
        concatenate($0, axis: 1)
      } reference: {
        joinedGrids($0, 1)
      }.moving())
    rows.add(
      .general(
        "concatenate along 0", ["concatenate(_: [Tensor], axis: Int)"], cases: [[[2, 3], [1, 3]], [[1], [1]], [[0], [2]], [[0], [0]]]
      ) {
        concatenate($0)
      } reference: {
        joinedGrids($0, 0)
      }.moving())
    rows.add(
      .general("concatenate along -1 of many", ["concatenate(_: [Tensor], axis: Int)"], cases: [Array(repeating: [2, 1], count: 70)]) {
        concatenate($0, axis: -1)
      } reference: {
        joinedGrids($0, 1)
      }.moving())
    rows.add(
      .general("concatenate, stretching", ["concatenate(_: [Tensor], axis: Int)"], cases: [[[5, 2], [1, 3]], [[1, 2], [5, 3]]]) {
        concatenate($0, axis: -1)
      } reference: { x in
        joinedGrids([x[0].expanded([5, 2]), x[1].expanded([5, 3])], 1)
      }.moving())
    for axis in [0, 1, -1] {
      rows.add(
        .general(
          "stack along \(axis)", ["stack(_: [Tensor], axis: Int)"], cases: [[[2, 3], [2, 3]], [[1, 1], [1, 1]], [[0, 2], [0, 2]]]
        ) {
          stack($0, axis: axis)
        } reference: { x in
          let at = axis < 0 ? 2 : axis
          return Grid(x[0].shape[..<at] + [2] + x[0].shape[at...]) { position in
            var inner = position
            return x[inner.remove(at: at)][inner]
          }
        }.moving())
    }
    // The parts after the first, joined again in another order: so the row has one result.
    rows.add(
      row("split sizes", "Tensor.split(sizes: [Int], axis: Int)", cases: [[[2, 6, 3]], [[1, 6, 1]], [[0, 6, 2]]]) {
        let parts = $0.split(sizes: [1, 0, 3, 2], axis: 1)
        return concatenate([parts[3], parts[1], parts[2]], axis: 1)
      } reference: { x in
        Grid([x.shape[0], 5, x.shape[2]]) { x[[$0[0], $0[1] < 2 ? $0[1] + 4 : $0[1] - 1, $0[2]]] }
      })
    rows.add(
      row("split size", "Tensor.split(size: Int, axis: Int)", cases: [[[2, 7]], [[1, 7]], [[0, 7]]]) {
        let parts = $0.split(size: 3, axis: -1)
        return concatenate([parts[2], parts[0]], axis: -1)
      } reference: { x in
        Grid([x.shape[0], 4]) { x[[$0[0], $0[1] == 0 ? 6 : $0[1] - 1]] }
      })
    rows.add(
      row("chunk", "Tensor.chunk(_: Int, axis: Int)", cases: [[[7, 2]], [[7, 1]], [[7, 0]]]) {
        $0.chunk(3)[2]
      } reference: { x in
        Grid([1, x.shape[1]]) { x[[6, $0[1]]] }
      })
    rows.add(
      row("tiled", "Tensor.tiled(_: [Int])") {
        $0.tiled([2, 3])
      } reference: { x in
        Grid([x.shape[0], 2 * x.shape[1], 3 * x.shape[2]]) { x[[$0[0], $0[1] % x.shape[1], $0[2] % x.shape[2]]] }
      })
    rows.add(
      row("tiled along more axes", "Tensor.tiled(_: [Int])", cases: [[[3]], [[1]], [[0]]]) {
        $0.tiled([2, 1, 2])
      } reference: { x in
        Grid([2, 1, 2 * x.shape[0]]) { x[[$0[2] % x.shape[0]]] }
      })
    rows.add(
      row("tiled 0 times", "Tensor.tiled(_: [Int])", cases: [[[2, 3]]]) {
        $0.tiled([0, 1])
      } reference: {
        Grid([0, $0.shape[1]], [])
      }.with { $0.slope = .none })
    rows.add(
      row("repeated", "Tensor.repeated(_: Int, axis: Int)") {
        $0.repeated(3, axis: 1)
      } reference: { x in
        Grid([x.shape[0], 3 * x.shape[1], x.shape[2]]) { x[[$0[0], $0[1] / 3, $0[2]]] }
      })
    rows.add(
      OperatorRow.unary(
        "padded with a large Int", "Tensor.padded(_: [(before: Int, after: Int)], value: S)", domain: .whole(-2...2), dtypes: [.int64],
        slope: .none
      ) {
        // One element more along a new axis.
        $0.unsqueezed(axis: -1).padded([(0, 1)], value: 1 << 53 + 1)[.ellipsis, 1] - (1 << 53) + $0
      } reference: {
        $0 + 1
      })
    rows.add(
      row("padded", "Tensor.padded(_: [(before: Int, after: Int)], value: Double)") {
        $0.padded([(1, 2), (0, 1)], value: 7)
      } reference: { x in
        Grid([x.shape[0], x.shape[1] + 3, x.shape[2] + 1]) { at in
          at[1] >= 1 && at[1] <= x.shape[1] && at[2] < x.shape[2] ? x[[at[0], at[1] - 1, at[2]]] : 7
        }
      }.with { $0.dtypes.removeLast() })
    rows.add(
      row(
        "padded by less than nothing", "Tensor.padded(_: [(before: Int, after: Int)], value: Double)", cases: [[[2, 3, 4]], [[1, 2, 3]]]
      ) {
        $0.padded([(2, 0), (-1, 1), (-1, -2)])
      } reference: { x in
        Grid([x.shape[0] + 2, x.shape[1], x.shape[2] - 3]) { at in
          at[0] >= 2 && at[1] + 1 < x.shape[1] ? x[[at[0] - 2, at[1] + 1, at[2] + 1]] : 0
        }
      })
  }

  private static func joinedGrids(_ x: [Grid], _ axis: Int) -> Grid {
    var shape = x[0].shape
    shape[axis] = x.reduce(0) { $0 + $1.shape[axis] }
    return Grid(shape) { position in
      var (inner, part) = (position, 0)
      while inner[axis] >= x[part].shape[axis] {
        inner[axis] -= x[part].shape[axis]
        part += 1
      }
      return x[part][inner]
    }
  }
}
