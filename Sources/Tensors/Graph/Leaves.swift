/// Looks at the tensors and random streams in a value of any type, in order, and at all else that a function of it may depend on.
package protocol LeafVisitor {
  /// Whether values are looked at and not changed.
  static var isReading: Bool { get }
  /// A tensor; assigning changes the value unless the visitor is reading.
  mutating func tensor(_ x: inout Tensor)
  /// A random stream.
  mutating func stream(_ x: inout RandomStream)
  /// What is neither: a number, a text, a closure, the length of a list.
  mutating func other(_ hash: (inout Hasher) -> Void)
}

/// Where in values of a type tensors, streams and all else lie; found once per type.
///
/// Structs and tuples are gone through by their stored properties, `let`s as well, and so are arrays, optionals, dictionaries and existentials. In
/// anything else, such as an enum's payload, there are no leaves: its bytes count as a whole, so that another one makes another signature.
final class LeafLayout: @unchecked Sendable {
  private enum Part {
    case tensor
    case stream
    case hashable((UnsafeMutableRawPointer, inout Hasher) -> Void)
    case bytes(Int)
    case container(any LeafContainer.Type)
    case holder(any LeafHolding.Type)
    case existential(Any.Type)
  }
  private let parts: [(offset: Int, part: Part)]
  /// How far from the beginning each tensor is, where there is nothing but tensors; otherwise nil.
  let tensorOffsets: [Int]?

  private static let known = Lock<[ObjectIdentifier: LeafLayout]>([:])

  static func of(_ type: Any.Type) -> LeafLayout {
    let id = ObjectIdentifier(type)
    if let layout = known.withLock({ $0[id] }) { return layout }
    let layout = LeafLayout(type)
    known.withLock { $0[id] = layout }
    return layout
  }

  private init(_ type: Any.Type) {
    var parts: [(Int, Part)] = []
    LeafLayout.find(type, 0, &parts)
    self.parts = parts
    let offsets = parts.compactMap { offset, part in if case .tensor = part { offset } else { nil } }
    tensorOffsets = offsets.count == parts.count ? offsets : nil
  }

  private static func find(_ type: Any.Type, _ offset: Int, _ parts: inout [(Int, Part)]) {
    if type is Tensor.Type { return parts.append((offset, .tensor)) }
    if type is RandomStream.Type { return parts.append((offset, .stream)) }
    if type is Program.Type {
      return parts.append((offset, .hashable { $0.assumingMemoryBound(to: Program.self).pointee.hash(into: &$1) }))
    }
    if let type = type as? any LeafHolding.Type { return parts.append((offset, .holder(type))) }
    if let type = type as? any Hashable.Type { return parts.append((offset, hashable(type))) }
    if let type = type as? any LeafContainer.Type { return parts.append((offset, .container(type))) }
    switch TypeKind(of: type) {
    case .structure, .tuple:
      for field in storedFields(of: type) ?? [] { find(field.type, offset + field.offset, &parts) }
    case .existential: parts.append((offset, .existential(type)))
    default:
      func size<T>(_: T.Type) -> Int { MemoryLayout<T>.size }
      parts.append((offset, .bytes(_openExistential(type, do: size))))
    }
  }

  private static func hashable<H: Hashable>(_: H.Type) -> Part {
    .hashable { address, hasher in address.assumingMemoryBound(to: H.self).pointee.hash(into: &hasher) }
  }

  func visit<V: LeafVisitor>(_ address: UnsafeMutableRawPointer, _ visitor: inout V) {
    for (offset, part) in parts {
      let address = address + offset
      switch part {
      case .tensor: visitor.tensor(&address.assumingMemoryBound(to: Tensor.self).pointee)
      case .stream: visitor.stream(&address.assumingMemoryBound(to: RandomStream.self).pointee)
      case .hashable(let hash): visitor.other { hash(address, &$0) }
      case .bytes(let count): visitor.other { $0.combine(bytes: UnsafeRawBufferPointer(start: address, count: count)) }
      case .container(let type): type.visitLeaves(address, &visitor)
      case .holder(let type): LeafLayout.visitHolder(type, address, &visitor)
      case .existential(let type): LeafLayout.visitExistential(type, address, &visitor)
      }
    }
  }

