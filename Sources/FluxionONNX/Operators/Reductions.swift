import Tensors

extension OperatorTable {
  private typealias Reduction = @Sendable (_ x: Tensor, _ axes: [Int], _ keepDims: Bool) -> Tensor

  /// Reductions over axes, and along one.
  static let reductions: [Operator] = [
    reduction("ReduceSum", [1, 11, 13], 13, "`x.sum(axes:keepDims:)`") { $0.sum(axes: $1, keepDims: $2).cast(to: $0.dtype) },
    reduction("ReduceMean", [1, 11, 13, 18], 18, "`x.mean(axes:keepDims:)`") { x, axes, keepDims in
      if x.dtype.isFloatingPoint { return x.mean(axes: axes, keepDims: keepDims) }
      let count = axes.reduce(1) { $0 * x.shape[$1] }
      return truncatingDivide(x.sum(axes: axes, keepDims: keepDims).cast(to: x.dtype), max(1, count))
    },
    reduction("ReduceProd", [1, 11, 13, 18], 18, "`x.prod(axes:keepDims:)`") { $0.prod(axes: $1, keepDims: $2).cast(to: $0.dtype) },
    reduction("ReduceMax", [1, 11, 12, 13, 18, 20], 18, "`x.max(axes:keepDims:)`") { extreme($0, $1, $2, isLargest: true) },
    reduction("ReduceMin", [1, 11, 12, 13, 18, 20], 18, "`x.min(axes:keepDims:)`") { extreme($0, $1, $2, isLargest: false) },
    reduction("ReduceL1", [1, 11, 13, 18], 18, "`abs(x).sum(axes:keepDims:)`") { abs($0).sum(axes: $1, keepDims: $2).cast(to: $0.dtype) },
    reduction("ReduceL2", [1, 11, 13, 18], 18, "`sqrt(x.squared.sum(axes:keepDims:))`") { x, axes, keepDims in
      if x.dtype.isFloatingPoint { return sqrt(x.squared.sum(axes: axes, keepDims: keepDims)) }
      return sqrt(x.cast(to: .float64).squared.sum(axes: axes, keepDims: keepDims)).cast(to: x.dtype)
    },
    reduction("ReduceSumSquare", [1, 11, 13, 18], 18, "`x.squared.sum(axes:keepDims:)`") {
      $0.squared.sum(axes: $1, keepDims: $2).cast(to: $0.dtype)
    },
    reduction("ReduceLogSum", [1, 11, 13, 18, 28], 18, "`log(x.sum(axes:keepDims:))`") { x, axes, keepDims in
      log(x.cast(to: x.dtype.isFloatingPoint ? x.dtype : .float64).sum(axes: axes, keepDims: keepDims)).cast(to: x.dtype)
    },
    reduction("ReduceLogSumExp", [1, 11, 13, 18, 28], 18, "`x.logSumExp(axes:keepDims:)`") { x, axes, keepDims in
      let count = axes.reduce(1) { $0 * x.shape[$1] }
      if count == 0 { return log(x.sum(axes: axes, keepDims: keepDims)) }
      return x.cast(to: x.dtype.isFloatingPoint ? x.dtype : .float64).logSumExp(axes: axes, keepDims: keepDims).cast(to: x.dtype)
    },
    position("ArgMax", "`x.argmax(axis:keepDims:)`") { $0.argmax(axis: $1, keepDims: true) },
    position("ArgMin", "`x.argmin(axis:keepDims:)`") { $0.argmin(axis: $1, keepDims: true) },
    scan("CumSum", [11, 14], "`x.cumulativeSum(axis:)`", neutral: 0) { $0.cumulativeSum(axis: $1) },
    scan("CumProd", [26], "`x.cumulativeProduct(axis:)`", neutral: 1) { $0.cumulativeProduct(axis: $1) },
  ]

