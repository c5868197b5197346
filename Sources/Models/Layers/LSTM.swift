import Tensors

/// Long short-term memory: gates decide what a cell takes in, keeps and shows (Hochreiter and Schmidhuber 1997; Gers, Schmidhuber and
/// Cummins 2000).
///
/// i, f, o = σ(x • W_iᵀ + h • W_hᵀ + b), each with its own weights, and g = tanh(…) likewise; c ← f·c + i·g; h ← o·tanh(c), which is the
/// answer. PyTorch: `LSTM`, whose names (`weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`, …) and layouts the parameters have.
///
///     var reader = LSTM(64, 256, layers: 2).unrolled()     // [batch, time, 64] to [batch, time, 256]
///
/// Shapes: x [batch, inputs] to [batch, outputs], one step at a time; ``Model/unrolled(steps:stateful:input:outputs:initialState:)`` runs
/// whole sequences, with the inputs' part of the gates as one product.
public struct LSTM: StackedRecurrence {
  /// The layers.
  public var stack: RecurrentStack<LSTMLayer>
  /// Where in a model it stands.
  public var place = Place()

  /// A model of given sizes: parameters uniform within ±1/√outputs unless told, hidden values and cells zeros at first.
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
    stack = RecurrentStack("LSTM", inputs, outputs, layers: layers, dropout: dropout, hasBias: hasBias, weight: weight)
  }

  /// A model that learns its number of inputs from the chain it stands in: see ``Chain/init(input:_:_:)``.
  public init(_ outputs: Int, layers: Int = 1, dropout: Double = 0, hasBias: Bool = true, weight: Initializer? = nil) {
    stack = RecurrentStack("LSTM", nil, outputs, layers: layers, dropout: dropout, hasBias: hasBias, weight: weight)
  }
}

/// One layer of an ``LSTM``.
public struct LSTMLayer: RecurrentLayer {
  /// What the input, forget, cell and output gates take from x: [4·outputs, inputs].
  public var weightIH: Tensor
  /// What they take from the hidden value: [4·outputs, outputs].
  public var weightHH: Tensor
  /// [4·outputs], unless the layer was made without one.
  public var biasIH: Tensor?
  /// A second one, as PyTorch has it.
  public var biasHH: Tensor?
  /// The answer of the last step, [batch, outputs].
  @Recurrent public var hidden: Tensor
  /// What the last step remembered, [batch, outputs].
  @Recurrent public var cell: Tensor

  /// A layer of given sizes.
  public init(_ inputs: Int, _ outputs: Int, hasBias: Bool = true, weight: Initializer? = nil) {
    let usual = Initializer.recurrent(outputs)
    weightIH = (weight ?? usual)([outputs.saturatingTimes(4), inputs])
    weightHH = (weight ?? usual)([outputs.saturatingTimes(4), outputs])
    biasIH = hasBias ? usual([outputs.saturatingTimes(4)]) : nil
    biasHH = hasBias ? usual([outputs.saturatingTimes(4)]) : nil
    _hidden = Recurrent(size: outputs)
    _cell = Recurrent(size: outputs)
  }

  /// The sizes of a step's input and output.
  public var sizes: (inputs: Int, outputs: Int) { (weightIH.shape[1], weightHH.shape[1]) }

  /// Makes the weights for another number of inputs anew.
  public mutating func adapt(inputs: Int, weight: Initializer?) {
    weightIH = (weight ?? .recurrent(sizes.outputs))([sizes.outputs.saturatingTimes(4), inputs])
  }

  /// All steps: [batch, time, inputs] to [batch, time, outputs].
  public mutating func overTime(_ x: Tensor, lengths: [Int]?) -> Tensor {
    var bias = biasIH
    if let other = biasHH { bias = bias.map { $0 + other } }
    let gates = linear(x, weight: weightIH, bias: bias)
    let y = lstm(gates, weight: weightHH, hidden: _hidden.value(gates.dtype), cell: _cell.value(gates.dtype), lengths: lengths)
    (hidden, cell) = (y.hidden, y.cell)
    return y.outputs
  }

  /// Its weights, biases and states.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V, suffix: String) {
    visitor.parameter(&weightIH, .property("weight_ih" + suffix))
    visitor.parameter(&weightHH, .property("weight_hh" + suffix))
    if biasIH != nil { visitor.parameter(&biasIH!, .property("bias_ih" + suffix)) }
    if biasHH != nil { visitor.parameter(&biasHH!, .property("bias_hh" + suffix)) }
    visitor.state(&_hidden, .property("hidden" + suffix))
    visitor.state(&_cell, .property("cell" + suffix))
  }
}
