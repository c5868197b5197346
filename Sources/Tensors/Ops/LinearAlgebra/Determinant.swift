import RealModule

/// The sign of the determinant and the logarithm of its size, or the determinant itself: [..., 2] or [...].
struct Determinant: Primitive {
  let isLogarithmic: Bool
  var name: String { isLogarithmic ? "logDeterminant" : "determinant" }
  var keeps: Keeps { .both }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    try x.checkMatrices(isSquare: true)
    return Signature(isLogarithmic ? Shape(Array(x.batchShape) + [2]) : x.batchShape, x.dtype)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    try x.dtype == .float32 ? determinant(x, result, Float.self) : determinant(x, result, Double.self)
  }

  private func determinant<T: LAPACKElement>(_ x: Tensor, _ result: Signature, _ type: T.Type) throws(TensorError) -> Tensor {
    let (y, n) = (try Tensor(uninitialized: result.shape, result.dtype), x.shape[-1])
    let out = y.numbers(type)
    if SmallSystems.suits(x.matrixCount, n) {
      let (lu, pivots) = (try Tensor(uninitialized: x.shape, x.dtype), try Tensor(uninitialized: Shape(x.shape.dropLast()), .int32))
      let exchanges = pivots.pointer.assumingMemoryBound(to: Int32.self)
      _ = try SmallSystems.lu(x, lu, exchanges)
      let a = lu.numbers(type)
      parallel(x.matrixCount, grain: 20_000 / (n * (isLogarithmic ? 10 : 2))) { range in
        for i in range { multiply(n, a + i * n * n, exchanges + i * n, out + (isLogarithmic ? 2 * i : i)) }
      }
      withExtendedLifetime((lu, pivots)) {}
      return y
    }
    // The transpose has the same determinant: rows will do for columns.
    let copy = try x.contiguousCopy()
    let a = copy.numbers(type)
    _ = try LAPACK.forEach(type, x.matrixCount, operations: 2 * n * n * n / 3, integers: n) { (i, _, pivots) throws(TensorError) in
      let a = a + i * n * n
      if n > 0 { _ = try Blocked.lu(n, n, a, pivots) }
      multiply(n, a, pivots, out + (isLogarithmic ? 2 * i : i))
      return 0
    }
    withExtendedLifetime(copy) {}
    return y
  }

  /// What the pivots give, and the sign of the rows' order: the determinant, or its sign and logarithm.
  private func multiply<T: LAPACKElement>(_ n: Int, _ a: T.Numbers, _ pivots: T.Integers, _ out: T.Numbers) {
    var (sign, logarithm): (T, Double) = (1, 0)
    for j in 0..<n where Int(pivots[j]) != j + 1 { sign = -sign }
    if !isLogarithmic {
      var product = sign
      for j in 0..<n { product *= a[j * n + j] }
      out[0] = product
      return
    }
    for j in 0..<n {
      let pivot = a[j * n + j]
      sign = pivot > 0 ? sign : pivot < 0 ? -sign : pivot * 0
      logarithm += pivot == 0 ? -.infinity : Double.log(Double(Swift.abs(pivot)))
    }
    out[0] = sign
    out[1] = T(logarithm)
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let value = isLogarithmic ? y.unpacked(0, 2)[.ellipsis, 0] : y
    let slope = isLogarithmic ? dy[.ellipsis, 1] : dy * y
    func spread(_ t: Tensor) -> Tensor { t.unsqueezed(axis: -1).unsqueezed(axis: -1) }
    // Where a matrix is singular the identity stands in for it, so that the others have their inverses.
    let isSingular = (value .== 0).detached
    guard isSingular.any().item(as: Bool.self) else { return [spread(slope) * inverse(x).transposed()] }
    let invertible = select(spread(isSingular), Tensor.eye(x.shape[-1], nil, x.dtype), x)
    let regular = spread(slope) * inverse(invertible).transposed()
    if isLogarithmic { return [select(spread(isSingular), Double.nan, regular)] }
    return [select(spread(isSingular), spread(dy) * Cofactors()([x]), regular)]
  }
}

