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

extension Scan: ComplexForm {
  func onComplex(_ x: Tensor) throws(TensorError) -> Tensor? {
    let axis = try x.axis(axis, name)
    switch kind {
    case .sum: return x.onParts { Scan(kind: .sum, axis: axis, isReversed: isReversed)($0) }
    case .product:
      // Each step multiplies stretches that the one before has made, and doubles their length.
      let n = x.shape[axis]
      var (y, length) = (x, 1)
      while length < n {
        let (ones, rest) = (Tensor.ones(x.shape.replacing(axis, with: length), x.dtype), y)
        y =
          isReversed
          ? rest * concatenate([rest.slice(axis, length..<n), ones], axis: axis)
          : rest * concatenate([ones, rest.slice(axis, 0..<n - length)], axis: axis)
        if length > n / 2 { break }
        length *= 2
      }
      return y
    case .logSumExp:
      if x.elementCount == 0 { return x }
      let shift = x.largestReal(along: [axis]).cast(to: x.dtype)
      return log(Scan(kind: .sum, axis: axis, isReversed: isReversed)(exp(x - shift))) + shift
    }
  }
}

extension Tensor {
  /// A stretch of one axis.
  fileprivate func slice(_ axis: Int, _ range: Range<Int>) -> Tensor {
    var region = Region(all: shape)
    region.take(axis, from: range.lowerBound, count: range.count)
    return Slice(region: region)(self)
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
    for other in x where other.dtype != x[0].dtype { throw mixedDTypes(x[0].dtype, other.dtype) }
    let (x, parameters) = (x[0], x.dropFirst())
    let centered = isCentered ? x - x.mean(axis: -1, keepDims: true) : x
    var y = centered * rsqrt(centered.squared.mean(axis: -1, keepDims: true) + epsilon)
    if hasWeight, let weight = parameters.first { y = y * weight }
    if let bias = hasWeight ? parameters.dropFirst().first : parameters.first { y = y + bias }
    return y
  }
}

extension Convolution: ComplexForm {
  func onComplex(_ x: [Tensor]) throws(TensorError) -> Tensor? {
    for other in x where other.dtype != x[0].dtype { throw mixedDTypes(x[0].dtype, other.dtype) }
    let (re, im) = (x.map(\.real), x.map(\.imag))
    let image = Array(re.dropFirst(2))
    return complex(
      self([re[0], re[1]] + image) - self([im[0], im[1]]), self([re[0], im[1]] + im.dropFirst(2)) + self([im[0], re[1]]))
  }
}

extension ConvolutionInput: ComplexForm {
  func onComplex(_ x: Pair) throws(TensorError) -> Tensor? {
    try checkOneDType(x.a, x.b)
    let (a, b) = ((x.a.real, x.a.imag), (x.b.real, x.b.imag))
    return complex(self(Pair(a.0, b.0)) - self(Pair(a.1, b.1)), self(Pair(a.0, b.1)) + self(Pair(a.1, b.0)))
  }
}
