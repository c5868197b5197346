/// Which elements of an axis an element of the resampled one is a sum of, and with which weights: `taps` for each, in order.
struct ResampleTable: Sendable {
  /// The axis's elements before and after.
  let size: Int
  let count: Int
  let taps: Int
  private(set) var places: [Int64] = []
  private(set) var weights: [Double] = []

  /// Between the nearest two or four elements.
  ///
  /// - Parameter step: How far elements of the result lie apart.
  init(_ size: Int, _ count: Int, _ step: Double, _ method: Interpolation, alignsCorners: Bool) {
    (self.size, self.count) = (size, count)
    taps = method == .linear ? 2 : 4
    places.reserveCapacity(count * taps)
    weights.reserveCapacity(count * taps)
    for i in 0..<count {
      var at = alignsCorners ? step * Double(i) : step * (Double(i) + 0.5) - 0.5
      if method == .linear { at = Swift.max(0, at) }
      let first = Int(Swift.min(at.rounded(.down), Double(size - 1)))
      let t = Swift.min(Swift.max(at - Double(first), 0), 1)
      if method == .linear {
        add([first, first + 1], [1 - t, t])
      } else {
        add([first - 1, first, first + 1, first + 2], Self.cubic(t))
      }
    }
  }

  /// Of given places and weights, `taps` of each for every element of the result; places beyond the ends are the ends'.
  init(size: Int, taps: Int, places: [Int], weights: [Double]) {
    (self.size, self.taps) = (size, taps)
    count = taps == 0 ? 0 : places.count / taps
    add(places, weights)
  }

  private mutating func add(_ places: [Int], _ weights: [Double]) {
    for place in places { self.places.append(Int64(Swift.min(Swift.max(place, 0), size - 1))) }
    self.weights += weights
  }

  /// Keys' weights of four elements around a place that lies t behind the second.
  private static func cubic(_ t: Double) -> [Double] { [1 + t, t, 1 - t, 2 - t].map { keys($0, -0.75) } }

  private static func keys(_ x: Double, _ a: Double) -> Double {
    let x = Swift.abs(x)
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
  }

  /// Weights as wide as the step: of all elements that lie under them.
  init(antialiased size: Int, _ count: Int, _ step: Double, _ method: Interpolation) {
    (self.size, self.count) = (size, count)
    let width = Swift.max(step, 1)
    let support = (method == .linear ? 1 : 2) * width
    let rows = (0..<count).map { i in
      let center = step * (Double(i) + 0.5)
      let from = Swift.max(Int(center - support + 0.5), 0)
      let to = Swift.max(from + 1, Swift.min(Int(center + support + 0.5), size))
      let raw = (from..<to).map { place in
        let x = (Double(place) - center + 0.5) / width
        return method == .linear ? Swift.max(0, 1 - Swift.abs(x)) : Self.keys(x, -0.5)
      }
      let total = raw.reduce(0, +)
      return (from: from, weights: total == 0 ? raw : raw.map { $0 / total })
    }
    let most = rows.map(\.weights.count).max() ?? 1
    taps = most
    for row in rows {
      // Shorter rows repeat their last element with weight 0.
      add(
        (0..<most).map { row.from + Swift.min($0, row.weights.count - 1) },
        row.weights + Array(repeating: 0, count: most - row.weights.count))
    }
  }

  /// The nearest element's place, for each element of the result, reckoned in the precision of PyTorch's kernels.
  static func nearest(_ size: Int, _ count: Int, _ step: Double, isExact: Bool, _ dtype: DType) -> [Int] {
    (0..<count).map { i in
      var at: Double
      if dtype == .float64 {
        at = isExact ? Swift.max(0, step * (Double(i) + 0.5) - 0.5) + 0.5 : step * Double(i)
      } else {
        let step = Float(step)
        at = Double(isExact ? Swift.max(0, step * (Float(i) + 0.5) - 0.5) + 0.5 : step * Float(i))
      }
      at = Double(Float(at)).rounded(.down)
      return Int(Swift.min(at, Double(size - 1)))
    }
  }

  /// Calls `body` with stretches of the axes before, in parallel where that pays.
  func forStretches(_ outer: Int, _ inner: Int, _ body: (Range<Int>) -> Void) {
    if inner == 0 { return }
    parallel(outer, grain: Swift.max(1, Blocks.grain / Swift.max(1, Swift.max(size, count * taps) * inner)), body)
  }
}
