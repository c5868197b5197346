import CKernels

infix operator • : MultiplicationPrecedence

/// Matrix products of batches: [..., m, k] and [..., k, n] with equal leading axes.
struct MatMul: ProductPrimitive {
  var name: String { "matmul" }

  func result(_ x: Pair) throws(TensorError) -> Signature {
    if x.a.dtype != x.b.dtype { throw mixedDTypes(x.a.dtype, x.b.dtype) }
    if x.a.dtype == .bool { throw mistake("not defined for bool; convert with .cast(to:)") }
    if x.a.shape[-1] != x.b.shape[-2] {
      throw mistake("\(x.a.shape) • \(x.b.shape): inner dimensions \(x.a.shape[-1]) and \(x.b.shape[-2]) differ")
    }
    let shape = x.a.shape.replacing(x.a.shape.rank - 1, with: x.b.shape[-1])
    try BLAS.check(shape, inner: x.a.shape[-1]) { "\(x.a.shape) • \(x.b.shape)" }
    return Signature(shape, x.a.dtype)
  }

  func multiplyAdds(_ x: Pair, _ result: Signature) -> Int { result.shape.elementCount.saturatingTimes(x.a.shape[-1]) }

  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    if result.shape.rank == 2, let y = try MatMul.product(x.a, x.b) { return y }
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    let (m, n, k) = (x.a.shape[-2], x.b.shape[-1], x.a.shape[-1])
    if y.elementCount == 0 { return y }
    if k == 0 {
      fillElements(y.pointer, 0, y.dtype, y.elementCount)
      return y
    }
    let size = y.dtype.byteCount
    if y.dtype.isComplex {
      try ComplexProduct.fill(y, x.a, x.b)
      return y
    }
    guard y.dtype.isFloatingPoint else {
      forEachMatrix(x.a, x.b) { a, b, i in
        fx_matmul_int(
          y.dtype.code, m, n, k, a, x.a.strides[-2], x.a.strides[-1], b, x.b.strides[-2], x.b.strides[-1], y.pointer + i * m * n * size)
      }
      return y
    }
    let (a, b) = try (x.a.forBLAS, x.b.forBLAS)
    guard let ma = a.matrix, let mb = b.matrix else { return y }
    if y.rank == 2 {
      try BLAS.product(y.dtype, m, n, k, ma, mb, adds: false, y.pointer, n)
    } else {
      // One product after the other on each thread; the batch is what is shared, unless the products are large.
      let out = y.pointer
      let batches = y.elementCount / (m * n)
      let isLarge = batches < 8 && ProductPlan.isShared(m, n, k)
      let (stepA, stepB) = (a.batchStep, b.batchStep)
      let isDirect = BLAS.plan(y.dtype, m, n, k, ma.layout, mb.layout, adds: false, n, threads: 1).kernel == .direct
      func run(_ range: Range<Int>) throws(TensorError) {
        if isDirect, let stepA, let stepB {
          let i = range.lowerBound
          return DirectProduct.products(
            y.dtype, range.count, m, n, k, ma.advanced(elements: i * stepA, size), stepA, mb.advanced(elements: i * stepB, size), stepB,
            adds: false, out + i * m * n * size, m * n, n)
        }
        for i in range {
          let ma = ma.advanced(elements: stepA.map { i * $0 } ?? a.batchOffset(i), size)
          let mb = mb.advanced(elements: stepB.map { i * $0 } ?? b.batchOffset(i), size)
          if isLarge {
            try BLAS.product(y.dtype, m, n, k, ma, mb, adds: false, out + i * m * n * size, n)
          } else {
            try BLAS.gemm(y.dtype, m, n, k, ma, mb, adds: false, out + i * m * n * size, n)
          }
        }
      }
      // However small a product is, it takes some time.
      let work = 2 * m * n * k + 2000
      if isLarge { try run(0..<batches) } else { try parallel(batches, grain: Swift.max(1, 1_500_000 / work), run) }
    }
    withExtendedLifetime((a, b)) {}
    return y
  }

  var readsBfloat16: Bool { true }

  func evaluateInBfloat16(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, .float32)
    if y.elementCount == 0 { return y }
    let (m, n, k) = (x.a.shape[-2], x.b.shape[-1], x.a.shape[-1])
    let (a, b, out) = (Bfloat16Product.Side(x.a), Bfloat16Product.Side(x.b), y.pointer)
    let batches = y.elementCount / (m * n)
    let isLarge = batches < 8 && ProductPlan.isShared(m, n, k)
    func run(_ range: Range<Int>) throws(TensorError) {
      for i in range {
        let (a, b) = (a.advanced(elements: x.a.batchOffset(i)), b.advanced(elements: x.b.batchOffset(i)))
        try Bfloat16Product.product(m, n, k, a, b, adds: false, out + 4 * i * m * n, n, isShared: isLarge || batches == 1)
      }
    }
    if isLarge || batches == 1 {
      try run(0..<batches)
    } else {
      try parallel(batches, grain: Swift.max(1, 6_000_000 / (2 * m * n * k + 8 * (m * k + n * k + m * n) + 2000)), run)
    }
    return y
  }

  /// One product of two matrices that lie suitably and fit; nil if they do not.
  @inline(__always)
  fileprivate static func product(_ x: Tensor, _ y: Tensor) throws(TensorError) -> Tensor? {
    let (m, n, k) = (x.shape[0], y.shape[1], y.shape[0])
    guard x.hasElements, y.hasElements, x.dtype == y.dtype, x.dtype.isSingleOrDouble, x.shape[1] == k, m > 0, n > 0, k > 0,
      BLAS.fits(m, n, k),
      let a = x.matrix, let b = y.matrix
    else { return nil }
    let result = try Tensor(uninitialized: Shape(m, n), x.dtype)
    try BLAS.product(result.dtype, m, n, k, a, b, adds: false, result.pointer, n)
    return result
  }

  private func forEachMatrix(_ a: Tensor, _ b: Tensor, _ body: (UnsafeMutableRawPointer, UnsafeMutableRawPointer, Int) -> Void) {
    let batches = a.shape.dropLast(2).reduce(1, *)
    for i in 0..<batches {
      body(a.pointer + a.batchOffset(i) * a.dtype.byteCount, b.pointer + b.batchOffset(i) * b.dtype.byteCount, i)
    }
  }

  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [
      needs[0] ? MatMul()(Pair(dy, x.b.adjoint())) : nil,
      needs[1] ? MatMul()(Pair(x.a.adjoint(), dy)) : nil,
    ]
  }
}

