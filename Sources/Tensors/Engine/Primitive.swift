/// An operator: a small value with its attributes.
///
/// Every use of one goes through ``Primitive/callAsFunction(_:)``, the one door.
///
/// Its four parts are its shape rule (`result`), its kernel (`evaluate`), its gradient rule (`gradient`) and its name.
package protocol Primitive: Sendable {
  /// `Tensor`, `Pair`, `Triple` or `[Tensor]`.
  associatedtype Inputs: Operands

  /// The operator as it is called, for errors and profiles.
  var name: String { get }
  /// Which tensors the gradient rule reads; the others' memory is let go of.
  var keeps: Keeps { get }
  /// The shape rule: the result's shape and dtype, or a mistake.
  func result(_ x: Inputs) throws(TensorError) -> Signature
  /// The kernel: the result's elements, in new memory or, for a view, in the operand's.
  func evaluate(_ x: Inputs, _ result: Signature) throws(TensorError) -> Tensor
  /// The gradient rule: one gradient for each input, of that input's shape, written in tensor operators; nil where `needs` is false or the
  /// derivative is zero. It never accumulates and never thinks of broadcasting.
  func gradient(_ x: Inputs, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?]
  /// How many products of two numbers are added up: what matrix products and what is made of them are measured by.
  func multiplyAdds(_ x: Inputs, _ result: Signature) -> Int
  /// Whether the result lies in an operand's memory.
  var isView: Bool { get }
}

extension Primitive {
  package var keeps: Keeps { .inputs }
  package func multiplyAdds(_ x: Inputs, _ result: Signature) -> Int { 0 }
  package var isView: Bool { false }
  package func gradient(_ x: Inputs, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [] }

  /// The one door.
  ///
  /// Checks shapes and dtypes, runs the kernel, and appends to the tape if an input is tracked.
  @inline(__always)
  package func callAsFunction(_ x: consuming Inputs) -> Tensor {
    let context = Context.current
    if context.hasFailed { return .placeholder }
    do throws(TensorError) {
      let signature = try result(x)
      try signature.shape.check("")
      if !context.isDry && !x.hasElements { throw mistake(Tensor.absence(x.shape(0))) }
      if context.isDry { context.labels?.ran(self, x, signature) }
      var y = context.isDry ? Tensor(hollow: signature.shape, signature.dtype) : try evaluate(x, signature)
      if let tape = context.tape, signature.dtype.isFloatingPoint {
        let level = x.level(on: tape)
        if level > 0 { tape.record(self, x, &y, level) }
      }
      return y
    } catch {
      var error = error
      if error.operation.isEmpty { error.operation = name }
      if error.location.isEmpty { error.location = context.location(of: x) }
      fail(error)
      return .placeholder
    }
  }
}

/// A result's shape and dtype.
package struct Signature {
  package var shape: Shape
  package var dtype: DType

  package init(_ shape: Shape, _ dtype: DType) {
    self.shape = shape
    self.dtype = dtype
  }
}

/// Which of a primitive's tensors its gradient rule reads the elements of; shapes and dtypes are always there.
package enum Keeps: UInt8, Sendable { case nothing, inputs, output, both }

/// Which inputs a gradient is wanted for.
package struct Needs: Sendable {
  let bits: UInt64
  /// Inputs from the 64th on are always wanted.
  package subscript(i: Int) -> Bool { i > 63 || bits >> UInt64(i) & 1 == 1 }
}

/// A mistake that the door completes with the operator's name.
@inline(never)
func mistake(_ message: String) -> TensorError { TensorError("", message) }

// MARK: - Operands

/// The tensors a primitive takes.
package protocol Operands: Sendable {
  var count: Int { get }
  func operand(_ i: Int) -> Tensor
  // What the element-wise fast path asks, without taking hold of a tensor: no copy, no reference counted.
  func shape(_ i: Int) -> Shape
  func dtype(_ i: Int) -> DType
  func isContiguous(_ i: Int) -> Bool
  func pointer(_ i: Int) -> UnsafeMutableRawPointer
  func node(_ i: Int) -> Node
  /// Whether all have the elements that their shapes promise.
  var hasElements: Bool { get }
  /// Lets go of the elements, for a record whose rule does not read them.
  mutating func dropElements()
  /// The deepest gradient call on `tape` that one of them depends on; 0 if none is tracked there.
  func level(on tape: Tape) -> Int32
}

