import Models
import Tensors

/// The parts that have a model's parameters, one for each parameter in the model's order: what profiles name.
struct ParameterParts: ModelVisitor {
  private(set) var list: [(path: String, type: Any.Type)] = []
  private var path = PartPath()

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) { list.append((path.text, path.type)) }
  mutating func content<M: Model>(_ model: inout M) {
    path.found(M.self)
    model.visit(&self)
  }
  mutating func enter(_ name: PartName) { path.enter(name) }
  mutating func leave() { path.leave() }
}
