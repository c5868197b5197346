import CKernels

/// The element-wise primitive: a program run over operands of one shape and dtype, in one pass over memory.
struct Map<X: Operands>: Primitive {
  typealias Inputs = X

  let program: Program
  /// The values of the program's scalars.
  var scalars = SIMD4<Double>()
  let label: StaticString

  var name: String { "\(label)" }
  var keeps: Keeps { program.keeps }

  @inline(__always)
  func result(_ x: X) throws(TensorError) -> Signature {
    let shape = x.shape(0)
    let dtype = x.dtype(0)
    for i in 1..<Swift.max(1, x.count) {
      if x.dtype(i) != dtype { throw mixedDTypes(dtype, x.dtype(i)) }
      if x.shape(i) != shape { throw mistake("operands of shapes \(shape) and \(x.shape(i))") }
    }
    if program.kernels[Int(dtype.rawValue)] == nil && !isComputedOtherwise(dtype) { throw unsupported(dtype) }
    if !Program.admits(scalars, dtype) { throw unfit(dtype) }
    return Signature(shape, dtype)
  }

  @inline(never)
  private func isComputedOtherwise(_ dtype: DType) -> Bool {
    dtype.isComplex ? program.ofComplex?.isHolomorphic ?? false : dtype.isHalf && program.kernels[Int(DType.float32.rawValue)] != nil
  }

  @inline(never)
  private func unsupported(_ dtype: DType) -> TensorError {
    let fitting = DType.allCases.filter { program.kernels[Int($0.rawValue)] != nil && !$0.isComplex }.map(\.description).joined(
      separator: ", ")
    let others =
      dtype.isInteger && program.instructions.contains { $0.op == FX_DIV.rawValue } ? ", or use floorDivide or truncatingDivide" : ""
    return mistake("not defined for \(dtype), only for \(fitting); convert with .cast(to:)\(others)")
  }

  /// The number of this use that a dtype cannot hold.
  @inline(never)
  private func unfit(_ dtype: DType) -> TensorError {
    for i in 0..<4 {
      do { try Number.real(scalars[i]).check(dtype, "") } catch { return error }
    }
    return mistake("not defined for \(dtype)")
  }

  @inline(__always)
  func evaluate(_ x: X, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    try run(x, into: y)
    return y
  }

  /// Computes the elements of `y`, whose memory may be that of an operand.
  @inline(__always)
  private func run(_ x: X, into y: Tensor) throws(TensorError) {
    let n = y.shape.elementCount
    if n == 0 { return }
    if y.dtype.isComplex, !program.isArithmetic { return try runParts(x, into: y) }
    let code = Int(y.dtype.rawValue)
    var isFlat = true
    for i in 0..<x.count where !x.isContiguous(i) { isFlat = false }
    if isFlat, let kernel = program.direct?[code] {
      let size = y.dtype.byteCount
      let a = x.pointer(0)
      let b = x.count > 1 ? x.pointer(1) : a
      let c = x.count > 2 ? x.pointer(2) : a
      let out = y.pointer
      if n <= Blocks.grain {
        kernel(n, a, b, c, out)
      } else {
        parallel(n, grain: Blocks.grain) { range in
          let at = range.lowerBound &* size
          kernel(range.count, a + at, b + at, c + at, out + at)
        }
      }
    } else if isFlat, let kernel = program.ofNumber?.kernels[code] {
      runNumber(kernel, x.pointer(0), y, n)
    } else if isFlat && n <= Program.blockSize {
      try runBlock(x, y.dtype, n, y.pointer)
    } else if !isFlat && program.instructions.count == 1 && runRows(x, y, n) {
      return
    } else {
      try runBlocks(x, y, n, code)
    }
  }

  /// All in one block, which lies in order: no cutting, no gathering.
  @inline(never)
  func runBlock(_ x: X, _ dtype: DType, _ n: Int, _ out: UnsafeMutableRawPointer) throws(TensorError) {
    let stride = Program.registerStride(n, dtype)
    let scratch = try Context.current.scratch((program.uniforms.count + program.registerCount) * stride)
    let registers = scratch + program.uniforms.count * stride
    for i in program.uniforms.indices { number(of: program.uniforms[i]).fill(scratch + i * stride, dtype, n) }
    @inline(__always) func place(_ operand: Program.Operand) -> UnsafeMutableRawPointer {
      switch operand {
      case .none: out
      case .input(let i): x.pointer(i)
      case .register(let i): registers + i * stride
      case .uniform(let i): scratch + i * stride
      }
    }
    program.kernels[Int(dtype.rawValue)]!.withUnsafeBufferPointer { kernels in
      program.instructions.withUnsafeBufferPointer { instructions in
        for i in 0..<instructions.count {
          let (a, b, c) = instructions[i].arguments
          let target = instructions[i].target
          kernels[i](n, place(a), place(b), place(c), target < 0 ? out : registers + target * stride)
        }
      }
    }
  }

