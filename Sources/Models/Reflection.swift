import Synchronization
import Tensors

extension Model {
  /// Finds parameters, parts and state among the stored properties.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    let fields = Layout.of(Self.self)
    if fields.isEmpty { return }
    withUnsafeMutableBytes(of: &self) { bytes in
      for field in fields { field.member.visit(bytes.baseAddress! + field.offset, field.name, &visitor) }
    }
  }
}

/// Where a type's parameters, parts and state lie, found once per type by what stands behind `Mirror`: it knows names and offsets, generic
/// fields, and whether a field is a `var` (a parameter) or a `let` (a constant).
private enum Layout {
  struct Field: Sendable {
    let name: PartName
    let offset: Int
    let member: any Member.Type
  }

  private static let known = Mutex<[ObjectIdentifier: [Field]]>([:])

  static func of(_ type: Any.Type) -> [Field] {
    let id = ObjectIdentifier(type)
    if let fields = known.withLock({ $0[id] }) { return fields }
    let fields = find(type)
    known.withLock { $0[id] = fields }
    return fields
  }

  private static func find(_ type: Any.Type) -> [Field] {
    guard let stored = storedVariables(of: type) else {
      fail(TensorError("Model", "\(type) is not a struct; a struct's parameters are found, another type writes visit by hand"))
      return []
    }
    return stored.compactMap { field in
      guard let member = member(field.type) else { return nil }
      // A property wrapper's storage carries an underscore that is no part of the property's name.
      let isWrapped = field.name.hasPrefix("_") && field.type is any ModelState.Type
      return Field(name: .property(isWrapped ? String(field.name.dropFirst()) : field.name), offset: field.offset, member: member)
    }
  }

  /// How values of a type are visited, if they hold anything to visit.
  static func member(_ type: Any.Type) -> (any Member.Type)? {
    if type is Tensor.Type { return TensorMember.self }
    if type is RandomStream.Type { return StreamMember.self }
    if let state = type as? any ModelState.Type { return stateMember(state) }
    if let model = type as? any Model.Type { return modelMember(model) }
    if let container = type as? any ModelContainer.Type { return container.member }
    return nil
  }

  private static func stateMember<S: ModelState>(_: S.Type) -> any Member.Type { StateMember<S>.self }
  private static func modelMember<M: Model>(_: M.Type) -> any Member.Type { PartMember<M>.self }
}

/// A way to visit a value at an address.
private protocol Member: Sendable {
  static func visit<V: ModelVisitor>(_ address: UnsafeMutableRawPointer, _ name: PartName, _ visitor: inout V)
}

/// Visits whatever parameters, parts and state a value of any type holds; false if it is of a type that holds none.
func visitContent<Value, V: ModelVisitor>(of value: inout Value, _ name: PartName, _ visitor: inout V) -> Bool {
  guard let member = Layout.member(Value.self) else { return false }
  withUnsafeMutableBytes(of: &value) { member.visit($0.baseAddress!, name, &visitor) }
  return true
}

private enum TensorMember: Member {
  static func visit<V: ModelVisitor>(_ address: UnsafeMutableRawPointer, _ name: PartName, _ visitor: inout V) {
    visitor.parameter(&address.assumingMemoryBound(to: Tensor.self).pointee, name)
  }
}

private enum StreamMember: Member {
  static func visit<V: ModelVisitor>(_ address: UnsafeMutableRawPointer, _ name: PartName, _ visitor: inout V) {
    visitor.stream(&address.assumingMemoryBound(to: RandomStream.self).pointee, name)
  }
}

private enum StateMember<S: ModelState>: Member {
  static func visit<V: ModelVisitor>(_ address: UnsafeMutableRawPointer, _ name: PartName, _ visitor: inout V) {
    visitor.state(&address.assumingMemoryBound(to: S.self).pointee, name)
  }
}

private enum PartMember<M: Model>: Member {
  static func visit<V: ModelVisitor>(_ address: UnsafeMutableRawPointer, _ name: PartName, _ visitor: inout V) {
    visitor.part(&address.assumingMemoryBound(to: M.self).pointee, name)
  }
}

// MARK: - Optionals and arrays

/// A standard type whose values may hold parameters and parts.
private protocol ModelContainer {
  static var member: (any Member.Type)? { get }
}

extension Optional: ModelContainer {
  fileprivate static var member: (any Member.Type)? { Layout.member(Wrapped.self) == nil ? nil : OptionalMember<Wrapped>.self }
}

extension Array: ModelContainer {
  fileprivate static var member: (any Member.Type)? {
    Layout.member(Element.self) == nil ? nil : ArrayMember<Element>.self
  }
}

private enum OptionalMember<Wrapped>: Member {
  static func visit<V: ModelVisitor>(_ address: UnsafeMutableRawPointer, _ name: PartName, _ visitor: inout V) {
    guard let member = Layout.member(Wrapped.self) else { return }
    let pointer = address.assumingMemoryBound(to: Wrapped?.self)
    guard var value = pointer.pointee else { return }
    // Taken out while it is visited, so that nobody else holds it.
    pointer.pointee = nil
    withUnsafeMutableBytes(of: &value) { member.visit($0.baseAddress!, name, &visitor) }
    pointer.pointee = value
  }
}

private enum ArrayMember<Element>: Member {
  static func visit<V: ModelVisitor>(_ address: UnsafeMutableRawPointer, _ name: PartName, _ visitor: inout V) {
    guard let member = Layout.member(Element.self) else { return }
    visitor.enter(name)
    address.assumingMemoryBound(to: [Element].self).pointee.withUnsafeMutableBufferPointer { elements in
      for i in elements.indices { member.visit(UnsafeMutableRawPointer(elements.baseAddress! + i), .position(i), &visitor) }
    }
    visitor.leave()
  }
}

// MARK: - The runtime functions behind Mirror

/// The names, types and offsets of a struct's stored `var`s; nil for another type, whose fields do not lie in the value itself.
func storedVariables(of type: Any.Type) -> [(name: String, type: Any.Type, offset: Int)]? {
  // Metadata begin with their kind; 0x200 is a struct's (Swift's ABI, MetadataKind.def).
  guard unsafeBitCast(type, to: UnsafePointer<Int>.self).pointee == 0x200 else { return nil }
  return (0..<recursiveCount(type)).compactMap { index in
    var field = FieldMetadata()
    let fieldType = withUnsafeMutablePointer(to: &field) { childMetadata(type, index, $0) }
    defer { field.release?(field.name) }
    guard field.isVar, let name = field.name else { return nil }
    return (String(cString: name), fieldType, childOffset(type, index))
  }
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
