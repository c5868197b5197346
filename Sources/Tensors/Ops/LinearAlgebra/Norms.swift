import CKernels
import RealModule

/// A norm of matrices.
public enum MatrixNorm: Sendable {
  /// √Σ x², Frobenius's.
  case frobenius
  /// The sum of the singular values.
  case nuclear
  /// The largest and the smallest sum of sizes over a column.
  case one, minusOne
  /// The largest and the smallest singular value.
  case two, minusTwo
  /// The largest and the smallest sum of sizes over a row.
  case infinity, minusInfinity
}

/// (Σ |x|ᵖ)^(1/p) over axes, for p that is none of 0, 1 and ±∞.
struct PowerNorm: Primitive {
  let order: Double
  let axes: [Int]
  let keepDims: Bool
  var name: String { "norm" }
  var keeps: Keeps { .both }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    if !x.dtype.isFloatingPoint { throw mistake("not defined for \(x.dtype), only for float32 and float64; convert with .cast(to:)") }
    var signature = try Reduce(kind: .sum, axes: axes, keepDims: keepDims).result(x)
    signature.dtype = x.dtype
    return signature
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    var constant = x
    constant.node = .none
    let y = try
      (order == 2
      ? sqrt(constant.squared.sum(axes: axes, keepDims: keepDims))
      : pow(pow(abs(constant), order).sum(axes: axes, keepDims: keepDims), 1 / order)).made
    // Between these the powers have kept their digits; beyond, each row is scaled by its largest element.
    let digits = (y.dtype == .float32 ? 30 : 280) / Swift.abs(order)
    let largest = y.dtype == .float32 ? Double(Float.greatestFiniteMagnitude) : .greatestFiniteMagnitude
    let (low, high) = (Double.pow(10, -digits), Swift.min(Double.pow(10, digits), largest))
    if fx_any_outside(y.dtype.code, y.elementCount, y.pointer, low, high) == 0 { return y }
    let (rows, mended) = try (constant.rows(along: axes), y.contiguousCopy())
    fx_mend_norms(y.dtype.code, y.elementCount, rows.shape[1], order, low, high, rows.pointer, mended.pointer)
    withExtendedLifetime(rows) {}
    return mended
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    var kept = x.shape
    for axis in axes.isEmpty ? Array(0..<x.rank) : axes { kept[axis] = 1 }
    // At 0 the norm has a kink; its subgradient of least size is 0.
    let isZero = (y .== 0).detached
    let (size, slope) = (select(isZero, 1, y), select(isZero, 0, dy))
    func spread(_ t: Tensor) -> Tensor { t.reshaped(kept) }
    if order == 2 { return [Self.directed(x, spread(size), spread(slope))] }
    // Of x/y, whose power neither overflows nor vanishes before the gradient does.
    let isNothing = (x .== 0).detached
    let power = pow(select(isNothing, 1, abs(x) / spread(size)), order - 1)
    return [sign(x) * power * spread(slope)]
  }

  private static let directed = Elementwise { x, size, slope in x / size * slope }
}

extension Tensor {
  /// The norm (Σ |x|ᵖ)^(1/p) over the given axes, or over all, with p the order: 2 unless told.
  ///
  /// Order ±∞ gives the largest and the smallest size, 0 the number of elements that are not 0 (which is no norm, and has derivative 0); any
  /// other number, negative and fractional ones too, stands for itself.
  ///
  /// Derivative: dy·sign(x)·(|x|/y)^(p − 1), 0 where y or x is 0; for ±∞ shared among equals. PyTorch: `linalg.vector_norm`.
  ///
  /// Powers that overflow or vanish do not harm it: it is right wherever it can be told in the dtype.
  public func norm(_ order: Double = 2, axes: [Int] = [], keepDims: Bool = false) -> Tensor {
    if Context.current.hasFailed { return .placeholder }
    if dtype.isComplex { return abs(self).norm(order, axes: axes, keepDims: keepDims) }
    if !dtype.isFloatingPoint {
      fail(TensorError("norm", "not defined for \(dtype), only for float32 and float64; convert with .cast(to:)"))
      return .placeholder
    }
    guard Setting.number.holds(order, "an order", "norm") else { return .placeholder }
    switch order {
    case 0: return (self .!= 0).cast(to: dtype).sum(axes: axes, keepDims: keepDims)
    case 1: return abs(self).sum(axes: axes, keepDims: keepDims)
    case .infinity: return abs(self).max(axes: axes, keepDims: keepDims)
    case -.infinity: return abs(self).min(axes: axes, keepDims: keepDims)
    default: return PowerNorm(order: order, axes: axes, keepDims: keepDims)(self)
    }
  }
  /// The norm over one axis.
  public func norm(_ order: Double = 2, axis: Int, keepDims: Bool = false) -> Tensor { norm(order, axes: [axis], keepDims: keepDims) }

  /// A norm of the matrices in two axes, the last two unless told: Frobenius's unless told.
  ///
  /// PyTorch: `linalg.matrix_norm`.
  public func matrixNorm(_ order: MatrixNorm = .frobenius, axes: (rows: Int, columns: Int) = (-2, -1), keepDims: Bool = false) -> Tensor {
    guard
      let (rows, columns) = attempt({ () throws(TensorError) in (try axis(axes.rows, "matrixNorm"), try axis(axes.columns, "matrixNorm")) })
    else { return .placeholder }
    if Context.current.hasFailed { return .placeholder }
    if rows == columns {
      fail(TensorError("matrixNorm", "axes \(axes.rows) and \(axes.columns) of \(shape) are one; two would fit"))
      return .placeholder
    }
    func sums(over axis: Int) -> Tensor { abs(self).sum(axis: axis, keepDims: true) }
    let kept: Tensor
    switch order {
    case .frobenius: return norm(axes: [rows, columns], keepDims: keepDims)
    case .one: kept = sums(over: rows).max(axis: columns, keepDims: true)
    case .minusOne: kept = sums(over: rows).min(axis: columns, keepDims: true)
    case .infinity: kept = sums(over: columns).max(axis: rows, keepDims: true)
    case .minusInfinity: kept = sums(over: columns).min(axis: rows, keepDims: true)
    case .nuclear, .two, .minusTwo:
      let others = (0..<rank).filter { $0 != rows && $0 != columns }
      let s = singularValues(permuted(others + [rows, columns]))
      if Context.current.hasFailed { return .placeholder }
      let value = order == .nuclear ? s.sum(axis: -1) : order == .two ? s.max(axis: -1) : s.min(axis: -1)
      return keepDims ? value.reshaped(Shape((0..<rank).map { $0 == rows || $0 == columns ? 1 : shape[$0] })) : value
    }
    return keepDims ? kept : kept.squeezed(axes: [rows, columns])
  }
}
