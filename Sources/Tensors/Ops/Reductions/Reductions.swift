import CKernels
import Synchronization

/// A reduction over axes: sum, mean, product, extremes, and where they are.
struct Reduce: Primitive {
  enum Kind: Sendable { case sum, mean, product, maximum, minimum, any, all, argmax, argmin }

  let kind: Kind
  let axes: [Int]
  let keepDims: Bool

  var name: String {
    switch kind {
    case .sum: "sum"
    case .mean: "mean"
    case .product: "prod"
    case .maximum: "max"
    case .minimum: "min"
    case .any: "any"
    case .all: "all"
    case .argmax: "argmax"
    case .argmin: "argmin"
    }
  }
  var keeps: Keeps { kind == .sum || kind == .mean ? .nothing : .both }

  var op: Int32 {
    switch kind {
    case .sum, .mean: Int32(FX_R_SUM.rawValue)
    case .product: Int32(FX_R_PROD.rawValue)
    case .maximum: Int32(FX_R_MAX.rawValue)
    case .minimum: Int32(FX_R_MIN.rawValue)
    case .any: Int32(FX_R_ANY.rawValue)
    case .all: Int32(FX_R_ALL.rawValue)
    case .argmax: Int32(FX_R_ARGMAX.rawValue)
    case .argmin: Int32(FX_R_ARGMIN.rawValue)
    }
  }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    let mask = try x.axisMask(axes, name)
    var shape = Shape()
    for axis in 0..<x.rank {
      if mask >> UInt(axis) & 1 == 0 {
        shape.append(x.shape[axis])
      } else {
        if keepDims { shape.append(1) }
        let hasNoNeutral = kind == .maximum || kind == .minimum || kind == .argmax || kind == .argmin
        if hasNoNeutral && x.shape[axis] == 0 { throw mistake("axis \(axis) of \(x.shape) has no elements to choose from") }
      }
    }
    let dtype: DType
    switch kind {
    case .sum, .product: dtype = x.dtype == .bool || x.dtype == .int32 ? .int64 : x.dtype
    case .mean, .maximum, .minimum: dtype = x.dtype
    case .any, .all: dtype = .bool
    case .argmax, .argmin: dtype = .int64
    }
    return Signature(shape, dtype)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    if kind == .mean { return try mean(x, result) }
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    if y.elementCount == 0 { return y }
    if axes.isEmpty && x.isContiguous && x.elementCount <= Blocks.grain {
      withRaw(Shape(0, 1, 0)) { fx_reduce(op, x.dtype.code, 1, x.elementCount, 1, $0, x.pointer, y.pointer) }
      return y
    }
    let mask = try x.axisMask(axes, name)
    if let layout = Layout(x.shape, x.strides, mask) {
      try run(layout, x, y)
    } else if x.isContiguous, kind != .argmax, kind != .argmin, let stages = stages(x, mask) {
      // More alternations of kept and reduced axes than a kernel knows: the last reduced ones first.
      let partial = try stages.last.evaluate(x, try stages.last.result(x))
      return try stages.others.evaluate(partial, Signature(result.shape, result.dtype))
    } else {
      // More alternations of kept and reduced axes than a kernel knows: the kept ones first, in order.
      let order = (0..<x.rank).filter { mask >> $0 & 1 == 0 } + (0..<x.rank).filter { mask >> $0 & 1 == 1 }
      let moved = try x.view(shape: Shape(order.map { x.shape[$0] }), strides: Shape(order.map { x.strides[$0] }), offset: x.offset)
        .contiguousCopy()
      let n = (0..<x.rank).reduce(1) { mask >> $1 & 1 == 1 ? $0 * x.shape[$1] : $0 }
      try run(Layout(outer: y.elementCount, n: n, inner: 1, steps: Shape(n, 1, 1)), moved, y)
    }
    return y
  }

  /// The one call of a kernel that it is of a tensor's layout; nil where it is more than that.
  func call(_ x: Tensor) -> ReduceCall? {
    guard x.shape.elementCount <= Blocks.grain, let mask = try? x.axisMask(axes, name) else { return nil }
    if axes.isEmpty && x.isContiguous { return ReduceCall(op, x.dtype, 1, x.shape.elementCount, 1, Shape(0, 1, 0)) }
    guard let layout = Layout(x.shape, x.strides, mask) else { return nil }
    return ReduceCall(op, x.dtype, layout.outer, layout.n, layout.inner, layout.steps)
  }

  /// The sum over the number of elements; where it overflows and no element is infinite, of elements that are scaled.
  private func mean(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Reduce(kind: .sum, axes: axes, keepDims: keepDims).evaluate(x, result)
    if !y.divide(by: Double(x.elementCount) / Double(y.elementCount)) { try mendMeans(of: x, y) }
    return y
  }

  /// Computes again what is infinite or NaN among the means of `x`.
  func mendMeans(of x: Tensor, _ y: Tensor) throws(TensorError) {
    if x.elementCount == 0 { return }
    let rows = try x.rows(along: axes)
    fx_mend_means(y.dtype.code, y.elementCount, rows.shape[1], rows.pointer, y.pointer)
    withExtendedLifetime(rows) {}
  }

  /// The reduction over the last neighbours among the reduced axes, which stay as axes of size 1, and the one over all of them; nil if there are
  /// no others.
  func stages(_ x: Tensor, _ mask: UInt) -> (last: Reduce, others: Reduce)? {
    // What is reduced to one element already is done.
    func isOpen(_ axis: Int) -> Bool { mask >> UInt(axis) & 1 == 1 && x.shape[axis] != 1 }
    guard let last = (0..<x.rank).last(where: isOpen) else { return nil }
    var first = last
    while first > 0 && (mask >> UInt(first - 1) & 1 == 1 || x.shape[first - 1] == 1) { first -= 1 }
    let axes = (0..<x.rank).filter { mask >> UInt($0) & 1 == 1 }
    if !(0..<first).contains(where: isOpen) { return nil }
    return (
      Reduce(kind: kind, axes: axes.filter { $0 >= first }, keepDims: true), Reduce(kind: kind, axes: axes, keepDims: keepDims)
    )
  }

  private func run(_ layout: Layout, _ x: Tensor, _ y: Tensor) throws(TensorError) {
    let (size, code) = (x.dtype.byteCount, x.dtype.code)
    func kernel(_ outer: Int, _ n: Int, _ inner: Int, _ x: UnsafeMutableRawPointer, _ y: UnsafeMutableRawPointer) {
      withRaw(layout.steps) { fx_reduce(op, code, outer, n, inner, $0, x, y) }
    }
    let total = layout.outer * layout.n * layout.inner
    let out = y.pointer
    let outSize = y.dtype.byteCount
    if total <= Blocks.grain {
      kernel(layout.outer, layout.n, layout.inner, x.pointer, out)
    } else if layout.outer > 1 {
      parallel(layout.outer, grain: Swift.max(1, Blocks.grain / (layout.n * layout.inner))) { range in
        kernel(
          range.count, layout.n, layout.inner, x.pointer + range.lowerBound * layout.steps[0] * size,
          out + range.lowerBound * layout.inner * outSize)
      }
    } else if layout.inner >= 128 {
      parallel(layout.inner, grain: Swift.max(64, Blocks.grain / layout.n)) { range in
        kernel(1, layout.n, range.count, x.pointer + range.lowerBound * layout.steps[2] * size, out + range.lowerBound * outSize)
      }
    } else if kind == .argmax || kind == .argmin || layout.inner != 1 {
      kernel(1, layout.n, layout.inner, x.pointer, out)
    } else {
      // One result of many elements: parts of fixed size, whose results are reduced in their order, whatever the number of threads.
      let part = Blocks.grain
      let count = (layout.n + part - 1) / part
      let partial = try Tensor(uninitialized: [count], y.dtype)
      parallel(count, grain: 1) { range in
        for i in range {
          kernel(
            1, Swift.min(part, layout.n - i * part), 1, x.pointer + i * part * layout.steps[1] * size, partial.pointer + i * outSize)
        }
      }
      withRaw(Shape(count, 1, 1)) { fx_reduce(op, y.dtype.code, 1, count, 1, $0, partial.pointer, out) }
    }
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    func spread(_ t: Tensor) -> Tensor { keepDims ? t.expanded(x.shape) : t.reshaped(kept(x)).expanded(x.shape) }
    switch kind {
    case .sum: return [spread(dy)]
    case .mean: return [spread(dy * (Double(dy.elementCount) / Double(x.elementCount)))]
    case .maximum, .minimum:
      // Among equals the gradient is shared evenly, as in PyTorch's amax.
      let ties = (x .== spread(y)).cast(to: dy.dtype)
      return [spread(dy) * (ties / ties.sum(axes: axes, keepDims: true))]
    default: return [nil]
    }
  }

  /// x's shape with the reduced axes of size 1.
  private func kept(_ x: Tensor) -> Shape {
    var shape = x.shape
    for axis in axes.isEmpty ? Array(0..<x.rank) : axes { shape[axis] = 1 }
    return shape
  }

  /// [outer, n, inner] as strided axes of the operand.
  private struct Layout {
    var (outer, n, inner) = (1, 1, 1)
    var steps = Shape(0, 0, 0)

    init(outer: Int, n: Int, inner: Int, steps: Shape) {
      (self.outer, self.n, self.inner, self.steps) = (outer, n, inner, steps)
    }

    /// Nil if the axes do not merge into kept, reduced, kept.
    init?(_ shape: Shape, _ strides: Shape, _ mask: UInt) {
      // Which of the three groups the last axis belonged to; neighbours of one group merge if they step alike.
      var group = -1
      var count = (1, 1, 1)
      for axis in 0..<shape.rank where shape[axis] != 1 {
        let (size, step) = (shape[axis], strides[axis])
        let isReduced = mask >> UInt(axis) & 1 == 1
        let next = isReduced ? 1 : group <= 0 ? 0 : 2
        if next < group { return nil }
        if next == group && steps[next] != step * size { return nil }
        group = next
        steps[next] = step
        switch next {
        case 0: count.0 *= size
        case 1: count.1 *= size
        default: count.2 *= size
        }
      }
      (outer, n, inner) = count
      // Rows of one element each are columns: [outer, n, 1] and [1, n, outer] are the same, the faster one reads memory in order.
      if inner == 1 && outer > 1 && steps[1] > steps[0] && steps[0] > 0 {
        (inner, steps[2]) = (outer, steps[0])
        (outer, steps[0]) = (1, 0)
      }
    }
  }
}

