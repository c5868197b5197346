import Data
import Tensors

/// A process's shards of a batch that is ready; nil after a mistake in a `checked` scope.
///
/// Each tensor that is found in it is cut along its first axis; one of rank 0, and what is no tensor, is the same in all shards.
func cut<Batch>(_ batch: Batch, into shards: Int, own: Range<Int>) -> ShardedBatch<Batch>? {
  var (copy, reader) = (batch, ExampleCounts())
  visitLeaves(of: &copy, &reader)
  guard let count = reader.counts.first else {
    fail(
      TensorError(
        "fit",
        "a batch of type \(Batch.self) has no tensor with an axis of examples, and is not cut into shards across processes; "
          + "tensors in structs, tuples, arrays, dictionaries or optionals would fit"))
    return nil
  }
  if let other = reader.counts.first(where: { $0 != count }) {
    fail(
      TensorError(
        "fit",
        "a batch with tensors of \(count) and of \(other) examples along their first axes is not cut into shards across processes; "
          + "as many in each, or tensors of rank 0 for what examples share, would fit"))
    return nil
  }
  let made = own.compactMap { shard -> Shard<Batch>? in
    let range = shardRange(shard, of: shards, count: count)
    if range.isEmpty { return nil }
    var (part, cutter) = (batch, ShardCutter(range: range))
    visitLeaves(of: &part, &cutter)
    return Shard(index: shard, range: range, batch: part)
  }
  return ShardedBatch(count: count, shards: made)
}

/// Whether all tensors in a batch can be cut; a mistake where some are in an object or in an enum's payload.
func checkReach<Batch>(_ batch: Batch) -> Bool {
  func tensors(in value: Any, _ depth: Int) -> Int {
    if value is Tensor { return 1 }
    if depth == 0 { return 0 }
    let mirror = Mirror(reflecting: value)
    let inherited = mirror.superclassMirror?.children.map(\.value) ?? []
    return (mirror.children.map(\.value) + inherited).reduce(0) { $0 + tensors(in: $1, depth - 1) }
  }
  var (copy, reader) = (batch, TensorCount())
  visitLeaves(of: &copy, &reader)
  if tensors(in: batch, 8) <= reader.count { return true }
  fail(
    TensorError(
      "fit",
      "a batch of type \(Batch.self) has tensors in an object or an enum's payload, where they are not cut into shards across processes; "
        + "tensors in structs, tuples, arrays, dictionaries or optionals would fit"))
  return false
}

private struct TensorCount: LeafVisitor {
  static let isReading = true
  var count = 0

  mutating func tensor(_ x: inout Tensor) { count += 1 }
  mutating func stream(_ x: inout RandomStream) {}
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}

/// The sizes of the first axes of a value's tensors.
private struct ExampleCounts: LeafVisitor {
  static let isReading = true
  var counts: [Int] = []

  mutating func tensor(_ x: inout Tensor) { if x.rank > 0 { counts.append(x.shape[0]) } }
  mutating func stream(_ x: inout RandomStream) {}
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}

/// Leaves the examples of a shard.
private struct ShardCutter: LeafVisitor {
  static let isReading = false
  let range: Range<Int>

  mutating func tensor(_ x: inout Tensor) { if x.rank > 0 { x = x[range] } }
  mutating func stream(_ x: inout RandomStream) {}
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}
