import Fluxion

extension Table {
  static let masked = Family("Masked operators") { rows in
    sums(&rows)
    places(&rows)
    vectors(&rows)
  }

  private static func sums(_ rows: inout Rows) {
    rows.add("masked.sum", "select(mask, x, 0).sum(axes: axes, keepDims: keep)") { a in
      try masked(a, 0).sum(axes: axes(a), keepDims: keepDims(a))
    }
    rows.add("masked.prod", "select(mask, x, 1).prod(axes: axes, keepDims: keep)") { a in
      try masked(a, 1).prod(axes: axes(a), keepDims: keepDims(a))
    }
    rows.add("masked.amax", "select(mask, x, -Double.infinity).max(axes: axes, keepDims: keep)") { a in
      try masked(a, least(a.x.dtype)).max(axes: axes(a), keepDims: keepDims(a))
    }
    rows.add("masked.amin", "select(mask, x, Double.infinity).min(axes: axes, keepDims: keep)") { a in
      try masked(a, greatest(a.x.dtype)).min(axes: axes(a), keepDims: keepDims(a))
    }
    rows.add("masked.mean", "select(mask, x, 0).sum(axes: axes) / mask.sum(axes: axes).cast(to: x.dtype)") { a in
      let sum = try masked(a, 0).sum(axes: axes(a), keepDims: keepDims(a))
      return try sum / mask(a).sum(axes: axes(a), keepDims: keepDims(a)).cast(to: sum.dtype)
    }
    rows.add("masked.logsumexp", "select(mask, x, -Double.infinity).logSumExp(axes: axes, keepDims: keep)") { a in
      let x = try masked(a, least(a.x.dtype))
      return try (x.dtype.isDifferentiable ? x : x.cast(to: .float32)).logSumExp(axes: axes(a), keepDims: keepDims(a)).cast(to: x.dtype)
    }
    rows.add("masked.norm", "select(mask, x, 0).norm(order, axes: axes, keepDims: keep)", note: "of the order −∞ ∞ in place of 0") { a in
      let order = try a.double("ord", at: 1, default: 2)
      return try masked(a, order == -.infinity ? .infinity : 0).norm(order, axes: axes(a, at: 2), keepDims: keepDims(a))
    }
    for isRoot in [false, true] {
      rows.add(
        isRoot ? "masked.std" : "masked.var",
        isRoot ? "sqrt(sum / count)" : "select(mask, x - mean, 0).squared.sum(axes: axes) / (mask.sum(axes: axes) - 1)"
      ) { a in
        let variance = try variance(a)
        return isRoot ? sqrt(variance) : variance
      }
    }
  }

  /// Σ (x − mean)² / max(count − correction, 0) of what the mask leaves.
  private static func variance(_ a: Arguments) throws -> Tensor {
    let dtype = try a.x.dtype.isDifferentiable ? a.x.dtype : .float32
    let (mask, axes) = try (mask(a), axes(a))
    var correction = try a.double("correction", default: 1)
    if case .bool(let isUnbiased) = a.value("unbiased") { correction = isUnbiased ? 1 : 0 }
    let count = mask.sum(axes: axes, keepDims: true)
    let mean = try masked(a, 0).cast(to: dtype).sum(axes: axes, keepDims: true) / count.cast(to: dtype)
    let centered = try select(mask, a.x.cast(to: dtype) - mean, 0)
    let sum = try (dtype.isComplex ? abs(centered) : centered).squared.sum(axes: axes, keepDims: keepDims(a))
    return (sum / maximum(count.cast(to: dtype.real) - correction, 0).reshaped(sum.shape)).cast(to: dtype)
  }

  private static func places(_ rows: inout Rows) {
    rows.add("masked.argmax", "select(mask, x, -Double.infinity).argmax(axis: axis)", note: "positions are int64, not x's dtype") { a in
      try position(a, masked(a, least(a.x.dtype))) { $0.argmax(axis: $1, keepDims: $2) }
    }
    rows.add("masked.argmin", "select(mask, x, Double.infinity).argmin(axis: axis)", note: "positions are int64, not x's dtype") { a in
      try position(a, masked(a, greatest(a.x.dtype))) { $0.argmin(axis: $1, keepDims: $2) }
    }
    rows.add("masked.median", "select(mask, x, Double.nan).median(axis: axis, keepDims: keep, ignoringNaN: true)") { a in
      let axis = try a.int("dim", at: 1)
      return try a.lifted(masked(a, .nan)) { try $0.median(axis: axis, keepDims: keepDims(a), ignoringNaN: a.has("mask")) }
    }
  }

