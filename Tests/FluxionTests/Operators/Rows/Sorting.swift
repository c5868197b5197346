import Foundation
import Tensors

extension OperatorTable {
  /// Positions in order: stable, NaN as the largest.
  @Sendable private static func order(_ x: [Double], descending: Bool = false) -> [Int] {
    func precedes(_ a: Double, _ b: Double) -> Bool { b.isNaN ? !a.isNaN : a < b }
    return x.indices.sorted { a, b in
      if descending ? precedes(x[b], x[a]) : precedes(x[a], x[b]) { return true }
      return !(descending ? precedes(x[a], x[b]) : precedes(x[b], x[a])) && a < b
    }
  }

  private static func special(_ x: [Double], _ y: [Double]) -> OperatorRow.Special { .init(inputs: [Grid(x)], result: Grid(y)) }

  /// Rows of all kinds of lengths: what is merged, what is distributed byte by byte, what threads share.
  private static let rowsOfAllLengths = OperatorRow.threeAxes + [[[3, 200]], [[3, 2, 500]], [[70000]]]
  private static let withElements = OperatorRow.threeAxes.filter { !$0[0].contains(0) }

  static let sorting = list { rows in
    let (inf, nan) = (Double.infinity, Double.nan)
    let argsort = ["Tensor.argsort(axis: Int, descending: Bool)", "struct OrderPositions"]
    let sorted = ["Tensor.sorted(axis: Int, descending: Bool)", "struct Sort"]
    for axis in [-1, 0, 1] {
      for descending in [false, true] {
        let cases = axis == -1 ? rowsOfAllLengths : OperatorRow.threeAxes
        let way = "\(descending ? ", descending" : "") along \(axis)"
        rows.add(
          OperatorRow.general("sorted\(way)", sorted, cases: cases, domains: [.distinct]) {
            $0[0].sorted(axis: axis, descending: descending)
          } reference: {
            $0[0].along(axis) { x in order(x, descending: descending).map { x[$0] } }
          }.moving().with {
            guard axis == -1 else { return }
            $0.specials = [
              descending
                ? special([0, -0.0, nan, 1, inf, -inf, 0], [nan, inf, 1, 0, -0.0, 0, -inf])
                : special([0, -0.0, nan, 1, inf, -inf, 0], [-inf, 0, -0.0, 0, 1, inf, nan])
            ]
          })
        rows.add(
          OperatorRow.general("argsort\(way)", argsort, cases: cases, domains: [.whole(-3...3)], dtypes: OperatorRow.all) {
            $0[0].argsort(axis: axis, descending: descending)
          } reference: {
            $0[0].along(axis) { order($0, descending: descending).map { Double($0) } }
          }.giving(.int64).with {
            guard axis == -1 else { return }
            $0.specials = [
              descending
                ? special([0, -0.0, nan, 1, -nan, inf, -inf, 0], [2, 4, 5, 3, 0, 1, 7, 6])
                : special([0, -0.0, nan, 1, -nan, inf, -inf, 0], [6, 0, 1, 7, 3, 5, 2, 4])
            ]
          })
      }
    }
    // All bytes of the keys, and both signs.
    let far: @Sendable (Grid) -> Grid = { $0.map { ($0 * 1e8 + 0.5).rounded(.down) } }
    rows.add(
      OperatorRow.general("argsort of large integers", argsort, cases: [[[600]]], domains: [.whole(-20...20)], dtypes: [.int32, .int64]) {
        ($0[0] * 100_000_000).argsort()
      } reference: {
        far($0[0]).along(0) { order($0).map { Double($0) } }
      }.giving(.int64))

    for largest in [true, false] {
      rows.add(
        OperatorRow.general(
          "positions of topK 40 of \(largest)", ["Tensor.topK(_: Int, axis: Int, largest: Bool)"], cases: [[[5, 300]]],
          domains: [.whole(-20...20)], dtypes: OperatorRow.all
        ) {
          $0[0].topK(40, largest: largest).positions
        } reference: {
          $0[0].along(-1) { x in order(x, descending: largest).prefix(40).map { Double($0) } }
        }.giving(.int64))
    }
    for (k, largest) in [(2, true), (1, false), (0, true)] {
      for axis in [-1, 0, 1] {
        let cases = axis == -1 ? [[[2, 3, 4]], [[2, 2]], [[5, 300]]] : [[[2, 3, 4]], [[30, 20, 10]]]
        rows.add(
          OperatorRow.general(
            "topK \(k) of \(largest) along \(axis)", ["Tensor.topK(_: Int, axis: Int, largest: Bool)"], cases: cases, domains: [.distinct]
          ) {
            $0[0].topK(k, axis: axis, largest: largest).values
          } reference: {
            $0[0].along(axis) { x in order(x, descending: largest).prefix(k).map { x[$0] } }
          }.moving().with { if k == 0 { $0.slope = .none } })
        rows.add(
          OperatorRow.general(
            "positions of topK \(k) of \(largest) along \(axis)", ["Tensor.topK(_: Int, axis: Int, largest: Bool)"], cases: cases,
            domains: [.whole(-3...3)], dtypes: OperatorRow.all
          ) {
            $0[0].topK(k, axis: axis, largest: largest).positions
          } reference: {
            $0[0].along(axis) { x in order(x, descending: largest).prefix(k).map { Double($0) } }
          }.giving(.int64).with {
            if k == 2 && axis == -1 { $0.specials = [special([1, nan, 3, nan, 3], [1, 3]), special([2, -0.0, 0, -1], [0, 1])] }
          })
      }
    }
    for (k, keepDims) in [(1, false), (2, true)] {
      for axis in [-1, 0, 1] {
        let cases: [[[Int]]] = [[[2, 3, 4]], [[10, 11, 12]], [[32, 33, 34]]]
        rows.add(
          OperatorRow.general(
            "kthSmallest \(k) along \(axis)", ["Tensor.kthSmallest(_: Int, axis: Int, keepDims: Bool)"], cases: cases, domains: [.distinct]
          ) {
            $0[0].kthSmallest(k, axis: axis, keepDims: keepDims).values
          } reference: {
            $0[0].reduced([axis], keepDims: keepDims) { x in x[order(x)[k - 1]] }
          }.moving())
        rows.add(
          OperatorRow.general(
            "position of kthSmallest \(k) along \(axis)", ["Tensor.kthSmallest(_: Int, axis: Int, keepDims: Bool)"], cases: cases,
            domains: [.whole(-3...3)], dtypes: OperatorRow.all
          ) {
            $0[0].kthSmallest(k, axis: axis, keepDims: keepDims).positions
          } reference: {
            $0[0].reduced([axis], keepDims: keepDims) { Double(order($0)[k - 1]) }
          }.giving(.int64))
      }
    }
  }

