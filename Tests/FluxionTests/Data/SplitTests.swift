import Fluxion
import Foundation
import Tensors
import Testing

@Suite struct SplitTests {
  private static let classes = (0..<103).map { $0 % 10 == 0 ? 2 : $0 % 3 == 0 ? 1 : 0 }
  private static let data = TensorDataset(Tensor((0..<103).map { Float($0) }, shape: [103, 1]), Tensor(classes))

  /// Every position is in one part.
  private func isPartition(_ parts: [[Int]], _ count: Int) -> Bool { parts.flatMap { $0 }.sorted() == Array(0..<count) }

  @Test func partsHaveTheirShares() {
    for fractions in [[0.8, 0.2], [0.7, 0.15, 0.15], [1], [0, 1], [1.0 / 3, 1.0 / 3, 1.0 / 3]] as [[Double]] {
      let random = Splits.random(103, into: fractions, seed: 1)
      let stratified = Splits.stratified(by: Self.classes, into: fractions, seed: 1)
      for parts in [random, stratified] {
        #expect(isPartition(parts, 103) && parts.count == fractions.count)
        for (part, fraction) in zip(parts, fractions) { #expect(abs(Double(part.count) - fraction * 103) <= 1) }
      }
      for label in 0..<3 {
        let all = Self.classes.filter { $0 == label }.count
        for (part, fraction) in zip(stratified, fractions) {
          #expect(abs(Double(part.filter { Self.classes[$0] == label }.count) - fraction * Double(all)) <= 2)
        }
      }
      #expect(
        Splits.random(103, into: fractions, seed: 1) == random
          && Splits.stratified(by: Self.classes, into: fractions, seed: 1) == stratified)
    }
    #expect(Splits.random(103, into: [0.5, 0.5], seed: 1) != Splits.random(103, into: [0.5, 0.5], seed: 2))
    #expect(withSeed(3) { Splits.random(50, into: [0.5, 0.5]) } == withSeed(3) { Splits.random(50, into: [0.5, 0.5]) })
    let parts = Self.data.split(into: [0.8, 0.2], stratifiedBy: Self.data.targets, seed: 4)
    #expect(parts.map(\.count).reduce(0, +) == 103 && isPartition(parts.map(\.indices), 103))
  }

  @Test func everyExampleIsHeldOutOnce() throws {
    for k in [2, 5, 103] {
      let folds = Splits.folds(k, of: 103, seed: 1)
      #expect(folds.count == k && isPartition(folds.map(\.validation), 103))
      #expect(folds.allSatisfy { isPartition([$0.train, $0.validation], 103) && abs($0.validation.count - 103 / k) <= 1 })
    }
    #expect(Splits.folds(3, of: 7, shuffle: false).map(\.validation) == [[0, 1, 2], [3, 4], [5, 6]])
    let folds = Splits.stratifiedFolds(5, by: Self.classes, seed: 1)
    #expect(isPartition(folds.map(\.validation), 103))
    for label in 0..<3 {
      let counts = folds.map { $0.validation.filter { Self.classes[$0] == label }.count }
      #expect(counts.max()! - counts.min()! <= 1, "\(counts)")
    }
    let (train, validation) = Self.data.folds(5, seed: 2)[3]
    #expect(train.count + validation.count == 103)
    #expect(try validation.batch([0, 1]).1.scalars(Int.self) == validation.indices.prefix(2).map { Self.classes[$0] })
    // Data sets of parts train as others do.
    var model = Dense(1, 3)
    let history = try model.fit(
      train, validation: validation, loss: crossEntropy, optimizer: SGD(learningRate: 1e-4), epochs: 1, batchSize: 16, progress: .none)
    #expect(history.epochs.count == 1)
  }

  @Test func groupsStayTogether() {
    let groups = (0..<60).map { ($0 * $0) % 13 }
    func areApart(_ parts: [[Int]]) -> Bool {
      let sets = parts.map { Set($0.map { groups[$0] }) }
      return sets.reduce(0) { $0 + $1.count } == Set(groups).count
    }
    let parts = Splits.grouped(by: groups, into: [0.75, 0.25], seed: 1)
    #expect(isPartition(parts, 60) && areApart(parts) && parts.allSatisfy { !$0.isEmpty })
    let folds = Splits.groupedFolds(3, by: groups)
    #expect(isPartition(folds.map(\.validation), 60) && areApart(folds.map(\.validation)))
    #expect(folds.map(\.validation.count).max()! - folds.map(\.validation.count).min()! <= 10)
  }