extension Tensor {
  /// Itself where rows or columns lie without gaps between elements, as CBLAS wants them; else a copy.
  var forBLAS: Tensor {
    get throws(TensorError) { matrix == nil ? try contiguousCopy() : self }
  }

  /// The first matrix as it lies: by rows or by columns; nil if neither rows nor columns lie whole.
  @inline(__always)
  var matrix: BLAS.Operand? { matrixLayout.map { BLAS.Operand(pointer: pointer, $0) } }

  @inline(__always)
  var matrixLayout: ProductPlan.Layout? {
    let (rows, columns) = (shape[-2], shape[-1])
    let (rowStep, columnStep) = (strides[-2], strides[-1])
    // What CBLAS is told of has 32 bits; rows further apart are copied.
    if Swift.max(rowStep, columnStep) > Int(Int32.max) && rows != 1 && columns != 1 { return nil }
    if (columnStep == 1 || columns == 1) && (rowStep >= Swift.max(1, columns) || rows == 1) {
      return ProductPlan.Layout(isTransposed: false, lead: rows == 1 ? Swift.max(1, columns) : rowStep)
    }
    if (rowStep == 1 || rows == 1) && (columnStep >= Swift.max(1, rows) || columns == 1) {
      return ProductPlan.Layout(isTransposed: true, lead: columns == 1 ? Swift.max(1, rows) : columnStep)
    }
    return nil
  }

  /// The elements from one matrix of a batch to the next, if all are equally far apart.
  var batchStep: Int? {
    let (dims, steps) = collapse(Shape(shape.dropLast(2)), Shape(strides.dropLast(2)))
    return dims.rank == 0 ? 0 : dims.rank == 1 ? steps[0] : nil
  }

  /// Where matrix `i` of a batch begins, in elements from the first.
  func batchOffset(_ i: Int) -> Int {
    var (rest, result) = (i, 0)
    for axis in Swift.stride(from: rank - 3, through: 0, by: -1) {
      result += rest % shape[axis] * strides[axis]
      rest /= shape[axis]
    }
    return result
  }

