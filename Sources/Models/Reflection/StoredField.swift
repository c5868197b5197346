// The runtime functions behind `Mirror`, which tell more than it does: offsets, and whether a property is a `var`.

/// A stored property of a struct, or an element of a tuple.
struct StoredField {
  let name: String
  let type: Any.Type
  let offset: Int
  /// False for a `let`.
  let isVar: Bool

  /// Its name in a parameter's name.
  var partName: PartName {
    // An element of a tuple without a label is called `.0`.
    if name.hasPrefix("."), let index = Int(name.dropFirst()) { return .position(index) }
    return .property(propertyName)
  }

  /// Its name in the source: a property wrapper's storage carries an underscore that is no part of the property's name.
  var propertyName: String {
    let isWrapped = name.hasPrefix("_") && (type is any ModelState.Type || type is any ConstantValue.Type)
    return isWrapped ? String(name.dropFirst()) : name
  }
}

// Metadata begin with their kind (Swift's ABI, MetadataKind.def).
private func metadataKind(of type: Any.Type) -> Int { unsafeBitCast(type, to: UnsafePointer<Int>.self).pointee }

/// Whether a type's values have their contents within themselves.
func isStructOrTuple(_ type: Any.Type) -> Bool { [0x200, 0x301].contains(metadataKind(of: type)) }

/// The stored properties of a struct or the elements of a tuple; nil for another type.
func storedFields(of type: Any.Type) -> [StoredField]? {
  guard isStructOrTuple(type) else { return nil }
  let isTuple = metadataKind(of: type) == 0x301
  return (0..<recursiveCount(type)).compactMap { index in
    var field = FieldMetadata()
    let fieldType = withUnsafeMutablePointer(to: &field) { childMetadata(type, index, $0) }
    defer { field.release?(field.name) }
    guard let name = field.name else { return nil }
    return StoredField(name: String(cString: name), type: fieldType, offset: childOffset(type, index), isVar: isTuple || field.isVar)
  }
}

/// The names, types and offsets of a struct's stored `var`s; nil for another type, whose fields do not lie in the value itself.
func storedVariables(of type: Any.Type) -> [(name: String, type: Any.Type, offset: Int)]? {
  guard metadataKind(of: type) == 0x200 else { return nil }
  return storedFields(of: type)?.filter(\.isVar).map { ($0.name, $0.type, $0.offset) }
}

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
