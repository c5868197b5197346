import CKernels

/// Element-wise arithmetic: programs of one instruction or a few, their derivatives derived from them.
enum Programs {
  static let add = Program.binary { $0 + $1 }
  static let subtract = Program.binary { $0 - $1 }
  static let multiply = Program.binary { $0 * $1 }
  static let divide = Program.binary { $0 / $1 }
  static let remainder = Program.binary { Symbol.binary(FX_REM, $0, $1) }
  static let negate = Program.unary { -$0 }

  static let addScalar = Program.scalar { $0 + $1 }
  static let subtractScalar = Program.scalar { $0 - $1 }
  static let subtractFromScalar = Program.scalar { $1 - $0 }
  static let multiplyScalar = Program.scalar { $0 * $1 }
  static let divideScalar = Program.scalar { $0 / $1 }
  static let divideIntoScalar = Program.scalar { $1 / $0 }
  static let remainderScalar = Program.scalar { Symbol.binary(FX_REM, $0, $1) }
}

// MARK: - The ways to the door

/// A program on two tensors that broadcast together.
@inline(__always)
func mapped(_ label: StaticString, _ program: Program, _ x: Tensor, _ y: Tensor) -> Tensor {
  if x.shape == y.shape { return (try? plain(program, x, y)) ?? Map(program: program, label: label)(Pair(x, y)) }
  // Before they are broadcast, so that a gradient is summed up in float32.
  if x.dtype.isHalf && y.dtype == x.dtype { return mappedHalves(label, program, [x, y]) }
  let (x, y) = broadcasted(label, x, y)
  return Map(program: program, label: label)(Pair(x, y))
}

/// A program on 16-bit floats of one dtype that broadcast together.
@inline(never)
private func mappedHalves(_ label: StaticString, _ program: Program, _ x: [Tensor]) -> Tensor {
  let y = mapped(label, program, x.map(\.widened))
  return Context.current.hasFailed ? y : y.cast(to: x[0].dtype)
}

/// The door's most common case, inlined: nothing records, nothing was wrong, both lie in order, one instruction does it.
///
/// It saves what taking hold of two tensors costs.
@inline(__always)
private func plain(_ program: Program, _ x: Tensor, _ y: Tensor) throws(TensorError) -> Tensor? {
  guard Context.current.isPlain(x.node.tape | y.node.tape), x.dtype == y.dtype, x.isContiguous, y.isContiguous,
    let kernel = program.direct?[Int(x.dtype.rawValue)]
  else { return nil }
  let n = x.shape.elementCount
  guard n <= Blocks.grain else { return nil }
  let result = try Tensor(uninitialized: x.shape, x.dtype)
  kernel(n, x.pointer, y.pointer, x.pointer, result.pointer)
  return result
}

/// A program on one tensor and numbers.
///
/// It takes the tensor over: a large one that nobody else holds, such as the result of the operator before it, is written over.
@inline(__always)
func mapped(_ label: StaticString, _ program: Program, _ x: consuming Tensor, _ scalars: SIMD4<Double> = .zero) -> Tensor {
  let map = Map<Tensor>(program: program, scalars: scalars, label: label)
  return x.shape.elementCount < Blocks.grain ? map(x) : map.overwriting(x)
}

/// The same for a number that an integer tensor may not be able to hold.
@inline(__always)
func mapped<S: Scalar>(_ label: StaticString, _ program: Program, _ x: consuming Tensor, scalar: S) -> Tensor {
  if S.dtype.isComplex {
    // A number with an imaginary part is an operand, as a program's numbers are real.
    let number = Tensor.scalar(scalar.number, x.dtype, label)
    return Context.current.hasFailed ? .placeholder : mapped(label, program.ofTensors, x, number)
  }
  if !x.dtype.isDifferentiable {
    if x.holdsExactly(scalar) { return mapped(label, program.ofTensors, x, .scalar(scalar.number, .int64, label)) }
    if !x.admits(scalar.number, label) { return .placeholder }
  }
  return mapped(label, program, x, SIMD4(scalar.double, 0, 0, 0))
}

