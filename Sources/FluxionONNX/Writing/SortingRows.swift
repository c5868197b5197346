import Tensors

extension WriterTable {
  /// Order along an axis.
  static let sorting: [WriterRow] = [
    .named("Sort") { (call) throws(ONNXError) in try call.ordered(try call.bool("isDescending"), nil)[0] },
    .named("OrderPositions") { (call) throws(ONNXError) in
      let kind = try call.choice("kind")
      let axis = try call.axis("axis")
      let keepDims = try call.bool("keepDims")
      func squeezed(_ x: String) -> String { keepDims ? x : call.graph.node("Squeeze", [x, call.graph.integers([axis])]) }
      func field(_ name: String) -> AttributeTree? {
        if case .fields(let fields)? = kind.content { return fields[name] }
        if case .list(let list)? = kind.content { return name == "0" ? list.first : list.last }
        return kind.content
      }
      func isDescending(_ tree: AttributeTree?) -> Bool {
        if case .bool(let x)? = tree { return x }
        if case .list(let list)? = tree { return list.contains(.bool(true)) }
        return false
      }
      func number(_ tree: AttributeTree?) -> Int? {
        if case .int(let i)? = tree { return i }
        if case .list(let list)? = tree { return list.lazy.compactMap { number($0) }.first }
        return nil
      }
      switch kind.name {
      case "all": return try call.ordered(isDescending(kind.content), nil)[1]
      case "first":
        guard let k = number(kind.content) else { throw ONNXError(message: "has no number of elements that can be written") }
        return try call.ordered(isDescending(kind.content), k)[1]
      case "place":
        guard let place = number(kind.content) else { throw ONNXError(message: "has no place that can be written") }
        let order = try call.ordered(false, place + 1)[1]
        return squeezed(call.graph.slice(order, axis: axis, place, place + 1))
      default:
        let count = try call.fixed(call.sizes(0)[axis], "the place of the median")
        let place = (count - 1) / 2
        let order = try call.ordered(false, place + 1)[1]
        return squeezed(call.graph.slice(order, axis: axis, place, place + 1))
      }
    },
    .named("SearchSorted") { (call) throws(ONNXError) in
      let graph = call.graph
      let operation = try call.choice("side").name == "left" ? "Less" : "LessOrEqual"
      let sorted = graph.node("Unsqueeze", [try call.name(0), graph.integers([-2])])
      let values = graph.node("Unsqueeze", [try call.name(1), graph.integers([-1])])
      let counts = graph.cast(graph.node(operation, [sorted, values]), .bool, .int64)
      return graph.node("ReduceSum", [counts, graph.integers([-1])], ["keepdims": .int(0)])
    },
  ]
}

extension WriterCall {
  /// The first k elements along the axis in order, and their positions.
  func ordered(_ isDescending: Bool, _ k: Int?) throws(ONNXError) -> [String] {
    let axis = try axis("axis")
    let count: String
    if let k { count = graph.integers([k]) } else { count = try graph.size(sizes(0)[axis], among: [value(0)]) }
    let isBool = dtype(0) == .bool
    let x = isBool ? graph.cast(try name(0), .bool, .int32) : try name(0)
    let both = graph.node("TopK", [x, count], ["axis": .int(axis), "largest": .int(isDescending ? 1 : 0), "sorted": .int(1)], outputs: 2)
    return isBool ? [graph.cast(both[0], .int32, .bool), both[1]] : both
  }
}