  /// The matrix product, as in NumPy: vectors are rows on the left and columns on the right, axes before the last two are batches that
  /// broadcast together.
  ///
  /// [..., m, k] • [..., k, n] is [..., m, n].
  ///
  /// Accuracy: of up to 10⁷ products, k, within 4·10⁻⁶ of their magnitudes' sum in float32.
  ///
  /// Derivative: dy • yᵀ, xᵀ • dy. Transposed operands cost no copy. PyTorch: `matmul`.
  public static func • (x: Tensor, y: Tensor) -> Tensor { matmul(x, y) }
}

/// ``Tensor/•(_:_:)`` as a function.
public func matmul(_ x: Tensor, _ y: Tensor) -> Tensor {
  if x.shape.rank == 2 && y.shape.rank == 2 {
    // Where the door has nothing to do it is not worth taking hold of two tensors.
    if Context.current.isPlainProduct(x.node.tape | y.node.tape), let result = try? MatMul.product(x, y) { return result }
    return MatMul()(Pair(x, y))
  }
  if Context.current.hasFailed { return .placeholder }
  if x.rank == 0 || y.rank == 0 {
    fail(TensorError("matmul", "\(x.shape) • \(y.shape): a scalar is no matrix; use *"))
    return .placeholder
  }
  let inner = y.rank == 1 ? y.shape[0] : y.shape[-2]
  if x.shape[-1] != inner {
    fail(TensorError("matmul", "\(x.shape) • \(y.shape): inner dimensions \(x.shape[-1]) and \(inner) differ"), with: Pair(x, y))
    return .placeholder
  }
  if x.rank == 1 { return matmul(x.unsqueezed(axis: 0), y).squeezed(axes: y.rank == 1 ? -1 : -2) }
  if y.rank == 1 { return matmul(x, y.unsqueezed(axis: 1)).squeezed(axes: -1) }
  // Many rows times one matrix are one product.
  if y.rank == 2 {
    let rows = Shape(x.shape.dropLast())
    return MatMul()(Pair(x.reshaped([rows.elementCount, inner]), y)).reshaped(Shape(Array(rows) + [y.shape[1]]))
  }
  let (xBatch, yBatch) = (Shape(x.shape.dropLast(2)), Shape(y.shape.dropLast(2)))
  guard case .success(let batch) = xBatch.broadcast(with: yBatch) else {
    fail(TensorError("matmul", "\(x.shape) • \(y.shape): batch axes \(xBatch) and \(yBatch) do not broadcast"), with: Pair(x, y))
    return .placeholder
  }
  return MatMul()(
    Pair(x.expanded(Shape(Array(batch) + Array(x.shape.suffix(2)))), y.expanded(Shape(Array(batch) + Array(y.shape.suffix(2))))))
}

/// x • wᵀ + b in one pass: the affine map of a layer, with the weight as PyTorch stores it.
struct Linear: ProductPrimitive {
  var name: String { "linear" }
  var keeps: Keeps { .inputs }

  func result(_ x: Triple) throws(TensorError) -> Signature {
    if x.a.dtype != x.b.dtype { throw mixedDTypes(x.a.dtype, x.b.dtype) }
    if x.a.dtype != x.c.dtype { throw mixedDTypes(x.a.dtype, x.c.dtype) }
    if !x.a.dtype.isFloatingPoint {
      throw mistake("not defined for \(x.a.dtype), only for floating-point dtypes; convert with .cast(to:)")
    }
    if x.b.shape.rank != 2 || x.c.shape.rank != 1 || x.c.shape[0] != x.b.shape[0] {
      throw mistake("a weight of shape \(x.b.shape) and a bias of \(x.c.shape); [outputs, inputs] and [outputs] would fit")
    }
    if x.a.shape.rank != 2 || x.a.shape[1] != x.b.shape[1] {
      throw mistake("\(x.a.shape) for a weight of shape \(x.b.shape): the last axis must be \(x.b.shape[1])")
    }
    let shape = Shape(x.a.shape[0], x.b.shape[0])
    try BLAS.check(shape, inner: x.b.shape[1]) { "\(x.a.shape) for a weight of shape \(x.b.shape)" }
    return Signature(shape, x.a.dtype)
  }

  func multiplyAdds(_ x: Triple, _ result: Signature) -> Int { result.shape.elementCount.saturatingTimes(x.b.shape[1]) }

