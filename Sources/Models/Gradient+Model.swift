import Autodiff
import Tensors

/// The gradient of a loss at a model's parameters: a model of the same shape and names that holds the gradients.
///
///     let gradient = gradient(at: &model) { model in crossEntropy(model(x), y) }
///     gradient.parameters        // [("layers.0.weight", …), …]
///
/// The model is called in training mode, in place: what a run changes (hidden values, random streams) is changed afterwards. Parameters
/// that the loss does not depend on have gradients of 0.
///
/// A model without parameters, and a loss that does not depend on any of them, is a mistake, unless all of them are frozen.
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
  try valueAndGradient(at: &model, observer: nil, loss)
}

/// The same, with somebody who hears of the gradients of parameters that are trained, in their order, while the backward pass goes on.
package func valueAndGradient<M: Model, Auxiliary, E: Error>(
  at model: inout M, observer: (any BackwardObserver)?, _ loss: (inout M) throws(E) -> (Tensor, Auxiliary)
) throws(E) -> (value: Tensor, gradient: M, auxiliary: Auxiliary) {
  var collect = Collect()
  collect.content(&model)
  let original = collect.tensors
  if original.isEmpty && !collect.hasFrozen {
    fail(TensorError("gradient", "\(M.self) has no parameters to differentiate at; \(whereParametersAre)"))
  }
  if let i = original.firstIndex(where: { !$0.dtype.isFloatingPoint }) {
    let name = model.parameters.filter { !$0.value.isFrozen }[i].name
    fail(
      TensorError("gradient", "parameter \(name) is \(original[i].dtype); float32 and float64 are trained, what is not is marked @Constant")
    )
  }
  func run(_ variables: [Tensor]) throws(E) -> (Tensor, Auxiliary) {
    var place = OnTape(tensors: variables, before: original)
    model.visit(&place)
    defer {
      // Off the tape again: nested in another gradient, the parameters stand where they stood before.
      var restore = OnTape(tensors: original, before: variables)
      model.visit(&restore)
    }
    let (value, auxiliary) = try loss(&model)
    if !original.isEmpty && !hasFailed && !value.isPlaceholder && !value.dependsOnVariables {
      fail(
        TensorError(
          "gradient",
          "the loss does not depend on any parameter of \(M.self), so that nothing would be learned; compute it from the closure's argument, as in "
            + "{ model in loss(model(x), y) }, and not from a model outside of the closure or from detached values"))
    }
    return (value, auxiliary)
  }
  let (value, gradients, auxiliary) = try differentiate(
    "gradient", at: original, names: { start in VariableOwner(first: start, steps: collect.steps) }, seeds: scalarSeed,
    observer: observer, run)
  var gradient = model
  var fill = Fill(tensors: gradients[0])
  gradient.visit(&fill)
  if fill.index != original.count {
    fail(TensorError("gradient", "the model had \(original.count) parameters before the loss and \(fill.index) after it"))
  }
  return (value, gradient, auxiliary)
}

extension Model {
  /// The parameters that are trained, in the order in which gradients are taken of them.
  package var trainedParameters: [Tensor] {
    var copy = self
    var collect = Collect()
    collect.content(&copy)
    return collect.tensors
  }

  /// A gradient of this model that holds these tensors, one for each of ``trainedParameters``, and zeros for those that are frozen.
  package func gradient(of tensors: [Tensor]) -> Self {
    var gradient = self
    var fill = Fill(tensors: tensors)
    gradient.visit(&fill)
    return gradient
  }
}

/// What a model without parameters is told.
package let whereParametersAre = "parameters are its stored vars that are tensors, and those of its stored vars that are layers"

/// The parameters that are trained, in order, and the way to them.
private struct Collect: ModelVisitor {
  var tensors: [Tensor] = []
  /// Whether there are parameters that are not trained on purpose.
  var hasFrozen = false
  /// How the model was gone through: from it the names of parts follow, if ever they are asked for.
  var steps: [Step] = []

  enum Step {
    case enter(PartName)
    case leave
    case content(Any.Type)
    case parameter
  }

  init() {
    tensors.reserveCapacity(8)
    steps.reserveCapacity(32)
  }

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    if tensor.isFrozen {
      hasFrozen = true
      return
    }
    tensors.append(tensor)
    steps.append(.parameter)
  }
  mutating func enter(_ name: PartName) { steps.append(.enter(name)) }
  mutating func leave() { steps.append(.leave) }
  mutating func content<M: Model>(_ model: inout M) {
    steps.append(.content(M.self))
    model.visit(&self)
  }
}

/// The parts whose parameters a gradient call's variables are.
private struct VariableOwner: VariableNames {
  let first: Int
  let steps: [Collect.Step]

  func part(ofVariable index: Int) -> (path: String, type: Any.Type)? {
    var rest = index - first
    var path = PartPath()
    for step in steps {
      switch step {
      case .enter(let name): path.enter(name)
      case .leave: path.leave()
      case .content(let type): path.found(type)
      case .parameter:
        if rest == 0 { return (path.text, path.type) }
        rest -= 1
      }
    }
    return nil
  }
}

/// Moves parameters to other places on the tape, if they still stand where they stood before.
private struct OnTape: ModelVisitor {
  let tensors: [Tensor]
  let before: [Tensor]
  var index = 0

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    if tensor.isFrozen { return }
    if index < tensors.count, tensor.isSamePlace(as: before[index]) { tensor = tensor.at(placeOf: tensors[index]) }
    index += 1
  }
}

/// Replaces the parameters that are trained by other tensors, in order, the frozen ones by zeros, and counts the former.
private struct Fill: ModelVisitor {
  let tensors: [Tensor]
  var index = 0

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    if tensor.isFrozen {
      tensor = Tensor.zeros([], tensor.dtype).expanded(tensor.shape)
      tensor.isFrozen = true
      return
    }
    if index < tensors.count { tensor = tensors[index] }
    index += 1
  }
}
