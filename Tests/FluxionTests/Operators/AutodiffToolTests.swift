import Autodiff
import Foundation
import Tensors
import Testing

/// Custom rules, Jacobians, Hessians, and the check of gradients.
@Suite struct AutodiffToolTests {
  // MARK: Rules of one's own

  @Test func customGradients() {
    let x = Tensor([-2.0, 0.5, 3.0], .float64)
    // A rule that is not the function's: it is what counts.
    let clipped = gradient(at: x) { x in
      (customGradient(at: x * 2) {
        $0
      } pullback: { _, _, dy in
        dy.clamped(min: -1.0, max: 1.0)
      } * x.detached).sum()
    }
    #expect(Grid(clipped) == Grid([-2, 1, 2]))
    // A right one, to the third order: it is differentiated in turn.
    func cube(_ x: Tensor) -> Tensor {
      customGradient(at: x) {
        pow($0, 3)
      } pullback: { x, _, dy in
        3 * x * x * dy
      }
    }
    for (order, expected) in [(1, [12, 0.75, 27]), (2, [-12, 3, 18]), (3, [6, 6, 6])] {
      #expect(Grid(AutodiffTests.nth(order) { cube($0).sum() }.self(x)).mismatch(Grid(expected), tolerance: 1e-12) == nil)
    }
    // By way of the result.
    func power(_ x: Tensor) -> Tensor {
      customGradient(at: x) {
        exp($0)
      } pullback: { _, y, dy in
        y * dy
      }
    }
    #expect(Grid(AutodiffTests.nth(2) { power($0).sum() }(x)).mismatch(Grid([-2, 0.5, 3].map { exp($0) }), tolerance: 1e-12) == nil)
    // The function is not differentiated, and outside a gradient the rule is not asked.
    #expect(
      Grid(
        customGradient(at: x) {
          -$0
        } pullback: { _, _, _ in
          fatalError("asked")
        }) == Grid([2, -0.5, -3]))
    // Another shape.
    let sum = gradient(at: x) { x in
      customGradient(at: x) {
        $0.sum()
      } pullback: { x, _, dy in
        dy.expanded(x.shape) * 7
      }
    }
    #expect(Grid(sum) == Grid([7, 7, 7]))
  }

  // MARK: Products with the Jacobian

  @Test func productsWithTheJacobianAreThoseOfTheWholeMatrix() {
    let x = Tensor([0.3, -1.2, 2.0], .float64)
    func f(_ x: Tensor) -> Tensor { concatenate([x.softmax(), sin(x) * x.sum()]) }
    let whole = jacobian(of: f, at: x)
    let (u, v) = (Tensor([1.0, -2, 3, 0.5, 0, 4], .float64), Tensor([2.0, 1, -1], .float64))
    let (value, pullback) = valueAndPullback(at: x, f)
    #expect(Grid(value) == Grid(f(x)))
    #expect(pullback(u).isClose(to: u • whole, relative: 1e-12))
    #expect(pullback(u * 2).isClose(to: u • whole * 2, relative: 1e-12))
    #expect(jacobianVectorProduct(of: f, at: x, v).isClose(to: whole • v, relative: 1e-12))
    // Differentiated in turn: Σ (J·v) has the gradient Σ H·v.
    let curved = gradient(at: x) { x in jacobianVectorProduct(of: f, at: x, v).sum() }
    #expect(curved.isClose(to: hessianVectorProduct(of: { f($0).sum() }, at: x, v), relative: 1e-10))
    let twice = gradient(at: x) { x in valueAndPullback(at: x, f).pullback(u).sum() }
    #expect(twice.isClose(to: hessianVectorProduct(of: { (f($0) * u).sum() }, at: x, .ones([3], .float64)), relative: 1e-10))
    let (sum, slope, seen) = valueAndGradient(at: x) { x in (x.squared.sum(), "seen") }
    #expect(sum.item() == x.squared.sum().item() && Grid(slope) == Grid(x * 2) && seen == "seen")
    #expect { try checked { _ = pullback(v) } } throws: {
      "\($0)" == "pullback: the cotangent must have the value's shape and dtype, float64 [6], got float64 [3]"
    }
    #expect { try checked { _ = jacobianVectorProduct(of: f, at: x, u) } } throws: {
      "\($0)" == "jacobianVectorProduct: the tangent must have the point's shape and dtype, float64 [3], got float64 [6]"
    }
  }

  // MARK: Jacobians and Hessians

  @Test func jacobians() {
    let a = Tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], shape: [2, 3], .float64)
    let x = Tensor([1.0, -1.0, 2.0], .float64)
    #expect(Grid(jacobian(of: { a • $0 }, at: x)) == Grid(a))
    #expect(Grid(jacobian(of: { $0 * $0 }, at: x)) == Grid([3, 3], [2, 0, 0, 0, -2, 0, 0, 0, 4]))
    #expect(Grid(jacobian(of: { ($0 * $0).sum() }, at: x)) == Grid([2, -2, 4]))
    let transposed = jacobian(of: { $0.transposed() }, at: a)
    #expect(Grid(transposed) == Grid([3, 2, 2, 3]) { $0[0] == $0[3] && $0[1] == $0[2] ? 1 : 0 })
    #expect(Grid(jacobian(of: { _ in Tensor.ones([2], .float64) }, at: x)) == Grid([2, 3]) { _ in 0 })
    #expect(jacobian(of: { $0[1..<1] }, at: x).shape == [0, 3])
    // A Jacobian inside a gradient: Σ (∂x²/∂x)² = Σ 4x².
    #expect(Grid(gradient(at: x) { x in jacobian(of: { $0 * $0 }, at: x).squared.sum() }) == Grid([8, -8, 16]))
  }

  @Test func hessians() {
    let x = Tensor([1.0, 2.0], .float64)
    // f = x₀²x₁ + x₁³
    func f(_ x: Tensor) -> Tensor { x[0] * x[0] * x[1] + x[1] * x[1] * x[1] }
    #expect(Grid(hessian(of: f, at: x)) == Grid([2, 2], [4, 2, 2, 12]))
    #expect(Grid(hessianVectorProduct(of: f, at: x, Tensor([1.0, -1.0], .float64))) == Grid([2, -10]))
    let matrix = hessian(of: { ($0 • $0.transposed()).sum() }, at: Tensor([1.0, 2.0, 3.0, 4.0], shape: [2, 2], .float64))
    #expect(Grid(matrix) == Grid([2, 2, 2, 2]) { $0[1] == $0[3] ? 2 : 0 })
  }

  @Test(
    arguments: OperatorTable.sloped.filter { $0.name.hasPrefix("softmax") || $0.name.hasPrefix("matmul of matrices") || $0.name == "gelu" })
  func productsWithHessiansAgreeWithHessians(_ row: OperatorRow) {
    let check = SlopeCheck(row, .contiguous)
    let x = check.bases[0]
    func f(_ x: Tensor) -> Tensor { check.value([x] + check.bases.dropFirst()) }
    let v = Grid(Array(x.shape)) { Double($0.reduce(1) { $0 * 3 + $1 } % 5) - 2 }.tensor(.float64)
    let whole = hessian(of: f, at: x).reshaped([x.elementCount, x.elementCount])
    let product = (whole • v.reshaped([-1])).reshaped(x.shape)
    #expect(Grid(hessianVectorProduct(of: f, at: x, v)).mismatch(Grid(product), tolerance: 1e-10) == nil)
    #expect(Grid(whole).mismatch(Grid(whole.transposed()), tolerance: 1e-10) == nil)
  }

  // MARK: The check for users

  private static func wrong(_ x: Tensor, at place: [Int], by factor: Double) -> Tensor {
    customGradient(at: x) {
      sin($0)
    } pullback: { x, _, dy in
      var dx = dy * cos(x)
      if place == [1, 2] { dx[1, 2] = dx[1, 2] * factor }
      return dx
    }
  }

  @Test func rightGradientsPass() throws {
    let x = Tensor([0.1, 0.7, -0.4, 1.2, 2.0, -1.0], shape: [2, 3], .float64)
    try checkGradient(of: { exp(sin($0)) }, at: x)
    try checkGradient(of: { $0[0] • $0[1].transposed() }, at: [x, x])
    try checkGradient(of: { Self.wrong($0, at: [1, 2], by: 1) }, at: x)
    try checkGradient(of: { ($0 * $0).sum() }, at: x.cast(to: .float32))
    try checkGradient(of: { $0.sum() }, at: Tensor.zeros([0], .float64))
  }

  @Test(arguments: [1.001, 0, -1, .nan]) func wrongGradientsAreNamed(_ factor: Double) throws {
    let x = Tensor([0.1, 0.7, -0.4, 1.2, 2.0, -1.0], shape: [2, 3], .float64)
    let error = #expect(throws: GradientMismatch.self) {
      try checkGradient(of: { x in x[0].sum() + Self.wrong(x[1], at: [1, 2], by: factor) }, at: [x, x])
    }
    #expect(error?.input == 1 && error?.position == [1, 2])
    #expect("\(error!)".hasPrefix("checkGradient: element [1, 2] of input 1: the gradient is "))
    #expect(error!.gradient.isNaN == factor.isNaN && abs(error!.difference / cos(-1) - 1) < 0.6)
  }

  /// Of several wrong elements the worst is named.
  @Test func theWorstIsNamed() throws {
    let error = #expect(throws: GradientMismatch.self) {
      try checkGradient(
        of: { x in
          customGradient(at: x) {
            $0 * 2
          } pullback: { _, _, dy in
            dy * Tensor([2.1, 2.5, 1.9, 2.0], .float64)
          }
        }, at: Tensor([1.0, 2.0, 3.0, 4.0], .float64))
    }
    #expect(error?.position == [1])
  }

  @Test func mistakesAreThrown() {
    #expect(throws: TensorError.self) { try checkGradient(of: { $0.reshaped([7]) }, at: Tensor([1.0, 2.0], .float64)) }
  }
}
