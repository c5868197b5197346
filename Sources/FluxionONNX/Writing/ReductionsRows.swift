import Tensors

extension WriterTable {
  static let products: [WriterRow] = [
    .named("Linear") { (call) throws(ONNXError) in
      call.graph.node("Gemm", [try call.name(0), try call.name(1), try call.name(2)], ["transB": .int(1)])
    },
    .named("MatMul") { (call) throws(ONNXError) in
      var names: [String] = []
      for i in 0...1 {
        // Leading axes broadcast by themselves.
        if case .stretched(let name, let sizes) = try call.form(i), sizes.count == call.sizes(i).count, sizes.count > 2,
          sizes.suffix(2) == call.sizes(i).suffix(2), try call.form(1 - i).stretchedName == nil
        {
          names.append(name)
        } else {
          names.append(try call.name(i))
        }
      }
      return call.graph.node("MatMul", names)
    },
    .named("Determinant") { (call) throws(ONNXError) in
      if try call.bool("isLogarithmic") { throw ONNXError(message: "has no form in ONNX's operators") }
      return call.graph.node("Det", [try call.name(0)])
    },
    .named("Distances") { (call) throws(ONNXError) in
      let (graph, order) = (call.graph, try call.double("order"))
      let rows = graph.node("Unsqueeze", [try call.name(0), graph.integers([-2])])
      let others = graph.node("Unsqueeze", [try call.name(1), graph.integers([-3])])
      return call.norm(graph.node("Sub", [rows, others]), order, [-1], keepDims: false)
    },
    .named("PowerNorm") { (call) throws(ONNXError) in
      call.norm(try call.name(0), try call.double("order"), try call.ints("axes"), keepDims: try call.bool("keepDims"))
    },
  ]

  static let reductions: [WriterRow] = [
    .named("Reduce") { (call) throws(ONNXError) in
      try call.reduced(try call.name(0), call.dtype(0), call.choice("kind").name, call.ints("axes"), call.bool("keepDims"))
    },
    .named("Product") { (call) throws(ONNXError) in
      try call.reduced(try call.name(0), call.dtype(0), "product", [call.int("axis")], false)
    },
    .named("Variance") { (call) throws(ONNXError) in
      let (graph, x, axes) = (call.graph, try call.name(0), try call.ints("axes"))
      let mean = graph.node("ReduceMean", call.reduction(x, axes), ["keepdims": .int(1)])
      let apart = graph.node("Sub", [x, mean])
      let sum = graph.node(
        "ReduceSum", call.reduction(graph.node("Mul", [apart, apart]), axes), ["keepdims": .int(try call.bool("keepDims") ? 1 : 0)])
      let reduced = axes.isEmpty ? Array(call.sizes(0).indices) : axes.map { $0 < 0 ? $0 + call.sizes(0).count : $0 }
      let count = try call.fixed(reduced.map { call.sizes(0)[$0] }.count(call.nodes.count), "how many numbers a variance is of")
      let variance = graph.node("Div", [sum, graph.number(Swift.max(0, Double(count) - (try call.double("correction"))), call.resultType)])
      return try call.bool("isRoot") ? graph.node("Sqrt", [variance]) : variance
    },
    .named("LogSumExp") { (call) throws(ONNXError) in
      call.graph.node("ReduceLogSumExp", call.reduction(try call.name(0), [try call.axis("axis")]), ["keepdims": .int(0)])
    },
    .named("Softmax") { (call) throws(ONNXError) in
      call.graph.node(
        try call.bool("isLogarithmic") ? "LogSoftmax" : "Softmax", [try call.name(0)], ["axis": .int(try call.int("axis"))])
    },
    .named("CrossEntropy") { (call) throws(ONNXError) in
      let graph = call.graph
      let labels = try call.attributeName("labels")
      let places = graph.node("Unsqueeze", [graph.node("Max", [labels, graph.whole(0, .int64)]), graph.integers([1])])
      let logits = graph.node("LogSoftmax", [try call.name(0)], ["axis": .int(1)])
      let found = graph.node("Squeeze", [graph.node("GatherElements", [logits, places], ["axis": .int(1)]), graph.integers([1])])
      let isNone = graph.node("Less", [labels, graph.whole(0, .int64)])
      return graph.node("Where", [isNone, graph.number(0, call.resultType), graph.node("Neg", [found])])
    },
  ]

