import Fluxion

extension Table {
  /// What is a spelling of something else.
  static let otherNames = Family("Other names") { rows in
    creations(&rows)
    shapes(&rows)
    elements(&rows)
    joins(&rows)
    reductions(&rows)
    places(&rows)
    networks(&rows)
  }

  private static func creations(_ rows: inout Rows) {
    for (name, value) in [("zeros", 0), ("ones", 1)] {
      rows.add("\(name)_like", "Tensor.\(name)(like: x)") { a in .full(try a.x.shape, Double(value), try a.dtype() ?? a.x.dtype) }
      rows.add("new_\(name)", "Tensor.\(name)(shape, x.dtype)") { a in
        .full(Shape(try a.ints("size", at: 1)), Double(value), try a.dtype() ?? a.x.dtype)
      }
    }
    rows.add("full_like", "Tensor.full(x.shape, value, x.dtype)") { a in
      let dtype = try a.dtype() ?? a.x.dtype
      return try a.number("fill_value", at: 1, dtype).expanded(a.x.shape)
    }
    rows.add("new_full", "Tensor.full(shape, value, x.dtype)") { a in
      let dtype = try a.dtype() ?? a.x.dtype
      return try a.number("fill_value", at: 2, dtype).expanded(Shape(a.ints("size", at: 1)))
    }
    rows.add("zero_", "Tensor.zeros(like: x)") { a in .zeros(like: try a.x) }
    rows.add("fill", "Tensor.full(x.shape, value, x.dtype)", note: "in place `x.fill(with: value)`") { a in
      try a.number("value", at: 1, a.x.dtype).expanded(a.x.shape)
    }
    rows.add("scalar_tensor", "Tensor(value)") { a in try a.number("s", at: 0, a.dtype() ?? .float32) }
    rows.add("linspace.tensor_overload", "Tensor.linspace(from: start.item(), to: end.item(), count: count, dtype)") { a in
      try Table.byName["linspace"]!.call(a)[0]
    }
    rows.add("logspace.tensor_overload", "pow(base, Tensor.linspace(from: start.item(), to: end.item(), count: count, dtype))") { a in
      try Table.byName["logspace"]!.call(a)[0]
    }
  }

