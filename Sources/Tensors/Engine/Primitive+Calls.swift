// How a primitive is called. The engine's own calls come down to the same door.

extension Primitive where Inputs == Tensor {
  /// The operator on a tensor.
  @inline(__always)
  @_disfavoredOverload  // The library calls its own operators by the door that does not look at kernels.
  public func callAsFunction(_ x: consuming Tensor) -> Tensor { enter(x, checksKernel: true) }
}

extension Primitive where Inputs == Pair {
  /// The operator on two tensors.
  @inline(__always)
  public func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor { enter(Pair(a, b), checksKernel: true) }
}

extension Primitive where Inputs == Triple {
  /// The operator on three tensors.
  @inline(__always)
  public func callAsFunction(_ a: Tensor, _ b: Tensor, _ c: Tensor) -> Tensor { enter(Triple(a, b, c), checksKernel: true) }
}

extension Primitive where Inputs == [Tensor] {
  /// The operator on a list of tensors.
  @inline(__always)
  @_disfavoredOverload
  public func callAsFunction(_ x: consuming [Tensor]) -> Tensor { enter(x, checksKernel: true) }
}