extension Tensor: Operands {
  package var count: Int { 1 }
  package func operand(_ i: Int) -> Tensor { self }
  @inline(__always) package func shape(_ i: Int) -> Shape { shape }
  @inline(__always) package func dtype(_ i: Int) -> DType { dtype }
  @inline(__always) package func isContiguous(_ i: Int) -> Bool { isContiguous }
  @inline(__always) package func pointer(_ i: Int) -> UnsafeMutableRawPointer { pointer }
  @inline(__always) package func node(_ i: Int) -> Node { node }
  @inline(__always) package var hasElements: Bool { storage != nil || shape.elementCount == 0 }
  package mutating func dropElements() { storage = nil }
  @inline(__always) package func level(on tape: Tape) -> Int32 { node.tape == tape.id ? node.level : 0 }
}

package struct Pair: Operands {
  package var a: Tensor
  package var b: Tensor
  @inline(__always)
  package init(_ a: Tensor, _ b: Tensor) {
    self.a = a
    self.b = b
  }
  package var count: Int { 2 }
  package func operand(_ i: Int) -> Tensor { i == 0 ? a : b }
  @inline(__always) package func shape(_ i: Int) -> Shape { i == 0 ? a.shape : b.shape }
  @inline(__always) package func dtype(_ i: Int) -> DType { i == 0 ? a.dtype : b.dtype }
  @inline(__always) package func isContiguous(_ i: Int) -> Bool { i == 0 ? a.isContiguous : b.isContiguous }
  @inline(__always) package func pointer(_ i: Int) -> UnsafeMutableRawPointer { i == 0 ? a.pointer : b.pointer }
  @inline(__always) package func node(_ i: Int) -> Node { i == 0 ? a.node : b.node }
  @inline(__always) package var hasElements: Bool { a.hasElements && b.hasElements }
  package mutating func dropElements() {
    a.storage = nil
    b.storage = nil
  }
  @inline(__always) package func level(on tape: Tape) -> Int32 { Swift.max(a.level(on: tape), b.level(on: tape)) }
}

package struct Triple: Operands {
  package var a: Tensor
  package var b: Tensor
  package var c: Tensor
  @inline(__always)
  package init(_ a: Tensor, _ b: Tensor, _ c: Tensor) {
    self.a = a
    self.b = b
    self.c = c
  }
  package var count: Int { 3 }
  package func operand(_ i: Int) -> Tensor { i == 0 ? a : i == 1 ? b : c }
  @inline(__always) package func shape(_ i: Int) -> Shape { i == 0 ? a.shape : i == 1 ? b.shape : c.shape }
  @inline(__always) package func dtype(_ i: Int) -> DType { i == 0 ? a.dtype : i == 1 ? b.dtype : c.dtype }
  @inline(__always) package func isContiguous(_ i: Int) -> Bool { i == 0 ? a.isContiguous : i == 1 ? b.isContiguous : c.isContiguous }
  @inline(__always) package func pointer(_ i: Int) -> UnsafeMutableRawPointer { i == 0 ? a.pointer : i == 1 ? b.pointer : c.pointer }
  @inline(__always) package func node(_ i: Int) -> Node { i == 0 ? a.node : i == 1 ? b.node : c.node }
  @inline(__always) package var hasElements: Bool { a.hasElements && b.hasElements && c.hasElements }
  package mutating func dropElements() {
    a.storage = nil
    b.storage = nil
    c.storage = nil
  }
  @inline(__always)
  package func level(on tape: Tape) -> Int32 { Swift.max(a.level(on: tape), b.level(on: tape), c.level(on: tape)) }
}

extension [Tensor]: Operands {
  package func operand(_ i: Int) -> Tensor { self[i] }
  @inline(__always) package func shape(_ i: Int) -> Shape { self[i].shape }
  @inline(__always) package func dtype(_ i: Int) -> DType { self[i].dtype }
  @inline(__always) package func isContiguous(_ i: Int) -> Bool { self[i].isContiguous }
  @inline(__always) package func pointer(_ i: Int) -> UnsafeMutableRawPointer { self[i].pointer }
  @inline(__always) package func node(_ i: Int) -> Node { self[i].node }
  // Loops over positions: `allSatisfy` and `reduce` would take hold of each tensor.
  package var hasElements: Bool {
    for i in indices where !self[i].hasElements { return false }
    return true
  }
  package mutating func dropElements() { for i in indices { self[i].storage = nil } }
  package func level(on tape: Tape) -> Int32 {
    var level: Int32 = 0
    for i in indices { level = Swift.max(level, self[i].level(on: tape)) }
    return level
  }
}
