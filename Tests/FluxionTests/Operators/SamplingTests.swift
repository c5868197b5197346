import Fluxion
import Testing

/// Draws from distributions: how often what comes, what never comes, what is refused.
@Suite struct SamplingTests {
  /// The shares of 40,000 draws; each is within five standard deviations of its probability.
  private func check(_ ids: Tensor, _ probabilities: [Double]) {
    let counts = ids.reshaped([-1]).bincount(minimumLength: probabilities.count).scalars(Int.self)
    let n = Double(ids.elementCount)
    #expect(counts.count == probabilities.count)
    for (count, p) in zip(counts, probabilities) {
      #expect(abs(Double(count) - n * p) <= 5 * (n * p * (1 - p)).squareRoot(), "\(counts) for \(probabilities)")
    }
  }

  private let p = [0.5, 0.3, 0.15, 0.05, 0]
  private var logits: Tensor { Tensor(p.map { Float(log($0)) }).expanded([40_000, 5]) }
  private func log(_ x: Double) -> Double { Fluxion.log(Tensor(x)).item() }

  @Test func classesComeAsOftenAsTheyShould() {
    var random = RandomStream(seed: 3)
    check(.categorical(logits: logits, using: &random), p)
    check(.categorical(logits: logits + 300.0, temperature: 2, using: &random), normalized(p.map { $0.squareRoot() }))
    check(.categorical(logits: logits, topK: 2, using: &random), normalized([0.5, 0.3, 0, 0, 0]))
    check(.categorical(logits: logits, topP: 0.7, using: &random), normalized([0.5, 0.3, 0, 0, 0]))
    check(.categorical(logits: logits, topP: 0.85, using: &random), normalized([0.5, 0.3, 0.15, 0, 0]))
    check(.categorical(logits: logits, topP: 0, using: &random), [1, 0, 0, 0, 0])
    check(.categorical(logits: logits, minP: 0.2, using: &random), normalized([0.5, 0.3, 0.15, 0, 0]))
    check(.categorical(logits: logits, topK: 3, topP: 0.6, using: &random), normalized([0.5, 0.3, 0, 0, 0]))
    #expect(Tensor.categorical(logits: [[1, 5, 2], [7, 5, 2]], temperature: 0).scalars(Int.self) == [1, 0])
    let weights = Tensor(p.map { $0 * 1e300 })
    check(.multinomial(weights, count: 40_000, replacement: true, using: &random), p)
    check(.multinomial(weights.expanded([40_000, 5]), count: 1, using: &random), p)
  }

  private func normalized(_ p: [Double]) -> [Double] { p.map { $0 / p.reduce(0, +) } }

  @Test func withoutReplacementEachComesOnce() {
    var random = RandomStream(seed: 4)
    let ids = Tensor.multinomial(Tensor(p).expanded([1000, 5]), count: 4, using: &random)
    #expect(ids.shape == [1000, 4])
    #expect(ids.sorted().isClose(to: Tensor([0, 1, 2, 3], .int64).expanded([1000, 4])))
  }

  @Test func theSameSeedDrawsTheSame() {
    let draws = (0..<2).map { _ in withSeed(5) { Tensor.categorical(logits: logits).scalars(Int.self) } }
    #expect(draws[0] == draws[1])
    #expect(Tensor.categorical(logits: .zeros([0, 3])).shape == [0])
    #expect(Tensor.multinomial(.ones([2, 3]), count: 0).shape == [2, 0])
  }

  @Test(arguments: [
    ErrorRow("categorical: temperature must be a finite number of 0 or more, got -1.0") {
      _ = Tensor.categorical(logits: [1], temperature: -1)
    },
    ErrorRow("categorical: topK must be 1 or more, got 0") { _ = Tensor.categorical(logits: [1], topK: 0) },
    ErrorRow("categorical: topP must be in 0...1, got nan") { _ = Tensor.categorical(logits: [1], topP: .nan) },
    ErrorRow("categorical: minP must be in 0...1, got 2.0") { _ = Tensor.categorical(logits: [1], minP: 2) },
    ErrorRow("categorical: logits must be float32 or float64 [..., classes] with a class at least, got float32 [2, 0]") {
      _ = Tensor.categorical(logits: .zeros([2, 0]))
    },
    ErrorRow("categorical: logits [2] have NaN, +∞, or a row of −∞ alone; finite numbers, and −∞ for what is never drawn, are accepted") {
      _ = Tensor.categorical(logits: Tensor([1, Float.nan]))
    },
    ErrorRow("multinomial: weights [2, 2] must be finite, 0 or more, and not all 0 in a row") {
      _ = Tensor.multinomial([[1, 2], [0, 0]], count: 1)
    },
    ErrorRow("multinomial: 3 draws without replacement from a row in which 2 classes weigh more than 0") {
      _ = Tensor.multinomial([1, 2, 0], count: 3)
    },
    ErrorRow("multinomial: count must be 0 or more, got -1") { _ = Tensor.multinomial([1, 2, 0], count: -1) },
  ]) func mistakes(_ row: ErrorRow) {
    #expect { try checked { row.call() } } throws: { "\($0)" == row.sentence }
  }
}
