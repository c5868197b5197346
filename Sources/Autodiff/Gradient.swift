import Tensors

/// The gradient of a scalar function at a tensor: ∂f/∂x, of x's shape.
///
///     let slope  = gradient(at: x) { x in (x * x).sum() }                                // 2x
///     let second = gradient(at: x) { x in gradient(at: x) { sin($0).sum() }.sum() }      // −sin x
///
/// Calls nest to any order. What `f` reads beside its argument is constant. A function of several results is a mistake; see
/// ``jacobian(of:at:)``.
public func gradient<E: Error>(at x: Tensor, _ f: (Tensor) throws(E) -> Tensor) throws(E) -> Tensor {
  try gradient(at: [x]) { (x) throws(E) in try f(x[0]) }[0]
}

/// The value of a scalar function and its gradient.
public func valueAndGradient<E: Error>(
  at x: Tensor, _ f: (Tensor) throws(E) -> Tensor
) throws(E) -> (value: Tensor, gradient: Tensor) {
  let (value, gradients) = try valueAndGradient(at: [x]) { (x) throws(E) in try f(x[0]) }
  return (value, gradients[0])
}

/// The gradients of a scalar function at two tensors.
public func gradient<E: Error>(at x: Tensor, _ y: Tensor, _ f: (Tensor, Tensor) throws(E) -> Tensor) throws(E) -> (Tensor, Tensor) {
  let dx = try gradient(at: [x, y]) { (x) throws(E) in try f(x[0], x[1]) }
  return (dx[0], dx[1])
}

/// The value of a scalar function and its gradients at two tensors.
public func valueAndGradient<E: Error>(
  at x: Tensor, _ y: Tensor, _ f: (Tensor, Tensor) throws(E) -> Tensor
) throws(E) -> (value: Tensor, gradient: (Tensor, Tensor)) {
  let (value, gradients) = try valueAndGradient(at: [x, y]) { (x) throws(E) in try f(x[0], x[1]) }
  return (value, (gradients[0], gradients[1]))
}

/// The gradients of a scalar function at three tensors.
public func gradient<E: Error>(
  at x: Tensor, _ y: Tensor, _ z: Tensor, _ f: (Tensor, Tensor, Tensor) throws(E) -> Tensor
) throws(E) -> (Tensor, Tensor, Tensor) {
  let dx = try gradient(at: [x, y, z]) { (x) throws(E) in try f(x[0], x[1], x[2]) }
  return (dx[0], dx[1], dx[2])
}

/// The gradients of a scalar function at any number of tensors.
public func gradient<E: Error>(at x: [Tensor], _ f: ([Tensor]) throws(E) -> Tensor) throws(E) -> [Tensor] {
  try differentiate("gradient", at: x, wantsValue: false, seeds: scalarSeed) { (x) throws(E) in (try f(x), ()) }.gradients[0]
}

/// The value of a scalar function and its gradients at any number of tensors.
public func valueAndGradient<E: Error>(
  at x: [Tensor], _ f: ([Tensor]) throws(E) -> Tensor
) throws(E) -> (value: Tensor, gradient: [Tensor]) {
  let (value, gradients, _) = try differentiate("gradient", at: x, seeds: scalarSeed) { (x) throws(E) in (try f(x), ())
  }
  return (value, gradients[0])
}

/// The Jacobian ∂y/∂x: the axes of y, then those of x; one backward pass for each element of y.
public func jacobian(of f: (Tensor) -> Tensor, at x: Tensor) -> Tensor {
  var shape = Shape()
  func seeds(_ y: Tensor) -> [Tensor] {
    shape = y.shape
    guard y.rank + x.rank <= Shape.maximumRank else {
      fail(TensorError("jacobian", "of \(y.shape) at \(x.shape) would have more than 8 axes"))
      return []
    }
    let eye = Tensor.eye(y.elementCount, nil, y.dtype)
    return (0..<y.elementCount).map { eye[$0].reshaped(y.shape) }
  }
  let (_, rows, _) = differentiate("jacobian", at: [x], seeds: seeds) { x in (f(x[0]), ()) }
  if rows.isEmpty { return .zeros(Shape(Array(shape) + Array(x.shape)), x.dtype) }
  return stack(rows.map { $0[0] }).reshaped(Shape(Array(shape) + Array(x.shape)))
}

/// The Hessian ∂²f/∂x² of a scalar function: the axes of x twice.
public func hessian(of f: (Tensor) -> Tensor, at x: Tensor) -> Tensor {
  jacobian(of: { x in gradient(at: x, f) }, at: x)
}

/// H·v, the product of a scalar function's Hessian and a vector of x's shape, at the cost of two gradients.
public func hessianVectorProduct(of f: (Tensor) -> Tensor, at x: Tensor, _ v: Tensor) -> Tensor {
  if v.shape != x.shape {
    fail(TensorError("hessianVectorProduct", "a vector of shape \(v.shape) at \(x.shape); equal shapes would fit"))
    return .zeros(x.shape, x.dtype)
  }
  return gradient(at: x) { x in (gradient(at: x, f) * v).sum() }
}
