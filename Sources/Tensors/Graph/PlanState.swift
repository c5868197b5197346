import Synchronization

/// A value that is whole, or flat for as long as plans run on it: its tensors and random streams then lie in lists beside it, where a plan takes them
/// from without looking for them at each call.
///
/// Copies share it until one of them changes; that it becomes flat is no change.
package struct PlanState<Value>: @unchecked Sendable {
  /// What of it does not depend on the value's type.
  var leaves: FlatLeaves
  private var box: StateBox<Value> { unsafeDowncast(leaves, to: StateBox<Value>.self) }

  package init(_ value: Value) { leaves = StateBox(value) }

  /// The value; to change it, it is made whole.
  package var value: Value {
    get { box.value }
    _modify {
      var value = box.value
      if isKnownUniquelyReferenced(&leaves) { box.empty() } else { leaves = StateBox<Value>(nil) }
      defer { box.content = value }
      yield &value
    }
  }

  /// Makes it flat, with a signature that is its own: that of a plan, which is then known at a glance.
  func flatten(_ signature: LeafSignature) { box.flatten(signature) }

  /// Stands for the order of the tensors in the list while it is flat, the same for equal signatures; nil while it is whole.
  package var layout: (AnyObject & Sendable)? { leaves.signature }
  /// The value with each tensor replaced by one without elements, of shape [its place in the list + 1].
  package var numbered: Value { box.filled(leaves.tensors.indices.map { Tensor(hollow: [$0 + 1], leaves.tensors[$0].dtype) }) }
  /// Changes places of tensors in the list with those of another one.
  package mutating func exchange(_ places: [Int], _ others: inout [Tensor]) {
    FlatLeaves.own(&leaves)
    leaves.exchange(places, &others)
  }
}

extension PlanState<Void> {
  /// That of a function without state.
  static var none: PlanState { emptyState }
}

private let emptyState: PlanState<Void> = {
  let state = PlanState(())
  state.flatten(LeafList(of: ()).signature)
  return state
}()

/// The tensors and random streams of a value that is flat.
class FlatLeaves: @unchecked Sendable {
  private struct Fields {
    var tensors: [Tensor] = []
    var streams: [RandomStream] = []
    var signature: LeafSignature?
    var stamp: UInt64 = 0
  }

  /// Whether it is flat, which only the one owner undoes.
  fileprivate final let isFlat = Atomic(false)
  // Not properties of the object: at each call those would be guarded against overlapping accesses.
  private final let fields: UnsafeMutablePointer<Fields>
  private static let stamps = Atomic<UInt64>(0)

  fileprivate init() {
    fields = .allocate(capacity: 1)
    fields.initialize(to: Fields())
  }
  deinit { fields.deinitialize(count: 1).deallocate() }

  /// The tensors in order, contiguous.
  final var tensors: [Tensor] { @inline(__always) get { fields.pointee.tensors } }
  final var streams: [RandomStream] { @inline(__always) get { fields.pointee.streams } }
  /// Another number after each change to the list of tensors, and a number that no other list has, but for copies.
  final var stamp: UInt64 { @inline(__always) get { fields.pointee.stamp } }

  /// What it is while it is flat; nil while it is whole.
  final var signature: LeafSignature? { isFlat.load(ordering: .acquiring) ? fields.pointee.signature : nil }
  /// Whether it is flat and of this signature.
  @inline(__always)
  final func isOf(_ signature: LeafSignature) -> Bool {
    guard isFlat.load(ordering: .acquiring), let own = fields.pointee.signature else { return false }
    return own === signature || own == signature
  }

  fileprivate func copy() -> FlatLeaves { fatalError("overridden") }

  /// Makes a copy for whoever is to change it, unless nobody else refers to it.
  static func own(_ reference: inout FlatLeaves) {
    if !isKnownUniquelyReferenced(&reference) { reference = reference.copy() }
  }

