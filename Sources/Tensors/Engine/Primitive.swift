/// An operator: a small value with its attributes, a shape rule, a kernel and a gradient rule.
///
/// What is no element-wise function and no composition of operators that are there can be one of one's own. This one averages along the last
/// axis, each step weighing what came before it by `decay`:
///
///     struct MovingAverage: Primitive {
///       var decay: Double
///       var name: String { "movingAverage" }
///       var keeps: Keeps { .nothing }
///
///       func result(_ x: Tensor) throws(TensorError) -> Signature {
///         guard x.dtype.isFloatingPoint && x.rank > 0 else {
///           throw TensorError(name, "of \(x.dtype) \(x.shape); float32 or float64 with an axis would fit")
///         }
///         return Signature(x.shape, x.dtype)
///       }
///
///       func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
///         result.dtype == .float32 ? try average(x, result, Float.self) : try average(x, result, Double.self)
///       }
///
///       func average<S: Scalar & BinaryFloatingPoint>(_ x: Tensor, _ result: Signature, _ type: S.Type) throws(TensorError) -> Tensor {
///         let (length, decay) = (x.shape[-1], S(decay))
///         return try result.filled(S.self, from: x) { x, y in
///           var last: S = 0
///           for i in x.indices {
///             last = (i % length == 0 ? 0 : decay * last) + (1 - decay) * x[i]
///             y[i] = last
///           }
///         }
///       }
///
///       // The same, from the end to the beginning.
///       func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
///         [self(dy.reversed(axes: -1)).reversed(axes: -1)]
///       }
///     }
///
///     let smooth = MovingAverage(decay: 0.9)(x)
///
/// A primitive is called as a function: with one tensor, two, three or a list, as its `Inputs` are `Tensor`, ``Pair``, ``Triple`` or
/// `[Tensor]`. Each call checks the shape rule first. A run on shapes alone ends there, and so does a mistake, which names the operator and
/// the part of the model it happened in. Otherwise the kernel runs, and what it gives is tracked where an operand is. The gradient rule is
/// written in tensor operators, so that it has derivatives in turn. A kernel or a rule that does not give what it should is a mistake, too.
public protocol Primitive: Sendable {
  /// `Tensor`, ``Pair``, ``Triple`` or `[Tensor]`.
  associatedtype Inputs: PrimitiveInputs

  /// The operator as it is called, for errors and profiles.
  var name: String { get }
  /// Which tensors the gradient rule reads; the others' memory is let go of. The inputs unless told.
  var keeps: Keeps { get }
  /// The shape rule: the result's shape and dtype, or a mistake.
  ///
  /// It reads shapes and dtypes alone: in a run on shapes the operands have no elements.
  func result(_ x: Inputs) throws(TensorError) -> Signature
  /// The kernel: the result's elements, in new memory or, for a view, in the operand's.
  ///
  /// ``Signature/filled(_:from:_:)-(_,Tensor,_)`` makes them of the operands' elements in row-major order.
  func evaluate(_ x: Inputs, _ result: Signature) throws(TensorError) -> Tensor
  /// The gradient rule: one gradient for each input, of that input's shape and dtype, written in tensor operators.
  ///
  /// Nil where `needs` is false or the derivative is zero. It never accumulates and never thinks of broadcasting.
  func gradient(_ x: Inputs, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?]
  /// How many products of two numbers are added up; 0 unless told.
  ///
  /// Matrix products and what is made of them are measured by it, in summaries for example.
  func multiplyAdds(_ x: Inputs, _ result: Signature) -> Int
  /// Whether the result lies in an operand's memory; false unless told.
  var isView: Bool { get }
}

extension Primitive {
  /// The inputs.
  public var keeps: Keeps { .inputs }
  /// None.
  public func multiplyAdds(_ x: Inputs, _ result: Signature) -> Int { 0 }
  /// No.
  public var isView: Bool { false }
}

/// A primitive whose derivative is zero or undefined everywhere; one of a user's own says `[nil]`.
///
/// It is said by name, so that a rule that was forgotten does not compile.
package protocol NonDifferentiable: Primitive {}

extension NonDifferentiable {
  package func gradient(_ x: Inputs, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [] }
}

extension Primitive where Inputs: Operands {
  /// The operator on its operands.
  @inline(__always)
  package func callAsFunction(_ x: consuming Inputs) -> Tensor { enter(x, checksKernel: false) }

  /// The one door.
  ///
  /// Checks shapes and dtypes, runs the kernel, and appends to the tape if an input is tracked. Whether a kernel gives what its shape rule
  /// tells is looked at each time for a user's operators, and in debug builds for the library's: it takes some 40 ns.
  @inline(__always)
  func enter(_ x: consuming Inputs, checksKernel: Bool) -> Tensor {
    let context = Context.current
    if context.hasFailed { return .placeholder }
    do throws(TensorError) {
      if x.hasHalfOrComplex || context.changesPrecision, let y = try inOtherForm(x, context, checksKernel: checksKernel) { return y }
      let signature = try result(x)
      try signature.shape.check("")
      DebugNotice.mention(signature.shape.elementCount)
      if !context.isDry && !x.hasElements { throw mistake(Tensor.absence(x.shape(0))) }
      var y = context.isObserved ? try observed(x, signature, context) : try evaluate(x, signature)
      if (checksKernel || _isDebugAssertConfiguration()) && signature.isOther(than: y) { throw signature.isNot(y) }
      if signature.dtype.isDifferentiable {
        let tape = context.tapeID
        let level = tape == 0 ? 0 : x.level(on: tape)
        if level > 0 {
          context.tape!.record(self, x, &y, level)
        } else if Tape.isOpenElsewhere(tape) {
          x.mark(&y, tape)
        }
      }
      return y
    } catch {
      return refused(x, error, context)
    }
  }

