import Autodiff
import Foundation
import Tensors
import Testing

/// Random numbers: their moments, and that they depend on seed and position and on nothing else.
@Suite struct RandomTests {
  /// Something that draws, with the moments of what it draws.
  struct Draw: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var mean: Double
    var deviation: Double
    /// The fourth central moment over the squared variance: what tells distributions of one mean and deviation apart.
    var kurtosis: Double
    var bounds: Range<Double> = -Double.infinity..<Double.infinity
    var draw: @Sendable (Int, inout RandomStream) -> Tensor
    var drawInForce: @Sendable (Int) -> Tensor
  }

  static let draws: [Draw] = [
    Draw(
      testDescription: "uniform", mean: 0.5, deviation: (1.0 / 12).squareRoot(), kurtosis: 1.8, bounds: 0..<1,
      draw: { .uniform([$0], using: &$1) },
      drawInForce: { .uniform([$0]) }),
    Draw(
      testDescription: "uniform float64 of -3 to 1", mean: -1, deviation: (16.0 / 12).squareRoot(), kurtosis: 1.8, bounds: -3..<1,
      draw: { .uniform([$0], in: -3..<1, .float64, using: &$1) }, drawInForce: { .uniform([$0], in: -3..<1, .float64) }),
    Draw(
      testDescription: "normal", mean: 0, deviation: 1, kurtosis: 3, draw: { .normal([$0], using: &$1) }, drawInForce: { .normal([$0]) }),
    Draw(
      testDescription: "normal float64 of mean 2 and deviation 0.5", mean: 2, deviation: 0.5, kurtosis: 3,
      draw: { .normal([$0], mean: 2, standardDeviation: 0.5, .float64, using: &$1) },
      drawInForce: { .normal([$0], mean: 2, standardDeviation: 0.5, .float64) }),
    Draw(
      testDescription: "bernoulli 0.3", mean: 0.3, deviation: 0.21.squareRoot(), kurtosis: 1 / 0.21 - 3, bounds: 0..<2,
      draw: { .bernoulli([$0], probability: 0.3, using: &$1) }, drawInForce: { .bernoulli([$0], probability: 0.3) }),
    Draw(
      testDescription: "dropout 0.2 of ones", mean: 1, deviation: 0.5, kurtosis: 1 / 0.16 - 3, bounds: 0..<2,
      draw: { Tensor.ones([$0]).dropout(probability: 0.2, using: &$1) },
      drawInForce: { count in
        var random = currentRandomStream()
        return Tensor.ones([count]).dropout(probability: 0.2, using: &random)
      }),
  ]

  @Test(arguments: draws) func moments(_ draw: Draw) {
    var random = RandomStream(seed: 42)
    let values = Grid(draw.draw(100_000, &random)).values
    // Five standard errors: right for all but one seed in a million; the seed is fixed.
    let error = 5 / 100_000.0.squareRoot()
    let mean = values.reduce(0, +) / 1e5
    let centered = values.map { ($0 - mean) / draw.deviation }
    #expect(abs(mean - draw.mean) < error * draw.deviation)
    #expect(abs(centered.reduce(0) { $0 + $1 * $1 } / 1e5 - 1) < error * (draw.kurtosis - 1).squareRoot() + 1e-6)
    #expect(abs(centered.reduce(0) { $0 + $1 * $1 * $1 * $1 } / 1e5 - draw.kurtosis) < 0.1 * draw.kurtosis)
    #expect(values.allSatisfy(draw.bounds.contains))
    // Neighbours have nothing to do with each other.
    let correlation = zip(centered, centered.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } / 1e5
    #expect(abs(correlation) < error)
  }

  @Test(arguments: draws) func seedsDecide(_ draw: Draw) {
    var (first, same, other) = (RandomStream(seed: 7), RandomStream(seed: 7), RandomStream(seed: 8))
    let x = Grid(draw.draw(1000, &first))
    #expect(Grid(draw.draw(1000, &same)) == x)
    #expect(Grid(draw.draw(1000, &other)) != x)
    // The stream goes on: its next numbers are others, and a copy of it draws the same.
    var copy = first
    let next = Grid(draw.draw(1000, &first))
    #expect(next != x)
    #expect(Grid(draw.draw(1000, &copy)) == next)
  }

  /// An element does not depend on how many are drawn beside it.
  @Test(arguments: draws) func partsAreThoseOfTheWhole(_ draw: Draw) {
    var (long, short) = (RandomStream(seed: 7), RandomStream(seed: 7))
    let whole = Grid(draw.draw(70_001, &long)).values
    let part = Grid(draw.draw(1003, &short)).values
    #expect(part == Array(whole[..<1003]))
  }

  @Test(arguments: draws) func theStreamInForce(_ draw: Draw) {
    let x = withSeed(3) { Grid(draw.drawInForce(500)) }
    #expect(withSeed(3) { Grid(draw.drawInForce(500)) } == x)
    #expect(withSeed(4) { Grid(draw.drawInForce(500)) } != x)
    #expect(Grid(draw.drawInForce(500)) != Grid(draw.drawInForce(500)))
    // An inner seed does not touch the outer stream.
    let (outer, nested) = (
      withSeed(5) { Grid(draw.drawInForce(9)) },
      withSeed(5) {
        _ = withSeed(6) { draw.drawInForce(9) }
        return Grid(draw.drawInForce(9))
      }
    )
    #expect(outer == nested)
  }

  @Test func permutations() {
    var random = RandomStream(seed: 1)
    let order = Tensor.permutation(1000, using: &random)
    #expect(order.dtype == .int64)
    let numbers = Grid(order).values.map { Int($0) }
    #expect(numbers.sorted() == Array(0..<1000))
    #expect(numbers != Array(0..<1000))
    #expect(Tensor.permutation(0, using: &random).elementCount == 0)
    #expect(withSeed(2) { Grid(Tensor.permutation(50)) } == withSeed(2) { Grid(Tensor.permutation(50)) })
    // All orders of three come, each about as often: 600 draws, 100 each, five standard errors.
    var counts: [[Double]: Int] = [:]
    for _ in 0..<600 { counts[Grid(Tensor.permutation(3, using: &random)).values, default: 0] += 1 }
    #expect(counts.count == 6 && counts.values.allSatisfy { abs($0 - 100) < 50 })
  }

  @Test func streamsSplit() {
    var (random, same) = (RandomStream(seed: 9), RandomStream(seed: 9))
    var (a, b) = (random.split(), random.split())
    #expect(a == same.split())
    #expect(a != b)
    #expect(Grid(Tensor.uniform([100], using: &a)) != Grid(Tensor.uniform([100], using: &b)))
    #expect(RandomStream.ofSystem() != RandomStream.ofSystem())
    #expect((0..<100).map { _ in random.next() % 7 }.contains(3))
  }

  @Test func dropoutAtItsEnds() {
    var random = RandomStream(seed: 0)
    #expect(Grid(Tensor.ones([50]).dropout(probability: 0, using: &random)) == Grid([50]) { _ in 1 })
    #expect(Grid(Tensor.full([50], Double.infinity).dropout(probability: 1, using: &random)) == Grid([50]) { _ in 0 })
    #expect(Grid(Tensor.bernoulli([50], probability: 0, using: &random)) == Grid([50]) { _ in 0 })
    #expect(Grid(Tensor.bernoulli([50], probability: 1, using: &random)) == Grid([50]) { _ in 1 })
  }
}

