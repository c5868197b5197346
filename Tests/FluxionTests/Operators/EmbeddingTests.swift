import Autodiff
import Tensors
import Testing

/// Gradients of embeddings that are not those of the function, by the caller's wish.
@Suite struct EmbeddingTests {
  let indices = Tensor([1, 0, 1, 2], .int64)
  let dy = Tensor([1.0, 2, 4, 8], shape: [4, 1], .float64)

  private func slopes(_ f: (Tensor) -> Tensor) -> [Double] {
    gradient(at: Tensor([0.5, 0.25, 0.75], shape: [3, 1], .float64)) { f($0).sum() }.scalars(Double.self)
  }

  @Test func paddingHasNoGradient() {
    #expect(slopes { embedding(indices, $0) * dy } == [2, 5, 8])
    #expect(slopes { embedding(indices, $0, paddingIndex: 1) * dy } == [2, 0, 8])
    #expect(slopes { embedding(indices, $0, paddingIndex: -1) * dy } == [2, 5, 0])
    #expect(slopes { embeddingBag(indices, $0, offsets: Tensor([0, 2], .int64), reduction: .sum, paddingIndex: 1) } == [1, 0, 1])
    #expect(slopes { embeddingBag(indices, $0, offsets: Tensor([0, 2], .int64), reduction: .max, paddingIndex: 2) } == [1, 1, 0])
  }

  @Test func frequentRowsLearnLess() {
    #expect(slopes { embedding(indices, $0, scalesByFrequency: true) * dy } == [2, 2.5, 8])
    #expect(slopes { embeddingBag(indices, $0, offsets: Tensor([0], .int64), reduction: .sum, scalesByFrequency: true) } == [1, 1, 1])
  }

  @Test func gradientsDoNotDependOnThreads() {
    var random = RandomStream(seed: 3)
    let table = Tensor.uniform([50, 96], in: -1..<1, .float32, using: &random)
    let indices = Tensor((0..<3000).map { $0 * $0 % 50 })
    func slope() -> [Float] { gradient(at: table) { (embedding(indices, $0).squared * 0.1).sum() }.scalars(Float.self) }
    let count = Threads.count
    defer { Threads.count = count }
    Threads.count = 1
    let alone = slope()
    Threads.count = 8
    #expect(slope() == alone)
  }
}