  private static func shapes(_ rows: inout Rows) {
    rows.add("mT", "x.transposed()") { a in try a.x.rank < 2 ? a.x : a.x.transposed() }
    for name in ["H", "mH"] { rows.add(name, "x.adjoint()") { a in try a.x.rank < 2 ? a.x.conjugate() : a.x.adjoint() } }
    for name in ["T", "t"] {
      rows.add(name, "x.transposed()", note: "of all axes `x.permuted(axes)`") { a in
        let x = try a.x
        return x.permuted((0..<x.rank).reversed())
      }
    }
    rows.add("linalg.diagonal", "x.diagonal(offset: k)") { a in
      try a.x.diagonal(offset: a.int("offset", default: 0), axes: (a.int("dim1", default: -2), a.int("dim2", default: -1)))
    }
    rows.add("diagflat", "x.flattened().diagonalMatrix(offset: k)") { a in
      try a.x.flattened().diagonalMatrix(offset: a.int("offset", at: 1, default: 0))
    }
    rows.add("ravel", "x.flattened()") { a in try a.x.flattened() }
    for name in ["reshape_as", "view_as"] { rows.add(name, "x.reshaped(y.shape)") { a in try a.x.reshaped(a.tensor(1).shape) } }
    rows.add("expand_as", "x.expanded(y.shape)") { a in try a.x.expanded(a.tensor(1).shape) }
    rows.add("squeeze.multiple", "x.squeezed(axes: axes)") { a in
      let x = try a.x
      let fitting = try x.rank == 0 ? [] : a.ints("dim", at: 1).filter { x.shape[$0] == 1 }
      return fitting.isEmpty ? x : x.squeezed(axes: fitting)
    }
    rows.add("broadcast_tensors", "x.expanded(shape)") { (a: Arguments) -> [Tensor] in
      let tensors = try a.tensors(from: 0)
      let shape = tensors.reduce(Tensor.zeros([])) { $0 + Tensor.zeros($1.shape) }.shape
      return tensors.map { $0.expanded(shape) }
    }
    for rank in 1...3 {
      rows.add("atleast_\(rank)d", "x.unsqueezed(axis: 0)", note: "of what has too few axes") { a in
        let x = try a.x
        if x.rank >= rank { return x }
        switch (rank, x.rank) {
        case (3, 2): return x.unsqueezed(axis: 2)
        case (3, 1): return x.reshaped([1, x.elementCount, 1])
        case (2, 1): return x.unsqueezed(axis: 0)
        default: return x.reshaped(Shape(repeating: 1, rank: rank))
        }
      }
    }
    rows.add("nn.functional.channel_shuffle", "x.unflattened(axis: 1, into: [groups, -1]).transposed(1, 2).flattened(from: 1, to: 2)") {
      a in
      try a.x.unflattened(axis: 1, into: [a.int("groups", at: 1), -1]).transposed(1, 2).flattened(from: 1, to: 2)
    }
    rows.add(
      "nn.functional.pad.replicate_negative", "x.take(places.clamped(min: 0, max: n - 1), axis: axis)",
      note: "`places` is `Tensor.arange(from: -before, to: n + after)`"
    ) { a in
      let list = try a.ints("pad", at: 1)
      let amounts = stride(from: 0, to: list.count - 1, by: 2).map { (list[$0], list[$0 + 1]) }.reversed()
      var x = try a.x
      for (i, (before, after)) in amounts.enumerated() {
        let axis = x.rank - amounts.count + i
        let places = Tensor.arange(from: -before, to: x.shape[axis] + after).clamped(min: 0, max: x.shape[axis] - 1)
        x = x.take(places, axis: axis)
      }
      return x
    }
  }

  private static func elements(_ rows: inout Rows) {
    // Of real numbers.
    rows.add("true_divide", "x / y") { a in
      let (x, y) = try a.floatingPair()
      return x / y
    }
    rows.add("floor_divide", "floorDivide(x, y)") { a in
      let (x, y) = try a.promoted()
      return floorDivide(x, y)
    }
    rows.add("float_power", "pow(x.cast(to: .float64), y.cast(to: .float64))") { a in
      let (x, y) = try a.promoted()
      let dtype: DType = x.isComplex ? .complex128 : .float64
      return pow(x.cast(to: dtype), y.cast(to: dtype))
    }
    rows.add("max.binary", "maximum(x, y)") { a in
      let (x, y) = try a.promoted()
      return maximum(x, y)
    }
    rows.add("min.binary", "minimum(x, y)") { a in
      let (x, y) = try a.promoted()
      return minimum(x, y)
    }
    rows.add("equal", "x.shape == y.shape && (x .== y).all().item(as: Bool.self)") { a in
      let (x, y) = try (a.x, a.tensor(1))
      return .full([], x.shape == y.shape && (x.elementCount == 0 || (x .== y).all().item(as: Bool.self)), .bool)
    }
    rows.add("allclose", "x.isClose(to: y, relative: r, absolute: a, equalNaN: flag)") { a in
      let (x, y) = try a.promoted()
      return .full(
        [],
        try x.isClose(
          to: y, relative: a.double("rtol", default: 1e-5), absolute: a.double("atol", default: 1e-8), equalNaN: a.bool("equal_nan")),
        .bool)
    }
    for name in ["round.decimals_0", "round.decimals_3", "round.decimals_neg_3"] {
      rows.add(name, "round(x, decimals: n)") { a in try round(a.x, decimals: a.int("decimals", default: 0)) }
    }
    for (name, other) in [("softmax.with_dtype", "softmax"), ("log_softmax.with_dtype", "log_softmax")] {
      rows.add(name, name.hasPrefix("log") ? "x.cast(to: dtype).logSoftmax(axis: axis)" : "x.cast(to: dtype).softmax(axis: axis)") { a in
        try Table.byName[other]!.call(a)[0]
      }
    }
    rows.add("nn.functional.softmin.with_dtype", "(-x.cast(to: dtype)).softmax(axis: axis)") { a in
      let axis = try a.int("dim", at: 1)
      return try a.lifted(-a.widened()) { $0.softmax(axis: axis) }
    }
  }

