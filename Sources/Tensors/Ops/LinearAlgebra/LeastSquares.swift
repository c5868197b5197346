/// How ``leastSquares(_:_:method:tolerance:)`` goes about it.
public enum LeastSquaresMethod: Sendable {
  /// QR with column exchanges, for matrices of any rank: LAPACK's `gelsy`.
  case completeOrthogonal
  /// QR, the fastest, for matrices of full rank: LAPACK's `gels`.
  case qr
  /// Singular values by divide and conquer, for matrices of any rank: LAPACK's `gelsd`.
  case divideAndConquer
  /// Singular values, for matrices of any rank: LAPACK's `gelss`.
  case singularValues
}

/// What ``leastSquares(_:_:method:tolerance:)`` finds.
public struct LeastSquaresResult: Sendable {
  /// The shortest x among those for which ‖a • x − b‖ is least: [..., n, k].
  public var solution: Tensor
  /// Σ (a • x − b)² over each column: [..., k].
  public var residuals: Tensor
  /// The rank of each matrix, int64 [...]; [0] with `qr`, which takes it for full.
  public var rank: Tensor
  /// The singular values, largest first: [..., min(m, n)]; [0] with the methods that do not compute them.
  public var singularValues: Tensor
}

/// Solution by columns, singular values and rank, packed.
struct LeastSquares: Primitive {
  let method: LeastSquaresMethod
  let tolerance: Double
  var name: String { "leastSquares" }
  var keeps: Keeps { .both }

  func result(_ x: Pair) throws(TensorError) -> Signature {
    if x.a.dtype != x.b.dtype { throw mixedDTypes(x.a.dtype, x.b.dtype) }
    try x.a.checkMatrices()
    let (m, n) = (x.a.shape[-2], x.a.shape[-1])
    return Signature(Shape(Array(x.a.batchShape) + [n * x.b.shape[-1] + Swift.min(m, n) + 1]), x.a.dtype)
  }

  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    x.a.dtype == .float32 ? try packed(x.a, x.b, result, Float.self) : try packed(x.a, x.b, result, Double.self)
  }

  private func packed<T: LAPACKElement>(_ a: Tensor, _ b: Tensor, _ result: Signature, _ type: T.Type) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    if y.elementCount == 0 { return y }
    let (m, n, count, size) = (a.shape[-2], a.shape[-1], b.shape[-1], result.shape[-1])
    let (k, longer) = (Swift.min(m, n), Swift.max(m, n))
    if k == 0 {
      fillElements(y.pointer, 0, y.dtype, y.elementCount)
      return y
    }
    let matrices = try a.view(shape: a.shape.swappingLast(), strides: a.strides.swappingLast(), offset: a.offset).contiguousCopy()
    let sides = try b.view(shape: b.shape.swappingLast(), strides: b.strides.swappingLast(), offset: b.offset).contiguousCopy()
    let (pa, pb, out) = (matrices.numbers(type), sides.numbers(type), y.numbers(type))
    try a.checkFinite(pa)
    if count > 0 { try b.checkFinite(pb) }
    let lead = Int32(longer)
    func run(
      _ a: T.Numbers, _ b: T.Numbers, _ s: T.Numbers, _ work: T.Numbers, _ workSize: Int, _ integers: T.Integers
    ) -> Int32 {
      let (m, n, count, workSize, tolerance) = (Int32(m), Int32(n), Int32(count), Int32(workSize), T(tolerance))
      switch method {
      case .qr: return T.gels(m, n, count, a, m, b, lead, work, workSize)
      case .completeOrthogonal: return T.gelsy(m, n, count, a, m, b, lead, integers + 1, tolerance, integers, work, workSize)
      case .singularValues: return T.gelss(m, n, count, a, m, b, lead, s, tolerance, integers, work, workSize)
      case .divideAndConquer: return T.gelsd(m, n, count, a, m, b, lead, s, tolerance, integers, work, workSize, integers + 1)
      }
    }
    var integerSize: [Int32] = [0, 0]
    let workSize = integerSize.withUnsafeMutableBufferPointer { integers in
      LAPACK.size(type) { run(pa, out, out, $0, -1, integers.baseAddress!) }
    }
    // What it asks for in integers it tells in the first of them; column exchanges are one for each column.
    let integers = 2 + Swift.max(n, Int(integerSize[1]))
    let failure = try LAPACK.forEach(
      type, a.matrixCount, operations: 4 * m * n * (k + count), numbers: workSize + longer * count, integers: integers
    ) { i, work, integers in
      let (b, work, out) = (work, work + longer * count, out + i * size)
      b.update(repeating: 0, count: longer * count)
      for j in 0..<count { (b + j * longer).update(from: pb + (i * count + j) * m, count: m) }
      integers.update(repeating: 0, count: n + 1)
      let s = out + n * count
      s.update(repeating: 0, count: k)
      let info = run(pa + i * m * n, b, s, work, workSize, integers)
      for j in 0..<count { (out + j * n).update(from: b + j * longer, count: n) }
      s[k] = method == .qr ? T(k) : T(integers[0])
      return info
    }
    withExtendedLifetime((matrices, sides)) {}
    if let failure {
      throw mistake(
        method == .qr
          ? "\(Tensor.matrixName(failure.matrix, a.shape)) is not of full rank, which .qr wants; the other methods would fit"
          : "\(Tensor.matrixName(failure.matrix, a.shape)): the iteration did not converge")
    }
    return y
  }

  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    // The solution is pseudoInverse(a) • b.
    let (n, count) = (x.a.shape[-1], x.b.shape[-1])
    let slope = dy.unpacked(0, count, n).transposed()
    let pseudo = pseudoInverse(x.a, relativeTolerance: tolerance)
    let da = needs[0] ? PseudoInverse.slope(x.a, pseudo, slope • x.b.transposed()) : nil
    return [da, needs[1] ? pseudo.transposed() • slope : nil]
  }
}

