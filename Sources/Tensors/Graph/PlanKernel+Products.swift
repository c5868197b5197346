extension MatMul: PlannedPrimitive {
  func kernel(_ x: Pair, into y: Tensor, _ weights: PlanWeights) -> PlanKernel? {
    y.rank == 2 ? product(x.a, x.b, isFlipped: false, bias: nil, y, weights) : nil
  }
}

extension Linear: PlannedPrimitive {
  func kernel(_ x: Triple, into y: Tensor, _ weights: PlanWeights) -> PlanKernel? {
    x.c.isContiguous ? product(x.a, x.b, isFlipped: true, bias: x.c, y, weights) : nil
  }
}

/// The kernel of a product of two matrices, added to a bias's rows if there is one.
///
/// - Parameter isFlipped: Whether b is given with rows and columns exchanged.
private func product(_ x: Tensor, _ w: Tensor, isFlipped: Bool, bias: Tensor?, _ y: Tensor, _ weights: PlanWeights) -> PlanKernel? {
  guard y.dtype.isSingleOrDouble, let product = PlannedProduct(x, w, isFlipped: isFlipped, bias: bias, y) else { return nil }
  let plain = product.asksForNoMemory ? ProductKernel(product) : nil
  if weights.contains(w), let depth = product.panelDepth { return PrepackedKernel(product, depth, plain, weights) }
  return plain
}

/// A product of two matrices: how it is done, and where its operands are.
private struct PlannedProduct {
  let plan: ProductPlan
  let dtype: DType
  let (m, n, k): (Int, Int, Int)
  private let (a, b, y): (PlannedAddress, PlannedAddress, PlannedAddress)
  private let (layoutA, layoutB): (ProductPlan.Layout, ProductPlan.Layout)
  private let bias: PlannedAddress?

  init?(_ x: Tensor, _ w: Tensor, isFlipped: Bool, bias: Tensor?, _ y: Tensor) {
    guard let a = x.matrixLayout, let matrix = w.matrixLayout, x.shape[1] > 0 else { return nil }
    let b = isFlipped ? matrix.flipped : matrix
    (m, n, k, dtype) = (y.shape[0], y.shape[1], x.shape[1], y.dtype)
    plan = BLAS.plan(dtype, m, n, k, a, b, adds: bias != nil, n, threads: 2)
    (layoutA, layoutB) = (a, b)
    (self.a, self.b, self.y, self.bias) = (PlannedAddress(x), PlannedAddress(w), PlannedAddress(y), bias.map { PlannedAddress($0) })
  }

  var asksForNoMemory: Bool { plan.asksForNoMemory(layoutA, layoutB) }
  var panelDepth: Int? { plan.panelDepth(m, n, k, layoutB, dtype) }
  var dots: ThinProduct.Dots? { ThinProduct.Dots(plan, dtype, m, n, k, layoutA, layoutB, n) }
  @inline(__always) var left: BLAS.Operand { BLAS.Operand(pointer: a.pointer, layoutA) }
  @inline(__always) var right: BLAS.Operand { BLAS.Operand(pointer: b.pointer, layoutB) }
  @inline(__always) var adds: Bool { bias != nil }

  /// The result, whose rows are the bias if there is one.
  @inline(__always)
  func begin() -> UnsafeMutableRawPointer {
    let c = y.pointer
    if let bias {
      let (from, bytes) = (bias.pointer, n * dtype.byteCount)
      for i in 0..<m { (c + i * bytes).copyMemory(from: from, byteCount: bytes) }
    }
    return c
  }
}

/// A product by a kernel that reads the operands where they lie.
private final class ProductKernel: PlanKernel {
  private let product: PlannedProduct
  private let dots: ThinProduct.Dots?

  init(_ product: PlannedProduct) { (self.product, dots) = (product, product.dots) }

  override func run() -> Bool {
    let c = product.begin()
    if let dots {
      dots.run(product.left.pointer, product.right.pointer, adds: product.adds, c)
    } else {
      BLAS.run(product.plan, product.dtype, product.m, product.n, product.k, product.left, product.right, adds: product.adds, c)
    }
    return true
  }
}

/// A product with a weight that is packed once, and again when the model has been changed and then stays as it is.
private final class PrepackedKernel: PlanKernel {
  private let product: PlannedProduct
  private let depth: Int
  /// What runs while nothing is packed; nil if the operator does.
  private let plain: ProductKernel?
  private let weights: PlanWeights
  private var packed: (matrix: PackedMatrix, stamp: UInt64)?

  init(_ product: PlannedProduct, _ depth: Int, _ plain: ProductKernel?, _ weights: PlanWeights) {
    (self.product, self.depth, self.plain, self.weights) = (product, depth, plain, weights)
  }

  override func run() -> Bool {
    if packed?.stamp != weights.stamp, !pack() { return plain?.run() ?? false }
    guard let matrix = packed?.matrix else { return plain?.run() ?? false }
    do throws(TensorError) {
      try matrix.shared(product.m, product.left, parts: product.plan.parts, adds: product.adds, product.begin(), product.n)
    } catch {
      // There was no memory for a thread's part of the left operand.
      return plain?.run() ?? false
    }
    return true
  }

  /// Packs the weight; false where that would not pay yet, or there is no memory for it.
  private func pack() -> Bool {
    packed = nil
    guard weights.areSame else { return false }
    do throws(TensorError) {
      let matrix = try PlannedAllocations.without { () throws(TensorError) in
        try PackedMatrix(product.right, product.dtype, product.k, product.n, rows: product.m, uses: .max, depth: depth)
      }
      if matrix.isPacked { packed = (matrix, weights.stamp) }
    } catch {
      return false
    }
    return packed != nil
  }
}
