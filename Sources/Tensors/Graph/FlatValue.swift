import Synchronization

/// What tells values of a type apart that need plans of their own: their tensors' shapes, dtypes and frozenness, and all in them that is no tensor.
final class LeafSignature: Sendable, Equatable {
  let shapes: [Signature]
  let isFrozen: [Bool]
  let streamCount: Int
  /// Of numbers, texts, closures and lengths.
  let others: Int

  init(_ shapes: [Signature], _ isFrozen: [Bool], _ streamCount: Int, _ others: Int) {
    (self.shapes, self.isFrozen, self.streamCount, self.others) = (shapes, isFrozen, streamCount, others)
  }

  static func == (a: LeafSignature, b: LeafSignature) -> Bool {
    a === b || a.others == b.others && a.shapes == b.shapes && a.isFrozen == b.isFrozen && a.streamCount == b.streamCount
  }
}

/// The leaves of a value, and its signature.
struct LeafList: LeafVisitor {
  static let isReading = true
  private(set) var tensors: [Tensor] = []
  private(set) var streams: [RandomStream] = []
  private(set) var hasPlaceholders = false
  private var shapes: [Signature] = []
  private var isFrozen: [Bool] = []
  private var hasher = Hasher()

  init<Value>(of value: Value) {
    var value = value
    visitLeaves(of: &value, &self)
  }

  mutating func tensor(_ x: inout Tensor) {
    if !x.hasElements { hasPlaceholders = true }
    shapes.append(Signature(x.shape, x.dtype))
    isFrozen.append(x.isFrozen)
    tensors.append((try? x.detached.ordered) ?? x)
  }
  mutating func stream(_ x: inout RandomStream) { streams.append(x) }
  mutating func other(_ hash: (inout Hasher) -> Void) { hash(&hasher) }

  var signature: LeafSignature { LeafSignature(shapes, isFrozen, streams.count, hasher.finalize()) }
}

/// A value whose tensors and random streams lie in lists beside it: a plan takes them from there, without looking for them at each call.
struct FlatValue<Value>: @unchecked Sendable {
  /// The value, with tensors without elements.
  private var shell: Value
  /// The tensors in order, contiguous.
  var tensors: [Tensor]
  var streams: [RandomStream]
  let signature: LeafSignature

  init(_ value: Value) {
    let list = LeafList(of: value)
    (tensors, streams, signature) = (list.tensors, list.streams, list.signature)
    shell = value
    for i in tensors.indices { tensors[i].isFrozen = signature.isFrozen[i] }
    var empty = EmptyLeaves()
    visitLeaves(of: &shell, &empty)
  }

  /// The value itself.
  var value: Value {
    var value = shell
    var put = PutLeaves(tensors, streams)
    visitLeaves(of: &value, &put)
    return value
  }

  /// The value with each tensor replaced by one without elements, of shape [its place + 1].
  var numbered: Value {
    var value = shell
    var put = PutLeaves(tensors.indices.map { Tensor(hollow: [$0 + 1], tensors[$0].dtype) }, streams)
    visitLeaves(of: &value, &put)
    return value
  }

}

private struct EmptyLeaves: LeafVisitor {
  static let isReading = false
  mutating func tensor(_ x: inout Tensor) {
    let isFrozen = x.isFrozen
    x = Tensor(hollow: x.shape, x.dtype)
    x.isFrozen = isFrozen
  }
  mutating func stream(_ x: inout RandomStream) {}
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}

/// Puts tensors and streams in their places.
struct PutLeaves: LeafVisitor {
  static let isReading = false
  let tensors: [Tensor]
  let streams: [RandomStream]
  private var place = (tensor: 0, stream: 0)

  init(_ tensors: [Tensor], _ streams: [RandomStream]) { (self.tensors, self.streams) = (tensors, streams) }
  mutating func tensor(_ x: inout Tensor) {
    let isFrozen = x.isFrozen
    x = tensors[place.tensor]
    x.isFrozen = isFrozen
    place.tensor += 1
  }
  mutating func stream(_ x: inout RandomStream) {
    x = streams[place.stream]
    place.stream += 1
  }
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}

/// A value that is whole, or flat for as long as plans run on it.
///
/// Copies share it until one of them changes; that it becomes flat is no change.
package struct PlanState<Value>: @unchecked Sendable {
  private final class Box: @unchecked Sendable {
    let gate = Gate()
    /// Whether it is flat, which only the one owner of a box undoes.
    let isFlat: Atomic<Bool>
    var whole: Value?
    var flat: FlatValue<Value>?

    init(_ whole: Value?, _ flat: FlatValue<Value>?) {
      (self.whole, self.flat) = (whole, flat)
      isFlat = Atomic(flat != nil)
    }

    var value: Value {
      if isFlat.load(ordering: .acquiring) { return flat!.value }
      return gate.closed { isFlat.load(ordering: .relaxed) ? flat!.value : whole! }
    }
    func flatten() {
      gate.closed {
        if isFlat.load(ordering: .relaxed) { return }
        flat = FlatValue(whole!)
        whole = nil
        isFlat.store(true, ordering: .releasing)
      }
    }
  }
  private var box: Box

  package init(_ value: Value) { box = Box(value, nil) }

  init(flat: FlatValue<Value>) { box = Box(nil, flat) }

  /// The value; to change it, it is made whole.
  package var value: Value {
    get { box.value }
    _modify {
      var value = box.value
      if isKnownUniquelyReferenced(&box) {
        (box.whole, box.flat) = (nil, nil)
        box.isFlat.store(false, ordering: .relaxed)
      } else {
        box = Box(nil, nil)
      }
      defer { box.whole = value }
      yield &value
    }
  }

  func flatten() { box.flatten() }

  /// What it is while it is flat; nil while it is whole.
  var signature: LeafSignature? { box.isFlat.load(ordering: .acquiring) ? box.flat!.signature : nil }
  /// The tensors of one that is flat.
  var tensors: [Tensor] { box.flat!.tensors }
  /// The streams of one that is flat.
  var streams: [RandomStream] { box.flat!.streams }

  /// Changes one that is flat.
  mutating func change(_ body: (inout FlatValue<Value>) -> Void) {
    if !isKnownUniquelyReferenced(&box) { box = Box(nil, box.flat!) }
    body(&box.flat!)
  }

  /// Which list of tensors it is while it is flat; another one after it has been whole.
  package var layout: (any AnyObject & Sendable)? { signature }
  /// The value with each tensor replaced by one without elements, of shape [its place in the list + 1].
  package var numbered: Value { box.flat!.numbered }
  /// Changes places of tensors in the list with those of another one.
  package mutating func exchange(_ places: [Int], _ others: inout [Tensor]) {
    change { flat in for (i, place) in places.enumerated() { swap(&flat.tensors[place], &others[i]) } }
  }
}

extension PlanState<Void> {
  /// That of a function without state.
  static var none: PlanState { emptyState }
}

private let emptyState = PlanState(flat: FlatValue(()))