extension Tensor {
  /// Divides sums that nobody has seen by the number of their terms; whether all are finite.
  func divide(by n: Double) -> Bool {
    let isInfinite = Atomic(false)
    func divide<F: BinaryFloatingPoint>(_: F.Type) {
      let (y, n) = (pointer.assumingMemoryBound(to: F.self), F(n))
      parallel(elementCount, grain: Blocks.grain) { range in
        // A sum of 0·y is 0 unless some y is infinite or NaN; it takes no branch.
        var doubt: F = 0
        for i in range {
          y[i] /= n
          doubt += y[i] * 0
        }
        if doubt != 0 { isInfinite.store(true, ordering: .relaxed) }
      }
    }
    dtype == .float32 ? divide(Float.self) : divide(Double.self)
    return !isInfinite.load(ordering: .relaxed)
  }

  /// Axes as bits; no axes stand for all.
  func axisMask(_ axes: [Int], _ operation: @autoclosure () -> String) throws(TensorError) -> UInt {
    if axes.isEmpty { return (1 << UInt(rank)) - 1 }
    var mask: UInt = 0
    for a in axes {
      let bit: UInt = 1 << UInt(try axis(a, operation()))
      if mask & bit != 0 { throw TensorError(operation(), "axis \(a) of \(shape) is named twice in \(axes)") }
      mask |= bit
    }
    return mask
  }