  /// - Parameter inputVersion: From which version on the axes are an input.
  private static func reduction(
    _ name: String, _ versions: [Int], _ inputVersion: Int, _ text: String, _ f: @escaping Reduction
  ) -> Operator {
    Operator(name, versions, text) { call in
      let x = try call.typed(0)
      let keepDims = try call.attributes.flag("keepdims", true)
      var axes: [Int]?
      if call.version >= inputVersion {
        if call.has(1) { axes = try call.integers(1) }
      } else {
        axes = try call.attributes.ints("axes")
      }
      if axes == nil || axes?.isEmpty == true {
        if try call.attributes.flag("noop_with_empty_axes") {
          // A reduction over no axes is the function of each element alone.
          let alone = x.tensor.unsqueezed(axis: 0)
          return [.tensor(TypedTensor(f(alone, [0], false), x.type))]
        }
        axes = Array(0..<x.rank)
      }
      let known = try call.axes(axes ?? [], rank: x.rank, "axes")
      if known.isEmpty {
        let alone = x.tensor.unsqueezed(axis: 0)
        return [.tensor(TypedTensor(f(alone, [0], false), x.type))]
      }
      return [.tensor(TypedTensor(f(x.tensor, known, keepDims).wrapped(to: x.type), x.type))]
    }
  }

  /// The largest or least element; over nothing −∞ or ∞, or the end of the integers.
  private static func extreme(_ x: Tensor, _ axes: [Int], _ keepDims: Bool, isLargest: Bool) -> Tensor {
    if x.dtype == .bool { return isLargest ? x.any(axes: axes, keepDims: keepDims) : x.all(axes: axes, keepDims: keepDims) }
    if axes.contains(where: { x.shape[$0] == 0 }) {
      let shape = x.sum(axes: axes, keepDims: keepDims).shape
      switch x.dtype {
      case .int32: return .full(shape, isLargest ? Int32.min : Int32.max, .int32)
      case .int64: return .full(shape, isLargest ? Int.min : Int.max, .int64)
      default: return .full(shape, isLargest ? -Double.infinity : Double.infinity, x.dtype)
      }
    }
    return isLargest ? x.max(axes: axes, keepDims: keepDims) : x.min(axes: axes, keepDims: keepDims)
  }

  private static func position(_ name: String, _ text: String, _ f: @escaping @Sendable (Tensor, Int) -> Tensor) -> Operator {
    Operator(name, [1, 11, 12, 13], text) { call in
      let x = try call.tensor(0)
      let axis = try call.axis(try call.attributes.int("axis", 0), rank: x.rank)
      var y = x
      if try call.attributes.flag("select_last_index") {
        y = Double(x.shape[axis] - 1) - f(x.reversed(axes: [axis]), axis).cast(to: .float64)
        y = y.cast(to: .int64)
      } else {
        y = f(x, axis)
      }
      if !(try call.attributes.flag("keepdims", true)) { y = y.squeezed(axes: [axis]) }
      return [.tensor(TypedTensor(y, .int64))]
    }
  }

  private static func scan(
    _ name: String, _ versions: [Int], _ text: String, neutral: Int, _ f: @escaping @Sendable (Tensor, Int) -> Tensor
  ) -> Operator {
    .one(name, versions, text) { call in
      var x = try call.tensor(0)
      let (type, dtype) = (try call.type(0), x.dtype)
      let axis = try call.axis(try call.integer(1), rank: x.rank, "input 1")
      let isReversed = try call.attributes.flag("reverse")
      if isReversed { x = x.reversed(axes: [axis]) }
      if try call.attributes.flag("exclusive"), x.shape[axis] > 0 {
        var amounts = Array(repeating: (before: 0, after: 0), count: x.rank)
        amounts[axis] = (1, -1)
        x = x.padded(amounts, value: neutral)
      }
      let y = f(x, axis).cast(to: dtype).wrapped(to: type)
      return isReversed ? y.reversed(axes: [axis]) : y
    }
  }
}
