import CKernels

/// The sum under a window that slides over an image: x [batch, channels, …], a weight [outputs, channels / groups, …] and, if there is one, a
/// bias [outputs].
///
/// ``ConvolutionInput`` and ``ConvolutionWeight`` are its adjoints. All three are one sum of products of three tensors (image, weight and
/// result), of which two are given: so each one's gradients are the others, to any order.
struct Convolution: Primitive {
  let geometry: WindowGeometry
  let groups: Int
  var name: String { "convolution" }

  func result(_ x: [Tensor]) throws(TensorError) -> Signature {
    try checkOneDType(x)
    return Signature(Shape([x[0].shape[0], x[1].shape[0]] + Array(geometry.output)), x[0].dtype)
  }

  func multiplyAdds(_ x: [Tensor], _ result: Signature) -> Int {
    result.shape.elementCount.saturatingTimes((x[1].elementCount / Swift.max(1, x[1].shape[0])))
  }

  func evaluate(_ x: [Tensor], _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    let sum = ConvolutionSum(geometry, groups, batch: x[0].shape[0], channels: x[0].shape[1], outputs: x[1].shape[0], y.dtype)
    let operands = try x.map { (x) throws(TensorError) in try x.ordered }
    try sum.result(operands[0].pointer, operands[1].pointer, bias: operands.count > 2 ? operands[2].pointer : nil, into: y.pointer)
    withExtendedLifetime(operands) {}
    return y
  }

  func gradient(_ x: [Tensor], _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let gradients = [
      needs[0] ? ConvolutionInput(geometry: geometry, groups: groups)(Pair(dy, x[1])) : nil,
      needs[1] ? ConvolutionWeight(geometry: geometry, groups: groups)(Pair(x[0], dy)) : nil,
    ]
    if x.count < 3 { return gradients }
    return gradients + [needs[2] ? dy.sum(axes: [0] + Array(2..<dy.rank)) : nil]
  }
}

/// Convolution's adjoint in the image: each element of y [batch, outputs, …], times the weight, added to what the window saw there.
struct ConvolutionInput: Primitive {
  let geometry: WindowGeometry
  let groups: Int
  var name: String { "convolutionTransposed" }

  func result(_ x: Pair) throws(TensorError) -> Signature {
    if x.a.dtype != x.b.dtype { throw mixedDTypes(x.a.dtype, x.b.dtype) }
    return Signature(Shape([x.a.shape[0], x.b.shape[1].saturatingTimes(groups)] + Array(geometry.input)), x.a.dtype)
  }

  func multiplyAdds(_ x: Pair, _ result: Signature) -> Int {
    x.a.elementCount.saturatingTimes((x.b.elementCount / Swift.max(1, x.b.shape[0])))
  }

  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let (y, weight) = try (x.a.ordered, x.b.ordered)
    let image = try Tensor(uninitialized: result.shape, result.dtype)
    let sum = ConvolutionSum(geometry, groups, batch: y.shape[0], channels: result.shape[1], outputs: y.shape[1], y.dtype)
    try sum.image(y.pointer, weight.pointer, into: image.pointer)
    withExtendedLifetime((y, weight)) {}
    return image
  }

  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [
      needs[0] ? Convolution(geometry: geometry, groups: groups)([dy, x.b]) : nil,
      needs[1] ? ConvolutionWeight(geometry: geometry, groups: groups)(Pair(dy, x.a)) : nil,
    ]
  }
}

/// Convolution's adjoint in the weight: for each place in the window, the products of y with what lay there.
struct ConvolutionWeight: Primitive {
  let geometry: WindowGeometry
  let groups: Int
  var name: String { "convolution" }

  func result(_ x: Pair) throws(TensorError) -> Signature {
    if x.a.dtype != x.b.dtype { throw mixedDTypes(x.a.dtype, x.b.dtype) }
    return Signature(Shape([x.b.shape[1], x.a.shape[1] / groups] + Array(geometry.window)), x.a.dtype)
  }

  func multiplyAdds(_ x: Pair, _ result: Signature) -> Int {
    x.b.elementCount.saturatingTimes((result.shape.elementCount / Swift.max(1, result.shape[0])))
  }

  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let (image, y) = try (x.a.ordered, x.b.ordered)
    let weight = try Tensor(uninitialized: result.shape, result.dtype)
    let sum = ConvolutionSum(geometry, groups, batch: y.shape[0], channels: image.shape[1], outputs: y.shape[1], y.dtype)
    try sum.weight(image.pointer, y.pointer, into: weight.pointer)
    withExtendedLifetime((image, y)) {}
    return weight
  }

  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [
      needs[0] ? ConvolutionInput(geometry: geometry, groups: groups)(Pair(x.b, dy)) : nil,
      needs[1] ? Convolution(geometry: geometry, groups: groups)([x.a, dy]) : nil,
    ]
  }
}

