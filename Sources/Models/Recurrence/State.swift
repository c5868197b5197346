import Tensors

/// State that a model's run leaves behind: stored in the model, copied with it, no parameter.
public protocol ModelState: Sendable {
  /// The value of the last run.
  var value: Tensor { get set }
  /// The value before any run.
  var first: Tensor { get set }
  /// The value of the last run, and nil before any.
  var last: Tensor? { get set }
  /// Whether the first value is trained, as a parameter.
  var isFirstTrained: Bool { get set }
  /// Gives the state its first value again, if it is one that starts anew with each sequence.
  mutating func reset()
  /// Lets it change no more, or again.
  mutating func setFrozen(_ isFrozen: Bool)
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
/// A run may change its sizes, the batch's for instance, but not how many axes it has.
@propertyWrapper
public struct Recurrent: ModelState {
  /// The value before any run.
  public var first: Tensor
  /// Whether the first value is trained, as a parameter of its own: see ``Model/unrolled(steps:stateful:input:outputs:initialState:)``.
  public var isFirstTrained = false
  /// The value of the last run, and nil before any.
  public var last: Tensor?

  /// A state with a first value.
  public init(wrappedValue: Tensor) { first = wrappedValue }

  /// A state that is zeros of shape [1, size] at first.
  public init(size: Int, _ dtype: DType = .float32) { self.init(wrappedValue: .zeros([1, size], dtype)) }

  /// The value of the last run.
  public var wrappedValue: Tensor {
    get { last ?? first }
    set {
      if newValue.rank != first.rank && !hasFailed {
        let sequence = newValue.rank > first.rank ? "; a step takes no time axis, and .unrolled() runs a model over sequences" : ""
        fail(TensorError("Recurrent", "a value of shape \(newValue.shape) for a state that was \(first.shape) at first\(sequence)"))
        return
      }
      last = newValue
    }
  }

  /// The value of the last run, as visitors see it.
  public var value: Tensor {
    get { wrappedValue }
    set { wrappedValue = newValue }
  }

  /// Returns to the first value.
  public mutating func reset() { last = nil }

  /// Nothing: what comes from run to run is not trained.
  public mutating func setFrozen(_ isFrozen: Bool) {}
}

/// A tensor that belongs to a model and is no parameter: runs may change it, training does not, `reset()` leaves it alone.
///
///     @Buffer public var runningMean: Tensor = .zeros([64])
///
/// What is assigned to it is a constant from then on: no gradient flows through it. PyTorch: `register_buffer`.
@propertyWrapper
public struct Buffer: ModelState {
  /// Whether the part it belongs to is frozen.
  ///
  /// A layer that gathers statistics leaves them alone then, and uses them as it does outside of training.
  public private(set) var isFrozen = false
  private var tensor: Tensor

  /// A buffer with its first elements.
  public init(wrappedValue: Tensor) { tensor = wrappedValue }

  /// The tensor.
  public var wrappedValue: Tensor {
    get { tensor }
    set { tensor = newValue.detached }
  }

  /// The tensor, as visitors see it.
  public var value: Tensor {
    get { tensor }
    set { wrappedValue = newValue }
  }

  /// The tensor: it has no other value to start from.
  public var first: Tensor {
    get { tensor }
    set { wrappedValue = newValue }
  }

  /// The tensor, which counts as a run's.
  public var last: Tensor? {
    get { tensor }
    set { if let newValue { wrappedValue = newValue } }
  }

  /// False: training leaves it alone.
  public var isFirstTrained: Bool {
    get { false }
    set {}
  }

  /// Nothing: it does not belong to a sequence.
  public mutating func reset() {}

  /// Lets it change no more, or again.
  public mutating func setFrozen(_ isFrozen: Bool) { self.isFrozen = isFrozen }
}
