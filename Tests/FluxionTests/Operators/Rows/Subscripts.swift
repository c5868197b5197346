import Tensors

extension OperatorTable {
  /// A row of an operand [3, 4, 5], or several ones, whose elements are only moved.
  static func subscriptRow(
    _ name: String, _ shapes: [[Int]] = [[3, 4, 5]], _ apply: @escaping @Sendable ([Tensor]) -> Tensor,
    reference: @escaping @Sendable ([Grid]) -> Grid
  ) -> OperatorRow {
    OperatorRow.general(
      name, ["Tensor.subscript(_: any TensorIndex)", "Tensor.subscript(_: Range<Int>)", "struct Slice"], cases: [shapes], apply,
      reference: reference
    )
    .moving()
  }

  /// A subscript that is read: the shape of the result, and where its elements come from; negative positions count from the end.
  private static func read(
    _ name: String, _ shape: [Int], _ apply: @escaping @Sendable (Tensor) -> Tensor, from source: @escaping @Sendable ([Int]) -> [Int]
  ) -> OperatorRow {
    subscriptRow("x[\(name)]", [[3, 4, 5]]) {
      apply($0[0])
    } reference: { x in
      Grid(shape) { position in x[0][zip(source(position), [3, 4, 5]).map { $0 < 0 ? $0 + $1 : $0 }] }
    }
  }

