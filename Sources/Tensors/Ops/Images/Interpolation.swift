import CKernels

/// How values between an image's elements are found.
public enum Interpolation: Sendable, Hashable, CaseIterable {
  /// The nearest element. ``interpolate(_:to:method:alignsCorners:antialiases:)`` takes the one at ⌊i·n/size⌋, as PyTorch's `nearest` does.
  case nearest
  /// The element nearest to the middle: PyTorch's `nearest-exact`.
  case nearestExact
  /// Between the two nearest elements along each axis.
  case linear
  /// Of the four nearest elements along each axis, by Keys' cubic convolution with −0.75.
  case cubic
}

/// Weighted sums of elements along one axis, at places that are the same for all.
struct Resample: Primitive {
  let table: ResampleTable
  let axis: Int
  var name: String { "interpolate" }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    if !x.dtype.isFloatingPoint { throw mistake("not defined for \(x.dtype), only for floating-point dtypes; convert with .cast(to:)") }
    return Signature(x.shape.replacing(axis, with: table.count), x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let x = try x.ordered
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    let (outer, n, inner) = x.around(axis)
    table.forStretches(outer, inner) { range in
      fx_resample(
        x.dtype.code, range.count, n, table.count, inner, table.taps, table.places, table.weights, x.plane(range, n * inner),
        y.plane(range, table.count * inner))
    }
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [ResampleAdd(table: table, axis: axis)(dy)] }
}

/// Resample's adjoint: each element, times its weights, added at its places.
struct ResampleAdd: Primitive {
  let table: ResampleTable
  let axis: Int
  var name: String { "interpolate" }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) -> Signature { Signature(x.shape.replacing(axis, with: table.size), x.dtype) }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let x = try x.ordered
    let y = try Tensor(zeros: result.shape, result.dtype)
    let (outer, n, inner) = y.around(axis)
    let rest = try LongSums(y, terms: table.count * table.taps / Swift.max(1, n))
    table.forStretches(outer, inner) { range in
      if let rest {
        return fx_resample_add_long(
          range.count, n, table.count, inner, table.taps, table.places, table.weights,
          x.plane(range, table.count * inner).assumingMemoryBound(to: Float.self),
          y.plane(range, n * inner).assumingMemoryBound(to: Float.self), rest.pointer + range.lowerBound * n * inner)
      }
      fx_resample_add(
        x.dtype.code, range.count, n, table.count, inner, table.taps, table.places, table.weights,
        x.plane(range, table.count * inner), y.plane(range, n * inner))
    }
    rest?.add(to: y)
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [Resample(table: table, axis: axis)(dy)] }
}

/// x with its last axes resampled to other sizes.
///
/// A `size` of one number is meant for all axes but the first two (batch and channels), a list for as many of the last axes. Element i of the result lies at
/// (i + ½)·n/size − ½ of an axis of n elements; if `alignsCorners`, at i·(n − 1)/(size − 1), so that the first and last elements meet. Beyond the first and the last
/// element their values go on. Both flags are for linear and cubic. If `antialiases`, linear and cubic weights widen where the image becomes smaller, so that every element counts (the cubic with −0.5).
///
///     interpolate(images, to: 64, method: .linear)     // [8, 3, 32, 32] to [8, 3, 64, 64], bilinear
///     interpolate(volume, to: [8, 8, 8], method: .nearest)
///
/// Derivative: dy, times the weights, at the elements it came from. PyTorch: `interpolate`, `nn.Upsample`; its mode `area` is ``meanPool(_:to:)``.
public func interpolate(
  _ x: Tensor, to size: any PerAxisConvertible, method: Interpolation = .nearest, alignsCorners: Bool = false, antialiases: Bool = false
) -> Tensor {
  let size = size.perAxis
  if Context.current.hasFailed { return .placeholder }
  let sizes = attempt { () throws(TensorError) in
    try size.numbers("a size", axes: try x.spatialAxes(size, "interpolate"), least: 1, "interpolate")
  }
  guard let sizes else { return .placeholder }
  let scales = (0..<sizes.rank).map { Double(x.shape[$0 - sizes.rank]) / Double(sizes[$0]) }
  return resampled(x, sizes, scales, method, alignsCorners, antialiases)
}

