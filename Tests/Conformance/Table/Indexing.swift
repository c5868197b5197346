import Fluxion

extension Table {
  static let indexing = Family("Indexing, gathering and scattering") { rows in
    reading(&rows)
    writing(&rows)
    scattering(&rows)
  }

  private static func reading(_ rows: inout Rows) {
    rows.add("__getitem__", "x[1..<3, indices, .ellipsis]", note: "a list of parts, if the rank is not known: `x[at: parts]`") { a in
      let x = try a.x
      return x[at: try a.parts("index", at: 1, of: x.shape)]
    }
    rows.add("select", "x[axis: axis, i]") { a in try a.x[axis: try a.int("dim", at: 1), try a.int("index", at: 2)] }
    rows.add("narrow", "x[axis: axis, start..<start + count]") { a in
      let (x, axis) = (try a.x, try a.int("dim", at: 1))
      let (start, count) = (try a.int("start", at: 2), try a.int("length", at: 3))
      let first = start < 0 ? start + x.shape[axis] : start
      return x[axis: axis, first..<first + count]
    }
    rows.add("index_select", "x.take(indices, axis: axis)") { a in
      let (axis, indices) = (try a.int("dim", at: 1), try a.tensor("index", at: 2))
      return a.lifted(try a.x) { $0.take(indices.reshaped([-1]), axis: axis) }
    }
    rows.add("take", "x.flattened().take(indices)") { a in try a.x.flattened().take(try a.tensor("index", at: 1)) }
    rows.add("gather", "x.gather(indices, axis: axis)") { a in
      let (x, axis, indices) = (try a.x, try a.int("dim", at: 1), try a.tensor("index", at: 2))
      if indices.elementCount == 0 { return .zeros(indices.shape, x.dtype) }
      let lifted = indices.rank == 0 ? indices.reshaped([1]) : indices
      return (x.rank == 0 ? x.reshaped([1]) : x).gather(lifted, axis: axis).reshaped(indices.shape)
    }
    rows.add("take_along_dim", "x.gather(indices, axis: axis)", note: "without an axis `x.flattened().take(indices.flattened())`") { a in
      let (x, indices) = (try a.x, try a.tensor("indices", at: 1))
      guard let axis = try a.optionalInt("dim", at: 2) else { return x.flattened().take(indices.flattened()) }
      let at = axis < 0 ? axis + x.rank : axis
      func stretched(_ t: Tensor) -> Tensor {
        t.expanded(Shape(t.shape.indices.map { $0 == at ? t.shape[$0] : max(x.shape[$0], indices.shape[$0]) }))
      }
      return stretched(x).gather(stretched(indices), axis: axis)
    }
    rows.add("masked_select", "x[mask]") { a in
      let (x, mask) = try a.masked()
      return x[mask]
    }
    rows.add("nonzero", "stack(x.nonzero(), axis: 1)", note: "as a tuple `x.nonzero()`") { (a: Arguments) -> [Tensor] in
      let x = try a.x
      if try a.bool("as_tuple") { return (x.rank == 0 ? x.reshaped([1]) : x).nonzero() }
      return [try places(x)]
    }
    rows.add("argwhere", "stack(x.nonzero(), axis: 1)") { a in try places(try a.x) }
    rows.add("nn.functional.one_hot", "x.oneHot(classes: n, .int64)") { a in
      let (x, classes) = (try a.x, try a.int("num_classes", at: 1, default: -1))
      return x.oneHot(classes: classes < 0 ? x.max().item(as: Int.self) + 1 : classes, .int64)
    }
  }