  private static func joins(_ rows: inout Rows) {
    rows.add("column_stack", "concatenate(tensors, axis: 1)", note: "of vectors `stack(tensors, axis: 1)`") { a in
      concatenate(try a.joined(at: 0).map { $0.rank < 2 ? $0.reshaped([$0.elementCount, 1]) : $0 }, axis: 1)
    }
    for (name, axis) in [("vsplit", 0), ("hsplit", 1), ("dsplit", 2)] {
      rows.add(name, "x.split(parts: n, axis: \(axis))", note: "at positions `x.split(at: positions, axis: \(axis))`") {
        (a: Arguments) -> [Tensor] in
        let x = try a.x
        let axis = min(axis, x.rank - 1)
        if case .int(let parts) = a.value("indices_or_sections", at: 1) { return x.split(parts: parts, axis: axis) }
        return x.split(at: try a.ints("indices_or_sections", at: 1), axis: axis)
      }
    }
    rows.add("meshgrid.list_of_tensors", "meshgrid(vectors)", note: "`indexing: \"xy\"` is `meshgrid([y, x])`") {
      (a: Arguments) -> [Tensor] in
      guard case .list(let list) = a.value("tensors", at: 0) else { throw CaseError("no tensors") }
      return try Table.byName["meshgrid.variadic_tensors"]!.call(Arguments(positional: list, keywords: a.keywords, tensors: a.tensors))
    }
    rows.add(
      "combinations", "stack(places.map { x.take($0[mask]) }, axis: 1)",
      note: "`places` is `meshgrid` of r times `Tensor.arange(n)`, `mask` where they ascend: `places[0] .< places[1]`"
    ) { a in
      let x = try a.x
      let (r, repeats) = (try a.int("r", at: 1, default: 2), try a.bool("with_replacement", at: 2))
      if r == 0 { return .zeros([0], x.dtype) }
      let places = meshgrid(Array(repeating: Tensor.arange(x.elementCount), count: r))
      let mask = zip(places, places.dropFirst()).reduce(Tensor.ones(places[0].shape, .bool)) {
        $0 .& (repeats ? $1.0 .<= $1.1 : $1.0 .< $1.1)
      }
      return stack(places.map { x.take($0[mask]) }, axis: 1)
    }
  }

