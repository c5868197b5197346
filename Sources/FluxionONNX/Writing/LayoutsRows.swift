import Tensors

extension WriterTable {
  /// Other layouts of the same elements.
  static let layouts: [WriterRow] = [
    WriterRow("Reshape") { (call) throws(ONNXError) in
      if case .flat(let name, let sizes) = try call.form(0) {
        return .named(try call.graph.reshape(name, sizes, call.resultSizes, among: [call.value(0)]))
      }
      return .named(try call.graph.reshape(call.name(0), call.sizes(0), call.resultSizes, among: [call.value(0)]))
    },
    .named("Permute") { (call) throws(ONNXError) in
      let rank = call.sizes(0).count
      return call.graph.transpose(try call.name(0), try call.ints("axes").map { $0 < 0 ? $0 + rank : $0 })
    },
    .named("Transpose") { (call) throws(ONNXError) in
      var order = Array(call.sizes(0).indices)
      order.swapAt(try call.axis("a"), try call.axis("b"))
      return call.graph.transpose(try call.name(0), order)
    },
    WriterRow("Expand") { (call) throws(ONNXError) in
      if case .stretched(let name, let sizes) = try call.form(0) { return .stretched(name, sizes) }
      return .stretched(try call.name(0), call.sizes(0))
    },
    .named("Concatenate") { (call) throws(ONNXError) in
      var names: [String] = []
      for i in 0..<call.operandCount { names.append(try call.name(i)) }
      return names.count == 1 ? names[0] : call.graph.node("Concat", names, ["axis": .int(try call.axis("axis"))])
    },
    .named("Roll") { (call) throws(ONNXError) in
      var name = try call.name(0)
      for (axis, shift) in try call.ints("shifts").enumerated() where shift > 0 {
        let end = call.graph.slice(name, [axis], from: [call.graph.integers([-shift])], to: [call.graph.integers([.max])])
        let start = call.graph.slice(name, [axis], from: [call.graph.integers([0])], to: [call.graph.integers([-shift])])
        name = call.graph.node("Concat", [end, start], ["axis": .int(axis)])
      }
      return name
    },
    .named("PadBorder") { (call) throws(ONNXError) in
      let mode = ["reflect": "reflect", "replicate": "edge", "circular": "wrap"][try call.choice("mode").name] ?? "edge"
      let pads = call.graph.integers(try call.ints("before") + call.ints("after"))
      return call.graph.node("Pad", [try call.name(0), pads], ["mode": .text(mode)])
    },
    .named("Triangle") { (call) throws(ONNXError) in
      let diagonal = call.graph.integers([try call.int("diagonal")], shape: [])
      let isBool = call.dtype(0) == .bool || call.dtype(0) == .int32
      let name = isBool ? call.graph.cast(try call.name(0), call.dtype(0), .int64) : try call.name(0)
      let y = call.graph.node("Trilu", [name, diagonal], ["upper": .int(try call.bool("isUpper") ? 1 : 0)])
      return isBool ? call.graph.cast(y, .int64, call.dtype(0)) : y
    },
    .named("Strided") { (call) throws(ONNXError) in
      guard let shape = call.resultSizes.fixed else { throw ONNXError(message: "depends on a dynamic axis, which cannot be written") }
      let (strides, offset) = (try call.ints("strides"), try call.int("offset"))
      let flat = call.graph.node("Reshape", [try call.name(0), call.graph.integers([-1])])
      return call.graph.node("Gather", [flat, call.graph.integers(places(shape, strides, offset), shape: shape)])
    },
    .named("Windows") { (call) throws(ONNXError) in
      let axis = try call.axis("axis")
      let (size, step) = (try call.int("size"), try call.int("step"))
      let count = try call.fixed(call.resultSizes[axis], "the number of windows")
      let indices = call.graph.integers(places([count, size], [step, 1], 0), shape: [count, size])
      let y = call.graph.node("Gather", [try call.name(0), indices], ["axis": .int(axis)])
      // What is in a window is the last axis.
      let rank = call.resultSizes.count
      return call.graph.transpose(y, Array(0...axis) + Array((axis + 2)..<Swift.max(rank, axis + 2)) + [axis + 1])
    },
  ]

  /// Places in row-major order that steps along axes lead to.
  private static func places(_ shape: [Int], _ strides: [Int], _ offset: Int) -> [Int] {
    var places = [offset]
    for (size, stride) in zip(shape, strides) { places = places.flatMap { place in (0..<size).map { place + $0 * stride } } }
    return places
  }
}

extension GraphWriter {
  func transpose(_ name: String, _ order: [Int]) -> String {
    order == Array(order.indices) ? name : node("Transpose", [name], ["perm": .ints(order)])
  }

  /// Parts along axes; starts, ends and steps are vectors of one integer each.
  func slice(_ name: String, _ axes: [Int], from starts: [String], to ends: [String], by steps: [Int]? = nil) -> String {
    func joined(_ parts: [String]) -> String { parts.count == 1 ? parts[0] : node("Concat", parts, ["axis": .int(0)]) }
    var inputs = [name, joined(starts), joined(ends), integers(axes)]
    if let steps, steps.contains(where: { $0 != 1 }) { inputs.append(integers(steps)) }
    return node("Slice", inputs)
  }

  /// A part whose places are all known.
  func slice(_ name: String, axis: Int, _ start: Int, _ end: Int) -> String {
    node("Slice", [name, integers([start]), integers([end]), integers([axis])])
  }
}
