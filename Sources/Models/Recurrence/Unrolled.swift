import Tensors

/// A model of one step that can run whole sequences at once.
///
/// A layer that conforms is used so by ``Model/unrolled(steps:stateful:input:outputs:initialState:)``, also inside of chains: a product
/// over all steps is faster than one at each.
public protocol SequenceModel: Model where Input == Tensor, Output == Tensor {
  /// The answers to all steps of sequences, [batch, time, …] to [batch, time, …]: those of calling the model at each step in order.
  ///
  /// Where `lengths` are given, the answers behind a sequence's end are 0, and states stay there as its last step left them.
  mutating func overTime(_ x: Tensor, lengths: [Int]?) -> Tensor
}

/// What an unrolled model is given: a sequence, or one input that every step gets.
public enum StepInput: Sendable { case sequence, same }

/// What an unrolled model gives: the answers of all steps, or that of each sequence's last.
public enum StepOutputs: Sendable { case all, last }

/// Whether the states that an unrolled model starts from stay as they are, or are trained with its parameters.
public enum InitialState: Sendable { case fixed, trained }

/// A model run over the steps of a sequence: [batch, time, features] in, [batch, time, outputs] out.
///
/// Made by ``Model/unrolled(steps:stateful:input:outputs:initialState:)``. y[:, t] is the model's answer to x[:, t], its states passing from
/// step to step. For sequences of different lengths, padded to the longest, give the lengths as well: what is behind a sequence's end then
/// has no influence on anything.
///
///     var reader = LSTM(64, 128).unrolled(outputs: .last)
///     let y = reader(x, lengths: [12, 7, 9])      // or withLengths([12, 7, 9]) { model(x) }, where the reader is inside of a model
public struct Unrolled<Step: Model<Tensor, Tensor>>: Placed {
  /// The model of one step.
  public var step: Step
  /// How many steps a sequence has; any number if nil.
  public let steps: Int?
  /// Whether states pass from one call to the next; otherwise each call starts from their first values.
  public let stateful: Bool
  /// Whether it is given a sequence or one input for all steps.
  public let input: StepInput
  /// Whether it gives all answers or the last.
  public let outputs: StepOutputs
  /// Whether it goes through sequences from their last step to their first.
  public fileprivate(set) var isReversed = false
  /// Where in a model it stands.
  public var place = Place()

