import Data
import Tensors

/// Where the batches of a run come from, epoch by epoch.
struct BatchSource<Batch> {
  /// The batches of an epoch; nil where they are not known before they are made.
  let count: Int?
  /// The examples of a full batch; nil where batches are given as they are.
  let batchSize: Int?
  /// How the data are gone through, in words; a run that is taken up again has to go through the same.
  let order: String
  /// The batches of an epoch of a run with a seed, from one of them on.
  let pass: (_ seed: UInt64, _ epoch: Int, _ batch: Int) -> BatchPass<Batch>
  /// The same in shards, of which a process makes its own; nil where batches cannot be cut.
  private(set) var shardedPass: ((_ seed: UInt64, _ epoch: Int, _ batch: Int) -> BatchPass<ShardedBatch<Batch>>)?
  /// The first pass in order, of which a process makes some of the batches.
  private(set) var ownBatches: ((_ rank: Int, _ processes: Int) -> BatchPass<(index: Int, batch: Batch?)>)?
  /// Tells a check of what processes have in common about the examples.
  private(set) var describe: ((inout StartCheck) throws -> Void)?

  /// A loader's passes, in the orders of the run's seed; across several processes, in shards.
  init<D: Dataset>(_ loader: DataLoader<D>, across exchange: (any GradientExchange)? = nil) where D.Element == Batch {
    count = loader.batchCount
    batchSize = loader.batchSize
    order =
      "batches of \(loader.batchSize) of \(loader.exampleCount) examples, "
      + (loader.sampler.map { "chosen by \(type(of: $0))" } ?? (loader.shuffle ? "shuffled" : "in order"))
      + (exchange.map { $0.isReproducible ? ", in \($0.shards) shards" : ", in shards" } ?? "")
    pass = { seed, epoch, batch in
      let batches = loader.seeded(seed).pass(epoch, from: batch)
      return BatchPass { try batches.nextBatch() }
    }
    guard let exchange else { return }
    let sharded = loader.with(ShardedDataset(loader.data, shards: exchange.shards, own: exchange.ownShards(of: exchange.shards)))
    shardedPass = { seed, epoch, batch in
      let batches = sharded.seeded(seed).pass(epoch, from: batch)
      return BatchPass { try batches.nextBatch() }
    }
    ownBatches = { rank, processes in
      let own = EveryNthBatch(loader.data, batchSize: loader.batchSize, rank: rank, of: processes)
      let batches = loader.with(own).pass(0)
      return BatchPass { try batches.nextBatch() }
    }
    describe = { check in try check.addExamples(loader.data) }
  }

  /// All examples of a data set in order, which is how data that are not learned from are gone through.
  init(inOrder data: any Dataset<Batch>, batchSize: Int, across exchange: (any GradientExchange)? = nil) {
    func source<D: Dataset<Batch>>(_ data: D) -> BatchSource {
      BatchSource(DataLoader(data, batchSize: batchSize, seed: 0), across: exchange)
    }
    self = source(data)
  }

  /// Batches that are ready, the same ones in each epoch; across several processes, cut into shards.
  init<S: Sequence>(_ batches: S, across exchange: (any GradientExchange)? = nil) where S.Element == Batch {
    count = (batches as? any Collection)?.count
    batchSize = nil
    order = "batches that are ready" + (exchange.map { $0.isReproducible ? ", in \($0.shards) shards" : ", in shards" } ?? "")
    func pass(from batch: Int) -> BatchPass<Batch> {
      var iterator = batches.makeIterator()
      for _ in 0..<batch where iterator.next() == nil { break }
      return BatchPass { iterator.next() }
    }
    self.pass = { _, _, batch in pass(from: batch) }
    guard let exchange else { return }
    shardedPass = { _, _, batch in
      let whole = pass(from: batch)
      var isFirst = true
      return BatchPass {
        guard let batch = try whole.nextBatch() else { return nil }
        if isFirst && !checkReach(batch) { return nil }
        isFirst = false
        return cut(batch, into: exchange.shards, own: exchange.ownShards(of: exchange.shards))
      }
    }
    ownBatches = { rank, processes in
      let whole = pass(from: 0)
      var index = -1
      return BatchPass {
        guard let batch = try whole.nextBatch() else { return nil }
        index += 1
        return (index, index % processes == rank ? batch : nil)
      }
    }
    // A sequence that is no collection may be gone through only so often.
    guard let first = (batches as? any Collection)?.first else { return }
    describe = { check in check.addBatch(first) }
  }
}

/// The batches of an epoch.
struct BatchPass<Batch>: Sequence, IteratorProtocol {
  /// The next one; throws what its data set threw.
  let nextBatch: () throws -> Batch?

  /// The next one; what its data set throws is a mistake.
  func next() -> Batch? {
    do {
      return try nextBatch()
    } catch {
      fail(error as? TensorError ?? TensorError("DataLoader", "\(error)"))
      return nil
    }
  }
}

/// How many examples a batch has: the size of the first axis of its first tensor, found by reflection; 1 where it has none.
func exampleCount<Batch>(_ batch: Batch) -> Int {
  func rows(_ x: Tensor) -> Int { x.rank > 0 ? x.shape[0] : 1 }
  // What nearly all are, without reflection.
  if let pair = batch as? (Tensor, Tensor) { return rows(pair.0) }
  if let x = batch as? Tensor { return rows(x) }
  func search(_ value: Any, _ depth: Int) -> Int? {
    if let x = value as? Tensor { return rows(x) }
    if depth == 0 { return nil }
    return Mirror(reflecting: value).children.lazy.compactMap { search($0.value, depth - 1) }.first
  }
  return search(batch, 3) ?? 1
}
