import Tensors

/// The convolution of images with a weight, plus a bias, then an activation, over one to three spatial axes.
///
///     Conv2D(3, 16, kernel: 3, padding: .same)            // [8, 3, 32, 32] to [8, 16, 32, 32]
///     Conv2D(16, kernel: 5, activation: relu)             // the inputs' channels follow from the input
///     Conv1D(8, 8, kernel: [9], stride: 2, groups: 8)     // depthwise
///
/// y[n, o, i] = bias[o] + Σ over c, k of weight[o, c, k] · x[n, c, i·stride − padding + k·dilation]
///
/// One type for signals, images and volumes, whose rules are the same: `Conv1D`, `Conv2D` and `Conv3D` are its names in use.
///
/// The weight begins as Glorot's uniform and the bias as zeros, as ``Dense``'s do, each group drawn for itself. PyTorch's default, uniform in
/// ±1/√fan-in for both, has a third of the variance that keeps a linear layer's, a sixth of relu's (He and others 2015), and dates from
/// before either was derived; `weight: .kaimingUniform(gain: 1 / 3.0.squareRoot())` is that.
///
/// Shapes: x [batch, inputs, …] to [batch, outputs, …], both also without the batch.
///
/// PyTorch: `Conv1d`, `Conv2d`, `Conv3d`.
public struct Convolution<let spatialAxes: Int>: Placed, InputAdapting {
  /// [outputs, inputs / groups, …], as PyTorch stores it: behind them the kernel's sizes.
  public var weight: Tensor
  /// [outputs], unless the layer was made without one.
  public var bias: Tensor?
  /// The window's size.
  public let kernel: PerAxis
  /// How far the window moves from one place to the next.
  public let stride: PerAxis
  /// What is added around the image.
  public let padding: WindowPadding
  /// How far apart the elements are that the window sees.
  public let dilation: PerAxis
  /// Into how many groups channels are divided; each stretch of outputs sees its stretch of inputs alone.
  public let groups: Int
  /// What the padding consists of; zeros if nil.
  public let paddingMode: PaddingMode?
  /// What the result passes through; the identity unless told.
  public let activation: @Sendable (Tensor) -> Tensor
  private let initializer: Initializer
  /// Whether the number of inputs is still to be found out.
  public private(set) var isWaiting = false
  /// Where in a model it stands.
  public var place = Place()

  /// A layer from so many channels to so many.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: any PerAxisConvertible, stride: any PerAxisConvertible = 1,
    padding: any WindowPaddingConvertible = 0, dilation: any PerAxisConvertible = 1,
    groups: Int = 1, paddingMode: PaddingMode? = nil, activation: @escaping @Sendable (Tensor) -> Tensor = { $0 }, hasBias: Bool = true,
    weight initializer: Initializer = .glorotUniform()
  ) {
    let (kernel, stride, padding, dilation) = (kernel.perAxis, stride.perAxis, padding.windowPadding, dilation.perAxis)
    self.init(
      outputs, kernel: kernel, stride: stride, padding: padding, dilation: dilation, groups: groups, paddingMode: paddingMode,
      activation: activation, hasBias: hasBias, weight: initializer)
    isWaiting = false
    weight = filters(
      Self.typeName, inputs: inputs, outputs: outputs, [outputs, inputs / max(1, groups)], kernel, spatialAxes, groups, initializer)
  }

  /// A layer that learns its number of inputs from what it is called with, as ``Dense`` does.
  public init(
    _ outputs: Int, kernel: any PerAxisConvertible, stride: any PerAxisConvertible = 1, padding: any WindowPaddingConvertible = 0,
    dilation: any PerAxisConvertible = 1, groups: Int = 1,
    paddingMode: PaddingMode? = nil, activation: @escaping @Sendable (Tensor) -> Tensor = { $0 }, hasBias: Bool = true,
    weight initializer: Initializer = .glorotUniform()
  ) {
    let (kernel, stride, padding, dilation) = (kernel.perAxis, stride.perAxis, padding.windowPadding, dilation.perAxis)
    weight = .zeros([max(0, outputs), 0])
    bias = hasBias ? .zeros([max(0, outputs)]) : nil
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
    self.paddingMode = paddingMode
    self.activation = activation
    self.initializer = initializer
    isWaiting = true
  }

  /// A layer of given parameters: weight [outputs, inputs / groups, …], bias [outputs].
  public init(
    weight: Tensor, bias: Tensor?, stride: any PerAxisConvertible = 1, padding: any WindowPaddingConvertible = 0,
    dilation: any PerAxisConvertible = 1, groups: Int = 1,
    paddingMode: PaddingMode? = nil, activation: @escaping @Sendable (Tensor) -> Tensor = { $0 }
  ) {
    let (stride, padding, dilation) = (stride.perAxis, padding.windowPadding, dilation.perAxis)
    self.init(
      0, kernel: PerAxis(Array(weight.shape.dropFirst(2))), stride: stride, padding: padding, dilation: dilation, groups: groups,
      paddingMode: paddingMode, activation: activation)
    isWaiting = false
    self.weight = weight
    self.bias = bias
  }

  /// The convolution and the activation.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { layer in
      guard x.isImage(spatialAxes, Self.typeName) else { return x }
      let (x, padding) = layer.bordered(x)
      return layer.activation(
        convolution(
          x, weight: layer.weight, bias: layer.bias, stride: layer.stride, padding: padding, dilation: layer.dilation, groups: layer.groups)
      )
    }
  }

  /// x within its border, and the padding that is still to be added.
  private func bordered(_ x: Tensor) -> (Tensor, WindowPadding) {
    guard let paddingMode else { return (x, padding) }
    let amounts = attempt { () throws(TensorError) in
      let size = Shape(x.shape.suffix(spatialAxes))
      let dilation = try dilation.numbers("a dilation", axes: spatialAxes, least: 1, Self.typeName)
      let reach = Shape(zip(weight.shape.dropFirst(2), dilation).map { ($0 - 1) * $1 + 1 })
      let stride = try stride.numbers("a stride", axes: spatialAxes, least: 1, Self.typeName)
      let (before, after) = try padding.numbers(size, reach: reach, stride: stride, Self.typeName)
      return zip(before, after).map { (before: $0, after: $1) }
    }
    return (amounts.map { x.padded($0, mode: paddingMode) } ?? x, .valid)
  }

  /// Takes the number of channels as the number of inputs, if that is open.
  public mutating func adapt(to shape: Shape) {
    guard isWaiting, let inputs = channels(of: shape, rank: spatialAxes + 2, Self.typeName) else { return }
    isWaiting = false
    let outputs = weight.size(ofAxis: 0)
    weight = filters(
      Self.typeName, inputs: inputs, outputs: outputs, [outputs, inputs / max(1, groups)], kernel, spatialAxes, groups, initializer)
    if bias != nil { bias = .zeros([outputs]) }
  }

  /// Its weight and its bias.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    visitor.parameter(&weight, "weight")
    // Through a local, an optional's tensor would be held twice and copied at each update.
    if bias != nil { visitor.parameter(&bias!, "bias") }
  }
}

