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
  mutating func update<M: Model>(_ model: inout M, along gradient: M)
}
