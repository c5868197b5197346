import CKernels

/// A running reduction along an axis: each element joined with all before it, or with all behind it.
struct Scan: Primitive {
  enum Kind: Sendable { case sum, product, logSumExp }

  let kind: Kind
  let axis: Int
  var isReversed = false

  var name: String {
    switch kind {
    case .sum: "cumulativeSum"
    case .product: "cumulativeProduct"
    case .logSumExp: "cumulativeLogSumExp"
    }
  }
  var keeps: Keeps { kind == .sum ? .nothing : .both }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    _ = try x.axis(axis, name)
    if kind != .logSumExp { return Signature(x.shape, x.dtype == .bool || x.dtype == .int32 ? .int64 : x.dtype) }
    if !x.dtype.isFloatingPoint { throw mistake("not defined for \(x.dtype), only for floating-point dtypes; convert with .cast(to:)") }
    return Signature(x.shape, x.dtype)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let (outer, n, inner) = x.around(try x.axis(axis, name))
    let x = try x.ordered
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    if kind == .sum && outer == 1 && inner == 1 && n > 2 * Scan.part {
      try sumInParts(x, y, n)
      return y
    }
    let step = isReversed ? -inner : inner
    let (code, kind) = (x.dtype.code, kind)
    let from = x.pointer + (isReversed ? (n - 1) * inner * x.dtype.byteCount : 0)
    let to = y.pointer + (isReversed ? (n - 1) * inner * y.dtype.byteCount : 0)
    try forEachStretch(outer, n, inner) { at, outer, count in
      let (x, y) = (from + at * x.dtype.byteCount, to + at * y.dtype.byteCount)
      if kind == .logSumExp {
        fx_scan_logsumexp(code, outer, n * inner, n, step, count, x, y)
      } else {
        fx_scan(kind == .product ? 1 : 0, code, outer, n * inner, n, step, count, x, y)
      }
    }
    return y
  }

  /// What one thread sums up of a long row.
  private static let part = 1 << 15

  /// One long row: the parts' totals, what each part begins with, and the parts again; the cuts do not depend on the number of threads.
  private func sumInParts(_ x: Tensor, _ y: Tensor, _ n: Int) throws(TensorError) {
    let count = (n + Scan.part - 1) / Scan.part
    let (code, from, to) = (x.dtype.code, x.pointer, y.pointer)
    let (size, outSize) = (x.dtype.byteCount, y.dtype.byteCount)
    // Elements of a part, in the scan's order; reversed, the first part is the last one in memory.
    func elements(_ part: Int) -> Range<Int> {
      let (start, end) = (part * Scan.part, Swift.min(n, (part + 1) * Scan.part))
      return isReversed ? n - end..<n - start : start..<end
    }
    let carries = try Tensor(uninitialized: [count], x.dtype.isFloatingPoint ? .float64 : .int64)
    let carry = carries.pointer
    parallel(count, grain: 1) { parts in
      for part in parts { fx_scan_total(code, elements(part).count, from + elements(part).lowerBound * size, carry + 8 * part) }
    }
    func accumulate<N: AdditiveArithmetic>(_ zero: N, _ add: (N, N) -> N) {
      let totals = carry.assumingMemoryBound(to: N.self)
      var sum = zero
      for part in 0..<count {
        let total = totals[part]
        totals[part] = sum
        sum = add(sum, total)
      }
    }
    x.dtype.isFloatingPoint ? accumulate(0.0, +) : accumulate(UInt64(0), &+)
    parallel(count, grain: 1) { parts in
      for part in parts {
        let places = elements(part)
        let first = isReversed ? places.upperBound - 1 : places.lowerBound
        fx_scan_from(code, places.count, isReversed ? -1 : 1, carry + 8 * part, from + first * size, to + first * outSize)
      }
    }
    withExtendedLifetime(carries) {}
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let axis = axis < 0 ? axis + x.rank : axis
    // With the sum's direction turned around, each element meets the gradients of all the results that it is part of.
    func gathered(_ factors: Tensor) -> Tensor { Recurrence(axis: axis, isReversed: !isReversed)(Pair(factors, dy)) }
    switch kind {
    case .sum: return [Scan(kind: .sum, axis: axis, isReversed: !isReversed)(dy)]
    case .product:
      // The product of those before times that of those behind, without a division: right where elements are 0.
      let before = y.moved(one: axis, isBack: isReversed, filling: 1)
      return [before * gathered(x.moved(one: axis, isBack: !isReversed))]
    case .logSumExp:
      // exp(x − y') for all later y', as a chain of factors exp(y − y') ≤ 1. Where all is −∞ there is no derivative: 0.
      // From the first +∞ on those that are infinite share evenly, as in logSumExp.
      let count = (x.detached .== Double.infinity).cast(to: x.dtype).cumulativeSum(axis: axis)
      let next = select(y .== -Double.infinity, 0.0, y).moved(one: axis, isBack: !isReversed)
      let shares = count / count.moved(one: axis, isBack: !isReversed, filling: 1)
      return [
        mapped("cumulativeLogSumExp", Slopes.own, x, y, count) * gathered(mapped("cumulativeLogSumExp", Slopes.chain, y, next, shares))
      ]
    }
  }
}

/// The factors of the gradient of cumulativeLogSumExp.
private enum Slopes {
  static let own = Program.ternary { x, y, count in
    let base = select(y .== Symbol(-.infinity), 0, y)
    return select(y .== Symbol(.infinity), select(x .== Symbol(.infinity), 1 / count, 0), exp(x - base))
  }
  static let chain = Program.ternary { y, next, share in select(y .== Symbol(.infinity), share, exp(y - next)) }
}

