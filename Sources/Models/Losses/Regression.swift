import Tensors

/// (y − target)², mean squared error by default.
///
/// PyTorch: `mse_loss`.
public func mse(_ y: Tensor, _ target: Tensor, reduction: Reduction) -> Tensor { elementwise("mse", Kernels.squared, y, target, reduction) }
/// The mean squared error.
public func mse(_ y: Tensor, _ target: Tensor) -> Tensor { mse(y, target, reduction: .mean) }

/// |y − target|, mean absolute error by default.
///
/// PyTorch: `l1_loss`.
public func mae(_ y: Tensor, _ target: Tensor, reduction: Reduction) -> Tensor {
  elementwise("mae", Kernels.absolute, y, target, reduction)
}
/// The mean absolute error.
public func mae(_ y: Tensor, _ target: Tensor) -> Tensor { mae(y, target, reduction: .mean) }

/// ½d² where d = |y − target| ≤ delta, else delta·(d − ½delta): Huber 1964.
///
/// PyTorch: `huber_loss`.
public func huber(_ y: Tensor, _ target: Tensor, delta: Double = 1, reduction: Reduction) -> Tensor {
  guard delta > 0 else {
    fail(TensorError("huber", "a delta of \(delta); a positive number would fit"))
    return y
  }
  // With d/δ in place of d one kernel serves every delta.
  return elementwise("huber", Kernels.huber, y / delta, target / delta, reduction) * (delta * delta)
}
/// Huber's loss with delta 1.
public func huber(_ y: Tensor, _ target: Tensor) -> Tensor { huber(y, target, reduction: .mean) }

private enum Kernels {
  static let squared = Elementwise { y, t in (y - t) * (y - t) }
  static let absolute = Elementwise { y, t in abs(y - t) }
  static let huber = Elementwise { y, t in
    let d = abs(y - t)
    return `where`(d .<= 1, 0.5 * (d * d), d - 0.5)
  }
}
