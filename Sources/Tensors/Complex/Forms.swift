// Primitives for complex numbers, as operators on their parts.

// Sums of elements that lie at several places: of the parts alike.
extension StridedAdd: LinearForm {}
extension FoldBorder: LinearForm {}
extension Columns: LinearForm {}
extension ColumnsAdded: LinearForm {}

// Kernels that take pairs.
extension TakeAdd: ComplexForm {
  func onComplex(_ x: Tensor) -> Tensor? { nil }
}
extension AddAlong: ComplexForm {
  func onComplex(_ x: Pair) -> Tensor? { nil }
}
extension Scatter: ComplexForm {
  func onComplex(_ x: Pair) throws(TensorError) -> Tensor? {
    switch kind {
    case .replace, .sum: return nil
    case .product, .maximum, .minimum: throw mistake("a product or an extreme of complex numbers; their sum would fit")
    }
  }
}

extension CombineRows: ComplexForm {
  func onComplex(_ x: [Tensor]) throws(TensorError) -> Tensor? {
    if x.count == 1 { return x[0].onParts { self([$0]) } }
    try checkOneDType(x)
    return x[0].onParts(x[1]) { self([$0, $1]) }
  }
}

extension Scan: ComplexForm {
  func onComplex(_ x: Tensor) throws(TensorError) -> Tensor? {
    let axis = try x.axis(axis, name)
    switch kind {
    case .sum: return x.onParts { Scan(kind: .sum, axis: axis, isReversed: isReversed)($0) }
    case .product:
      return x.joined(axis, isReversed, .ones([], x.dtype)) { $0 * $1 }
    case .logSumExp:
      // As of products; a sum's angle is its larger term's, from which it is not brought back within −π and π.
      return x.joined(axis, isReversed, Tensor.full([], -Double.infinity, x.dtype.real).cast(to: x.dtype)) { logAddExp($0, $1) }
    }
  }
}

extension Tensor {
  /// A running combination along an axis: each step joins stretches that the one before has made, and doubles their length.
  fileprivate func joined(_ axis: Int, _ isReversed: Bool, _ neutral: Tensor, _ join: (Tensor, Tensor) -> Tensor) -> Tensor {
    let n = shape[axis]
    var (y, length) = (self, 1)
    while length < n, !Context.current.hasFailed {
      let beyond = neutral.expanded(shape.replacing(axis, with: length))
      y =
        isReversed
        ? join(y, concatenate([y[axis: axis, length..<n], beyond], axis: axis))
        : join(y, concatenate([beyond, y[axis: axis, 0..<n - length]], axis: axis))
      if length > n / 2 { break }
      length *= 2
    }
    return y
  }

  /// The largest real part over axes, which stay with size 1, as a constant; 0 where it is not finite.
  fileprivate func largestReal(along axes: [Int]) -> Tensor {
    let largest = real.detached.max(axes: axes, keepDims: true)
    return select(largest.isFinite, largest, 0)
  }
}

extension LogSumExp: ComplexForm {
  func onComplex(_ x: Tensor) throws(TensorError) -> Tensor? {
    let axis = try x.axis(axis, name)
    if x.shape[axis] == 0 { throw mistake("of no complex numbers, whose logarithm has no angle") }
    let shift = x.largestReal(along: [axis])
    return log(exp(x - shift.cast(to: x.dtype)).sum(axis: axis)) + shift.squeezed(axes: axis).cast(to: x.dtype)
  }
}

extension Variance: ComplexForm {
  /// Σ |x − mean|²: the variances of the parts.
  func onComplex(_ x: Tensor) throws(TensorError) -> Tensor? {
    let ofPart = Variance(axes: axes, keepDims: keepDims, correction: correction)
    let y = ofPart(x.real) + ofPart(x.imag)
    if !isRoot { return y }
    let isFlat = (y .== 0).detached
    return select(isFlat, 0, sqrt(select(isFlat, 1, y)))
  }
}

extension PowerNorm: ComplexForm {
  func onComplex(_ x: Tensor) -> Tensor? { self(abs(x)) }
}

extension NormalizeRows: ComplexForm {
  /// x/√(mean x² + ε)·weight, PyTorch's for complex numbers.
  func onComplex(_ x: [Tensor]) throws(TensorError) -> Tensor? {
    try checkOneDType(x)
    _ = try result(x.map { Tensor(hollow: $0.shape, $0.dtype.real) })
    return composed(x)
  }
}

extension Convolution: ComplexForm {
  func onComplex(_ x: [Tensor]) throws(TensorError) -> Tensor? {
    try checkOneDType(x)
    let (re, im) = (x.map(\.real), x.map(\.imag))
    let image = Array(re.dropFirst(2))
    return complex(
      self([re[0], re[1]] + image) - self([im[0], im[1]]), self([re[0], im[1]] + im.dropFirst(2)) + self([im[0], re[1]]))
  }
}

extension ConvolutionInput: ComplexForm {
  func onComplex(_ x: Pair) throws(TensorError) -> Tensor? {
    try checkOneDType(x.a, x.b)
    return x.a.onParts(x.b) { self(Pair($0, $1)) }
  }
}