  private static func reductions(_ rows: inout Rows) {
    let spreads = [
      ("var", "x.variance(correction: 1)"), ("std", "x.standardDeviation(correction: 1)"), ("var_mean", "(x.variance(), x.mean())"),
      ("std_mean", "(x.standardDeviation(), x.mean())"),
    ]
    for (name, call) in spreads {
      rows.add("\(name).unbiased", call, note: "the correction is 1 or 0") { (a: Arguments) -> [Tensor] in
        let isUnbiased = try a.bool("unbiased", at: 1, default: true)
        return try Table.byName[name]!.call(
          Arguments(positional: [a.positional[0]], keywords: ["correction": .int(isUnbiased ? 1 : 0)], tensors: a.tensors))
      }
    }
    for name in ["norm.fro", "norm.inf", "norm.nuc"] {
      rows.add(name, "x.norm(order, axes: axes)", note: "`nuc`: `x.matrixNorm(.nuclear)`") { a in try Table.byName["norm"]!.call(a)[0] }
      rows.change { $0.isLoose = name == "norm.nuc" }
    }
    rows.add("linalg.norm.subgradients_at_zero", "x.norm(order, axes: axes)", note: "0 where the norm is") { a in
      try Table.byName["linalg.norm"]!.call(a)[0]
    }
    rows.change { $0.isLoose = true }
    rows.add("dist", "(x - y).norm(order)") { a in
      let (x, y) = try a.promoted()
      return try (x - y).norm(a.double("p", at: 2, default: 2))
    }
    rows.add("renorm", "select(norms .> limit, x * (limit / norms), x)", note: "`norms` is `x.norm(p, axes: others, keepDims: true)`") {
      a in
      let x = try a.x
      let (p, axis, limit) = (try a.double("p", at: 1), try a.int("dim", at: 2), try a.double("maxnorm", at: 3))
      let norms = x.norm(p, axes: (0..<x.rank).filter { $0 != (axis < 0 ? axis + x.rank : axis) }, keepDims: true)
      return select(norms .> limit, x * (limit / (norms + 1e-7)).cast(to: x.dtype), x)
    }
    rows.add("sum_to_size", "x.sum(axes: axes, keepDims: true).reshaped(shape)") { a in
      let x = try a.x
      // The sizes are a list, or arguments one by one.
      var size: [Int] = []
      if case .list = a.value("size", at: 1) {
        size = try a.ints("size", at: 1)
      } else {
        size = try a.positional.indices.dropFirst().map { try a.int("size", at: $0) }
      }
      if size.isEmpty { return x.sum() }
      let lead = x.rank - size.count
      let axes = (0..<x.rank).filter { $0 < lead || size[$0 - lead] != x.shape[$0] }
      return axes.isEmpty ? x : x.sum(axes: axes, keepDims: true).reshaped(Shape(size))
    }
    rows.add("mode", "let (values, positions) = x.mode(axis: axis, keepDims: keep)") { (a: Arguments) -> [Tensor] in
      let x = try a.x
      let (axis, keepDims) = (try a.int("dim", at: 1, default: -1), try a.bool("keepdim", at: 2))
      return a.lifted(x) {
        let (values, positions) = $0.mode(axis: axis, keepDims: keepDims && x.rank > 0)
        return [values, positions]
      }
    }
    rows.change {
      $0.compared = { try $0.compared($1, position: 1) }
      $0.open = Arguments.openOrder
    }
    rows.add("nanmedian", "x.median(axis: axis, keepDims: keep, ignoringNaN: true), x.argmedian(axis: axis, …)") {
      (a: Arguments) -> [Tensor] in
      let x = try a.x
      if !a.has("dim", at: 1) { return [x.median(ignoringNaN: true)] }
      let (axis, keepDims) = (try a.int("dim", at: 1), try a.bool("keepdim", at: 2))
      return a.lifted(x) {
        let keepDims = keepDims && x.rank > 0
        return [
          $0.median(axis: axis, keepDims: keepDims, ignoringNaN: true), $0.argmedian(axis: axis, keepDims: keepDims, ignoringNaN: true),
        ]
      }
    }
    rows.change {
      $0.compared = { a, y in y.count == 1 ? y : try a.compared(y, position: 1) }
      $0.open = Arguments.openOrder
    }
    rows.add("nanquantile", "x.quantile(q, axis: axis, keepDims: keep, interpolation: .linear, ignoringNaN: true)") { a in
      let x = try a.x
      let (axis, keepDims) = (x.rank == 0 ? nil : try a.optionalInt("dim", at: 2), try a.bool("keepdim", at: 3))
      let names: [String: QuantileInterpolation] = [
        "linear": .linear, "lower": .lower, "higher": .higher, "midpoint": .midpoint, "nearest": .nearest,
      ]
      let method = names[try a.string("interpolation", default: "linear")] ?? .linear
      let q = try a.number("q", at: 1, x.dtype)
      return x.quantile(q, axis: axis, keepDims: keepDims, interpolation: method, ignoringNaN: true)
    }
    rows.add("trapz", "y.trapezoid(spacing: dx, axis: axis), y.trapezoid(at: x, axis: axis)") { a in
      try Table.byName["trapezoid"]!.call(a)[0]
    }
    rows.add("cumulative_trapezoid", "y.cumulativeTrapezoid(spacing: dx, axis: axis), y.cumulativeTrapezoid(at: x, axis: axis)") { a in
      let axis = try a.int("dim", default: -1)
      guard case .tensor = a.value("x", at: 1) else {
        return try a.floating().cumulativeTrapezoid(spacing: a.double("dx", default: 1), axis: axis)
      }
      let (y, x) = try a.floatingPair()
      return y.cumulativeTrapezoid(at: x, axis: axis)
    }
    rows.add("gradient", "x.centralDifferences(spacing: h, axis: axis, edgeOrder: 1), x.centralDifferences(at: points, axis: axis)") {
      (a: Arguments) -> [Tensor] in
      let x = try a.floating()
      let axes = try a.optionalInts("dim") ?? Array(0..<x.rank)
      let order = try a.int("edge_order", default: 1)
      return try axes.enumerated().map { i, axis in
        switch a.value("spacing") {
        case .none: return x.centralDifferences(axis: axis, edgeOrder: order)
        case .list(let list):
          if case .tensor(let name, _) = list[i], let points = a.tensors[name], points.rank == 1 {
            return x.centralDifferences(at: points.cast(to: x.dtype), axis: axis, edgeOrder: order)
          }
          return x.centralDifferences(spacing: try a.doubles("spacing", count: axes.count)[i], axis: axis, edgeOrder: order)
        default: return x.centralDifferences(spacing: try a.double("spacing"), axis: axis, edgeOrder: order)
        }
      }
    }
    rows.add("cov", "x.covariance(frequencies: counts, weights: weights, correction: 1)") { a in
      try a.floating().covariance(
        frequencies: a.optionalTensor("fweights"), weights: a.optionalTensor("aweights")?.cast(to: a.floating().dtype.real),
        correction: a.double("correction", default: 1))
    }
    rows.change { $0.differs = ("PyTorch adds up weights of float32 in float32", 1e-6) }
    rows.add("corrcoef", "x.correlation()") { a in try a.floating().correlation() }
    rows.add("histogram", "x.histogram(edges: edges, weights: weights, isDensity: flag)") { (a: Arguments) -> [Tensor] in
      let x = try a.x
      let edges: Tensor
      if case .tensor = a.value("bins", at: 1) {
        edges = try a.tensor("bins", at: 1)
      } else {
        var (low, high) = (x.elementCount > 0 ? x.min().item() : 0, x.elementCount > 0 ? x.max().item() : 0)
        if a.has("range") { (low, high) = try (a.doubles("range", count: 2)[0], a.doubles("range", count: 2)[1]) }
        if low == high { (low, high) = (low - 0.5, high + 0.5) }
        edges = .linspace(from: low, to: high, count: try a.int("bins", at: 1) + 1, x.dtype)
      }
      return [try x.histogram(edges: edges, weights: a.optionalTensor("weight"), isDensity: a.bool("density")), edges]
    }
  }

