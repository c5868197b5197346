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

/// A hash of what visitors find that is neither tensor nor stream: 0 of nothing, without the cost of a hash.
struct LeafHasher {
  private var hasher: Hasher?

  mutating func combine(_ hash: (inout Hasher) -> Void) {
    if hasher == nil { hasher = Hasher() }
    hash(&hasher!)
  }
  func finalize() -> Int { hasher?.finalize() ?? 0 }
}

/// The leaves of a value, and its signature.
struct LeafList: LeafVisitor {
  static let isReading = true
  private(set) var tensors: [Tensor] = []
  private(set) var streams: [RandomStream] = []
  private(set) var hasPlaceholders = false
  private var shapes: [Signature] = []
  private var isFrozen: [Bool] = []
  private var hasher = LeafHasher()

  init<Value>(of value: Value) {
    var value = value
    visitLeaves(of: &value, &self)
  }

  /// That of a value by its layout.
  init(_ layout: LeafLayout, _ address: UnsafeMutableRawPointer) { layout.visit(address, &self) }

  mutating func tensor(_ x: inout Tensor) {
    if !x.hasElements { hasPlaceholders = true }
    shapes.append(Signature(x.shape, x.dtype))
    isFrozen.append(x.isFrozen)
    tensors.append((try? x.detached.ordered) ?? x)
  }
  mutating func stream(_ x: inout RandomStream) { streams.append(x) }
  mutating func other(_ hash: (inout Hasher) -> Void) { hasher.combine(hash) }

  var signature: LeafSignature { LeafSignature(shapes, isFrozen, streams.count, hasher.finalize()) }
}