/// The convolution of x with a weight, plus a bias, over one to three spatial axes.
///
/// y[n, o, i] = bias[o] + Σ over c, k of weight[o, c, k] · x[n, c, i·stride − padding + k·dilation]
///
/// x is [batch, channels, …] or, for one image, [channels, …], and the weight [outputs, channels / groups, …]; how many axes there are follows
/// from the weight. With groups each stretch of outputs sees its stretch of channels alone; as many groups as channels are a depthwise
/// convolution. Padding counts as 0.
///
///     convolution(images, weight: w, bias: b, padding: .same)        // [8, 3, 32, 32] by [16, 3, 3, 3]: [8, 16, 32, 32]
///     convolution(signal, weight: w, stride: 2, dilation: 3)         // [8, 3, 500] by [16, 3, 5]
///
/// Accuracy: each result within 4·10⁻⁶ of the sum of its products' magnitudes in float32, as is each gradient of up to 10⁷ products.
///
/// Derivative: the transposed convolution of dy, the sums of products of x and dy, and Σ dy over all but the outputs' axis.
///
/// PyTorch: `conv1d`, `conv2d`, `conv3d`.
public func convolution(
  _ x: Tensor, weight: Tensor, bias: Tensor? = nil, stride: any PerAxisConvertible = 1, padding: any WindowPaddingConvertible = 0,
  dilation: any PerAxisConvertible = 1, groups: Int = 1
) -> Tensor {
  let (stride, padding, dilation) = (stride.perAxis, padding.windowPadding, dilation.perAxis)
  if Context.current.hasFailed { return .placeholder }
  let geometry = attempt { () throws(TensorError) in
    let name = "convolution"
    let axes = try spatialAxes(name, x, weight, bias, outputs: weight.rank > 0 ? weight.shape[0] : 0, groups)
    if x.shape[-axes - 1] != weight.shape[1].saturatingTimes(groups) {
      throw TensorError(
        name,
        "\(x.shape) for a weight of shape \(weight.shape)\(groups == 1 ? "" : " in \(groups) groups"): "
          + "\(weight.shape[1].saturatingTimes(groups)) channels in axis \(-axes - 1) would fit")
    }
    if weight.shape[0] % groups != 0 {
      throw TensorError(name, "a weight of shape \(weight.shape) in \(groups) groups; a number of outputs that \(groups) divides would fit")
    }
    return try WindowGeometry(
      name, input: Shape(x.shape.suffix(axes)), window: PerAxis(Array(weight.shape.dropFirst(2))), stride: stride, padding: padding,
      dilation: dilation)
  }
  guard let geometry else { return .placeholder }
  let isSingle = x.rank == geometry.axes + 1
  let images = isSingle ? x.unsqueezed(axis: 0) : x
  let y = Convolution(geometry: geometry, groups: groups)(bias.map { [images, weight, $0] } ?? [images, weight])
  return isSingle ? y.squeezed(axes: 0) : y
}

/// How many spatial axes a weight is made for, if the operands fit it.
func spatialAxes(
  _ name: String, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, outputs: Int, _ groups: Int
) throws(TensorError) -> Int {
  let axes = weight.rank - 2
  if axes < 1 || axes > 3 {
    throw TensorError(name, "a weight of shape \(weight.shape); 3 to 5 axes would fit, for 1 to 3 spatial ones")
  }
  if x.rank != axes + 1 && x.rank != axes + 2 {
    throw TensorError(
      name, "\(x.shape) for a weight of shape \(weight.shape); \(axes + 2) axes, or \(axes + 1) without a batch, would fit")
  }
  if x.dtype == .bool { throw TensorError(name, "not defined for bool; convert with .cast(to:)") }
  if groups < 1 { throw TensorError(name, "\(groups) groups; 1 or more would fit") }
  if let bias, bias.shape != [outputs] {
    throw TensorError(name, "a bias of shape \(bias.shape) for \(outputs) outputs; [\(outputs)] would fit")
  }
  return axes
}
