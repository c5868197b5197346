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
    }
  }
}

/// Shows a model's state to a state's visitor.
private struct ModelWalk: ModelVisitor {
  var state: StateVisitor
  private var path = PartPath()

  init(state: StateVisitor) { self.state = state }

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    let name = path.name(of: name)
    var isFrozen = tensor.isFrozen
    state.tensorOfSameShape(&tensor, name)
    // Few are: a word for each of them only.
    if state.isRestoring ? state.has(name + ".isFrozen") : isFrozen { state.value(&isFrozen, name + ".isFrozen") } else { isFrozen = false }
    tensor.isFrozen = isFrozen
  }

  mutating func value<S: ModelState>(of state: inout S, _ name: PartName) {
    let name = path.name(of: name)
    if self.state.isRestoring {
      var last = state.value
      // A layer that had not run yet has nothing to tell; a buffer always has.
      guard S.self is Buffer.Type || self.state.has(name) else { return state.reset() }
      self.state.tensor(&last, name)
      state.last = last
    } else if var last = state.last {
      self.state.tensor(&last, name)
    }
  }

  mutating func stream(_ random: inout RandomStream, _ name: PartName) { state.stream(&random, path.name(of: name)) }
  mutating func enter(_ name: PartName) { path.enter(name) }
  mutating func leave() { path.leave() }
}
