import Autodiff
import Foundation
import Tensors
import Testing

/// What the tape does, beyond the operators' rules.
@Suite struct AutodiffTests {
  /// A function of one number and one of its derivatives there, of any order.
  struct Derivative: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var order = 1
    var x: Double
    var expected: Double
    var f: @Sendable (Tensor) -> Tensor
  }

  static let derivatives: [Derivative] = [
    Derivative(testDescription: "x⁴", order: 1, x: 2, expected: 32) { pow($0, 4) },
    Derivative(testDescription: "x⁴", order: 2, x: 2, expected: 48) { pow($0, 4) },
    Derivative(testDescription: "x⁴", order: 3, x: 2, expected: 48) { pow($0, 4) },
    Derivative(testDescription: "x⁴", order: 4, x: 2, expected: 24) { pow($0, 4) },
    Derivative(testDescription: "x⁴", order: 5, x: 2, expected: 0) { pow($0, 4) },
    Derivative(testDescription: "sin", order: 3, x: 1, expected: -cos(1)) { sin($0) },
    Derivative(testDescription: "exp(2x)", order: 4, x: 0, expected: 16) { exp(2 * $0) },
    Derivative(testDescription: "x·x·x by products", order: 3, x: 5, expected: 6) { $0 * $0 * $0 },
    Derivative(testDescription: "x used a thousand times", order: 1, x: 0.5, expected: 1000) { x in
      (0..<1000).reduce(x * 0) { sum, _ in sum + x }
    },
    Derivative(testDescription: "softplus at its seam", order: 2, x: 0, expected: 0.25) { softplus($0) },
    Derivative(testDescription: "elu at its seam, from the left", order: 2, x: 0, expected: 1) { elu($0) },
    Derivative(testDescription: "prod with a zero", order: 2, x: 0, expected: 12) { x in stack([x, x, x + 2, x + 3]).prod() },
    Derivative(testDescription: "1/x through a Swift loop", order: 2, x: 2, expected: 0.25) { x in
      // Newton's method for 1/x: each step uses y twice.
      (0..<8).reduce(Tensor(0.3, .float64)) { y, _ in y * (2 - x * y) }
    },
    Derivative(testDescription: "a branch that Swift takes", order: 1, x: -3, expected: -1) { x in x.item() > 0 ? x : -x },
    Derivative(testDescription: "through float32 and back", order: 2, x: 3, expected: 2) { x in
      (x.cast(to: .float32) * x.cast(to: .float32)).cast(to: .float64)
    },
    Derivative(testDescription: "detached factor", order: 1, x: 3, expected: 3) { x in x.detached * x },
    Derivative(testDescription: "by way of integers", order: 1, x: 3.7, expected: 3) { x in x * x.cast(to: .int64).cast(to: .float64) },
    // (x² + x + 1)²
    Derivative(testDescription: "in place", order: 2, x: 3, expected: 150) { x in
      var y = x
      y *= x
      y += x
      y[.newAxis] += 1
      y *= y
      return y
    },
  ]

  /// The derivative of an order, element by element.
  static func nth(_ order: Int, _ f: @escaping (Tensor) -> Tensor) -> (Tensor) -> Tensor {
    order == 0 ? f : { x in gradient(at: x) { nth(order - 1, f)($0).sum() } }
  }

  @Test(arguments: derivatives) func derivative(_ row: Derivative) {
    let slope = Self.nth(row.order, row.f)(Tensor(row.x))
    #expect(abs(slope.item() - row.expected) <= 1e-9 * max(1, abs(row.expected)))
    #expect(slope.shape == [] && slope.dtype == .float64)
  }

  @Test func severalTensors() {
    let (x, y, z) = (Tensor([1.0, 2.0], .float64), Tensor([3.0, 4.0], .float64), Tensor([5.0, 6.0], .float64))
    let (value, slope) = valueAndGradient(at: x) { ($0 * $0).sum() }
    #expect(value.item() == 5 && Grid(slope) == Grid([2, 4]))
    let (value2, slopes) = valueAndGradient(at: x, y) { ($0 * $1).sum() }
    #expect(value2.item() == 11 && Grid(slopes.0) == Grid(y) && Grid(slopes.1) == Grid(x))
    let two = gradient(at: x, y) { ($0 * $1 * $1).sum() }
    #expect(Grid(two.0) == Grid([9, 16]) && Grid(two.1) == Grid([6, 16]))
    let three = gradient(at: x, y, z) { ($0 * $1 * $2).sum() }
    #expect(Grid(three.0) == Grid([15, 24]) && Grid(three.1) == Grid([5, 12]) && Grid(three.2) == Grid([3, 8]))
    // Σ xᵢxᵢ₊₁
    let many = gradient(at: (0..<100).map { Tensor(Double($0)) }) { x in
      var sum = x[0] * 0
      for i in 1..<100 { sum += x[i] * x[i - 1] }
      return sum
    }
    #expect(many.map { $0.item() } == [1] + (1..<99).map { 2 * Double($0) } + [98])
    #expect(gradient(at: [Tensor]()) { _ in Tensor(1.0, .float64) }.isEmpty)
    // One tensor as two variables: each has a gradient of its own.
    let twice = gradient(at: x, x) { ($0 * $0 + 3 * $1).sum() }
    #expect(Grid(twice.0) == Grid([2, 4]) && Grid(twice.1) == Grid([3, 3]))
  }

  @Test func unusedTensorsHaveGradientsOfZero() {
    let (x, y) = (Tensor.ones([2, 3]), Tensor.ones([4], .float64))
    let slopes = gradient(at: x, y) { x, _ in x.sum() }
    #expect(slopes.1.dtype == .float64 && Grid(slopes.1) == Grid([0, 0, 0, 0]))
    #expect(Grid(gradient(at: x) { _ in Tensor(3.0, .float64) }) == Grid([2, 3]) { _ in 0 })
    #expect(Grid(gradient(at: x) { ($0 .> 0).cast(to: .float32).sum() }) == Grid([2, 3]) { _ in 0 })
    #expect(gradient(at: Tensor.zeros([0, 3])) { $0.sum() }.shape == [0, 3])
    // The result is the variable itself.
    #expect(gradient(at: Tensor(2.0, .float64)) { $0 }.item() == 1)
  }

  /// Each gradient call has variables of its own, however they are mixed.
  @Test func nestedCallsDoNotConfuseTheirVariables() {
    let one = Tensor(1.0, .float64)
    // d/dx x · d/dy (x + y)
    #expect(gradient(at: one) { x in x * gradient(at: one) { y in x + y } }.item() == 1)
    // d/dx x · d/dy (x · y) = d/dx x²
    #expect(gradient(at: Tensor(3.0, .float64)) { x in x * gradient(at: one) { y in x * y } }.item() == 6)
    // d/dy d/dx x²y = 2x
    #expect(gradient(at: Tensor(5.0, .float64)) { y in gradient(at: Tensor(3.0, .float64)) { x in x * x * y } }.item() == 6)
    // The inner variable is the outer one.
    #expect(gradient(at: Tensor(3.0, .float64)) { x in gradient(at: x) { y in y * y * x } }.item() == 4 * 3)
    // Two inner calls beside each other, the second using what the first leaves.
    let both = gradient(at: Tensor(2.0, .float64)) { x in
      var leaked = Tensor(0.0, .float64)
      let first = gradient(at: x) { y in
        leaked = y * y
        return y * y * y
      }
      return gradient(at: x) { y in y * leaked } + first
    }
    // x² + 3x² has the derivative 8x.
    #expect(both.item() == 16)
    // The value of an inner call is differentiated too.
    let value = gradient(at: Tensor(3.0, .float64)) { x in valueAndGradient(at: x) { y in y * y * x }.value }
    #expect(value.item() == 27)
  }

  /// A chain of any length: neither backward nor letting go of the tape recurses.
  @Test func longChains() {
    let slope = gradient(at: Tensor(1.0, .float64)) { x in
      var y = x
      for _ in 0..<100_000 { y = -y }
      return y
    }
    #expect(slope.item() == 1)
    let second = gradient(at: Tensor(2.0, .float64)) { x in
      gradient(at: x) { x in
        var y = x * x
        for _ in 0..<5000 { y = -y }
        return y
      }
    }
    #expect(second.item() == 2)
  }

  @Test func tensorsOfAFinishedTapeAreConstants() {
    var hidden = Tensor(1.0, .float64)
    var slopes: [Double] = []
    for _ in 0..<3 {
      // Truncated: the hidden value of the last call is a constant of this one.
      slopes.append(
        gradient(at: Tensor(2.0, .float64)) { w in
          hidden = hidden * w
          return hidden
        }.item())
    }
    #expect(slopes == [1, 2, 4] && hidden.item() == 8)
    var outer = Tensor(0.0, .float64)
    _ = gradient(at: Tensor(3.0, .float64)) { x in
      outer = x
      return x
    }
    #expect(gradient(at: Tensor(2.0, .float64)) { y in y * outer * outer }.item() == 9)
    #expect(gradient(at: outer) { $0 * $0 }.item() == 6)
    outer += 1
    #expect(outer.item() == 4)
  }

  /// Variables are values: what a function does to its copy, nobody else sees.
  @Test func variablesAreNotChanged() {
    let x = Tensor([1.0, 2.0, 3.0], .float64)
    let slope = gradient(at: x) { x in
      var y = x
      y[0] = x[1] * x[2]
      y += x
      y[Tensor([1, 2], .int64)] = y[Tensor([2, 1], .int64)] * 2
      return (y * Tensor([1.0, 10.0, 100.0], .float64)).sum()
    }
    // y = [x₁x₂ + x₀, 4x₂, 4x₁]
    #expect(Grid(slope) == Grid([1, 3 + 400, 2 + 40]))
    #expect(Grid(x) == Grid([1, 2, 3]))
  }

  @Test func modes() {
    #expect(currentMode == .inference)
    var modes: [Mode] = []
    _ = gradient(at: Tensor(1.0, .float64)) { x in
      modes = [currentMode, withMode(.inference) { currentMode }, currentMode]
      return x
    }
    #expect(modes == [.training, .inference, .training])
    #expect(withMode(.training) { currentMode } == .training && currentMode == .inference)
  }

  struct Stop: Error {}

  /// What a function throws leaves no tape behind.
  @Test func thrownErrorsPass() {
    #expect(throws: Stop.self) {
      try gradient(at: Tensor(1.0, .float64)) { (x: Tensor) throws -> Tensor in
        _ = x * x
        throw Stop()
      }
    }
    #expect(currentMode == .inference)
    #expect(gradient(at: Tensor(3.0, .float64)) { $0 * $0 }.item() == 6)
  }
}
