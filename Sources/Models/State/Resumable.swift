import Tensors

/// What can be written down and taken up again to the bit: optimizers, schedules with a memory, whole training runs.
///
///     struct SignedDescent: Optimizer {
///       var learningRate: Double
///       var directions: [Tensor] = []
///       mutating func update<M: Model>(_ model: inout M, along gradient: M) { … }
///     }
///
/// Conforming is all there is to do. A struct's stored `var`s are kept: numbers, texts and Booleans (anything that is
/// `LosslessStringConvertible`, and enums with such raw values), tensors, random streams, models and other resumable values, and arrays,
/// optionals and dictionaries of those. `let`s and closures are left as the program makes them. A `var` of another type is a mistake, as it
/// would be lost; its type conforms too, or the whole writes ``visitState(_:)`` by hand.
public protocol Resumable {
  /// Shows what it keeps from step to step to a visitor, which reads it or replaces it.
  mutating func visitState(_ visitor: inout StateVisitor)
}

extension Resumable {
  /// Shows the stored `var`s, found by reflection.
  public mutating func visitState(_ visitor: inout StateVisitor) { visitStoredState(of: &self, &visitor) }
}

/// Shows the stored `var`s of a struct.
private func visitStoredState<T>(of value: inout T, _ visitor: inout StateVisitor) {
  guard let stored = storedVariables(of: T.self) else {
    return fail(
      TensorError("Resumable", "\(T.self) is not a struct; a struct's variables are found, another type writes visitState by hand"))
  }
  let fields = stored.compactMap { field -> (name: String, offset: Int, member: StateMember)? in
    if isFunction(field.type) { return nil }
    if let member = StateMember.of(field.type) { return (field.name, field.offset, member) }
    fail(
      TensorError(
        "Resumable",
        "\(field.name) of \(T.self) is a \(field.type), which is not kept; a let, a type that is Resumable, or visitState "
          + "written by hand would fit"))
    return nil
  }
  withUnsafeMutableBytes(of: &value) { bytes in
    for field in fields { field.member.visit(bytes.baseAddress! + field.offset, field.name, &visitor) }
  }
}

/// Whether values of a type are functions, or optional functions: what the program makes anew.
private func isFunction(_ type: Any.Type) -> Bool {
  if let optional = type as? any OptionalType.Type { return isFunction(optional.wrapped) }
  return TypeKind(of: type) == .function
}

private protocol OptionalType { static var wrapped: Any.Type { get } }
extension Optional: OptionalType { fileprivate static var wrapped: Any.Type { Wrapped.self } }

/// How values of a type are shown.
private struct StateMember {
  let visit: (UnsafeMutableRawPointer, String, inout StateVisitor) -> Void
  /// A value to restore into where there was none: nil for types of which only the program can make one.
  var blank: () -> Any? = { nil }

  /// Nil for a type that is not kept.
  static func of(_ type: Any.Type) -> StateMember? {
    if type is Tensor.Type {
      return StateMember(visit: { $2.tensor(&$0.assumingMemoryBound(to: Tensor.self).pointee, $1) }, blank: { Tensor.zeros([0]) })
    }
    if type is RandomStream.Type {
      return StateMember(
        visit: { $2.stream(&$0.assumingMemoryBound(to: RandomStream.self).pointee, $1) }, blank: { RandomStream(seed: 0) })
    }
    if let type = type as? any Resumable.Type { return resumable(type) }
    if let type = type as? any LosslessStringConvertible.Type { return text(type) }
    if let type = type as? any Model.Type { return model(type) }
    if let type = type as? any StateContainer.Type { return type.member }
    if let type = type as? any RawRepresentable.Type, let member = raw(type) { return member }
    // Of `any Optimizer` and the like what is in it tells.
    if TypeKind(of: type) == .existential {
      func open<T>(_ type: T.Type) -> StateMember { existential(type) }
      return _openExistential(type, do: open)
    }
    return nil
  }

  private static func resumable<T: Resumable>(_: T.Type) -> StateMember {
    StateMember(visit: { $2.part(&$0.assumingMemoryBound(to: T.self).pointee, $1) })
  }

  private static func model<T: Model>(_: T.Type) -> StateMember {
    StateMember(visit: { $2.model(&$0.assumingMemoryBound(to: T.self).pointee, $1) })
  }

