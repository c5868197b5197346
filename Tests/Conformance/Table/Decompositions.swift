import Fluxion

extension Table {
  static let decompositions = Family("Linear algebra") { rows in
    rows.add("linalg.cholesky", "cholesky(x)", note: "upper: `cholesky(x.adjoint()).adjoint()`") { a in
      try a.bool("upper") ? cholesky(a.x.adjoint()).adjoint() : cholesky(a.x)
    }
    rows.change { $0.isLoose = true }
    rows.add("cholesky_solve", "choleskySolve(l, b)") { a in
      let (b, l) = try (a.x, a.tensor(1))
      return choleskySolve(try a.bool("upper", at: 2) ? l.adjoint() : l, b)
    }
    rows.change { $0.isLoose = true }
    rows.add("linalg.det", "determinant(x)") { a in determinant(try a.x) }
    rows.change { $0.isLoose = true }
    rows.add(
      "linalg.slogdet", "logDeterminant(x)",
      results: { a in
        let (sign, logarithm) = logDeterminant(try a.x)
        return [sign, logarithm]
      })
    rows.change { $0.isLoose = true }
    rows.add("logdet", "log(sign) + logarithm", note: "of `let (sign, logarithm) = logDeterminant(x)`") { a in
      let (sign, logarithm) = logDeterminant(try a.x)
      return log(sign) + logarithm
    }
    rows.change { $0.isLoose = true }
    rows.add("linalg.inv", "inverse(x)") { a in inverse(try a.x) }
    rows.change { $0.isLoose = true }
    rows.add("linalg.pinv", "pseudoInverse(x, relativeTolerance: tolerance)") { a in
      let absolute = try a.double("atol", default: 0)
      return pseudoInverse(try a.x, relativeTolerance: try a.optionalDouble("rtol"), absoluteTolerance: absolute)
    }
    rows.change { $0.isLoose = true }
    rows.add("linalg.solve", "solve(a, b)", note: "a vector b is [n]; of a batch of vectors make columns") { a in
      let (x, b) = try (a.x, a.tensor(1))
      let isLeft = try a.bool("left", default: true)
      if b.rank == 1 || b.rank == x.rank - 1 && b.shape == Shape(x.shape.dropLast()) {
        return solve(x, b.unsqueezed(axis: -1)).squeezed(axes: -1)
      }
      return isLeft ? solve(x, b) : solve(x.transposed(), b.transposed()).transposed()
    }
    rows.change { $0.isLoose = true }
    rows.add("linalg.solve_triangular", "solveTriangular(a, b, upper: upper)") { a in
      let (x, b, upper, unit) = try (a.x, a.tensor(1), a.bool("upper"), a.bool("unitriangular"))
      if try a.bool("left", default: true) { return solveTriangular(x, b, upper: upper, unitDiagonal: unit) }
      return solveTriangular(x.transposed(), b.transposed(), upper: !upper, unitDiagonal: unit).transposed()
    }
    rows.change { $0.isLoose = true }
    rows.add(
      "linalg.lstsq", "leastSquares(a, b)",
      note: "PyTorch leaves residuals out for gelsy, and where a has not more rows than columns or not full rank", results: leastSquares)
    rows.change { $0.isLoose = true }
    rows.add(
      "linalg.qr", "qr(x, complete: complete)", note: "mode `r`: `qr(x).r`",
      results: { a in
        let mode = try a.string("mode", at: 1, default: "reduced")
        let (q, r) = qr(try a.x, complete: mode == "complete")
        return [mode == "r" ? .zeros([0], r.dtype) : q, r]
      })
    rows.change {
      $0.isLoose = true
      $0.align = { _, ours, theirs in
        if ours[0].rank < 2 { return ours }
        let signs = same(ours[0], theirs[0], axis: -2)
        // Rows of r go with the columns of q.
        return [ours[0] * signs.unsqueezed(axis: -2), ours[1] * signs.unsqueezed(axis: -1)]
      }
      $0.compared = { _, results in
        let (q, r) = (results[0], results[1])
        return q.rank < 2 ? [r.adjoint() • r] : [q • r, q.adjoint() • q, r.adjoint() • r]
      }
    }
    rows.add(
      "linalg.svd", "svd(x, fullMatrices: fullMatrices)",
      results: { a in
        let (u, s, vt) = svd(try a.x, fullMatrices: try a.bool("full_matrices", at: 1, default: true))
        return [u, s, vt]
      })
    rows.change {
      $0.isLoose = true
      $0.align = alignedFactors
      $0.compared = comparedFactors
    }
    rows.add("linalg.svdvals", "singularValues(x)") { a in singularValues(try a.x) }
    rows.change { $0.isLoose = true }
    rows.add(
      "linalg.eigh", "symmetricEigen(x, upper: upper)",
      results: { a in
        let (values, vectors) = symmetricEigen(try a.x, upper: try a.string("UPLO", at: 1, default: "L").uppercased() == "U")
        return [values, vectors]
      })
    rows.change {
      $0.isLoose = true
      $0.align = { _, ours, theirs in [ours[0], ours[1] * same(ours[1], theirs[1], axis: -2).unsqueezed(axis: -2)] }
      $0.compared = { _, results in
        let (values, vectors) = (results[0], results[1])
        let scaled = vectors * values.unsqueezed(axis: -2).cast(to: vectors.dtype)
        return [values, scaled • vectors.adjoint(), vectors.adjoint() • vectors]
      }
    }
    rows.add("linalg.eigvalsh", "symmetricEigenvalues(x, upper: upper)") { a in
      symmetricEigenvalues(try a.x, upper: try a.string("UPLO", at: 1, default: "L").uppercased() == "U")
    }
    rows.change { $0.isLoose = true }
    rows.add("matrix_exp", "matrixExponential(x)") { a in matrixExponential(try a.x) }
    rows.change { $0.isLoose = true }
    rows.add("linalg.matrix_power", "matrixPower(x, n)") { a in matrixPower(try a.x, try a.int("n", at: 1)) }
    rows.change { $0.isLoose = true }
    rows.add("linalg.vector_norm", "x.norm(order, axes: axes, keepDims: keep)") { a in
      let x = try a.dtype().map { try a.x.cast(to: $0) } ?? a.x
      return try x.norm(a.double("ord", at: 1, default: 2), axes: a.axes(at: 2, of: x), keepDims: a.bool("keepdim", at: 3))
    }
    rows.add("linalg.matrix_norm", "x.matrixNorm(.nuclear, axes: axes, keepDims: keep)") { a in
      let x = try a.dtype().map { try a.x.cast(to: $0) } ?? a.x
      let axes = try a.optionalInts("dim", at: 2) ?? [-2, -1]
      let order = a.has("ord", at: 1) ? try matrixNorm(a.value("ord", at: 1)) : .frobenius
      return x.matrixNorm(order, axes: (axes[0], axes[1]), keepDims: try a.bool("keepdim", at: 3))
    }
    rows.change { $0.isLoose = true }
    rows.add("linalg.norm", "x.norm(order, axes: axes)", note: "of two axes and an order, and for `nuc` and `fro`: `x.matrixNorm`") { a in
      let x = try a.dtype().map { try a.x.cast(to: $0) } ?? a.x
      return try norm(a, x, isTorchNorm: false)
    }
    rows.change { $0.isLoose = true }
    rows.add("norm", "x.norm(order, axes: axes)", note: "`nuc`: `x.matrixNorm(.nuclear)`") { a in
      let x = try a.dtype(at: 4).map { try a.x.cast(to: $0) } ?? a.x
      return try norm(a, x, isTorchNorm: true)
    }
    rows.change { $0.isLoose = true }
  }

