import Tensors

extension OperatorTable {
  /// Order and sets.
  static let sorting: [Operator] = [
    Operator("TopK", [1, 10, 11, 24], "`x.topK(k, axis:largest:)`") { call in
      let x = try call.typed(0)
      let k = call.version < 10 ? try call.attributes.int("k", 0) : try call.integer(1)
      let axis = try call.axis(try call.attributes.int("axis", -1), rank: x.rank)
      if k < 0 || k > x.shape[axis] { throw ONNXError.field("k", "\(k) of \(x.shape[axis]) elements") }
      let isLargest = try call.attributes.flag("largest", true)
      // All in order, of equal ones the first position first, as ONNX has it.
      let from = x.tensor
      let order: Tensor
      if isLargest {
        let backwards = from.reversed(axes: [axis]).argsort(axis: axis)
        order = (from.shape[axis] - 1 - backwards).reversed(axes: [axis])
      } else {
        order = from.argsort(axis: axis)
      }
      let positions = order[axis: axis, 0..<k]
      return [.tensor(TypedTensor(from.gather(positions, axis: axis), x.type)), .tensor(TypedTensor(positions, .int64))]
    },
    Operator("Unique", [11, 28], "`x.unique(axis:)`; the shape depends on the elements") { call in
      let x = try call.typed(0)
      let isSorted = try call.attributes.flag("sorted", true)
      let axis = try call.attributes.int("axis").map { try call.axis($0, rank: x.rank) }
      if !x.tensor.hasElements { throw ONNXError.field("input 0", "depends on elements, which a run on shapes alone does not have") }
      let rows = axis == nil ? x.tensor.reshaped([-1]) : x.tensor
      let along = axis ?? 0
      let (values, inverse, counts) = rows.unique(axis: along)
      let n = rows.shape[along]
      let groups = inverse.reshaped([-1]).scalars(Int.self)
      let total = counts.elementCount
      // The first position of each.
      var first = [Int](repeating: n, count: total)
      for (i, group) in groups.enumerated().reversed() where group < total { first[group] = i }
      var order = Array(0..<total)
      if !isSorted { order.sort { first[$0] < first[$1] } }
      var rank = [Int](repeating: 0, count: total)
      for (new, old) in order.enumerated() { rank[old] = new }
      let places = Tensor(order, shape: [total])
      return [
        .tensor(TypedTensor(isSorted ? values : values.take(places, axis: along), x.type)),
        .tensor(TypedTensor(Tensor(order.map { first[$0] }, shape: [total]), .int64)),
        .tensor(TypedTensor(Tensor(groups.map { rank[$0] }, shape: [groups.count]), .int64)),
        .tensor(TypedTensor(isSorted ? counts : counts.take(places, axis: 0), .int64)),
      ]
    },
  ]
}
