// Complex numbers seen as their parts, and made of them.

/// The real or the imaginary parts of complex numbers: a view.
struct ComplexPart: Primitive {
  let isImaginary: Bool
  var name: String { isImaginary ? "imag" : "real" }
  var isView: Bool { true }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    guard x.dtype.isComplex else { throw mistake("of \(x.dtype); complex64 or complex128 would fit") }
    return Signature(x.shape, x.dtype.real)
  }
  func evaluate(_ x: Tensor, _ result: Signature) -> Tensor { x.part(isImaginary) }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let zero = Tensor.zeros([], dy.dtype).expanded(dy.shape)
    return [isImaginary ? complex(zero, dy) : complex(dy, zero)]
  }
}

/// Complex numbers as pairs of real ones, along a new last axis: a view.
struct ViewAsReal: Primitive {
  var name: String { "viewAsReal" }
  var isView: Bool { true }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    guard x.dtype.isComplex else { throw mistake("of \(x.dtype); complex64 or complex128 would fit") }
    guard x.rank < Shape.maximumRank else { throw mistake("of \(x.shape), which has no room for one more axis; .real and .imag would fit") }
    return Signature(x.shape.inserting(2, at: x.rank), x.dtype.real)
  }
  func evaluate(_ x: Tensor, _ result: Signature) -> Tensor {
    var strides = Shape(x.strides.map { 2 * $0 })
    strides.append(1)
    return Tensor(x.body.view(shape: result.shape, strides: strides, offset: 2 * x.offset, as: result.dtype))
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [dy.viewAsComplex()] }
}

/// Pairs of real numbers along the last axis as complex ones: a view where the pairs lie together.
struct ViewAsComplex: Primitive {
  var name: String { "viewAsComplex" }
  var isView: Bool { true }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    guard x.dtype.isSingleOrDouble, x.rank > 0, x.shape[-1] == 2 else {
      throw mistake("of \(x.dtype) \(x.shape); float32 or float64 with a last axis of 2 would fit")
    }
    return Signature(Shape(x.shape.dropLast()), x.dtype.complex)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let isPaired = x.strides[-1] == 1 && x.offset % 2 == 0 && (0..<x.rank - 1).allSatisfy { x.strides[$0] % 2 == 0 || x.shape[$0] < 2 }
    let x = isPaired ? x : try x.contiguousCopy()
    let strides = x.isContiguous ? result.shape.contiguousStrides : Shape(x.strides.dropLast().map { $0 / 2 })
    return Tensor(x.body.view(shape: result.shape, strides: strides, offset: x.offset / 2, as: result.dtype))
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [dy.viewAsReal()] }
}

/// a + i·b of two real tensors.
struct ComplexOf: Primitive {
  var name: String { "complex" }
  var keeps: Keeps { .nothing }

  func result(_ x: Pair) throws(TensorError) -> Signature {
    if x.a.dtype != x.b.dtype { throw mixedDTypes(x.a.dtype, x.b.dtype) }
    guard x.a.dtype.isSingleOrDouble else { throw mistake("of \(x.a.dtype); float32 or float64 would fit") }
    return Signature(x.a.shape, x.a.dtype.complex)
  }
  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    if y.elementCount > 0 {
      copyElements(from: x.a, to: y.part(false))
      copyElements(from: x.b, to: y.part(true))
    }
    return y
  }
  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [needs[0] ? dy.real : nil, needs[1] ? dy.imag : nil]
  }
}

/// a − i·b of a + i·b.
struct Conjugate: Primitive {
  var name: String { "conjugate" }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) -> Signature { Signature(x.shape, x.dtype) }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    let (out, isDouble) = (y.pointer, result.dtype == .complex128)
    func negate<T: FloatingPoint>(_ start: Int, _ count: Int, _ source: UnsafeMutableRawPointer, _ type: T.Type) {
      let (from, to) = (source.assumingMemoryBound(to: T.self), out.assumingMemoryBound(to: T.self) + 2 * start)
      for i in 0..<count {
        to[2 * i] = from[2 * i]
        to[2 * i + 1] = -from[2 * i + 1]
      }
    }
    try Blocks([x], dtype: x.dtype, count: y.elementCount).run { start, count, block in
      if isDouble { negate(start, count, block.input(0), Double.self) } else { negate(start, count, block.input(0), Float.self) }
    }
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [dy.conjugate()] }
}

extension Conjugate: ComplexForm {
  func onComplex(_ x: Tensor) -> Tensor? { nil }
}

extension Tensor {
  /// The real or the imaginary parts as they lie.
  func part(_ isImaginary: Bool) -> Tensor {
    Tensor(body.view(shape: shape, strides: Shape(strides.map { 2 * $0 }), offset: 2 * offset + (isImaginary ? 1 : 0), as: dtype.real))
  }

  /// Whether its elements are complex numbers.
  ///
  /// PyTorch: `is_complex`.
  public var isComplex: Bool { dtype.isComplex }

  /// The real parts, a view; of a real tensor itself.
  ///
  /// Derivative: dy. PyTorch: `real`.
  public var real: Tensor { dtype.isComplex ? ComplexPart(isImaginary: false)(self) : self }

  /// The imaginary parts, a view; of a real tensor a mistake, as in PyTorch.
  ///
  /// Derivative: i·dy. PyTorch: `imag`.
  public var imag: Tensor { ComplexPart(isImaginary: true)(self) }

  /// Complex numbers as pairs of real ones: a view with one more axis, the last, of size 2.
  ///
  /// Derivative: dy seen as complex numbers. PyTorch: `view_as_real`.
  public func viewAsReal() -> Tensor { ViewAsReal()(self) }

  /// Pairs of float32 or float64 along the last axis, which has size 2, as complex numbers: a view where the pairs lie together, else a copy.
  ///
  /// Derivative: dy seen as pairs. PyTorch: `view_as_complex`.
  public func viewAsComplex() -> Tensor { ViewAsComplex()(widened) }

  /// a − i·b of a + i·b; of a real tensor itself.
  ///
  /// Derivative: the conjugate of dy. PyTorch: `conj`, `resolve_conj`.
  public func conjugate() -> Tensor { dtype.isComplex ? Conjugate()(self) : self }

  /// The argument of each number in −π … π, the angle from the positive real axis; of a real tensor 0, or π where it is negative, and NaN where it is
  /// NaN.
  ///
  /// Derivative: i·dy·x/|x|², 0 at 0; 0 of a real tensor. PyTorch: `angle`.
  public var angle: Tensor {
    if dtype.isComplex { return atan2(imag, real) }
    let x = dtype.isFloatingPoint ? self : cast(to: .float32)
    return select(x.isNaN, x, select(x .< 0, .full([], Double.pi, x.dtype), Tensor.zeros([], x.dtype)))
  }
}

/// re + i·im of two real tensors, broadcast together: complex64 of float32 and 16-bit floats, complex128 of float64.
///
/// Derivative: the real part of dy, its imaginary part. PyTorch: `complex`.
public func complex(_ re: Tensor, _ im: Tensor) -> Tensor {
  let (re, im) = broadcasted("complex", re, im)
  return ComplexOf()(Pair(re.widened, im.widened))
}

/// The complex numbers with these absolute values and angles, broadcast together: abs·cos angle + i·abs·sin angle.
///
/// PyTorch: `polar`.
public func polar(_ abs: Tensor, _ angle: Tensor) -> Tensor {
  // The result has float32's parts: nothing is rounded to 16 bits on the way.
  let (abs, angle) = (abs.widened, angle.widened)
  return complex(abs * cos(angle), abs * sin(angle))
}