  @Test func tablesAreSplitToo() throws {
    let text = "x,kind,who\n" + (0..<40).map { "\($0),\($0 % 4 == 0 ? "rare" : "common"),\($0 / 5)\n" }.joined()
    let table = try Table(bytes: Array(text.utf8))
    let (train, test) = (
      table.split(into: [0.75, 0.25], stratifiedBy: "kind", seed: 1)[0], table.split(into: [0.75, 0.25], stratifiedBy: "kind", seed: 1)[1]
    )
    #expect(train.rowCount == 30 && abs(test["kind"].texts.filter { $0 == "rare" }.count - 3) <= 1)
    #expect(Set(train["x"].texts).isDisjoint(with: test["x"].texts))
    let grouped = table.split(into: [0.5, 0.5], groupedBy: "who", seed: 1)
    #expect(Set(grouped[0]["who"].texts).isDisjoint(with: grouped[1]["who"].texts))
    #expect(
      table.folds(4, stratifiedBy: "kind").map { $0.validation["kind"].texts.filter { $0 == "rare" }.count }.allSatisfy { 2...3 ~= $0 })
    #expect(
      table.folds(4, seed: 1).map(\.validation.rowCount) == [10, 10, 10, 10] && table.split(into: [0.5, 0.5], seed: 1)[0].rowCount == 20)
  }

  // MARK: Samplers

  private func drawn(_ sampler: any Sampler, _ passes: Int = 1, dropLast: Bool = false) -> [Int] {
    let loader = DataLoader(Self.data, batchSize: 10, sampler: sampler, seed: 1, dropLast: dropLast)
    return (0..<passes).flatMap { _ in loader.flatMap { $0.0.scalars(Float.self).map { Int($0) } } }
  }

  @Test func samplersChooseTheExamples() {
    #expect(drawn(SequentialSampler()) == Array(0..<103))
    #expect(drawn(RandomSampler()).sorted() == Array(0..<103) && drawn(RandomSampler()) != Array(0..<103))
    #expect(drawn(SubsetSampler([5, 3, 8], shuffle: false)) == [5, 3, 8] && drawn(SubsetSampler([5, 3, 8])).sorted() == [3, 5, 8])
    #expect(drawn(RandomSampler(drawing: 1000)).count == 1000 && drawn(RandomSampler(drawing: 15), dropLast: true).count == 10)
    // Each as often as its weight says, within four standard deviations.
    var weights = [Double](repeating: 0, count: 103)
    (weights[0], weights[50], weights[102]) = (1e300, 2e300, 1e300)
    let draws = drawn(WeightedSampler(weights, count: 4000))
    let counts = [0, 50, 102].map { i in draws.filter { $0 == i }.count }
    #expect(counts.reduce(0, +) == 4000 && abs(counts[1] - 2000) < 130 && abs(counts[0] - 1000) < 110)
    let balanced = drawn(BalancedSampler(classes: Self.data.targets, count: 3000)).map { Self.classes[$0] }
    for label in 0..<3 { #expect(abs(balanced.filter { $0 == label }.count - 1000) < 105) }
    #expect(drawn(WeightedSampler(weights, count: 20)) == drawn(WeightedSampler(weights, count: 20)))
    let loader = DataLoader(Self.data, batchSize: 10, sampler: RandomSampler(drawing: 25))
    #expect(loader.exampleCount == 25 && loader.batchCount == 3 && Array(loader).count == 3)
  }

  // MARK: Workers

  private struct Noise: Dataset {
    let count = 50
    var failing = -1
    func batch(_ indices: [Int]) throws -> [Double] {
      // The later ones of four sooner than the first.
      usleep(UInt32(4000 - indices[0] % 4 * 1000))
      if indices.contains(failing) { throw DataError(file: "x\(failing).png", message: "is damaged") }
      return [Double(indices[0])] + Tensor.uniform([3], .float64).scalars(Double.self)
    }
  }

  @Test func anyNumberOfWorkersGivesTheSameBits() {
    func batches(_ workers: Int, prefetch: Bool = true) -> [[Double]] {
      Array(DataLoader(Noise(), batchSize: 2, shuffle: true, seed: 1, prefetch: prefetch, workers: workers))
    }
    let one = batches(1, prefetch: false)
    #expect(one.count == 25 && Set(one).count == 25)
    for workers in [1, 2, 3, 8, 64] { #expect(batches(workers) == one) }
    #expect(batches(4, prefetch: false) == one)
  }

  @Test func severalWorkAtOnce() {
    struct Slow: Dataset {
      let count = 16
      let running = Counter()
      func batch(_ indices: [Int]) -> Int {
        running.enter()
        usleep(30_000)
        running.leave()
        return indices[0]
      }
    }
    let data = Slow()
    #expect(Array(DataLoader(data, batchSize: 1, workers: 4)) == Array(0..<16))
    #expect(2...5 ~= data.running.most)
  }

  private final class Counter: Sendable {
    private let counts = Lock((now: 0, most: 0))
    var most: Int { counts.withLock { $0.most } }
    func enter() { counts.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }
    func leave() { counts.withLock { $0.now -= 1 } }
  }

  @Test func whatAWorkerThrowsArrivesWithItsBatch() throws {
    for workers in [1, 4] {
      let loader = DataLoader(Noise(failing: 20), batchSize: 2, workers: workers)
      let batches = loader.makeIterator()
      var seen = 0
      #expect(throws: DataError(file: "x20.png", message: "is damaged")) { while (try batches.nextBatch()) != nil { seen += 1 } }
      #expect(seen == 10)
      #expect(try batches.nextBatch() == nil)
      #expect { try checked { for _ in loader {} } } throws: { "\($0)" == "DataLoader: x20.png: is damaged" }
      // Left early, nothing of it is heard.
      for batch in loader { if batch[0] >= 14 { break } }
    }
  }

  static let mistakes: [(sentence: String, call: @Sendable () throws -> Void)] = [
    (
      "Splits: fractions [0.8, 0.3], whose sum is 1.1; numbers of 0 to 1 that add up to 1 would fit",
      { _ = Splits.random(10, into: [0.8, 0.3]) }
    ),
    ("Splits: 1 folds of 10 examples; 2 to 10 would fit", { _ = Splits.folds(1, of: 10) }),
    ("Splits: 11 folds of 10 examples; 2 to 10 would fit", { _ = Splits.stratifiedFolds(11, by: Array(repeating: 0, count: 10)) }),
    ("Splits: 3 folds of 2 groups; 2 to 2 would fit", { _ = Splits.groupedFolds(3, by: [0, 1, 1]) }),
    (
      "split: ids int64 [3] of 103 examples; int64 [103] would fit", { _ = data.split(into: [1], stratifiedBy: Tensor([1, 2, 3], .int64)) }
    ),
    ("Subset: example 103 of 103", { _ = data.subset([103]) }),
    ("WeightedSampler: 2 weights for 103 examples", { for _ in DataLoader(data, batchSize: 8, sampler: WeightedSampler([1, 2])) {} }),
    ("WeightedSampler: a weight of -1.0 for example 1; a finite number, 0 or more, would fit", { _ = WeightedSampler([1, -1]) }),
    ("WeightedSampler: 2 weights without one above 0", { _ = WeightedSampler([0, 0]) }),
    ("RandomSampler: -1 draws; 0 or more would fit", { _ = RandomSampler(drawing: -1) }),
    ("DataLoader: a sampler chose example 200 of 103", { for _ in DataLoader(data, batchSize: 8, sampler: SubsetSampler([200])) {} }),
    ("DataLoader: 0 workers; 1 to 1024 would fit", { _ = DataLoader(data, batchSize: 8, workers: 0) }),
  ]

  @Test(arguments: mistakes.indices) func mistakesAreOneSentence(_ index: Int) {
    #expect {
      try checked { try Self.mistakes[index].call() }
    } throws: {
      "\($0)" == Self.mistakes[index].sentence
    }
  }
}
