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
    diagonal[270] = Tensor(0.0, .float64).cast(to: .float64)
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
    #expect(throws: TensorError.self) { try checked { gradient(at: Tensor.zeros([3, 2], .float64)) { svd($0).u.sum() } } }
  }

  /// A singular matrix has cofactors, and so a gradient of its determinant; beside it in a batch an invertible one has its own.
  @Test func singularDeterminants() {
    let x = Tensor([1.0, 2, 3, 4, 5, 6, 7, 8, 10, 1, 2, 0, 2, 4, 0, 0, 0, 3], shape: [2, 3, 3], .float64).cast(to: .float64)
    let slope = gradient(at: x) { determinant($0).sum() }
    // Of [1 2 0; 2 4 0; 0 0 3] the cofactors are [12 −6 0; −6 3 0; 0 0 0].
    #expect(distance(slope[1], Tensor([12.0, -6, 0, -6, 3, 0, 0, 0, 0], shape: [3, 3], .float64).cast(to: .float64)) < 1e-12)
    #expect(distance(slope[0], (determinant(x[0]) * inverse(x[0])).transposed()) < 1e-12)
    // Their own derivatives, of matrices of every rank, where a·e − b·d and the like have them.
    let weight = normal([3, 3], seed: 5)
    for singular in [x[1], Tensor.zeros([3, 3], .float64), Tensor([1.0, 0, 0], .float64).cast(to: .float64).diagonalMatrix()] {
      func slope(_ x: Tensor) -> Tensor { gradient(at: x) { determinant($0) } }
      let second = gradient(at: singular) { (slope($0) * weight).sum() }
      let h = 1e-4
      let step = weight * h
      #expect(distance(second, (slope(singular + step) - slope(singular - step)) / (2 * h)) < 1e-6)
    }
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
    let a = Tensor([1.0, 2, 2, 4, 3, 6], shape: [3, 2], .float64).cast(to: .float64)
    let b = Tensor([1.0, 2, 3], .float64).cast(to: .float64)
    for method in [LeastSquaresMethod.completeOrthogonal, .divideAndConquer, .singularValues] {
      let found = leastSquares(a, b, method: method)
      #expect(found.rank.item() == 1)
      #expect(distance(found.solution, Tensor([0.2, 0.4], .float64).cast(to: .float64)) < 1e-7)
      #expect(found.residuals.item() < 1e-12)
    }
    let y = pseudoInverse(a)
    #expect(distance(a • y • a, a) < 1e-12)
    #expect(distance(y • a • y, y) < 1e-12)
    #expect(distance(a • y, (a • y).transposed()) < 1e-12)
    #expect(distance(y • a, (y • a).transposed()) < 1e-12)
  }

  /// Matrix exponentials of large norms, element by element, against mpmath's in 60 digits.
  @Test func exponentialsOfLargeNorms() {
    let cases: [(n: Int, x: [Double], y: [Double], tolerance: Double)] = [
      (2, [0, 1e15, 0, 0], [1, 1e15, 0, 1], 0), (2, [0, 0, 1e15, 0], [1, 0, 1e15, 1], 0),
      (2, [1, 1e15, 0, 2], [2.718281828459045, 4.670774270471605e15, 0, 7.38905609893065], 1e-15),
      (
        3, [-1000, 1e6, 0, 0, -1, 1e8, 0, 0, 3],
        [0, 368.2476888603026, 491430321317.5669, 0, 0.36787944117144233, 492941437.0504056, 0, 0, 20.085536923187668], 1e-14
      ),
      (
        3, [0, 1e10, 1e10, 0, 0, 1e10, 0, 0, 0], [1, 1e10, 5.000000001e19, 0, 1, 1e10, 0, 0, 1], 1e-15
      ),
      (
        3, [3, 0, 0, 1e12, -2, 0, 5, 1e5, 3],
        [20.085536923187668, 0, 0, 3990040327990.211, 0.1353352832366127, 0, 3.2190993190394925e17, 399004.0327990211, 20.085536923187668],
        1e-14
      ),
      (2, [-49, 24, -64, 31], [-0.7357587581447531, 0.5518190996580977, -1.4715175990882605, 1.1036382407155725], 1e-13),
      (2, [1, 2e8, 3e-8, -1], [9.732603725180326, 530022531.6625997, 7.950337974938995e-8, 4.43237840855433], 1e-12),
      (2, [0, 1e3, -1e3, 0], [0.5623790762907029, 0.8268795405320025, -0.8268795405320025, 0.5623790762907029], 1e-10),
      (2, [-1000, 1, 1, -1000], [0, 0, 0, 0], 0), (2, [-1e300, 0, 0, -1e5], [0, 0, 0, 0], 0), (1, [-700], [9.859676543759770e-305], 1e-14),
      (2, [0, 0, 0, 0], [1, 0, 0, 1], 0), (1, [700], [1.0142320547350045e304], 1e-14),
    ]
    for (n, x, y, tolerance) in cases {
      let found = Grid(matrixExponential(Tensor(x, shape: [n, n]).cast(to: .float64))).values
      for (a, b) in zip(found, y) { #expect(abs(a - b) <= tolerance * abs(b), "\(x): \(found)") }
      // In a batch with others it is the same.
      let both = matrixExponential(stack([Tensor(x, shape: [n, n]).cast(to: .float64), Tensor.eye(n, nil, .float64)]))
      #expect(Grid(both[0]).values == found)
    }
    // exp(x) = 1 + x for x² = 0: along e its derivative is e + (x·e + e·x)/2 + x·e·x/6.
    let x = Tensor([0.0, 1e6, 0, 0], shape: [2, 2], .float64)
    for dtype in [DType.float32, .float64] {
      let slope = gradient(at: x.cast(to: dtype)) { matrixExponential($0)[1, 0] * 1e9 }
      // Of element [1, 0]: e₁₀ alone, as x has no other part in it.
      #expect(zip(Grid(slope).values, [0, 0, 1e9, 0]).allSatisfy { abs($0 - $1) <= 1e-6 * 1e9 }, "\(Grid(slope).values)")
    }
  }

  /// Distances of 0 have the gradient 0, of every order.
  @Test func distancesOfZero() {
    let x = Tensor([1.0, 2, 1, 2], shape: [2, 2], .float64).cast(to: .float64)
    for order in [2, 1, 3, 1.5, 0.5, 0, .infinity] {
      let slope = gradient(at: x) { distanceMatrix($0, x, order: order).sum() }
      #expect(Grid(slope) == Grid([2, 2], [0, 0, 0, 0]), "order \(order)")
    }
  }
}
