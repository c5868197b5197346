import Tensors

/// A way to visit a value at an address.
protocol Member: Sendable {
  func visit<V: ModelVisitor>(_ address: UnsafeMutableRawPointer, _ name: PartName, _ visitor: inout V)
}

struct TensorMember: Member {
  func visit<V: ModelVisitor>(_ address: UnsafeMutableRawPointer, _ name: PartName, _ visitor: inout V) {
    visitor.parameter(&address.assumingMemoryBound(to: Tensor.self).pointee, name)
  }
}

struct StreamMember: Member {
  func visit<V: ModelVisitor>(_ address: UnsafeMutableRawPointer, _ name: PartName, _ visitor: inout V) {
    visitor.stream(&address.assumingMemoryBound(to: RandomStream.self).pointee, name)
  }
}

struct ModelStateMember<S: ModelState>: Member {
  func visit<V: ModelVisitor>(_ address: UnsafeMutableRawPointer, _ name: PartName, _ visitor: inout V) {
    visitor.state(&address.assumingMemoryBound(to: S.self).pointee, name)
  }
}

struct PartMember<M: Model>: Member {
  func visit<V: ModelVisitor>(_ address: UnsafeMutableRawPointer, _ name: PartName, _ visitor: inout V) {
    visitor.part(&address.assumingMemoryBound(to: M.self).pointee, name)
  }
}

/// A model of a type that is known when it runs: `any Model<Tensor, Tensor>`, which lies in memory as `any Model` does.
struct AnyModelMember: Member {
  func visit<V: ModelVisitor>(_ address: UnsafeMutableRawPointer, _ name: PartName, _ visitor: inout V) {
    func open<M: Model>(_ model: inout M) { visitor.part(&model, name) }
    open(&address.assumingMemoryBound(to: (any Model).self).pointee)
  }
}

/// A struct that is no model, or a tuple: its fields are visited under its name.
struct FieldsMember: Member {
  let layout: StoredLayout

  func visit<V: ModelVisitor>(_ address: UnsafeMutableRawPointer, _ name: PartName, _ visitor: inout V) {
    visitor.enter(name)
    layout.visit(address, &visitor)
    visitor.leave()
  }
}

/// The same within its own layout, which is not complete while it is found: a tree's branches.
struct NestedMember: Member {
  let type: Any.Type

  func visit<V: ModelVisitor>(_ address: UnsafeMutableRawPointer, _ name: PartName, _ visitor: inout V) {
    FieldsMember(layout: .of(type)).visit(address, name, &visitor)
  }
}

// MARK: - Optionals, arrays and dictionaries

/// A standard type whose values may hold parameters and parts.
protocol ModelContainer {
  static func member(within enclosing: Set<ObjectIdentifier>) -> (any Member)?
}

extension Optional: ModelContainer {
  static func member(within enclosing: Set<ObjectIdentifier>) -> (any Member)? {
    StoredLayout.member(Wrapped.self, within: enclosing).map { OptionalMember<Wrapped>(wrapped: $0) }
  }
}

extension Array: ModelContainer {
  static func member(within enclosing: Set<ObjectIdentifier>) -> (any Member)? {
    StoredLayout.member(Element.self, within: enclosing).map { ArrayMember<Element>(element: $0) }
  }
}

extension Dictionary: ModelContainer {
  static func member(within enclosing: Set<ObjectIdentifier>) -> (any Member)? {
    StoredLayout.member(Value.self, within: enclosing).map { DictionaryMember<Key, Value>(value: $0) }
  }
}

private struct OptionalMember<Wrapped>: Member {
  let wrapped: any Member

  func visit<V: ModelVisitor>(_ address: UnsafeMutableRawPointer, _ name: PartName, _ visitor: inout V) {
    let pointer = address.assumingMemoryBound(to: Wrapped?.self)
    guard var value = pointer.pointee else { return }
    // Taken out while it is visited, so that nobody else holds it.
    pointer.pointee = nil
    withUnsafeMutableBytes(of: &value) { wrapped.visit($0.baseAddress!, name, &visitor) }
    pointer.pointee = value
  }
}

private struct ArrayMember<Element>: Member {
  let element: any Member

  func visit<V: ModelVisitor>(_ address: UnsafeMutableRawPointer, _ name: PartName, _ visitor: inout V) {
    visitor.enter(name)
    address.assumingMemoryBound(to: [Element].self).pointee.withUnsafeMutableBufferPointer { elements in
      for i in elements.indices { element.visit(UnsafeMutableRawPointer(elements.baseAddress! + i), .position(i), &visitor) }
    }
    visitor.leave()
  }
}

/// In the order of the keys' descriptions, which are the names, since a dictionary's own order changes from run to run.
private struct DictionaryMember<Key: Hashable, Value>: Member {
  let value: any Member

  func visit<V: ModelVisitor>(_ address: UnsafeMutableRawPointer, _ name: PartName, _ visitor: inout V) {
    let pointer = address.assumingMemoryBound(to: [Key: Value].self)
    visitor.enter(name)
    for (text, key) in pointer.pointee.keys.map({ ("\($0)", $0) }).sorted(by: { $0.0 < $1.0 }) {
      guard let index = pointer.pointee.index(forKey: key) else { continue }
      withUnsafeMutableBytes(of: &pointer.pointee.values[index]) { value.visit($0.baseAddress!, .property(text), &visitor) }
    }
    visitor.leave()
  }
}
