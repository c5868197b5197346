import Models
import Tensors

/// What is done to a gradient before an optimizer steps along it: clipped, added up over steps, made noisy.
///
///     struct Signs: GradientTransformation {
///       func apply<M: Model>(to gradient: inout M, of model: M) -> Bool {
///         gradient.updateParameters { name, value in if !value.isFrozen { value = sign(value) } }
///         return true
///       }
///     }
///
/// It stands in an ``OptimizerChain``. What it keeps from step to step is found by reflection, so that a run can be taken up again: see
/// ``Resumable``.
public protocol GradientTransformation: Sendable, Resumable {
  /// Changes the gradient of a model; false if there is to be no step this time.
  mutating func apply<M: Model>(to gradient: inout M, of model: M) -> Bool
}

extension Model {
  /// Calls `body` with the gradients of parameters that are trained, their places in the model's order, and the parameters.
  ///
  /// Frozen ones are left out, and so are gradients that do not fit their model, which the optimizer tells of.
  package mutating func updateGradients(
    of model: Self? = nil, _ body: (_ index: Int, _ gradient: inout Tensor, _ parameter: Tensor) -> Void
  ) {
    if hasFailed { return }
    var parameters: [Tensor]?
    if var copy = model {
      var list = Parameters()
      copy.visit(&list)
      parameters = list.tensors
    }
    withoutActuallyEscaping(body) { body in
      var visitor = GradientUpdate(parameters: parameters, body: body)
      visit(&visitor)
    }
  }
}

private struct Parameters: ModelVisitor {
  var tensors: [Tensor] = []
  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) { tensors.append(tensor) }
}

private struct GradientUpdate: ModelVisitor {
  let parameters: [Tensor]?
  let body: (Int, inout Tensor, Tensor) -> Void
  var index = 0

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    let i = index
    index += 1
    if tensor.isFrozen || tensor.isPlaceholder || !tensor.dtype.isFloatingPoint { return }
    guard let parameters else { return body(i, &tensor, tensor) }
    guard i < parameters.count else { return }
    let parameter = parameters[i]
    if !parameter.isFrozen && parameter.shape == tensor.shape && parameter.dtype == tensor.dtype { body(i, &tensor, parameter) }
  }
}
