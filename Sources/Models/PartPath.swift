import Tensors

/// Where a visitor stands in a model: the names on the way there, and the type of the part.
///
/// Visitors that tell places hold one, and hand it what they enter, leave and find.
package struct PartPath {
  private var names: [String] = []
  private var types: [Any.Type] = [Never.self]

  /// At the model itself.
  package init() {}

  /// The place, `layers.0`; empty for the model itself.
  package var text: String { names.joined(separator: ".") }
  /// The type of the part that is visited; in a list of parts, of the part that has the list.
  package var type: Any.Type { types[names.count] }

  /// The whole name of a parameter here: `layers.0.weight`.
  package func name(of parameter: PartName) -> String { (names + [parameter.description]).joined(separator: ".") }

  /// What follows belongs to a part, or a list of parts, of this name.
  package mutating func enter(_ name: PartName) {
    types.append(type)
    names.append(name.description)
  }

  /// It ends.
  package mutating func leave() {
    names.removeLast()
    types.removeLast()
  }

  /// What is visited here is of this type.
  package mutating func found(_ type: Any.Type) { types[names.count] = type }
}