  @inline(never)
  private func runBlocks(_ x: X, _ y: Tensor, _ n: Int, _ code: Int) throws(TensorError) {
    let uniforms = program.uniforms.map { number(of: $0) }
    let blocks = try Blocks(
      (0..<x.count).map { x.operand($0) }, uniforms: uniforms, registers: program.registerCount, dtype: y.dtype, count: n)
    let out = y.pointer
    let size = y.dtype.byteCount
    try blocks.run { start, count, block in program.run(code, count, block, into: out + start &* size) }
  }

  /// The value of a uniform at the scalars of this use.
  func number(of uniform: Program.Uniform) -> Number {
    switch uniform {
    case .constant(let number): number
    case .scalar(let index): .real(scalars[index])
    case .expression(let x): .real(value(of: x))
    }
  }

  /// The value of an expression without inputs.
  private func value(of x: Expression) -> Double {
    switch x.kind {
    case .constant(let value): value
    case .whole(let value): Double(value)
    case .scalar(let index): scalars[index]
    case .input: .nan
    case .apply(let op): Expression.evaluate(fx_op(op), x.arguments.map { value(of: $0) })
    }
  }

  func gradient(_ x: X, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    if dy.dtype.isComplex { return complexSlopes(x, y, dy, needs) }
    // A result that nobody has asked for is not computed for its derivative: what it is made of is.
    if let operands = (y.waiting as? WaitingMap<X>)?.operands { return slopes(operands, nil, dy, needs) }
    return slopes(x, y, dy, needs)
  }

  /// dy·∂/∂x for the operands that need it, the result being at hand or not.
  func slopes(_ x: X, _ y: Tensor?, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    var scalars = scalars
    var seed = Program.Seed.tensor
    if let number = dy.commonNumber {
      scalars[Program.seedScalar] = number
      seed = number == 1 ? .one : .number
    }
    return (0..<x.count).map { i in
      guard needs[i], let derivative = program.derivative(i, seed, readsResult: y != nil) else { return nil }
      let operands = derivative.uses.map { $0 < x.count ? x.operand($0) : $0 == x.count ? y! : dy }
      if operands.isEmpty { return Map(program: derivative.program, scalars: scalars, label: label).constant(like: dy) }
      return derivative.program.applied(operands, scalars, label, isSummed: x.operand(i).isStretched)
    }
  }

  /// A program without operands, as a number for all elements.
  private func constant(like dy: Tensor) -> Tensor {
    switch program.computed.kind {
    case .constant(1), .scalar(Program.seedScalar): dy
    default: Tensor.full([], value(of: program.computed), dy.dtype).expanded(dy.shape)
    }
  }
}

extension Tensor {
  /// The number that all elements are, of a broadcast scalar that no variable is in; nil if it is not seen at a glance that they are.
  fileprivate var commonNumber: Double? {
    let (shape, strides) = (shape, strides)
    guard shape.elementCount >= 256, !isTracked else { return nil }
    for axis in 0..<shape.rank where shape[axis] != 1 && strides[axis] != 0 { return nil }
    return dtype == .float32
      ? Double(pointer.load(as: Float.self)) : dtype == .float64 ? pointer.load(as: Double.self) : nil
  }

  /// Whether elements are repeated along an axis: the gradient will be summed over it.
  fileprivate var isStretched: Bool {
    let (shape, strides) = (shape, strides)
    for axis in 0..<shape.rank where shape[axis] != 1 && strides[axis] == 0 { return true }
    return false
  }
}

extension Map<Tensor> {
  /// The result, written over the tensor if nobody else holds it and no tape records it.
  ///
  /// A pass over memory that writes where it has read takes about half the time of one that writes elsewhere.
  @inline(never)
  func overwriting(_ x: consuming Tensor) -> Tensor {
    let context = Context.current
    guard !context.hasFailed, !context.isObserved, x.isContiguous, program.kernels[Int(x.dtype.rawValue)] != nil,
      Program.admits(scalars, x.dtype), x.level(on: context.tapeID) == 0, x.isHeldAlone
    else { return self(x) }
    if attempt(name, { [x] () throws(TensorError) in try run(x, into: x) }) == nil { return .placeholder }
    if x.node.tape != 0 {
      let before = x
      x.node = .none
      if Tape.isOpenElsewhere(context.tapeID) { before.mark(&x, context.tapeID) }
    }
    x.isFrozen = false
    return x
  }
}

func mixedDTypes(_ a: DType, _ b: DType) -> TensorError {
  mistake("operands of dtypes \(a) and \(b); convert one with .cast(to: .\(a)) or .cast(to: .\(b))")
}
