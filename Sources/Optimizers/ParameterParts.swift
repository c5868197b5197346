import Models
import Tensors

/// The parts that have a model's parameters, one for each parameter in the model's order: what profiles name.
struct ParameterParts: ModelVisitor {
  private(set) var list: [(path: String, type: Any.Type)] = []
  private var path: [String] = []
  private var types: [Any.Type] = [Never.self]

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    list.append((path.joined(separator: "."), types[path.count]))
  }
  mutating func content<M: Model>(_ model: inout M) {
    types[path.count] = M.self
    model.visit(&self)
  }
  mutating func enter(_ name: PartName) {
    path.append(name.description)
    types.append(types[path.count - 1])
  }
  mutating func leave() {
    path.removeLast()
    types.removeLast()
  }
}
