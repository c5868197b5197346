import Tensors

/// The simplest recurrence, as its equation: hidden = σ(x • wx + hidden • wh + b), the hidden value of the last run on the right.
///
/// Shapes: x [batch, inputs] to [batch, outputs], one step at a time; ``Model/unrolled(steps:stateful:input:outputs:initialState:)`` runs it over sequences.
public struct SimpleRecurrent: Model {
  /// [inputs, outputs].
  public var wx: Tensor
  /// [outputs, outputs].
  public var wh: Tensor
  /// [outputs].
  public var b: Tensor
  /// The value of the last run, [batch, outputs]; zeros at first.
  @Recurrent public var hidden: Tensor

  /// A recurrence of given sizes: Glorot's uniform for x, an orthogonal matrix for the hidden value, zeros for b.
  public init(_ inputs: Int, _ outputs: Int) {
    wx = Initializer.glorotUniform()([inputs, outputs])
    wh = Initializer.orthogonal()([outputs, outputs])
    b = .zeros([outputs])
    _hidden = Recurrent(size: outputs)
  }

  /// One step.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    hidden = σ(x • wx + hidden • wh + b)
    return hidden
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
    hidden = σ(layer(concatenate([x, hidden], axis: -1)))
    return hidden
  }
}
