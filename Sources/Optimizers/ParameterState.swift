import Models
import Tensors

/// What an optimizer keeps for each parameter, in the model's order.
///
/// A parameter that is frozen has no step: its bits and its state stay as they are, and if it was frozen from the beginning it has no state
/// at all. Each counts its own steps, so one that is thawed later begins with its first (as in PyTorch).
struct ParameterState: Sendable, Resumable {
  private struct Entry: Sendable {
    var slots: [Tensor] = []
    var steps = 0
  }
  private var entries: [Entry] = []
  /// The parameters' names, in the same order.
  private var names: [String] = []

  /// Changes one parameter, or a stretch of it, all ready to be written to.
  ///
  /// - Parameters:
  ///   - step: Which of the parameter's steps it is, from 1 on.
  ///   - n: The number of elements.
  ///   - g: The gradient.
  ///   - slots: The state, zeros at the first step.
  ///   - p: The parameter.
  typealias Step = (
    _ step: Int, _ n: Int, _ dtype: DType, _ g: UnsafeRawPointer, _ slots: [UnsafeMutableRawPointer], _ p: UnsafeMutableRawPointer
  ) -> Void

  /// Calls `step` with each parameter that is not frozen, its gradient and its slots.
  ///
  /// A gradient or a state that does not fit the model is a mistake, found before anything changes.
  mutating func update<M: Model>(_ name: String, _ model: inout M, along gradient: M, slots count: Int, _ step: Step) {
    if hasFailed { return }
    var gradients = Gradients()
    var copy = gradient
    copy.visit(&gradients)
    var parameters = Outlines()
    model.visit(&parameters)
    guard parameters.list.count == gradients.tensors.count else {
      return fail(TensorError(name, "a gradient of \(gradients.tensors.count) parameters for a model of \(parameters.list.count)"))
    }
    for (i, outline) in parameters.list.enumerated() {
      let (shape, dtype) = (outline.shape, outline.dtype)
      guard let g = gradients.tensors[i], !outline.isFrozen else { continue }
      func refuse(_ message: String) { fail(TensorError(name, "parameter \(model.parameters[i].name) is \(dtype) \(shape), \(message)")) }
      if !dtype.isFloatingPoint { return refuse("which is not trained; a constant is declared with let") }
      if g.shape != shape || g.dtype != dtype { return refuse("its gradient \(g.dtype) \(g.shape)") }
      if g.isPlaceholder { return refuse("its gradient has no elements: it comes from after a mistake") }
      if entries.isEmpty { continue }
      if entries.count != parameters.list.count || entries[i].slots.contains(where: { $0.shape != shape || $0.dtype != dtype }) {
        return refuse("and the optimizer's state belongs to another model; a new model needs a new optimizer")
      }
    }
    if entries.isEmpty {
      entries = .init(repeating: Entry(), count: parameters.list.count)
      names = model.parameters.map(\.name)
    }
    withoutActuallyEscaping(step) { step in
      var visitor = Update(name: name, gradients: gradients.tensors, count: count, entries: entries, step: step)
      visitor.parts =
        forProfile {
          var parts = ParameterParts()
          parts.content(&model)
          return parts.list
        } ?? []
      // The visitor alone holds the slots while they are written to.
      entries = []
      model.visit(&visitor)
      entries = visitor.entries
    }
  }

  /// The state of each parameter under its name.
  mutating func visitState(_ visitor: inout StateVisitor) {
    visitor.list(&names, "names", blank: "") { $2.value(&$0, $1) }
    if visitor.isRestoring { entries = .init(repeating: Entry(), count: names.count) }
    for (i, name) in names.enumerated() {
      visitor.within(name) { visitor in
        visitor.value(&entries[i].steps, "steps")
        visitor.list(&entries[i].slots, "slots", blank: .zeros([0])) { $2.tensor(&$0, $1) }
      }
    }
  }

  /// The gradients in order; nil where there is none because the parameter was frozen.
  private struct Gradients: ModelVisitor {
    var tensors: [Tensor?] = []
    mutating func parameter(_ tensor: inout Tensor, _ name: PartName) { tensors.append(tensor.isFrozen ? nil : tensor) }
  }

  private struct Outlines: ModelVisitor {
    var list: [(shape: Shape, dtype: DType, isFrozen: Bool)] = []
    mutating func parameter(_ tensor: inout Tensor, _ name: PartName) { list.append((tensor.shape, tensor.dtype, tensor.isFrozen)) }
  }

  private struct Update: ModelVisitor {
    let name: String
    let gradients: [Tensor?]
    let count: Int
    var entries: [Entry]
    let step: Step
    /// The parts that have the parameters, in a profile.
    var parts: [(path: String, type: Any.Type)] = []
    var index = 0

    mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
      let (i, dtype, n) = (index, tensor.dtype, tensor.elementCount)
      index += 1
      guard let gradient = gradients[i], !tensor.isFrozen else { return }
      // Settings may ask for more or less state than before; it then begins anew.
      if entries[i].steps == 0 || entries[i].slots.count != count {
        entries[i] = Entry(slots: (0..<count).map { _ in .zeros(tensor.shape, dtype) })
      }
      entries[i].steps += 1
      let number = entries[i].steps
      var pointers: [UnsafeMutableRawPointer] = []
      for slot in 0..<count { entries[i].slots[slot].mutate { pointers.append($0) } }
      gradient.read { g in
        tensor.mutate { p in
          let size = dtype.byteCount
          // The gradient is read, the rest read and written.
          profiledUpdate(self.name, of: parts.isEmpty ? nil : parts[i], bytes: (3 + 2 * count) * n * size) {
            inParallel(n) { range in
              let at = range.lowerBound * size
              step(number, range.count, dtype, g + at, pointers.map { $0 + at }, p + at)
            }
          }
        }
      }
    }
  }
}
