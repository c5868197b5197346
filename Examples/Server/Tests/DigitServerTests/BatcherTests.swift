import DigitServer
import Fluxion
import Testing

@Suite struct BatcherTests {
  /// Each request gets its own row back, whatever batch it was in.
  @Test func everyRequestGetsItsAnswer() async throws {
    let batcher = Batcher(size: 16) { rows in rows.map { [$0[0] * 2] } }
    let answers = try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
      for i in 0..<1000 { group.addTask { (i, try await batcher.answer(to: [Float(i)])) } }
      return try await group.reduce(into: [Int: [Float]]()) { $0[$1.0] = $1.1 }
    }
    #expect(answers.count == 1000 && answers.allSatisfy { $0.value == [Float($0.key) * 2] })
    let done = await batcher.statistics
    #expect(done.answers == 1000 && done.largestBatch <= 16 && done.batches >= 1000 / 16)
  }

  /// Requests that come within the delay are one batch; a full one does not wait.
  @Test func batchesGather() async throws {
    let slow = Batcher(size: 8, delay: .seconds(20)) { rows in rows }
    let start = ContinuousClock.now
    try await withThrowingTaskGroup(of: Void.self) { group in
      for i in 0..<8 { group.addTask { _ = try await slow.answer(to: [Float(i)]) } }
      try await group.waitForAll()
    }
    #expect(
      await slow.statistics
        == {
          var s = Batcher.Statistics(); (s.answers, s.batches, s.largestBatch) = (8, 1, 8); return s
        }())
    #expect(start.duration(to: .now) < .seconds(10))
  }

  @Test func mistakesArriveAndTheNextRequestIsAnswered() async throws {
    struct Broken: Error {}
    let batcher = Batcher(size: 4) { rows in
      if rows.contains([-1]) { throw Broken() }
      return rows
    }
    await #expect(throws: Broken.self) { try await batcher.answer(to: [-1]) }
    #expect(try await batcher.answer(to: [1]) == [1])
  }

  @Test func aFullQueueIsRefused() async throws {
    let batcher = Batcher(size: 100, delay: .milliseconds(300), limit: 2) { rows in rows }
    async let first = batcher.answer(to: [1])
    async let second = batcher.answer(to: [2])
    try await Task.sleep(for: .milliseconds(100))
    await #expect(throws: Batcher.Full.self) { try await batcher.answer(to: [3]) }
    #expect(try await first == [1])
    #expect(try await second == [2])
  }

  @Test func answersAreTheModels() async throws {
    let model = withSeed(1) { DigitReader.perceptron() }
    let reader = DigitReader(model)
    let batcher = Batcher { rows in try reader.probabilities(rows) }
    let images = withSeed(2) { Tensor.uniform([200, 784]) }
    let expected = model.predict(images).softmax(axis: -1)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for i in 0..<200 {
        group.addTask {
          let row = images[i].scalars(Float.self)
          try reader.check(row)
          let answer = try await batcher.answer(to: row)
          #expect(zip(answer, expected[i].scalars(Float.self)).allSatisfy { abs($0 - $1) < 1e-5 })
        }
      }
      try await group.waitForAll()
    }
    #expect(throws: (any Error).self) { try reader.check([0, 1]) }
    #expect(throws: DigitReader.Mistake.self) { try reader.check([Float](repeating: .nan, count: 784)) }
  }
}
