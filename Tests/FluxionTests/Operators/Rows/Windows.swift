import Tensors

extension OperatorTable {
  /// A row of one operand whose elements are only moved, some of them to several places.
  private static func row(
    _ name: String, _ covers: String..., cases: [[[Int]]], _ apply: @escaping @Sendable (Tensor) -> Tensor,
    reference: @escaping @Sendable (Grid) -> Grid
  ) -> OperatorRow {
    OperatorRow.general(name, covers, cases: cases) {
      apply($0[0])
    } reference: {
      reference($0[0])
    }.moving()
  }

  static let windows = list { rows in
    let windows = "Tensor.windows(axis: Int, size: Int, step: Int)"
    rows.add(
      row("windows", windows, "struct Windows", "struct StridedAdd", cases: [[[2, 7, 3]], [[1, 3, 1]], [[0, 4, 2]], [[20, 50, 40]]]) {
        $0.windows(axis: 1, size: 3)
      } reference: { x in
        Grid([x.shape[0], x.shape[1] - 2, x.shape[2], 3]) { x[[$0[0], $0[1] + $0[3], $0[2]]] }
      })
    rows.add(
      row("windows in steps", windows, cases: [[[3, 8]], [[1, 2]], [[2, 9]]]) {
        $0.windows(axis: -1, size: 2, step: 3)
      } reference: { x in
        Grid([x.shape[0], (x.shape[1] - 2) / 3 + 1, 2]) { x[[$0[0], 3 * $0[1] + $0[2]]] }
      })
    rows.add(
      row("windows of two axes", windows, cases: [[[5, 4]]]) {
        $0.windows(axis: 0, size: 3, step: 2).windows(axis: 1, size: 2)
      } reference: { x in
        Grid([2, 3, 3, 2]) { x[[2 * $0[0] + $0[2], $0[1] + $0[3]]] }
      })
    rows.add(
      row("windows of nothing", windows, cases: [[[3]]]) {
        $0.windows(axis: 0, size: 0, step: 2)
      } reference: { _ in
        Grid([2, 0], [])
      }.with { $0.slope = .none })

    rows.add(
      row(
        "windows of images, each at its place", "Tensor.windows(rows: Int, columns: Int, at: Tensor)", "struct EachWindow",
        "struct EachWindowPlaced", cases: [[[3, 2, 5, 4]], [[3, 1, 4, 3]], [[3, 2, 40, 30]], [[3, 0, 4, 4]]]
      ) {
        $0.windows(rows: 2, columns: 3, at: Tensor([1, 0, 0, 0, 2, 0] as [Int64], shape: [3, 2]))
      } reference: { x in
        Grid([3, x.shape[1], 2, 3]) { x[[$0[0], $0[1], [1, 0, 2][$0[0]] + $0[2], $0[3]]] }
      })

    let strided = "Tensor.strided(_: Shape, strides: [Int], offset: Int)"
    rows.add(
      row("strided", strided, "struct Strided", cases: [[[3, 4]], [[4, 3]], [[12]]]) {
        $0.strided([2, 3], strides: [4, 1], offset: 3)
      } reference: { x in
        Grid([2, 3]) { x.values[3 + 4 * $0[0] + $0[1]] }
      })
    rows.add(
      row("strided, overlapping", strided, cases: [[[3, 4]], [[400, 100]]]) {
        $0.strided([$0.elementCount / 2, 2, 2], strides: [1, 1, 0])
      } reference: { x in
        Grid([x.count / 2, 2, 2]) { x.values[$0[0] + $0[1]] }
      })
    rows.add(
      row("strided backwards", strided, cases: [[[6]]]) {
        $0.strided([3, 2], strides: [-2, 1], offset: 4)
      } reference: { x in
        Grid([3, 2]) { x.values[4 - 2 * $0[0] + $0[1]] }
      })
    rows.add(
      row("strided to a scalar, and to nothing", strided, cases: [[[6]]]) {
        $0.strided([], strides: [], offset: 5) + concatenate([$0.strided([0], strides: [9], offset: 9), $0.strided([1], strides: [9])])[0]
      } reference: { x in
        Grid(x.values[5] + x.values[0])
      }.with {
        $0.dtypes = OperatorRow.numbers
        $0.isExact = false
      })
  }
}