  static let scans: [WriterRow] = [
    .named("Scan") { (call) throws(ONNXError) in
      let graph = call.graph
      let axis = try call.axis("axis")
      let isReversed = try call.bool("isReversed")
      let x = graph.cast(try call.name(0), call.dtype(0), call.resultType)
      func sums(_ x: String) -> String {
        graph.node("CumSum", [x, graph.integers([axis], shape: [])], ["reverse": .int(isReversed ? 1 : 0)])
      }
      switch try call.choice("kind").name {
      case "sum": return sums(x)
      case "logSumExp":
        let largest = graph.node("ReduceMax", [x, graph.integers([axis])])
        return graph.node("Add", [graph.node("Log", [sums(graph.node("Exp", [graph.node("Sub", [x, largest])]))]), largest])
      default: return try call.unrolled([x], axis, isReversed) { before, now in before.map { graph.node("Mul", [$0, now[0]]) } ?? now[0] }
      }
    },
    .named("Recurrence") { (call) throws(ONNXError) in
      let graph = call.graph
      return try call.unrolled([call.name(0), call.name(1)], call.axis("axis", of: 1), call.bool("isReversed")) { before, now in
        before.map { graph.node("Add", [graph.node("Mul", [now[0], $0]), now[1]]) } ?? now[1]
      }
    },
  ]
}

extension WriterCall {
  /// The inputs of a reduction: over all axes none are named.
  func reduction(_ x: String, _ axes: [Int]) -> [String] { axes.isEmpty ? [x] : [x, graph.integers(axes)] }

  func reduced(_ x: String, _ dtype: DType, _ kind: String, _ axes: [Int], _ keepDims: Bool) throws(ONNXError) -> String {
    let keeps: [String: AttributeContent] = ["keepdims": .int(keepDims ? 1 : 0)]
    switch kind {
    case "sum": return graph.node("ReduceSum", reduction(graph.cast(x, dtype, resultType), axes), keeps)
    case "product": return graph.node("ReduceProd", reduction(graph.cast(x, dtype, resultType), axes), keeps)
    case "mean": return graph.node("ReduceMean", reduction(x, axes), keeps)
    case "maximum", "minimum":
      // Bools have no largest one in runtimes.
      let y = graph.node(
        kind == "maximum" ? "ReduceMax" : "ReduceMin", reduction(dtype == .bool ? graph.cast(x, .bool, .int32) : x, axes), keeps)
      return dtype == .bool ? graph.cast(y, .int32, .bool) : y
    case "any", "all":
      let flags = graph.cast(graph.cast(x, dtype, .bool), .bool, .int32)
      return graph.cast(graph.node(kind == "any" ? "ReduceMax" : "ReduceMin", reduction(flags, axes), keeps), .int32, .bool)
    case "argmax", "argmin":
      let operation = kind == "argmax" ? "ArgMax" : "ArgMin"
      let number = dtype == .bool ? graph.cast(x, .bool, .int32) : x
      if axes.count == 1 { return graph.node(operation, [number], ["axis": .int(axes[0]), "keepdims": .int(keepDims ? 1 : 0)]) }
      if !axes.isEmpty && axes.count < sizes(0).count { throw ONNXError(message: "over several axes has no form in ONNX's operators") }
      let flat = graph.node("Reshape", [number, graph.integers([-1])])
      let place = graph.node(operation, [flat], ["axis": .int(0), "keepdims": .int(0)])
      return keepDims ? graph.node("Reshape", [place, graph.integers(sizes(0).map { _ in 1 })]) : place
    default: throw ONNXError(message: "\(kind) has no form in ONNX's operators")
    }
  }

  /// (Σ |x|ᵖ)^(1/p) over axes.
  func norm(_ x: String, _ order: Double, _ axes: [Int], keepDims: Bool) -> String {
    let keeps: [String: AttributeContent] = ["keepdims": .int(keepDims ? 1 : 0)]
    let size = graph.node("Abs", [x])
    switch order {
    case 2: return graph.node("ReduceL2", reduction(x, axes), keeps)
    case 1: return graph.node("ReduceL1", reduction(x, axes), keeps)
    case .infinity: return graph.node("ReduceMax", reduction(size, axes), keeps)
    case -.infinity: return graph.node("ReduceMin", reduction(size, axes), keeps)
    case 0:
      let counts = graph.cast(graph.node("Greater", [size, graph.number(0, resultType)]), .bool, resultType)
      return graph.node("ReduceSum", reduction(counts, axes), keeps)
    default:
      let powers = graph.node("Pow", [size, graph.number(order, resultType)])
      return graph.node("Pow", [graph.node("ReduceSum", reduction(powers, axes), keeps), graph.number(1 / order, resultType)])
    }
  }

  /// A recurrence along an axis, step by step.
  func unrolled(
    _ x: [String], _ axis: Int, _ isReversed: Bool, _ step: (String?, [String]) -> String
  ) throws(ONNXError) -> String {
    let count = try fixed(resultSizes[axis], "the number of steps")
    if count > 4096 { throw ONNXError(message: "has \(count) steps, each of which would be nodes of its own; at most 4096 would fit") }
    if count == 0 { return x[0] }
    var results: [String] = []
    for i in 0..<count {
      let place = isReversed ? count - 1 - i : i
      results.append(step(results.last, x.map { graph.slice($0, axis: axis, place, place + 1) }))
    }
    return count == 1 ? results[0] : graph.node("Concat", isReversed ? results.reversed() : results, ["axis": .int(axis)])
  }
}
