import Tensors

/// The value of a function and its pullback: what gives, for a cotangent v of the value's shape, the gradient of Σ v·f(x) (a vector-Jacobian product).
///
///     let (y, pullback) = valueAndPullback(at: x) { x in x.softmax() }
///     let dx = pullback(dy)
///
/// The function runs again for each cotangent; draws of random numbers that it makes are the same each time. Within another gradient call y and
/// what the pullback gives are differentiated in turn. JAX: `vjp`; PyTorch: `autograd.grad` with `grad_outputs`.
public func valueAndPullback(
  at x: Tensor, _ f: @escaping (Tensor) -> Tensor
) -> (value: Tensor, pullback: (Tensor) -> Tensor) {
  let (value, pullback) = valueAndPullback(at: [x]) { x in f(x[0]) }
  return (value, { v in pullback(v)[0] })
}

/// The value of a function of several tensors and its pullback, which gives the gradients at all of them.
public func valueAndPullback(
  at x: [Tensor], _ f: @escaping ([Tensor]) -> Tensor
) -> (value: Tensor, pullback: (Tensor) -> [Tensor]) {
  let stream = currentRandomStream().seed
  let value = withSeed(stream) { f(x) }
  return (
    value,
    { cotangent in
      if cotangent.shape != value.shape || cotangent.dtype != value.dtype {
        fail(
          TensorError(
            "pullback",
            "the cotangent must have the value's shape and dtype, \(value.dtype) \(value.shape), got \(cotangent.dtype) \(cotangent.shape)")
        )
        return x.map { .zeros($0.shape, $0.dtype) }
      }
      func seeds(_ y: Tensor) -> [Tensor] { [cotangent] }
      return differentiate("pullback", at: x, wantsValue: false, seeds: seeds) { x in withSeed(stream) { (f(x), ()) } }
        .gradients[0]
    }
  )
}

/// The product of a function's Jacobian at x and a tangent v of x's shape, J·v, of the value's shape (a Jacobian-vector product).
///
/// By two backward passes: the pullback vᵀ ↦ Jᵀ·u is linear in u, and its own pullback at v is J·v. JAX: `jvp`; PyTorch: `autograd.functional.jvp`.
public func jacobianVectorProduct(of f: (Tensor) -> Tensor, at x: Tensor, _ v: Tensor) -> Tensor {
  if v.shape != x.shape || v.dtype != x.dtype {
    fail(
      TensorError(
        "jacobianVectorProduct", "the tangent must have the point's shape and dtype, \(x.dtype) \(x.shape), got \(v.dtype) \(v.shape)"))
    return .zeros(x.shape, x.dtype)
  }
  let outline = withoutActuallyEscaping(f) { f in f(x).detached }
  let zero = Tensor.zeros(outline.shape, outline.dtype)
  return gradient(at: zero) { u in
    let (_, pulled, _) = differentiate("jacobianVectorProduct", at: [x], wantsValue: false, seeds: { _ in [u] }) { x in (f(x[0]), ()) }
    return (pulled[0][0] * v).sum()
  }
}

/// The value of a scalar function, its gradient, and what else the closure gives: predictions, figures.
public func valueAndGradient<Auxiliary, E: Error>(
  at x: Tensor, _ f: (Tensor) throws(E) -> (Tensor, Auxiliary)
) throws(E) -> (value: Tensor, gradient: Tensor, auxiliary: Auxiliary) {
  let (value, gradients, auxiliary) = try differentiate("gradient", at: [x], seeds: scalarSeed) { (x) throws(E) in try f(x[0]) }
  return (value, gradients[0][0], auxiliary)
}
