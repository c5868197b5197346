import RealModule
import Tensors

/// A matrix that is far from singular, made from any of small numbers.
private func regular(_ x: Tensor) -> Tensor { x + Tensor.eye(x.shape[-1], nil, x.dtype) * 5 }
private func regular(_ x: Matrix) -> Matrix { x + Matrix.identity(x.count) * 5 }
private func symmetric(_ x: Tensor) -> Tensor { x + x.transposed() }
private func symmetric(_ x: Matrix) -> Matrix { x + x.transpose }
/// A matrix with eigenvalues near 2, 5 and 9.
private func spread(_ x: Tensor) -> Tensor { x * 0.2 + Tensor([2.0, 5, 9], .float64).cast(to: x.dtype) * Tensor.eye(3, nil, x.dtype) }
private func spread(_ x: Matrix) -> Matrix { x * 0.2 + [[2, 0, 0], [0, 5, 0], [0, 0, 9]] }

extension OperatorTable {
  private static let squares: [[[Int]]] = [[[3, 3]], [[2, 3, 3]], [[1, 1]], [[0, 0]], [[0, 3, 3]], [[2, 1, 2, 2]], [[90, 2, 2]]]
  private static let rectangles: [[[Int]]] = [[[4, 3]], [[3, 4]], [[2, 3, 3]], [[2, 4, 3]], [[1, 1]], [[0, 3, 2]]]

  /// A row of functions of one matrix, made regular first: for all layouts and both dtypes.
  private static func function(
    _ name: String, _ covers: [String], cases: [[[Int]]] = squares, range: ClosedRange<Double> = -1...1,
    _ apply: @escaping @Sendable (Tensor) -> Tensor, tail: @escaping @Sendable (Int) -> [Int],
    reference: @escaping @Sendable (Matrix) -> [Double]
  ) -> OperatorRow {
    .general(name, covers, cases: cases, domains: [.real(range.lowerBound, range.upperBound)]) {
      apply($0[0])
    } reference: {
      $0[0].eachMatrix(tail($0[0].shape[$0[0].rank - 1]), reference)
    }.with { $0.isComposite = true }
  }