  /// The answers to each step, in order.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (unrolled: inout Self) in unrolled.run(x, lengths: SequenceLengths.current) }
  }

  /// The answers to each step of sequences with lengths of their own, zeros behind their ends.
  public mutating func callAsFunction(_ x: Tensor, lengths: [Int]) -> Tensor {
    placed(on: x) { (unrolled: inout Self) in unrolled.run(x, lengths: lengths) }
  }

  private mutating func run(_ x: Tensor, lengths: [Int]?) -> Tensor {
    guard var x = sequence(x) else { return x }
    if let lengths {
      if !fits(lengths, x) { return x }
      // Products with a gradient of 0 would make NaN of what is infinite.
      x = x.masked(lengths: lengths)
    }
    if !stateful { step.reset() }
    if isReversed { x = x.reversedInTime(lengths: lengths) }
    let y = runOverTime(&step, x, lengths: lengths)
    if outputs == .all { return isReversed ? y.reversedInTime(lengths: lengths) : y }
    guard let lengths else { return y[.all, -1] }
    let ends = Tensor(lengths.map { max(0, $0 - 1) }).reshaped(Shape([lengths.count], rank: y.rank))
    // Behind the ends all is 0, so what a sequence of length 0 is given from the first step is 0 as well.
    return y.gather(ends.expanded(y.shape.replacingTime(with: 1)), axis: 1).squeezed(axes: 1)
  }

  /// The steps' inputs, [batch, time, …].
  private func sequence(_ x: Tensor) -> Tensor? {
    if input == .same {
      guard let steps else {
        fail(TensorError("unrolled", "the same input at each step, and no number of steps; .unrolled(steps: 10, input: .same) would fit"))
        return nil
      }
      guard x.rank >= 1 else {
        fail(TensorError("unrolled", "\(x.shape) as the input of every step; [batch, features] would fit"))
        return nil
      }
      let one = x.unsqueezed(axis: 1)
      return one.expanded(one.shape.replacingTime(with: steps))
    }
    let wanted = steps.map(String.init) ?? "time"
    guard x.rank >= 2, steps == nil || x.shape[1] == steps else {
      fail(TensorError("unrolled", "\(x.shape) for \(steps.map { "\($0) steps" } ?? "a sequence"); [batch, \(wanted), features] would fit"))
      return nil
    }
    if outputs == .last && x.shape[1] == 0 {
      fail(TensorError("unrolled", "\(x.shape) has no step whose answer would be the last; one or more would fit"))
      return nil
    }
    return x
  }

  private func fits(_ lengths: [Int], _ x: Tensor) -> Bool {
    if lengths.count != x.shape[0] {
      fail(TensorError("unrolled", "\(lengths.count) lengths for \(x.shape[0]) sequences of \(x.shape)"))
      return false
    }
    if let i = lengths.firstIndex(where: { $0 < 0 || $0 > x.shape[1] }) {
      fail(TensorError("unrolled", "a length of \(lengths[i]) for sequence \(i) of \(x.shape); 0 to \(x.shape[1]) would fit"))
      return false
    }
    return true
  }

  /// The step's own: unrolling changes no name.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { visitor.content(&step) }

  /// The same model going through sequences the other way; its answers stand where their inputs stood.
  public func reversedInTime() -> Unrolled {
    var copy = self
    copy.isReversed.toggle()
    return copy
  }
}

extension Unrolled {
  /// As it is written: `LSTM(64, 128).unrolled(steps: 50)`.
  public var code: String {
    let arguments = [
      steps.map { "steps: \($0)" }, stateful ? "stateful: true" : nil, input == .same ? "input: .same" : nil,
      outputs == .last ? "outputs: .last" : nil,
    ].compactMap { $0 }
    return "\(step.code).unrolled(\(arguments.joined(separator: ", ")))" + (isReversed ? ".reversedInTime()" : "")
  }
}

extension Model where Input == Tensor, Output == Tensor {
  /// The model run over the steps of sequences: [batch, time, features] to [batch, time, outputs].
  ///
  ///     var sequence = Chain { LSTM(64, 128); Dense(128, 64) }.unrolled(steps: 50)
  ///     sequence.step(x)          // one step at a time, from the states that the last run left
  ///
  /// - Parameters:
  ///   - steps: How many steps each sequence has; any number unless given.
  ///   - stateful: Whether states pass from call to call (as constants: the gradient stays within a call) until `reset()`; otherwise each
  ///     call starts from their first values.
  ///   - input: `.same` gives every step the same input, [batch, features], as a decoder wants it.
  ///   - outputs: `.last` gives the answer to the last step only: [batch, outputs].
  ///   - initialState: `.trained` makes the states' first values parameters (`initial_hidden`).
  public func unrolled(
    steps: Int? = nil, stateful: Bool = false, input: StepInput = .sequence, outputs: StepOutputs = .all,
    initialState: InitialState = .fixed
  ) -> Unrolled<Self> {
    if let steps, steps < 0 { fail(TensorError("unrolled", "\(steps) steps; 0 or more would fit")) }
    var step = self
    if initialState == .trained {
      var train = TrainFirst()
      step.visit(&train)
      if !train.hasState { fail(TensorError("unrolled", "no initial state to train: \(Self.self) has no @Recurrent state")) }
    }
    return Unrolled(step: step, steps: steps, stateful: stateful, input: input, outputs: outputs)
  }
}