  private static func position(_ a: Arguments, _ x: Tensor, _ body: (Tensor, Int, Bool) -> Tensor) throws -> Tensor {
    let keepDims = try keepDims(a)
    if let axis = try a.optionalInt("dim", at: 1) { return a.lifted(x) { body($0, axis, keepDims && x.rank > 0) }.cast(to: x.dtype) }
    let position = body(x.reshaped([-1]), 0, false).cast(to: x.dtype)
    return keepDims ? position.reshaped(Shape(repeating: 1, rank: x.rank)) : position
  }

  private static func vectors(_ rows: inout Rows) {
    rows.add("masked.cumsum", "select(mask, x, 0).cumulativeSum(axis: axis)") { a in
      try a.alongAxis(masked(a, 0)) { $0.cumulativeSum(axis: $1) }.cast(to: a.x.dtype)
    }
    rows.add("masked.cumprod", "select(mask, x, 1).cumulativeProduct(axis: axis)") { a in
      try a.alongAxis(masked(a, 1)) { $0.cumulativeProduct(axis: $1) }.cast(to: a.x.dtype)
    }
    rows.add("masked.softmax", "select(mask, x, -Double.infinity).softmax(axis: axis)") { a in
      try a.alongAxis(masked(a, -.infinity)) { $0.softmax(axis: $1) }
    }
    rows.add("masked.log_softmax", "select(mask, x, -Double.infinity).logSoftmax(axis: axis)") { a in
      try a.alongAxis(masked(a, -.infinity)) { $0.logSoftmax(axis: $1) }
    }
    rows.add("masked.softmin", "select(mask, -x, -Double.infinity).softmax(axis: axis)") { a in
      try a.alongAxis(-masked(a, .infinity)) { $0.softmax(axis: $1) }
    }
    rows.add("masked.normalize", "select(mask, x, 0).normalized(order: p, axis: axis, epsilon: epsilon)") { a in
      try a.lifted(masked(a, 0)) {
        try $0.normalized(order: a.double("ord", at: 1), axis: a.int("dim", at: 2), epsilon: a.double("eps", default: 1e-12))
      }
    }
    rows.add("masked.logaddexp", "logAddExp(select(mask, x, -Double.infinity), select(mask, y, -Double.infinity))") { a in
      func operand(_ position: Int, _ mask: String) throws -> Tensor {
        let x = try a.tensor(position)
        return try a.optionalTensor(mask).map { select($0, x, -Double.infinity) } ?? x
      }
      return try logAddExp(operand(0, "input_mask"), operand(1, "other_mask"))
    }
  }

  // MARK: - Arguments

  private static func axes(_ a: Arguments, at position: Int = 1) throws -> [Int] { try a.axes(at: position, of: a.x) }
  private static func keepDims(_ a: Arguments) throws -> Bool { try a.bool("keepdim") }

  /// The mask, all true if there is none, of the operand's shape.
  private static func mask(_ a: Arguments) throws -> Tensor {
    try a.optionalTensor("mask")?.expanded(a.x.shape) ?? Tensor.full(a.x.shape, true, .bool)
  }

  /// The operand with a number where the mask is false.
  private static func masked(_ a: Arguments, _ number: Double) throws -> Tensor {
    let x = try a.x
    guard a.has("mask") else { return x }
    let other: Tensor =
      switch number {
      case _ where x.dtype == .bool: .full([], number != 0, .bool)
      case -0x1p63 where x.dtype == .int64: .full([], Int.min, .int64)
      case 0x1p63 where x.dtype == .int64: .full([], Int.max, .int64)
      default: .full([], number, x.dtype)
      }
    return try select(mask(a), x, other)
  }

  /// The ends of a dtype's numbers, which stand for those of float64.
  private static func least(_ dtype: DType) -> Double { dtype == .int32 ? Double(Int32.min) : dtype == .int64 ? -0x1p63 : -.infinity }
  private static func greatest(_ dtype: DType) -> Double { dtype == .int32 ? Double(Int32.max) : dtype == .int64 ? 0x1p63 : .infinity }
}