/// y[k] = a[k]·y[k − 1] + b[k] along an axis, from y[0] = b[0]; or the same from the end.
///
/// A gradient of recurrences is one in the other direction, so that derivatives of any order are as cheap.
struct Recurrence: Primitive {
  let axis: Int
  let isReversed: Bool
  var name: String { "recurrence" }
  var keeps: Keeps { .both }

  func result(_ x: Pair) -> Signature { Signature(x.b.shape, x.b.dtype) }
  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let (outer, n, inner) = x.b.around(axis)
    let (a, b) = try (x.a.ordered, x.b.ordered)
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    let (size, code) = (y.dtype.byteCount, y.dtype.code)
    let start = isReversed ? (n - 1) * inner : 0
    let (from, from2, to) = (a.pointer + start * size, b.pointer + start * size, y.pointer + start * size)
    try forEachStretch(outer, n, inner) { at, outer, count in
      fx_recurrence(
        code, outer, n * inner, n, isReversed ? -inner : inner, count, from + at * size, from2 + at * size, to + at * size)
    }
    return y
  }
  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let db = Recurrence(axis: axis, isReversed: !isReversed)(Pair(x.a.moved(one: axis, isBack: !isReversed), dy))
    return [needs[0] ? db * y.moved(one: axis, isBack: isReversed) : nil, db]
  }
}

/// The position of the largest or smallest element so far.
struct ScanPositions: NonDifferentiable {
  let isLargest: Bool
  let axis: Int
  var name: String { isLargest ? "cumulativeMax" : "cumulativeMin" }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    _ = try x.axis(axis, name)
    return Signature(x.shape, .int64)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let (outer, n, inner) = x.around(try x.axis(axis, name))
    let x = try x.ordered
    let y = try Tensor(uninitialized: x.shape, .int64)
    let (code, size, from, to) = (x.dtype.code, x.dtype.byteCount, x.pointer, y.pointer.assumingMemoryBound(to: Int64.self))
    try forEachStretch(outer, n, inner) { at, outer, count in
      fx_scan_positions(isLargest ? 1 : 0, code, outer, n * inner, n, inner, count, from + at * size, to + at)
    }
    return y
  }
}

/// Calls `body` with the first element, the rows and the columns of stretches of [outer, n, inner], in parallel where that pays.
func forEachStretch(
  _ outer: Int, _ n: Int, _ inner: Int, _ body: (_ at: Int, _ outer: Int, _ inner: Int) throws(TensorError) -> Void
) throws(TensorError) {
  if outer * n * inner == 0 { return }
  if outer > 1 {
    try parallel(outer, grain: Swift.max(1, Blocks.grain / 4 / (n * inner))) { (range) throws(TensorError) in
      try body(range.lowerBound * n * inner, range.count, inner)
    }
  } else {
    try parallel(inner, grain: Swift.max(64, Blocks.grain / 4 / n)) { (range) throws(TensorError) in
      try body(range.lowerBound, 1, range.count)
    }
  }
}

extension Tensor {
  /// Each element at its neighbour's place along an axis (the next one's, or the one's before), with a number where there is none.
  func moved(one axis: Int, isBack: Bool, filling value: Double = 0) -> Tensor {
    if shape[axis] == 0 { return self }
    // After a mistake there are fewer axes.
    return padded([isBack ? (-1, 1) : (1, -1)] + Array(repeating: (0, 0), count: Swift.max(0, rank - 1 - axis)), value: value)
  }

  // MARK: Running reductions

  /// y[k] = x[0] + … + x[k] along an axis; bools and int32 add up to int64, float32 in double precision.
  ///
  /// Derivative: the same sum of dy from the end. PyTorch: `cumsum`.
  public func cumulativeSum(axis: Int) -> Tensor { Scan(kind: .sum, axis: axis)(self) }

  /// y[k] = x[0] · … · x[k] along an axis; of bools and int32 as int64.
  ///
  /// Derivative: at each element Σ dy·(the product of the others), zeros included. PyTorch: `cumprod`.
  public func cumulativeProduct(axis: Int) -> Tensor { Scan(kind: .product, axis: axis)(self) }

  /// y[k] = log(exp(x[0]) + … + exp(x[k])) along an axis, without overflow.
  ///
  /// Derivative: Σ dy[j]·exp(x[k] − y[j]) over all j ≥ k. PyTorch: `logcumsumexp`.
  public func cumulativeLogSumExp(axis: Int) -> Tensor { Scan(kind: .logSumExp, axis: axis)(self) }

  /// The largest element up to each place along an axis, and its position: of equals the last, of NaN's too, which win.
  ///
  /// Derivative: dy at those positions. PyTorch: `cummax`.
  public func cumulativeMax(axis: Int) -> (values: Tensor, positions: Tensor) {
    let positions = ScanPositions(isLargest: true, axis: axis)(self)
    return (gather(positions, axis: axis), positions)
  }

  /// The smallest element up to each place along an axis, and its position: of equals the last, of NaN's too, which win.
  ///
  /// Derivative: dy at those positions. PyTorch: `cummin`.
  public func cumulativeMin(axis: Int) -> (values: Tensor, positions: Tensor) {
    let positions = ScanPositions(isLargest: false, axis: axis)(self)
    return (gather(positions, axis: axis), positions)
  }
}
