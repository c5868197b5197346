/// The transposed convolution of x with a weight, plus a bias, over one to three spatial axes: what makes an image larger again.
///
/// Each element of x, times the weight, is added to the window it stands for: y[n, o, i·stride − padding + k·dilation] += x[n, c, i] · weight[c, o, k].
/// The size of an axis becomes (size − 1)·stride − 2·padding + dilation·(window − 1) + 1 + outputPadding.
///
/// x is [batch, channels, …] or, for one image, [channels, …], and the weight [channels, outputs / groups, …]: the weight of the
/// ``convolution(_:weight:bias:stride:padding:dilation:groups:)`` whose gradient this is. `outputPadding` makes the result longer at its end, where
/// several sizes would have given x's; it must be less than the stride or the dilation.
///
/// Derivative: the convolution of dy, the sums of products of dy and x, and Σ dy over all but the outputs' axis.
///
/// PyTorch: `conv_transpose1d`, `conv_transpose2d`, `conv_transpose3d`.
public func convolutionTransposed(
  _ x: Tensor, weight: Tensor, bias: Tensor? = nil, stride: any PerAxisConvertible = 1, padding: any PerAxisConvertible = 0,
  outputPadding: any PerAxisConvertible = 0,
  dilation: any PerAxisConvertible = 1, groups: Int = 1
) -> Tensor {
  let (stride, padding, outputPadding, dilation) = (stride.perAxis, padding.perAxis, outputPadding.perAxis, dilation.perAxis)
  if Context.current.hasFailed { return .placeholder }
  if bias != nil, let wide = widened(x, weight, bias) {
    return convolutionTransposed(
      wide[0]!, weight: wide[1]!, bias: wide[2], stride: stride, padding: padding, outputPadding: outputPadding, dilation: dilation,
      groups: groups
    ).cast(to: x.dtype)
  }
  let geometry = attempt { () throws(TensorError) in
    let name = "convolutionTransposed"
    let axes = try spatialAxes(name, x, weight, bias, outputs: (weight.rank > 1 ? weight.shape[1] : 0).saturatingTimes(groups), groups)
    if x.shape[-axes - 1] != weight.shape[0] {
      throw TensorError(
        name, "\(x.shape) for a weight of shape \(weight.shape): \(weight.shape[0]) channels in axis \(-axes - 1) would fit")
    }
    if weight.shape[0] % groups != 0 {
      throw TensorError(
        name, "a weight of shape \(weight.shape) in \(groups) groups; a number of channels that \(groups) divides would fit")
    }
    return try WindowGeometry(
      transposed: name, output: Shape(x.shape.suffix(axes)), window: PerAxis(Array(weight.shape.dropFirst(2))), stride: stride,
      padding: padding, outputPadding: outputPadding, dilation: dilation)
  }
  guard let geometry else { return .placeholder }
  let isSingle = x.rank == geometry.axes + 1
  let images = isSingle ? x.unsqueezed(axis: 0) : x
  var y = ConvolutionInput(geometry: geometry, groups: groups)(Pair(images, weight))
  if let bias { y = y + bias.reshaped(Shape([bias.shape[0]] + Array(repeating: 1, count: geometry.axes))) }
  return isSingle ? y.squeezed(axes: 0) : y
}

extension WindowGeometry {
  /// The window of a convolution by its result's sizes: the image's follow.
  init(
    transposed operation: String, output: Shape, window: PerAxis, stride: PerAxis, padding: PerAxis, outputPadding: PerAxis,
    dilation: PerAxis
  ) throws(TensorError) {
    let axes = output.rank
    let window = try window.numbers("a window", axes: axes, least: 1, operation)
    let stride = try stride.numbers("a stride", axes: axes, least: 1, operation)
    let padding = try padding.numbers("a padding", axes: axes, least: 0, operation)
    let extra = try outputPadding.numbers("an outputPadding", axes: axes, least: 0, operation)
    let dilation = try dilation.numbers("a dilation", axes: axes, least: 1, operation)
    var input = output
    for axis in 0..<axes {
      if extra[axis] >= Swift.max(stride[axis], dilation[axis]) {
        throw TensorError(
          operation,
          "an outputPadding of \(extra[axis]) for a stride of \(stride[axis]) and a dilation of \(dilation[axis]); "
            + "less than one of them would fit")
      }
      input[axis] = (output[axis] - 1) * stride[axis] - 2 * padding[axis] + dilation[axis] * (window[axis] - 1) + 1 + extra[axis]
      if input[axis] < 0 || output[axis] == 0 {
        throw TensorError(
          operation, "a padding of \(padding) leaves nothing of axis \(axis - axes) of \(output) under a window of \(window)")
      }
    }
    self.init(input, output, window, stride, dilation, padding, padding)
  }
}
