import Foundation
import Tensors

extension OperatorTable {
  /// Keys' cubic convolution.
  private static func keys(_ x: Double, _ a: Double) -> Double {
    let x = Swift.abs(x)
    return x <= 1 ? (a + 2) * x * x * x - (a + 3) * x * x + 1 : x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a : 0
  }

  /// What element a of n weighs in a value at `place` of its axis; elements beyond the edge stand for those at it.
  private static func weight(_ a: Int, _ n: Int, _ place: Double, _ method: Interpolation) -> Double {
    let first = Int(floor(place))
    return (first - 1...first + 2).reduce(0) { sum, tap in
      if min(max(tap, 0), n - 1) != a { return sum }
      return sum + (method == .linear ? max(0, 1 - abs(place - Double(tap))) : keys(place - Double(tap), -0.75))
    }
  }

  /// The last axes resampled by weights (i, size, a, n) for element i of `size` and a of n.
  private static func resampled(_ x: Grid, _ sizes: [Int], _ weight: (Int, Int, Int, Int) -> Double) -> Grid {
    var y = x
    for (i, size) in sizes.enumerated() {
      let (axis, last) = (x.rank - sizes.count + i, y)
      var shape = y.shape
      let n = shape[axis]
      shape[axis] = size
      y = Grid(shape) { at in
        (0..<n).reduce(0) { sum, a in
          let w = weight(at[axis], size, a, n)
          if w == 0 { return sum }
          var source = at
          source[axis] = a
          return sum + w * last[source]
        }
      }
    }
    return y
  }

  /// Where element i of `size` lies in an axis of n.
  private static func place(_ i: Int, _ size: Int, _ n: Int, corners: Bool, _ method: Interpolation, scale: Double? = nil) -> Double {
    if corners { return size > 1 ? Double(i * (n - 1)) / Double(size - 1) : 0 }
    let place = (Double(i) + 0.5) * (scale.map { 1 / $0 } ?? Double(n) / Double(size)) - 0.5
    return method == .linear ? min(max(place, 0), Double(n - 1)) : place
  }

  static let resampling = list { rows in
    let resample = ["struct Resample", "struct ResampleAdd"]
    let toSize = ["interpolate(_: Tensor, to: PerAxis, method: Interpolation, alignsCorners: Bool, antialiases: Bool)"] + resample
    let byScale = ["interpolate(_: Tensor, scale: Double, method: Interpolation, alignsCorners: Bool, antialiases: Bool)"] + resample
    let byScales = ["interpolate(_: Tensor, scales: [Double], method: Interpolation, alignsCorners: Bool, antialiases: Bool)"] + resample
    let images: [[[Int]]] = [[[2, 3, 4, 5]], [[1, 1, 1, 1]], [[0, 2, 3, 4]], [[1, 2, 20, 30]]]
    let (places, weights) = ([0, 1, 1, 2, 2, 7, -3, 0], [0.5, 0.25, 1, -2, 0.75, 0.5, 2, 1.5])
    rows.add(
      .general(
        "resampled by given weights", ["Tensor.resampled(axis: Int, taps: Int, places: [Int], weights: [Double])"] + resample,
        cases: [[[2, 3, 4]], [[1, 1, 1]], [[0, 2, 3]], [[20, 30, 2]]]
      ) {
        $0[0].resampled(axis: 1, taps: 2, places: places, weights: weights)
      } reference: { x in
        let n = x[0].shape[1]
        return Grid([x[0].shape[0], 4, x[0].shape[2]]) { at in
          (0..<2).reduce(0) { sum, k in
            sum + weights[2 * at[1] + k] * x[0][[at[0], min(max(places[2 * at[1] + k], 0), n - 1), at[2]]]
          }
        }
      })
    for method in [Interpolation.linear, .cubic] {
      for corners in [false, true] {
        for size in [[6, 7], [3, 2], [1, 1], [4, 5]] {
          rows.add(
            .general("interpolate to \(size) by \(method)\(corners ? " with corners" : "")", toSize, cases: images) {
              interpolate($0[0], to: PerAxis(size), method: method, alignsCorners: corners)
            } reference: { x in
              resampled(x[0], size) { i, size, a, n in weight(a, n, place(i, size, n, corners: corners, method), method) }
            })
        }
      }
      rows.add(
        .general("interpolate by 1.7 by \(method)", byScale, cases: [[[2, 2, 4, 5]], [[1, 1, 1]], [[1, 1, 3, 2, 2]]]) {
          interpolate($0[0], scale: 1.7, method: method)
        } reference: { x in
          let sizes = x[0].shape.dropFirst(2).map { Int(1.7 * Double($0)) }
          return resampled(x[0], sizes) { i, size, a, n in weight(a, n, place(i, size, n, corners: false, method, scale: 1.7), method) }
        })
      // Weights as wide as an element of the result, of which all elements in reach count.
      rows.add(
        .general("interpolate by \(method), antialiased", toSize, cases: [[[2, 2, 7, 5]], [[1, 1, 3, 3]]]) {
          interpolate($0[0], to: [3, 6], method: method, antialiases: true)
        } reference: { x in
          resampled(x[0], [3, 6]) { i, size, a, n in
            let step = Double(n) / Double(size)
            let center = (Double(i) + 0.5) * step - 0.5
            let bell: (Int) -> Double = { tap in
              let distance = (Double(tap) - center) / max(1, step)
              return method == .linear ? max(0, 1 - abs(distance)) : keys(distance, -0.5)
            }
            return bell(a) / (0..<n).reduce(0) { $0 + bell($1) }
          }
        })
    }
    rows.add(
      .general("interpolate by factors", byScales, cases: [[[2, 4, 5]], [[4, 3]]]) {
        interpolate($0[0], scales: [2, 0.5], method: .linear)
      } reference: { x in
        let sizes = [x[0].shape[x[0].rank - 2] * 2, x[0].shape[x[0].rank - 1] / 2]
        return resampled(x[0], sizes) { i, size, a, n in
          weight(a, n, place(i, size, n, corners: false, .linear, scale: size > n ? 2 : 0.5), .linear)
        }
      })
    for size in [[6, 7], [3, 2]] {
      for isExact in [false, true] {
        rows.add(
          .general("interpolate to \(size) by nearest\(isExact ? "Exact" : "")", toSize, cases: images) {
            interpolate($0[0], to: PerAxis(size), method: isExact ? .nearestExact : .nearest)
          } reference: { x in
            resampled(x[0], size) { i, size, a, n in (isExact ? (2 * i + 1) * n / (2 * size) : i * n / size) == a ? 1 : 0 }
          }.moving())
      }
    }

    let sample = [
      "gridSample(_: Tensor, at: Tensor, method: Interpolation, padding: SamplePadding, alignsCorners: Bool)", "struct Sample",
      "struct SampleAdd", "struct SampleWeights", "struct CubicWeight", "struct CubicSample", "struct CubicSlope",
    ]
    // Away from where the neighbours change: the middles and edges of four elements.
    let between = Domain.real(-1.6, 1.6, avoiding: [-1.25, -1, -0.75, -0.25, 0.25, 0.75, 1, 1.25], integers: -1...1)
    let corners = Domain.real(-1.6, 1.6, avoiding: [-5.0 / 3, -4.0 / 3, -1, -1.0 / 3, 1.0 / 3, 1, 4.0 / 3], integers: -1...1)
    for method in [Interpolation.linear, .nearest, .cubic] {
      for padding in SamplePadding.allCases {
        for aligns in [false, true] {
          let cases: [[[Int]]] =
            aligns
            ? [[[2, 2, 4, 4], [2, 3, 2, 2]], [[1, 2, 1, 4], [1, 2, 2, 2]], [[1, 1, 4, 4, 4], [1, 2, 1, 2, 3]]]
            : [
              [[2, 2, 4, 4], [2, 3, 2, 2]], [[0, 2, 4, 4], [0, 3, 2, 2]], [[1, 3, 4, 4], [1, 20, 30, 2]], [[1, 20, 4, 4], [1, 2, 4, 2]],
            ]
          rows.add(
            .general(
              "gridSample by \(method) with \(padding)\(aligns ? " and corners" : "")", sample, cases: cases,
              domains: [.any, aligns ? corners : between], slope: method == .nearest ? .inputs([0]) : nil
            ) {
              gridSample($0[0], at: $0[1], method: method, padding: padding, alignsCorners: aligns)
            } reference: {
              sampled($0[0], $0[1], method, padding, aligns)
            }.with {
              $0.isComposite = true
              // An even image has no slope.
              $0.takesEqualElements = false
            })
        }
      }
    }
    rows.add(
      .general("gridSample of volumes", sample, cases: [[[1, 2, 4, 4, 4], [1, 2, 1, 2, 3]]], domains: [.any, between]) {
        gridSample($0[0], at: $0[1])
      } reference: {
        sampled($0[0], $0[1], .linear, .zeros, false)
      }.with { $0.isComposite = true })
  }

