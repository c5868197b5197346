import CKernels
import Models
import Tensors

/// What changes a model's parameters along a gradient.
///
/// It is a value, with state for each parameter.
///
///     var optimizer = Adam(learningRate: 1e-3)
///     optimizer.update(&model, along: gradient)
public protocol Optimizer: Sendable {
  /// The size of a step; it may change while training.
  var learningRate: Double { get set }
  /// One step: changes every parameter of `model`, in place, along the gradient of the same name.
  mutating func update<M: Model>(_ model: inout M, along gradient: M)
}

/// What an optimizer keeps for each parameter, in the model's order.
struct ParameterState: Sendable {
  private var slots: [[Tensor]] = []

  /// Calls `step` with each parameter, its gradient and its slots (zeros of its shape at first, when `isFresh`), all ready to be written
  /// to.
  ///
  /// A gradient or a state that does not fit the model is a mistake, found before anything changes.
  mutating func update<M: Model>(
    _ name: String, _ model: inout M, along gradient: M, slots count: Int,
    _ step: (
      _ isFresh: Bool, _ n: Int, _ dtype: DType, _ g: UnsafeRawPointer, _ slots: [UnsafeMutableRawPointer], _ p: UnsafeMutableRawPointer
    ) -> Void
  ) {
    if hasFailed { return }
    var gradients = Collect()
    var copy = gradient
    copy.visit(&gradients)
    var parameters = Shapes()
    model.visit(&parameters)
    let isFresh = slots.isEmpty || slots.first?.count != count
    guard parameters.list.count == gradients.tensors.count else {
      return fail(TensorError(name, "a gradient of \(gradients.tensors.count) parameters for a model of \(parameters.list.count)"))
    }
    for (i, (shape, dtype)) in parameters.list.enumerated() {
      let g = gradients.tensors[i]
      func refuse(_ message: String) { fail(TensorError(name, "parameter \(model.parameters[i].name) is \(dtype) \(shape), \(message)")) }
      if !dtype.isFloatingPoint { return refuse("which is not trained; a constant is declared with let") }
      if g.shape != shape || g.dtype != dtype { return refuse("its gradient \(g.dtype) \(g.shape)") }
      if g.isPlaceholder { return refuse("its gradient has no elements: it comes from after a mistake") }
      if !isFresh, slots.count != parameters.list.count || slots[i].contains(where: { $0.shape != shape || $0.dtype != dtype }) {
        return refuse("and the optimizer's state belongs to another model; a new model needs a new optimizer")
      }
    }
    if isFresh { slots = parameters.list.map { shape, dtype in (0..<count).map { _ in Tensor.zeros(shape, dtype) } } }
    withoutActuallyEscaping(step) { step in
      var visitor = Step(gradients: gradients.tensors, isFresh: isFresh, slots: slots, step: step)
      // The visitor alone holds the slots while they are written to.
      slots = []
      model.visit(&visitor)
      slots = visitor.slots
    }
  }

  private struct Shapes: ModelVisitor {
    var list: [(Shape, DType)] = []
    mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
      if !tensor.isFrozen { list.append((tensor.shape, tensor.dtype)) }
    }
  }

  private struct Step: ModelVisitor {
    let gradients: [Tensor]
    let isFresh: Bool
    var slots: [[Tensor]]
    let step: (Bool, Int, DType, UnsafeRawPointer, [UnsafeMutableRawPointer], UnsafeMutableRawPointer) -> Void
    var index = 0

    mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
      if tensor.isFrozen { return }
      let (i, dtype, n) = (index, tensor.dtype, tensor.elementCount)
      index += 1
      var pointers: [UnsafeMutableRawPointer] = []
      for slot in slots[i].indices { slots[i][slot].mutate { pointers.append($0) } }
      gradients[i].read { g in
        tensor.mutate { p in
          let size = dtype.byteCount
          inParallel(n) { range in
            let at = range.lowerBound * size
            step(isFresh, range.count, dtype, g + at, pointers.map { $0 + at }, p + at)
          }
        }
      }
    }
  }
}
