import Fluxion
import Foundation
import Synchronization
import Testing

@Suite struct DataLoaderTests {
  private static func data(_ count: Int) -> TensorDataset {
    let rows = (0..<count).map { Float($0) }
    return TensorDataset(Tensor(rows + rows, shape: [2, count]).transposed(), Tensor(Array(0..<count)))
  }

  private static func ids(_ batches: some Sequence<(Tensor, Tensor)>) -> [[Int]] {
    batches.map { x, y in
      let ids = y.scalars(Int.self)
      #expect(x.shape == [ids.count, 2])
      #expect(x.scalars(Float.self) == ids.flatMap { [Float($0), Float($0)] })
      return ids
    }
  }

  @Test(arguments: [1, 2, 7, 10, 11, 64], [false, true])
  func batchesCoverEveryExampleOnce(_ batchSize: Int, _ isRandom: Bool) {
    for dropLast in [false, true] {
      for prefetch in [false, true] {
        for count in [0, 1, 10, 21] {
          let loader = DataLoader(
            Self.data(count), batchSize: batchSize, shuffle: isRandom, seed: 3, dropLast: dropLast, prefetch: prefetch)
          let batches = Self.ids(loader)
          let full = count / batchSize
          let sizes = Array(repeating: batchSize, count: full) + (dropLast || count % batchSize == 0 ? [] : [count % batchSize])
          #expect(batches.map(\.count) == sizes)
          #expect(loader.batchCount == sizes.count)
          let seen = batches.flatMap { $0 }
          #expect(Set(seen).count == seen.count)
          if !isRandom { #expect(seen == Array(0..<seen.count)) }
        }
      }
    }
  }

  @Test func anOrderFollowsFromSeedAndPass() {
    func passes(_ seed: UInt64?, prefetch: Bool = true) -> [[[Int]]] {
      let loader = DataLoader(Self.data(50), batchSize: 8, shuffle: true, seed: seed, prefetch: prefetch)
      return (0..<3).map { _ in Self.ids(loader) }
    }
    let first = passes(1)
    #expect(Set(first).count == 3, "each pass has an order of its own")
    #expect(passes(1) == first)
    #expect(passes(1, prefetch: false) == first)
    #expect(passes(2) != first)
    #expect(withSeed(5) { passes(nil) } == withSeed(5) { passes(nil) })
    #expect(passes(nil) != passes(nil))

    let loader = DataLoader(Self.data(50), batchSize: 8, shuffle: true, seed: 1)
    #expect(Self.ids(loader.pass(2)) == first[2])
    #expect(Self.ids(loader) == first[0], "asking for a pass by its number does not count as one")
  }

  /// Random numbers in a data set follow from the loader's seed, wherever the batch is made.
  @Test func augmentationIsReproducible() {
    struct Noise: Dataset {
      let count = 30
      func batch(_ indices: [Int]) -> [Double] {
        // Long enough to be made in the background.
        usleep(200)
        return Tensor.uniform([indices.count], .float64).scalars()
      }
    }
    func draw(_ prefetch: Bool, _ seed: UInt64) -> [[Double]] { Array(DataLoader(Noise(), batchSize: 4, seed: seed, prefetch: prefetch)) }
    #expect(draw(true, 1) == draw(false, 1))
    #expect(draw(true, 1) != draw(true, 2))
    #expect(Set(draw(true, 1)).count == 8)
  }

  @Test func aPassGoesOnFromABatch() {
    for prefetch in [false, true] {
      let loader = DataLoader(Self.data(50), batchSize: 8, shuffle: true, seed: 1, prefetch: prefetch)
      let whole = Self.ids(loader.pass(2))
      for batch in 0...8 { #expect(Self.ids(loader.pass(2, from: batch)) == Array(whole.dropFirst(batch))) }
    }
  }

  // MARK: The background

  /// Counts the batches that exist and those that were made.
  private final class Ledger: Sendable {
    let alive = Atomic<Int>(0)
    let made = Atomic<Int>(0)
  }
  private final class Batch: Sendable {
    let ledger: Ledger
    init(_ ledger: Ledger) {
      self.ledger = ledger
      ledger.alive.add(1, ordering: .sequentiallyConsistent)
      ledger.made.add(1, ordering: .sequentiallyConsistent)
    }
    deinit { ledger.alive.subtract(1, ordering: .sequentiallyConsistent) }
  }
  private struct Counted: Dataset {
    let ledger: Ledger
    let microseconds: UInt32
    let count = 100
    func batch(_ indices: [Int]) -> Batch {
      usleep(microseconds)
      return Batch(ledger)
    }
  }

  @Test(arguments: [0, 100, 2000] as [UInt32]) func leavingALoopEarlyLeavesNothingBehind(_ microseconds: UInt32) {
    for stop in 0..<20 {
      let ledger = Ledger()
      var seen = 0
      for batch in DataLoader(Counted(ledger: ledger, microseconds: microseconds), batchSize: 5) {
        seen += 1
        #expect(batch.ledger === ledger)
        if seen > stop { break }
      }
      // At most one ahead, and it is gone with the loop.
      #expect(ledger.alive.load(ordering: .sequentiallyConsistent) == 0)
      #expect(seen...seen + 1 ~= ledger.made.load(ordering: .sequentiallyConsistent))
    }
  }

  /// Between two batches, while nobody asks, the next one comes into being.
  @Test func theNextBatchIsPreparedMeanwhile() {
    for prefetch in [false, true] {
      let ledger = Ledger()
      let batches = DataLoader(Counted(ledger: ledger, microseconds: 1000), batchSize: 5, prefetch: prefetch).makeIterator()
      for handedOut in 1...5 {
        _ = batches.next()
        let expected = prefetch ? handedOut + 1 : handedOut
        var patience = 5000
        while ledger.made.load(ordering: .sequentiallyConsistent) < expected && patience > 0 {
          usleep(1000)
          patience -= 1
        }
        #expect(ledger.made.load(ordering: .sequentiallyConsistent) == expected)
      }
    }
  }

  @Test func manyLoopsAtOnceDoNotWaitForEachOther() async {
    let sums = await withTaskGroup(of: Int.self) { group in
      for seed in 0..<32 {
        group.addTask {
          DataLoader(Self.data(500), batchSize: 3, shuffle: true, seed: UInt64(seed)).reduce(0) { $0 + $1.1.scalars(Int.self).reduce(0, +) }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(sums == Array(repeating: 499 * 500 / 2, count: 32))
  }

  /// Any batch size above the number of examples gives one batch of all, as people ask for it.
  @Test(arguments: [6, 7, 1 << 31, Int.max - 1, .max]) func oneBatchOfAll(_ batchSize: Int) throws {
    for dropLast in [false, true] {
      let loader = DataLoader(Self.data(6), batchSize: batchSize, dropLast: dropLast)
      let isOne = !dropLast || batchSize == 6
      #expect(loader.batchCount == (isOne ? 1 : 0))
      #expect(Self.ids(loader) == (isOne ? [[0, 1, 2, 3, 4, 5]] : []))
    }
    var model = Dense(2, 1)
    let targets = TensorDataset(Self.data(6).inputs, .ones([6, 1]))
    let history = try model.fit(
      targets, validation: targets, loss: mse, optimizer: SGD(learningRate: 0.01), epochs: 2, batchSize: batchSize, progress: .none)
    #expect(history.epochs.count == 2 && model.evaluate(targets, loss: mse, batchSize: batchSize).loss.isFinite)
  }

  /// A data set that says of itself what it likes.
  private struct Claiming: Dataset {
    let count: Int
    func batch(_ indices: [Int]) -> [Int] { indices }
  }

  /// In its own order a data set needs no list of its positions, however many they are.
  @Test func moreExamplesThanMemoryHolds() {
    let loader = DataLoader(Claiming(count: .max), batchSize: 2)
    #expect(loader.batchCount == 1 << 62)
    #expect(Array(loader.prefix(2)) == [[0, 1], [2, 3]])
    #expect(Array(loader.pass(0, from: 1 << 62 - 1)) == [[.max - 1]])
  }

  // MARK: Mistakes

  @Test func mistakesAreOneSentence() {
    struct Broken: Dataset {
      let count = 3
      func batch(_ indices: [Int]) -> Tensor { Tensor([1, 2], .int64) + Tensor([1, 2, 3], .int64) }
    }
    let cases: [(() -> Void, String)] = [
      ({ _ = DataLoader(Self.data(4), batchSize: 0) }, "DataLoader: a batch size of 0; 1 or more would fit"),
      (
        { _ = TensorDataset(.zeros([3, 2]), .zeros([4])) },
        "TensorDataset: inputs [3, 2] and targets [4]: they need the same number of rows"
      ),
      ({ _ = TensorDataset(.zeros([]), .zeros([])) }, "TensorDataset: inputs [] and targets []: they need the same number of rows"),
      ({ _ = Self.data(4)[2..<5] }, "TensorDataset: examples 2..<5 of 4"),
      ({ _ = Self.data(4).split(at: 5) }, "TensorDataset: split at 5 of 4 examples"),
      ({ _ = DataLoader(Self.data(4), batchSize: 2).pass(-1) }, "DataLoader: pass -1; 0 or more would fit"),
      ({ _ = DataLoader(Claiming(count: -3), batchSize: 2) }, "DataLoader: a data set of -3 examples; 0 or more would fit"),
      (
        { _ = DataLoader(Claiming(count: .max), batchSize: 2, shuffle: true).pass(0) },
        "DataLoader: the order of 9223372036854775807 examples take 9223372036854775807 bytes, more than memory could hold"
      ),
      ({ _ = Self.data(4).batch([.max, 0]) }, "take: index 9223372036854775807 at position 0 for axis 0 of [4, 2]; -4 to 3 would fit"),
    ]
    for (body, sentence) in cases {
      #expect { try checked { body() } } throws: { "\($0)" == sentence }
    }
    for prefetch in [false, true] {
      #expect { try checked { for _ in DataLoader(Broken(), batchSize: 1, prefetch: prefetch) {} } } throws: {
        ($0 as? TensorError)?.operation == "+"
      }
    }
  }

  @Test func aMistakeStopsTheProcess() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = DataLoader(TensorDataset(.zeros([2]), .zeros([2])), batchSize: -1)
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("DataLoader: a batch size of -1; 1 or more would fit"))
  }

  @Test func partsOfADataSetAreItsRows() {
    let data = Self.data(10)
    let (a, b) = data.split(at: 4)
    #expect(a.targets.scalars(Int.self) == [0, 1, 2, 3] && b.targets.scalars(Int.self) == [4, 5, 6, 7, 8, 9])
    #expect(data[2..<4].inputs.scalars(Float.self) == [2, 2, 3, 3])
    #expect(data.batch([9, 0, 0]).1.scalars(Int.self) == [9, 0, 0])
  }
}
