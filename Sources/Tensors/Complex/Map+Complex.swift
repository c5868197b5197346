import CKernels

// Element-wise programs of complex numbers: arithmetic by kernels, functions as two programs on the parts.

extension Map: ComplexForm {
  func onComplex(_ x: X) throws(TensorError) -> Tensor? {
    for i in 1..<Swift.max(1, x.count) where x.dtype(i) != x.dtype(0) { throw mixedDTypes(x.dtype(0), x.dtype(i)) }
    // One operator, whose rule is the real function's: its elements are computed by `runParts`.
    if program.isArithmetic || program.ofComplex?.isHolomorphic ?? true { return nil }
    for i in 1..<Swift.max(1, x.count) where x.shape(i) != x.shape(0) { throw mistake("operands of shapes \(x.shape(0)) and \(x.shape(i))") }
    let form = program.ofComplex!
    let parts = (0..<x.count).flatMap { [x.operand($0).real, x.operand($0).imag] }
    func applied(_ part: ComplexProgram.Part) -> Tensor {
      if case .input = part.program.computed.kind { return parts[part.uses[0]] }
      return part.program.applied(part.uses.map { parts[$0] }, scalars, label)
    }
    let re = applied(form.re)
    return form.im.map { complex(re, applied($0)) } ?? re
  }

  /// Computes elements by the programs on the parts.
  @inline(never)
  func runParts(_ x: X, into y: Tensor) throws(TensorError) {
    guard let form = program.ofComplex, let im = form.im else { throw mistake("not defined for \(y.dtype)") }
    let parts = (0..<x.count).flatMap { i in [false, true].map { x.operand(i).detached.part($0) } }
    func run(_ part: ComplexProgram.Part) throws(TensorError) -> Tensor {
      let map = Map<[Tensor]>(program: part.program, scalars: scalars, label: label)
      return try map.evaluate(part.uses.map { parts[$0] }, Signature(y.shape, y.dtype.real))
    }
    // Both before anything is written: y may be an operand.
    let (real, imaginary) = (try run(form.re), try run(im))
    copyElements(from: real, to: y.part(false))
    copyElements(from: imaginary, to: y.part(true))
  }

  /// dx = dy·conj f′(x) = dy·f′(conj x), as f has real numbers alone.
  func complexSlopes(_ x: X, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    (0..<x.count).map { i in
      guard needs[i], let derivative = program.derivative(i) else { return nil }
      let operands = derivative.uses.map { $0 < x.count ? x.operand($0).conjugate() : $0 == x.count ? y.conjugate() : dy }
      return derivative.program.applied(operands, scalars, label)
    }
  }
}

extension MapReduce: ComplexForm {
  func onComplex(_ x: X) throws(TensorError) -> Tensor? {
    let y = map(x)
    switch kind {
    case .sum: return y.sum(axes: axes, keepDims: keepDims)
    case .mean: return y.mean(axes: axes, keepDims: keepDims)
    case .product, .maximum, .minimum: return Reduce(kind: kind.reduction, axes: axes, keepDims: keepDims)(y)
    }
  }
}

extension Compare: ComplexForm {
  func onComplex(_ x: Pair) throws(TensorError) -> Tensor? {
    if op == FX_EQ || op == FX_NE { return nil }
    throw mistake("complex numbers have no order; .real, .imag or abs(_:) can be compared")
  }
}