  fileprivate final func set(_ tensors: [Tensor], _ streams: [RandomStream], _ signature: LeafSignature?) {
    fields.pointee = Fields(tensors: tensors, streams: streams, signature: signature)
    change()
  }
  fileprivate final func set(to other: FlatLeaves) { fields.pointee = other.fields.pointee }
  private final func change() { fields.pointee.stamp = FlatLeaves.stamps.add(1, ordering: .relaxed).newValue }

  final func put(_ x: Tensor, at place: Int) {
    fields.pointee.tensors[place].replace(with: x)
    change()
  }
  final func put(_ x: RandomStream, at place: Int) { fields.pointee.streams[place] = x }

  final func exchange(_ x: inout Tensor, at place: Int) {
    let isFrozen = fields.pointee.tensors[place].isFrozen
    swap(&fields.pointee.tensors[place], &x)
    fields.pointee.tensors[place].isFrozen = isFrozen
    change()
  }

  final func exchange(_ places: [Int], _ others: inout [Tensor]) {
    for (i, place) in places.enumerated() { swap(&fields.pointee.tensors[place], &others[i]) }
    change()
  }
}

private final class StateBox<Value>: FlatLeaves, @unchecked Sendable {
  private let gate = Gate()
  /// The value; while it is flat its tensors have no elements.
  var content: Value?

  init(_ content: Value?) { self.content = content }

  var value: Value {
    if isFlat.load(ordering: .acquiring) { return filled(tensors) }
    return gate.closed { isFlat.load(ordering: .relaxed) ? filled(tensors) : content! }
  }

  func filled(_ tensors: [Tensor]) -> Value {
    var value = content!
    var put = PutLeaves(tensors, streams)
    visitLeaves(of: &value, &put)
    return value
  }

  func flatten(_ signature: LeafSignature) {
    gate.closed {
      if isFlat.load(ordering: .relaxed) { return }
      var take = TakeLeaves()
      visitLeaves(of: &content!, &take)
      for i in take.tensors.indices { take.tensors[i].isFrozen = signature.isFrozen[i] }
      set(take.tensors, take.streams, signature)
      isFlat.store(true, ordering: .releasing)
    }
  }

  /// Lets go of the value, by its only owner.
  func empty() {
    content = nil
    set([], [], nil)
    isFlat.store(false, ordering: .relaxed)
  }

  override func copy() -> FlatLeaves {
    let copy = StateBox(content)
    copy.set(to: self)
    copy.isFlat.store(true, ordering: .relaxed)
    return copy
  }
}

extension Tensor {
  /// Puts another tensor in its place, which stays frozen or not as it is.
  mutating func replace(with other: Tensor) {
    let isFrozen = isFrozen
    self = other
    self.isFrozen = isFrozen
  }
}

/// Takes the tensors out of a value, in order, and leaves ones without elements; with its random streams, which stay.
private struct TakeLeaves: LeafVisitor {
  static let isReading = false
  var tensors: [Tensor] = []
  var streams: [RandomStream] = []
  mutating func tensor(_ x: inout Tensor) {
    tensors.append((try? x.detached.ordered) ?? x)
    x.replace(with: Tensor(hollow: x.shape, x.dtype))
  }
  mutating func stream(_ x: inout RandomStream) { streams.append(x) }
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}

/// Puts tensors and streams in their places; nil leaves what is there.
struct PutLeaves: LeafVisitor {
  static let isReading = false
  let tensors: [Tensor?]
  let streams: [RandomStream]
  private var place = (tensor: 0, stream: 0)

  init(_ tensors: [Tensor?], _ streams: [RandomStream]) { (self.tensors, self.streams) = (tensors, streams) }
  mutating func tensor(_ x: inout Tensor) {
    if let tensor = tensors[place.tensor] { x.replace(with: tensor) }
    place.tensor += 1
  }
  mutating func stream(_ x: inout RandomStream) {
    x = streams[place.stream]
    place.stream += 1
  }
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}