/// The x for which Σ (a • x − b)² is least, for a [..., m, n] and b [..., m, k] or [m]; batches broadcast together.
///
/// Where several x are as good (fewer rows than columns, or columns that depend on each other) it is the shortest one. Singular values up to
/// `tolerance` times the largest count as zero; unless given it is the larger of m and n times the dtype's precision. NaN and infinity are a
/// mistake that names the matrix.
///
/// Derivative: that of `pseudoInverse(a) • b`, for the solution and the residuals. PyTorch: `linalg.lstsq`.
public func leastSquares(
  _ a: Tensor, _ b: Tensor, method: LeastSquaresMethod = .completeOrthogonal, tolerance: Double? = nil
) -> LeastSquaresResult {
  let nothing = LeastSquaresResult(solution: .placeholder, residuals: .placeholder, rank: .placeholder, singularValues: .placeholder)
  if Context.current.hasFailed { return nothing }
  if let x = widened(a, b) {
    let result = leastSquares(x[0]!, x[1]!, method: method, tolerance: tolerance)
    return LeastSquaresResult(
      solution: result.solution.cast(to: a.dtype), residuals: result.residuals.cast(to: a.dtype), rank: result.rank,
      singularValues: result.singularValues.cast(to: a.dtype))
  }
  let right = b.rank == 1 ? b.unsqueezed(axis: 1) : b
  guard a.rank >= 2, right.rank >= 2, a.shape[-2] == right.shape[-2],
    case .success(let batch) = a.batchShape.broadcast(with: right.batchShape)
  else {
    fail(TensorError("leastSquares", "a of shape \(a.shape) and b of \(b.shape); [..., m, n] and [..., m, k] or [m] would fit"))
    return nothing
  }
  let (m, n, count) = (a.shape[-2], a.shape[-1], right.shape[-1])
  let wide = a.expanded(Shape(Array(batch) + [m, n]))
  let sides = right.expanded(Shape(Array(batch) + [m, count]))
  let precision = a.dtype.real != .float64 ? Double(Float.ulpOfOne) : Double.ulpOfOne
  let tolerance = tolerance ?? precision * Double(Swift.max(m, n))
  if a.isComplex {
    let solution = pseudoInverse(wide, relativeTolerance: tolerance) • sides
    let residuals = abs(wide • solution - sides).squared.sum(axis: -2)
    return LeastSquaresResult(
      solution: b.rank == 1 ? solution.squeezed(axes: -1) : solution, residuals: b.rank == 1 ? residuals.squeezed(axes: -1) : residuals,
      rank: method == .qr ? .zeros([0], .int64) : matrixRank(wide, relativeTolerance: tolerance),
      singularValues: method == .divideAndConquer || method == .singularValues
        ? Tensors.singularValues(wide.detached) : .zeros([0], a.dtype.real))
  }
  let packed = LeastSquares(method: method, tolerance: tolerance)(Pair(wide, sides))
  if Context.current.hasFailed { return nothing }
  let k = Swift.min(m, n)
  let solution = packed.unpacked(0, count, n).transposed()
  let residuals = (wide • solution - sides).squared.sum(axis: -2)
  let hasValues = method == .divideAndConquer || method == .singularValues
  return LeastSquaresResult(
    solution: b.rank == 1 ? solution.squeezed(axes: -1) : solution, residuals: b.rank == 1 ? residuals.squeezed(axes: -1) : residuals,
    rank: method == .qr ? .zeros([0], .int64) : packed.detached[.ellipsis, n * count + k].cast(to: .int64),
    singularValues: hasValues ? packed.unpacked(n * count, k).detached : .zeros([0], a.dtype))
}
