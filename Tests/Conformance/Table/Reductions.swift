import Fluxion

extension Table {
  static let reductions = Family("Reductions, norms and statistics") { rows in
    sums(&rows)
    extremes(&rows)
    statistics(&rows)
  }

  /// The axes `dim` of a reduction: none stand for all.
  private static func axes(_ a: Arguments, of x: Tensor) throws -> [Int] { try a.axes(at: 1, of: x) }
  /// Whether axes stay, with size 1; a scalar has none.
  private static func keepDims(_ a: Arguments) throws -> Bool { try a.bool("keepdim", at: 2) }

  private static func sums(_ rows: inout Rows) {
    rows.add("sum", "x.sum(axes: axes, keepDims: keep)") { a in
      let x = try a.widened()
      return try a.narrowed(x.sum(axes: axes(a, of: x), keepDims: keepDims(a)))
    }
    rows.add("prod", "x.prod(axis: axis, keepDims: keep)") { a in
      let x = try a.widened()
      return try a.narrowed(x.prod(axes: axes(a, of: x), keepDims: keepDims(a)))
    }
    rows.add("mean", "x.mean(axes: axes, keepDims: keep)") { a in
      let x = try a.widened()
      return try x.mean(axes: axes(a, of: x), keepDims: keepDims(a))
    }
    rows.add("nansum", "select(x.isNaN, 0, x).sum(axes: axes, keepDims: keep)") { a in
      let x = try a.widened()
      return try a.narrowed((x.dtype == .bool ? x : select(x.isNaN, 0, x)).sum(axes: axes(a, of: x), keepDims: keepDims(a)))
    }
    rows.add("nanmean", "x.mean(axes: axes, keepDims: keep, ignoringNaN: true)") { a in
      let x = try a.widened()
      return try x.mean(axes: axes(a, of: x), keepDims: keepDims(a), ignoringNaN: true)
    }
    rows.add("logsumexp", "x.logSumExp(axes: axes, keepDims: keep)") { a in
      let x = try a.floating()
      return try x.logSumExp(axes: axes(a, of: x), keepDims: keepDims(a))
    }
    rows.add("count_nonzero", "(x .!= 0).sum(axes: axes)") { a in
      let x = try a.x
      return try (x .!= 0).sum(axes: axes(a, of: x))
    }
    // An empty list of axes, which stands for all elsewhere, stands for none here.
    rows.add("all", "x.all(axes: axes, keepDims: keep)") { a in
      let x = try a.x
      if try a.optionalInts("dim", at: 1) == [] { return x.cast(to: .bool) }
      return try x.all(axes: axes(a, of: x), keepDims: keepDims(a))
    }
    rows.add("any", "x.any(axes: axes, keepDims: keep)") { a in
      let x = try a.x
      if try a.optionalInts("dim", at: 1) == [] { return x.cast(to: .bool) }
      return try x.any(axes: axes(a, of: x), keepDims: keepDims(a))
    }
  }

  private static func extremes(_ rows: inout Rows) {
    rows.add("amax", "x.max(axes: axes, keepDims: keep)") { a in
      let x = try a.x
      return try x.max(axes: axes(a, of: x), keepDims: keepDims(a))
    }
    rows.add("amin", "x.min(axes: axes, keepDims: keep)") { a in
      let x = try a.x
      return try x.min(axes: axes(a, of: x), keepDims: keepDims(a))
    }
    rows.add("aminmax", "(x.min(axis: axis, keepDims: keep), x.max(axis: axis, keepDims: keep))") { a in
      let x = try a.x
      let (axes, keepDims) = (try a.axes(of: x), try a.bool("keepdim"))
      return [x.min(axes: axes, keepDims: keepDims), x.max(axes: axes, keepDims: keepDims)]
    }
    rows.add("max.reduction_no_dim", "x.max()") { try $0.x.max() }
    rows.add("min.reduction_no_dim", "x.min()") { try $0.x.min() }
    rows.add("max.reduction_with_dim", "x.gather(x.argmax(axis: axis, keepDims: true), axis: axis)", note: note) { a in
      try a.overAxis(a.x, keepDims: keepDims(a)) { x, axis, keepDims in
        let positions = x.argmax(axis: axis, keepDims: true)
        return [x.gather(positions, axis: axis), positions].map { keepDims ? $0 : $0.squeezed(axes: axis) }
      }
    }
    rows.add("min.reduction_with_dim", "x.gather(x.argmin(axis: axis, keepDims: true), axis: axis)", note: note) { a in
      try a.overAxis(a.x, keepDims: keepDims(a)) { x, axis, keepDims in
        let positions = x.argmin(axis: axis, keepDims: true)
        return [x.gather(positions, axis: axis), positions].map { keepDims ? $0 : $0.squeezed(axes: axis) }
      }
    }
    rows.add("argmax", "x.argmax(axis: axis, keepDims: keep)") { try position($0) { $0.argmax(axis: $1, keepDims: $2) } }
    rows.add("argmin", "x.argmin(axis: axis, keepDims: keep)") { try position($0) { $0.argmin(axis: $1, keepDims: $2) } }
  }

