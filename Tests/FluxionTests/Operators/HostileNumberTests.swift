import Fluxion
import Testing

/// Products whose results no memory holds, of operands that take none: `Tests/Sweep` tries everything else, in processes of its own.
@Suite struct HostileNumberTests {
  struct Product: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let call: @Sendable () -> Tensor
    init(_ name: String, _ call: @escaping @Sendable () -> Tensor) { (testDescription, self.call) = (name, call) }
  }

  private static func wide(_ sizes: [Int]) -> Tensor { Tensor(Float(1)).expanded(Shape(sizes)) }
  private static let n = 1 << 20

  static let products = [
    Product("•") { wide([n, 1]) • wide([1, n]) },
    Product("• of batches") { wide([2, n, 1]) • wide([2, 1, n]) },
    Product("matmul of a chain") { matmul([wide([n, 1]), wide([1, 2]), wide([2, n])]) },
    Product("linear") { linear(wide([n, 1]), weight: wide([n, 1]), bias: wide([n])) },
    Product("linear of more axes") { linear(wide([2, n, 1]), weight: wide([n, 1])) },
    Product("einsum") { einsum("i,j->ij", wide([n]), wide([n])) },
    Product("einsum of batches") { einsum("bij,bjk->bik", wide([2, n, 1]), wide([2, 1, n])) },
    Product("tensordot") { tensordot(wide([n, 1]), wide([1, n]), axes: 1) },
    Product("kronecker") { kronecker(wide([n, 1]), wide([1, n])) },
    Product("distanceMatrix") { distanceMatrix(wide([n, 1]), wide([n, 1])) },
    Product("attentionWeights") { attentionWeights(wide([1, n, 2]), wide([1, n, 2])) },
    Product("attention with a mask") { attention(wide([1, n, 2]), wide([1, n, 2]), wide([1, n, 2]), mask: wide([n, n])) },
    Product("broadcasting") { wide([n, 1]) * wide([1, n]) },
    Product("diagonalMatrix") { wide([n]).diagonalMatrix() },
    Product("oneHot") { Tensor.zeros([n], .int64).oneHot(classes: n) },
  ]

  @Test(arguments: products) func isRefused(_ product: Product) {
    #expect(throws: TensorError.self) { try checked { product.call() } }
    // The rules of gradients meet the same sizes.
    #expect(throws: TensorError.self) { try checked { gradient(at: Tensor(Float(1))) { x in (product.call() * x).sum() } } }
    #expect(throws: TensorError.self) { try checked { withMode(.training) { product.call() } } }
  }

  /// The number of elements never wraps around to one that could be.
  @Test func elementCountsSaturate() {
    #expect(([.max, .max] as Shape).elementCount == .max)
    #expect(([1 << 32, 1 << 32] as Shape).elementCount == .max)
    #expect(([1 << 32, 1 << 32, 1 << 32, 2, 3] as Shape).elementCount == .max)
    #expect(([.max, .max, 0] as Shape).elementCount == 0)
    #expect(([2, 3, 4, 5, 6] as Shape).elementCount == 720)
  }

  /// Steps and counts that nothing takes may be of any size.
  @Test func answersAtTheEnds() {
    let x = Tensor([1, 2, 3], .int64)
    #expect(x[.stride(by: .max)].scalars(Int.self) == [1])
    #expect(x[.stride(by: .min)].scalars(Int.self) == [3])
    #expect(x.windows(axis: 0, size: 2, step: .max).scalars(Int.self) == [1, 2])
    let y = Tensor([1.5, -2, 0], .float64)
    #expect(round(y, decimals: .max).scalars(Double.self) == [1.5, -2, 0])
    #expect(round(y, decimals: .min).scalars(Double.self) == [0, 0, 0])
    #expect(round(Tensor([Float(1.5), .infinity]), decimals: -39).scalars(Float.self) == [0, .infinity])
    #expect(x.split(parts: 5).map(\.elementCount) == [1, 1, 1, 0, 0])
    #expect(x.split(size: .max).count == 1 && x.chunk(.max).count == 3)
    #expect(Cosine(from: 1, steps: .max).svg(steps: .max, title: "").utf8.count < 1 << 23)
  }
}