  /// Each place's value: over all neighbours, the product of weights along the axes.
  @Sendable private static func sampled(
    _ x: Grid, _ grid: Grid, _ method: Interpolation, _ padding: SamplePadding, _ aligns: Bool
  ) -> Grid {
    let axes = x.rank - 2
    /// Where a place of an axis of n elements counts.
    func held(_ place: Double, _ n: Int) -> Double {
      let last = Double(n - 1)
      if padding == .zeros { return place }
      if padding == .border { return min(max(place, 0), last) }
      let (low, high) = aligns ? (0, last) : (-0.5, last + 0.5)
      if low == high { return 0 }
      var place = place
      while place < low || place > high { place = place < low ? 2 * low - place : 2 * high - place }
      return min(max(place, 0), last)
    }
    return Grid(Array(x.shape.prefix(2)) + grid.shape[1...axes]) { at in
      // Along each axis the neighbours and their weights.
      let neighbors = (0..<axes).map { axis -> [(Int, Double)] in
        let n = x.shape[axis + 2]
        let g = grid[[at[0]] + at.dropFirst(2) + [axes - 1 - axis]]
        let place = aligns ? (g + 1) / 2 * Double(n - 1) : ((g + 1) * Double(n) - 1) / 2
        switch method {
        case .linear:
          let place = held(place, n)
          return [(Int(floor(place)), 1 - (place - floor(place))), (Int(floor(place)) + 1, place - floor(place))]
        case .cubic:
          return (-1...2).map { (Int(held(floor(place) + Double($0), n).rounded()), keys(place - floor(place) - Double($0), -0.75)) }
        default: return [(Int(held(place, n).rounded(.toNearestOrEven)), 1)]
        }
      }
      var terms = [(position: Array(at.prefix(2)), weight: 1.0)]
      for list in neighbors { terms = terms.flatMap { term in list.map { (term.position + [$0.0], term.weight * $0.1) } } }
      return terms.reduce(0) { sum, term in
        let isInside = (0..<axes).allSatisfy { term.position[$0 + 2] >= 0 && term.position[$0 + 2] < x.shape[$0 + 2] }
        return isInside ? sum + term.weight * x[term.position] : sum
      }
    }
  }
}