  static let medians = list { rows in
    let nan = Double.nan
    let median = "Tensor.median(axis: Int, keepDims: Bool, ignoringNaN: Bool)"
    let cases = withElements + [[[3, 2, 1500]]]
    let place: @Sendable ([Double]) -> Int = { x in order(x)[(x.count - 1) / 2] }
    for (axis, keepDims) in [(-1, false), (0, true), (1, false)] {
      rows.add(
        OperatorRow.general("median along \(axis)", [median], cases: cases, domains: [.distinct]) {
          $0[0].median(axis: axis, keepDims: keepDims)
        } reference: {
          $0[0].reduced([axis], keepDims: keepDims) { $0[place($0)] }
        }.moving())
      rows.add(
        OperatorRow.general(
          "argmedian along \(axis)", ["Tensor.argmedian(axis: Int, keepDims: Bool, ignoringNaN: Bool)"], cases: cases,
          domains: [.whole(-3...3)], dtypes: OperatorRow.all
        ) {
          $0[0].argmedian(axis: axis, keepDims: keepDims)
        } reference: {
          $0[0].reduced([axis], keepDims: keepDims) { Double(place($0)) }
        }.giving(.int64))
      // The longest run of equals in order, the first of several; the last position of that number.
      let common: @Sendable ([Double]) -> Int = { x in
        let counts = Dictionary(grouping: x.indices) { x[$0] }
        let best = counts.max { a, b in (a.value.count, -a.key) < (b.value.count, -b.key) }
        return best!.value.max()!
      }
      rows.add(
        OperatorRow.general(
          "mode along \(axis)", ["Tensor.mode(axis: Int, keepDims: Bool)"], cases: withElements, domains: [.distinct]
        ) {
          $0[0].mode(axis: axis, keepDims: keepDims).values
        } reference: {
          $0[0].reduced([axis], keepDims: keepDims) { $0[common($0)] }
        }.moving())
      rows.add(
        OperatorRow.general(
          "position of the mode along \(axis)", ["Tensor.mode(axis: Int, keepDims: Bool)"], cases: withElements, domains: [.whole(-2...2)],
          dtypes: OperatorRow.all
        ) {
          $0[0].mode(axis: axis, keepDims: keepDims).positions
        } reference: {
          $0[0].reduced([axis], keepDims: keepDims) { Double(common($0)) }
        }.giving(.int64))
    }
    let whole = OperatorRow.general("median", ["Tensor.median(ignoringNaN: Bool)"], cases: cases, domains: [.distinct]) {
      $0[0].median()
    } reference: {
      $0[0].reduced([], keepDims: false) { $0[place($0)] }
    }
    rows.add(
      whole.moving().with {
        $0.specials = [
          .init(inputs: [Grid([3, 1, 2, 1])], result: Grid(1), slopes: []), .init(inputs: [Grid([1, nan, 2])], result: Grid(nan)),
          .init(inputs: [Grid([4, 1, 3])], result: Grid(3), slopes: [Grid([0, 0, 1])]),
        ]
      })
    rows.add(
      OperatorRow.general("median of numbers", ["Tensor.median(ignoringNaN: Bool)", median], cases: cases, domains: [.distinct]) {
        $0[0].median(ignoringNaN: true)
      } reference: {
        $0[0].reduced([], keepDims: false) { $0[place($0)] }
      }.moving().with {
        $0.specials = [
          .init(inputs: [Grid([1, nan, 2, 3, 4])], result: Grid(2), slopes: [Grid([0, 0, 1, 0, 0])]),
          .init(inputs: [Grid([nan, nan])], result: Grid(nan)),
        ]
      })
  }

