// What the kernel of a primitive of one's own works with: its operands' elements in row-major order, and room for the result's.

extension Signature {
  /// A tensor of this shape and dtype whose elements, in row-major order, `body` sets: each of them, as they begin as anything.
  ///
  /// A type that is not the dtype's is a mistake.
  public func filled<S: Scalar>(
    _ type: S.Type, _ body: (_ y: UnsafeMutableBufferPointer<S>) throws(TensorError) -> Void
  ) throws(TensorError) -> Tensor {
    try shape.check("")
    if S.dtype != dtype { throw mistake("the kernel fills in elements of type \(S.self), the shape rule told \(dtype)") }
    let y = try Tensor(uninitialized: shape, dtype)
    try body(UnsafeMutableBufferPointer(start: y.pointer.assumingMemoryBound(to: S.self), count: y.elementCount))
    return y
  }

  /// The same from a tensor's elements, which lie in row-major order, too: `result.filled(Float.self, from: x) { x, y in … }`.
  ///
  /// A type that is not both tensors' is a mistake; for operands of several dtypes there is ``Tensor/withElements(_:_:)``.
  public func filled<S: Scalar>(
    _ type: S.Type, from x: Tensor, _ body: (_ x: UnsafeBufferPointer<S>, _ y: UnsafeMutableBufferPointer<S>) throws(TensorError) -> Void
  ) throws(TensorError) -> Tensor {
    try filled(type, from: [x]) { (x, y) throws(TensorError) in try body(x[0], y) }
  }

  /// The same from two tensors: `result.filled(Float.self, from: x) { a, b, y in … }`.
  public func filled<S: Scalar>(
    _ type: S.Type, from x: Pair,
    _ body: (_ a: UnsafeBufferPointer<S>, _ b: UnsafeBufferPointer<S>, _ y: UnsafeMutableBufferPointer<S>) throws(TensorError) -> Void
  ) throws(TensorError) -> Tensor {
    try filled(type, from: [x.a, x.b]) { (x, y) throws(TensorError) in try body(x[0], x[1], y) }
  }

  /// The same from three tensors: `result.filled(Float.self, from: x) { a, b, c, y in … }`.
  public func filled<S: Scalar>(
    _ type: S.Type, from x: Triple,
    _ body: (
      _ a: UnsafeBufferPointer<S>, _ b: UnsafeBufferPointer<S>, _ c: UnsafeBufferPointer<S>, _ y: UnsafeMutableBufferPointer<S>
    ) throws(TensorError) -> Void
  ) throws(TensorError) -> Tensor {
    try filled(type, from: [x.a, x.b, x.c]) { (x, y) throws(TensorError) in try body(x[0], x[1], x[2], y) }
  }

  /// The same from a list of tensors: `result.filled(Float.self, from: x) { x, y in x[0].count … }`.
  public func filled<S: Scalar>(
    _ type: S.Type, from x: [Tensor],
    _ body: (_ x: [UnsafeBufferPointer<S>], _ y: UnsafeMutableBufferPointer<S>) throws(TensorError) -> Void
  ) throws(TensorError) -> Tensor {
    for (i, x) in x.enumerated() {
      if x.dtype != S.dtype { throw mistake("the kernel reads elements of type \(S.self), input \(i) is \(x.dtype)") }
      if x.isHollow { throw mistake(Tensor.absence(x.shape)) }
    }
    let ordered = try x.map { (x) throws(TensorError) in try x.ordered }
    let y = try filled(type) { (y) throws(TensorError) in
      try body(
        ordered.map { UnsafeBufferPointer(start: UnsafePointer($0.pointer.assumingMemoryBound(to: S.self)), count: $0.elementCount) }, y)
    }
    return withExtendedLifetime(ordered) { y }
  }
}

/// Calls `body` with stretches of 0 ..< count, on several threads where that pays: for the kernel of a primitive of one's own.
///
///     inParallel(rows, grain: 1 << 15 / columns) { range in for row in range { … } }
///
/// The stretches run at the same time, so each may write to its own elements only. Where they are cut depends on `count` and `grain` and not
/// on the number of threads. Tensor operators are not for `body`: they know their gradients and their errors on the thread that called.
///
/// - Parameter grain: The least of them that are worth a thread: what takes some 10 µs.
public func inParallel(_ count: Int, grain: Int = 1 << 15, _ body: (Range<Int>) -> Void) { parallel(count, grain: grain, body) }