  /// The factors of an SVD with the signs of PyTorch's.
  @Sendable static func alignedFactors(_ a: Arguments, _ ours: [Tensor], _ theirs: [Tensor]) throws -> [Tensor] {
    let k = ours[1].shape[-1]
    let signs = same(ours[0][.ellipsis, 0..<k], theirs[0][.ellipsis, 0..<k], axis: -2)
    // PyTorch leaves out the gradients of what completes the bases.
    let (u, vt) = (ours[0], ours[2])
    let (m, n) = (u.shape[-1], vt.shape[-1])
    let first = (u[.ellipsis, 0..<k] * signs.unsqueezed(axis: -2), vt[.ellipsis, 0..<k, 0..<n] * signs.unsqueezed(axis: -1))
    return [
      concatenate([first.0, u[.ellipsis, k..<m].detached], axis: -1), ours[1],
      concatenate([first.1, vt[.ellipsis, k..<vt.shape[-2], 0..<n].detached], axis: -2),
    ]
  }

  /// What of an SVD does not depend on signs.
  @Sendable static func comparedFactors(_ a: Arguments, _ results: [Tensor]) throws -> [Tensor] {
    let (u, s, vt) = (results[0], results[1], results[2])
    let k = s.shape[-1]
    let product = (u[.ellipsis, 0..<k] * s.unsqueezed(axis: -2).cast(to: u.dtype)) • vt[.ellipsis, 0..<k, 0..<vt.shape[-1]]
    return [s, product, u.adjoint() • u, vt • vt.adjoint()]
  }

