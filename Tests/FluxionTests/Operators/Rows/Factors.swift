import Tensors

/// A matrix that is far from singular, made from any of small numbers.
private func regular(_ x: Tensor) -> Tensor { x + Tensor.eye(x.shape[-1], nil, x.dtype) * 5 }
private func regular(_ x: Matrix) -> Matrix { x + Matrix.identity(x.count) * 5 }
/// A symmetric matrix with next to nothing on its diagonal: its factors have blocks of two rows.
private func indefinite(_ x: Tensor) -> Tensor {
  let below = (x + 3).lowerTriangle(diagonal: -1)
  return below + below.transposed() + Tensor.eye(x.shape[-1], nil, x.dtype) * 0.125
}
private func indefinite(_ x: Matrix) -> Matrix {
  x.indices.map { i in x.indices.map { i == $0 ? 0.125 : x[max(i, $0)][min(i, $0)] + 3 } }
}

extension OperatorTable {
  /// Packed factors and what solves systems with them.
  static let factors = list { rows in
    lus(&rows)
    reflections(&rows)
    symmetric(&rows)
    ranks(&rows)
  }

  private static func lus(_ rows: inout [OperatorRow]) {
    let unpacked = ["luUnpacked(_: Tensor, pivots: Tensor)", "struct RowOrder"]
    rows.add(
      .general("lu factors", ["luFactors(_: Tensor)"], cases: [[[3, 3]], [[4, 3]], [[2, 2, 4]]], dtypes: [.float64]) {
        luFactors($0[0]).factors
      } reference: {
        $0[0].eachMatrix(Array($0[0].shape.suffix(2))) { $0.lu.factors.flat }
      }.with {
        $0.takesEqualElements = false
        $0.isComposite = true
      })
    for shape in [[3, 3], [4, 3], [3, 4]] {
      rows.add(
        .general("lu unpacked: of \(shape)", ["luFactors(_: Tensor)"] + unpacked, cases: [[shape], [[0] + shape]], dtypes: [.float64]) {
          let (factors, pivots) = luFactors($0[0])
          let (p, l, u) = luUnpacked(factors, pivots: pivots)
          return p • l • u
        } reference: {
          $0[0]
        }.with {
          $0.takesEqualElements = false
          $0.isComposite = true
        })
    }
    for isTransposed in [false, true] {
      rows.add(
        .general(
          "luSolve\(isTransposed ? " transposed" : "")", ["luSolve(_: Tensor, pivots: Tensor, _: Tensor, transposed: Bool)"] + unpacked,
          cases: [[[3, 3], [3, 2]], [[2, 3, 3], [2, 3, 1]], [[1, 1], [1, 1]]], domains: [.real(-1, 1), .any]
        ) { x in
          let (factors, pivots) = luFactors(regular(x[0]).reversed(axes: -2))
          return luSolve(factors, pivots: pivots, x[1], transposed: isTransposed)
        } reference: { x in
          x[0].eachMatrix(with: x[1], Array(x[1].shape.suffix(2))) { a, b in
            let a = Matrix(regular(a).reversed())
            return (isTransposed ? a.transpose : a).eliminated(b).x.flat
          }
        }.with { $0.isComposite = true })
    }
  }

  private static func reflections(_ rows: inout [OperatorRow]) {
    /// H₀·H₁⋯ as a matrix.
    @Sendable func product(_ v: Matrix, _ scales: [Double]) -> Matrix {
      scales.indices.reduce(Matrix.identity(v.count)) { q, k in
        let u = v.indices.map { $0 < k ? 0 : $0 == k ? 1 : v[$0][k] }
        return q * v.indices.map { i in v.indices.map { (i == $0 ? 1 : 0) - scales[k] * u[i] * u[$0] } }
      }
    }
    let name = "householderProduct(_: Tensor, scales: Tensor"
    rows.add(
      .general("householderProduct", [name + ")"], cases: [[[4, 3], [3]], [[2, 2], [2]], [[3, 2], [1]]]) {
        householderProduct($0[0], scales: $0[1])
      } reference: { x in
        x[0].eachMatrix(Array(x[0].shape.suffix(2))) { v in product(v, x[1].values).map { Array($0.prefix(v[0].count)) }.flat }
      }.with { $0.isComposite = true })
    for (fromRight, isTransposed) in [(false, false), (false, true), (true, false), (true, true)] {
      rows.add(
        .general(
          "householderProduct with a matrix, \(fromRight ? "right" : "left")\(isTransposed ? ", transposed" : "")",
          [name + ", with: Tensor, fromRight: Bool, transposed: Bool)"], cases: [[[3, 2], [2], fromRight ? [2, 3] : [3, 2]]]
        ) {
          householderProduct($0[0], scales: $0[1], with: $0[2], fromRight: fromRight, transposed: isTransposed)
        } reference: { x in
          x[0].eachMatrix(with: x[2], x[2].shape) { v, c in
            let q = product(v, x[1].values)
            let factor = isTransposed ? q.transpose : q
            return (fromRight ? c * factor : factor * c).flat
          }
        }.with { $0.isComposite = true })
    }
  }

  private static func symmetric(_ rows: inout [OperatorRow]) {
    let covers = ["ldlSolve(_: Tensor, pivots: Tensor, _: Tensor, isHermitian: Bool)", "struct BlockOrder"]
    rows.add(
      .general(
        "ldlSolve", covers + ["ldlFactors(_: Tensor, isHermitian: Bool)", "struct LDL"],
        cases: [[[4, 4], [4, 2]], [[2, 3, 3], [2, 3, 1]], [[1, 1], [1, 1]]],
        domains: [.real(-1, 1), .any], slope: .inputs([1])
      ) {
        let (factors, pivots) = ldlFactors(indefinite($0[0].detached))
        return ldlSolve(factors, pivots: pivots, $0[1])
      } reference: { x in
        x[0].eachMatrix(with: x[1], Array(x[1].shape.suffix(2))) { indefinite($0).eliminated($1).x.flat }
      }.with { $0.isComposite = true })
    rows.add(
      .general("ldlSolve by its factors", covers, cases: [[[3, 3], [3, 2]]], domains: [.real(0.5, 1.5), .any]) {
        ldlSolve($0[0], pivots: [1, 2, 3], $0[1])
      } reference: { x in
        x[0].eachMatrix(with: x[1], [3, 2]) { f, b in
          let l = f.indices.map { i in f.indices.map { $0 < i ? f[i][$0] : $0 == i ? 1 : 0 } }
          let d = f.indices.map { i in f.indices.map { $0 == i ? f[i][i] : 0 } }
          return (l * d * l.transpose).eliminated(b).x.flat
        }
      }.with { $0.isComposite = true })
  }

  private static func ranks(_ rows: inout [OperatorRow]) {
    rows.add(
      .general(
        "matrixRank", ["matrixRank(_: Tensor, relativeTolerance: Double?, absoluteTolerance: Double)"],
        cases: [[[4, 3]], [[2, 3, 3]], [[0, 2]], [[0, 3, 2]]], domains: [.distinct], slope: OperatorRow.Slope.none
      ) { x in
        // The first column and, in the second matrix, another one that is next to nothing.
        let first = x[0][.ellipsis, 0..<min(1, x[0].shape[-1])]
        return matrixRank(concatenate([first, first * 2.0, first * 0.0], axis: -1)) * 10 + matrixRank(x[0] * 0.0)
      } reference: { x in
        x[0].eachMatrix([]) { [$0.isEmpty ? 0 : 10] }
      }.giving(.int64).with { $0.takesEqualElements = false })
  }
}
