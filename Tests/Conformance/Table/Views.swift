import Fluxion

extension Table {
  static let views = Family("Shapes and views") { rows in
    shapes(&rows)
    orders(&rows)
    diagonals(&rows)
  }

  private static func shapes(_ rows: inout Rows) {
    for name in ["reshape", "view"] {
      rows.add(name, "x.reshaped(shape)") { a in try a.x.reshaped(Shape(try a.ints("shape", at: 1))) }
    }
    rows.add("flatten", "x.flattened(from: start, to: end)") { a in
      try a.x.flattened(from: try a.int("start_dim", at: 1, default: 0), to: try a.int("end_dim", at: 2, default: -1))
    }
    rows.add("unflatten", "x.unflattened(axis: axis, into: sizes)") { a in
      try a.x.unflattened(axis: try a.int("dim", at: 1), into: try a.ints("sizes", at: 2))
    }
    rows.add("squeeze", "x.squeezed(axes: axes)") { a in
      let x = try a.x
      guard let axes = try a.optionalInts("dim", at: 1) else { return x.squeezed() }
      // PyTorch leaves axes alone that cannot be squeezed.
      let fitting = x.rank == 0 ? [] : axes.filter { x.shape[$0] == 1 }
      return fitting.isEmpty ? x : x.squeezed(axes: fitting)
    }
    rows.add("unsqueeze", "x.unsqueezed(axis: axis)") { a in try a.x.unsqueezed(axis: try a.int("dim", at: 1)) }
    for name in ["expand", "broadcast_to"] {
      rows.add(name, "x.expanded(shape)") { a in
        let (x, sizes) = (try a.x, try a.ints("size", at: 1))
        let lead = sizes.count - x.rank
        // -1 is the size that is there.
        return x.expanded(Shape(sizes.enumerated().map { $1 == -1 ? x.shape[$0 - lead] : $1 }))
      }
    }
    rows.add("as_strided", "x.strided(shape, strides: strides, offset: offset)", note: "places count in row-major order, not in memory") {
      a in
      try a.x.strided(
        Shape(try a.ints("size", at: 1)), strides: try a.ints("stride", at: 2), offset: try a.int("storage_offset", at: 3, default: 0))
    }
    rows.add("unfold", "x.windows(axis: axis, size: size, step: step)") { a in
      let (x, size, step) = (try a.x, try a.int("size", at: 2), try a.int("step", at: 3))
      if x.rank == 0 { return x.reshaped([1]).windows(axis: 0, size: size, step: step).reshaped([size]) }
      return x.windows(axis: try a.int("dimension", at: 1), size: size, step: step)
    }
  }

  private static func orders(_ rows: inout Rows) {
    rows.add("permute", "x.permuted(axes)") { a in try a.x.permuted(try a.ints("dims", at: 1)) }
    rows.add("transpose", "x.transposed(a, b)") { a in
      let x = try a.x
      return x.rank == 0 ? x : x.transposed(try a.int("dim0", at: 1), try a.int("dim1", at: 2))
    }
    rows.add("movedim", "x.moved(axes: axes, to: places)") { a in
      try a.x.moved(axes: try a.ints("source", at: 1), to: try a.ints("destination", at: 2))
    }
    rows.add("flip", "x.reversed(axes: axes)") { a in
      let axes = try a.ints("dims", at: 1)
      // Without axes Fluxion reverses all, PyTorch none.
      return try axes.isEmpty ? a.x : a.x.reversed(axes: axes)
    }
    rows.add("fliplr", "x.reversed(axes: 1)") { a in try a.x.reversed(axes: 1) }
    rows.add("flipud", "x.reversed(axes: 0)") { a in try a.x.reversed(axes: 0) }
    rows.add("roll", "x.rolled(by: shifts, axes: axes)", note: "without axes `x.flattened()` is rolled") { a in
      let (x, shifts, axes) = (try a.x, try a.ints("shifts", at: 1), try a.ints("dims", at: 2))
      if axes.isEmpty { return x.flattened().rolled(by: shifts, axes: [0]).reshaped(x.shape) }
      return x.rolled(by: shifts, axes: axes)
    }
    rows.add("rot90", "x.rotated(quarterTurns: k, axes: (0, 1))") { a in
      let axes = try a.optionalInts("dims", at: 2) ?? [0, 1]
      return try a.x.rotated(quarterTurns: try a.int("k", at: 1, default: 1), axes: (axes[0], axes[1]))
    }
    rows.add("nn.functional.pixel_shuffle", "x.pixelShuffled(by: factor)") { a in
      try a.x.pixelShuffled(by: try a.int("upscale_factor", at: 1))
    }
    rows.add("nn.functional.pixel_unshuffle", "x.pixelUnshuffled(by: factor)") { a in
      try a.x.pixelUnshuffled(by: try a.int("downscale_factor", at: 1))
    }
  }

  private static func diagonals(_ rows: inout Rows) {
    rows.add("diagonal", "x.diagonal(offset: k, axes: (0, 1))") { a in
      try a.x.diagonal(
        offset: try a.int("offset", at: 1, default: 0),
        axes: (try a.int("dim1", at: 2, default: 0), try a.int("dim2", at: 3, default: 1)))
    }
    rows.add("diag_embed", "x.diagonalMatrix(offset: k, axes: (-2, -1))") { a in
      try a.x.diagonalMatrix(
        offset: try a.int("offset", at: 1, default: 0),
        axes: (try a.int("dim1", at: 2, default: -2), try a.int("dim2", at: 3, default: -1)))
    }
    rows.add("diag", "x.diagonalMatrix(offset: k)", note: "of a matrix `x.diagonal(offset: k)`") { a in
      let (x, offset) = (try a.x, try a.int("diagonal", at: 1, default: 0))
      return x.rank == 1 ? x.diagonalMatrix(offset: offset) : x.diagonal(offset: offset)
    }
    rows.add("trace", "x.diagonal().sum()") { a in try a.x.diagonal().sum() }
    rows.add("tril", "x.lowerTriangle(diagonal: k)") { a in try a.x.lowerTriangle(diagonal: try a.int("diagonal", at: 1, default: 0)) }
    rows.add("triu", "x.upperTriangle(diagonal: k)") { a in try a.x.upperTriangle(diagonal: try a.int("diagonal", at: 1, default: 0)) }
  }
}
