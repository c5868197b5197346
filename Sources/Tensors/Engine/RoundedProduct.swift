/// A primitive that multiplies and adds: what ``withPrecision(_:_:)`` is for.
protocol ProductPrimitive: Primitive where Inputs: Operands {
  /// Whether its kernel reads factors of bfloat16 as they lie, so that they may be kept in 16 bits.
  var readsBfloat16: Bool { get }
  /// Whether its products are all ``BLAS``'s, which rounds factors to bfloat16 as it packs them; otherwise they are rounded before.
  var roundsWhilePacking: Bool { get }
  /// The result, float32, of factors that are rounded to bfloat16; operands are float32 or, where it reads them, bfloat16.
  func evaluateInBfloat16(_ x: Inputs, _ result: Signature) throws(TensorError) -> Tensor
}

extension ProductPrimitive {
  var readsBfloat16: Bool { false }
  var roundsWhilePacking: Bool { true }
  func evaluateInBfloat16(_ x: Inputs, _ result: Signature) throws(TensorError) -> Tensor {
    try Context.current.roundingProducts(true) { () throws(TensorError) in try evaluate(x, result) }
  }

  /// The product in the precision that is in force, or in that of its operands; nil where neither is one of 16 bits.
  @inline(never) @_semantics("optimize.sil.specialize.generic.never")
  func rounded(_ operands: any PrimitiveInputs, _ context: Context) -> Tensor? {
    guard var x = operands as? Inputs else { return nil }
    let given = (try? result(x))?.dtype
    var precision = context.precision.dtype
    if precision == .float32 {
      // Products of bfloat16 are exact in float32, so that rounding factors changes nothing.
      guard given == .bfloat16 else { return nil }
      precision = .bfloat16
    }
    for i in 0..<x.count where !x.dtype(i).isHalf && x.dtype(i) != .float32 { return nil }
    x = x.mapOperands { $0.dtype.isHalf && ($0.dtype != precision || !readsBfloat16 || precision == .float16) ? $0.widened : $0 }
    var halves: UInt64 = 0
    for i in 0..<min(x.count, 64) where x.dtype(i).isHalf { halves |= 1 << UInt64(i) }
    let y = RoundedProduct(product: self, dtype: precision, halves: halves).enter(kept(x, precision, context), checksKernel: false)
    return given.map { $0.isHalf && !context.hasFailed ? y.cast(to: $0) : y } ?? y
  }

  /// The operands, in 16 bits where a record of the tape would be all that keeps them: those that an operator computed.
  private func kept(_ x: Inputs, _ dtype: DType, _ context: Context) -> Inputs {
    guard readsBfloat16, dtype == .bfloat16, keeps == .inputs || keeps == .both, let tape = context.tape, x.level(on: tape.id) > 0 else {
      return x
    }
    return x.mapOperands { operand in
      guard operand.dtype == .float32, operand.rank > 1, operand.level(on: tape.id) > 0, tape.origin(of: operand.node) == nil else {
        return operand
      }
      var half = operand.detached.cast(to: dtype)
      half.node = operand.node
      return half
    }
  }
}

/// A product whose factors are rounded to a 16-bit float, with sums and a result in float32.
struct RoundedProduct<P: ProductPrimitive>: HalfPrimitive, RoundingPrimitive {
  let product: P
  let dtype: DType
  /// Which operands are 16-bit floats by themselves, and so want gradients of 16 bits; others are so in memory alone.
  let halves: UInt64

  var name: String { product.name }
  var keeps: Keeps { product.keeps }

  func result(_ x: P.Inputs) throws(TensorError) -> Signature { try product.result(outlines(x)) }

  func multiplyAdds(_ x: P.Inputs, _ result: Signature) -> Int { product.multiplyAdds(x, result) }

  func evaluate(_ x: P.Inputs, _ result: Signature) throws(TensorError) -> Tensor {
    if dtype == .bfloat16 && product.roundsWhilePacking {
      return try product.evaluateInBfloat16(
        product.readsBfloat16 ? x : converted(x) { (x) throws(TensorError) in try x.made(as: .float32) }, result)
    }
    return try product.evaluate(converted(x) { (x) throws(TensorError) in try x.made(as: dtype).made(as: .float32) }, result)
  }

  func gradient(_ x: P.Inputs, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let precision: ProductPrecision = dtype == .float16 ? .float16 : .bfloat16
    let operands = product.readsBfloat16 ? x : x.mapOperands(\.widened)
    let gradients = withPrecision(precision) { product.gradient(operands, y, dy, needs) }
    return gradients.enumerated().map { i, gradient in
      guard let gradient else { return nil }
      let isHalf = i < 64 && halves >> UInt64(i) & 1 == 1
      return gradient.cast(to: isHalf ? dtype : .float32)
    }
  }

  /// The operands as float32 without elements, for the shape rule.
  private func outlines(_ x: P.Inputs) -> P.Inputs {
    x.mapOperands { $0.dtype.isHalf ? .outline($0.shape, .float32) : $0 }
  }

  private func converted(
    _ x: P.Inputs, _ change: (Tensor) throws(TensorError) -> Tensor
  ) throws(TensorError) -> P.Inputs {
    var failure: TensorError?
    let converted = x.mapOperands { x in
      do throws(TensorError) {
        return try change(x.detached)
      } catch {
        failure = error
        return x
      }
    }
    if let failure { throw failure }
    return converted
  }
}

/// What ``RoundedProduct`` is, whatever it rounds the factors of.
protocol RoundingPrimitive: Primitive {}

extension RoundedProduct: RandomPrimitive where P: RandomPrimitive {
  var draw: Draw? {
    get { product.draw }
    set {
      var other = product
      other.draw = newValue
      self = RoundedProduct(product: other, dtype: dtype, halves: halves)
    }
  }
}

extension RoundedProduct: SavingPrimitive where P: SavingPrimitive {
  var saved: [Tensor] { product.saved }
}

extension Tensor {
  /// The kernel of a cast, for other kernels: of elements that are there, and on no tape.
  fileprivate func made(as dtype: DType) throws(TensorError) -> Tensor {
    self.dtype == dtype ? self : try Cast(dtype: dtype).evaluate(self, Signature(shape, dtype))
  }
}

extension RecurrentSteps: ProductPrimitive {}
extension RecurrentStepsGradient: ProductPrimitive {}
extension Convolution: ProductPrimitive { var roundsWhilePacking: Bool { false } }
extension ConvolutionInput: ProductPrimitive { var roundsWhilePacking: Bool { false } }
extension ConvolutionWeight: ProductPrimitive { var roundsWhilePacking: Bool { false } }