/// Makes the first values of states parameters.
private struct TrainFirst: ModelVisitor {
  var hasState = false

  mutating func value<S: ModelState>(of state: inout S, _ name: PartName) {
    state.isFirstTrained = true
    hasState = hasState || state.isFirstTrained
  }
}

// MARK: - Running over time

/// Runs a model over sequences: at once if it can, else step by step.
func runOverTime<M: Model>(_ model: inout M, _ x: Tensor, lengths: [Int]?) -> Tensor where M.Input == Tensor, M.Output == Tensor {
  guard let sequences = M.self as? any SequenceModel.Type else { return runStepByStep(&model, x, lengths: lengths) }
  return runAtOnce(sequences, &model, x, lengths)
}

private func runAtOnce<S: SequenceModel, M: Model>(_: S.Type, _ model: inout M, _ x: Tensor, _ lengths: [Int]?) -> Tensor {
  // M is S: the same value under the protocol that says more of it, in place.
  let y = withUnsafeMutablePointer(to: &model) { pointer in
    pointer.withMemoryRebound(to: S.self, capacity: 1) { $0.pointee.overTime(x, lengths: lengths) }
  }
  return lengths.map { y.masked(lengths: $0) } ?? y
}

func runStepByStep<M: Model>(_ model: inout M, _ x: Tensor, lengths: [Int]?) -> Tensor
where M.Input == Tensor, M.Output == Tensor {
  if hasFailed { return x }
  if x.shape[1] == 0 {
    // No step, but the shape of what one would have given.
    var probe = model
    let y = probe.emptyStep(x)
    return .zeros(Shape([y.shape[0], 0] + Array(y.shape.dropFirst())), y.dtype)
  }
  let steps = x.shape[1]
  guard attempt({ () throws(TensorError) in try checkList(steps, of: 1024, "unrolled", "\(steps) steps") }) != nil else { return x }
  let shortest = lengths?.min() ?? steps
  var answers: [Tensor] = []
  for t in 0..<x.shape[1] {
    var before: M? = t >= shortest ? model : nil
    var y = withPart("step", t, of: M.self) { model(x[.all, t]) }
    if let old = before, let lengths {
      let isRunning = Tensor(lengths.map { $0 > t })
      var hold = Hold(old: States(of: old).values, isRunning: isRunning)
      model.visit(&hold)
      y = y.kept(where: isRunning)
    }
    before = nil
    answers.append(y)
    if hasFailed { return x }
  }
  return stack(answers, axis: 1)
}

extension Model where Input == Tensor, Output == Tensor {
  /// What a step on zeros gives.
  fileprivate mutating func emptyStep(_ x: Tensor) -> Tensor {
    dryRun { self(.zeros(Shape([x.shape[0]] + Array(x.shape.dropFirst(2))), x.dtype)) }
  }
}

/// The states' values in order.
private struct States: ModelVisitor {
  var values: [Tensor] = []

  init<M: Model>(of model: M) {
    var copy = model
    copy.visit(&self)
  }

  mutating func value<S: ModelState>(of state: inout S, _ name: PartName) { values.append(state.value) }
}

/// Gives sequences that have ended the states back that they had.
private struct Hold: ModelVisitor {
  let old: [Tensor]
  let isRunning: Tensor
  var index = 0

  mutating func value<S: ModelState>(of state: inout S, _ name: PartName) {
    let before = old[index]
    index += 1
    let batch = isRunning.shape[0]
    guard S.self is Recurrent.Type, state.value.rank > 0, state.value.shape[0] == batch else { return }
    // One that grows from step to step, as what attention keeps does, has no earlier value of its size; its sequence is asked no more.
    guard zip(before.shape, state.value.shape).allSatisfy({ $0 == $1 || $0 == 1 }) else { return }
    let mask = isRunning.reshaped(Shape([batch], rank: state.value.rank))
    state.value = select(mask, state.value, before)
  }
}