  // MARK: Sums

  /// The sum over the given axes, or over all; bools and int32 add up to int64.
  ///
  /// Accuracy: of up to 10⁷ terms within 4·10⁻⁶ of their magnitudes' sum in float32, whatever their layout.
  ///
  /// Derivative: dy at every element. PyTorch: `sum`.
  public func sum(axes: [Int] = [], keepDims: Bool = false) -> Tensor { Reduce(kind: .sum, axes: axes, keepDims: keepDims)(self) }
  /// The sum over one axis.
  public func sum(axis: Int, keepDims: Bool = false) -> Tensor { sum(axes: [axis], keepDims: keepDims) }

  /// The mean over the given axes, or over all; NaN of no elements.
  ///
  /// Accuracy: of up to 10⁷ elements within 4·10⁻⁶ of their magnitudes' mean in float32.
  ///
  /// Of elements that are not NaN, if those are ignored. A sum that overflows does not harm it. Derivative: dy/n at every element. PyTorch: `mean`,
  /// `nanmean`.
  public func mean(axes: [Int] = [], keepDims: Bool = false, ignoringNaN: Bool = false) -> Tensor {
    guard hasStatistics(axes, "mean") else { return .placeholder }
    if ignoringNaN {
      let isMissing = isNaN
      let count = (.!isMissing).sum(axes: axes, keepDims: keepDims).cast(to: dtype)
      return select(isMissing, 0, self).sum(axes: axes, keepDims: keepDims) / count
    }
    return Reduce(kind: .mean, axes: axes, keepDims: keepDims)(self)
  }
  /// The mean over one axis.
  public func mean(axis: Int, keepDims: Bool = false, ignoringNaN: Bool = false) -> Tensor {
    mean(axes: [axis], keepDims: keepDims, ignoringNaN: ignoringNaN)
  }

