import CKernels

/// The largest element of each part, where the last axes are cut into so many even parts.
///
/// Part i of `size` parts of an axis of n elements goes from ⌊i·n/size⌋ up to ⌈(i + 1)·n/size⌉; parts overlap where they do not come out even. A `size` of one
/// number is meant for all axes but the first two, a list for as many of the last axes.
///
///     maxPool(images, to: [5, 7])   // [8, 16, 32, 40] to [8, 16, 5, 7]
///
/// Derivative: dy at the place of the largest element. PyTorch: `adaptive_max_pool1d`, `adaptive_max_pool2d`, `adaptive_max_pool3d`.
public func maxPool(_ x: Tensor, to size: any PerAxisConvertible) -> Tensor {
  let size = size.perAxis
  guard let geometry = adaptive("maxPool", x, size) else { return .placeholder }
  return MaxPool(geometry: geometry)(x)
}

/// Where the elements that ``maxPool(_:to:)`` gives lie: their positions in the row-major order of the last axes, int64.
///
/// PyTorch: `adaptive_max_pool2d(…, return_indices=True)`.
public func maxPoolPositions(_ x: Tensor, to size: any PerAxisConvertible) -> Tensor {
  let size = size.perAxis
  guard let geometry = adaptive("maxPoolPositions", x, size) else { return .placeholder }
  return MaxPoolPositions(geometry: geometry)(x)
}

/// The mean of each part, where the last axes are cut into so many even parts.
///
/// Part i of `size` parts of an axis of n elements goes from ⌊i·n/size⌋ up to ⌈(i + 1)·n/size⌉; parts overlap where they do not come out even. A `size` of one
/// number is meant for all axes but the first two, a list for as many of the last axes.
///
///     meanPool(images, to: 1)   // [8, 16, 32, 40] to [8, 16, 1, 1]: the mean of each plane
///
/// Derivative: dy in equal parts to the elements of its part.
///
/// PyTorch: `adaptive_avg_pool1d`, `adaptive_avg_pool2d`, `adaptive_avg_pool3d`, `interpolate(mode="area")`.
public func meanPool(_ x: Tensor, to size: any PerAxisConvertible) -> Tensor {
  let size = size.perAxis
  guard let geometry = adaptive("meanPool", x, size) else { return .placeholder }
  // One part is the mean, which has a kernel of its own.
  if x.dtype.isFloatingPoint && geometry.outputCount == 1 { return x.mean(axes: Array(x.rank - geometry.axes..<x.rank), keepDims: true) }
  return MeanPool(geometry: geometry, countsPadding: false, divisor: 0)(x)
}

/// The parts that the last axes are cut into; nil after a mistake.
private func adaptive(_ name: String, _ x: Tensor, _ size: PerAxis) -> WindowGeometry? {
  if Context.current.hasFailed { return nil }
  return attempt { () throws(TensorError) in
    let axes = try x.spatialAxes(size, name)
    let (input, output) = (Shape(x.shape.suffix(axes)), try size.numbers("a size", axes: axes, least: 0, name))
    if let empty = (0..<axes).first(where: { input[$0] == 0 && output[$0] > 0 }) {
      throw TensorError(name, "axis \(empty - axes) of \(x.shape) has no elements; 1 or more would fit")
    }
    let (none, one) = (Shape(repeating: 0, rank: axes), Shape(repeating: 1, rank: axes))
    return WindowGeometry(adaptive: input, output, none, one)
  }
}

extension WindowGeometry {
  /// Windows of 0 tell the kernels to cut evenly; axes that are not there are windows of 1.
  fileprivate init(adaptive input: Shape, _ output: Shape, _ none: Shape, _ one: Shape) {
    self.init(input, output, none, one, one, none, none)
  }
}
