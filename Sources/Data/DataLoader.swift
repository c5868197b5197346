import Synchronization
import Tensors

/// A data set's batches, in order or shuffled, the next one prepared while this one is used.
///
///     let loader = DataLoader(digits, batchSize: 64, shuffle: true, seed: 1)
///     for epoch in 0..<10 {
///       for (x, y) in loader { … }       // another order each time
///     }
///
/// What the pass takes of the data may follow from a ``Sampler``. Where making a batch is what takes the time, because files are read and images
/// decoded, `workers: 4` makes four batches at once on threads of their own:
///
///     DataLoader(photos, batchSize: 32, shuffle: true, workers: 4)
///
/// Each loop over a loader is a pass with an order of its own, which depends on the seed and the number of the pass and on nothing else:
/// the same seed gives the same orders, and batches the same random numbers, with or without `prefetch` and for any number of workers. A loader and its copies count their passes together; ``pass(_:)`` asks
/// for one by its number.
public struct DataLoader<D: Dataset>: Sequence, Sendable {
  /// The examples.
  public let data: D
  /// The examples of a batch; the last one of a pass may have fewer.
  ///
  /// With `Int.max`, or any size from the number of examples on, there is one batch of all.
  public let batchSize: Int
  /// Whether each pass has a random order.
  public let shuffle: Bool
  /// What the orders follow from.
  public private(set) var seed: UInt64
  /// Whether a last batch that is not full is left out.
  public let dropLast: Bool
  /// Whether a batch is prepared on another thread while the one before is in use, if it takes long enough for that to pay.
  public let prefetch: Bool
  /// How many batches are prepared at once while one is in use.
  public let workers: Int
  /// What chooses the examples of a pass; nil for all of them, in order or shuffled.
  public let sampler: (any Sampler)?
  private let passes = PassCounter()

  /// Without a seed it takes one from the stream in force, so that ``withSeed(_:_:)`` makes it reproducible.
  ///
  /// With two workers or more, up to 1024, batches are always prepared on other threads, as many ahead as there are workers. Without `prefetch` there are
  /// no other threads.
  public init(
    _ data: D, batchSize: Int, shuffle: Bool = false, seed: UInt64? = nil, dropLast: Bool = false, prefetch: Bool = true, workers: Int = 1
  ) {
    self.init(data, batchSize, shuffle, nil, seed, dropLast, prefetch, workers)
  }

  /// A loader whose passes have the examples that a sampler chooses.
  public init(
    _ data: D, batchSize: Int, sampler: any Sampler, seed: UInt64? = nil, dropLast: Bool = false, prefetch: Bool = true, workers: Int = 1
  ) {
    self.init(data, batchSize, false, sampler, seed, dropLast, prefetch, workers)
  }

  fileprivate init(
    _ data: D, _ batchSize: Int, _ shuffle: Bool, _ sampler: (any Sampler)?, _ seed: UInt64?, _ dropLast: Bool, _ prefetch: Bool,
    _ workers: Int
  ) {
    if !(1...1024).contains(workers) { fail(TensorError("DataLoader", "\(workers) workers; 1 to 1024 would fit")) }
    if batchSize < 1 { fail(TensorError("DataLoader", "a batch size of \(batchSize); 1 or more would fit")) }
    if data.count < 0 { fail(TensorError("DataLoader", "a data set of \(data.count) examples; 0 or more would fit")) }
    self.data = data
    self.batchSize = Swift.max(1, batchSize)
    self.shuffle = shuffle
    self.seed = seed ?? DataLoader.freshSeed()
    self.dropLast = dropLast
    self.prefetch = prefetch
    self.workers = Swift.min(Swift.max(1, workers), 1024)
    self.sampler = sampler
  }

  private static func freshSeed() -> UInt64 {
    var stream = currentRandomStream()
    return stream.next()
  }

  /// The number of examples in a pass.
  public var exampleCount: Int { Swift.max(0, sampler?.count(of: Swift.max(0, data.count)) ?? data.count) }
  /// A loader of other data, gone through in the same order: as many examples, at the same positions.
  package func with<Other: Dataset>(_ other: Other) -> DataLoader<Other> {
    DataLoader<Other>(other, batchSize, shuffle, sampler, seed, dropLast, prefetch, workers)
  }

  /// The same with the orders of another seed.
  public func seeded(_ seed: UInt64) -> DataLoader {
    var copy = self
    copy.seed = seed
    return copy
  }

  /// The number of batches in a pass.
  public var batchCount: Int {
    let (whole, rest) = exampleCount.quotientAndRemainder(dividingBy: batchSize)
    return whole + (rest > 0 && !dropLast ? 1 : 0)
  }

  /// The next pass.
  public func makeIterator() -> BatchIterator<D> { pass(passes.next()) }

  /// The pass of a number, counted from 0; it does not count as one for later loops.
  ///
  /// From a batch on, counted from 0, it gives the batches that the whole pass gives from there on; there are none behind the last one.
  public func pass(_ number: Int, from batch: Int = 0) -> BatchIterator<D> {
    if number < 0 { fail(TensorError("DataLoader", "pass \(number); 0 or more would fit")) }
    if batch < 0 { fail(TensorError("DataLoader", "a pass from batch \(batch) on; 0 or more would fit")) }
    let passSeed = mix(seed, UInt64(Swift.max(0, number)))
    var order: [Int]?
    let count = Swift.max(0, data.count)
    if shuffle, attempt({ () throws(TensorError) in try checkList(count, of: 8, "DataLoader", "the order of \(count) examples") }) != nil {
      var stream = RandomStream(seed: passSeed)
      order = (0..<count).shuffled(using: &stream)
    } else if let sampler {
      var stream = RandomStream(seed: passSeed)
      order = verified(sampler.positions(of: count, using: &stream), count)
    }
    return BatchIterator(self, order, passSeed, from: Swift.max(0, batch))
  }
}