  func evaluate(_ x: Triple, _ result: Signature) throws(TensorError) -> Tensor {
    // Of no inputs there is the bias alone; an empty matrix has no rows for CBLAS.
    if x.b.shape[1] == 0 { return try Expand(shape: result.shape).evaluate(x.c, result).contiguousCopy() }
    if let y = try Linear.map(x.a, x.b, x.c) { return y }
    let (a, w, b) = try (x.a.forBLAS, x.b.forBLAS, x.c.ordered)
    defer { withExtendedLifetime((a, w, b)) {} }
    if let y = try Linear.map(a, w, b) { return y }
    return try Tensor(zeros: result.shape, result.dtype)
  }

  /// The map of operands that lie suitably and fit; nil if they do not.
  @inline(__always)
  fileprivate static func map(_ x: Tensor, _ weight: Tensor, _ bias: Tensor) throws(TensorError) -> Tensor? {
    guard weight.shape.rank == 2, bias.shape.rank == 1, bias.isContiguous, let a = x.matrix, let w = weight.matrix else { return nil }
    let (m, n, k) = (x.shape[0], weight.shape[0], weight.shape[1])
    guard BLAS.fits(m, n, k), x.shape[1] == k, bias.shape[0] == n, x.dtype == weight.dtype, x.dtype == bias.dtype, x.dtype.isSingleOrDouble
    else { return nil }
    let y = try Tensor(uninitialized: Shape(m, n), x.dtype)
    if m == 0 || n == 0 { return y }
    // The product is added to rows of the bias.
    let bytes = n * y.dtype.byteCount
    for i in 0..<m { (y.pointer + i * bytes).copyMemory(from: bias.pointer, byteCount: bytes) }
    if k > 0 { try BLAS.product(y.dtype, m, n, k, a, w.flipped, adds: true, y.pointer, n) }
    return y
  }

  var readsBfloat16: Bool { true }

  func evaluateInBfloat16(_ x: Triple, _ result: Signature) throws(TensorError) -> Tensor {
    let bias = x.c.dtype == .float32 ? x.c.detached : try Cast(dtype: .float32).evaluate(x.c.detached, Signature(x.c.shape, .float32))
    let y = try Expand(shape: result.shape).evaluate(bias, Signature(result.shape, .float32)).contiguousCopy()
    if y.elementCount == 0 { return y }
    try Bfloat16Product.product(
      x.a.shape[0], x.b.shape[0], x.b.shape[1], Bfloat16Product.Side(x.a), Bfloat16Product.Side(x.b).transposed, adds: true, y.pointer,
      y.shape[1], isShared: true)
    return y
  }

  func gradient(_ x: Triple, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [
      needs[0] ? MatMul()(Pair(dy, x.b)) : nil,
      needs[1] ? MatMul()(Pair(dy.transposed(), x.a)) : nil,
      needs[2] ? dy.sum(axes: [0]) : nil,
    ]
  }
}

/// x • weightᵀ + bias over the last axis: x [..., inputs], weight [outputs, inputs], bias [outputs] give [..., outputs].
///
/// PyTorch: `linear`.
///
/// Derivative: dy • weight, dyᵀ • x, Σ dy over all but the last axis.
public func linear(_ x: Tensor, weight: Tensor, bias: Tensor? = nil) -> Tensor {
  if x.shape.rank == 2, let bias {
    if Context.current.isPlainProduct(x.node.tape | weight.node.tape | bias.node.tape), x.shape.elementCount > 0, x.hasElements,
      weight.hasElements, bias.hasElements,
      let y = try? Linear.map(x, weight, bias)
    {
      return y
    }
    return Linear()(Triple(x, weight, bias))
  }
  if Context.current.hasFailed { return .placeholder }
  guard x.rank > 0, weight.rank == 2, x.shape[-1] == weight.shape[1] else {
    let fitting = weight.rank == 2 ? ": the last axis must be \(weight.shape[1])" : "; a weight of [outputs, inputs] would fit"
    fail(TensorError("linear", "\(x.shape) for a weight of shape \(weight.shape)\(fitting)"))
    return .placeholder
  }
  if x.rank == 2 { return MatMul()(Pair(x, weight.transposed())) }
  let rows = Shape(x.shape.dropLast())
  return linear(x.reshaped([rows.elementCount, x.shape[-1]]), weight: weight, bias: bias).reshaped(Shape(Array(rows) + [weight.shape[0]]))
}