  /// The product over the given axes, or over all.
  ///
  /// Derivative: dy times the product of the others, zeros included. PyTorch: `prod`.
  public func prod(axes: [Int] = [], keepDims: Bool = false) -> Tensor {
    guard isTracked else { return Reduce(kind: .product, axes: axes, keepDims: keepDims)(self) }
    guard let normal = attempt({ () throws(TensorError) in try self.axes(axes, "prod") }) else { return .placeholder }
    // On a tape one axis at a time has a rule.
    let kept = (0..<rank).filter { !normal.contains($0) }
    let keptShape = Shape(kept.map { shape[$0] })
    let product: Tensor
    if normal.count == 1 {
      product = Product(axis: normal[0])(self)
    } else {
      let count = normal.reduce(1) { $0 * shape[$1] }
      product = Product(axis: kept.count)(permuted(kept + normal).reshaped(Shape(Array(keptShape) + [count])))
    }
    return keepDims ? product.reshaped(Shape((0..<rank).map { normal.contains($0) ? 1 : shape[$0] })) : product
  }
  /// The product over one axis.
  public func prod(axis: Int, keepDims: Bool = false) -> Tensor { prod(axes: [axis], keepDims: keepDims) }

  // MARK: Extremes

  /// The largest element over the given axes, or over all; NaN if there is one.
  ///
  /// Derivative: dy, shared among equals. PyTorch: `amax`.
  public func max(axes: [Int] = [], keepDims: Bool = false) -> Tensor { Reduce(kind: .maximum, axes: axes, keepDims: keepDims)(self) }
  /// The largest element over one axis.
  public func max(axis: Int, keepDims: Bool = false) -> Tensor { max(axes: [axis], keepDims: keepDims) }
  /// The smallest element over the given axes, or over all; NaN if there is one.
  ///
  /// Derivative: dy, shared among equals. PyTorch: `amin`.
  public func min(axes: [Int] = [], keepDims: Bool = false) -> Tensor { Reduce(kind: .minimum, axes: axes, keepDims: keepDims)(self) }
  /// The smallest element over one axis.
  public func min(axis: Int, keepDims: Bool = false) -> Tensor { min(axes: [axis], keepDims: keepDims) }

  /// The position of the first largest element along an axis (of the first NaN if there is one): int64.
  ///
  /// PyTorch: `argmax`.
  public func argmax(axis: Int, keepDims: Bool = false) -> Tensor { Reduce(kind: .argmax, axes: [axis], keepDims: keepDims)(self) }
  /// The position of the first largest element in row-major order.
  public func argmax() -> Tensor { reshaped([-1]).argmax(axis: 0) }
  /// The position of the first smallest element along an axis (of the first NaN if there is one): int64.
  ///
  /// PyTorch: `argmin`.
  public func argmin(axis: Int, keepDims: Bool = false) -> Tensor { Reduce(kind: .argmin, axes: [axis], keepDims: keepDims)(self) }
  /// The position of the first smallest element in row-major order.
  public func argmin() -> Tensor { reshaped([-1]).argmin(axis: 0) }

  /// Whether some element over the given axes, or over all, is true (nonzero): bool.
  public func any(axes: [Int] = [], keepDims: Bool = false) -> Tensor { Reduce(kind: .any, axes: axes, keepDims: keepDims)(self) }
  /// Whether some element along an axis is true (nonzero).
  public func any(axis: Int, keepDims: Bool = false) -> Tensor { any(axes: [axis], keepDims: keepDims) }
  /// Whether every element over the given axes, or over all, is true (nonzero): bool.
  public func all(axes: [Int] = [], keepDims: Bool = false) -> Tensor { Reduce(kind: .all, axes: axes, keepDims: keepDims)(self) }
  /// Whether every element along an axis is true (nonzero).
  public func all(axis: Int, keepDims: Bool = false) -> Tensor { all(axes: [axis], keepDims: keepDims) }
}