/// x with its last axes made longer or shorter by factors.
///
/// An axis of n elements gets ⌊n·scale⌋, and element i of the result lies at (i + ½)/scale − ½; otherwise as ``interpolate(_:to:method:alignsCorners:antialiases:)``.
/// One factor is meant for all axes but the first two.
///
///     interpolate(images, scale: 2.0, method: .cubic)     // [8, 3, 32, 32] to [8, 3, 64, 64]
///
/// PyTorch: `interpolate(scale_factor=…)`, without `recompute_scale_factor`.
public func interpolate(
  _ x: Tensor, scale: Double, method: Interpolation = .nearest, alignsCorners: Bool = false, antialiases: Bool = false
) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  guard let axes = attempt({ () throws(TensorError) in try x.spatialAxes(1, "interpolate") }) else { return .placeholder }
  return interpolate(
    x, scales: Array(repeating: scale, count: axes), method: method, alignsCorners: alignsCorners, antialiases: antialiases)
}

/// x with its last axes, as many as there are `scales`, made longer or shorter by factors.
///
/// As ``interpolate(_:scale:method:alignsCorners:antialiases:)``.
public func interpolate(
  _ x: Tensor, scales: [Double], method: Interpolation = .nearest, alignsCorners: Bool = false, antialiases: Bool = false
) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  let sizes = attempt { () throws(TensorError) in
    let axes = try x.spatialAxes(PerAxis(scales.map { _ in 1 }), "interpolate")
    var sizes = Shape(x.shape.suffix(axes))
    for axis in 0..<axes {
      let size = (Double(sizes[axis]) * scales[axis]).rounded(.down)
      let scale = "a scale of \(scales[axis]) for axis \(axis - axes) of \(x.shape)"
      guard scales[axis] > 0, scales[axis].isFinite else { throw TensorError("interpolate", "\(scale); a finite number above 0 would fit") }
      guard size >= 1 else { throw TensorError("interpolate", "\(scale) leaves no element; one that gives 1 or more would fit") }
      guard size <= 0x1p40 else { throw TensorError("interpolate", "\(scale) gives \(size) elements, more than memory could hold") }
      sizes[axis] = Int(size)
    }
    return sizes
  }
  guard let sizes else { return .placeholder }
  return resampled(x, sizes, scales.map { 1 / $0 }, method, alignsCorners, antialiases)
}

/// Axes in the order that makes the least work: those that shrink the most first, and of axes that grow alike the last one, along which sums take longer.
private func orderOfAxes(_ sizes: Shape, _ from: [Int]) -> [Int] {
  let ratios = zip(sizes, from).map { Double($0) / Double(Swift.max(1, $1)) }
  return ratios.indices.sorted { a, b in ratios[a] != ratios[b] ? ratios[a] < ratios[b] : (ratios[a] < 1) == (a < b) }
}

/// The last axes resampled, one after the other: `scales` are the steps in x from one element of the result to the next.
private func resampled(
  _ x: Tensor, _ sizes: Shape, _ scales: [Double], _ method: Interpolation, _ alignsCorners: Bool, _ antialiases: Bool
) -> Tensor {
  if let wide = widened(x) { return resampled(wide[0]!, sizes, scales, method, alignsCorners, antialiases).cast(to: x.dtype) }
  let isNearest = method == .nearest || method == .nearestExact
  if isNearest && (alignsCorners || antialiases) {
    let flag = alignsCorners ? "alignsCorners" : "antialiases"
    fail(TensorError("interpolate", "\(flag) says nothing about the method \(method); linear or cubic would fit"))
    return .placeholder
  }
  // Tables of places are made for each axis: first it is seen that there can be such a result.
  let shape = Shape(x.shape.dropLast(sizes.rank) + Array(sizes))
  let isPossible: Void? = attempt { () throws(TensorError) in
    try shape.check("interpolate")
    for size in sizes { try checkList(size, of: 128, "interpolate", "the places and weights of \(size) elements") }
  }
  if isPossible == nil { return .placeholder }
  var y = x
  for i in orderOfAxes(sizes, x.shape.suffix(sizes.rank).map { $0 }) {
    let (axis, scale) = (x.rank - sizes.rank + i, scales[i])
    let n = x.shape[axis]
    if n == 0 {
      fail(TensorError("interpolate", "axis \(axis) of \(x.shape) has no elements; 1 or more would fit"))
      return .placeholder
    }
    if isNearest {
      let places = ResampleTable.nearest(n, sizes[i], scale, isExact: method == .nearestExact, x.dtype)
      y = Take(indices: Tensor(places), axis: axis, label: "interpolate")(y)
    } else if antialiases || n != sizes[i] || scale != 1 {
      let step = alignsCorners ? (sizes[i] > 1 ? Double(n - 1) / Double(sizes[i] - 1) : 0) : scale
      let table =
        antialiases
        ? ResampleTable(antialiased: n, sizes[i], step, method) : ResampleTable(n, sizes[i], step, method, alignsCorners: alignsCorners)
      y = Resample(table: table, axis: axis)(y)
    }
  }
  return y
}
