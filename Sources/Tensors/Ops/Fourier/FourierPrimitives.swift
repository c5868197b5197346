import CFFT

// The transforms as primitives. Each is a linear function, whose gradient is its adjoint: another of them.

/// Complex numbers along axes: y[k] = scale · Σ x[j]·e^(∓2πi·jk/n), over each axis.
struct ComplexTransform: Primitive {
  let name: String
  /// Counted from the front, each once.
  let axes: [Int]
  let isForward: Bool
  let scale: Double
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    guard x.dtype.isComplex else { throw mistake("of \(x.dtype); complex64 or complex128 would fit") }
    for axis in axes { try checkLength(x, axis) }
    return Signature(x.shape, x.dtype)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    if y.elementCount == 0 { return y }
    for (i, axis) in axes.reversed().enumerated() {
      let pass = FourierPass(kind: isForward ? FX_FFT_FORWARD : FX_FFT_BACKWARD, length: x.shape[axis], scale: i == 0 ? scale : 1)
      try pass.run(from: i == 0 ? x : y, to: y, axis: axis)
    }
    return y
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [ComplexTransform(name: name, axes: axes, isForward: !isForward, scale: scale)(dy)]
  }
}

/// Real numbers along an axis: the first n/2 + 1 of scale · Σ x[j]·e^(∓2πi·jk/n); the others are their conjugates.
struct RealTransform: Primitive {
  let name: String
  let axis: Int
  let isForward: Bool
  let scale: Double
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    guard x.dtype.isFloatingPoint else { throw mistake("of \(x.dtype); float32 or float64 would fit") }
    try checkLength(x, axis)
    return Signature(x.shape.replacing(axis, with: x.shape[axis] / 2 + 1), x.dtype.complex)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    if y.elementCount == 0 { return y }
    try FourierPass(kind: FX_FFT_REAL, length: x.shape[axis], scale: scale, isConjugated: !isForward).run(from: x, to: y, axis: axis)
    return y
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let n = x.shape[axis]
    // The real part of the sum over these numbers alone, where the other transform adds the conjugates of those in the middle.
    let halves = dy * middle(0.5, n, axis, x.rank, dy.dtype)
    return [HermitianTransform(name: name, axis: axis, length: n, isForward: !isForward, scale: scale)(halves)]
  }
}

/// The first n/2 + 1 of n complex numbers, of which the others are conjugates, along an axis: scale · Σ over all n of x[k]·e^(∓2πi·jk/n), which is real.
///
/// The first number is taken as real, and the last one if n is even.
struct HermitianTransform: Primitive {
  let name: String
  let axis: Int
  let length: Int
  let isForward: Bool
  let scale: Double
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    guard x.dtype.isComplex else { throw mistake("of \(x.dtype); complex64 or complex128 would fit") }
    guard length > 0, x.shape[axis] == length / 2 + 1 else {
      throw mistake("of \(x.shape[axis]) numbers along axis \(axis) to \(length) real ones; \(Swift.max(0, length) / 2 + 1) would fit")
    }
    return Signature(x.shape.replacing(axis, with: length), x.dtype.real)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    if y.elementCount == 0 { return y }
    try FourierPass(kind: FX_FFT_HERMITIAN, length: length, scale: scale, isConjugated: isForward).run(from: x, to: y, axis: axis)
    return y
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let dx = RealTransform(name: name, axis: axis, isForward: !isForward, scale: scale)(dy)
    return [dx * middle(2, length, axis, x.rank, dx.dtype)]
  }
}

// Their kernels take complex numbers as they are.
extension ComplexTransform: ComplexForm {
  func onComplex(_ x: Tensor) -> Tensor? { nil }
}
extension HermitianTransform: ComplexForm {
  func onComplex(_ x: Tensor) -> Tensor? { nil }
}

private func checkLength(_ x: Tensor, _ axis: Int) throws(TensorError) {
  if x.shape[axis] == 0 { throw mistake("of \(x.shape), which has nothing along axis \(axis); a length of 1 or more would fit") }
}

/// A factor for each of the first n/2 + 1 of n numbers: `value`, but 1 for those that stand for themselves alone.
private func middle(_ value: Double, _ n: Int, _ axis: Int, _ rank: Int, _ dtype: DType) -> Tensor {
  var factors = [Double](repeating: value, count: n / 2 + 1)
  factors[0] = 1
  if n % 2 == 0 { factors[n / 2] = 1 }
  let shape = Shape((axis..<rank).map { $0 == axis ? n / 2 + 1 : 1 })
  return Tensor(factors, shape: shape).cast(to: dtype)
}
