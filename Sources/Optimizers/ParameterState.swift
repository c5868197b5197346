import Models
import Tensors

/// What an optimizer keeps for each parameter, in the model's order.
///
/// A parameter that is frozen has no step: its bits and its state stay as they are, and if it was frozen from the beginning it has no state
/// at all. Each counts its own steps, so one that is thawed later begins with its first (as in PyTorch).
struct ParameterState: Sendable, Resumable {
  fileprivate struct Entry: Sendable {
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
    let pass = Pass(name: name, count: count, partition: partition, isPrepared: isPrepared)
    // Those of a plan lie in a list already.
    if M.self == FlatParameters.self {
      withUnsafeMutablePointer(to: &model) { model in
        withUnsafePointer(to: gradient) { gradient in
          let gradients = UnsafeRawPointer(gradient).assumingMemoryBound(to: FlatParameters.self)
          let parameters = UnsafeMutableRawPointer(model).assumingMemoryBound(to: FlatParameters.self)
          update(&parameters.pointee.tensors, along: gradients.pointee.tensors, of: gradients.pointee, pass, whole, step)
        }
      }
      return
    }
    var gradients = TakeParameters(taken: [])
    var copy = gradient
    copy.visit(&gradients)
    // In the list alone while they are written to.
    var parameters = TakeParameters(taken: [])
    model.visit(&parameters)
    update(&parameters.taken, along: gradients.taken, of: gradient, pass, whole, step)
    var put = PutParameters(parameters.taken)
    parameters.taken = []
    model.visit(&put)
  }

  /// What all parameters of a step have in common.
  fileprivate struct Pass {
    let name: String
    let count: Int
    let partition: StatePartition?
    let isPrepared: Bool
  }

  /// - Parameter gradient: The gradients as a model, which has the parameters' names.
  private mutating func update<M: Model>(
    _ parameters: inout [Tensor], along gradients: [Tensor], of gradient: @autoclosure () -> M, _ pass: Pass,
    _ whole: ((Stretch, inout Double) -> Void)?, _ step: (Stretch) -> Void
  ) {
    let name = pass.name
    if parameters.isEmpty && !(M.self is any PartOfModel.Type) {
      return fail(TensorError(name, "\(M.self) has no parameters to update; \(whereParametersAre)"))
    }
    guard parameters.count == gradients.count else {
      return fail(TensorError(name, "a gradient of \(gradients.count) parameters for a model of \(parameters.count)"))
    }
    for i in parameters.indices where !parameters[i].isFrozen && !gradients[i].isFrozen {
      let (shape, dtype, g) = (parameters[i].shape, parameters[i].dtype, gradients[i])
      func refuse(_ message: String) {
        fail(TensorError(name, "parameter \(gradient().parameters[i].name) is \(dtype) \(shape), \(message)"))
      }
      if !dtype.isFloatingPoint { return refuse("which is not trained; what is not is marked @Constant") }
      if g.shape != shape || g.dtype != dtype { return refuse("its gradient \(g.dtype) \(g.shape)") }
      if g.isPlaceholder { return refuse("its gradient has no elements: it comes from after a mistake") }
      // One read of what is read again soon: nothing may have been written when it turns out that there is no step.
      if !pass.isPrepared && !g.isAllFinite {
        return fail(TensorError(name, NonFiniteGradient(i, g.hasNaN, of: gradient()).sentence))
      }
      if entries.isEmpty { continue }
      if entries.count != parameters.count || entries[i].slots.contains(where: { !fits($0, shape, dtype, pass.partition) }) {
        return refuse("and the optimizer's state belongs to another model; a new model needs a new optimizer")
      }
    }
    if entries.isEmpty {
      entries = .init(repeating: Entry(), count: parameters.count)
      names = gradient().parameters.map(\.name)
    }
    isShared = pass.partition != nil
    let parts: [(path: String, type: Any.Type)] =
      forProfile {
        var (parts, model) = (ParameterParts(), gradient())
        parts.content(&model)
        return parts.list
      } ?? []
    for i in parameters.indices where !parameters[i].isFrozen && !gradients[i].isFrozen {
      entries[i].update(&parameters[i], along: gradients[i], pass, of: parts.isEmpty ? nil : parts[i], whole, step)
      if hasFailed { return }
    }
  }

