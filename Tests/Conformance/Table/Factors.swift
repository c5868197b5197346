import Fluxion

extension Table {
  static let factors = Family("Factors, systems and ranks") { rows in
    triangles(&rows)
    systems(&rows)
    inverses(&rows)
    for i in rows.rows.indices { rows.rows[i].isLoose = true }
  }

  /// 0 for each matrix: what PyTorch tells where nothing was wrong.
  ///
  /// Fluxion's mistake names the matrix.
  private static func info(_ x: Tensor) -> Tensor { .zeros(Shape(x.shape.dropLast(2)), .int32) }

  private static func triangles(_ rows: inout Rows) {
    rows.add(
      "linalg.cholesky_ex", "cholesky(x)", note: "a matrix that is not positive definite is a mistake, not a code",
      results: { a in
        let x = try a.x
        return [try a.bool("upper") ? cholesky(x.adjoint()).adjoint() : cholesky(x), info(x)]
      })
    rows.add("cholesky_inverse", "choleskySolve(l, Tensor.eye(n))") { a in
      let l = try a.bool("upper", at: 1) ? a.x.adjoint() : a.x
      return choleskySolve(l, Tensor.eye(l.shape[-1], nil, l.dtype).expanded(l.shape))
    }
    rows.add(
      "linalg.lu", "let (p, l, u) = lu(x)",
      results: { a in
        let (p, l, u) = lu(try a.x)
        return [p, l, u]
      })
    for name in ["linalg.lu_factor", "linalg.lu_factor_ex", "lu"] {
      rows.add(
        name, "let (factors, pivots) = luFactors(x)",
        results: { a in
          let x = try a.x
          let (factors, pivots) = luFactors(x)
          let hasInfo = try name == "lu" ? a.bool("get_infos", at: 2) : name.hasSuffix("ex")
          return [factors, pivots] + (hasInfo ? [info(x)] : [])
        })
    }
    rows.add(
      "lu_unpack", "let (p, l, u) = luUnpacked(factors, pivots: pivots)",
      results: { a in
        let (p, l, u) = luUnpacked(try a.x, pivots: try a.tensor(1))
        return [p, l, u]
      })
    rows.add("linalg.householder_product", "householderProduct(reflections, scales: scales)") { a in
      try householderProduct(a.x, scales: a.tensor(1))
    }
    rows.add("ormqr", "householderProduct(reflections, scales: scales, with: c, fromRight: flag, transposed: flag)") { a in
      try householderProduct(
        a.x, scales: a.tensor(1), with: a.tensor(2), fromRight: !a.bool("left", at: 3, default: true),
        transposed: a.bool("transpose", at: 4))
    }
    rows.add(
      "svd", "let (u, s, vt) = svd(x, fullMatrices: flag)", note: "PyTorch's third is `vt.adjoint()`",
      results: { a in
        let (u, s, vt) = svd(try a.x, fullMatrices: !(try a.bool("some", at: 1, default: true)))
        return [u, s, vt.adjoint()]
      })
    rows.change { row in
      let (align, compared) = (Table.alignedFactors, Table.comparedFactors)
      row.align = { a, ours, theirs in
        func turned(_ x: [Tensor]) -> [Tensor] { [x[0], x[1], x[2].adjoint()] }
        return turned(try align(a, turned(ours), turned(theirs)))
      }
      row.compared = { a, y in try compared(a, [y[0], y[1], y[2].adjoint()]) }
    }
    rows.add(
      "linalg.polar", "let (u, p) = polarDecomposition(x)",
      results: { a in
        let (u, p) = polarDecomposition(try a.x)
        return [u, p]
      })
  }

  private static func systems(_ rows: inout Rows) {
    rows.add("linalg.lu_solve", "luSolve(factors, pivots: pivots, b, transposed: flag)", note: "from the right: of the transposes") { a in
      let (factors, pivots, b, isAdjoint) = try (a.x, a.tensor(1), a.tensor(2), a.bool("adjoint"))
      if try a.bool("left", default: true) { return luSolve(factors, pivots: pivots, b, transposed: isAdjoint) }
      return luSolve(factors, pivots: pivots, b.adjoint(), transposed: !isAdjoint).adjoint()
    }
    for name in ["linalg.ldl_factor", "linalg.ldl_factor_ex"] {
      rows.add(
        name, "let (factors, pivots) = ldlFactors(x)",
        results: { a in
          let (factors, pivots) = ldlFactors(try a.x)
          return [factors, pivots] + (name.hasSuffix("ex") ? [info(try a.x)] : [])
        })
    }
    rows.add("linalg.ldl_solve", "ldlSolve(factors, pivots: pivots, b)") { a in try ldlSolve(a.x, pivots: a.tensor(1), a.tensor(2)) }
    rows.add("lu_solve", "luSolve(factors, pivots: pivots, b)") { a in try luSolve(a.tensor(1), pivots: a.tensor(2), a.x) }
    rows.add(
      "linalg.solve_ex", "solve(a, b)", note: "a singular matrix is a mistake, not a code",
      results: { a in [try Table.byName["linalg.solve"]!.call(a)[0], info(try a.x)] })
    rows.add(
      "triangular_solve", "solveTriangular(a, b, upper: upper)",
      results: { a in
        let (b, x) = try (a.x, a.tensor(1))
        let (upper, isTransposed) = try (a.bool("upper", at: 2, default: true), a.bool("transpose", at: 3))
        let unit = try a.bool("unitriangular", at: 4)
        return [solveTriangular(isTransposed ? x.transposed() : x, b, upper: upper != isTransposed, unitDiagonal: unit), x]
      })
    rows.add(
      "linalg.lstsq.grad_oriented", "leastSquares(a, b, method: .qr).solution", note: "and its residuals",
      results: { a in Array(try Table.byName["linalg.lstsq"]!.call(a).prefix(2)) })
    rows.add("linalg.tensorsolve", "solve(x.reshaped([n, n]), b.flattened()).reshaped(shape)", note: "`dims` are moved to the end first") {
      a in
      var x = try a.x
      let b = try a.tensor(1)
      if let dims = try a.optionalInts("dims") { x = x.moved(axes: dims, to: Array(x.rank - dims.count..<x.rank)) }
      let n = b.elementCount
      return solve(x.reshaped([n, n]), b.flattened()).reshaped(Shape(x.shape.dropFirst(b.rank)))
    }
  }