  static let reading = list { rows in
    rows.add(
      read("at: [.all, 2, -3...]", [3, 3]) {
        $0[at: [TensorIndexKind.all, 2, (-3)...]]
      } from: {
        [$0[0], 2, $0[1] + 2]
      }.with { $0.covers = ["Tensor.subscript(_: [any TensorIndex])"] })
    rows.add(
      read("axis: -2, 1..<3", [3, 2, 5]) {
        $0[axis: -2, 1..<3]
      } from: {
        [$0[0], $0[1] + 1, $0[2]]
      }.with { $0.covers = ["Tensor.subscript(_: Int, _: any TensorIndex)"] })
    rows.add(
      read("1", [4, 5]) {
        $0[1]
      } from: {
        [1, $0[0], $0[1]]
      })
    rows.add(
      read("-1, 2", [5]) {
        $0[-1, 2]
      } from: {
        [2, 2, $0[0]]
      })
    rows.add(
      read("0, 1, -2", []) {
        $0[0, 1, -2]
      } from: { _ in
        [0, 1, 3]
      })
    rows.add(
      read("-2 ..< -1", [1, 4, 5]) {
        $0[-2 ..< -1]
      } from: {
        [1 + $0[0], $0[1], $0[2]]
      })
    rows.add(
      read("1..<3", [2, 4, 5]) {
        $0[1..<3]
      } from: {
        [$0[0] + 1, $0[1], $0[2]]
      })
    rows.add(
      read("all, -3...(-2)", [3, 2, 5]) {
        $0[.all, -3...(-2)]
      } from: {
        [$0[0], $0[1] + 1, $0[2]]
      })
    rows.add(
      read("1..., ...1, ..<(-1)", [2, 2, 4]) {
        $0[1..., ...1, ..<(-1)]
      } from: {
        [$0[0] + 1, $0[1], $0[2]]
      })
    rows.add(
      read("-2..., ...(-2)", [2, 3, 5]) {
        $0[(-2)..., ...(-2)]
      } from: {
        [$0[0] + 1, $0[1], $0[2]]
      })
    rows.add(
      read("stride by 2", [2, 4, 5]) {
        $0[.stride(by: 2)]
      } from: {
        [2 * $0[0], $0[1], $0[2]]
      })
    rows.add(
      read("stride from 1 to -1 by 2", [3, 4, 2]) {
        $0[.ellipsis, .stride(from: 1, to: -1, by: 2)]
      } from: {
        [$0[0], $0[1], 2 * $0[2] + 1]
      })
    rows.add(
      read("stride by -2", [3, 4, 3]) {
        $0[.ellipsis, .stride(by: -2)]
      } from: {
        [$0[0], $0[1], 4 - 2 * $0[2]]
      })
    rows.add(
      read("stride from -2 to 0 by -1", [3, 4, 3]) {
        $0[.ellipsis, .stride(from: -2, to: 0, by: -1)]
      } from: {
        [$0[0], $0[1], 3 - $0[2]]
      })
    rows.add(
      read("ellipsis, 2", [3, 4]) {
        $0[.ellipsis, 2]
      } from: {
        [$0[0], $0[1], 2]
      })
    rows.add(
      read("1, ellipsis, 2..<4", [4, 2]) {
        $0[1, .ellipsis, 2..<4]
      } from: {
        [1, $0[0], $0[1] + 2]
      })
    rows.add(
      read("new axis", [1, 3, 4, 5]) {
        $0[.newAxis]
      } from: {
        Array($0[1...])
      })
    rows.add(
      read("all, new axis, 1, ellipsis, new axis", [3, 1, 5, 1]) {
        $0[.all, .newAxis, 1, .ellipsis, .newAxis]
      } from: {
        [$0[0], 1, $0[2]]
      })
    rows.add(
      read("2..<2", [3, 0, 5]) {
        $0[.all, 2..<2]
      } from: {
        $0
      }.with { $0.slope = .none })
    rows.add(
      read("nothing", [3, 4, 5]) {
        $0[.ellipsis]
      } from: {
        $0
      })
    rows.add(
      read("kinds as values", [3, 1]) {
        $0[TensorIndexKind.all, TensorIndexKind.position(0), 4...4]
      } from: {
        [$0[0], 0, 4]
      })

    let (one, two) = (Tensor([2, 0, -1, 2], .int64), Grid([2, 2], [0, 1, 3, -1]).tensor(.int64))
    let (first, second): ([Int], [[Int]]) = ([2, 0, -1, 2], [[0, 1], [3, -1]])
    rows.add(
      read("indices", [4, 4, 5]) {
        $0[one]
      } from: {
        [first[$0[0]], $0[1], $0[2]]
      }.with { $0.covers += ["struct Take", "struct TakeAdd"] })
    rows.add(
      read("all, indices of two axes", [3, 2, 2, 5]) {
        $0[.all, two]
      } from: {
        [$0[0], second[$0[1]][$0[2]], $0[3]]
      })
    rows.add(
      read("int32 indices, transposed", [3, 4, 2, 2]) {
        $0[.ellipsis, two.cast(to: .int32).transposed()]
      } from: {
        [$0[0], $0[1], second[$0[3]][$0[2]]]
      })
    rows.add(
      read("1, indices", [4, 5]) {
        $0[1, one]
      } from: {
        [1, first[$0[0]], $0[1]]
      })
    rows.add(
      read("range, indices, range", [2, 4, 3]) {
        $0[1..., one, ..<3]
      } from: {
        [$0[0] + 1, first[$0[1]], $0[2]]
      })
    rows.add(
      read("neighbouring indices", [3, 2, 2]) {
        $0[.all, two, Tensor([0, 4], .int64)]
      } from: {
        [$0[0], second[$0[1]][$0[2]], $0[2] == 0 ? 0 : 4]
      })
    rows.add(
      read("indices in front", [2, 2, 5]) {
        $0[Tensor([0, 2], .int64), two]
      } from: {
        [$0[1] == 0 ? 0 : 2, second[$0[0]][$0[1]], $0[2]]
      })
    rows.add(
      read("indices apart", [2, 2, 4]) {
        $0[Tensor([0, 2], .int64), .all, two]
      } from: {
        [$0[1] == 0 ? 0 : 2, $0[2], second[$0[0]][$0[1]]]
      })
    rows.add(
      read("indices with a new axis between", [4, 1, 5]) {
        $0[one, .newAxis, one]
      } from: {
        [first[$0[0]], first[$0[0]], $0[2]]
      })
    rows.add(
      read("three index tensors", [2, 2]) {
        $0[Tensor([0, 2], .int64), two, two]
      } from: {
        [$0[1] == 0 ? 0 : 2, second[$0[0]][$0[1]], second[$0[0]][$0[1]]]
      })
    rows.add(
      read("no indices", [0, 4, 5]) {
        $0[Tensor([Int]())]
      } from: {
        $0
      }.with { $0.slope = .none })
    let mask = Tensor([true, false, true])
    rows.add(
      read("mask", [2, 4, 5]) {
        $0[mask]
      } from: {
        [2 * $0[0], $0[1], $0[2]]
      })
    rows.add(
      read("mask, all, indices", [2, 4]) {
        $0[mask, .all, Tensor([4, 0], .int64)]
      } from: {
        [2 * $0[0], $0[1], $0[0] == 0 ? 4 : 0]
      })
    let plane = Grid([3, 4], [0, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0]).tensor(.bool)
    rows.add(
      read("mask of two axes", [3, 5]) {
        $0[plane]
      } from: {
        [[0, 1], [1, 3], [2, 0]][$0[0]] + [$0[1]]
      })
    rows.add(
      read("all, mask of two axes", [3, 2]) {
        $0[.all, Grid([4, 5]) { $0 == [1, 2] || $0 == [3, 0] ? 1 : 0 }.tensor(.bool)]
      } from: {
        [$0[0]] + [[1, 2], [3, 0]][$0[1]]
      })
    let none = Tensor.zeros([3], .bool)
    rows.add(
      read("empty mask", [0, 4, 5]) {
        $0[none]
      } from: {
        $0
      }.with { $0.slope = .none })
    rows.add(
      subscriptRow("x[x > 0]") {
        $0[0][$0[0] .> 0]
      } reference: { x in
        Grid(x[0].values.filter { $0 > 0 })
      }.with {
        $0.domains = [.real(-2, 2, avoiding: [0], integers: -9...9)]
        $0.dtypes = OperatorRow.numbers
        $0.takesEqualElements = false
        $0.hasKnownShape = false
      })
  }
}
