import Tensors

/// State that a model's run leaves behind: stored in the model, copied with it, no parameter.
public protocol ModelState: Sendable {
  /// The value of the last run.
  var value: Tensor { get set }
  /// Gives the state its first value again.
  mutating func reset()
}

/// A value that comes from the last run of the model: what makes a layer recurrent.
///
///     struct Counter: Model {
///       @Recurrent var sum: Tensor = [[0]]
///       mutating func callAsFunction(_ x: Tensor) -> Tensor { sum = sum + x; return sum }
///     }
///
/// Its first value is the one it is initialised with, commonly zeros of shape [1, size], which broadcast to a batch of any size; `reset()`
/// on the model returns to it. Within one gradient call the gradient flows back through all runs; from one call to the next it does not.
@propertyWrapper
public struct Recurrent: ModelState {
  /// The value of the last run.
  public var wrappedValue: Tensor
  private let first: Tensor

  /// A state with a first value.
  public init(wrappedValue: Tensor) {
    self.wrappedValue = wrappedValue
    first = wrappedValue
  }

  /// A state that is zeros of shape [1, size] at first.
  public init(size: Int, _ dtype: DType = .float32) { self.init(wrappedValue: .zeros([1, size], dtype)) }

  /// The value of the last run, as visitors see it.
  public var value: Tensor {
    get { wrappedValue }
    set { wrappedValue = newValue }
  }

  /// Returns to the first value.
  public mutating func reset() { wrappedValue = first }
}

/// A model run over the steps of a sequence: [batch, time, features] in, [batch, time, outputs] out.
///
/// Made by ``Model/unrolled(steps:carriesState:)``. y[:, t] is the model's answer to x[:, t], its hidden values passing from step to step.
public struct Unrolled<Step: Model<Tensor, Tensor>>: Model {
  /// The model of one step.
  public var step: Step
  /// How many steps a sequence has.
  public let steps: Int
  /// Whether hidden values pass from one call to the next; otherwise each call starts from their first value.
  public let carriesState: Bool

  /// The answers to each step, in order.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank >= 2, x.shape[1] == steps else {
      fail(TensorError("unrolled", "\(x.shape) for \(steps) steps; [batch, \(steps), features] would fit"))
      return x
    }
    if !carriesState { step.reset() }
    return stack((0..<steps).map { t in withPart("step", t, of: Step.self) { step(x[.all, t]) } }, axis: 1)
  }

  /// The step's own: unrolling changes no name.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { step.visit(&visitor) }
}

extension Model where Input == Tensor, Output == Tensor {
  /// The model run over `steps` steps of a sequence, [batch, time, features] to [batch, time, outputs].
  ///
  /// Each call starts from the hidden values' first value, unless `carriesState` lets them pass from call to call (as a constant: the
  /// gradient stays within a call).
  public func unrolled(steps: Int, carriesState: Bool = false) -> Unrolled<Self> {
    Unrolled(step: self, steps: steps, carriesState: carriesState)
  }
}
