import Autodiff
import Tensors
import Testing

/// What no row of the operator table shows: large matrices, matrices that have something equal or are singular, and what is not finite.
@Suite struct LinearAlgebraTests {
  private func normal(_ shape: Shape, seed: UInt64 = 1) -> Tensor {
    var random = RandomStream(seed: seed)
    return .normal(shape, .float64, using: &random)
  }

  private func distance(_ x: Tensor, _ y: Tensor) -> Double { abs(x - y).max().item() }

  /// Beyond 256 rows blocks are factored one after the other.
  @Test func largeMatrices() {
    let x = normal([300, 300])
    let s = x • x.transposed() + Tensor.eye(300, nil, .float64)
    let l = cholesky(s)
    #expect(distance(l • l.transposed(), s) < 1e-10)
    #expect(distance(l, l.lowerTriangle()) == 0)
    for shape in [[300, 300], [330, 270], [270, 330]] {
      let x = normal(Shape(shape))
      let (p, l, u) = lu(x)
      #expect(distance(p • l • u, x) < 1e-11, "\(shape)")
      // Row exchanges keep l small.
      #expect(abs(l).max().item() == 1)
    }
    let b = normal([300, 270], seed: 2)
    #expect(distance(x • solve(x, b), b) < 1e-8)
    #expect(distance(x • inverse(x), .eye(300, nil, .float64)) < 1e-8)
    #expect(distance(x.transposed() • solve(x.transposed(), b), b) < 1e-8)
    let (q, r) = qr(x)
    #expect(distance(q • r, x) < 1e-11)
    // Square, taller, wider, so tall that it is another algorithm, and of elements that need scaling.
    for (shape, scale) in [([300, 300], 1.0), ([150, 100], 1), ([100, 150], 1), ([200, 80], 1), ([80, 80], 1e-200)] {
      let x = normal(Shape(shape)) * scale
      let (u, sigma, vt) = svd(x)
      #expect(distance((u * sigma) • vt, x) < 1e-11 * scale, "\(shape)")
      #expect(distance(u.transposed() • u, .eye(sigma.shape[0], nil, .float64)) < 1e-12, "\(shape)")
      #expect(distance(vt • vt.transposed(), .eye(sigma.shape[0], nil, .float64)) < 1e-12, "\(shape)")
      #expect(distance(sigma, singularValues(x)) < 1e-11 * scale, "\(shape)")
    }
  }

