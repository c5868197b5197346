import Tensors

extension Model {
  /// Its parameters and buffers by name, as PyTorch's `state_dict` gives them, and the values of its last run if wanted: what `save(to:)` writes.
  public func namedTensors(includingState: Bool = false) -> [(name: String, value: Tensor)] {
    var copy = self
    var visitor = Gather(includesState: includingState)
    copy.visit(&visitor)
    return visitor.list
  }

  /// Takes parameters and buffers of the same names from a source.
  ///
  ///     try model.load(from: InMemoryTensors(other.namedTensors()))
  ///
  /// A source is anything that has tensors by name. All names, shapes and dtypes are compared before anything is read: what does not fit is
  /// thrown as one ``LoadError``, and the model is then as it was. A name is the parameter's own, or that of PyTorch's `Sequential`, which
  /// leaves out the `layers` that a ``Chain`` puts before a part's number (`0.weight` for `layers.0.weight`), as long as no other parameter
  /// has that name. Floating dtypes are converted to the parameter's, others have to be the same. Frozen parameters are loaded too and stay
  /// frozen.
  ///
  /// - Parameters:
  ///   - source: The tensors.
  ///   - part: The part, or the parameter, that alone is loaded, by its name in the model; the rest stays as it is.
  ///   - strict: Whether all that the model has and all that the source has must be in both; otherwise what both have is loaded, and the
  ///     report tells the rest. Nothing in common is an error still.
  ///   - skippingUnfit: Whether, when not strict, values of another shape or type are left out instead of being an error.
  ///   - includingState: Whether the values of the model's last run are loaded, too; where the source has none the state is reset.
  ///   - renaming: What the source's names are in the model.
  @discardableResult
  public mutating func load(
    from source: any NamedTensors, only part: String? = nil, strict: Bool = true, skippingUnfit: Bool = false, includingState: Bool = false,
    renaming: Renaming = .none
  ) throws -> LoadReport {
    var load = LoadPlan(self, source, renaming, includesState: includingState)
    if let part { load.keep(part, Self.self) }
    return try run(load, strict, skippingUnfit)
  }

  /// Takes the parameters and buffers of one part from a source: `only: \.encoder`.
  ///
  /// The source has them under the names that they have in the whole model; to load a file of the encoder alone, load it into the part:
  /// `model.encoder.load(from: …)`.
  @discardableResult
  public mutating func load<Part>(
    from source: any NamedTensors, only part: WritableKeyPath<Self, Part>, strict: Bool = true, skippingUnfit: Bool = false,
    includingState: Bool = false, renaming: Renaming = .none
  ) throws -> LoadReport {
    var load = LoadPlan(self, source, renaming, includesState: includingState)
    var (copy, marked) = (self, Mark(isMarked: false))
    copy.visit(&marked)
    var mark = Mark(isMarked: true)
    if !visitContent(of: &copy[keyPath: part], "", &mark) || mark.count == 0 {
      fail(TensorError("load", "the \(Part.self) at \(part) has no parameters; a part or a parameter would fit"))
    }
    var names = Marked()
    copy.visit(&names)
    load.keep(names.list)
    return try run(load, strict, skippingUnfit)
  }

  private mutating func run(_ load: LoadPlan, _ strict: Bool, _ skipsUnfit: Bool) throws -> LoadReport {
    if hasFailed { return LoadReport() }
    let (tensors, report) = try load.tensors(for: "\(Self.self)", strict: strict, skipsUnfit: skipsUnfit)
    var assign = Assign(tensors: tensors, includesState: load.includesState, isKept: load.isKept)
    visit(&assign)
    return report
  }
}

private struct Gather: ModelVisitor {
  let includesState: Bool
  var list: [(name: String, value: Tensor)] = []
  private var path = PartPath()

  init(includesState: Bool) { self.includesState = includesState }

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) { list.append((path.name(of: name), tensor.detached)) }
  mutating func value<S: ModelState>(of state: inout S, _ name: PartName) {
    guard S.self is Buffer.Type || includesState, let last = state.last else { return }
    list.append((path.name(of: name), last.detached))
  }
  mutating func enter(_ name: PartName) { path.enter(name) }
  mutating func leave() { path.leave() }
}

/// Gives the model its tensors, in the order of ``ModelSlots``.
private struct Assign: ModelVisitor {
  let tensors: [Tensor?]
  let includesState: Bool
  let isKept: [Bool]
  private var index = 0

  init(tensors: [Tensor?], includesState: Bool, isKept: [Bool]) {
    (self.tensors, self.includesState, self.isKept) = (tensors, includesState, isKept)
  }

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    defer { index += 1 }
    guard let new = tensors[index] else { return }
    let isFrozen = tensor.isFrozen
    tensor = new
    tensor.isFrozen = isFrozen
  }

  mutating func value<S: ModelState>(of state: inout S, _ name: PartName) {
    defer { index += 1 }
    if let new = tensors[index] { state.last = new } else if includesState && isKept[index] { state.reset() }
  }
}

/// Marks the parameters and buffers of a part, by what is frozen of a copy.
private struct Mark: ModelVisitor {
  let isMarked: Bool
  var count = 0

  init(isMarked: Bool) { self.isMarked = isMarked }

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    tensor.isFrozen = isMarked
    count += 1
  }
  mutating func value<S: ModelState>(of state: inout S, _ name: PartName) {
    state.setFrozen(isMarked)
    if S.self is Buffer.Type { count += 1 }
  }
}

/// The names of what is marked.
private struct Marked: ModelVisitor {
  var list: [String] = []
  private var path = PartPath()

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) { if tensor.isFrozen { list.append(path.name(of: name)) } }
  mutating func value<S: ModelState>(of state: inout S, _ name: PartName) {
    if (state as? Buffer)?.isFrozen == true { list.append(path.name(of: name)) }
  }
  mutating func enter(_ name: PartName) { path.enter(name) }
  mutating func leave() { path.leave() }
}