  private static let note = "`max` and `min` share the gradient among equals; the gathered element has it alone"

  /// A position along an axis, or of all elements in row-major order.
  private static func position(_ a: Arguments, _ body: (Tensor, Int, Bool) -> Tensor) throws -> Tensor {
    let x = try a.x
    let keepDims = try keepDims(a)
    if let axis = try a.optionalInt("dim", at: 1) { return a.lifted(x) { body($0, axis, keepDims && x.rank > 0) } }
    let position = body(x.reshaped([-1]), 0, false)
    return keepDims ? position.reshaped(Shape(repeating: 1, rank: x.rank)) : position
  }

  private static func statistics(_ rows: inout Rows) {
    rows.add("var", "x.variance(axes: axes, keepDims: keep, correction: correction)") { a in
      let (x, s) = try spread(a)
      return x.variance(axes: s.axes, keepDims: s.keepDims, correction: s.correction)
    }
    rows.add("std", "x.standardDeviation(axes: axes, keepDims: keep, correction: correction)") { a in
      let (x, s) = try spread(a)
      return x.standardDeviation(axes: s.axes, keepDims: s.keepDims, correction: s.correction)
    }
    rows.add("var_mean", "(x.variance(axes: axes), x.mean(axes: axes))") { a in
      let (x, s) = try spread(a)
      return [
        x.variance(axes: s.axes, keepDims: s.keepDims, correction: s.correction), x.mean(axes: s.axes, keepDims: s.keepDims),
      ]
    }
    rows.add("std_mean", "(x.standardDeviation(axes: axes), x.mean(axes: axes))") { a in
      let (x, s) = try spread(a)
      return [
        x.standardDeviation(axes: s.axes, keepDims: s.keepDims, correction: s.correction), x.mean(axes: s.axes, keepDims: s.keepDims),
      ]
    }
    rows.add("median", "x.median(axis: axis, keepDims: keep), x.argmedian(axis: axis, keepDims: keep)") { a in
      let x = try a.x
      if !a.has("dim", at: 1) { return [x.median()] }
      return try a.overAxis(x, keepDims: keepDims(a)) {
        [$0.median(axis: $1, keepDims: $2), $0.argmedian(axis: $1, keepDims: $2)]
      }
    }
    rows.change {
      $0.compared = { a, y in y.count == 1 ? y : try a.compared(y, position: 1) }
      $0.open = Arguments.openOrder
    }
    rows.add("quantile", "x.quantile(q, axis: axis, keepDims: keep, interpolation: .linear)") { a in
      let x = try a.x
      let (axis, keepDims) = (try a.optionalInt("dim", at: 2), try a.bool("keepdim", at: 3))
      let interpolation = try interpolation(a.string("interpolation", default: "linear"))
      if case .tensor = a.value("q", at: 1) {
        return try x.quantile(
          a.tensor("q", at: 1), axis: x.rank == 0 ? nil : axis, keepDims: keepDims, interpolation: interpolation)
      }
      return try x.quantile(a.double("q", at: 1), axis: x.rank == 0 ? nil : axis, keepDims: keepDims, interpolation: interpolation)
    }
    rows.add("histc", "x.histogram(bins: bins, in: low...high)", note: "counts are int64") { a in
      let x = try a.x
      let (low, high) = (try a.double("min", at: 2, default: 0), try a.double("max", at: 3, default: 0))
      return try x.histogram(bins: a.int("bins", at: 1, default: 100), in: low == high ? nil : low...high).cast(to: x.dtype)
    }
    rows.add("bincount", "x.bincount(weights: weights, minimumLength: n)") { a in
      let weights = try a.optionalTensor("weights", at: 1)
      // Weights of integers are summed up as float64.
      return try a.x.bincount(
        weights: weights.map { $0.dtype == .float32 ? $0 : $0.cast(to: .float64) }, minimumLength: a.int("minlength", at: 2, default: 0))
    }
  }

  private static func interpolation(_ name: String) throws -> QuantileInterpolation {
    switch name {
    case "linear": .linear
    case "lower": .lower
    case "higher": .higher
    case "midpoint": .midpoint
    case "nearest": .nearest
    default: throw CaseError("no interpolation named \(name)")
    }
  }

  /// The operand and the attributes of a variance: `unbiased` is an older way to say `correction`.
  private static func spread(_ a: Arguments) throws -> (Tensor, (axes: [Int], keepDims: Bool, correction: Double)) {
    let x = try a.x
    var correction = try a.double("correction", default: 1)
    // The second argument may be `unbiased` in place of the axes.
    if case .bool(let flag) = a.value("dim", at: 1) { return (x, ([], false, flag ? 1 : 0)) }
    if case .bool(let flag) = a.value("unbiased", at: 2) { correction = flag ? 1 : 0 }
    return (x, (try axes(a, of: x), try a.bool("keepdim", at: 3), correction))
  }
}
