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
    var number = 1.0
  }
  private var entries: [Entry] = []
  /// The parameters' names, in the same order.
  private var names: [String] = []
  /// Whether the gradient of the next step has been found to be finite.
  var isPrepared = false
  /// Whether slots are those of this process's stretches alone.
  private var isShared = false

  /// A parameter, or a stretch of it, all ready to be written to.
  struct Stretch {
    /// Which of the parameter's steps it is, from 1 on.
    let step: Int
    /// The number of elements.
    let count: Int
    /// Their dtype, as kernels call it.
    let dtype: Int32
    /// What ``update(_:_:along:slots:whole:_:)`` found out about the parameter as a whole; 1 before.
    let number: Double
    /// The gradient.
    let gradient: UnsafeRawPointer
    /// The state, zeros at the first step; nil beyond the slots that were asked for.
    let slots: (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?)
    /// The parameter.
    let values: UnsafeMutableRawPointer

    /// A part of it.
    func stretch(_ range: Range<Int>, _ number: Double) -> Stretch {
      let at = range.lowerBound * (dtype == DType.float64.rawValue ? 8 : 4)
      return Stretch(
        step: step, count: range.count, dtype: dtype, number: number, gradient: gradient + at,
        slots: (slots.0.map { $0 + at }, slots.1.map { $0 + at }, slots.2.map { $0 + at }), values: values + at)
    }
  }

  /// Calls `step` with stretches of each parameter that is not frozen, on several threads where that pays.
  ///
  /// A gradient or a state that does not fit the model is a mistake, found before anything changes, and so is a gradient that is not finite.
  ///
  /// - Parameters:
  ///   - count: How many slots each parameter has, at most three.
  ///   - whole: Called with the whole parameter before, to look at it, to change its slots, and to find a number that stretches are given:
  ///     a ratio of norms. It is kept from step to step.
  mutating func update<M: Model>(
    _ name: String, _ model: inout M, along gradient: M, slots count: Int, whole: ((Stretch, inout Double) -> Void)? = nil,
    _ step: (Stretch) -> Void
  ) {
    // What looks at whole parameters cannot be shared out by elements: each process then makes all of the step.
    let partition = whole == nil ? StatePartition.current : nil
    let isPrepared = isPrepared
    self.isPrepared = false
    if hasFailed { return }
    var gradients = Gradients()
    var copy = gradient
    copy.visit(&gradients)
    var parameters = Outlines()
    model.visit(&parameters)
    if parameters.list.isEmpty && !(M.self is any PartOfModel.Type) {
      return fail(TensorError(name, "\(M.self) has no parameters to update; \(whereParametersAre)"))
    }
    guard parameters.list.count == gradients.tensors.count else {
      return fail(TensorError(name, "a gradient of \(gradients.tensors.count) parameters for a model of \(parameters.list.count)"))
    }
    for (i, outline) in parameters.list.enumerated() {
      let (shape, dtype) = (outline.shape, outline.dtype)
      guard let g = gradients.tensors[i], !outline.isFrozen else { continue }
      func refuse(_ message: String) { fail(TensorError(name, "parameter \(model.parameters[i].name) is \(dtype) \(shape), \(message)")) }
      if !dtype.isFloatingPoint { return refuse("which is not trained; what is not is marked @Constant") }
      if g.shape != shape || g.dtype != dtype { return refuse("its gradient \(g.dtype) \(g.shape)") }
      if g.isPlaceholder { return refuse("its gradient has no elements: it comes from after a mistake") }
      // One read of what is read again soon: nothing may have been written when it turns out that there is no step.
      if !isPrepared && !g.isAllFinite {
        return fail(TensorError(name, NonFiniteGradient(i, g.hasNaN, of: model).sentence))
      }
      if entries.isEmpty { continue }
      let own = partition.map { Shape([$0.range(of: shape.elementCount).count]) } ?? shape
      if entries.count != parameters.list.count
        || entries[i].slots.contains(where: { $0.shape != shape && $0.shape != own || $0.dtype != dtype })
      {
        return refuse("and the optimizer's state belongs to another model; a new model needs a new optimizer")
      }
    }
    if entries.isEmpty {
      entries = .init(repeating: Entry(), count: parameters.list.count)
      names = model.parameters.map(\.name)
    }
    withoutActuallyEscaping(whole ?? { _, _ in }) { whole in
      withoutActuallyEscaping(step) { step in
        var visitor = Update(
          name: name, gradients: gradients.tensors, count: count, entries: entries, partition: partition, whole: whole, step: step)
        visitor.parts =
          forProfile {
            var parts = ParameterParts()
            parts.content(&model)
            return parts.list
          } ?? []
        isShared = partition != nil
        // The visitor alone holds the slots while they are written to.
        entries = []
        model.visit(&visitor)
        entries = visitor.entries
      }
    }
  }

  /// The state of each parameter under its name.
  ///
  /// Restored after a model, it has to be that of the model's parameters, all of them or, in a group, some of them in order.
  mutating func visitState(_ visitor: inout StateVisitor) {
    visitor.list(&names, "names", blank: "") { $2.value(&$0, $1) }
    var outlines: [String: (shape: Shape, dtype: DType)]?
    if visitor.isRestoring {
      isShared = false
      entries = .init(repeating: Entry(), count: names.count)
      if let parameters = visitor.parameters, !names.isEmpty {
        var rest = parameters[...]
        let isInOrder = names.allSatisfy { name in
          rest = rest.drop { $0.name != name }
          return rest.popFirst() != nil
        }
        if !isInOrder || !visitor.isInGroup && names.count != parameters.count {
          visitor.refuse(
            "names", "\(names.prefix(4).joined(separator: ", "))\(names.count > 4 ? ", …" : ""), and not the model's parameters")
        }
        outlines = Dictionary(parameters.map { ($0.name, ($0.shape, $0.dtype)) }) { first, _ in first }
      }
    }
    for (i, name) in names.enumerated() {
      visitor.within(name) { visitor in
        visitor.value(&entries[i].steps, "steps")
        if entries[i].steps < 0 { visitor.refuse("steps", "\(entries[i].steps); 0 or more would fit") }
        visitor.list(&entries[i].slots, "slots", blank: .zeros([0])) { slot, number, visitor in
          if let outline = outlines?[name] {
            visitor.tensor(&slot, number, shape: outline.shape, dtype: outline.dtype)
          } else if isShared, !visitor.isRestoring, let partition = StatePartition.current {
            var whole = partition.whole(slot, name)
            visitor.tensor(&whole, number)
          } else {
            visitor.tensor(&slot, number)
          }
        }
        // Most optimizers have none.
        if visitor.isRestoring ? visitor.has("number") : entries[i].number != 1 { visitor.value(&entries[i].number, "number") }
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
    let partition: StatePartition?
    let whole: (Stretch, inout Double) -> Void
    let step: (Stretch) -> Void
    /// The parts that have the parameters, in a profile.
    var parts: [(path: String, type: Any.Type)] = []
    var index = 0

    mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
      let (i, dtype) = (index, tensor.dtype)
      let range = partition?.range(of: tensor.elementCount) ?? 0..<tensor.elementCount
      let (n, at) = (range.count, range.lowerBound * dtype.byteCount)
      index += 1
      guard let gradient = gradients[i], !tensor.isFrozen else { return }
      // Settings may ask for more or less state than before; it then begins anew.
      if entries[i].steps == 0 || entries[i].slots.count != count {
        let shape = partition == nil ? tensor.shape : [n]
        entries[i] = Entry(slots: (0..<count).map { _ in .zeros(shape, dtype) })
      }
      if partition != nil {
        for slot in entries[i].slots.indices {
          let kept = entries[i].slots[slot]
          // What was kept as a whole so far.
          if kept.elementCount == tensor.elementCount && kept.shape != [n] {
            entries[i].slots[slot] = concatenate([kept.reshaped([kept.elementCount])[range]])
          }
        }
      }
      entries[i].steps += 1
      let slots = (address(i, 0), address(i, 1), address(i, 2))
      // There may be no memory for them.
      if hasFailed { return }
      _ = gradient.read { g in
        tensor.mutate { p in
          // The gradient is read, the rest read and written.
          profiledUpdate(self.name, of: parts.isEmpty ? nil : parts[i], bytes: (3 + 2 * count) * n * dtype.byteCount) {
            let parameter = Stretch(
              step: entries[i].steps, count: n, dtype: Int32(dtype.rawValue), number: entries[i].number, gradient: g + at,
              slots: slots, values: p + at)
            whole(parameter, &entries[i].number)
            let number = entries[i].number
            inParallel(n) { range in step(parameter.stretch(range, number)) }
          }
        }
      }
    }

    /// Where a slot's elements lie.
    private mutating func address(_ i: Int, _ slot: Int) -> UnsafeMutableRawPointer? {
      guard slot < count else { return nil }
      var address: UnsafeMutableRawPointer?
      entries[i].slots[slot].mutate { address = $0 }
      return address
    }
  }
}
