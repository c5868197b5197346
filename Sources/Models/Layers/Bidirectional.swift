import Tensors

/// Two models that read sequences from either end: each answer knows what is before it and what comes after it (Schuster and Paliwal 1997).
///
///     Bidirectional(LSTM(64, 128), LSTM(64, 128))          // [batch, time, 64] to [batch, time, 256]
///     Bidirectional { GRU(64, 128) }                       // two that the closure makes
///
/// Sequences with lengths of their own are read from their own ends. The models share nothing. PyTorch: `bidirectional=True`, whose names
/// the parameters of an ``LSTM`` or ``GRU`` have (`weight_ih_l0`, `weight_ih_l0_reverse`); other models are the parts `forward` and
/// `backward`. PyTorch's second layer reads both directions of the first: a chain of two bidirectional models.
///
/// Shapes: x [batch, time, inputs] to [batch, time, outputs], or [batch, outputs] of the last steps.
public struct Bidirectional<Forward: Model<Tensor, Tensor>, Backward: Model<Tensor, Tensor>>: Placed {
  /// The model that goes from the first step to the last.
  public var forward: Unrolled<Forward>
  /// The model that goes from the last step to the first.
  public var backward: Unrolled<Backward>
  /// How their answers become one.
  public let join: Join
  /// Where in a model it stands.
  public var place = Place()

  /// Two models of one step, each of its own parameters.
  ///
  /// - Parameters:
  ///   - forward: The model that goes from the first step to the last.
  ///   - backward: The model that goes from the last step to the first.
  ///   - join: How their answers, the forward one first, become one.
  ///   - outputs: `.last` joins what each direction gave for the step that it came to last.
  ///   - initialState: Whether the states that they start from are trained.
  public init(
    _ forward: Forward, _ backward: Backward, join: Join = .concatenation(), outputs: StepOutputs = .all,
    initialState: InitialState = .fixed
  ) {
    let backward = (backward as? any StackedRecurrence)?.renamed("_reverse") as? Backward ?? backward
    self.forward = forward.unrolled(outputs: outputs, initialState: initialState)
    self.backward = backward.unrolled(outputs: outputs, initialState: initialState).reversedInTime()
    self.join = join
  }

  /// Two models that `make` makes, one for each direction.
  public init(
    join: Join = .concatenation(), outputs: StepOutputs = .all, initialState: InitialState = .fixed, _ make: () -> Forward
  ) where Forward == Backward {
    self.init(make(), make(), join: join, outputs: outputs, initialState: initialState)
  }

  /// Both directions' answers, joined.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor { run(x, lengths: SequenceLengths.current) }

  /// Both directions' answers for sequences with lengths of their own, zeros behind their ends.
  public mutating func callAsFunction(_ x: Tensor, lengths: [Int]) -> Tensor { run(x, lengths: lengths) }

  private mutating func run(_ x: Tensor, lengths: [Int]?) -> Tensor {
    placed(on: x) { (model: inout Self) in
      let there = lengths.map { model.forward(x, lengths: $0) } ?? model.forward(x)
      let back = lengths.map { model.backward(x, lengths: $0) } ?? model.backward(x)
      return model.join([there, back])
    }
  }

  /// Both models' parameters and states.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    // Names that tell the directions apart by themselves need no part's name before them.
    if Forward.self is any StackedRecurrence.Type && Backward.self is any StackedRecurrence.Type {
      visitor.content(&forward)
      visitor.content(&backward)
    } else {
      visitor.part(&forward, "forward")
      visitor.part(&backward, "backward")
    }
  }
}

extension StackedRecurrence {
  /// The same with another ending of its parameters' names.
  fileprivate func renamed(_ suffix: String) -> Self {
    var copy = self
    copy.stack.suffix = suffix
    return copy
  }
}

extension Bidirectional {
  /// As it is written: `Bidirectional(LSTM(64, 128), LSTM(64, 128))`.
  public var code: String {
    call(
      "Bidirectional", forward.step.code, backward.step.code, argument("join", join.code, unless: ".concatenation()"),
      argument("outputs", forward.outputs == .last ? ".last" : ".all", unless: ".all"))
  }
}