  /// ±1 for each column (or row, by `axis`) of ours, so that it points where theirs does; a constant.
  @Sendable private static func same(_ ours: Tensor, _ theirs: Tensor, axis: Int) -> Tensor {
    let products = (ours.detached * theirs).sum(axis: axis)
    return select(products .< 0, -1, Tensor.ones(products.shape, products.dtype))
  }

  @Sendable private static func leastSquares(_ a: Arguments) throws -> [Tensor] {
    let (x, b) = try (a.x, a.tensor(1))
    let methods: [String: LeastSquaresMethod] = [
      "gels": .qr, "gelsy": .completeOrthogonal, "gelsd": .divideAndConquer, "gelss": .singularValues,
    ]
    let method = methods[try a.string("driver", default: "gelsy")] ?? .completeOrthogonal
    let isVector = b.rank == 1 || b.rank == x.rank - 1 && b.shape == Shape(x.shape.dropLast())
    let found = Fluxion.leastSquares(
      x, isVector ? b.unsqueezed(axis: -1) : b, method: method, tolerance: try a.optionalDouble("rcond", at: 2))
    let (m, n) = (x.shape[-2], x.shape[-1])
    let hasResiduals = m > n && (method == .qr || method != .completeOrthogonal && (found.rank .== n).all().item(as: Bool.self))
    func columns(_ y: Tensor) -> Tensor { isVector ? y.squeezed(axes: -1) : y }
    return [
      columns(found.solution), hasResiduals ? columns(found.residuals) : .zeros([0], x.dtype), found.rank, found.singularValues,
    ]
  }

  @Sendable static func matrixNorm(_ order: Value) throws -> MatrixNorm {
    switch order {
    case .string("fro"): return .frobenius
    case .string("nuc"): return .nuclear
    case .int(1), .double(1): return .one
    case .int(-1), .double(-1): return .minusOne
    case .int(2), .double(2): return .two
    case .int(-2), .double(-2): return .minusTwo
    case .double(.infinity): return .infinity
    case .double(-.infinity): return .minusInfinity
    default: throw CaseError("\(order) is no matrix norm")
    }
  }

  /// PyTorch's two functions that are vector or matrix norms by their arguments.
  @Sendable private static func norm(_ a: Arguments, _ x: Tensor, isTorchNorm: Bool) throws -> Tensor {
    let keepDims = try a.bool("keepdim", at: 3)
    let axes = try a.optionalInts("dim", at: 2)
    let order = a.value(isTorchNorm ? "p" : "ord", at: 1)
    func vector(_ order: Double) -> Tensor { x.norm(order, axes: x.rank == 0 ? [] : axes ?? [], keepDims: keepDims) }
    func matrix() throws -> Tensor {
      let axes = axes ?? [-2, -1]
      return x.matrixNorm(try matrixNorm(order), axes: (axes[0], axes[1]), keepDims: keepDims)
    }
    switch order {
    case .none: return vector(2)
    case .string("fro") where isTorchNorm: return vector(2)
    case .string: return try matrix()
    case .int, .double:
      let number = try a.double(isTorchNorm ? "p" : "ord", at: 1)
      let isMatrix = !isTorchNorm && (axes.map { $0.count == 2 } ?? (x.rank == 2))
      return isMatrix ? try matrix() : vector(number)
    default: throw CaseError("\(order) is no norm")
    }
  }
}
