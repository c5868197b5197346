import Synchronization
import Tensors

extension Model {
  /// Finds parameters, parts and state among the stored properties.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    let layout = StoredLayout.of(Self.self)
    if !layout.isChecked { layout.check(self) }
    if layout.fields.isEmpty { return }
    withUnsafeMutableBytes(of: &self) { bytes in layout.visit(bytes.baseAddress!, &visitor) }
  }
}

/// Where a struct's parameters, parts and state lie, found once per type by what stands behind `Mirror`: it knows names and offsets, generic
/// fields, and whether a field is a `var` or a `let`.
final class StoredLayout: Sendable {
  struct Field: Sendable {
    let name: PartName
    let offset: Int
    let member: any Member
  }

  let type: Any.Type
  /// The stored `var`s that hold something to visit, in order.
  let fields: [Field]
  /// Whether a value of the type was looked through for layers that are not reached, and none was found; see ``check(_:)``.
  private let isClean = Atomic(false)

  private static let known = Lock<[ObjectIdentifier: StoredLayout]>([:])

  static func of(_ type: Any.Type) -> StoredLayout {
    let id = ObjectIdentifier(type)
    if let layout = known.withLock({ $0[id] }) { return layout }
    let layout = StoredLayout(type, within: [])
    return known.withLock { known in
      if let layout = known[id] { return layout }
      known[id] = layout
      return layout
    }
  }

  /// - Parameter enclosing: The types whose layout is being found, which may contain themselves by way of an array.
  init(_ type: Any.Type, within enclosing: Set<ObjectIdentifier>) {
    self.type = type
    guard let stored = storedFields(of: type) else {
      fields = []
      fail(TensorError("Model", "\(type) is not a struct; parameters are found in structs, another type writes visit(_:) by hand"))
      return
    }
    let enclosing = enclosing.union([ObjectIdentifier(type)])
    fields = stored.compactMap { field in
      guard field.isVar, let member = StoredLayout.member(field.type, within: enclosing) else { return nil }
      return Field(name: field.partName, offset: field.offset, member: member)
    }
  }

  func visit<V: ModelVisitor>(_ address: UnsafeMutableRawPointer, _ visitor: inout V) {
    for field in fields { field.member.visit(address + field.offset, field.name, &visitor) }
  }

  // MARK: Layers that are not reached

  var isChecked: Bool { isClean.load(ordering: .relaxed) }

  /// Stops with a sentence if a value holds a layer or tensor where it is not found, and so would not be trained.
  @inline(never)
  func check(_ value: Any) {
    if hasFailed { return }
    if let message = unreachedPart(of: value, "\(type)") { return fail(TensorError("Model", message)) }
    isClean.store(true, ordering: .relaxed)
  }

  // MARK: Members

  /// How values of a type are visited, if they hold anything to visit.
  static func member(_ type: Any.Type, within enclosing: Set<ObjectIdentifier>) -> (any Member)? {
    if type is Tensor.Type { return TensorMember() }
    if type is RandomStream.Type { return StreamMember() }
    if type is any ConstantValue.Type { return nil }
    if let state = type as? any ModelState.Type { return stateMember(state) }
    if let model = type as? any Model.Type { return modelMember(model) }
    if type == (any Model).self || type == (any Model<Tensor, Tensor>).self { return AnyModelMember() }
    if let container = type as? any ModelContainer.Type { return container.member(within: enclosing) }
    return fieldsMember(type, within: enclosing)
  }

  private static func stateMember<S: ModelState>(_: S.Type) -> any Member { ModelStateMember<S>() }
  private static func modelMember<M: Model>(_: M.Type) -> any Member { PartMember<M>() }

  /// A tuple or a struct that is no model, if it has anything to visit.
  private static func fieldsMember(_ type: Any.Type, within enclosing: Set<ObjectIdentifier>) -> (any Member)? {
    if enclosing.contains(ObjectIdentifier(type)) { return NestedMember(type: type) }
    guard isStructOrTuple(type) else { return nil }
    let layout = StoredLayout(type, within: enclosing)
    return layout.fields.isEmpty ? nil : FieldsMember(layout: layout)
  }
}

/// Visits whatever parameters, parts and state a value of any type holds; false if it is of a type that holds none.
func visitContent<Value, V: ModelVisitor>(of value: inout Value, _ name: PartName, _ visitor: inout V) -> Bool {
  guard let member = StoredLayout.member(Value.self, within: []) else { return false }
  withUnsafeMutableBytes(of: &value) { member.visit($0.baseAddress!, name, &visitor) }
  return true
}