/// A program on two tensors that broadcast together, and numbers.
func mapped(_ label: StaticString, _ program: Program, _ x: Tensor, _ y: Tensor, _ scalars: SIMD4<Double>) -> Tensor {
  if let wide = widened(x, y) { return mapped(label, program, wide[0]!, wide[1]!, scalars).cast(to: x.dtype) }
  let (x, y) = broadcasted(label, x, y)
  return Map(program: program, scalars: scalars, label: label)(Pair(x, y))
}

/// A program on three tensors that broadcast together.
func mapped(_ label: StaticString, _ program: Program, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
  if x.dtype.isHalf && y.dtype == x.dtype && z.dtype == x.dtype { return mappedHalves(label, program, [x, y, z]) }
  let (x1, y1) = broadcasted(label, x, y)
  let (x2, z2) = broadcasted(label, x1, z)
  if Context.current.hasFailed { return .placeholder }
  return Map(program: program, label: label)(Triple(x2, y1.expanded(x2.shape), z2))
}

/// A program on any number of tensors that broadcast together.
func mapped(_ label: StaticString, _ program: Program, _ x: [Tensor]) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  switch x.count {
  case 1: return mapped(label, program, x[0])
  case 2: return mapped(label, program, x[0], x[1])
  case 3: return mapped(label, program, x[0], x[1], x[2])
  default: break
  }
  if x[0].dtype.isHalf, x.allSatisfy({ $0.dtype == x[0].dtype }) { return mappedHalves(label, program, x) }
  var shape = x[0].shape
  for i in 1..<x.count {
    guard case .success(let wider) = shape.broadcast(with: x[i].shape) else {
      // One of those before has the size that does not fit: the sentence names the two.
      for j in 0..<i where !Context.current.hasFailed { _ = broadcasted(label, x[j], x[i]) }
      return .placeholder
    }
    shape = wider
  }
  return Map(program: program, label: label)(x.map { $0.expanded(shape) })
}

// MARK: - Operators

extension Tensor {
  /// x + y, broadcast together.
  ///
  /// Derivative: dy, dy.
  public static func + (x: Tensor, y: Tensor) -> Tensor { mapped("+", Programs.add, x, y) }
  /// x − y, broadcast together.
  ///
  /// Derivative: dy, −dy.
  public static func - (x: Tensor, y: Tensor) -> Tensor { mapped("-", Programs.subtract, x, y) }
  /// x · y element by element, broadcast together (the matrix product is `•`).
  ///
  /// Derivative: dy·y, dy·x.
  public static func * (x: Tensor, y: Tensor) -> Tensor { mapped("*", Programs.multiply, x, y) }
  /// x / y, broadcast together, of floating-point tensors; integers have ``floorDivide(_:_:)-(Tensor,Tensor)`` and
  /// ``truncatingDivide(_:_:)-(Tensor,Tensor)``, or are converted first.
  ///
  /// Derivative: dy/y, −dy·x/y².
  public static func / (x: Tensor, y: Tensor) -> Tensor { mapped("/", Programs.divide, x, y) }
  /// x − y·⌊x/y⌋: the remainder with the sign of the divisor, as PyTorch's `remainder`.
  public static func % (x: Tensor, y: Tensor) -> Tensor { mapped("%", Programs.remainder, x, y) }
  /// −x.
  public static prefix func - (x: consuming Tensor) -> Tensor { mapped("-", Programs.negate, x) }