  private static func text<T: LosslessStringConvertible>(_: T.Type) -> StateMember {
    StateMember(
      visit: { $2.value(&$0.assumingMemoryBound(to: T.self).pointee, $1) },
      blank: { ["", "0", "false"].lazy.compactMap { T($0) }.first })
  }

  private static func raw<T: RawRepresentable>(_: T.Type) -> StateMember? {
    guard let type = T.RawValue.self as? any LosslessStringConvertible.Type else { return nil }
    return rawText(T.self, type)
  }

  private static func rawText<T: RawRepresentable, Raw: LosslessStringConvertible>(_: T.Type, _: Raw.Type) -> StateMember {
    StateMember(visit: { address, name, visitor in
      let pointer = address.assumingMemoryBound(to: T.self)
      guard var raw = pointer.pointee.rawValue as? Raw else { return }
      visitor.value(&raw, name)
      guard let value = (raw as? T.RawValue).flatMap({ T(rawValue: $0) }) else {
        return visitor.refuse(name, "\(raw), which is no \(T.self)")
      }
      pointer.pointee = value
    })
  }

  private static func existential<T>(_: T.Type) -> StateMember {
    StateMember(visit: { address, name, visitor in
      let pointer = address.assumingMemoryBound(to: T.self)
      if var value = pointer.pointee as? any Resumable {
        visitor.part(&value, name)
        if let value = value as? T { pointer.pointee = value }
      } else if var value = pointer.pointee as? any Model {
        visitor.model(&value, name)
        if let value = value as? T { pointer.pointee = value }
      } else {
        fail(TensorError("Resumable", "\(visitor.name(name)) is a \(type(of: pointer.pointee)), which is not kept; a Resumable would fit"))
      }
    })
  }
}

/// A standard type whose values may hold what is kept.
private protocol StateContainer {
  static var member: StateMember? { get }
}

extension Array: StateContainer {
  fileprivate static var member: StateMember? {
    guard let member = StateMember.of(Element.self) else { return nil }
    return StateMember(
      visit: { address, name, visitor in
        visitor.list(&address.assumingMemoryBound(to: [Element].self).pointee, name, blank: member.blank() as? Element) {
          element, name, visitor in
          Swift.withUnsafeMutableBytes(of: &element) { member.visit($0.baseAddress!, name, &visitor) }
        }
      }, blank: { [Element]() })
  }
}

extension Optional: StateContainer {
  fileprivate static var member: StateMember? {
    guard let member = StateMember.of(Wrapped.self) else { return nil }
    return StateMember(
      visit: { address, name, visitor in
        // An optional is a list of at most one.
        let pointer = address.assumingMemoryBound(to: Wrapped?.self)
        var list = pointer.pointee.map { [$0] } ?? []
        pointer.pointee = nil
        visitor.list(&list, name, blank: member.blank() as? Wrapped) { element, name, visitor in
          Swift.withUnsafeMutableBytes(of: &element) { member.visit($0.baseAddress!, name, &visitor) }
        }
        pointer.pointee = list.first
      }, blank: { Wrapped?.none as Any })
  }
}

extension Dictionary: StateContainer {
  fileprivate static var member: StateMember? {
    guard let key = Key.self as? any LosslessStringConvertible.Type, let member = StateMember.of(Value.self) else { return nil }
    return keyed(by: key, member)
  }

  /// A list of pairs, in the order of the keys' texts.
  private static func keyed<K: LosslessStringConvertible>(by _: K.Type, _ member: StateMember) -> StateMember {
    StateMember(
      visit: { address, name, visitor in
        let pointer = address.assumingMemoryBound(to: [Key: Value].self)
        var pairs = pointer.pointee.map { (key: ($0.key as? K)?.description ?? "", value: $0.value) }.sorted { $0.key < $1.key }
        let blank = (member.blank() as? Value).map { (key: "", value: $0) }
        visitor.list(&pairs, name, blank: blank) { pair, name, visitor in
          visitor.within(name) { visitor in
            visitor.value(&pair.key, "key")
            Swift.withUnsafeMutableBytes(of: &pair.value) { member.visit($0.baseAddress!, "value", &visitor) }
          }
        }
        guard visitor.isRestoring else { return }
        var restored: [Key: Value] = [:]
        for (text, value) in pairs {
          guard let key = K(text) as? Key else { return visitor.refuse(name, "keyed by \"\(text.prefix(40))\", which is no \(Key.self)") }
          restored[key] = value
        }
        pointer.pointee = restored
      }, blank: { [Key: Value]() })
  }
}