  private static func places(_ rows: inout Rows) {
    rows.add("slice", "x[axis: axis, start..<end]") { a in
      let x = try a.x
      let axis = try a.int("dim", at: 1, default: 0)
      let n = x.shape[axis]
      func bound(_ i: Int?) -> Int? { i.map { min(max($0 < 0 ? $0 + n : $0, 0), n) } }
      return x[
        axis: axis,
        TensorIndexKind.stride(
          from: bound(try a.optionalInt("start", at: 2)), to: bound(try a.optionalInt("end", at: 3)),
          by: try a.int("step", at: 4, default: 1))]
    }
    rows.add("put", "y[indices] = values", note: "of `x.flattened()`; with `accumulate` `x.flattened().adding(values, at: indices)`") { a in
      let x = try a.x
      let dtype = x.dtype == .bool ? DType.int32 : x.dtype
      let (flat, places) = (x.flattened(), try a.tensor("index", at: 1).flattened())
      let values = try a.tensor("source", at: 2).flattened()
      if places.elementCount == 0 { return x }
      if try a.bool("accumulate", at: 3) {
        return flat.cast(to: dtype).adding(values.cast(to: dtype), at: [places]).cast(to: x.dtype).reshaped(x.shape)
      }
      var y = flat
      y[at: [places]] = values
      return y.reshaped(x.shape)
    }
    rows.add("as_strided_scatter", "y[places] = values", note: "of flattened tensors; `places` is `Tensor.arange(n).strided(shape, …)`") {
      a in
      let x = try a.x
      var y = x.flattened()
      let places = Tensor.arange(x.elementCount).strided(
        Shape(try a.ints("size", at: 2)), strides: try a.ints("stride", at: 3), offset: try a.int("storage_offset", at: 4, default: 0))
      y[places.flattened()] = try a.tensor("src", at: 1).flattened()
      return y.reshaped(x.shape)
    }
    rows.change { $0.differs = ("PyTorch's gradient is there where x is written over, and nowhere else", 1e3) }
    let reductions: [(String, String, ScatterReduction)] = [
      ("amax", "maximum", .maximum), ("amin", "minimum", .minimum), ("mean", "mean", .mean), ("prod", "product", .product),
    ]
    for (name, spelling, reduction) in reductions {
      rows.add(
        "index_reduce.\(name)", "x.scatter(values, at: indices.expanded(values.shape), axis: axis, combining: .\(spelling))",
        note: "the indices as a column along the axis"
      ) { a in
        let (x, axis, indices) = (try a.x, try a.int("dim", at: 1), try a.tensor("index", at: 2))
        let values = try a.tensor("source", at: 3)
        return try a.lifted(x) { x in
          let values = values.rank == 0 ? values.reshaped([1]) : values
          let at = axis < 0 ? axis + x.rank : axis
          let places = indices.reshaped(Shape((0..<x.rank).map { $0 == at ? indices.elementCount : 1 })).expanded(values.shape)
          if places.elementCount == 0 { return x }
          return try x.scatter(values, at: places, axis: axis, combining: reduction, includingSelf: a.bool("include_self", default: true))
        }
      }
    }
    rows.add("scatter_reduce.prod", "x.scatter(values, at: indices, axis: axis, combining: .product)") { a in
      let includingSelf = try a.bool("include_self", at: 5, default: true)
      return try a.scattered(asNumbers: true) { x, values, indices, axis in
        x.scatter(values, at: indices, axis: axis, combining: .product, includingSelf: includingSelf)
      }
    }
    for name in ["lengths", "offsets"] {
      rows.add("_segment_reduce.\(name)", "x.combiningSegments(lengths: lengths, by: .sum, initial: a)") { a in
        let reductions: [String: ScatterReduction] = ["max": .maximum, "min": .minimum, "sum": .sum, "mean": .mean, "prod": .product]
        guard let reduction = reductions[try a.string("reduce", at: 1)] else { throw CaseError("no such reduction") }
        let lengths = try name == "lengths" ? a.tensor("lengths") : a.tensor("offsets").differences()
        // Rows behind the last segment, which PyTorch overlooks if it is told to, belong to none.
        let x = try a.x[..<lengths.sum().item(as: Int.self)]
        return x.combiningSegments(lengths: lengths, by: reduction, initial: try a.optionalDouble("initial"))
      }
    }
    rows.add("nonzero_static", "stack(x.nonzero(), axis: 1)[..<size]", note: "of too few places the rest is filled up by `concatenate`") {
      a in
      let x = try a.x
      let places =
        x.rank == 0
        ? Tensor.zeros([x.cast(to: .bool).sum().item(as: Int.self), 0], .int64) : stack(x.nonzero(), axis: 1)
      let (size, found) = (try a.int("size"), places.shape[0])
      if size <= found { return places[..<size] }
      return concatenate([places, .full([size - found, x.rank], try a.int("fill_value", default: -1), .int64)])
    }
    rows.add("unravel_index", "floorDivide(x, stride) % size", note: "for each axis, of the stride that the axes behind it make") {
      (a: Arguments) -> [Tensor] in
      let x = try a.x.cast(to: .int64)
      let shape = try a.ints("shape", at: 1)
      return shape.indices.map { axis in floorDivide(x, shape[(axis + 1)...].reduce(1, *)) % shape[axis] }
    }
  }