  static let quantiles = list { rows in
    let (inf, nan) = (Double.infinity, Double.nan)
    let name = "Tensor.quantile(_: Double, axis: Int?, keepDims: Bool, interpolation: QuantileInterpolation, ignoringNaN: Bool)"
    let several = "Tensor.quantile(_: Tensor, axis: Int?, keepDims: Bool, interpolation: QuantileInterpolation, ignoringNaN: Bool)"
    let between: @Sendable ([Double], Double, QuantileInterpolation) -> Double = { x, q, interpolation in
      let (x, rank) = (x.sorted(), q * Double(x.count - 1))
      let (low, high) = (x[Int(rank.rounded(.down))], x[Int(rank.rounded(.up))])
      switch interpolation {
      case .linear: return low + (high - low) * (rank - rank.rounded(.down))
      case .lower: return low
      case .higher: return high
      case .midpoint: return (low + high) / 2
      case .nearest: return x[Int(rank.rounded(.toNearestOrEven))]
      }
    }
    let ways: [(QuantileInterpolation, Int?, Bool)] = [
      (.linear, -1, false), (.linear, 0, true), (.linear, nil, true), (.lower, 1, false), (.higher, -1, true), (.midpoint, 0, false),
      (.nearest, nil, false), (.nearest, -1, true),
    ]
    for (interpolation, axis, keepDims) in ways {
      rows.add(
        OperatorRow.general(
          "quantile, \(interpolation), along \(axis.map { "\($0)" } ?? "all")\(keepDims ? ", kept" : "")", [name], cases: withElements,
          domains: [.distinct]
        ) {
          $0[0].quantile(0.3, axis: axis, keepDims: keepDims, interpolation: interpolation)
        } reference: {
          $0[0].reduced(axis.map { [$0] } ?? [], keepDims: keepDims) { between($0, 0.3, interpolation) }
        }.with { $0.isComposite = true })
    }
    let halves: (([Double], Double, [Double])) -> OperatorRow.Special = {
      .init(inputs: [Grid($0.0)], result: Grid($0.1), slopes: $0.2.isEmpty ? [] : [Grid($0.2)])
    }
    rows.add(
      OperatorRow.general("quantile one half", [name], cases: [[[7]], [[8]]], domains: [.distinct]) {
        $0[0].quantile(0.5)
      } reference: {
        Grid(between($0[0].values, 0.5, .linear))
      }.with {
        $0.isComposite = true
        $0.specials = [([1, nan, 2], nan, []), ([inf, 1, -inf], 1, []), ([inf, inf, inf], inf, [0, 1, 0]), ([1, 2], 1.5, [0.5, 0.5])].map(
          halves)
      })
    rows.add(
      OperatorRow.general("quantile of numbers", [name], cases: [[[7]], [[8]]], domains: [.distinct]) {
        $0[0].quantile(0.5, ignoringNaN: true)
      } reference: {
        Grid(between($0[0].values, 0.5, .linear))
      }.with {
        $0.isComposite = true
        $0.specials = [([1, nan, 4, 2], 2, [0, 0, 0, 1]), ([nan, nan], nan, []), ([1, nan, 2, nan], 1.5, [0.5, 0, 0.5, 0])].map(halves)
      })
    // Several fractions, which have gradients too.
    rows.add(
      OperatorRow.general(
        "quantiles", [several], cases: [[[4, 3], [3]], [[1, 2], [1]], [[4, 3], [0]]],
        domains: [.distinct, .real(0.01, 0.99, avoiding: [1.0 / 3, 2.0 / 3], integers: 0...1)]
      ) {
        $0[0].quantile($0[1], axis: 0, keepDims: true)
      } reference: { x in
        Grid([x[1].count, 1, x[0].shape[1]]) { at in
          between((0..<x[0].shape[0]).map { x[0][[$0, at[2]]] }, x[1].values[at[0]], .linear)
        }
      }.with { $0.isComposite = true })
  }

