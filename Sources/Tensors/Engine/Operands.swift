/// What a ``Primitive`` can take: `Tensor`, ``Pair``, ``Triple`` or `[Tensor]`.
public protocol PrimitiveInputs: Sendable {}

extension Tensor: PrimitiveInputs {}
extension Pair: PrimitiveInputs {}
extension Triple: PrimitiveInputs {}
extension [Tensor]: PrimitiveInputs {}

/// The tensors a primitive takes, as the engine sees them.
package protocol Operands: PrimitiveInputs {
  var count: Int { get }
  func operand(_ i: Int) -> Tensor
  /// The operands, each replaced.
  func mapOperands(_ change: (Tensor) -> Tensor) -> Self
  // What the element-wise fast path asks, without taking hold of a tensor: no copy, no reference counted.
  func shape(_ i: Int) -> Shape
  func dtype(_ i: Int) -> DType
  func isContiguous(_ i: Int) -> Bool
  func pointer(_ i: Int) -> UnsafeMutableRawPointer
  func node(_ i: Int) -> Node
  /// Whether all have the elements that their shapes promise; those that have been put off are computed.
  var hasElements: Bool { get }
  /// Whether some have been put off.
  var waits: Bool { get }
  /// Whether some are 16-bit floats or complex numbers, which most kernels do not take.
  var hasHalfOrComplex: Bool { get }
  /// Lets go of the elements, for a record whose rule does not read them.
  mutating func dropElements()
  /// The deepest gradient call on a tape that one of them depends on; 0 if none is tracked there.
  func level(on tape: UInt64) -> Int32
}

extension Tensor: Operands {
  package var count: Int { 1 }
  package func operand(_ i: Int) -> Tensor { self }
  package func mapOperands(_ change: (Tensor) -> Tensor) -> Tensor { change(self) }
  @inline(__always) package func shape(_ i: Int) -> Shape { shape }
  @inline(__always) package func dtype(_ i: Int) -> DType { dtype }
  @inline(__always) package func isContiguous(_ i: Int) -> Bool { isContiguous }
  @inline(__always) package func pointer(_ i: Int) -> UnsafeMutableRawPointer { pointer }
  @inline(__always) package func node(_ i: Int) -> Node { node }
  @inline(__always) package var waits: Bool { isWaiting }
  @inline(__always) package var hasHalfOrComplex: Bool { dtype.isHalfOrComplex }
  package mutating func dropElements() { body = .outline(shape, dtype) }
  @inline(__always) package func level(on tape: UInt64) -> Int32 { node.tape == tape ? node.level : 0 }
}

/// Two tensors, the operands of a ``Primitive``.
public struct Pair: Operands {
  /// The first.
  public var a: Tensor
  /// The second.
  public var b: Tensor
  /// A pair.
  @inline(__always)
  public init(_ a: Tensor, _ b: Tensor) {
    self.a = a
    self.b = b
  }
  package var count: Int { 2 }
  package func operand(_ i: Int) -> Tensor { i == 0 ? a : b }
  package func mapOperands(_ change: (Tensor) -> Tensor) -> Pair { Pair(change(a), change(b)) }
  @inline(__always) package func shape(_ i: Int) -> Shape { i == 0 ? a.shape : b.shape }
  @inline(__always) package func dtype(_ i: Int) -> DType { i == 0 ? a.dtype : b.dtype }
  @inline(__always) package func isContiguous(_ i: Int) -> Bool { i == 0 ? a.isContiguous : b.isContiguous }
  @inline(__always) package func pointer(_ i: Int) -> UnsafeMutableRawPointer { i == 0 ? a.pointer : b.pointer }
  @inline(__always) package func node(_ i: Int) -> Node { i == 0 ? a.node : b.node }
  @inline(__always) package var hasElements: Bool { a.hasElements && b.hasElements }
  @inline(__always) package var waits: Bool { a.isWaiting || b.isWaiting }
  @inline(__always) package var hasHalfOrComplex: Bool { a.dtype.isHalfOrComplex || b.dtype.isHalfOrComplex }
  package mutating func dropElements() {
    a.dropElements()
    b.dropElements()
  }
  @inline(__always) package func level(on tape: UInt64) -> Int32 { Swift.max(a.level(on: tape), b.level(on: tape)) }
}

/// Three tensors, the operands of a ``Primitive``.
public struct Triple: Operands {
  /// The first.
  public var a: Tensor
  /// The second.
  public var b: Tensor
  /// The third.
  public var c: Tensor
  /// A triple.
  @inline(__always)
  public init(_ a: Tensor, _ b: Tensor, _ c: Tensor) {
    self.a = a
    self.b = b
    self.c = c
  }
  package var count: Int { 3 }
  package func operand(_ i: Int) -> Tensor { i == 0 ? a : i == 1 ? b : c }
  package func mapOperands(_ change: (Tensor) -> Tensor) -> Triple { Triple(change(a), change(b), change(c)) }
  @inline(__always) package func shape(_ i: Int) -> Shape { i == 0 ? a.shape : i == 1 ? b.shape : c.shape }
  @inline(__always) package func dtype(_ i: Int) -> DType { i == 0 ? a.dtype : i == 1 ? b.dtype : c.dtype }
  @inline(__always) package func isContiguous(_ i: Int) -> Bool { i == 0 ? a.isContiguous : i == 1 ? b.isContiguous : c.isContiguous }
  @inline(__always) package func pointer(_ i: Int) -> UnsafeMutableRawPointer { i == 0 ? a.pointer : i == 1 ? b.pointer : c.pointer }
  @inline(__always) package func node(_ i: Int) -> Node { i == 0 ? a.node : i == 1 ? b.node : c.node }
  @inline(__always) package var hasElements: Bool { a.hasElements && b.hasElements && c.hasElements }
  @inline(__always) package var waits: Bool { a.isWaiting || b.isWaiting || c.isWaiting }
  @inline(__always) package var hasHalfOrComplex: Bool { a.dtype.isHalfOrComplex || b.dtype.isHalfOrComplex || c.dtype.isHalfOrComplex }
  package mutating func dropElements() {
    a.dropElements()
    b.dropElements()
    c.dropElements()
  }
  @inline(__always)
  package func level(on tape: UInt64) -> Int32 { Swift.max(a.level(on: tape), b.level(on: tape), c.level(on: tape)) }
}

extension [Tensor]: Operands {
  package func operand(_ i: Int) -> Tensor { self[i] }
  package func mapOperands(_ change: (Tensor) -> Tensor) -> [Tensor] { map(change) }
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
  package var waits: Bool {
    for i in indices where self[i].isWaiting { return true }
    return false
  }
  package var hasHalfOrComplex: Bool {
    for i in indices where self[i].dtype.isHalfOrComplex { return true }
    return false
  }
  package mutating func dropElements() { for i in indices { self[i].dropElements() } }
  package func level(on tape: UInt64) -> Int32 {
    var level: Int32 = 0
    for i in indices { level = Swift.max(level, self[i].level(on: tape)) }
    return level
  }
}