  private static func writing(_ rows: inout Rows) {
    rows.add("index_put", "y[indices] = values", note: "with `accumulate` `x.adding(values, at: indices)`") { a in
      let (x, values) = (try a.x, try a.tensor("values", at: 2))
      let parts = try a.parts("indices", at: 1, of: x.shape)
      if try a.bool("accumulate", at: 3) {
        let dtype = x.dtype == .bool ? DType.int32 : x.dtype
        return x.cast(to: dtype).adding(values.cast(to: dtype), at: parts).cast(to: x.dtype)
      }
      var y = x
      y[at: parts] = values
      return y
    }
    rows.add("index_add", "x.adding(values, at: indices, axis: axis)") { a in
      try a.along { x, values, indices, axis in
        // Bools add up to whether one of them is true.
        let dtype = x.dtype == .bool ? DType.int32 : x.dtype
        let scaled = values.cast(to: dtype) * (try a.has("alpha") ? a.number("alpha", at: 4, dtype) : Tensor.ones([], dtype))
        return x.cast(to: dtype).adding(scaled, at: indices, axis: axis).cast(to: x.dtype)
      }
    }
    rows.add("index_copy", "y[axis: axis, indices] = values") { a in
      try a.along { x, values, indices, axis in
        var y = x
        y[axis: axis, indices] = values
        return y
      }
    }
    rows.add("index_fill", "y[axis: axis, indices] = value") { a in
      try a.along { x, value, indices, axis in
        var y = x
        y[axis: axis, indices] = value
        return y
      }
    }
    rows.add("select_scatter", "y[axis: axis, i] = values") { a in
      var y = try a.x
      y[axis: try a.int("dim", at: 2), try a.int("index", at: 3)] = try a.tensor("src", at: 1)
      return y
    }
    rows.add("slice_scatter", "y[axis: axis, start..<end] = values") { a in
      var y = try a.x
      let axis = try a.int("dim", at: 2, default: 0)
      let n = y.shape[axis]
      func bound(_ i: Int?) -> Int? { i.map { min(max($0 < 0 ? $0 + n : $0, 0), n) } }
      let part = TensorIndexKind.stride(
        from: bound(try a.optionalInt("start", at: 3)), to: bound(try a.optionalInt("end", at: 4)), by: try a.int("step", at: 5, default: 1)
      )
      y[axis: axis, part] = try a.tensor("src", at: 1)
      return y
    }
    rows.add("diagonal_scatter", "x.replacingDiagonal(with: values, offset: k, axes: (0, 1))") { a in
      try a.x.replacingDiagonal(
        with: try a.tensor("src", at: 1), offset: try a.int("offset", at: 2, default: 0),
        axes: (try a.int("dim1", at: 3, default: 0), try a.int("dim2", at: 4, default: 1)))
    }
    rows.add("masked_fill", "select(mask, value, x)") { a in
      let (x, mask) = (try a.x, try a.tensor("mask", at: 1))
      return select(mask, try a.number("value", at: 2, x.dtype), x)
    }
    rows.add("masked_scatter", "y[mask] = values.flattened()[..<count]", note: "`count` is how many places of the mask are true") { a in
      var (y, mask) = try a.masked()
      let values = try a.tensor("source", at: 2).flattened()
      let shape = try a.x.rank == 0 && a.tensor("mask", at: 1).rank == 0 ? [] : y.shape
      y[mask] = values[..<mask.sum().item(as: Int.self)]
      return y.reshaped(shape)
    }
  }

  private static func scattering(_ rows: inout Rows) {
    rows.add("scatter", "x.scatter(values, at: indices, axis: axis)", note: "with a reduction `combining: .sum` or `.product`") { a in
      let reduction = try a.string("reduce")
      return try a.scattered(asNumbers: !reduction.isEmpty) { x, values, indices, axis in
        reduction.isEmpty
          ? x.scatter(values, at: indices, axis: axis)
          : x.scatter(values, at: indices, axis: axis, combining: reduction == "add" ? .sum : .product)
      }
    }
    rows.add("scatter_add", "x.scatterAdd(values, at: indices, axis: axis)") { a in
      try a.scattered(asNumbers: true) { x, values, indices, axis in x.scatterAdd(values, at: indices, axis: axis) }
    }
    let reductions: [(String, String, ScatterReduction)] = [
      ("amax", "maximum", .maximum), ("amin", "minimum", .minimum), ("mean", "mean", .mean),
      ("sum", "sum", .sum),
    ]
    for (name, spelling, reduction) in reductions {
      rows.add(
        "scatter_reduce.\(name)", "x.scatter(values, at: indices, axis: axis, combining: .\(spelling))",
        note: name == "amax" ? "`includingSelf: false` as `include_self`" : ""
      ) { a in
        let includingSelf = try a.bool("include_self", at: 5, default: true)
        return try a.scattered(asNumbers: true) { x, values, indices, axis in
          x.scatter(values, at: indices, axis: axis, combining: reduction, includingSelf: includingSelf)
        }
      }
    }
  }

  /// The positions of what is true, a row for each; a scalar has positions of no axes.
  private static func places(_ x: Tensor) throws -> Tensor {
    x.rank == 0 ? .zeros([x.cast(to: .bool).sum().item(as: Int.self), 0], .int64) : stack(x.nonzero(), axis: 1)
  }
}

extension Arguments {
  /// A tensor and a mask, broadcast together; scalars as vectors of one.
  fileprivate func masked() throws -> (Tensor, Tensor) {
    let (x, mask) = (try x, try tensor("mask", at: 1))
    let like = select(mask, Tensor.zeros(x.shape, .bool), Tensor.zeros(x.shape, .bool))
    let shape = like.rank == 0 ? [1] : like.shape
    return (x.expanded(shape), mask.expanded(shape))
  }

  /// The operands of writing along an axis: scalars as vectors of one.
  fileprivate func along(
    _ body: (_ x: Tensor, _ values: Tensor, _ indices: Tensor, _ axis: Int) throws -> Tensor
  ) throws -> Tensor {
    let x = try x
    let (axis, indices) = (try int("dim", at: 1), try tensor("index", at: 2).reshaped([-1]))
    let values = try number(has("value") ? "value" : "source", at: 3, x.dtype)
    return try lifted(x) { try body($0, values.rank == 0 && x.rank <= 1 ? values.reshaped([1]) : values, indices, axis) }
  }
}
