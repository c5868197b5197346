import Tensors

/// The tensors of a model that a file of weights may hold, in the model's order, and which names lead to each.
struct ModelSlots {
  enum Kind { case parameter, buffer, state }

  struct Slot {
    let name: String
    let kind: Kind
    let shape: Shape
    let dtype: DType
    /// Why a tensor of this shape and dtype cannot be loaded; nil if it can.
    let problem: (Shape, DType) -> String?
  }

  private(set) var slots: [Slot] = []
  /// Whether some layer's sizes are open still.
  private(set) var isWaiting = false
  private var own: [ByteName: Int] = [:]
  private var shortened: [ByteName: Int] = [:]

  init<M: Model>(_ model: M) {
    var copy = model
    var walk = Walk()
    walk.content(&copy)
    (slots, isWaiting) = (walk.slots, walk.isWaiting)
    for (i, slot) in slots.enumerated() {
      if own.updateValue(i, forKey: ByteName(slot.name)) != nil {
        fail(TensorError("load", "\(M.self) has two tensors called \(slot.name); each needs a name of its own"))
      }
    }
    // A name that could be two tensors' is none's.
    var ambiguous: Set<ByteName> = []
    for (i, slot) in slots.enumerated() {
      for name in Self.shortenings(of: slot.name) where shortened.updateValue(i, forKey: ByteName(name)) != nil {
        ambiguous.insert(ByteName(name))
      }
    }
    for name in ambiguous { shortened[name] = nil }
  }

  /// The tensor that a name leads to: the one of this very name, or else the one that has it without its chains' `layers`.
  func slot(_ name: String) -> (index: Int, isOwnName: Bool)? {
    if let index = own[ByteName(name)] { return (index, true) }
    return shortened[ByteName(name)].map { ($0, false) }
  }

  /// The names that leave out one or several of the `layers` that stand before a number, as PyTorch's `Sequential` does:
  /// `b.layers.0.layers.1.weight` is `b.0.1.weight`, `b.0.layers.1.weight` and `b.layers.0.1.weight`.
  static func shortenings(of name: String) -> [String] {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    let places = parts.indices.dropLast().filter { parts[$0] == "layers" && Int(parts[$0 + 1]) != nil }
    // Chains are not nested as deep as this; of one that is all are left out or none.
    let choices = places.count <= 6 ? Array(1..<max(1, 1 << places.count)) : [(1 << places.count) - 1]
    return choices.map { choice in
      let omitted = Set(places.enumerated().filter { choice >> $0.offset & 1 == 1 }.map(\.element))
      return parts.indices.filter { !omitted.contains($0) }.map { parts[$0] }.joined(separator: ".")
    }
  }

  private struct Walk: ModelVisitor {
    var slots: [Slot] = []
    var isWaiting = false
    private var path = PartPath()

    mutating func content<M: Model>(_ model: inout M) {
      if let layer = model as? any InputAdapting, layer.isWaiting { isWaiting = true }
      model.visit(&self)
    }

    mutating func parameter(_ tensor: inout Tensor, _ name: PartName) { add(tensor, .parameter, name) }

    mutating func value<S: ModelState>(of state: inout S, _ name: PartName) {
      if let buffer = state as? Buffer { return add(buffer.value, .buffer, name) }
      let copy = state
      let value = state.value
      slots.append(
        Slot(name: path.name(of: name), kind: .state, shape: value.shape, dtype: value.dtype) { shape, dtype in
          runProblem(shape, dtype, copy)
        })
    }

    private mutating func add(_ tensor: Tensor, _ kind: Kind, _ name: PartName) {
      let (shape, dtype) = (tensor.shape, tensor.dtype)
      slots.append(
        Slot(name: path.name(of: name), kind: kind, shape: shape, dtype: dtype) { otherShape, otherType in
          let isFit = shape == otherShape && (dtype == otherType || dtype.isFloatingPoint && otherType.isFloatingPoint)
          return isFit ? nil : "\(otherType) \(otherShape) and not \(dtype) \(shape)"
        })
    }

    mutating func enter(_ name: PartName) { path.enter(name) }
    mutating func leave() { path.leave() }
  }
}
