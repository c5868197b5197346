import Tensors

/// The transposed convolution of images with a weight, plus a bias, then an activation: what makes images larger again.
///
///     ConvTransposed2D(16, 3, kernel: 4, stride: 2, padding: 1)                    // [8, 16, 16, 16] to [8, 3, 32, 32]
///     ConvTransposed2D(3, kernel: 3, stride: 2, padding: 1, outputPadding: 1)      // the same sizes
///
/// Each element of x, times the weight, is added to the window it stands for. The size of an axis becomes
/// (size − 1)·stride − 2·padding + dilation·(kernel − 1) + 1 + outputPadding.
///
/// The weight begins as Glorot's uniform and the bias as zeros, as ``Convolution``'s do.
///
/// Shapes: x [batch, inputs, …] to [batch, outputs, …], both also without the batch.
///
/// PyTorch: `ConvTranspose1d`, `ConvTranspose2d`, `ConvTranspose3d`.
public struct TransposedConvolution<let spatialAxes: Int>: Placed, InputAdapting {
  /// [inputs, outputs / groups, …], as PyTorch stores it: behind them the kernel's sizes.
  public var weight: Tensor
  /// [outputs], unless the layer was made without one.
  public var bias: Tensor?
  /// The window's size.
  public let kernel: PerAxis
  /// How far the window moves from one element of x to the next.
  public let stride: PerAxis
  /// What is taken away at each side of the result.
  public let padding: PerAxis
  /// What is added at the result's end, where several sizes would have been convolved to x's.
  public let outputPadding: PerAxis
  /// How far apart the elements are that the window writes.
  public let dilation: PerAxis
  /// Into how many groups channels are divided; each stretch of inputs writes to its stretch of outputs alone.
  public let groups: Int
  /// What the result passes through; the identity unless told.
  public let activation: @Sendable (Tensor) -> Tensor
  private let initializer: Initializer
  private let outputs: Int
  /// Whether the number of inputs is still to be found out.
  public private(set) var isWaiting = false
  /// Where in a model it stands.
  public var place = Place()

  /// A layer from so many channels to so many.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: any PerAxisConvertible, stride: any PerAxisConvertible = 1, padding: any PerAxisConvertible = 0,
    outputPadding: any PerAxisConvertible = 0,
    dilation: any PerAxisConvertible = 1, groups: Int = 1, activation: @escaping @Sendable (Tensor) -> Tensor = { $0 },
    hasBias: Bool = true,
    weight initializer: Initializer = .glorotUniform()
  ) {
    let (kernel, stride, padding, outputPadding, dilation) = (
      kernel.perAxis, stride.perAxis, padding.perAxis, outputPadding.perAxis, dilation.perAxis
    )
    self.init(
      outputs, kernel: kernel, stride: stride, padding: padding, outputPadding: outputPadding, dilation: dilation, groups: groups,
      activation: activation, hasBias: hasBias, weight: initializer)
    isWaiting = false
    weight = drawn(inputs)
  }

  /// A layer that learns its number of inputs from what it is called with, as ``Dense`` does.
  public init(
    _ outputs: Int, kernel: any PerAxisConvertible, stride: any PerAxisConvertible = 1, padding: any PerAxisConvertible = 0,
    outputPadding: any PerAxisConvertible = 0, dilation: any PerAxisConvertible = 1,
    groups: Int = 1, activation: @escaping @Sendable (Tensor) -> Tensor = { $0 }, hasBias: Bool = true,
    weight initializer: Initializer = .glorotUniform()
  ) {
    let (kernel, stride, padding, outputPadding, dilation) = (
      kernel.perAxis, stride.perAxis, padding.perAxis, outputPadding.perAxis, dilation.perAxis
    )
    weight = .zeros([0, max(0, outputs)])
    bias = hasBias ? .zeros([max(0, outputs)]) : nil
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.outputPadding = outputPadding
    self.dilation = dilation
    self.groups = groups
    self.activation = activation
    self.initializer = initializer
    self.outputs = outputs
    isWaiting = true
  }

  /// A layer of given parameters: weight [inputs, outputs / groups, …], bias [outputs].
  public init(
    weight: Tensor, bias: Tensor?, stride: any PerAxisConvertible = 1, padding: any PerAxisConvertible = 0,
    outputPadding: any PerAxisConvertible = 0, dilation: any PerAxisConvertible = 1,
    groups: Int = 1, activation: @escaping @Sendable (Tensor) -> Tensor = { $0 }
  ) {
    let (stride, padding, outputPadding, dilation) = (stride.perAxis, padding.perAxis, outputPadding.perAxis, dilation.perAxis)
    self.init(
      weight.size(ofAxis: 1).saturatingTimes(groups), kernel: PerAxis(Array(weight.shape.dropFirst(2))), stride: stride, padding: padding,
      outputPadding: outputPadding, dilation: dilation, groups: groups, activation: activation)
    isWaiting = false
    self.weight = weight
    self.bias = bias
  }

  /// The transposed convolution and the activation.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { layer in
      guard x.isImage(spatialAxes, Self.typeName) else { return x }
      return layer.activation(
        convolutionTransposed(
          x, weight: layer.weight, bias: layer.bias, stride: layer.stride, padding: layer.padding, outputPadding: layer.outputPadding,
          dilation: layer.dilation, groups: layer.groups))
    }
  }

  private func drawn(_ inputs: Int) -> Tensor {
    filters(
      Self.typeName, inputs: inputs, outputs: outputs, [inputs, outputs / max(1, groups)], kernel, spatialAxes, groups, initializer)
  }

  /// Takes the number of channels as the number of inputs, if that is open.
  public mutating func adapt(to shape: Shape) {
    guard isWaiting, let inputs = channels(of: shape, rank: spatialAxes + 2, Self.typeName) else { return }
    isWaiting = false
    weight = drawn(inputs)
    if bias != nil { bias = .zeros([max(0, outputs)]) }
  }

  /// Its weight and its bias.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    visitor.parameter(&weight, "weight")
    if bias != nil { visitor.parameter(&bias!, "bias") }
  }
}

/// A transposed convolution of signals, [batch, channels, length].
public typealias ConvTransposed1D = TransposedConvolution<1>
/// A transposed convolution of images, [batch, channels, height, width].
public typealias ConvTransposed2D = TransposedConvolution<2>
/// A transposed convolution of volumes, [batch, channels, depth, height, width].
public typealias ConvTransposed3D = TransposedConvolution<3>

extension TransposedConvolution: NamedType {
  /// As it is written, which is not as Swift calls it.
  package static var typeName: String { "ConvTransposed\(spatialAxes)D" }
}

extension TransposedConvolution {
  /// As it is written: `ConvTransposed2D(16, 3, kernel: 4, stride: 2)`.
  public var code: String {
    call(
      Self.typeName, isWaiting ? nil : "\(weight.size(ofAxis: 0))", "\(outputs)", "kernel: \(kernel)",
      argument("stride", stride, unless: 1), argument("padding", padding, unless: 0),
      argument("outputPadding", outputPadding, unless: 0), argument("dilation", dilation, unless: 1),
      argument("groups", groups, unless: 1), activationCode(activation), argument("hasBias", bias != nil, unless: true))
  }
}
