import CKernels
import Models
import Tensors

/// What changes a model's parameters along a gradient.
///
/// It is a value, with state for each parameter.
///
///     var optimizer = Adam(learningRate: 1e-3)
///     optimizer.update(&model, along: gradient)
///
/// What it keeps from step to step is found by reflection, so that a run can be taken up again: see ``Resumable``.
public protocol Optimizer: Sendable, Resumable {
  /// The size of a step; it may change while training.
  var learningRate: Double { get set }
  /// One step: changes every parameter of `model` that is not frozen, in place, along the gradient of the same name.
  ///
  /// A gradient with an element that is infinite or NaN is a mistake, found before anything changes; ``SkipNonFinite`` leaves such steps out.
  mutating func update<M: Model>(_ model: inout M, along gradient: M)
  /// Looks at a gradient, and transforms it where the optimizer does, before ``update(_:along:)`` makes a step along it; false if there is to be none.
  ///
  /// `fit` calls it before each step, while the model can still be given back as it was. Throws, with the optimizer as it was, if a gradient has an
  /// element that is infinite or NaN; those of frozen parameters are not looked at. Whoever writes an optimizer need not write it.
  mutating func prepare<M: Model>(_ gradient: inout M, of model: M) throws(NonFiniteGradient) -> Bool
}

extension Optimizer {
  /// Throws if a gradient has an element that is infinite or NaN.
  public mutating func prepare<M: Model>(_ gradient: inout M, of model: M) throws(NonFiniteGradient) -> Bool {
    try checkFinite(gradient, of: model)
    return !hasFailed
  }
}

/// A gradient along which no step is made.
public struct NonFiniteGradient: Error, Sendable, Equatable, CustomStringConvertible {
  /// The parameter, the first one in the model's order.
  public let parameter: String
  /// Whether an element is NaN; otherwise one is infinite.
  public let hasNaN: Bool

  /// The whole sentence.
  public var description: String { "the gradient of \(parameter) \(hasNaN ? "has NaN" : "is infinite")" }

  /// What there is to do.
  var sentence: String { "\(self); nothing was changed, and SkipNonFinite() in an OptimizerChain leaves such steps out" }
}

/// Throws if an element of a gradient is not finite whose parameter is trained.
///
/// What does not fit the model is left to the optimizer, which tells of it.
private func checkFinite<M: Model>(_ gradient: M, of model: M) throws(NonFiniteGradient) {
  if hasFailed { return }
  var frozen = FrozenMarks()
  var copy = model
  copy.visit(&frozen)
  var search = NonFiniteSearch(frozen: frozen.list)
  copy = gradient
  copy.visit(&search)
  if let found = search.found { throw NonFiniteGradient(found.index, found.hasNaN, of: model) }
}

extension NonFiniteGradient {
  /// About the parameter at a place in the model's order.
  init<M: Model>(_ index: Int, _ hasNaN: Bool, of model: M) {
    self.init(parameter: model.parameters[index].name, hasNaN: hasNaN)
  }
}

private struct FrozenMarks: ModelVisitor {
  var list: [Bool] = []
  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) { list.append(tensor.isFrozen) }
}

private struct NonFiniteSearch: ModelVisitor {
  let frozen: [Bool]
  var found: (index: Int, hasNaN: Bool)?
  private var index = 0

  init(frozen: [Bool]) { self.frozen = frozen }

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    defer { index += 1 }
    if found != nil || tensor.isFrozen || index < frozen.count && frozen[index] || tensor.isAllFinite { return }
    found = (index, tensor.hasNaN)
  }
}

extension Tensor {
  /// Whether an element is NaN.
  var hasNaN: Bool { detached.isNaN.any().item(as: Bool.self) }
}

/// An optimizer whose steps are those of a ``ParameterState``, which looks at gradients by itself unless they have been looked at.
protocol StatefulOptimizer: Optimizer {
  var state: ParameterState { get set }
}

extension StatefulOptimizer {
  /// Looks at the gradient before anything is written, and keeps in mind that it has done so.
  public mutating func prepare<M: Model>(_ gradient: inout M, of model: M) throws(NonFiniteGradient) -> Bool {
    try checkFinite(gradient, of: model)
    state.isPrepared = !hasFailed
    return !hasFailed
  }
}
