import Tensors

/// An affine map followed by an activation: activation(x • weightᵀ + bias) over the last axis.
///
/// PyTorch: `Linear`.
///
/// Shapes: x [..., inputs] to [..., outputs].
public struct Dense: Placed, InputAdapting {
  /// [outputs, inputs], as PyTorch stores it.
  public var weight: Tensor
  /// [outputs], unless the layer was made without one.
  public var bias: Tensor?
  /// What the result passes through; the identity unless told.
  public let activation: @Sendable (Tensor) -> Tensor
  private let initializer: Initializer
  /// Whether the number of inputs is still to be found out.
  public private(set) var isWaiting = false
  /// Where in a model it stands.
  public var place = Place()

  /// A layer of given sizes.
  ///
  /// The weight begins as Glorot's uniform unless told, the bias as zeros.
  public init(
    _ inputs: Int, _ outputs: Int, activation: @escaping @Sendable (Tensor) -> Tensor = { $0 }, hasBias: Bool = true,
    weight initializer: Initializer = .glorotUniform()
  ) {
    weight = initializer([outputs, inputs])
    bias = hasBias ? .zeros([outputs]) : nil
    self.activation = activation
    self.initializer = initializer
  }

  /// A layer that learns its number of inputs from the chain it stands in: see ``Chain/init(input:_:)``.
  public init(
    _ outputs: Int, activation: @escaping @Sendable (Tensor) -> Tensor = { $0 }, hasBias: Bool = true,
    weight initializer: Initializer = .glorotUniform()
  ) {
    weight = .zeros([outputs, 0])
    bias = hasBias ? .zeros([outputs]) : nil
    self.activation = activation
    self.initializer = initializer
    isWaiting = true
  }

  /// A layer of given parameters: weight [outputs, inputs], bias [outputs].
  public init(weight: Tensor, bias: Tensor?, activation: @escaping @Sendable (Tensor) -> Tensor = { $0 }) {
    self.weight = weight
    self.bias = bias
    self.activation = activation
    initializer = .glorotUniform()
  }

  /// The affine map and the activation.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { layer in layer.activation(linear(x, weight: layer.weight, bias: layer.bias)) }
  }

  /// Takes the size of the last axis as the number of inputs, if that is open.
  public mutating func adapt(to shape: Shape) {
    guard isWaiting, shape.rank > 0 else { return }
    isWaiting = false
    weight = initializer([weight.shape[0], shape[-1]])
  }

  /// Its weight and its bias.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    visitor.parameter(&weight, "weight")
    // Through a local, an optional's tensor would be held twice and copied at each update.
    if bias != nil { visitor.parameter(&bias!, "bias") }
  }
}

extension Dense {
  /// As it is written: `Dense(784, 128, activation: relu)`.
  public var code: String {
    call(
      "Dense", isWaiting ? nil : "\(weight.shape[1])", "\(weight.shape[0])", activationCode(activation),
      bias == nil ? "hasBias: false" : nil)
  }
}

/// A dense layer with the logistic function: sigmoid(x • weightᵀ + bias).
///
/// Shapes: x [..., inputs] to [..., outputs].
public struct Perceptron: Model {
  /// The affine map.
  public var layer: Dense

  /// A perceptron of given sizes.
  public init(_ inputs: Int, _ outputs: Int) { layer = Dense(inputs, outputs) }

  /// sigmoid(x • weightᵀ + bias).
  public func callAsFunction(_ x: Tensor) -> Tensor { sigmoid(layer(x)) }

  /// As it is written.
  public var code: String { call("Perceptron", "\(layer.weight.shape[1])", "\(layer.weight.shape[0])") }
}
