import Tensors

/// How often something happens in a training run: a checkpoint, a validation.
public enum TrainingInterval: Sendable, Equatable {
  /// After every so many epochs.
  case epochs(Int)
  /// After every so many steps.
  case steps(Int)

  /// A number of 0 or less is a mistake.
  func check(_ what: String) {
    switch self {
    case .epochs(let count), .steps(let count):
      if count < 1 { fail(TensorError("fit", "a \(what) every \(count); 1 or more would fit")) }
    }
  }
}

/// How gradients are made shorter before a step.
public enum GradientClipping: Sendable, Equatable {
  /// To a norm of all gradients together, as ``Model/clipNorm(_:order:requiresFinite:)``.
  case norm(Double)
  /// To a largest size of each element, as ``Model/clipValues(_:)``.
  case value(Double)
}