  static let linearAlgebra = list { rows in
    rows.add(
      function("cholesky", ["cholesky(_: Tensor)", "struct Cholesky"]) {
        cholesky(regular(symmetric($0)))
      } tail: {
        [$0, $0]
      } reference: {
        regular(symmetric($0)).cholesky.flat
      })
    rows.add(
      function("inverse", ["inverse(_: Tensor)", "struct Inverse"]) {
        inverse(regular($0))
      } tail: {
        [$0, $0]
      } reference: {
        regular($0).inverse.flat
      })
    rows.add(
      function("determinant", ["determinant(_: Tensor)", "struct Determinant", "struct Cofactors"]) {
        determinant(regular($0))
      } tail: { _ in
        []
      } reference: {
        [regular($0).determinant]
      })
    rows.add(
      function("logDeterminant", ["logDeterminant(_: Tensor)", "struct Determinant"]) {
        let (sign, logarithm) = logDeterminant(-regular($0))
        return sign * 3 + logarithm
      } tail: { _ in
        []
      } reference: {
        let value = (regular($0) * -1).determinant
        return [(value < 0 ? -3.0 : 3) + Double.log(abs(value))]
      })
    rows.add(
      function("matrixExponential", ["matrixExponential(_: Tensor)", "struct MatrixExponential"]) {
        matrixExponential($0)
      } tail: {
        [$0, $0]
      } reference: {
        $0.exponential.flat
      })
    rows.add(
      function("matrixExponential with squaring", ["matrixExponential(_: Tensor)"]) {
        matrixExponential($0 * 3 - 1)
      } tail: {
        [$0, $0]
      } reference: { x in
        x.map { $0.map { $0 * 3 - 1 } }.exponential.flat
      })
    // Of equal eigenvalues, too: 4·I, a repeated block, and one whose values are no one's.
    let functions: [(String, @Sendable (Symbol) -> Symbol, @Sendable (Double) -> Double)] = [
      ("√x", { sqrt($0) }, { $0.squareRoot() }), ("1/√x", { 1 / sqrt($0) }, { 1 / $0.squareRoot() }),
      ("log", { log($0) }, { Double.log($0) }),
      ("exp", { exp($0 * 0.3) }, { Double.exp($0 * 0.3) }), ("x^1.7", { pow($0, 1.7) }, { Double.pow($0, 1.7) }),
    ]
    for (name, f, reference) in functions {
      rows.add(
        function(
          "symmetricMatrixFunction \(name)",
          ["symmetricMatrixFunction(_: Tensor, _: (Symbol) → Symbol)", "struct SymmetricMatrixFunction"], cases: squares.dropLast()
        ) {
          symmetricMatrixFunction(regular($0), f)
        } tail: {
          [$0, $0]
        } reference: { x in
          let symmetric = (regular(x) + regular(x).transpose) * 0.5
          let (values, vectors) = symmetric.symmetricEigen
          let scaled = vectors.enumerated().map { i, v in v.map { $0 * reference(values[i]) } }
          return (vectors.transpose * scaled).flat
        }.with {
          let zero = [-1.0, 0, 0, -1]
          let slope = name == "√x" ? 0.25 : name == "1/√x" ? -0.0625 : name == "log" ? 0.25 : nil
          guard let slope else { return }
          $0.specials = [
            .init(
              inputs: [Grid([2, 2], zero)], result: Grid([2, 2], [reference(4), 0, 0, reference(4)]),
              slopes: [Grid([2, 2], [slope, slope, slope, slope])])
          ]
        })
    }
    for power in [-2, 0, 1, 5] {
      let row = function("matrixPower \(power)", ["matrixPower(_: Tensor, _: Int)"]) {
        matrixPower(regular($0) * 0.3, power)
      } tail: {
        [$0, $0]
      } reference: { x in
        let base = power < 0 ? (regular(x) * 0.3).inverse : regular(x) * 0.3
        return (0..<abs(power)).reduce(Matrix.identity(x.count)) { y, _ in y * base }.flat
      }
      rows.add(power == 0 ? row.with { $0.slope = .flat } : row)
    }
    rows.add(
      function("conditionNumber", ["conditionNumber(_: Tensor, _: MatrixNorm)"], cases: [[[3, 3]], [[2, 3, 3]], [[1, 1]]]) {
        conditionNumber(regular($0)) + 2 * conditionNumber(regular($0), .one)
      } tail: { _ in
        []
      } reference: { x in
        let s = regular(x).svd.s
        func one(_ x: Matrix) -> Double { x.transpose.map { $0.reduce(0) { $0 + abs($1) } }.max()! }
        return [s[0] / s[s.count - 1] + 2 * one(regular(x)) * one(regular(x).inverse)]
      }.with { $0.takesEqualElements = false })

    // LU, with its factors one by one; rows change places in most samples.
    let lus: [(String, @Sendable (Tensor) -> Tensor, @Sendable (Int, Int) -> [Int], @Sendable (Matrix) -> Matrix)] = [
      (
        "l", { lu($0).l }, { [$0, min($0, $1)] },
        { x in
          let (a, k) = (x.lu.factors, min(x.count, x[0].count))
          return a.indices.map { i in (0..<k).map { $0 < i ? a[i][$0] : $0 == i ? 1 : 0 } }
        }
      ),
      (
        "u", { lu($0).u }, { [min($0, $1), $1] },
        { x in
          let (a, k) = (x.lu.factors, min(x.count, x[0].count))
          return (0..<k).map { i in x[0].indices.map { $0 < i ? 0 : a[i][$0] } }
        }
      ), ("product", { x in lu(x).p • lu(x).l • lu(x).u }, { [$0, $1] }, { $0 }),
    ]
    for (name, apply, tail, reference) in lus {
      for cases in [rectangles, [[[3, 4]]], [[[3, 3]]]] {
        rows.add(
          .general("lu: \(name) of \(cases[0])", ["lu(_: Tensor)", "struct LU"], cases: cases, dtypes: [.float64]) {
            apply($0[0])
          } reference: {
            $0[0].eachMatrix(tail($0[0].shape[$0[0].rank - 2], $0[0].shape[$0[0].rank - 1])) { reference($0).flat }
          }.with {
            $0.takesEqualElements = false
            $0.isComposite = true
          })
      }
    }

    // Factors up to their signs: R's diagonal is made positive, vectors are squared.
    for shape in [[5, 3], [3, 3], [3, 4]] {
      rows.add(
        .general("qr: r of \(shape)", ["qr(_: Tensor, complete: Bool)", "struct QR"], cases: [[shape]] + rectangles) { x in
          let r = qr(x[0]).r
          return r.squared + r * r[.ellipsis, 0..<1]
        } reference: { x in
          let (m, n) = (x[0].shape[x[0].rank - 2], x[0].shape[x[0].rank - 1])
          return x[0].eachMatrix([min(m, n), n]) { x in
            let r = x.orthonormalColumns.transpose * x
            // Row by row the signs cancel in the square; the other term keeps that of the row with its first element.
            return r.enumerated().flatMap { i, row in
              row.indices.map { j in
                let value = j < i ? 0 : row[j]
                return value * value + value * (i == 0 ? row[0] : 0)
              }
            }
          }
        }.with {
          $0.takesEqualElements = false
          $0.isComposite = true
        })
      rows.add(
        .general("qr: q of \(shape)", ["qr(_: Tensor, complete: Bool)"], cases: [[shape]]) {
          qr($0[0]).q.squared
        } reference: { x in
          let (m, n) = (x[0].shape[0], x[0].shape[1])
          return x[0].eachMatrix([m, min(m, n)]) { $0.orthonormalColumns.flat.map { $0 * $0 } }
        }.with {
          $0.takesEqualElements = false
          $0.isComposite = true
        })
      rows.add(
        .general("qr: product of \(shape), complete", ["qr(_: Tensor, complete: Bool)"], cases: [[shape]] + rectangles) {
          let (q, r) = qr($0[0], complete: true)
          return q • r
        } reference: {
          $0[0]
        }.with {
          $0.takesEqualElements = false
          $0.isComposite = true
        })
      rows.add(
        .general("svd: u of \(shape)", ["svd(_: Tensor, fullMatrices: Bool)", "struct SVD"], cases: [[shape]] + rectangles) {
          svd($0[0]).u.squared
        } reference: { x in
          let (m, n) = (x[0].shape[x[0].rank - 2], x[0].shape[x[0].rank - 1])
          return x[0].eachMatrix([m, min(m, n)]) { $0.svd.u.transpose.flat.map { $0 * $0 } }
        }.with {
          $0.takesEqualElements = false
          $0.isComposite = true
          $0.dtypes = [.float64]
        })
      rows.add(
        .general("svd: vt of \(shape)", ["svd(_: Tensor, fullMatrices: Bool)"], cases: [[shape]] + rectangles) {
          svd($0[0]).vt.squared
        } reference: { x in
          let (m, n) = (x[0].shape[x[0].rank - 2], x[0].shape[x[0].rank - 1])
          return x[0].eachMatrix([min(m, n), n]) { $0.svd.v.flat.map { $0 * $0 } }
        }.with {
          $0.takesEqualElements = false
          $0.isComposite = true
          $0.dtypes = [.float64]
        })
      rows.add(
        .general("svd: product of \(shape), full", ["svd(_: Tensor, fullMatrices: Bool)"], cases: [[shape]] + rectangles) {
          let (u, s, vt) = svd($0[0], fullMatrices: true)
          let k = s.shape[-1]
          return (u[.ellipsis, 0..<k] * s.unsqueezed(axis: -2)) • vt[.ellipsis, 0..<k, 0..<vt.shape[-1]]
        } reference: {
          $0[0]
        }.with {
          $0.takesEqualElements = false
          $0.isComposite = true
        })
      rows.add(
        .general("singularValues of \(shape)", ["singularValues(_: Tensor)", "struct SVD"], cases: [[shape]] + rectangles) {
          singularValues($0[0])
        } reference: { x in
          let (m, n) = (x[0].shape[x[0].rank - 2], x[0].shape[x[0].rank - 1])
          return x[0].eachMatrix([min(m, n)]) { $0.svd.s }
        }.with {
          $0.takesEqualElements = false
          $0.isComposite = true
        })
      rows.add(
        .general(
          "pseudoInverse of \(shape)",
          ["pseudoInverse(_: Tensor, relativeTolerance: Double?, absoluteTolerance: Double)", "struct PseudoInverse"],
          cases: [[shape]] + rectangles, dtypes: [.float64]
        ) {
          pseudoInverse($0[0])
        } reference: { x in
          let (m, n) = (x[0].shape[x[0].rank - 2], x[0].shape[x[0].rank - 1])
          return x[0].eachMatrix([n, m]) { x in
            let t = x.transpose
            return (m == n ? x.inverse : m > n ? (t * x).inverse * t : t * (x * t).inverse).flat
          }
        }.with {
          $0.takesEqualElements = false
          $0.isComposite = true
        })
    }

    for shape in [[5, 3], [3, 3], [3, 4]] {
      for isFactor in [true, false] {
        rows.add(
          .general(
            "polarDecomposition: \(isFactor ? "u" : "p") of \(shape)",
            ["polarDecomposition(_: Tensor)", "struct PolarFactor", "struct Lyapunov"], cases: [[shape]] + rectangles
          ) {
            isFactor ? polarDecomposition($0[0]).u : polarDecomposition($0[0]).p
          } reference: { x in
            let (m, n) = (x[0].shape[x[0].rank - 2], x[0].shape[x[0].rank - 1])
            return x[0].eachMatrix([isFactor ? m : n, n]) { x in
              let (u, s, v) = x.svd
              if isFactor { return (u.transpose * v).flat }
              return (v.transpose * v.enumerated().map { i, row in row.map { $0 * s[i] } }).flat
            }
          }.with {
            $0.takesEqualElements = false
            $0.isComposite = true
          })
      }
    }

    for isUpper in [false, true] {
      let covers = [
        "symmetricEigen(_: Tensor, upper: Bool)", "symmetricEigenvalues(_: Tensor, upper: Bool)", "struct SymmetricEigen",
        "struct PackedVectors",
      ]
      // What the other triangle has is not read.
      rows.add(
        function("symmetricEigenvalues, upper \(isUpper)", covers) {
          symmetricEigenvalues(symmetric($0), upper: isUpper)
        } tail: {
          [$0]
        } reference: {
          symmetric($0).symmetricEigen.values
        }.with { $0.takesEqualElements = false })
      rows.add(
        function("symmetricEigen: vectors, upper \(isUpper)", covers, cases: [[[3, 3]], [[2, 3, 3]], [[1, 1]]]) {
          symmetricEigen(symmetric($0), upper: isUpper).vectors.squared
        } tail: {
          [$0, $0]
        } reference: {
          symmetric($0).symmetricEigen.vectors.transpose.flat.map { $0 * $0 }
        }.with {
          $0.takesEqualElements = false
          $0.dtypes = [.float64]
        })
      rows.add(
        function("symmetricEigenvalues of a triangle, upper \(isUpper)", covers) {
          symmetricEigenvalues($0, upper: isUpper)
        } tail: {
          [$0]
        } reference: { x in
          x.indices.map { i in x.indices.map { j in isUpper == (i < j) ? x[i][j] : x[j][i] } }.symmetricEigen.values
        }.with {
          $0.slope = .none
          $0.takesEqualElements = false
        })
    }
    rows.add(
      function(
        "eigenvalues", ["eigenvalues(_: Tensor)", "eigen(_: Tensor)", "struct Eigen"], cases: [[[3, 3]], [[2, 3, 3]], [[0, 3, 3]]]
      ) {
        // Sums of powers do not depend on the order.
        let values = eigenvalues(spread($0))
        return values.sum(axis: -1) + (values * values * values).sum(axis: -1)
      } tail: { _ in
        []
      } reference: {
        let x = spread($0)
        return [x.trace + (x * x * x).trace]
      })
    rows.add(
      function("eigen", ["eigen(_: Tensor)", "struct Eigen"], cases: [[[3, 3]], [[2, 3, 3]], [[0, 3, 3]]]) {
        let (values, vectors) = eigen(spread($0))
        return (vectors.squared * values.unsqueezed(axis: -2)).sum(axis: -1)
      } tail: { _ in
        [3]
      } reference: {
        weightedVectors(spread($0))
      })

    let systems: [[[Int]]] = [
      [[3, 3], [3, 2]], [[3, 3], [3]], [[2, 3, 3], [2, 3, 2]], [[3, 3], [2, 3, 2]], [[2, 3, 3], [3, 1]], [[1, 1], [1, 1]],
      [[0, 0], [0, 2]], [[3, 3], [3, 0]], [[0, 3, 3], [0, 3, 2]], [[2, 1, 2, 2], [3, 2, 2]], [[30, 30], [30, 40]],
    ]
    func solver(
      _ name: String, _ covers: [String], _ apply: @escaping @Sendable (Tensor, Tensor) -> Tensor,
      _ matrix: @escaping @Sendable (Matrix) -> Matrix
    ) -> OperatorRow {
      .general(name, covers, cases: systems, domains: [.real(-0.5, 0.5), .any]) {
        apply($0[0], $0[1])
      } reference: { x in
        let b = x[1].rank == 1 ? Grid(x[1].shape + [1], x[1].values) : x[1]
        let rank = max(x[0].rank, b.rank)
        let batch = (0..<rank - 2).map { axis in
          [x[0], b].compactMap { axis >= rank - $0.rank ? $0.shape[axis - rank + $0.rank] : nil }.first { $0 != 1 } ?? 1
        }
        let (wide, sides) = (x[0].expanded(batch + x[0].shape.suffix(2)), b.expanded(batch + b.shape.suffix(2)))
        let y = wide.eachMatrix(with: sides, Array(b.shape.suffix(2))) { a, b in matrix(a).eliminated(b).x.flat }
        return x[1].rank == 1 ? Grid(Array(y.shape.dropLast()), y.values) : y
      }.with { $0.isComposite = true }
    }
    rows.add(
      solver("solve", ["solve(_: Tensor, _: Tensor)", "struct Solve"]) {
        solve(regular($0), $1)
      } _: {
        regular($0)
      })
    rows.add(
      solver("solve of transposed", ["solve(_: Tensor, _: Tensor)"]) {
        solve(regular($0).transposed(), $1)
      } _: {
        regular($0).transpose
      })
    rows.add(
      solver("choleskySolve", ["choleskySolve(_: Tensor, _: Tensor)", "struct CholeskySolve"]) {
        let n = $0.shape[-1]
        let isLower = Tensor.arange(n).unsqueezed(axis: 1) .>= Tensor.arange(n)
        return choleskySolve(select(isLower, regular($0), 0), $1)
      } _: { x in
        let l = regular(x).enumerated().map { i, row in row.indices.map { $0 <= i ? row[$0] : 0 } }
        return l * l.transpose
      })
    for (isUpper, isUnit) in [(false, false), (true, false), (false, true), (true, true)] {
      rows.add(
        solver(
          "solveTriangular, upper \(isUpper), unit \(isUnit)",
          ["solveTriangular(_: Tensor, _: Tensor, upper: Bool, unitDiagonal: Bool)", "struct SolveTriangular"]
        ) {
          solveTriangular(isUnit ? $0 : regular($0), $1, upper: isUpper, unitDiagonal: isUnit)
        } _: { x in
          let x = isUnit ? x : regular(x)
          return x.indices.map { i in
            x.indices.map { j in i == j ? isUnit ? 1 : x[i][i] : isUpper == (i < j) ? x[i][j] : 0 }
          }
        })
    }

    for (name, method) in [
      ("qr", LeastSquaresMethod.qr), ("completeOrthogonal", .completeOrthogonal), ("divideAndConquer", .divideAndConquer),
      ("singularValues", .singularValues),
    ] {
      for shape in [[6, 3], [3, 5]] {
        rows.add(
          .general(
            "leastSquares of \(shape) by \(name)", ["struct LeastSquares", "LeastSquaresResult.solution"],
            cases: [[shape, [shape[0], 2]], [[2] + shape, [2, shape[0], 1]], [shape, [shape[0]]]], dtypes: [.float64]
          ) {
            leastSquares($0[0], $0[1], method: method).solution
          } reference: { x in
            let b = x[1].rank == 1 ? Grid(x[1].shape + [1], x[1].values) : x[1]
            let (m, n) = (shape[0], shape[1])
            let y = x[0].eachMatrix(with: b, [n, b.shape[b.rank - 1]]) { a, b in
              let t = a.transpose
              return ((m >= n ? (t * a).inverse * t : t * (a * t).inverse) * b).flat
            }
            return x[1].rank == 1 ? Grid(Array(y.shape.dropLast()), y.values) : y
          }.with {
            $0.takesEqualElements = false
            $0.isComposite = true
          })
      }
    }
    let parts = ["LeastSquaresResult.residuals", "LeastSquaresResult.rank", "LeastSquaresResult.singularValues"]
    rows.add(
      .general("leastSquares: residuals", parts, cases: [[[4, 3], [4, 2]], [[2, 4, 3], [2, 4, 2]]], dtypes: [.float64]) {
        leastSquares($0[0], $0[1]).residuals
      } reference: { x in
        x[0].eachMatrix(with: x[1], [2]) { a, b in
          let t = a.transpose
          let rest = a * ((t * a).inverse * t * b) + b * -1
          return rest.transpose.map { $0.reduce(0) { $0 + $1 * $1 } }
        }
      }.with {
        $0.takesEqualElements = false
        $0.isComposite = true
      })
    rows.add(
      .general("leastSquares: rank", parts, cases: [[[4, 3], [4, 2]], [[2, 4, 3], [2, 4, 2]]]) {
        leastSquares($0[0], $0[1], method: .divideAndConquer).rank
      } reference: {
        $0[0].eachMatrix([]) { _ in [3] }
      }.giving(.int64).with { $0.takesEqualElements = false })
    rows.add(
      .general("leastSquares: singularValues", parts, cases: [[[4, 3], [4, 2]], [[2, 4, 3], [2, 4, 2]]]) {
        leastSquares($0[0], $0[1], method: .singularValues).singularValues
      } reference: {
        $0[0].eachMatrix([3]) { $0.svd.s }
      }.with {
        $0.takesEqualElements = false
        $0.slope = .none
      })
  }

  /// Σ λⱼ·vⱼ² over the eigenvectors of length 1 of a matrix with eigenvalues near 2, 5 and 9.
  @Sendable private static func weightedVectors(_ x: Matrix) -> [Double] {
    var sum = [0.0, 0, 0]
    for start in [2.0, 5, 9] {
      var (shift, v) = (start, [1.0, 1, 1])
      // Rayleigh's iteration, with a shift that never hits an eigenvalue exactly.
      for step in 0..<12 {
        let moved = x + Matrix.identity(3) * (-shift - 1e-5)
        let w = moved.eliminated(v.map { [$0] }).x.flat
        let length = w.reduce(0) { $0 + $1 * $1 }.squareRoot()
        v = w.map { $0 / length }
        let image = (x * v.map { [$0] }).flat
        if step > 2 { shift = zip(v, image).reduce(0) { $0 + $1.0 * $1.1 } }
      }
      for i in 0..<3 { sum[i] += shift * v[i] * v[i] }
    }
    return sum
  }
}
