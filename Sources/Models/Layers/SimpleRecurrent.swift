import Tensors

/// The simplest recurrence, as its equation: hidden = σ(x • wx + hidden • wh + b), the hidden value of the last run on the right.
///
/// Elman 1990. With `activation: .tanh` or `.relu` instead of σ it is PyTorch's `RNN`: wx and wh are its weights transposed, b the sum of its
/// biases.
///
/// Shapes: x [batch, inputs] to [batch, outputs], one step at a time; ``Model/unrolled(steps:stateful:input:outputs:initialState:)`` runs it
/// over sequences, with x • wx of all steps as one product.
public struct SimpleRecurrent: Placed, SequenceModel, InputAdapting {
  /// [inputs, outputs].
  public var wx: Tensor
  /// [outputs, outputs].
  public var wh: Tensor
  /// [outputs].
  public var b: Tensor
  /// The value of the last run, [batch, outputs]; zeros at first.
  @Recurrent public var hidden: Tensor
  /// What the sum passes through.
  public let activation: RecurrentActivation
  /// Whether the number of inputs is still to be found out.
  public private(set) var isWaiting = false
  /// Where in a model it stands.
  public var place = Place()

  /// A recurrence of given sizes: Glorot's uniform for x, an orthogonal matrix for the hidden value, zeros for b.
  public init(_ inputs: Int, _ outputs: Int, activation: RecurrentActivation = .sigmoid) {
    wx = Initializer.glorotUniform()([inputs, outputs])
    wh = Initializer.orthogonal()([outputs, outputs])
    b = .zeros([outputs])
    _hidden = Recurrent(size: outputs)
    self.activation = activation
  }

  /// A recurrence that learns its number of inputs from the chain it stands in: see ``Chain/init(input:_:_:)``.
  public init(_ outputs: Int, activation: RecurrentActivation = .sigmoid) {
    self.init(0, outputs, activation: activation)
    isWaiting = true
  }

  /// One step.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (layer: inout Self) in
      let sum = x • layer.wx + layer.hidden • layer.wh + layer.b
      switch layer.activation {
      case .sigmoid: layer.hidden = σ(sum)
      case .tanh: layer.hidden = tanh(sum)
      case .relu: layer.hidden = relu(sum)
      }
      return layer.hidden
    }
  }

  /// All steps at once: [batch, time, inputs] to [batch, time, outputs].
  public mutating func overTime(_ x: Tensor, lengths: [Int]?) -> Tensor {
    placed(on: x) { (layer: inout Self) in
      let sums = linear(x, weight: layer.wx.transposed(), bias: layer.b)
      let y = recurrence(sums, weight: layer.wh.transposed(), hidden: layer.hidden, activation: layer.activation, lengths: lengths)
      layer.hidden = y.hidden
      return y.outputs
    }
  }

  /// Takes the size of the last axis as the number of inputs, if that is open.
  public mutating func adapt(to shape: Shape) {
    guard isWaiting, shape.rank > 0 else { return }
    isWaiting = false
    wx = Initializer.glorotUniform()([shape[-1], wx.shape[1]])
  }
}

extension SimpleRecurrent {
  /// As it is written: `SimpleRecurrent(64, 128)`.
  public var code: String {
    call(
      "SimpleRecurrent", isWaiting ? nil : "\(wx.shape[0])", "\(wx.shape[1])", activation == .sigmoid ? nil : "activation: .\(activation)")
  }
}

/// The same recurrence as a composition: hidden = σ(layer([x, hidden])), where `layer` may be anything that takes inputs + outputs numbers
/// and gives outputs: `Dense(x + y, y)`, or `Chain { Dense(x + y, y); Dropout(0.1) }`.
///
/// Shapes: x [batch, inputs] to [batch, outputs], one step at a time.
public struct ComposedRecurrent<Layer: Model<Tensor, Tensor>>: Model {
  /// From [batch, inputs + outputs] to [batch, outputs].
  public var layer: Layer
  /// The value of the last run, [batch, outputs]; zeros at first.
  @Recurrent public var hidden: Tensor

  /// A recurrence around a layer with that many outputs.
  public init(_ layer: Layer, outputs: Int) {
    self.layer = layer
    _hidden = Recurrent(size: outputs)
  }

  /// One step.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    if x.rank > hidden.rank && !hasFailed {
      fail(
        TensorError(
          "ComposedRecurrent", "\(x.shape) has a time axis, and a step takes [batch, inputs]; .unrolled() runs the model over sequences"))
    }
    hidden = σ(layer(concatenate([x, hidden], axis: -1)))
    return hidden
  }
}
