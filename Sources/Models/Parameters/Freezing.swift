import Tensors

extension Model {
  /// Keeps all parameters as they are while the model is trained; statistics that layers gather stay as well.
  ///
  /// No gradient is computed for a frozen parameter (in the gradient it is zeros), and optimizers leave its bits alone. A layer of statistics,
  /// such as batch normalisation, then runs in training as it does outside of it. A copy of the model is as frozen as the model.
  public mutating func freeze() { setFrozen(true) }

  /// Lets all parameters be trained again.
  public mutating func thaw() { setFrozen(false) }

  /// Freezes a part or a parameter: `model.freeze(\.encoder)`, `model.freeze(\.layers[0])`, `model.freeze(\.head.bias)`.
  public mutating func freeze<Part>(_ part: WritableKeyPath<Self, Part>) { setFrozen(true, at: part) }

  /// Thaws a part or a parameter.
  public mutating func thaw<Part>(_ part: WritableKeyPath<Self, Part>) { setFrozen(false, at: part) }

  /// Freezes the part or the parameter of a name: `model.freeze("layers.0")`, `model.freeze("layers.0.weight")`.
  public mutating func freeze(_ name: String) { setFrozen(true, named: name) }

  /// Thaws the part or the parameter of a name.
  public mutating func thaw(_ name: String) { setFrozen(false, named: name) }

  /// The names of the parameters that are frozen.
  public var frozenParameterNames: [String] { parameters.filter(\.value.isFrozen).map(\.name) }

  /// The names of a part's parameters: `model.parameterNames(at: \.encoder)`.
  public func parameterNames<Part>(at part: WritableKeyPath<Self, Part>) -> [String] {
    var copy = self
    copy.thaw()
    copy.freeze(part)
    return copy.frozenParameterNames
  }

  private mutating func setFrozen(_ isFrozen: Bool) {
    var visitor = Freeze(isFrozen: isFrozen)
    visit(&visitor)
  }

  private mutating func setFrozen<Part>(_ isFrozen: Bool, at part: WritableKeyPath<Self, Part>) {
    var visitor = Freeze(isFrozen: isFrozen)
    if !visitContent(of: &self[keyPath: part], "", &visitor) || visitor.count == 0 {
      fail(TensorError(isFrozen ? "freeze" : "thaw", "the \(Part.self) at \(part) has no parameters; a part or a parameter would fit"))
    }
  }

  private mutating func setFrozen(_ isFrozen: Bool, named name: String) {
    var visitor = Freeze(isFrozen: isFrozen, name: name)
    visit(&visitor)
    if visitor.count > 0 { return }
    let names = parameters.map(\.name)
    let listed = names.isEmpty ? "it has none" : "it has " + names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
    fail(TensorError(isFrozen ? "freeze" : "thaw", "no parameter or part of \(Self.self) is called \(name); \(listed)"))
  }
}

/// Freezes or thaws parameters and buffers: all, or those of a name.
private struct Freeze: ModelVisitor {
  let isFrozen: Bool
  var name: String?
  var count = 0
  private var path = PartPath()

  init(isFrozen: Bool, name: String? = nil) {
    self.isFrozen = isFrozen
    self.name = name
  }

  private func isMeant(_ name: PartName) -> Bool {
    guard let wanted = self.name else { return true }
    let full = path.name(of: name)
    return full == wanted || full.hasPrefix(wanted + ".")
  }

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    guard isMeant(name) else { return }
    tensor.isFrozen = isFrozen
    count += 1
  }

  mutating func value<S: ModelState>(of state: inout S, _ name: PartName) {
    guard isMeant(name) else { return }
    state.setFrozen(isFrozen)
    if S.self is Buffer.Type { count += 1 }
  }

  mutating func enter(_ name: PartName) { path.enter(name) }
  mutating func leave() { path.leave() }
}
