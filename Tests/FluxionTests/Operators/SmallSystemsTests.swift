import Autodiff
import Testing

@testable import Tensors

/// Batches of small matrices, which are factored several at a time, beside their slow twin: each matrix alone, which LAPACK factors.
@Suite struct SmallSystemsTests {
  /// An operator on [..., n, n] and right sides [..., n, 3].
  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let call: @Sendable (Tensor, Tensor) -> Tensor
    init(_ name: String, _ call: @escaping @Sendable (Tensor, Tensor) -> Tensor) { (testDescription, self.call) = (name, call) }
  }
  static let rows: [Row] = [
    Row("solve") { solve($0, $1) },
    Row("solve, transposed factors") { a, b in gradient(at: b) { (solve(a, $0) * b).sum() } },
    Row("inverse") { a, _ in inverse(a) },
    Row("determinant") { a, _ in determinant(a) },
    Row("logDeterminant") { a, _ in logDeterminant(a).logarithm },
    Row("sign of the determinant") { a, _ in logDeterminant(a).sign },
    Row("cholesky") { a, _ in cholesky(a • a.transposed() + Tensor.eye(a.shape[-1], nil, a.dtype)) },
    Row("solveTriangular, lower") { solveTriangular($0, $1, upper: false) },
    Row("solveTriangular, upper") { solveTriangular($0, $1, upper: true) },
    Row("solveTriangular, ones") { solveTriangular($0 * 0.1, $1, upper: false, unitDiagonal: true) },
  ]
  static let sizes = [1, 2, 3, 5, 8, 13, 16, 21, 32]

  private func batch(_ n: Int, _ dtype: DType, count: Int = 21) -> (Tensor, Tensor) {
    var random = RandomStream(seed: UInt64(n))
    // Rows that change places, and yet matrices that are far from singular.
    let x = Tensor.normal([count, n, n], dtype, using: &random) * 0.3 + Tensor.eye(n, nil, dtype) * 2
    let turned = x.reversed(axes: 1) + 0
    return (n % 2 == 0 ? turned + Tensor.eye(n, nil, dtype) * 2 : x, Tensor.normal([count, n, 3], dtype, using: &random))
  }
  private func alone(_ row: Row, _ x: Tensor, _ b: Tensor) -> Tensor {
    stack((0..<x.shape[0]).map { row.call(x[$0], b[$0]) }, axis: 0)
  }
  private func check(_ row: Row, _ x: Tensor, _ b: Tensor, _ comment: String) {
    let (many, single) = (row.call(x, b), alone(row, x, b))
    #expect(many.shape == single.shape)
    let scale = Double(x.shape[-1]) * (x.dtype == .float32 ? 2e-5 : 4e-14)
    let error: Double = (abs(many - single) / (abs(single) + abs(single).max())).max().cast(to: .float64).item()
    #expect(error < scale, "\(comment)")
  }

  @Test(arguments: rows, [DType.float32, .float64]) func equalsLAPACK(_ row: Row, _ dtype: DType) {
    for n in Self.sizes {
      let (x, b) = batch(n, dtype)
      check(row, x, b, "\(n)")
      // Other layouts: by columns, every second one, one matrix for all.
      check(row, x.transposed(), b, "\(n) by columns")
      check(row, x[.stride(from: 0, by: 2)], b[.stride(from: 0, by: 2)], "every second of \(n)")
      check(row, x[0..<1].expanded([5, n, n]), b[0..<5], "one of \(n)")
    }
  }

  @Test(arguments: rows) func threadsAndNeighboursChangeNothing(_ row: Row) {
    let (x, b) = batch(9, .float32, count: 700)
    let all = Threads.count
    defer { Threads.count = all }
    let many = Grid(row.call(x, b))
    Threads.count = 1
    #expect(Grid(row.call(x, b)) == many)
    // What is in a matrix stays in it.
    var spoilt = x
    spoilt[3, 2, 2] = Tensor(Float.nan)
    // Not of a mistake, nor of a diagonal that is not read.
    if ["cholesky", "solveTriangular, ones"].contains(row.testDescription) { return }
    let result = row.call(spoilt, b)
    #expect(result[3].isNaN.any().item(as: Bool.self))
    #expect(Grid(result[4...]) == Grid(row.call(x, b)[4...]))
    #expect(Grid(result[..<3]) == Grid(row.call(x, b)[..<3]))
  }

  /// A NaN anywhere in a matrix makes all of its solution NaN; zeros on a triangle's diagonal give infinities and NaN, as alone.
  @Test func notFinite() {
    let (x, b) = batch(5, .float64, count: 6)
    for (row, column) in [(0, 0), (4, 0), (0, 4), (2, 3), (4, 4)] {
      var spoilt = x
      spoilt[2, row, column] = Tensor(Double.nan)
      #expect(solve(spoilt, b)[2].isNaN.all().item(as: Bool.self), "\(row), \(column)")
      #expect(inverse(spoilt)[2].isNaN.all().item(as: Bool.self), "\(row), \(column)")
      #expect(determinant(spoilt)[2].isNaN.item(as: Bool.self), "\(row), \(column)")
    }
    let zeros = Tensor.zeros([4, 3, 3])
    #expect(!solveTriangular(zeros, Tensor.ones([4, 3, 1]), upper: false).isFinite.any().item(as: Bool.self))
  }

  /// The same sentences as of a matrix alone, for the first one that fails.
  @Test func failures() throws {
    for n in [2, 6, 17, 32] {
      let one = try Tensor.eye(n, nil, .float64).expanded([40, n, n]).contiguousCopy()
      for (place, pivot) in [(37, n), (20, 1), (5, 2)] {
        var x = one
        for other in [place, 39] { x[other, pivot - 1, pivot - 1] = Tensor(0.0, .float64).cast(to: .float64) }
        #expect(determinant(x)[place].item() == 0.0)
        #expect(logDeterminant(x).logarithm[place].item() == -Double.infinity)
        #expect { try checked { inverse(x) } } throws: {
          "\($0)" == "inverse: matrix \(place) of \(x.shape) is singular: pivot \(pivot) is zero"
        }
        #expect { try checked { solve(x, x) } } throws: {
          "\($0)" == "solve: matrix \(place) of \(x.shape) is singular: pivot \(pivot) is zero"
        }
        for bad in [0, -1, Double.nan, .infinity] {
          x[place, pivot - 1, pivot - 1] = Tensor(bad).cast(to: .float64)
          #expect { try checked { cholesky(x) } } throws: {
            "\($0)" == "cholesky: matrix \(place) of \(x.shape) is not positive definite: the leading minor of order \(pivot) is not"
          }
        }
      }
    }
  }
}
