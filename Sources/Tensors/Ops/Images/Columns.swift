import CKernels

/// Each place of a window written out as a column: [..., channels, …] gives [..., channels·window, places].
struct Columns: Primitive {
  let geometry: WindowGeometry
  var name: String { "imageToColumns" }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) -> Signature {
    let (lead, channels) = (x.shape.dropLast(geometry.axes + 1), x.shape[-geometry.axes - 1])
    return Signature(Shape(Array(lead) + [channels.saturatingTimes(geometry.windowCount), geometry.outputCount]), x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let x = try x.ordered
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    let places = geometry.outputCount
    geometry.forPlanes(of: x.shape) { planes in
      geometry.withRaw {
        fx_columns(
          Int32(x.dtype.byteCount), $0, planes.count, 0, places, x.plane(planes, geometry.inputCount),
          y.plane(planes, geometry.windowCount * places), places)
      }
    }
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [ColumnsAdded(geometry: geometry)(dy)] }
}

/// Columns' adjoint: each column added to the window it stands for.
struct ColumnsAdded: Primitive {
  let geometry: WindowGeometry
  var name: String { "columnsToImage" }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    if x.dtype == .bool { throw mistake("not defined for bool; convert with .cast(to:)") }
    let (rows, places) = (x.rank > 1 ? x.shape[-2] : 0, x.rank > 1 ? x.shape[-1] : 0)
    if x.rank < 2 || rows % geometry.windowCount != 0 || places != geometry.outputCount {
      throw mistake(
        "\(x.shape) for a window of \(geometry.window) over \(geometry.input); "
          + "[..., channels·\(geometry.windowCount), \(geometry.outputCount)] would fit")
    }
    return Signature(Shape(Array(x.shape.dropLast(2)) + [rows / geometry.windowCount] + Array(geometry.input)), x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let x = try x.ordered
    let y = try Tensor(zeros: result.shape, result.dtype)
    let places = geometry.outputCount
    geometry.forPlanes(of: y.shape) { planes in
      geometry.withRaw {
        fx_columns_add(
          x.dtype.code, $0, planes.count, 0, places, x.plane(planes, geometry.windowCount * places), places,
          y.plane(planes, geometry.inputCount))
      }
    }
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [Columns(geometry: geometry)(dy)] }
}

/// What a window that slides over the last axes sees, each place a column: what makes a convolution a matrix product.
///
/// [..., channels, …] gives [..., channels·window, places]; a row holds one channel at one place in the window, 0 in the padding. A `window` of one number is
/// meant for all axes but the first two, a list for as many of the last axes.
///
///     imageToColumns(images, window: 3, padding: 1)   // [8, 16, 32, 32] to [8, 144, 1024]
///
/// Derivative: ``columnsToImage(_:size:window:stride:padding:dilation:)`` of dy. PyTorch: `nn.functional.unfold`.
public func imageToColumns(
  _ x: Tensor, window: any PerAxisConvertible, stride: any PerAxisConvertible = 1, padding: any WindowPaddingConvertible = 0,
  dilation: any PerAxisConvertible = 1
) -> Tensor {
  let (window, stride, padding, dilation) = (window.perAxis, stride.perAxis, padding.windowPadding, dilation.perAxis)
  if Context.current.hasFailed { return .placeholder }
  let geometry = attempt { () throws(TensorError) in
    let name = "imageToColumns"
    let axes = try x.spatialAxes(window, name)
    if x.rank == axes { throw TensorError(name, "\(x.shape) has no axis of channels before the last \(axes); one axis more would fit") }
    return try WindowGeometry(
      name, input: Shape(x.shape.suffix(axes)), window: window, stride: stride, padding: padding, dilation: dilation)
  }
  return geometry.map { Columns(geometry: $0)(x) } ?? .placeholder
}

/// Columns added up to the image of a given size that a window would see them in: the adjoint of
/// ``imageToColumns(_:window:stride:padding:dilation:)``, and not its inverse where windows overlap.
///
/// [..., channels·window, places] gives [..., channels, …].
///
///     columnsToImage(columns, size: [32, 32], window: 3, padding: 1)   // [8, 144, 1024] to [8, 16, 32, 32]
///
/// Derivative: ``imageToColumns(_:window:stride:padding:dilation:)`` of dy. PyTorch: `nn.functional.fold`.
public func columnsToImage(
  _ x: Tensor, size: Shape, window: any PerAxisConvertible, stride: any PerAxisConvertible = 1, padding: any WindowPaddingConvertible = 0,
  dilation: any PerAxisConvertible = 1
) -> Tensor {
  let (window, stride, padding, dilation) = (window.perAxis, stride.perAxis, padding.windowPadding, dilation.perAxis)
  if Context.current.hasFailed { return .placeholder }
  let geometry = attempt { () throws(TensorError) in
    let name = "columnsToImage"
    if size.rank < 1 || size.rank > 3 { throw TensorError(name, "a size of \(size); 1 to 3 numbers would fit") }
    try size.check(name)
    return try WindowGeometry(name, input: size, window: window, stride: stride, padding: padding, dilation: dilation)
  }
  return geometry.map { ColumnsAdded(geometry: $0)(x) } ?? .placeholder
}
