import Tensors

extension StateVisitor {
  /// A model: parameters, buffers, the values of its last run, random streams, and which parameters are frozen.
  ///
  /// Restored, parameters have to have the shapes and dtypes that they have.
  public mutating func model<M: Model>(_ model: inout M, _ name: String) {
    within(name) { visitor in
      var walk = ModelWalk(state: visitor)
      model.visit(&walk)
      visitor = walk.state
      if visitor.isRestoring { visitor.addParameters(walk.parameters) }
    }
  }
}

/// Shows a model's state to a state's visitor.
private struct ModelWalk: ModelVisitor {
  var state: StateVisitor
  var parameters: [(name: String, shape: Shape, dtype: DType)] = []
  private var path = PartPath()

  init(state: StateVisitor) { self.state = state }

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    let name = path.name(of: name)
    parameters.append((name, tensor.shape, tensor.dtype))
    var isFrozen = tensor.isFrozen
    state.tensorOfSameShape(&tensor, name)
    mark(&isFrozen, name)
    tensor.isFrozen = isFrozen
  }

  mutating func value<S: ModelState>(of state: inout S, _ name: PartName) {
    let name = path.name(of: name)
    if let buffer = state as? Buffer {
      var (tensor, isFrozen) = (buffer.value, buffer.isFrozen)
      self.state.tensorOfSameShape(&tensor, name)
      mark(&isFrozen, name)
      state.last = tensor
      state.setFrozen(isFrozen)
    } else if self.state.isRestoring {
      // A layer that had not run yet has nothing to tell.
      guard self.state.has(name) else { return state.reset() }
      var last = state.value
      self.state.tensor(&last, name)
      if let problem = runProblem(last.shape, last.dtype, state) { return self.state.refuse(name, problem) }
      state.last = last
    } else if var last = state.last {
      self.state.tensor(&last, name)
    }
  }

  /// Few are frozen: a word for each of them only.
  private mutating func mark(_ isFrozen: inout Bool, _ name: String) {
    let name = name + ".isFrozen"
    if state.isRestoring ? state.has(name) : isFrozen { state.value(&isFrozen, name) } else { isFrozen = false }
  }

  mutating func stream(_ random: inout RandomStream, _ name: PartName) { state.stream(&random, path.name(of: name)) }
  mutating func enter(_ name: PartName) { path.enter(name) }
  mutating func leave() { path.leave() }
}

/// Why a value cannot be that of a state's last run, which may change its sizes but not how many axes it has; nil if it can.
func runProblem<S: ModelState>(_ shape: Shape, _ dtype: DType, _ state: S) -> String? {
  let first = state.first
  if shape.rank == first.rank && dtype.isFloatingPoint == first.dtype.isFloatingPoint { return nil }
  return "\(dtype) \(shape) and not \(first.dtype) with \(first.rank) axes"
}
