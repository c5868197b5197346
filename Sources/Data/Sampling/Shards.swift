import Tensors

/// A batch's part that is computed by itself: in training over several processes a batch is cut into a number of them that does not depend on
/// how many processes there are.
package struct Shard<Element> {
  /// Which of the batch's shards it is, counted from 0.
  package let index: Int
  /// Where its examples lie in the batch.
  package let range: Range<Int>
  /// Its examples.
  package let batch: Element

  package init(index: Int, range: Range<Int>, batch: Element) { (self.index, self.range, self.batch) = (index, range, batch) }
}

/// A batch, of which this process has some of the shards.
package struct ShardedBatch<Element> {
  /// The examples of the whole batch.
  package let count: Int
  /// The shards that this process computes, in order; those without examples are left out.
  package let shards: [Shard<Element>]

  package init(count: Int, shards: [Shard<Element>]) { (self.count, self.shards) = (count, shards) }
}

extension Shard: Sendable where Element: Sendable {}
extension ShardedBatch: Sendable where Element: Sendable {}

/// The examples of a data set in batches of shards, of which only those of this process are made.
package struct ShardedDataset<D: Dataset>: Dataset {
  let data: D
  /// How many shards a batch is cut into.
  let shards: Int
  /// Those of this process.
  let own: Range<Int>

  package init(_ data: D, shards: Int, own: Range<Int>) { (self.data, self.shards, self.own) = (data, shards, own) }

  package var count: Int { data.count }

  /// Each shard's random numbers follow from the batch's seed and the shard, so that they are the same wherever it is made.
  package func batch(_ indices: [Int]) throws -> ShardedBatch<D.Element> {
    let seed = randomStreamInForce.seed
    let made = try own.compactMap { shard -> Shard<D.Element>? in
      let range = shardRange(shard, of: shards, count: indices.count)
      if range.isEmpty { return nil }
      let batch = try withSeed(mix(seed, UInt64(shard))) { try data.batch(Array(indices[range])) }
      return Shard(index: shard, range: range, batch: batch)
    }
    return ShardedBatch(count: indices.count, shards: made)
  }
}

/// Where the examples of a shard lie in a batch of `count`: in order, as many in each as in another, or one more.
package func shardRange(_ shard: Int, of shards: Int, count: Int) -> Range<Int> {
  count * shard / shards..<count * (shard + 1) / shards
}

/// A data set in batches of which a process makes every so manieth: those of validation data, which are shared out whole.
package struct EveryNthBatch<D: Dataset>: Dataset {
  let data: D
  let batchSize: Int
  let rank: Int
  let processes: Int

  package init(_ data: D, batchSize: Int, rank: Int, of processes: Int) {
    (self.data, self.batchSize, self.rank, self.processes) = (data, batchSize, rank, processes)
  }

  package var count: Int { data.count }

  /// A batch's number, and its examples if it is this process's.
  package func batch(_ indices: [Int]) throws -> (index: Int, batch: D.Element?) {
    let index = (indices.first ?? 0) / batchSize
    return (index, index % processes == rank ? try data.batch(indices) : nil)
  }
}
