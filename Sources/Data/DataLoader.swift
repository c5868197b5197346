import Synchronization
import Tensors

/// A data set's batches, in order or shuffled, the next one prepared while this one is used.
///
///     let loader = DataLoader(digits, batchSize: 64, shuffle: true, seed: 1)
///     for epoch in 0..<10 {
///       for (x, y) in loader { … }       // another order each time
///     }
///
/// Each loop over a loader is a pass with an order of its own, which depends on the seed and the number of the pass and on nothing else:
/// the same seed gives the same orders, with or without `prefetch`. A loader and its copies count their passes together; ``pass(_:)`` asks
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
  private let passes = PassCounter()

  /// Without a seed it takes one from the stream in force, so that ``withSeed(_:_:)`` makes it reproducible.
  public init(_ data: D, batchSize: Int, shuffle: Bool = false, seed: UInt64? = nil, dropLast: Bool = false, prefetch: Bool = true) {
    if batchSize < 1 { fail(TensorError("DataLoader", "a batch size of \(batchSize); 1 or more would fit")) }
    if data.count < 0 { fail(TensorError("DataLoader", "a data set of \(data.count) examples; 0 or more would fit")) }
    self.data = data
    self.batchSize = Swift.max(1, batchSize)
    self.shuffle = shuffle
    self.seed = seed ?? DataLoader.freshSeed()
    self.dropLast = dropLast
    self.prefetch = prefetch
  }

  private static func freshSeed() -> UInt64 {
    var stream = currentRandomStream()
    return stream.next()
  }

  /// The same with the orders of another seed.
  public func seeded(_ seed: UInt64) -> DataLoader {
    var copy = self
    copy.seed = seed
    return copy
  }

  /// The number of batches in a pass.
  public var batchCount: Int {
    let (whole, rest) = Swift.max(0, data.count).quotientAndRemainder(dividingBy: batchSize)
    return whole + (rest > 0 && !dropLast ? 1 : 0)
  }

  /// The same, for `Sequence`.
  public var underestimatedCount: Int { batchCount }

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
    }
    return BatchIterator(self, order, passSeed, from: Swift.max(0, batch))
  }
}

/// The batches of one pass, each begun when the one before is handed out.
///
/// No work goes on behind its back once it is gone: leaving a loop early waits for the batch that is being made, if one is.
public final class BatchIterator<D: Dataset>: IteratorProtocol, Sequence {
  private let loader: DataLoader<D>
  /// The examples in the order of the pass; nil for their own.
  private let order: [Int]?
  private let seed: UInt64
  private var position: Int
  private var ahead: Ahead<Made>?

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

  deinit { ahead?.discard() }

  /// The next batch; nil at the end of the pass, and after a mistake in a `checked` scope.
  public func next() -> D.Element? {
    if ahead == nil { prepare(inBackground: false) }
    guard let made = ahead?.take() else { return nil }
    ahead = nil
    switch made.batch {
    case .success(let batch):
      if loader.prefetch && made.duration >= Self.worthwhile { prepare(inBackground: true) }
      return batch
    case .failure(let error):
      // A mistake belongs to the thread that asked for the batch, whose `checked` scope may be waiting for it.
      fail(error as? TensorError ?? TensorError("DataLoader", "\(error)"))
      return nil
    }
  }

  private func prepare(inBackground: Bool) {
    guard position < loader.batchCount else { return }
    let start = position * loader.batchSize
    let count = Swift.min(loader.batchSize, loader.data.count - start)
    guard attempt({ () throws(TensorError) in try checkList(count, of: 8, "DataLoader", "a batch of \(count) examples") }) != nil else {
      return
    }
    let indices = Array(order?[start..<start + count] ?? ArraySlice(start..<start + count))
    let (data, batchSeed) = (loader.data, mix(seed, UInt64(position)))
    position += 1
    ahead = Ahead(inBackground: inBackground) {
      let start = ContinuousClock.now
      let batch = Result { try checked { withSeed(batchSeed) { data.batch(indices) } } }
      return Made(batch: batch, duration: start.duration(to: .now))
    }
  }
}

/// How many passes a loader has begun.
private final class PassCounter: Sendable {
  private let count = Atomic<Int>(0)
  func next() -> Int { count.add(1, ordering: .relaxed).oldValue }
}

/// A seed for each part of what has a seed, neighbours unlike each other: the mixing of SplitMix64.
private func mix(_ seed: UInt64, _ part: UInt64) -> UInt64 {
  var z = seed ^ (part &+ 1) &* 0x9E37_79B9_7F4A_7C15
  z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
  z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
  return z ^ z >> 31
}