/// The derivative of the determinant, its cofactors, and theirs along a matrix w: of singular matrices too.
///
/// With x = u·diag(s)·vᵀ and w′ = uᵀ·w·v they are det(u)·det(v)·u·c·vᵀ with cᵢᵢ = Π s but for sᵢ; along w cᵢᵢ = Σⱼ pᵢⱼ·w′ⱼⱼ and cᵢⱼ = −pᵢⱼ·w′ⱼᵢ with
/// pᵢⱼ = Π s but for sᵢ and sⱼ.
struct Cofactors: Primitive {
  var name: String { "determinant" }

  func result(_ x: [Tensor]) -> Signature { Signature(x[0].shape, x[0].dtype) }

  func evaluate(_ x: [Tensor], _ result: Signature) throws(TensorError) -> Tensor {
    let (u, s, vt) = svd(x[0].detached)
    let isSame = Tensor.eye(s.shape[-1], nil, s.dtype) .!= 0
    let determinant = Determinant(isLogarithmic: false)
    let sign = (determinant(u) * determinant(vt)).unsqueezed(axis: -1).unsqueezed(axis: -1)
    let inner: Tensor
    if x.count == 1 {
      inner = select(isSame, 1, s.unsqueezed(axis: -2)).prod(axis: -1).diagonalMatrix()
    } else {
      let isOneOf = isSame.unsqueezed(axis: -2) .| isSame.unsqueezed(axis: -3)
      let others = select(isSame, 0, select(isOneOf, 1, s.unsqueezed(axis: -2).unsqueezed(axis: -2)).prod(axis: -1))
      let w = u.transposed() • x[1].detached • vt.transposed()
      let diagonal = (others * w.diagonal().unsqueezed(axis: -2)).sum(axis: -1)
      inner = diagonal.diagonalMatrix() - others * w.transposed()
    }
    return sign * (u • inner • vt)
  }

  func gradient(_ x: [Tensor], _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    if x.count == 1 { return [self([x[0], dy])] }
    if needs[0] { fail(TensorError(name, "of a singular matrix there are two derivatives, and the third was asked for"), with: x) }
    return [nil, needs[1] ? self([x[0], dy]) : nil]
  }
}

/// The determinant of square matrices [..., n, n]; 1 of an empty one.
///
/// Derivative: dy times the cofactors, det x·x⁻ᵀ; they exist for a singular matrix too, as does their own derivative; a third one of a
/// singular matrix is a mistake. PyTorch: `linalg.det`.
public func determinant(_ x: Tensor) -> Tensor { x.isComplex ? complexDeterminant(x) : Determinant(isLogarithmic: false)(x) }

/// The determinant of square matrices [..., n, n] as its sign, −1, 0 or 1, and the logarithm of its size: no overflow, however large they are.
///
/// Of a singular matrix the sign is 0 and the logarithm −∞. The logarithm of the determinant itself is
/// `log(sign) + logarithm`, NaN where it is negative.
///
/// Derivative of the logarithm: x⁻ᵀ, NaN for a singular matrix; that of the sign is 0. PyTorch: `linalg.slogdet`.
public func logDeterminant(_ x: Tensor) -> (sign: Tensor, logarithm: Tensor) {
  if x.dtype.isHalf {
    let (sign, logarithm) = logDeterminant(x.widened)
    return (sign.cast(to: x.dtype), logarithm.cast(to: x.dtype))
  }
  if x.isComplex { return complexLogDeterminant(x) }
  let packed = Determinant(isLogarithmic: true)(x)
  if Context.current.hasFailed { return (.placeholder, .placeholder) }
  return (packed[.ellipsis, 0], packed[.ellipsis, 1])
}
