import Data
import Models
import Tensors

// What a run of a shard changes in a model beside its gradient, and what becomes of it when all shards have run.

extension Model {
  /// The model as a shard runs it: its random streams are the shard's, and of states that have a row for each example it has the shard's rows.
  func ofShard(_ shard: Int, range: Range<Int>, of count: Int) -> Self {
    var copy = self
    var visitor = OfShard(shard: shard, range: range, count: count)
    copy.visit(&visitor)
    return copy
  }

  /// What the states are, in order: buffers, and values of the last run.
  var states: [(value: Tensor?, isBuffer: Bool)] {
    var copy = self
    var visitor = StateList()
    copy.visit(&visitor)
    return visitor.list
  }

  /// The model after a step whose shards left these states: streams have moved on, buffers have moved by the mean over examples, values of the
  /// last run are those of all examples.
  ///
  /// Buffers that are no floating-point numbers, and values without a row for each example, are the first shard's.
  func afterShards(_ shards: [(range: Range<Int>, states: [Tensor?])], of count: Int) -> Self {
    var copy = self
    var streams = Advance()
    copy.visit(&streams)
    let before = states
    var after = before.map(\.value)
    for (i, (old, isBuffer)) in before.enumerated() {
      let values = shards.compactMap { shard in i < shard.states.count ? shard.states[i].map { (shard.range, $0) } : nil }
      guard let first = values.first?.1 else { continue }
      if isBuffer, let old {
        guard old.dtype.isFloatingPoint, values.allSatisfy({ $0.1.shape == old.shape && $0.1.dtype == old.dtype }) else {
          after[i] = first
          continue
        }
        // By differences: what no shard has changed keeps its bits.
        var moved: Tensor?
        for (range, value) in values {
          let difference = (value - old) * (Double(range.count) / Double(count))
          moved = moved.map { $0 + difference } ?? difference
        }
        after[i] = moved.map { old + $0 } ?? old
      } else if !isBuffer {
        let isByExample =
          values.count == shards.count
          && values.allSatisfy { range, value in
            value.rank > 0 && value.shape[0] == range.count && value.shape.dropFirst().elementsEqual(first.shape.dropFirst())
              && value.dtype == first.dtype
          }
        after[i] = isByExample && values.count > 1 ? concatenate(values.map(\.1)) : first
      }
    }
    var assign = StateAssignment(values: after)
    copy.visit(&assign)
    return copy
  }
}

/// The stream of a shard: another one for each, wherever it runs.
func stream(_ random: RandomStream, ofShard shard: Int) -> RandomStream {
  RandomStream(seed: mix(mix(random.seed, random.position), UInt64(shard)))
}

/// The stream after a step, however much each shard has drawn of its own.
func advanced(_ random: RandomStream) -> RandomStream { RandomStream(seed: random.seed, position: random.position &+ 4) }

private struct OfShard: ModelVisitor {
  let shard: Int
  let range: Range<Int>
  let count: Int

  mutating func stream(_ random: inout RandomStream, _ name: PartName) { random = Training.stream(random, ofShard: shard) }
  mutating func value<S: ModelState>(of state: inout S, _ name: PartName) {
    guard !(S.self is Buffer.Type), let last = state.last, last.rank > 0, last.shape[0] == count, count > 1 else { return }
    state.last = last.detached[range]
  }
}

private struct Advance: ModelVisitor {
  mutating func stream(_ random: inout RandomStream, _ name: PartName) { random = advanced(random) }
}

private struct StateList: ModelVisitor {
  var list: [(value: Tensor?, isBuffer: Bool)] = []
  mutating func value<S: ModelState>(of state: inout S, _ name: PartName) {
    list.append((state.last?.detached, S.self is Buffer.Type))
  }
}

private struct StateAssignment: ModelVisitor {
  let values: [Tensor?]
  var index = 0
  mutating func value<S: ModelState>(of state: inout S, _ name: PartName) {
    defer { index += 1 }
    if index < values.count, let value = values[index] { state.last = value }
  }
}

/// Whether two states are the same tensor, so that nothing has changed it.
func isSame(_ a: Tensor?, _ b: Tensor?) -> Bool {
  guard let a, let b else { return a == nil && b == nil }
  return a.shape == b.shape && a.dtype == b.dtype && a.isSameMemory(as: b)
}