  static let searching = list { rows in
    let search = ["Tensor.searchSorted(_: Tensor, side: SearchSide)", "struct SearchSorted"]
    @Sendable func place(_ value: Double, _ sorted: [Double], _ side: SearchSide) -> Double {
      Double(sorted.prefix { side == .left ? !($0 >= value) : !($0 > value) }.count)
    }
    for side in [SearchSide.left, .right] {
      // The operand is drawn in any order, and sorted here.
      rows.add(
        OperatorRow.general(
          "searchSorted in a vector, \(side)", search, cases: [[[5], [2, 3]], [[0], [3]], [[1], []], [[50], [90, 70]]],
          domains: [.whole(-3...3), .whole(-3...3)], dtypes: OperatorRow.all
        ) {
          $0[0].sorted().searchSorted($0[1], side: side)
        } reference: { x in
          let sorted = x[0].values.sorted()
          return x[1].map { place($0, sorted, side) }
        }.giving(.int64).with {
          $0.specials = [
            .init(
              inputs: [Grid([1, 2, .infinity, .nan]), Grid([.nan, .infinity, 2, -.infinity])],
              result: Grid(side == .left ? [4, 2, 1, 0] : [4, 4, 2, 0]))
          ]
        })
      rows.add(
        OperatorRow.general(
          "searchSorted in rows, \(side)", search,
          cases: [[[2, 3, 5], [2, 3, 4]], [[0, 3], [0, 1]], [[2, 0], [2, 3]], [[2, 3], [2, 0]]], domains: [.whole(-3...3), .whole(-3...3)],
          dtypes: OperatorRow.all
        ) {
          $0[0].sorted().searchSorted($0[1], side: side)
        } reference: { x in
          let n = x[0].shape.last!
          return Grid(x[1].shape) { at in
            let row = zip(at.dropLast(), x[0].shape.dropLast()).reduce(0) { $0 * $1.1 + $1.0 }
            return place(x[1][at], x[0].values[row * n..<(row + 1) * n].sorted(), side)
          }
        }.giving(.int64))
    }
    rows.add(
      OperatorRow.general(
        "isContained", ["Tensor.isContained(in: Tensor)"], cases: [[[3, 4], [2, 2]], [[2], [0]], [[0], [2]], [[], []]],
        domains: [.whole(-3...3), .whole(-3...3)], dtypes: OperatorRow.all
      ) {
        $0[0].isContained(in: $0[1])
      } reference: { x in
        x[0].map { x[1].values.contains($0) ? 1 : 0 }
      }.giving(.bool).with {
        $0.specials = [.init(inputs: [Grid([.nan, .infinity, -0.0, 1]), Grid([.nan, .infinity, 0])], result: Grid([0, 1, 1, 0]))]
      })
    rows.add(
      OperatorRow.general(
        "histogram", ["Tensor.histogram(bins: Int, in: ClosedRange<Double>?)", "struct Histogram"],
        cases: [[[3, 4]], [[0]], [[]], [[1500]]], domains: [.multiples(offset: 0)]
      ) {
        $0[0].histogram(bins: 4, in: -1...1)
      } reference: { x in
        x[0].values.reduce(into: Grid([0, 0, 0, 0])) { if abs($1) <= 1 { $0.values[min(3, Int(($1 + 1) * 2))] += 1 } }
      }.giving(.int64).with { $0.specials = [.init(inputs: [Grid([1, .nan, .infinity, -1, 0.5, 0.25])], result: Grid([1, 0, 1, 2]))] })
    rows.add(
      OperatorRow.general(
        "histogram from the smallest to the largest", ["Tensor.histogram(bins: Int, in: ClosedRange<Double>?)"], cases: [[[3, 4]], [[2]]],
        domains: [.distinct]
      ) {
        $0[0].histogram(bins: 2)
      } reference: { x in
        guard let low = x[0].values.min(), let high = x[0].values.max() else { return Grid([0, 0]) }
        let count = x[0].values.filter { low == high ? $0 < low : $0 < (low + high) / 2 }.count
        return Grid([Double(count), Double(x[0].count - count)])
      }.giving(.int64))
    // The numbers are integers, whatever the weights' dtype is.
    let numbers: @Sendable (Int) -> [Int] = { n in (0..<n).map { $0 * 7 % 5 } }
    rows.add(
      OperatorRow.general(
        "bincount with weights", ["Tensor.bincount(weights: Tensor?, minimumLength: Int)"], cases: [[[7]], [[1]], [[0]]],
        dtypes: OperatorRow.numbers
      ) {
        Tensor(numbers($0[0].elementCount)).bincount(weights: $0[0], minimumLength: 3)
      } reference: { x in
        let numbers = numbers(x[0].count)
        var sums = Array(repeating: 0.0, count: max(3, (numbers.max() ?? -1) + 1))
        for (number, weight) in zip(numbers, x[0].values) { sums[number] += weight }
        return Grid(sums)
      }.with { $0.hasKnownShape = false })
    rows.add(
      OperatorRow.general(
        "bincount", ["Tensor.bincount(weights: Tensor?, minimumLength: Int)"], cases: [[[7]], [[0]]], domains: [.whole(0...5)],
        dtypes: [.int32, .int64]
      ) {
        $0[0].bincount()
      } reference: { x in
        Grid((0..<Int((x[0].values.max() ?? -1) + 1)).map { n in Double(x[0].values.filter { $0 == Double(n) }.count) })
      }.giving(.int64).with { $0.hasKnownShape = false })
  }