/// A convolution of signals, [batch, channels, length].
public typealias Conv1D = Convolution<1>
/// A convolution of images, [batch, channels, height, width].
public typealias Conv2D = Convolution<2>
/// A convolution of volumes, [batch, channels, depth, height, width].
public typealias Conv3D = Convolution<3>

extension Convolution: NamedType {
  /// As it is written, which is not as Swift calls it.
  package static var typeName: String { "Conv\(spatialAxes)D" }
}

extension Convolution {
  /// As it is written: `Conv2D(3, 16, kernel: 3, padding: .same)`.
  public var code: String {
    call(
      Self.typeName, isWaiting ? nil : "\(weight.size(ofAxis: 1).saturatingTimes(groups))", "\(weight.size(ofAxis: 0))",
      "kernel: \(kernel)",
      argument("stride", stride, unless: 1), argument("padding", padding, unless: 0), argument("dilation", dilation, unless: 1),
      argument("groups", groups, unless: 1), argument("paddingMode", paddingMode.map { ".\($0)" }, unless: nil),
      activationCode(activation), argument("hasBias", bias != nil, unless: true))
  }
}

/// A convolution's weight of two sizes and the kernel's, each group drawn for itself: to an initialiser's fans the other groups are nothing.
func filters(
  _ layer: String, inputs: Int, outputs: Int, _ sizes: [Int], _ kernel: PerAxis, _ axes: Int, _ groups: Int, _ initializer: Initializer
) -> Tensor {
  let window = attempt { () throws(TensorError) in
    if groups < 1 { throw TensorError(layer, "\(groups) groups; 1 or more would fit") }
    if inputs < 1 || outputs < 1 { throw TensorError(layer, "\(inputs) inputs and \(outputs) outputs; 1 or more of each would fit") }
    if inputs % groups != 0 || outputs % groups != 0 {
      throw TensorError(layer, "\(inputs) inputs and \(outputs) outputs in \(groups) groups; numbers that \(groups) divides would fit")
    }
    let window = try kernel.numbers("a kernel", axes: axes, least: 1, layer)
    try Shape(sizes + Array(window)).check(layer)
    try checkList(groups, of: 1024, layer, "\(groups) groups")
    return window
  }
  guard let window else { return .zeros([0, 0]) }
  let group = Shape([sizes[0] / groups, sizes[1]] + Array(window))
  return groups == 1 ? initializer(group) : concatenate((0..<groups).map { _ in initializer(group) })
}