  /// The operator on 16-bit floats, on complex numbers, and a product in the precision that is in force.
  ///
  /// On 16-bit floats as float32, which kernels compute in, its result rounded to the dtype that the shape rule told; on complex numbers its complex form.
  ///
  /// All that it is made of is on the tape as other operators are, so that gradients come back in the operands' dtype. Nil for what takes operands as they
  /// are: views, what only moves elements, functions that were computed before, and where there is nothing to convert.
  @inline(never) @_semantics("optimize.sil.specialize.generic.never")
  private func inOtherForm(_ x: Inputs, _ context: Context, checksKernel: Bool) throws(TensorError) -> Tensor? {
    if isView || self is any HalfPrimitive || self is any PassingPrimitive { return nil }
    for i in 0..<x.count where x.dtype(i).isComplex {
      if let form = self as? any ComplexForm<Inputs> { return try form.onComplex(x) }
      _ = try result(x)
      // One of a user's own says by its shape rule what it takes.
      if checksKernel { return nil }
      throw mistake("not defined for \(x.dtype(i)); .real, .imag or abs(_:) would fit")
    }
    if let product = self as? any ProductPrimitive, let y = product.rounded(x, context) { return y }
    guard x.hasHalfOrComplex else { return nil }
    let signature = try result(x)
    try signature.shape.check("")
    let y = enter(x.mapOperands(\.widened), checksKernel: checksKernel)
    return signature.dtype.isHalf && !context.hasFailed ? y.cast(to: signature.dtype) : y
  }

  /// What does not fit: once more with literals of integers in the dtype of the other operands, else a mistake.
  ///
  /// One function for all primitives, as what is seldom called is not worth a specialization for each: they took a fifth of the module's code.
  @inline(never) @_semantics("optimize.sil.specialize.generic.never")
  private func refused(_ x: Inputs, _ error: TensorError, _ context: Context) -> Tensor {
    // Not for want of memory, which the conversion would want too.
    if (try? result(x)) == nil {
      for converted in x.convertingLiterals() where (try? result(converted)) != nil { return self(converted) }
    }
    var error = error
    if error.operation.isEmpty { error.operation = name }
    if error.location.isEmpty { error.location = context.location(of: x) }
    fail(error)
    return .placeholder
  }
}

extension Primitive where Inputs: Operands {
  /// The kernel's turn in a run on shapes alone, which leaves it out, in a trace, which takes it down, and in a profile, which takes its time.
  ///
  /// Not specialized, and so neither is what it calls.
  @inline(never) @_semantics("optimize.sil.specialize.generic.never")
  func observed(_ x: Inputs, _ signature: Signature, _ context: Context) throws(TensorError) -> Tensor {
    if context.isDry {
      context.labels?.ran(self, x, signature)
      return Tensor(hollow: signature.shape, signature.dtype)
    }
    if let tracer = context.tracer { return try tracer.run(self, x, signature, context) }
    guard let profiler = context.profiler else { return try evaluate(x, signature) }
    return try profiler.run(self, x, signature, context)
  }
}

/// A primitive whose kernel takes 16-bit floats and complex numbers as they are: it moves elements, or converts them.
protocol HalfPrimitive: Primitive {}

extension Tensor {
  /// Itself, or a 16-bit float as float32.
  package var widened: Tensor { dtype.isHalf ? cast(to: .float32) : self }
}

/// The operands of a function of several operators, 16-bit floats as float32, so that it rounds once and not at each of them.
///
/// Nil where the first is none, or where dtypes of floats differ: the function's own checks name that.
package func widened(_ x: Tensor, _ others: Tensor?...) -> [Tensor?]? {
  guard x.dtype.isHalf, others.allSatisfy({ $0 == nil || $0!.dtype == x.dtype || !$0!.dtype.isFloatingPoint }) else { return nil }
  return [x.widened] + others.map { $0?.widened }
}

/// A result's shape and dtype: what a primitive's shape rule tells.
public struct Signature: Sendable, Hashable {
  /// The sizes of the axes.
  public var shape: Shape
  /// The type of the elements.
  public var dtype: DType

  /// A shape and a dtype.
  public init(_ shape: Shape, _ dtype: DType) {
    self.shape = shape
    self.dtype = dtype
  }

  /// Whether a kernel gave something else.
  func isOther(than y: Tensor) -> Bool { y.shape != shape || y.dtype != dtype }

  @inline(never)
  func isNot(_ y: Tensor) -> TensorError { mistake("the kernel gave \(y.dtype) \(y.shape), the shape rule had told \(dtype) \(shape)") }
}

/// Which of a primitive's tensors its gradient rule reads the elements of; shapes and dtypes are always there.
public enum Keeps: UInt8, Sendable { case nothing, inputs, output, both }

/// Which inputs a gradient is wanted for: `needs[1]`.
public struct Needs: Sendable {
  let bits: UInt64
  /// Whether one is wanted for an input; for those from the 64th on always.
  public subscript(i: Int) -> Bool { i > 63 || i >= 0 && bits >> UInt64(i) & 1 == 1 }
}

/// A mistake that the door completes with the operator's name.
@inline(never)
func mistake(_ message: String) -> TensorError { TensorError("", message) }
