import Tensors

extension OperatorTable {
  /// A window to pool by: how it is called, and as the reference sees it.
  private struct PoolingCase: Sendable {
    var name: String
    var reference: WindowReference
    var shapes: [[Int]]
    var window: PerAxis
    var stride: PerAxis?
    var padding: WindowPadding = 0
    var dilation: PerAxis = 1
    var roundsUp = false
  }

  private static let pools: [PoolingCase] = [
    PoolingCase(
      name: "by two", reference: WindowReference([4, 7], to: [2, 3], window: [2, 2], stride: [2, 2]),
      shapes: [[2, 3, 4, 7], [1, 1, 4, 7], [0, 3, 4, 7]], window: 2),
    PoolingCase(
      name: "of odd sizes by two", reference: WindowReference([5, 6], to: [2, 3], window: [2, 2], stride: [2, 2]),
      shapes: [[2, 3, 5, 6]], window: [2, 2]),
    PoolingCase(
      name: "overlapping", reference: WindowReference([5, 8], to: [3, 8], window: [3, 3], stride: [2, 1], before: [1, 1]),
      shapes: [[2, 5, 8], [2, 3, 5, 8], [5, 8]], window: [3, 3], stride: [2, 1], padding: 1),
    PoolingCase(
      name: "rounding up", reference: WindowReference([6], to: [3], window: [3], stride: [3], before: [1]),
      shapes: [[2, 3, 6]], window: 3, padding: 1, roundsUp: true),
    PoolingCase(
      name: "of volumes",
      reference: WindowReference([3, 4, 5], to: [2, 2, 3], window: [2, 3, 3], stride: [1, 2, 2], before: [0, 1, 1]),
      shapes: [[2, 2, 3, 4, 5]], window: [2, 3, 3], stride: [1, 2, 2], padding: [0, 1, 1]),
    PoolingCase(
      name: "by a window larger than a block", reference: WindowReference([2100], to: [4], window: [600], stride: [500]),
      shapes: [[1, 1, 2100]], window: 600, stride: 500),
    PoolingCase(
      name: "along long rows", reference: WindowReference([4, 1700], to: [2, 850], window: [2, 3], stride: [2, 2], before: [0, 1]),
      shapes: [[1, 1, 4, 1700]], window: [2, 3], stride: 2, padding: [0, 1]),
  ]
  private static let dilated = PoolingCase(
    name: "dilated", reference: WindowReference([5, 9], to: [3, 3], window: [2, 3], stride: [1, 2], before: [0, 2], dilation: [2, 4]),
    shapes: [[2, 3, 5, 9]], window: [2, 3], stride: [1, 2], padding: WindowPadding(before: [0, 2], after: [0, 2]), dilation: [2, 4])

  /// The first of the largest, and where it lies.
  @Sendable private static func largest(_ list: [(position: Int, value: Double)]) -> (position: Int, value: Double) {
    var best = list[0]
    for item in list where item.value > best.value || item.value.isNaN { best = item }
    return best
  }