  private static func visitHolder<H: LeafHolding, V: LeafVisitor>(_: H.Type, _ address: UnsafeMutableRawPointer, _ visitor: inout V) {
    let pointer = address.assumingMemoryBound(to: H.self)
    if V.isReading {
      var copy = pointer.pointee
      copy.visitLeaves(&visitor)
    } else {
      pointer.pointee.visitLeaves(&visitor)
    }
  }

  /// What is in an existential, by its own type.
  private static func visitExistential<V: LeafVisitor>(_ type: Any.Type, _ address: UnsafeMutableRawPointer, _ visitor: inout V) {
    func within<T>(_: T.Type) {
      let pointer = address.assumingMemoryBound(to: T.self)
      func open<D>(_ value: D) {
        var copy = value
        visitor.other { $0.combine(ObjectIdentifier(D.self)) }
        visitLeaves(of: &copy, &visitor)
        if !V.isReading, let changed = copy as? T { pointer.pointee = changed }
      }
      _openExistential(pointer.pointee as Any, do: open)
    }
    _openExistential(type, do: within)
  }
}

/// A type that shows its leaves itself, as they are in the payload of an enum.
package protocol LeafHolding {
  mutating func visitLeaves<V: LeafVisitor>(_ visitor: inout V)
}

/// Visits the leaves of a value.
package func visitLeaves<Value, V: LeafVisitor>(of value: inout Value, _ visitor: inout V) {
  let layout = LeafLayout.of(Value.self)
  withUnsafeMutableBytes(of: &value) { bytes in
    if let address = bytes.baseAddress { layout.visit(address, &visitor) }
  }
}

/// A standard type whose values may hold leaves.
protocol LeafContainer {
  static func visitLeaves<V: LeafVisitor>(_ address: UnsafeMutableRawPointer, _ visitor: inout V)
}

extension Optional: LeafContainer {
  static func visitLeaves<V: LeafVisitor>(_ address: UnsafeMutableRawPointer, _ visitor: inout V) {
    let isThere = address.assumingMemoryBound(to: Wrapped?.self).pointee != nil
    visitor.other { $0.combine(isThere) }
    // An optional's value begins where the optional does.
    if isThere { LeafLayout.of(Wrapped.self).visit(address, &visitor) }
  }
}

extension Array: LeafContainer {
  static func visitLeaves<V: LeafVisitor>(_ address: UnsafeMutableRawPointer, _ visitor: inout V) {
    let pointer = address.assumingMemoryBound(to: [Element].self)
    let layout = LeafLayout.of(Element.self)
    let count = pointer.pointee.count
    visitor.other { $0.combine(count) }
    if V.isReading {
      pointer.pointee.withUnsafeBufferPointer { elements in
        for i in elements.indices { layout.visit(UnsafeMutableRawPointer(mutating: elements.baseAddress! + i), &visitor) }
      }
    } else {
      pointer.pointee.withUnsafeMutableBufferPointer { elements in
        for i in elements.indices { layout.visit(UnsafeMutableRawPointer(elements.baseAddress! + i), &visitor) }
      }
    }
  }
}

extension Dictionary: LeafContainer {
  static func visitLeaves<V: LeafVisitor>(_ address: UnsafeMutableRawPointer, _ visitor: inout V) {
    let pointer = address.assumingMemoryBound(to: [Key: Value].self)
    let layout = LeafLayout.of(Value.self)
    // In the order of the keys' descriptions, since a dictionary's own order changes from run to run.
    for (text, key) in pointer.pointee.keys.map({ ("\($0)", $0) }).sorted(by: { $0.0 < $1.0 }) {
      visitor.other { $0.combine(text) }
      guard let index = pointer.pointee.index(forKey: key) else { continue }
      if V.isReading {
        var value = pointer.pointee.values[index]
        withUnsafeMutableBytes(of: &value) { layout.visit($0.baseAddress!, &visitor) }
      } else {
        withUnsafeMutableBytes(of: &pointer.pointee.values[index]) { layout.visit($0.baseAddress!, &visitor) }
      }
    }
  }
}