  private static func inverses(_ rows: inout Rows) {
    rows.add(
      "linalg.inv_ex", "inverse(x)", note: "a singular matrix is a mistake, not a code",
      results: { a in [inverse(try a.x), info(try a.x)] })
    rows.add("linalg.tensorinv", "inverse(x.reshaped([n, n])).reshaped(shape)") { a in
      let (x, count) = (try a.x, try a.int("ind", default: 2))
      let (rows, columns) = (Array(x.shape.prefix(count)), Array(x.shape.dropFirst(count)))
      return inverse(x.reshaped([rows.reduce(1, *), columns.reduce(1, *)])).reshaped(Shape(columns + rows))
    }
    rows.add("pinverse", "pseudoInverse(x)") { a in pseudoInverse(try a.x) }
    rows.add("linalg.pinv.hermitian", "pseudoInverse(x)", note: "PyTorch looks at the lower triangle alone") { a in
      let x = try a.x
      return pseudoInverse(x.lowerTriangle() + x.lowerTriangle(diagonal: -1).adjoint())
    }
    rows.change { $0.differs = ("PyTorch's gradient is not the lower triangle's, which alone it looks at", 1e3) }
    rows.add("linalg.pinv.singular", "pseudoInverse(x • y.adjoint())") { a in pseudoInverse(try a.x • a.tensor(1).adjoint()) }
    for name in ["linalg.matrix_rank", "linalg.matrix_rank.hermitian"] {
      rows.add(name, "matrixRank(x, relativeTolerance: tolerance)") { a in
        let x = try a.x
        let tolerances = ["rtol", "atol"].compactMap { name -> Tensor? in
          if case .tensor(let tensor, _) = a.value(name) { return a.tensors[tensor] }
          return nil
        }
        if tolerances.allSatisfy({ $0.elementCount == 1 }) {
          return try matrixRank(x, relativeTolerance: a.optionalDouble("rtol"), absoluteTolerance: a.double("atol", default: 0))
        }
        // A tolerance for each matrix.
        func list(_ name: String) throws -> [Double?] {
          let count = x.shape.dropLast(2).reduce(1, *)
          if case .tensor = a.value(name) {
            return try a.tensor(name).cast(to: .float64).expanded(Shape(x.shape.dropLast(2))).scalars(Double.self)
          }
          return Array(repeating: try a.optionalDouble(name), count: count)
        }
        let (relative, absolute) = (try list("rtol"), try list("atol"))
        let matrices = x.reshaped(Shape([relative.count] + Array(x.shape.suffix(2)))).unstacked()
        let ranks = matrices.enumerated().map {
          matrixRank($0.element, relativeTolerance: relative[$0.offset], absoluteTolerance: (absolute[$0.offset] ?? 0))
        }
        return stack(ranks).reshaped(Shape(x.shape.dropLast(2)))
      }
    }
    rows.add("linalg.cond", "conditionNumber(x, .two)") { a in
      conditionNumber(try a.x, a.has("p", at: 1) ? try matrixNorm(a.value("p", at: 1)) : .two)
    }
    rows.add(
      "linalg.vander", "concatenate([ones, powers.cumulativeProduct(axis: -1)], axis: -1)",
      note: "`powers` is `x.unsqueezed(axis: -1)`, repeated"
    ) {
      a in
      // Powers of integers are int64.
      let x = try (a.x.rank == 0 ? a.x.reshaped([1]) : a.x).cast(to: a.x.dtype.isFloatingPoint ? a.x.dtype : .int64)
      let count = try a.optionalInt("N") ?? x.shape[-1]
      let column = x.unsqueezed(axis: -1)
      let powers = column.expanded(Shape(Array(x.shape) + [max(0, count - 1)])).cumulativeProduct(axis: -1)
      return concatenate([Tensor.ones(column.shape, x.dtype), powers], axis: -1)
    }
  }
}