/// The same bits for any number of threads.
///
/// In a process of its own: in this one other tests keep the threads busy, and then one does it all.
@Suite struct ThreadTests {
  @Test func bitsDoNotDependOnThreads() async {
    await #expect(processExitsWith: .success) {
      let threads = Threads.count
      for draw in RandomTests.draws {
        Threads.count = 1
        var random = RandomStream(seed: 7)
        let one = Grid(draw.draw(300_001, &random))
        Threads.count = threads
        random = RandomStream(seed: 7)
        #expect(Grid(draw.draw(300_001, &random)) == one, "\(draw.testDescription)")
      }
      for row in OperatorTable.rows {
        for shapes in row.cases where shapes.contains(where: { $0.reduce(1, *) > 1024 }) {
          let x = row.operands(shapes, row.dtypes[0]).map { $0.tensor(row.dtypes[0]) }
          Threads.count = 1
          let one = Grid(row.apply(x, row.dtypes[0]))
          Threads.count = threads
          #expect(Grid(row.apply(x, row.dtypes[0])).mismatch(one, tolerance: 0) == nil, "\(row.name)")
        }
      }
      Threads.count = 0
      #expect(Threads.count == 1)
    }
  }
}

/// One call seeds a whole program.
///
/// In processes of their own: it changes what every test draws.
@Suite struct ProgramSeedTests {
  @Test func everyDrawFollowsFromTheSeed() async {
    await #expect(processExitsWith: .success) {
      func draw() -> [Float] {
        seed(1)
        let here = Tensor.normal([4]).scalars(Float.self) + Tensor.uniform([4]).scalars(Float.self)
        // Another thread's stream follows from the seed, too.
        let there = Lock<[Float]>([])
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
          there.withLock { $0 = Tensor.normal([4]).scalars(Float.self) }
          done.signal()
        }
        done.wait()
        let order = Tensor.permutation(10).cast(to: .float32).scalars(Float.self)
        return here + there.withLock { $0 } + order
      }
      let first = draw()
      #expect(draw() == first)
      #expect(Set(first[..<4]).isDisjoint(with: first[8..<12]))
      seed(2)
      #expect(Tensor.normal([4]).scalars(Float.self) != Array(first[..<4]))
      seed(1)
      #expect(withSeed(1) { Tensor.normal([4]).scalars(Float.self) } == Array(first[..<4]))
      #expect(Tensor.normal([4]).scalars(Float.self) == Array(first[..<4]))
    }
  }
}