extension DataLoader {
  /// What a sampler gave, if it is as it said; else nothing, after a mistake.
  private func verified(_ positions: [Int], _ count: Int) -> [Int] {
    if positions.count != exampleCount {
      fail(TensorError("DataLoader", "a sampler of \(exampleCount) examples gave \(positions.count)"))
    } else if let wrong = positions.first(where: { $0 < 0 || $0 >= count }) {
      fail(TensorError("DataLoader", "a sampler chose example \(wrong) of \(count)"))
    } else {
      return positions
    }
    return []
  }
}

/// The batches of one pass, each begun when the one before is handed out.
///
/// No work goes on behind its back once it is gone: leaving a loop early waits for the batches that are being made, if any are, and begins no others.
public final class BatchIterator<D: Dataset>: IteratorProtocol, Sequence {
  private let loader: DataLoader<D>
  /// The examples in the order of the pass; nil for their own.
  private let order: [Int]?
  private let seed: UInt64
  private var position: Int
  /// The next batches, in order.
  private var ahead: [Ahead<Made>] = []

  private struct Made: Sendable {
    let batch: Result<D.Element, any Error>
    let duration: Duration
  }
  /// Waking another thread costs about 10 µs, and takes a core from the operators that run meanwhile: a batch that is a few rows of a
  /// tensor is made sooner than that.
  private static var worthwhile: Duration { .microseconds(50) }

  init(_ loader: DataLoader<D>, _ order: [Int]?, _ seed: UInt64, from batch: Int) {
    self.loader = loader
    self.order = order
    self.seed = seed
    position = batch
  }

  deinit {
    // Those that nobody has begun first: no worker takes them up while the others are waited for.
    for batch in ahead.reversed() { batch.discard() }
  }

  /// The next batch; nil at the end of the pass, and after a mistake in a `checked` scope.
  ///
  /// What the data set throws is a mistake here, which `checked` throws; ``nextBatch()`` throws it as it is.
  public func next() -> D.Element? {
    do {
      return try nextBatch()
    } catch {
      // A mistake belongs to the thread that asked for the batch, whose `checked` scope may be waiting for it.
      fail(error as? TensorError ?? TensorError("DataLoader", "\(error)"))
      return nil
    }
  }

  /// The next batch, or nil at the end of the pass; throws what the data set threw while it made this one, after which the pass is over.
  ///
  ///     let batches = loader.makeIterator()
  ///     while let (x, y) = try batches.nextBatch() { … }
  public func nextBatch() throws -> D.Element? {
    if ahead.isEmpty {
      if loader.prefetch && loader.workers > 1 { fill() } else { prepare(inBackground: false) }
    }
    if ahead.isEmpty { return nil }
    guard let made = ahead.removeFirst().take() else { return nil }
    switch made.batch {
    case .success(let batch):
      if loader.prefetch {
        if loader.workers > 1 {
          fill()
        } else if made.duration >= Self.worthwhile {
          prepare(inBackground: true)
        }
      }
      return batch
    case .failure(let error):
      position = .max
      for batch in ahead.reversed() { batch.discard() }
      ahead = []
      throw error
    }
  }

  /// Begins batches until there is one for each worker.
  private func fill() {
    while ahead.count < loader.workers, prepare(inBackground: true) {}
  }

  /// Begins the batch that comes behind those that have been begun; false if there is none.
  @discardableResult
  private func prepare(inBackground: Bool) -> Bool {
    guard position < loader.batchCount else { return false }
    let start = position * loader.batchSize
    let count = Swift.min(loader.batchSize, (order?.count ?? loader.data.count) - start)
    guard count > 0,
      attempt({ () throws(TensorError) in try checkList(count, of: 8, "DataLoader", "a batch of \(count) examples") }) != nil
    else { return false }
    let indices = Array(order?[start..<start + count] ?? ArraySlice(start..<start + count))
    let (data, batchSeed) = (loader.data, mix(seed, UInt64(position)))
    position += 1
    ahead.append(
      Ahead(inBackground: inBackground) {
        let start = ContinuousClock.now
        let batch = Result { try checked { try withSeed(batchSeed) { try data.batch(indices) } } }
        return Made(batch: batch, duration: start.duration(to: .now))
      })
    return true
  }
}

/// How many passes a loader has begun.
private final class PassCounter: Sendable {
  private let count = Atomic<Int>(0)
  func next() -> Int { count.add(1, ordering: .relaxed).oldValue }
}

/// A seed for each part of what has a seed, neighbours unlike each other: the mixing of SplitMix64.
package func mix(_ seed: UInt64, _ part: UInt64) -> UInt64 {
  var z = seed ^ (part &+ 1) &* 0x9E37_79B9_7F4A_7C15
  z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
  z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
  return z ^ z >> 31
}
