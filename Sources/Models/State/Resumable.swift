import Tensors

/// What can be written down and taken up again to the bit: optimizers, schedules with a memory, whole training runs.
///
///     struct SignedDescent: Optimizer {
///       var learningRate: Double
///       var directions: [Tensor] = []
///       mutating func update<M: Model>(_ model: inout M, along gradient: M) { … }
///     }
///
/// Conforming is all there is to do: a struct's stored `var`s are kept if they are numbers, texts or Booleans (anything that is
/// `LosslessStringConvertible`), tensors, random streams, models or other resumable values, or arrays or optionals of those. `let`s and closures are
/// left as the program makes them. A type may write ``visitState(_:)`` by hand instead.
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
  let fields = (storedVariables(of: T.self) ?? []).compactMap { field in StateMember.of(field.type).map { (field, $0) } }
  withUnsafeMutableBytes(of: &value) { bytes in
    for (field, member) in fields { member.visit(bytes.baseAddress! + field.offset, field.name, &visitor) }
  }
}

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
    return (type as? any StateContainer.Type)?.member
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
