import Autodiff
import Tensors

/// The gradient of a loss at a model's parameters: a model of the same shape and names that holds the gradients.
///
///     let gradient = gradient(at: &model) { model in crossEntropy(model(x), y) }
///     gradient.parameters        // [("layers.0.weight", …), …]
///
/// The model is called in training mode, in place: what a run changes (hidden values, random streams) is changed afterwards. Parameters
/// that the loss does not depend on have gradients of 0.
public func gradient<M: Model, E: Error>(at model: inout M, _ loss: (inout M) throws(E) -> Tensor) throws(E) -> M {
  try valueAndGradient(at: &model, loss).gradient
}

/// The value of a loss and its gradient at a model's parameters.
public func valueAndGradient<M: Model, E: Error>(
  at model: inout M, _ loss: (inout M) throws(E) -> Tensor
) throws(E) -> (value: Tensor, gradient: M) {
  let (value, gradient, _) = try valueAndGradient(at: &model) { (model: inout M) throws(E) -> (Tensor, Void) in (try loss(&model), ()) }
  return (value, gradient)
}

/// The value of a loss, its gradient at a model's parameters, and what else the closure gives, such as the predictions.
public func valueAndGradient<M: Model, Auxiliary, E: Error>(
  at model: inout M, _ loss: (inout M) throws(E) -> (Tensor, Auxiliary)
) throws(E) -> (value: Tensor, gradient: M, auxiliary: Auxiliary) {
  var collect = Collect()
  model.visit(&collect)
  let original = collect.tensors
  if let i = original.firstIndex(where: { !$0.dtype.isFloatingPoint }) {
    let name = model.parameters[i].name
    fail(
      TensorError("gradient", "parameter \(name) is \(original[i].dtype); float32 and float64 are trained, a constant is declared with let")
    )
  }
  let (value, gradients, auxiliary) = try differentiate(
    "gradient", at: original, seeds: scalarSeed
  ) { (variables) throws(E) in
    var place = Place(tensors: variables, before: original)
    model.visit(&place)
    defer {
      // Off the tape again: nested in another gradient, the parameters stand where they stood before.
      var restore = Place(tensors: original, before: variables)
      model.visit(&restore)
    }
    return try loss(&model)
  }
  var gradient = model
  var fill = Fill(tensors: gradients[0])
  gradient.visit(&fill)
  if fill.index != original.count {
    fail(TensorError("gradient", "the model had \(original.count) parameters before the loss and \(fill.index) after it"))
  }
  return (value, gradient, auxiliary)
}

/// The parameters in order.
package struct Collect: ModelVisitor {
  package var tensors: [Tensor] = []
  package init() {}
  package mutating func parameter(_ tensor: inout Tensor, _ name: PartName) { tensors.append(tensor) }
}

/// Moves parameters to other places on the tape, if they still stand where they stood before.
private struct Place: ModelVisitor {
  let tensors: [Tensor]
  let before: [Tensor]
  var index = 0

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    if index < tensors.count, tensor.isSamePlace(as: before[index]) { tensor = tensor.at(placeOf: tensors[index]) }
    index += 1
  }
}

/// Replaces the parameters by other tensors, in order, and counts them.
private struct Fill: ModelVisitor {
  let tensors: [Tensor]
  var index = 0

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    if index < tensors.count { tensor = tensors[index] }
    index += 1
  }
}
