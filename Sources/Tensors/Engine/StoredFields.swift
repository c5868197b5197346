// Stored properties by the runtime functions behind `Mirror`, which tell more than it does: offsets, and whether a property is a `var`.
//
// All that the library knows of the runtime's metadata is in this file. What a future runtime may do otherwise is looked at once, at first use.

/// A stored property of a struct, or an element of a tuple.
package struct StoredField {
  package let name: String
  package let type: Any.Type
  package let offset: Int
  /// False for a `let`; elements of tuples can be assigned.
  package let isVar: Bool
}

/// What a type's metadata begin with (Swift's ABI, MetadataKind.def).
package enum TypeKind: Int {
  case structure = 0x200
  case enumeration = 0x201
  case optional = 0x202
  case tuple = 0x301
  case function = 0x302
  case existential = 0x303
  /// A class (whose metadata begin with an address on Apple's systems) or what values are never visited of.
  case other = 0

  package init(of type: Any.Type) {
    self = TypeKind(rawValue: unsafeBitCast(type, to: UnsafePointer<Int>.self).pointee) ?? .other
  }
}

/// Whether a type's values have their contents within themselves.
package func isStructOrTuple(_ type: Any.Type) -> Bool { [.structure, .tuple].contains(TypeKind(of: type)) }

/// The stored properties of a struct or the elements of a tuple; nil for another type.
package func storedFields(of type: Any.Type) -> [StoredField]? {
  _ = runtimeIsKnown
  return readFields(of: type)
}

private func readFields(of type: Any.Type) -> [StoredField]? {
  guard isStructOrTuple(type) else { return nil }
  let isTuple = TypeKind(of: type) == .tuple
  return (0..<recursiveCount(type)).compactMap { index in
    var field = FieldMetadata()
    let fieldType = withUnsafeMutablePointer(to: &field) { childMetadata(type, index, $0) }
    defer { field.release?(field.name) }
    guard let name = field.name else { return nil }
    return StoredField(name: String(cString: name), type: fieldType, offset: childOffset(type, index), isVar: isTuple || field.isVar)
  }
}

/// The names, types and offsets of a struct's stored `var`s; nil for another type, whose fields do not lie in the value itself.
package func storedVariables(of type: Any.Type) -> [(name: String, type: Any.Type, offset: Int)]? {
  guard TypeKind(of: type) == .structure else { return nil }
  return storedFields(of: type)?.filter(\.isVar).map { ($0.name, $0.type, $0.offset) }
}

// MARK: The self-test

private struct Probe {
  var small: Int8
  let number: Double
  var pair: (first: Int, Bool)
  var perhaps: Int?
}

/// Stops with a sentence if the runtime's metadata are not what this file takes them for.
private let runtimeIsKnown: Void = {
  let found = readFields(of: Probe.self) ?? []
  let isKnown =
    found.map(\.name) == ["small", "number", "pair", "perhaps"] && found.map(\.isVar) == [true, false, true, true]
    && found.map(\.offset) == [
      MemoryLayout<Probe>.offset(of: \.small), MemoryLayout<Probe>.offset(of: \.number), MemoryLayout<Probe>.offset(of: \.pair),
      MemoryLayout<Probe>.offset(of: \.perhaps),
    ]
    && found.map { TypeKind(of: $0.type) } == [.structure, .structure, .tuple, .optional]
    && TypeKind(of: (() -> Void).self) == .function && TypeKind(of: (any Sendable).self) == .existential
  if !isKnown {
    stop(
      "Model: this Swift runtime lays out its metadata otherwise than Fluxion knows, so that parameters are not found; a Swift release that "
        + "Fluxion names is accepted, or visit(_:) and visitState(_:) written by hand")
  }
}()

private struct FieldMetadata {
  var name: UnsafePointer<CChar>?
  var release: (@convention(c) (UnsafePointer<CChar>?) -> Void)?
  var isStrong = false
  var isVar = false
}

@_silgen_name("swift_reflectionMirror_recursiveCount")
private func recursiveCount(_: Any.Type) -> Int

@_silgen_name("swift_reflectionMirror_recursiveChildMetadata")
private func childMetadata(_: Any.Type, _ index: Int, _ field: UnsafeMutablePointer<FieldMetadata>) -> Any.Type

@_silgen_name("swift_reflectionMirror_recursiveChildOffset")
private func childOffset(_: Any.Type, _ index: Int) -> Int
