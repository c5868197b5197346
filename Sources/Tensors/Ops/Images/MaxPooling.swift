import CKernels

/// The largest element under each place of a window, over the last axes.
struct MaxPool: Primitive {
  let geometry: WindowGeometry
  var name: String { "maxPool" }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    if x.dtype == .bool { throw mistake("not defined for bool; convert with .cast(to:)") }
    return Signature(geometry.result(x.shape), x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let x = try x.ordered
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    geometry.forPlanes(of: x.shape) { planes in
      geometry.withRaw {
        fx_max_pool(x.dtype.code, $0, planes.count, x.plane(planes, geometry.inputCount), y.plane(planes, geometry.outputCount))
      }
    }
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [MaxPoolGradient(geometry: geometry)(Pair(x, dy))] }
}

/// Where the largest elements lie in their planes.
struct MaxPoolPositions: NonDifferentiable {
  let geometry: WindowGeometry
  var name: String { "maxPoolPositions" }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    if x.dtype == .bool { throw mistake("not defined for bool; convert with .cast(to:)") }
    return Signature(geometry.result(x.shape), .int64)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let x = try x.ordered
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    geometry.forPlanes(of: x.shape) { planes in
      geometry.withRaw {
        let target = y.plane(planes, geometry.outputCount).assumingMemoryBound(to: Int64.self)
        fx_max_pool_positions(x.dtype.code, $0, planes.count, x.plane(planes, geometry.inputCount), target)
      }
    }
    return y
  }
}

/// dx: each element of dy at the place of its window's largest.
///
/// It finds the places anew, which costs less than to keep them.
struct MaxPoolGradient: Primitive {
  let geometry: WindowGeometry
  var name: String { "maxPool" }

  func result(_ x: Pair) -> Signature { Signature(x.a.shape, x.a.dtype) }
  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let (x, dy) = try (x.a.ordered, x.b.ordered)
    let dx = try Tensor(uninitialized: result.shape, result.dtype)
    geometry.forPlanes(of: x.shape) { planes in
      geometry.withRaw {
        fx_max_pool_backward(
          x.dtype.code, $0, planes.count, x.plane(planes, geometry.inputCount), dy.plane(planes, geometry.outputCount),
          dx.plane(planes, geometry.inputCount))
      }
    }
    return dx
  }
  func gradient(_ x: Pair, _ y: Tensor, _ d: Tensor, _ needs: Needs) -> [Tensor?] {
    guard needs[1] else { return [nil, nil] }
    // Linear in dy: the elements of d at the same places.
    let places = MaxPoolPositions(geometry: geometry)(x.a)
    let planes = x.b.shape.elementCount / Swift.max(1, geometry.outputCount)
    let picked = d.reshaped([planes, geometry.inputCount]).gather(places.reshaped([planes, geometry.outputCount]), axis: 1)
    return [nil, picked.reshaped(x.b.shape)]
  }
}

/// The largest element under each place of a window that slides over the last axes.
///
/// y[…, i] = max over k of x[…, i·stride − padding + k·dilation]
///
/// A `window` of one number is meant for all axes but the first two (batch and channels), a list for as many of the last axes, whatever stands
/// before. The stride is the window's size unless told. Padding never is the largest; at most half of what the window spans will do. The places
/// end with the last that lies wholly inside; if `roundsUp`, with the last that begins inside. NaN is larger than every number.
///
///     maxPool(images, window: 2)                         // [8, 16, 32, 32] to [8, 16, 16, 16]
///     maxPool(image, window: [3, 3], stride: 2, padding: 1)
///
/// Derivative: dy at the place of the largest element, the first of equal ones, else 0. PyTorch: `max_pool1d`, `max_pool2d`, `max_pool3d`.
public func maxPool(
  _ x: Tensor, window: any PerAxisConvertible, stride: (any PerAxisConvertible)? = nil, padding: any WindowPaddingConvertible = 0,
  dilation: any PerAxisConvertible = 1, roundsUp: Bool = false
) -> Tensor {
  let (window, stride, padding, dilation) = (window.perAxis, stride?.perAxis, padding.windowPadding, dilation.perAxis)
  guard let geometry = pooling("maxPool", x, window, stride, padding, dilation, roundsUp) else { return .placeholder }
  return MaxPool(geometry: geometry)(x)
}

/// Where the elements that ``maxPool(_:window:stride:padding:dilation:roundsUp:)`` gives lie: their positions in the row-major order of the last axes, int64.
///
/// Of equal elements it is the first. PyTorch: `max_pool2d(…, return_indices=True)`.
public func maxPoolPositions(
  _ x: Tensor, window: any PerAxisConvertible, stride: (any PerAxisConvertible)? = nil, padding: any WindowPaddingConvertible = 0,
  dilation: any PerAxisConvertible = 1, roundsUp: Bool = false
) -> Tensor {
  let (window, stride, padding, dilation) = (window.perAxis, stride?.perAxis, padding.windowPadding, dilation.perAxis)
  guard let geometry = pooling("maxPoolPositions", x, window, stride, padding, dilation, roundsUp) else { return .placeholder }
  return MaxPoolPositions(geometry: geometry)(x)
}

/// The window of a call to a pooling operator; nil after a mistake.
func pooling(
  _ name: String, _ x: Tensor, _ window: PerAxis, _ stride: PerAxis?, _ padding: WindowPadding, _ dilation: PerAxis, _ roundsUp: Bool
) -> WindowGeometry? {
  if Context.current.hasFailed { return nil }
  return attempt { () throws(TensorError) in
    let input = Shape(x.shape.suffix(try x.spatialAxes(window, name)))
    let geometry = try WindowGeometry(
      name, input: input, window: window, stride: stride ?? window, padding: padding, dilation: dilation, roundsUp: roundsUp)
    try geometry.checkSight(name)
    return geometry
  }
}

extension WindowGeometry {
  /// That no place of the window sees padding alone, as far as sizes tell.
  fileprivate func checkSight(_ operation: String) throws(TensorError) {
    let (input, before, after) = (self.input, self.before, self.after)
    for axis in 0..<axes {
      let reach = (window[axis] - 1) * dilation[axis] + 1
      if Swift.max(before[axis], after[axis]) > reach / 2 {
        throw TensorError(
          operation, "a padding of \(Swift.max(before[axis], after[axis])) for a window that spans \(reach); at most \(reach / 2) would fit"
        )
      }
      if input[axis] == 0 { throw TensorError(operation, "axis \(axis - axes) of \(input) has no elements; 1 or more would fit") }
    }
  }

  /// The shape of a result, whose last axes are the window's places.
  func result(_ x: Shape) -> Shape { Shape(Array(x.dropLast(axes)) + Array(output)) }

  /// Calls `body` with stretches of the planes of a tensor, in parallel where that pays.
  func forPlanes(of x: Shape, _ body: (Range<Int>) -> Void) {
    let planes = x.dropLast(axes).reduce(1, *)
    if inputCount == 0 || outputCount == 0 { return }
    parallel(planes, grain: Swift.max(1, Blocks.grain / Swift.max(inputCount, outputCount)), body)
  }
}

extension Tensor {
  /// The address of the first of some planes of `count` elements.
  func plane(_ range: Range<Int>, _ count: Int) -> UnsafeMutableRawPointer { pointer + range.lowerBound * count * dtype.byteCount }
}