  /// The same bits for any number of threads, and in a batch as alone.
  @Test func threads() {
    let x = normal([2, 280, 280])
    let s = x • x.transposed() + Tensor.eye(280, nil, .float64)
    let all = Threads.count
    defer { Threads.count = all }
    func results() -> [Tensor] { [cholesky(s), lu(x).u, solve(x, x.transposed()), cholesky(s[1]), lu(x[1]).u, svd(x).u, svd(x[1]).u] }
    let many = results()
    Threads.count = 1
    for (a, b) in zip(many, results()) { #expect(Grid(a) == Grid(b)) }
    #expect(Grid(many[0][1]) == Grid(many[3]))
    #expect(Grid(many[1][1]) == Grid(many[4]))
    #expect(Grid(many[5][1]) == Grid(many[6]))
  }

  /// A block's failure is told as one of the whole matrix.
  @Test func lateFailures() {
    var diagonal = Tensor.ones([300], .float64)
    diagonal[270] = Tensor(0.0).cast(to: .float64)
    #expect { try checked { cholesky(diagonal.diagonalMatrix()) } } throws: {
      "\($0)" == "cholesky: the [300, 300] matrix is not positive definite: the leading minor of order 271 is not"
    }
    #expect { try checked { solve(diagonal.diagonalMatrix(), diagonal) } } throws: {
      "\($0)" == "solve: the [300, 300] matrix is singular: pivot 271 is zero"
    }
  }

  /// Vectors of equal values are anyone's choice; functions of the values alone have gradients all the same, to second order.
  @Test func equalValues() {
    let one = Tensor.eye(3, nil, .float64)
    let slopes = [
      gradient(at: one) { svd($0).s.sum() }, gradient(at: one) { symmetricEigen($0).values.sum() },
      gradient(at: one) { eigen($0).values.sum() },
    ]
    for slope in slopes { #expect(distance(slope, one) < 1e-14) }
    let second = gradient(at: one) { x in gradient(at: x) { svd($0).s.squared.sum() }.squared.sum() }
    #expect(second.isFinite.all().item(as: Bool.self))
    let zero = gradient(at: Tensor.zeros([3, 2], .float64)) { svd($0).u.sum() }
    #expect(zero.isFinite.all().item(as: Bool.self))
  }

  /// A singular matrix has cofactors, and so a gradient of its determinant; beside it in a batch an invertible one has its own.
  @Test func singularDeterminants() {
    let x = Tensor([1.0, 2, 3, 4, 5, 6, 7, 8, 10, 1, 2, 0, 2, 4, 0, 0, 0, 3], shape: [2, 3, 3]).cast(to: .float64)
    let slope = gradient(at: x) { determinant($0).sum() }
    // Of [1 2 0; 2 4 0; 0 0 3] the cofactors are [12 −6 0; −6 3 0; 0 0 0].
    #expect(distance(slope[1], Tensor([12.0, -6, 0, -6, 3, 0, 0, 0, 0], shape: [3, 3]).cast(to: .float64)) < 1e-12)
    #expect(distance(slope[0], (determinant(x[0]) * inverse(x[0])).transposed()) < 1e-12)
    let (sign, logarithm) = logDeterminant(x[1])
    #expect(sign.item() == 0 && logarithm.item() == -.infinity)
  }

  /// NaN goes through what does not iterate; what does says so.
  @Test func notFinite() {
    var x = Tensor.eye(3, nil, .float64)
    x[1, 2] = Tensor(Double.nan).cast(to: .float64)
    for y in [solve(x, Tensor.ones([3], .float64)), inverse(x), matrixExponential(x), qr(x).r, lu(x).u] {
      #expect(y.isNaN.any().item(as: Bool.self))
    }
    let infinite = Tensor.full([3, 3], Double.infinity, .float64)
    #expect(matrixExponential(infinite).isNaN.all().item(as: Bool.self))
    #expect(throws: TensorError.self) { try checked { leastSquares(infinite, infinite).solution } }
    #expect(throws: TensorError.self) { try checked { symmetricEigenvalues(infinite) } }
    #expect(throws: TensorError.self) { try checked { eigenvalues(infinite) } }
    #expect(throws: TensorError.self) { try checked { cholesky(infinite) } }
  }

  /// Columns that depend on each other: the shortest solution, the rank, and the pseudoinverse's four laws.
  @Test func dependentColumns() {
    let a = Tensor([1.0, 2, 2, 4, 3, 6], shape: [3, 2]).cast(to: .float64)
    let b = Tensor([1.0, 2, 3]).cast(to: .float64)
    for method in [LeastSquaresMethod.completeOrthogonal, .divideAndConquer, .singularValues] {
      let found = leastSquares(a, b, method: method)
      #expect(found.rank.item() == 1)
      #expect(distance(found.solution, Tensor([0.2, 0.4]).cast(to: .float64)) < 1e-7)
      #expect(found.residuals.item() < 1e-12)
    }
    let y = pseudoInverse(a)
    #expect(distance(a • y • a, a) < 1e-12)
    #expect(distance(y • a • y, y) < 1e-12)
    #expect(distance(a • y, (a • y).transposed()) < 1e-12)
    #expect(distance(y • a, (y • a).transposed()) < 1e-12)
  }

  /// Distances of 0 have the gradient 0, of every order.
  @Test func distancesOfZero() {
    let x = Tensor([1.0, 2, 1, 2], shape: [2, 2]).cast(to: .float64)
    for order in [2, 1, 3, 1.5, 0.5, 0, .infinity] {
      let slope = gradient(at: x) { distanceMatrix($0, x, order: order).sum() }
      #expect(Grid(slope) == Grid([2, 2], [0, 0, 0, 0]), "order \(order)")
    }
  }
}