  static let uniques = list { rows in
    // The three parts one after the other: elements, inverse, counts.
    let joined: @Sendable ((values: Tensor, inverse: Tensor, counts: Tensor)) -> Tensor = { parts in
      let (values, inverse, counts) = parts
      return concatenate([values, inverse, counts].map { $0.reshaped([-1]).cast(to: .float64) })
    }
    @Sendable func groups(_ parts: [[Double]], isSorted: Bool) -> [Double] {
      var different: [[Double]] = []
      if isSorted {
        different = Set(parts).sorted { $0.lexicographicallyPrecedes($1) }
      } else {
        for part in parts where different.last != part { different.append(part) }
      }
      var run = -1
      let inverse = parts.indices.map { i -> Int in
        if isSorted { return different.firstIndex(of: parts[i])! }
        if i == 0 || parts[i] != parts[i - 1] { run += 1 }
        return run
      }
      let counts = different.indices.map { group in inverse.filter { $0 == group }.count }
      return different.flatMap { $0 } + inverse.map { Double($0) } + counts.map { Double($0) }
    }
    for isSorted in [true, false] {
      let covers = [isSorted ? "Tensor.unique(axis: Int?)" : "Tensor.uniqueConsecutive(axis: Int?)"]
      let name = isSorted ? "unique" : "uniqueConsecutive"
      rows.add(
        OperatorRow.general(
          name, covers, cases: [[[3, 4]], [[0]], [[]], [[2, 0]], [[300]]], domains: [.whole(-2...2)], dtypes: OperatorRow.all,
          slope: OperatorRow.Slope.none
        ) {
          joined(isSorted ? $0[0].unique() : $0[0].uniqueConsecutive())
        } reference: {
          Grid(groups($0[0].values.map { [$0] }, isSorted: isSorted))
        }.giving(.float64).with {
          $0.hasKnownShape = false
          $0.slope = .none
        })
      rows.add(
        OperatorRow.general(
          "\(name) rows", covers, cases: [[[6, 2]], [[1, 3]], [[0, 2]]], domains: [.whole(0...1)], dtypes: OperatorRow.all,
          slope: OperatorRow.Slope.none
        ) {
          joined(isSorted ? $0[0].unique(axis: 0) : $0[0].uniqueConsecutive(axis: -2))
        } reference: { x in
          let n = x[0].shape[1]
          return Grid(groups((0..<x[0].shape[0]).map { Array(x[0].values[$0 * n..<($0 + 1) * n]) }, isSorted: isSorted))
        }.giving(.float64).with {
          $0.hasKnownShape = false
          $0.slope = .none
        })
      rows.add(
        OperatorRow.general("\(name), the elements", covers, cases: [[[2, 3]]], domains: [.distinct]) {
          isSorted ? $0[0].unique().values : $0[0].uniqueConsecutive(axis: 1).values
        } reference: {
          isSorted ? Grid($0[0].values.sorted()) : $0[0]
        }.moving([.float32, .float64, .int32, .int64]).with {
          $0.hasKnownShape = false
          $0.takesEqualElements = false
          $0.specials = isSorted ? [] : [.init(inputs: [Grid([1, 2], [.nan, .nan])], result: Grid([1, 2], [.nan, .nan]))]
        })
    }
  }
}
