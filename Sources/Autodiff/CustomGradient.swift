import Tensors

/// A function with a gradient rule of its own.
///
///     // The identity, whose gradient is clipped.
///     let y = customGradient(at: x) { x in x } pullback: { x, y, dy in dy.clamped(min: -1.0, max: 1.0) }
///
/// `f` runs on a constant and is not differentiated. `pullback` gets x, y = f(x) and dy, and gives dx of x's shape; for second derivatives
/// it is differentiated in turn, so it should use the x and y that it is given.
public func customGradient(
  at x: Tensor, _ f: @escaping @Sendable (Tensor) -> Tensor,
  pullback: @escaping @Sendable (_ x: Tensor, _ y: Tensor, _ dy: Tensor) -> Tensor
) -> Tensor {
  let value = f(x.detached)
  return Custom(value: value, pullback: pullback)(x)
}

private struct Custom: Primitive {
  let value: Tensor
  let pullback: @Sendable (Tensor, Tensor, Tensor) -> Tensor
  var name: String { "customGradient" }
  var keeps: Keeps { .both }
  func result(_ x: Tensor) -> Signature { Signature(value.shape, value.dtype) }
  func evaluate(_ x: Tensor, _ result: Signature) -> Tensor { value.detached }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let dx = pullback(x, y, dy)
    if dx.shape != x.shape || dx.dtype != x.dtype {
      fail(TensorError(name, "the pullback gave \(dx.dtype) \(dx.shape) for an input of \(x.dtype) \(x.shape)"))
      return [nil]
    }
    return [dx]
  }
}
