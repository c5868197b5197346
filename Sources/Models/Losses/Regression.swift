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
  return elementwise("huber", Kernels.quadraticWithin.with(delta), y, target, reduction)
}
/// Huber's loss with delta 1.
public func huber(_ y: Tensor, _ target: Tensor) -> Tensor { huber(y, target, reduction: .mean) }

/// ½d²/beta where d = |y − target| ≤ beta, else d − ½beta: Huber's loss over beta, which keeps the slope at 1.
///
/// Girshick 2015. PyTorch: `smooth_l1_loss`. A beta of 0 is ``mae(_:_:reduction:)``.
public func smoothL1(_ y: Tensor, _ target: Tensor, beta: Double = 1, reduction: Reduction) -> Tensor {
  guard beta >= 0 else {
    fail(TensorError("smoothL1", "a beta of \(beta); 0 or more would fit"))
    return y
  }
  if beta == 0 { return elementwise("smoothL1", Kernels.absolute, y, target, reduction) }
  return elementwise("smoothL1", Kernels.quadraticWithin.with(beta, 1 / beta), y, target, reduction)
}
/// Huber's loss with beta 1.
public func smoothL1(_ y: Tensor, _ target: Tensor) -> Tensor { smoothL1(y, target, reduction: .mean) }

/// log cosh(y − target): ½d² near 0, |d| − log 2 far away, and smooth everywhere.
///
/// MLX: `log_cosh_loss`. It does not overflow.
///
/// Accuracy: 2 ulp in float32, 2 in float64.
public func logCosh(_ y: Tensor, _ target: Tensor, reduction: Reduction) -> Tensor {
  elementwise("logCosh", Kernels.logCosh, y, target, reduction)
}
/// The mean of log cosh(y − target).
public func logCosh(_ y: Tensor, _ target: Tensor) -> Tensor { logCosh(y, target, reduction: .mean) }

/// (log(y + epsilon) − log(target + epsilon))²: the squared error of ratios.
///
/// Flux: `msle`. Numbers are to be above −epsilon.
public func msle(_ y: Tensor, _ target: Tensor, epsilon: Double = 1e-7, reduction: Reduction) -> Tensor {
  elementwise("msle", Kernels.logarithmic, y, target, epsilon, reduction)
}
/// The mean squared error of logarithms.
public func msle(_ y: Tensor, _ target: Tensor) -> Tensor { msle(y, target, reduction: .mean) }

/// 1 − cos(y, target) for vectors along the last axis: 0 where they point the same way.
///
/// Shapes: [..., features] both, to [...] without a reduction. PyTorch: `1 - cosine_similarity`. A vector of zeros has the cosine 0.
public func cosineDistance(_ y: Tensor, _ target: Tensor, reduction: Reduction) -> Tensor {
  guard fitTogether("cosineDistance", y, target) else { return y }
  guard y.rank > 0 else {
    fail(TensorError("cosineDistance", "vectors without an axis; [..., features] would fit"))
    return y
  }
  return reduction(1 - cosineSimilarity(y, target))
}
/// The mean of 1 − cos(y, target) over the vectors along the last axis.
public func cosineDistance(_ y: Tensor, _ target: Tensor) -> Tensor { cosineDistance(y, target, reduction: .mean) }

private enum Kernels {
  // One instruction, exact near 0 and far away.
  static let logCosh = Elementwise { y, t in log(cosh(y - t)) }
  static let logarithmic = Elementwise { y, t, epsilon in
    let d = log(y + epsilon) - log(t + epsilon)
    return d * d
  }
  static let squared = Elementwise { y, t in (y - t) * (y - t) }
  static let absolute = Elementwise { y, t in abs(y - t) }
  static let quadraticWithin = Elementwise.ofNumbers { y, t, delta, factor in huber(y - t, delta: delta) * factor }
}
