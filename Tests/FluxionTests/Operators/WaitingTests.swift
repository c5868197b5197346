import Autodiff
import Synchronization
import Testing

@testable import Tensors

/// Inside a gradient call large element-wise results are computed when they are asked for, if ever: what comes of it is what small ones, which never
/// wait, come to.
@Suite struct WaitingTests {
  static let size = 1 << 16
  static let x = withSeed(1) { Tensor.uniform([size], in: 0.2..<2, .float64) }
  static let y = withSeed(2) { Tensor.uniform([size], in: -1..<1, .float64) }

  struct Job: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let f: @Sendable (_ x: Tensor, _ y: Tensor) -> Tensor
    init(_ name: String, _ f: @escaping @Sendable (Tensor, Tensor) -> Tensor) { (testDescription, self.f) = (name, f) }
  }
  static let jobs = [
    Job("a product") { x, y in (log(x) * y).sum() },
    Job("a result that its rule reads") { x, y in (exp(x) * tanh(y)).sum() },
    Job("one that two read") { x, y in
      let e = exp(x)
      return (e * y + e * e).sum() + e.sum() * 0.5
    },
    Job("a choice") { x, y in select(x .> 1, x * y, -x).squared.sum() },
    Job("a scaled sum") { x, y in (x / y).sum() * -3 },
    Job("the sum of a variable") { x, y in x.sum() + (2 * y).sum() },
    Job("numbers and no operands") { x, y in (x + 1).sum() + (1 - y * 2).sum() },
    Job("a long chain") { x, y in (0..<100).reduce(x) { x, _ in sin(x) + 0.01 * y }.sum() },
    Job("a view") { x, y in (exp(x).reshaped([-1, 4]) * y.reshaped([-1, 4])).sum() },
    Job("a kernel that ends in a sum") { x, y in
      Elementwise { x, y in x * exp(y) }.sum(sqrt(x), y)
    },
    Job("a gradient") { x, y in gradient(at: x) { x in (x * x * x * y).sum() }.squared.sum() },
    Job("the gradient of what waits") { x, y in
      let e = exp(x)
      return (gradient(at: e) { e in (e * e * y).sum() } * e).sum()
    },
    Job("the gradient of a sum of what waits") { x, y in
      let e = exp(x)
      return (gradient(at: e) { e in e.sum().squared } * y).sum()
    },
  ]

  @Test(arguments: jobs) func equalsSmallOnes(_ job: Job) {
    let (value, (dx, dy)) = valueAndGradient(at: Self.x, Self.y) { job.f($0, $1) }
    let alone = gradient(at: Self.x, Self.y) { job.f($0, $1) }
    #expect(alone.0.isClose(to: dx, relative: 1e-13) && alone.1.isClose(to: dy, relative: 1e-13))
    // Pieces too small to wait, where the job is a sum of independent terms.
    if job.testDescription == "the gradient of a sum of what waits" { return }
    let piece = 1 << 12
    var sum = 0.0
    for i in stride(from: 0, to: Self.size, by: piece) {
      let (part, (px, py)) = valueAndGradient(at: Self.x[i..<i + piece], Self.y[i..<i + piece]) { job.f($0, $1) }
      sum += part.item(as: Double.self)
      #expect(px.isClose(to: dx[i..<i + piece], relative: 1e-12) && py.isClose(to: dy[i..<i + piece], relative: 1e-12))
    }
    #expect(Swift.abs(sum - value.item(as: Double.self)) <= 1e-10 * Swift.max(1, Swift.abs(sum)))
  }

  /// A gradient that is summed over an axis is not stored first.
  @Test func broadcastOperands() {
    let x = Self.x.reshaped([256, 256])
    for shape in [Shape(256, 1), Shape(1, 256), Shape(256)] {
      let w = Self.y[0..<256].reshaped(shape)
      let slope = gradient(at: w) { w in (exp(x * w)).sum() }
      let expected = (x * exp(x * w)).sum(axes: shape == [256, 1] ? [1] : [0], keepDims: shape.rank == 2)
      #expect(slope.isClose(to: expected, relative: 1e-12))
      let stretched = gradient(at: w.expanded([256, 256])) { w in exp(x * w).sum() }
      #expect(stretched.isClose(to: x * exp(x * w), relative: 1e-12))
    }
  }

  /// What is held after the call is there, whoever holds it, and nothing waits any more.
  @Test func nothingWaitsAfterTheCall() {
    var held: [Tensor] = []
    let (value, _) = valueAndGradient(at: Self.x) { x in
      held = [exp(x), x * 2, (x * x).sum()]
      #expect(held.allSatisfy { $0.isWaiting })
      return log(x).sum()
    }
    #expect(!value.isWaiting && held.allSatisfy { !$0.isWaiting })
    #expect(held[0].isClose(to: exp(Self.x), relative: 1e-15) && held[1].isClose(to: Self.x * 2, relative: 1e-15))
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      try gradient(at: Self.x) { x throws(Stop) in
        held = [sin(x)]
        throw Stop()
      }
    }
    #expect(!held[0].isWaiting && held[0].isClose(to: sin(Self.x), relative: 1e-15))
  }

  /// Operands that are changed in the meantime are the ones that they were.
  @Test func operandsAreValues() {
    var w = Self.y.detached * 1
    let expected = (exp(Self.x) * w).scalars(Double.self)
    _ = gradient(at: Self.x) { x in
      let product = exp(x) * w
      w += 1.0
      w *= w
      #expect(product.scalars(Double.self) == expected)
      return product.sum()
    }
  }
}