  static let pooling = list { rows in
    let name = "_: Tensor, window: PerAxis, stride: PerAxis?, padding: WindowPadding, dilation: PerAxis, roundsUp: Bool)"
    for item in pools + [dilated] {
      let cases = item.shapes.map { [$0] }
      rows.add(
        .general(
          "maxPool \(item.name)", ["maxPool(" + name, "struct MaxPool", "struct MaxPoolGradient"], cases: cases, domains: [.distinct],
          dtypes: OperatorRow.numbers
        ) {
          maxPool(
            $0[0], window: item.window, stride: item.stride, padding: item.padding, dilation: item.dilation, roundsUp: item.roundsUp)
        } reference: { x in
          item.reference.pooled(x[0]) { largest($0).value }
        }.moving(OperatorRow.numbers))
      rows.add(
        .general(
          "maxPoolPositions \(item.name)", ["maxPoolPositions(" + name, "struct MaxPoolPositions"], cases: cases, domains: [.distinct],
          dtypes: OperatorRow.numbers
        ) {
          maxPoolPositions(
            $0[0], window: item.window, stride: item.stride, padding: item.padding, dilation: item.dilation, roundsUp: item.roundsUp)
        } reference: { x in
          item.reference.pooled(x[0]) { Double(largest($0).position) }
        }.giving(.int64))
    }
    for item in pools {
      let cases = item.shapes.map { [$0] }
      let volume = item.reference.window.reduce(1, *)
      let mean =
        "meanPool(_: Tensor, window: PerAxis, stride: PerAxis?, padding: WindowPadding, roundsUp: Bool, countsPadding: Bool, divisor: Int?)"
      let kinds: [(name: String, counts: Bool, divisor: Int?)] = [("", true, nil), (" without padding", false, nil), (" over 3", true, 3)]
      // Rounded up, the last window may reach beyond the padding, where nothing counts: a row of its own below.
      for (kind, counts, divisor) in kinds where !item.roundsUp || !counts {
        let row = OperatorRow.general(
          "meanPool \(item.name)\(kind)", [mean, "struct MeanPool", "struct MeanPoolGradient"], cases: cases, dtypes: OperatorRow.numbers
        ) {
          meanPool(
            $0[0], window: item.window, stride: item.stride, padding: item.padding, roundsUp: item.roundsUp, countsPadding: counts,
            divisor: divisor)
        } reference: { x in
          item.reference.pooled(x[0]) { list in list.reduce(0) { $0 + $1.value } / Double(divisor ?? (counts ? volume : list.count)) }
        }
        let floats = row.reference
        rows.add(
          row.with {
            $0.reference = { x, dtype in
              let y = floats(x, dtype)
              // Toward zero; a sum of integers over an integer is never a hair below a whole number by more than rounding.
              return dtype.isFloatingPoint ? y : y.map { ($0 + ($0 < 0 ? -1e-9 : 1e-9)).rounded(.towardZero) }
            }
          })
      }
    }
    // The last window begins inside but reaches over padding's end: what lies beyond counts for nothing.
    rows.add(
      .general("meanPool beyond the padding", ["struct MeanPool"], cases: [[[1, 2, 6]]]) {
        meanPool($0[0], window: 4, stride: 3, padding: 1, roundsUp: true)
      } reference: { x in
        Grid([1, 2, 3]) { at in
          let row = Array(x[0].values[at[1] * 6..<at[1] * 6 + 6])
          return [(row[0] + row[1] + row[2]) / 4, (row[2] + row[3] + row[4] + row[5]) / 4, row[5] / 2][at[2]]
        }
      })

    // Even parts.
    let part: @Sendable (Int, Int, Int) -> Range<Int> = { i, n, size in i * n / size..<((i + 1) * n + size - 1) / size }
    let parts: @Sendable (Grid, [Int], ([(position: Int, value: Double)]) -> Double) -> Grid = { x, size, function in
      let (height, width) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
      return Grid(Array(x.shape.dropLast(2)) + size) { at in
        let plane = at.dropLast(2).enumerated().reduce(0) { $0 * x.shape[$1.offset] + $1.element }
        return function(
          part(at[at.count - 2], height, size[0]).flatMap { row in
            part(at[at.count - 1], width, size[1]).map { column in
              (row * width + column, x.values[plane * height * width + row * width + column])
            }
          })
      }
    }
    let cases: [[[Int]]] = [[[2, 3, 5, 7]], [[5, 7]], [[1, 1, 1, 1]], [[0, 2, 5, 7]], [[2, 1, 40, 30]]]
    for size in [[3, 4], [1, 1], [6, 7]] {
      rows.add(
        .general("maxPool to \(size)", ["maxPool(_: Tensor, to: PerAxis)"], cases: cases, domains: [.distinct]) {
          maxPool($0[0], to: PerAxis(size))
        } reference: { x in
          parts(x[0], size) { largest($0).value }
        }.moving(OperatorRow.numbers))
      rows.add(
        .general("maxPoolPositions to \(size)", ["maxPoolPositions(_: Tensor, to: PerAxis)"], cases: cases, domains: [.distinct]) {
          maxPoolPositions($0[0], to: PerAxis(size))
        } reference: { x in
          parts(x[0], size) { Double(largest($0).position) }
        }.giving(.int64))
      rows.add(
        .general("meanPool to \(size)", ["meanPool(_: Tensor, to: PerAxis)"], cases: cases) {
          meanPool($0[0], to: PerAxis(size))
        } reference: { x in
          parts(x[0], size) { list in list.reduce(0) { $0 + $1.value } / Double(list.count) }
        })
    }

    let (inf, nan) = (Double.infinity, Double.nan)
    let special: (String, [Double], [Double], [Double]) -> OperatorRow = { name, x, y, dx in
      OperatorRow.general("maxPool of \(name)", ["struct MaxPool"], cases: [[[2, 6]]], domains: [.distinct]) {
        maxPool($0[0].reshaped([$0[0].elementCount / 6, 1, 6]), window: 3).flattened()
      } reference: {
        WindowReference([6], to: [2], window: [3], stride: [3]).pooled(Grid([$0[0].count / 6, 6], $0[0].values)) { largest($0).value }
          .flat
      }.with { $0.specials = [.init(inputs: [Grid(x)], result: Grid(y), slopes: [Grid(dx)])] }
    }
    rows.add(special("ties", [1, 1, 0, 2, 3, 3], [1, 3], [1, 0, 0, 0, 1, 0]))
    rows.add(special("what is no number", [nan, 9, nan, 1, nan, 2], [nan, nan], [0, 0, 1, 0, 1, 0]))
    rows.add(special("infinities", [-inf, -inf, -inf, inf, 0, inf], [-inf, inf], [1, 0, 0, 1, 0, 0]))
  }
}

extension Grid {
  fileprivate var flat: Grid { Grid(values) }
}