  private static func networks(_ rows: inout Rows) {
    rows.add("addbmm", "beta * c + alpha * (x • y).sum(axis: 0)") { a in
      let (x, y) = try (a.tensor(1), a.tensor(2))
      return try a.sum(of: a.x, product: (x • y).sum(axis: 0).cast(to: x.dtype))
    }
    rows.change { $0.differs = ("terms cancel: in complex64 PyTorch's gradient is further from the exact one", 1e-4) }
    rows.add("addmm.decomposed", "beta * c + alpha * (x • y)") { a in try a.sum(of: a.x, product: a.tensor(1) • a.tensor(2)) }
    rows.add("vdot", "x.conjugate() • y") { a in try a.x.conjugate() • a.tensor(1) }
    rows.add("linalg.vecdot", "(x.conjugate() * y).sum(axis: axis)") { a in
      try (a.x.conjugate() * a.tensor(1)).sum(axis: a.int("dim", default: -1))
    }
    rows.add("linalg.cross", "cross(x, y, axis: axis)") { a in try cross(a.x, a.tensor(1), axis: a.int("dim", default: -1)) }
    rows.add(
      "nn.functional.pdist", "(x.take(i) - x.take(j)).norm(p, axis: 1)",
      note: "i, j: `Tensor.ones([n, n], .bool).upperTriangle(diagonal: 1).nonzero()`"
    ) {
      a in
      let x = try a.x
      let places = Tensor.ones([x.shape[0], x.shape[0]], .bool).upperTriangle(diagonal: 1).nonzero()
      return try (x.take(places[0]) - x.take(places[1])).norm(a.double("p", at: 1, default: 2), axis: 1)
    }
    for axes in 1...3 {
      for suffix in ["", ".grad"] {
        rows.add("nn.functional.max_unpool\(axes)d\(suffix)", "maxUnpool(x, at: positions, to: size)") { a in
          let x = try a.x
          let (window, padding) = (try a.perAxis("kernel_size", at: 2, axes: axes), try a.perAxis("padding", at: 4, axes: axes, default: 0))
          let stride = try a.optionalPerAxis("stride", at: 3, axes: axes) ?? window
          // Without a size: the smallest that the windows cover.
          let size = try a.optionalInts("output_size", at: 5).map { PerAxis($0.suffix(axes)) }
          return maxUnpool(x, at: try a.tensor("indices", at: 1), window: window, stride: stride, padding: padding, size: size)
        }
      }
    }
    rows.add("nn.functional.upsample_bilinear", "interpolate(x, to: [5, 7], method: .linear, alignsCorners: true)") { a in
      try upsampled(a, .linear, alignsCorners: true)
    }
    rows.add("nn.functional.upsample_nearest", "interpolate(x, to: [5, 7], method: .nearest)") { a in
      try upsampled(a, .nearest, alignsCorners: false)
    }
    rows.add("grid_sampler_3d", "gridSample(x, at: grid, method: .linear, padding: .border, alignsCorners: true)") { a in
      let methods: [Interpolation] = [.linear, .nearest, .cubic]
      let paddings: [SamplePadding] = [.zeros, .border, .reflection]
      return try gridSample(
        a.x, at: a.tensor(1), method: methods[a.int("interpolation_mode", at: 2)], padding: paddings[a.int("padding_mode", at: 3)],
        alignsCorners: a.bool("align_corners", at: 4))
    }
  }

  private static func upsampled(_ a: Arguments, _ method: Interpolation, alignsCorners: Bool) throws -> Tensor {
    let x = try a.x
    let axes = x.rank - 2
    if a.has("size") { return interpolate(x, to: try a.perAxis("size", axes: axes), method: method, alignsCorners: alignsCorners) }
    return interpolate(x, scales: try a.doubles("scale_factor", count: axes), method: method, alignsCorners: alignsCorners)
  }
}
