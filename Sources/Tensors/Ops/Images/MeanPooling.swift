import CKernels

/// The sum under each place of a window over the number of its elements, over the last axes.
struct MeanPool: Primitive {
  let geometry: WindowGeometry
  let countsPadding: Bool
  /// What sums are divided by; 0 for the number of elements.
  let divisor: Int
  var name: String { "meanPool" }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    if x.dtype == .bool { throw mistake("not defined for bool; convert with .cast(to:)") }
    return Signature(geometry.result(x.shape), x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let x = try x.ordered
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    geometry.forPlanes(of: x.shape) { planes in
      geometry.withRaw {
        fx_mean_pool(
          x.dtype.code, $0, countsPadding ? 1 : 0, Int64(divisor), planes.count, x.plane(planes, geometry.inputCount),
          y.plane(planes, geometry.outputCount))
      }
    }
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [MeanPoolGradient(geometry: geometry, countsPadding: countsPadding, divisor: divisor)(dy)]
  }
}

/// MeanPool's adjoint: each element of dy in equal parts to what its window saw.
struct MeanPoolGradient: Primitive {
  let geometry: WindowGeometry
  let countsPadding: Bool
  let divisor: Int
  var name: String { "meanPool" }
  var keeps: Keeps { .nothing }

  func result(_ dy: Tensor) -> Signature { Signature(Shape(Array(dy.shape.dropLast(geometry.axes)) + Array(geometry.input)), dy.dtype) }
  func evaluate(_ dy: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let dy = try dy.ordered
    let dx = try Tensor(uninitialized: result.shape, result.dtype)
    geometry.forPlanes(of: dx.shape) { planes in
      geometry.withRaw {
        fx_mean_pool_backward(
          dy.dtype.code, $0, countsPadding ? 1 : 0, Int64(divisor), planes.count, dy.plane(planes, geometry.outputCount),
          dx.plane(planes, geometry.inputCount))
      }
    }
    return dx
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ d: Tensor, _ needs: Needs) -> [Tensor?] {
    [MeanPool(geometry: geometry, countsPadding: countsPadding, divisor: divisor)(d)]
  }
}

/// The mean under each place of a window that slides over the last axes.
///
/// A `window` of one number is meant for all axes but the first two (batch and channels), a list for as many of the last axes, whatever stands
/// before. The stride is the window's size unless told. Padding counts as zeros, at most half of the window, or not at all without `countsPadding`;
/// with a `divisor` the sums are divided by that. The places end with the last that lies wholly inside; if `roundsUp`, with the last that begins
/// inside. Means of integers are rounded toward zero.
///
///     meanPool(images, window: 2)                         // [8, 16, 32, 32] to [8, 16, 16, 16]
///     meanPool(images, window: [3, 3], stride: 1, padding: .same, countsPadding: false)
///
/// Derivative: dy in equal parts to the elements under its window. PyTorch: `avg_pool1d`, `avg_pool2d`, `avg_pool3d`.
public func meanPool(
  _ x: Tensor, window: any PerAxisConvertible, stride: (any PerAxisConvertible)? = nil, padding: any WindowPaddingConvertible = 0,
  roundsUp: Bool = false, countsPadding: Bool = true,
  divisor: Int? = nil
) -> Tensor {
  let (window, stride, padding) = (window.perAxis, stride?.perAxis, padding.windowPadding)
  guard let geometry = pooling("meanPool", x, window, stride, padding, 1, roundsUp) else { return .placeholder }
  if divisor == 0 {
    fail(TensorError("meanPool", "a divisor of 0; any other number would fit"))
    return .placeholder
  }
  return MeanPool(geometry: geometry, countsPadding: countsPadding, divisor: divisor ?? 0)(x)
}