  /// Whether a slot is a parameter's of this shape and dtype, or the own stretch of one.
  private func fits(_ slot: Tensor, _ shape: Shape, _ dtype: DType, _ partition: StatePartition?) -> Bool {
    slot.dtype == dtype.computed
      && (slot.shape == shape || partition.map { slot.shape == [$0.range(of: shape.elementCount).count] } ?? false)
  }

  /// The steps that the first parameter that has any has made: that of most others, too.
  var steps: Int { entries.first { $0.steps > 0 }?.steps ?? 0 }

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
            visitor.tensor(&slot, number, shape: outline.shape, dtype: outline.dtype.computed)
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
}

extension ParameterState.Entry {
  fileprivate mutating func update(
    _ tensor: inout Tensor, along gradient: Tensor, _ pass: ParameterState.Pass, of part: (path: String, type: Any.Type)?,
    _ whole: ((ParameterState.Stretch, inout Double) -> Void)?, _ step: (ParameterState.Stretch) -> Void
  ) {
    if tensor.dtype.isHalf {
      // Computed in float32 and rounded once; the state stays in float32.
      var wide = tensor.detached.widened
      update(&wide, along: gradient.detached.widened, pass, of: part, whole, step)
      if !hasFailed { tensor = wide.cast(to: tensor.dtype) }
      return
    }
    let (dtype, partition, count) = (tensor.dtype, pass.partition, pass.count)
    let range = partition?.range(of: tensor.elementCount) ?? 0..<tensor.elementCount
    let (n, at) = (range.count, range.lowerBound * dtype.byteCount)
    // Settings may ask for more or less state than before; it then begins anew.
    if steps == 0 || slots.count != count {
      let shape = partition == nil ? tensor.shape : [n]
      self = ParameterState.Entry(slots: (0..<count).map { _ in .zeros(shape, dtype) })
    }
    if partition != nil {
      for slot in slots.indices where slots[slot].elementCount == tensor.elementCount && slots[slot].shape != [n] {
        // What was kept as a whole so far.
        slots[slot] = concatenate([slots[slot].reshaped([slots[slot].elementCount])[range]])
      }
    }
    steps += 1
    let slots = (address(0), address(1), address(2))
    // There may be no memory for them.
    if hasFailed { return }
    _ = gradient.read { g in
      tensor.mutate { p in
        // The gradient is read, the rest read and written.
        profiledUpdate(pass.name, of: part, bytes: (3 + 2 * count) * n * dtype.byteCount) {
          let parameter = ParameterState.Stretch(
            step: steps, count: n, dtype: Int32(dtype.rawValue), number: number, gradient: g + at, slots: slots, values: p + at)
          whole?(parameter, &number)
          let number = number
          inParallel(n) { range in step(parameter.stretch(range, number)) }
        }
      }
    }
  }

  /// Where a slot's elements lie.
  private mutating func address(_ slot: Int) -> UnsafeMutableRawPointer? {
    guard slot < slots.count else { return nil }
    var address: UnsafeMutableRawPointer?
    slots[slot].mutate { address = $0 }
    return address
  }
}

/// The parameters of a model in order, taken out of it.
private struct TakeParameters: ModelVisitor {
  var taken: [Tensor]
  private let blank = Tensor.zeros([0])

  init(taken: [Tensor]) { self.taken = taken }
  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    let (last, isFrozen) = (taken.count, tensor.isFrozen)
    taken.append(blank)
    swap(&tensor, &taken[last])
    tensor.isFrozen = isFrozen
  }
}

/// Puts tensors in place of a model's parameters, in order; these stay frozen or not as they are.
package struct PutParameters: ModelVisitor {
  private var tensors: [Tensor]
  private var place = 0

  package init(_ tensors: [Tensor]) { self.tensors = tensors }
  package mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    let isFrozen = tensor.isFrozen
    swap(&tensor, &tensors[place])
    tensor.isFrozen = isFrozen
    place += 1
  }
}