  /// x + a; the number takes the tensor's dtype.
  public static func + <S: Scalar>(x: consuming Tensor, a: S) -> Tensor { mapped("+", Programs.addScalar, x, scalar: a) }
  /// a + x; the number takes the tensor's dtype.
  public static func + <S: Scalar>(a: S, x: consuming Tensor) -> Tensor { mapped("+", Programs.addScalar, x, scalar: a) }
  /// x − a; the number takes the tensor's dtype.
  public static func - <S: Scalar>(x: consuming Tensor, a: S) -> Tensor { mapped("-", Programs.subtractScalar, x, scalar: a) }
  /// a − x; the number takes the tensor's dtype.
  public static func - <S: Scalar>(a: S, x: consuming Tensor) -> Tensor { mapped("-", Programs.subtractFromScalar, x, scalar: a) }
  /// x · a; the number takes the tensor's dtype.
  public static func * <S: Scalar>(x: consuming Tensor, a: S) -> Tensor { mapped("*", Programs.multiplyScalar, x, scalar: a) }
  /// a · x; the number takes the tensor's dtype.
  public static func * <S: Scalar>(a: S, x: consuming Tensor) -> Tensor { mapped("*", Programs.multiplyScalar, x, scalar: a) }
  /// x / a, of a floating-point tensor; the number takes its dtype.
  public static func / <S: Scalar>(x: consuming Tensor, a: S) -> Tensor { mapped("/", Programs.divideScalar, x, scalar: a) }
  /// a / x, of a floating-point tensor; the number takes its dtype.
  public static func / <S: Scalar>(a: S, x: consuming Tensor) -> Tensor { mapped("/", Programs.divideIntoScalar, x, scalar: a) }
  /// x − a·⌊x/a⌋; the number takes the tensor's dtype.
  public static func % <S: Scalar>(x: consuming Tensor, a: S) -> Tensor { mapped("%", Programs.remainderScalar, x, scalar: a) }

  /// Adds in place where nobody else holds the elements and no tape records them.
  public static func += (x: inout Tensor, y: Tensor) { x.update("+=", Programs.add, FX_ADD, y) }
  /// Subtracts in place where nobody else holds the elements and no tape records them.
  public static func -= (x: inout Tensor, y: Tensor) { x.update("-=", Programs.subtract, FX_SUB, y) }
  /// Multiplies in place where nobody else holds the elements and no tape records them.
  public static func *= (x: inout Tensor, y: Tensor) { x.update("*=", Programs.multiply, FX_MUL, y) }
  /// Divides in place where nobody else holds the elements and no tape records them.
  public static func /= (x: inout Tensor, y: Tensor) { x.update("/=", Programs.divide, FX_DIV, y) }
  /// x = x + a.
  public static func += <S: Scalar>(x: inout Tensor, a: S) { x = x + a }
  /// x = x − a.
  public static func -= <S: Scalar>(x: inout Tensor, a: S) { x = x - a }
  /// x = x · a.
  public static func *= <S: Scalar>(x: inout Tensor, a: S) { x = x * a }
  /// x = x / a.
  public static func /= <S: Scalar>(x: inout Tensor, a: S) { x = x / a }

  private mutating func update(_ label: StaticString, _ program: Program, _ op: fx_op, _ y: Tensor) {
    let context = Context.current
    if context.hasFailed || context.isDry || context.isTracing || isTracked(context) || y.isTracked(context)
      || Tape.isOpenElsewhere(context.tapeID) && Pair(self, y).otherTape(than: context.tapeID) != nil
      || dtype.isHalf || !isContiguous || dtype != y.dtype || shape != y.shape || !isHeldAlone
    {
      let before = self
      let result = mapped(label, program, before, y)
      // An in-place operator keeps the shape of what it changes.
      if result.shape != shape && !context.hasFailed {
        return fail(TensorError("\(label)", "\(shape) cannot take a result of shape \(result.shape)"))
      }
      if !context.hasFailed { self = result }
      return
    }
    guard let kernel = fx_elementwise(Int32(op.rawValue), dtype.code) else {
      // A dtype without such arithmetic: the door says so, and nothing changes.
      _ = mapped(label, program, self, y)
      return
    }
    let count = elementCount
    let size = dtype.byteCount
    let target = pointer
    guard let y = attempt("\(label)", { () throws(TensorError) in try y.ordered }) else { return }
    let source = y.pointer
    profiled("\(label)", bytes: 3 * count * size) {
      parallel(count, grain: Blocks.grain) { range in
        let at = range.lowerBound * size
        kernel(range.count, target + at, source + at, target, target + at)
      }
    }
    withExtendedLifetime(y) {}
    node = .none
  }

  @inline(__always) func isTracked(_ context: Context) -> Bool { node.tape != 0 && node.tape == context.tapeID }
}
