import Tensors

/// One layer of a stack of recurrences: its weights, its states, and its run over all steps of a sequence.
///
/// ``LSTMLayer`` and ``GRULayer`` are two; a cell of one's own that conforms can be stacked as they are.
public protocol RecurrentLayer: Sendable {
  /// A layer of given sizes; parameters begin as PyTorch's unless an initialiser for the weights is given.
  init(_ inputs: Int, _ outputs: Int, hasBias: Bool, weight: Initializer?)
  /// The sizes of a step's input and output.
  var sizes: (inputs: Int, outputs: Int) { get }
  /// Makes the weights for another number of inputs anew.
  mutating func adapt(inputs: Int, weight: Initializer?)
  /// All steps: [batch, time, inputs] to [batch, time, outputs]. Behind a sequence's length the answers are 0 and the states stay.
  mutating func overTime(_ x: Tensor, lengths: [Int]?) -> Tensor
  /// Shows its parameters and states under PyTorch's names: `weight_ih` and the layer's suffix, `_l0`.
  mutating func visit<V: ModelVisitor>(_ visitor: inout V, suffix: String)
}

/// Layers of a recurrence one on top of the other, elements dropped between them while training.
public struct RecurrentStack<Layer: RecurrentLayer>: Sendable {
  /// The layers, the one that reads the inputs first.
  public var layers: [Layer]
  /// Between the layers.
  public var dropout: Dropout
  /// Whether the layers have biases.
  public let hasBias: Bool
  /// Whether the number of inputs is still to be found out.
  public private(set) var isWaiting: Bool
  /// What follows the parameters' names: `_reverse` in a ``Bidirectional``.
  var suffix = ""
  private let initializer: Initializer?

  /// A stack of given sizes; inputs that are nil follow from what it is given.
  init(_ name: String, _ inputs: Int?, _ outputs: Int, layers: Int, dropout: Double, hasBias: Bool, weight initializer: Initializer?) {
    let count = partCount(layers, "layers", atLeast: 1, name)
    if dropout > 0 && layers == 1 {
      fail(TensorError(name, "a dropout of \(dropout) between the layers of one; layers: 2 or more, or a Dropout behind it, would fit"))
    }
    self.layers = (0..<count).map { Layer($0 == 0 ? inputs ?? 0 : outputs, outputs, hasBias: hasBias, weight: initializer) }
    self.dropout = Dropout(dropout)
    self.hasBias = hasBias
    self.initializer = initializer
    isWaiting = inputs == nil
  }

  fileprivate mutating func run(_ x: Tensor, _ lengths: [Int]?) -> Tensor {
    var y = x
    for i in layers.indices {
      if i > 0 { y = dropout(y) }
      y = layers[i].overTime(y, lengths: lengths)
    }
    return y
  }

  fileprivate mutating func adapt(inputs: Int) {
    isWaiting = false
    layers[0].adapt(inputs: inputs, weight: initializer)
  }
}

/// A model of one step that is a stack of recurrent layers: ``LSTM``, ``GRU``, or one of layers of one's own.
///
///     struct Peephole: StackedRecurrence {
///       var stack: RecurrentStack<PeepholeLayer>
///       var place = Place()
///     }
public protocol StackedRecurrence: Placed, SequenceModel, InputAdapting {
  /// What is stacked.
  associatedtype Layer: RecurrentLayer
  /// The layers.
  var stack: RecurrentStack<Layer> { get set }
}

extension StackedRecurrence {
  /// The layers, the one that reads the inputs first.
  public var layers: [Layer] {
    get { stack.layers }
    _modify { yield &stack.layers }
  }

  /// Whether the number of inputs is still to be found out.
  public var isWaiting: Bool { stack.isWaiting }

  /// One step: [batch, inputs] to [batch, outputs].
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (model: inout Self) in
      let step = "[batch, \(model.stack.layers[0].sizes.inputs)]"
      guard x.rank == 2 else {
        let message =
          x.rank == 3
          ? "\(x.shape) has a time axis, and a step takes \(step); .unrolled() runs the model over sequences"
          : "\(x.shape) as the input of a step; \(step) would fit"
        fail(TensorError("\(Self.self)", message))
        return x
      }
      return model.stack.run(x.unsqueezed(axis: 1), nil).squeezed(axes: 1)
    }
  }

  /// All steps at once, [batch, time, inputs] to [batch, time, outputs]: layer by layer, the inputs' products of all steps as one.
  public mutating func overTime(_ x: Tensor, lengths: [Int]?) -> Tensor {
    placed(on: x) { (model: inout Self) in
      guard x.rank == 3 else {
        fail(TensorError("\(Self.self)", "\(x.shape) as a sequence; [batch, time, \(model.stack.layers[0].sizes.inputs)] would fit"))
        return x
      }
      return model.stack.run(x, lengths)
    }
  }

  /// Takes the size of the last axis as the number of inputs, if that is open.
  public mutating func adapt(to shape: Shape) {
    if isWaiting && shape.rank > 0 { stack.adapt(inputs: shape[-1]) }
  }

  /// Its layers' parameters and states, each name followed by `_l` and the layer's number.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    for i in stack.layers.indices { stack.layers[i].visit(&visitor, suffix: "_l\(i)\(stack.suffix)") }
    if stack.dropout.probability == 0 { return }
    // Its stream is state; under a name of its own, as the two directions of a ``Bidirectional`` are visited in one place.
    visitor.enter(.property("dropout" + stack.suffix))
    stack.dropout.visit(&visitor)
    visitor.leave()
  }

  /// As it is written: `LSTM(64, 256, layers: 2)`.
  public var code: String {
    let (sizes, dropout) = (stack.layers[0].sizes, stack.dropout.probability)
    return call(
      "\(Self.self)", isWaiting ? nil : "\(sizes.inputs)", "\(sizes.outputs)", layers.count > 1 ? "layers: \(layers.count)" : nil,
      dropout > 0 ? "dropout: \(dropout)" : nil, stack.hasBias ? nil : "hasBias: false")
  }
}

extension Initializer {
  /// PyTorch's for recurrent layers, weights and biases alike: uniform within ±1/√outputs.
  static func recurrent(_ outputs: Int) -> Initializer { .uniform(1 / Double(max(1, outputs)).squareRoot()) }
}

extension Recurrent {
  /// The value of the last run in the dtype of the weights that it is multiplied with.
  func value(_ dtype: DType) -> Tensor { wrappedValue.dtype == dtype ? wrappedValue : wrappedValue.cast(to: dtype) }
}
