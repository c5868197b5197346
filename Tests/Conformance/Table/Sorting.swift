import Fluxion

extension Table {
  static let sorting = Family("Sorting and searching") { rows in
    rows.add(
      "sort", "let order = x.argsort(axis: axis, descending: flag); x.gather(order, axis: axis)",
      note: "`x.sorted(axis: axis)` for the elements alone; always stable"
    ) { a in
      try a.alongAxis(a.x, default: -1) { x, axis in
        let order = try x.argsort(axis: axis, descending: a.bool("descending", at: 2))
        return [x.gather(order, axis: axis), order]
      }
    }
    rows.change {
      $0.compared = { a, y in try a.bool("stable") ? y : a.compared(y, position: 1) }
      $0.open = Arguments.openOrder
    }
    rows.add("argsort", "x.argsort(axis: axis, descending: flag)", note: "always stable") { a in
      try a.alongAxis(a.x, default: -1) { try $0.argsort(axis: $1, descending: a.bool("descending", at: 2)) }
    }
    rows.change {
      $0.compared = { a, y in try a.bool("stable") ? y : a.compared([y[0], y[0]], position: 1).dropFirst().map { $0 } }
      $0.open = Arguments.openOrder
    }
    rows.add("msort", "x.sorted(axis: 0)") { a in try a.lifted(a.x) { $0.sorted(axis: 0) } }
    rows.add("topk", "let (values, positions) = x.topK(k, axis: axis, largest: flag)", note: "always in order") { a in
      let k = try a.int("k", at: 1)
      let axis = try a.int("dim", at: 2, default: -1)
      return try a.lifted(a.x) { x in
        let (values, positions) = try x.topK(k, axis: axis, largest: a.bool("largest", at: 3, default: true))
        return [values, positions]
      }
    }
    rows.change {
      $0.compared = { try $0.compared($1, position: 2) }
      $0.open = Arguments.openOrder
    }
    rows.add("kthvalue", "let (values, positions) = x.kthSmallest(k, axis: axis, keepDims: keep)") { a in
      let x = try a.x
      let (k, axis) = (try a.int("k", at: 1), try a.int("dim", at: 2, default: -1))
      return try a.lifted(x) {
        let (values, positions) = try $0.kthSmallest(k, axis: axis, keepDims: a.bool("keepdim", at: 3) && x.rank > 0)
        return [values, positions]
      }
    }
    rows.change {
      $0.compared = { try $0.compared($1, position: 2) }
      $0.open = Arguments.openOrder
    }
    rows.add("searchsorted", "sorted.searchSorted(values, side: .left)", note: "with a sorter: `x.gather(sorter, axis: -1)` first") { a in
      var sorted = try a.x
      if let sorter = try a.optionalTensor("sorter") { sorted = sorted.gather(sorter, axis: -1) }
      return try place(a, sorted, a.value("input", at: 1), isRight: a.bool("right") || a.string("side") == "right")
    }
    rows.add("bucketize", "boundaries.searchSorted(x)", note: "`right=True` is `side: .right`") { a in
      try place(a, a.tensor("boundaries", at: 1), a.value("input", at: 0), isRight: a.bool("right"))
    }
    rows.add("isin", "x.isContained(in: values)") { a in
      let (x, values) = try a.promoted()
      let isContained = x.isContained(in: values)
      return try a.bool("invert") ? .!isContained : isContained
    }
    rows.add("unique", "let (values, inverse, counts) = x.unique(axis: axis)", note: "always sorted") { a in
      try a.wanted(a.x.unique(axis: a.optionalInt("dim")))
    }
    rows.add("unique_consecutive", "let (values, inverse, counts) = x.uniqueConsecutive(axis: axis)") { a in
      try a.wanted(a.x.uniqueConsecutive(axis: a.optionalInt("dim")))
    }
  }

  private static func place(_ a: Arguments, _ sorted: Tensor, _ value: Value, isRight: Bool) throws -> Tensor {
    let x: Tensor
    switch value {
    case .int(let number): x = .full([], number, sorted.dtype)
    case .double(let number): x = .full([], number, sorted.dtype)
    case .tensor(let name, _): x = a.tensors[name]!
    default: throw CaseError("nothing to search for")
    }
    let places = sorted.searchSorted(x, side: isRight ? .right : .left)
    return try a.bool("out_int32") ? places.cast(to: .int32) : places
  }
}

extension Arguments {
  /// Of the parts of a result those that are asked for.
  fileprivate func wanted(_ result: (values: Tensor, inverse: Tensor, counts: Tensor)) throws -> [Tensor] {
    try [result.values] + (bool("return_inverse") ? [result.inverse] : []) + (bool("return_counts") ? [result.counts] : [])
  }
}
