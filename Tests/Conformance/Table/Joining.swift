import Fluxion

extension Table {
  static let joining = Family("Joining and splitting") { rows in
    joins(&rows)
    splits(&rows)
  }

  private static func joins(_ rows: inout Rows) {
    rows.add("cat", "concatenate(tensors, axis: axis)") { a in
      let all = try a.joined(at: 0)
      // PyTorch overlooks vectors of no elements among tensors of any shape.
      let tensors = all.filter { $0.shape != [0] }
      return tensors.isEmpty ? all[0] : concatenate(tensors, axis: try a.int("dim", at: 1, default: 0))
    }
    rows.add("stack", "stack(tensors, axis: axis)") { a in stack(try a.joined(at: 0), axis: try a.int("dim", at: 1, default: 0)) }
    rows.add("hstack", "concatenate(tensors, axis: 1)", note: "of vectors `concatenate(tensors)`") { a in
      let tensors = try a.joined(at: 0).map { $0.rank == 0 ? $0.reshaped([1]) : $0 }
      return concatenate(tensors, axis: tensors[0].rank == 1 ? 0 : 1)
    }
    rows.add("vstack", "concatenate(tensors)", note: "of vectors `stack(tensors)`") { a in
      concatenate(try a.joined(at: 0).map { $0.rank < 2 ? $0.reshaped([1, $0.elementCount]) : $0 })
    }
    rows.add("dstack", "concatenate(tensors, axis: 2)", note: "of matrices `stack(tensors, axis: 2)`") { a in
      concatenate(
        try a.joined(at: 0).map { x in
          let matrix = x.rank < 2 ? x.reshaped([1, x.elementCount]) : x
          return matrix.rank == 2 ? matrix.unsqueezed(axis: 2) : matrix
        }, axis: 2)
    }
    rows.add("block_diag", "blockDiagonal(tensors)") { a in blockDiagonal(try a.promoted(a.positional)) }
    rows.add("meshgrid.variadic_tensors", "meshgrid(vectors)", note: "`indexing: \"xy\"` is `meshgrid([y, x])`") {
      (a: Arguments) -> [Tensor] in
      var vectors = try a.tensors(from: 0)
      guard try a.string("indexing", default: "ij") == "xy", vectors.count > 1 else { return meshgrid(vectors) }
      vectors.swapAt(0, 1)
      var grids = meshgrid(vectors)
      grids.swapAt(0, 1)
      return grids
    }
    rows.add("cartesian_prod", "stack(meshgrid(vectors).map { $0.flattened() }, axis: 1)") { a in
      let vectors = try a.promoted(a.positional)
      return vectors.count == 1 ? vectors[0] : stack(meshgrid(vectors).map { $0.flattened() }, axis: 1)
    }
    rows.add("tile", "x.tiled(counts)") { a in try a.x.tiled(try a.ints("dims", at: 1)) }
    rows.add("repeat", "x.tiled(counts)") { a in try a.x.tiled(try a.ints("repeats", at: 1)) }
    rows.add("repeat_interleave", "x.repeated(counts, axis: axis)", note: "without an axis `x.flattened()` first") { a in
      let axis = try a.optionalInt("dim", at: 2)
      let x = try axis == nil || a.x.rank == 0 ? a.x.flattened() : a.x
      if case .int(let count) = a.value("repeats", at: 1) { return x.repeated(count, axis: axis ?? 0) }
      return x.repeated(try a.tensor("repeats", at: 1), axis: axis ?? 0)
    }
  }

  private static func splits(_ rows: inout Rows) {
    rows.add("chunk", "x.chunk(count, axis: axis)") { (a: Arguments) -> [Tensor] in
      try a.x.chunk(try a.int("chunks", at: 1), axis: try a.int("dim", at: 2, default: 0))
    }
    rows.add("split", "x.split(size: size, axis: axis)") { (a: Arguments) -> [Tensor] in
      let axis = try a.int("dim", at: 2, default: 0)
      if case .list = a.value("split_size_or_sections", at: 1) { return try a.x.split(sizes: try a.ints("sizes", at: 1), axis: axis) }
      return try a.x.split(size: try a.int("split_size_or_sections", at: 1), axis: axis)
    }
    for name in ["split.list_args", "split_with_sizes"] {
      rows.add(name, "x.split(sizes: sizes, axis: axis)") { (a: Arguments) -> [Tensor] in
        let sizes = name == "split_with_sizes" ? "split_sizes" : "split_size_or_sections"
        return try a.x.split(sizes: try a.ints(sizes, at: 1), axis: try a.int("dim", at: 2, default: 0))
      }
    }
    rows.add("tensor_split", "x.split(at: positions, axis: axis)", note: "into a number of parts `x.split(parts: n, axis: axis)`") {
      (a: Arguments) -> [Tensor] in
      let (x, axis) = (try a.x, try a.int("dim", at: 2, default: 0))
      for name in ["indices", "sections", "tensor_indices_or_sections", "indices_or_sections"] where a.has(name, at: 1) {
        switch a.value(name, at: 1) {
        case .int(let parts): return x.split(parts: parts, axis: axis)
        case .list: return x.split(at: try a.ints(name, at: 1), axis: axis)
        default:
          let numbers = try a.tensor(name, at: 1)
          if numbers.rank == 0 { return x.split(parts: numbers.item(as: Int.self), axis: axis) }
          return x.split(at: numbers.scalars(Int.self), axis: axis)
        }
      }
      throw CaseError("where to split is not given")
    }
    rows.add("unbind", "x.unstacked(axis: axis)") { (a: Arguments) -> [Tensor] in
      try a.x.unstacked(axis: try a.int("dim", at: 1, default: 0))
    }
  }
}
