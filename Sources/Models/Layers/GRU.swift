import Tensors

/// Gated recurrent units: a gate decides how much of the hidden value stays, another what of it the new value sees (Cho and others 2014).
///
/// With m = h • W_hᵀ + b_h and u = x • W_iᵀ + b_i, a third of each for either gate and the value: r = σ(uʳ + mʳ), z = σ(uᶻ + mᶻ),
/// n = tanh(uⁿ + r·mⁿ); h ← (1 − z)·n + z·h, which is the answer. PyTorch: `GRU`, whose names (`weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`,
/// `bias_hh_l0`, …) and layouts the parameters have.
///
///     var reader = GRU(64, 128).unrolled(outputs: .last)     // [batch, time, 64] to [batch, 128]
///
/// Shapes: x [batch, inputs] to [batch, outputs], one step at a time; ``Model/unrolled(steps:stateful:input:outputs:initialState:)`` runs
/// whole sequences, with the inputs' part of the gates as one product.
public struct GRU: StackedRecurrence {
  /// The layers.
  public var stack: RecurrentStack<GRULayer>
  /// Where in a model it stands.
  public var place = Place()

  /// A model of given sizes: parameters uniform within ±1/√outputs unless told, hidden values zeros at first.
  ///
  /// - Parameters:
  ///   - inputs: The size of a step's input.
  ///   - outputs: The size of the hidden value, which is the answer.
  ///   - layers: How many are stacked; each reads the hidden value of the one below.
  ///   - dropout: How likely elements between layers are dropped in training.
  ///   - hasBias: Whether gates have biases.
  ///   - weight: How weights begin.
  public init(
    _ inputs: Int, _ outputs: Int, layers: Int = 1, dropout: Double = 0, hasBias: Bool = true, weight: Initializer? = nil
  ) {
    stack = RecurrentStack("GRU", inputs, outputs, layers: layers, dropout: dropout, hasBias: hasBias, weight: weight)
  }

  /// A model that learns its number of inputs from the chain it stands in: see ``Chain/init(input:_:_:)``.
  public init(_ outputs: Int, layers: Int = 1, dropout: Double = 0, hasBias: Bool = true, weight: Initializer? = nil) {
    stack = RecurrentStack("GRU", nil, outputs, layers: layers, dropout: dropout, hasBias: hasBias, weight: weight)
  }
}

/// One layer of a ``GRU``.
public struct GRULayer: RecurrentLayer {
  /// What the reset gate, the update gate and the new value take from x: [3·outputs, inputs].
  public var weightIH: Tensor
  /// What they take from the hidden value: [3·outputs, outputs].
  public var weightHH: Tensor
  /// [3·outputs], unless the layer was made without one.
  public var biasIH: Tensor?
  /// What is added to the hidden value's products, before the reset gate: [3·outputs].
  public var biasHH: Tensor?
  /// The answer of the last step, [batch, outputs].
  @Recurrent public var hidden: Tensor

  /// A layer of given sizes.
  public init(_ inputs: Int, _ outputs: Int, hasBias: Bool = true, weight: Initializer? = nil) {
    let usual = Initializer.recurrent(outputs)
    weightIH = (weight ?? usual)([outputs.saturatingTimes(3), inputs])
    weightHH = (weight ?? usual)([outputs.saturatingTimes(3), outputs])
    biasIH = hasBias ? usual([outputs.saturatingTimes(3)]) : nil
    biasHH = hasBias ? usual([outputs.saturatingTimes(3)]) : nil
    _hidden = Recurrent(size: outputs)
  }

  /// The sizes of a step's input and output.
  public var sizes: (inputs: Int, outputs: Int) { (weightIH.shape[1], weightHH.shape[1]) }

  /// Makes the weights for another number of inputs anew.
  public mutating func adapt(inputs: Int, weight: Initializer?) {
    weightIH = (weight ?? .recurrent(sizes.outputs))([sizes.outputs.saturatingTimes(3), inputs])
  }

  /// All steps: [batch, time, inputs] to [batch, time, outputs].
  public mutating func overTime(_ x: Tensor, lengths: [Int]?) -> Tensor {
    let gates = linear(x, weight: weightIH, bias: biasIH)
    let y = gru(gates, weight: weightHH, bias: biasHH, hidden: _hidden.value(gates.dtype), lengths: lengths)
    hidden = y.hidden
    return y.outputs
  }

  /// Its weights, biases and state.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V, suffix: String) {
    visitor.parameter(&weightIH, .property("weight_ih" + suffix))
    visitor.parameter(&weightHH, .property("weight_hh" + suffix))
    if biasIH != nil { visitor.parameter(&biasIH!, .property("bias_ih" + suffix)) }
    if biasHH != nil { visitor.parameter(&biasHH!, .property("bias_hh" + suffix)) }
    visitor.state(&_hidden, .property("hidden" + suffix))
  }
}
