import Models
import Tensors

/// The parameters of a model that lie in a list, as a model that optimizers can be given.
package struct FlatParameters: Model {
  package var tensors: [Tensor]
  private let names: [PartName]

  package init(_ tensors: [Tensor], names: [PartName]) { (self.tensors, self.names) = (tensors, names) }

  /// Itself.
  package mutating func callAsFunction(_ input: Tensor) -> Tensor { input }
  package mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    for i in tensors.indices { visitor.parameter(&tensors[i], names[i]) }
  }
}
