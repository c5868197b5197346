/// Reductions at the end of a kernel: a loss or a norm in one pass over memory, whose values are never stored.
///
///     let squaredError = Elementwise { x, y in (x - y) * (x - y) }
///     let loss = squaredError.mean(prediction, target)
///     let norms = sqrt(Elementwise { x in x * x }.sum(x, axis: -1, keepDims: true))
///
/// Tensors broadcast together, and the kernel's own parameters with them; axes are those of their common shape, and none stand for all. The gradient is again one pass, to any order. It
/// costs computing the kernel's value once more where the derivative asks for it.
extension Elementwise {
  // MARK: Sums

  /// The sum of the values over the given axes, or over all: `f(x…).sum(axes: axes)` without storing f(x…).
  ///
  /// Summed up in a fixed order of blocks: the error grows as log n, and the result does not depend on the number of threads. Integers add up
  /// as in ``Tensor/sum(axes:keepDims:)``. Derivative: f′(x…)·dy.
  public func sum(_ x: Tensor..., axes: [Int] = [], keepDims: Bool = false) -> Tensor { reduced(.sum, x, axes, keepDims) }
  /// The sum of the values over one axis.
  public func sum(_ x: Tensor..., axis: Int, keepDims: Bool = false) -> Tensor { reduced(.sum, x, [axis], keepDims) }

  /// The mean of the values over the given axes, or over all; NaN of no elements.
  ///
  /// Derivative: f′(x…)·dy/n.
  public func mean(_ x: Tensor..., axes: [Int] = [], keepDims: Bool = false) -> Tensor { reduced(.mean, x, axes, keepDims) }
  /// The mean of the values over one axis.
  public func mean(_ x: Tensor..., axis: Int, keepDims: Bool = false) -> Tensor { reduced(.mean, x, [axis], keepDims) }

  /// The product of the values over the given axes, or over all.
  ///
  /// Inside a gradient the values are stored, since the derivative is the product of the others: see ``Tensor/prod(axes:keepDims:)``.
  public func prod(_ x: Tensor..., axes: [Int] = [], keepDims: Bool = false) -> Tensor { reduced(.product, x, axes, keepDims) }
  /// The product of the values over one axis.
  public func prod(_ x: Tensor..., axis: Int, keepDims: Bool = false) -> Tensor { reduced(.product, x, [axis], keepDims) }

  // MARK: Extremes

  /// The largest value over the given axes, or over all; NaN if there is one.
  ///
  /// Derivative: f′(x…)·dy, dy being shared among equals.
  public func max(_ x: Tensor..., axes: [Int] = [], keepDims: Bool = false) -> Tensor { reduced(.maximum, x, axes, keepDims) }
  /// The largest value over one axis.
  public func max(_ x: Tensor..., axis: Int, keepDims: Bool = false) -> Tensor { reduced(.maximum, x, [axis], keepDims) }
  /// The smallest value over the given axes, or over all; NaN if there is one.
  ///
  /// Derivative: f′(x…)·dy, dy being shared among equals.
  public func min(_ x: Tensor..., axes: [Int] = [], keepDims: Bool = false) -> Tensor { reduced(.minimum, x, axes, keepDims) }
  /// The smallest value over one axis.
  public func min(_ x: Tensor..., axis: Int, keepDims: Bool = false) -> Tensor { reduced(.minimum, x, [axis], keepDims) }

  private func reduced(_ kind: MapReduction, _ x: [Tensor], _ axes: [Int], _ keepDims: Bool) -> Tensor {
    guard expects(x.count, kind.label) else { return .placeholder }
    let x = x + parameterValues
    if let dtype = x.first?.dtype, dtype.isHalf, x.allSatisfy({ $0.dtype == dtype }) {
      // Before they are broadcast, or multiplied and then taken apart for the gradient: rounded once.
      return reduced(kind, wide: x.map(\.widened), axes, keepDims).cast(to: dtype)
    }
    return reduced(kind, wide: x, axes, keepDims)
  }

  private func reduced(_ kind: MapReduction, wide x: [Tensor], _ axes: [Int], _ keepDims: Bool) -> Tensor {
    var x = x
    for i in x.indices.dropFirst() where x[i].shape != x[0].shape { (x[0], x[i]) = broadcasted(kind.label, x[0], x[i]) }
    if Context.current.hasFailed { return .placeholder }
    for i in x.indices { x[i] = x[i].expanded(x[0].shape) }
    if kind == .product && x.contains(where: \.isTracked) {
      return program.applied(x, numbers, kind.label).prod(axes: axes, keepDims: keepDims)
    }
    func reduce<X: Operands>(_ x: X) -> Tensor {
      MapReduce(map: Map(program: program, scalars: numbers, label: kind.label), kind: kind, axes: axes, keepDims: keepDims)(x)
    }
    return switch x.count {
    case 1: reduce(x[0])
    case 2: reduce(Pair(x[0], x[1]))
    default: reduce(x)
    }
  }
}
