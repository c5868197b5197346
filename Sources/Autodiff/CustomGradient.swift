import Tensors

/// A function with a gradient rule of its own.
///
///     // The identity, whose gradient is clipped.
///     let y = customGradient(at: x) { x in x } pullback: { x, y, dy in dy.clamped(min: -1.0, max: 1.0) }
///
/// `f` runs on a constant and is not differentiated. `pullback` gets x, y = f(x) and dy, and gives dx of x's shape and dtype; another is a
/// mistake. For second derivatives it is differentiated in turn, so it should use the x and y that it is given.
/// Where the rule is meant to be the function's derivative, ``checkGradient(of:at:step:tolerance:)-(_,Tensor,_,_)`` tells whether it is.
public func customGradient(
  at x: Tensor, _ f: @escaping @Sendable (_ x: Tensor) -> Tensor,
  pullback: @escaping @Sendable (_ x: Tensor, _ y: Tensor, _ dy: Tensor) -> Tensor
) -> Tensor {
  Custom(value: f(x.detached)) { x, y, dy in [pullback(x, y, dy)] }(x)
}

/// A function of two tensors with a gradient rule of its own.
///
///     // A product that sends its gradient to the first factor only.
///     let y = customGradient(at: x, gate) { x, gate in x * gate } pullback: { x, gate, y, dy in (dy * gate, nil) }
///
/// `pullback` gets both, y and dy, and gives the gradient of each, or nil for 0; otherwise it is as with one tensor.
public func customGradient(
  at a: Tensor, _ b: Tensor, _ f: @escaping @Sendable (_ a: Tensor, _ b: Tensor) -> Tensor,
  pullback: @escaping @Sendable (_ a: Tensor, _ b: Tensor, _ y: Tensor, _ dy: Tensor) -> (Tensor?, Tensor?)
) -> Tensor {
  Custom<Pair>(value: f(a.detached, b.detached)) { x, y, dy in
    let (da, db) = pullback(x.a, x.b, y, dy)
    return [da, db]
  }(a, b)
}

/// A function of a list of tensors with a gradient rule of its own.
///
/// `pullback` gets the list, y and dy, and gives a list as long: the gradient of each, or nil for 0. Otherwise it is as with one tensor.
public func customGradient(
  at x: [Tensor], _ f: @escaping @Sendable (_ x: [Tensor]) -> Tensor,
  pullback: @escaping @Sendable (_ x: [Tensor], _ y: Tensor, _ dy: Tensor) -> [Tensor?]
) -> Tensor {
  Custom(value: f(x.map(\.detached)), pullback: pullback)(x)
}

private struct Custom<Inputs: Operands>: PassingPrimitive {
  let value: Tensor
  let pullback: @Sendable (Inputs, Tensor, Tensor) -> [Tensor?]
  var name: String { "customGradient" }
  var keeps: Keeps { .both }
  func result(_ x: Inputs) -> Signature { Signature(value.shape, value.dtype) }
  func evaluate(_ x: Inputs, _ result: Signature) -> Tensor { value.detached }
  func gradient(_ x: Inputs, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let dx = pullback(x, y, dy)
    // Said here, as an empty list means no derivatives elsewhere.
    if dx.count != x.count { fail(TensorError(name, "the pullback gave \(dx.count) gradients for \(x.count) inputs")) }
    for (i, dx) in dx.prefix(x.count).enumerated() {
      guard let dx, dx.shape != x.shape(i) || dx.dtype != x.dtype(i) else { continue }
      fail(TensorError(name, "the pullback gave \(dx.dtype) \(dx.shape) for an input of \(x.dtype(i)) \(x.shape(i))"))
    }
    return dx
  }
}
