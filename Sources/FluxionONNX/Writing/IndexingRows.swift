import Tensors

extension WriterTable {
  /// Elements at positions.
  static let indexing: [WriterRow] = [
    .named("Take") { (call) throws(ONNXError) in
      call.graph.node("Gather", [try call.name(0), try call.attributeName("indices")], ["axis": .int(try call.axis("axis"))])
    },
    .named("Gather") { (call) throws(ONNXError) in
      call.graph.node("GatherElements", [try call.name(0), try call.attributeName("indices")], ["axis": .int(try call.axis("axis"))])
    },
  ]

  /// Elements written to positions.
  static let scattering: [WriterRow] = [
    .named("Scatter") { (call) throws(ONNXError) in
      let kinds = ["replace": "none", "sum": "add", "product": "mul", "maximum": "max", "minimum": "min"]
      return call.graph.node(
        "ScatterElements", [try call.name(0), try call.attributeName("indices"), try call.name(1)],
        ["axis": .int(try call.axis("axis")), "reduction": .text(kinds[try call.choice("kind").name] ?? "none")])
    },
    .named("PutRows") { (call) throws(ONNXError) in
      let places = call.graph.node("Unsqueeze", [try call.longIndices("indices"), call.graph.integers([-1])])
      return call.graph.node("ScatterND", [try call.name(0), places, try call.name(1)])
    },
    .named("AddAlong") { (call) throws(ONNXError) in
      let (axis, sizes) = (try call.axis("axis"), call.sizes(1))
      let others = sizes.indices.filter { $0 != axis }
      let column = call.graph.node("Unsqueeze", [try call.longIndices("indices"), call.graph.integers(others)])
      let places = call.graph.node("Expand", [column, try call.graph.shape(sizes, among: [call.value(1)])])
      return call.graph.node(
        "ScatterElements", [try call.name(0), places, try call.name(1)], ["axis": .int(axis), "reduction": .text("add")])
    },
  ]

  /// Rows of tables.
  static let embeddings: [WriterRow] = [
    .named("Embedding") { (call) throws(ONNXError) in
      call.graph.node("Gather", [try call.name(0), try call.attributeName("indices")], ["axis": .int(0)])
    },
    .named("CombineRows") { (call) throws(ONNXError) in
      let graph = call.graph
      var x = try call.name(0)
      if call.has("from") { x = graph.node("Gather", [x, try call.longIndices("from")], ["axis": .int(0)]) }
      if call.operandCount > 1 { x = graph.node("Mul", [x, graph.node("Unsqueeze", [try call.name(1), graph.integers([1])])]) }
      // One more row takes what goes nowhere: −1 is the last one.
      let sizes = call.resultSizes
      let rows = try graph.shape([sizes[0] + Size(call.nodes.map { _ in 1 }), sizes[1]], among: [call.value(0)])
      let zeros = graph.node("Expand", [graph.number(0, call.resultType), rows])
      let places = graph.node("Unsqueeze", [try call.longIndices("to"), graph.integers([1])])
      let sums = graph.node("ScatterND", [zeros, places, x], ["reduction": .text("add")])
      return graph.slice(sums, axis: 0, 0, -1)
    },
    .named("LargestRows") { (call) throws(ONNXError) in
      // A row of the table for each entry, −∞ where its bag is another one: [bags, entries, columns].
      let graph = call.graph
      let bags = try graph.size(call.resultSizes[0], among: [])
      let numbers = graph.node(
        "Range", [graph.whole(0, .int64), graph.node("Squeeze", [bags, graph.integers([0])]), graph.whole(1, .int64)])
      let (from, to) = (try call.longIndices("from"), try call.longIndices("to"))
      let isIn = graph.node("Equal", [graph.node("Unsqueeze", [numbers, graph.integers([1])]), to])
      let wide = graph.node("Unsqueeze", [isIn, graph.integers([2])])
      let entries = graph.node("Gather", [try call.name(0), from], ["axis": .int(0)])
      let seen = graph.node("Where", [wide, entries, graph.number(-.infinity, call.dtype(0))])
      let best = graph.node("ArgMax", [seen], ["axis": .int(1), "keepdims": .int(0)])
      let any = graph.node("ReduceMax", [graph.cast(isIn, .bool, .int32), graph.integers([1])], ["keepdims": .int(1)])
      let isThere = graph.cast(any, .int32, .bool)
      return graph.node("Where", [isThere, graph.node("Gather", [from, best], ["axis": .int(0)]), graph.whole(-1, .int64)])
    },
  ]
}

extension WriterCall {
  /// Positions as int64, which some operators want.
  func longIndices(_ path: String) throws(ONNXError) -> String {
    guard let i = tensor(path) else { throw ONNXError(message: "has no attribute \(path) that can be written") }
    return graph.cast(try name(i), dtype(i), .int64)
  }
}
