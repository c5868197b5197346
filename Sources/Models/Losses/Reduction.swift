import Tensors

/// What becomes of the losses of single elements or rows.
public enum Reduction: Sendable {
  /// Their mean.
  case mean
  /// Their sum.
  case sum
  /// They stay as they are.
  case none

  func callAsFunction(_ losses: Tensor) -> Tensor {
    switch self {
    case .mean: losses.mean()
    case .sum: losses.sum()
    case .none: losses
    }
  }
}

/// A loss of pairs of elements that is a program.
func elementwise(_ name: String, _ kernel: Elementwise, _ y: Tensor, _ target: Tensor, _ reduction: Reduction) -> Tensor {
  guard fitTogether(name, y, target) else { return y }
  switch reduction {
  case .mean where y.elementCount >= largeLoss: return kernel.mean(y, target)
  case .sum where y.elementCount >= largeLoss: return kernel.sum(y, target)
  default: return reduction(kernel(y, target))
  }
}

/// The same with a number that the program takes as its third operand.
func elementwise(
  _ name: String, _ kernel: Elementwise, _ y: Tensor, _ target: Tensor, _ number: Double, _ reduction: Reduction
) -> Tensor {
  guard fitTogether(name, y, target) else { return y }
  guard y.dtype.isFloatingPoint else {
    fail(TensorError(name, "not defined for \(y.dtype), only for floating-point dtypes; convert with .cast(to:)"))
    return y
  }
  guard Setting.number.holds(number, "a setting", name) else { return y }
  let number = Tensor.full([], number, y.dtype)
  switch reduction {
  case .mean where y.elementCount >= largeLoss: return kernel.mean(y, target, number)
  case .sum where y.elementCount >= largeLoss: return kernel.sum(y, target, number)
  default: return reduction(kernel(y, target, number))
  }
}

/// From so many elements on the losses of single elements are reduced as they are computed, and not stored; below it costs more than it saves.
private let largeLoss = 1 << 15

/// A silent broadcast of [n] against [n, 1] to [n, n] is the classic mistake with losses.
func fitTogether(_ name: String, _ y: Tensor, _ target: Tensor) -> Bool {
  if y.dtype != target.dtype {
    fail(TensorError(name, "a result of \(y.dtype) and a target of \(target.dtype); convert one with .cast(to:)"))
    return false
  }
  if y.shape == target.shape { return true }
  fail(TensorError(name, "a result of shape \(y.shape) and a target of \(target.shape); equal shapes would fit"))
  return false
}

// MARK: - What counts nothing

/// Losses, or whatever else, times their factors, and 0 where a factor is 0, whatever the loss.
///
/// Factors that are differentiated themselves have losses as their slopes, those of factors of 0 too: these are plain products.
func weighted(_ losses: Tensor, _ factors: Tensor) -> Tensor {
  factors.isTracked ? losses * factors : selectedProduct(losses, factors)
}

/// x with 0 in place of what a factor of 0 leaves out, so that nothing computed of it is infinite or NaN.
func cleared(_ x: Tensor, _ factors: Tensor?) -> Tensor {
  guard let factors, !factors.isTracked, !hasFailed else { return x }
  return select(factors .!= 0, x, 0)
}

private let selectedProduct = Elementwise { x, factor in select(factor .== 0, 0, x) * factor }
