import Tensors

extension WriterTable {
  static let normalizations: [WriterRow] = [
    .named("NormalizeRows") { (call) throws(ONNXError) in
      let (graph, x) = (call.graph, try call.name(0))
      let size = try call.ints("size")
      let (hasWeight, hasBias) = (try call.bool("hasWeight"), try call.bool("hasBias"))
      let epsilon = try call.double("epsilon")
      let weight = hasWeight ? try call.name(1) : nil
      let bias = hasBias ? try call.name(call.operandCount - 1) : nil
      if try call.bool("isCentered") {
        let scale = weight ?? graph.constant(Tensor.ones(Shape(size), call.resultType))
        return graph.node(
          "LayerNormalization", [x, scale] + (bias.map { [$0] } ?? []), ["axis": .int(-size.count), "epsilon": .float(epsilon)])
      }
      let axes = size.indices.map { $0 - size.count }
      let square = graph.node("ReduceMean", call.reduction(graph.node("Mul", [x, x]), axes), ["keepdims": .int(1)])
      let deviation = graph.node("Sqrt", [graph.node("Add", [square, graph.number(epsilon, call.resultType)])])
      var y = graph.node("Div", [x, deviation])
      if let weight { y = graph.node("Mul", [y, weight]) }
      if let bias { y = graph.node("Add", [y, bias]) }
      return y
    },
    .named("BatchNorm") { (call) throws(ONNXError) in
      let (graph, x) = (call.graph, try call.name(0))
      let rank = call.sizes(0).count
      let axes = (0..<rank).filter { $0 != 1 }
      let mean = graph.node("ReduceMean", call.reduction(x, axes), ["keepdims": .int(1)])
      let apart = graph.node("Sub", [x, mean])
      let variance = graph.node("ReduceMean", call.reduction(graph.node("Mul", [apart, apart]), axes), ["keepdims": .int(1)])
      let deviation = graph.node("Sqrt", [graph.node("Add", [variance, graph.number(try call.double("epsilon"), call.resultType)])])
      if let moments = call.node.saved.first {
        let rows = [mean, variance].map { graph.node("Reshape", [$0, graph.integers([1, -1])]) }
        graph.set(moments, .named(graph.node("Concat", rows, ["axis": .int(0)])))
      }
      func channels(_ name: String) -> String {
        rank == 2 ? name : graph.node("Unsqueeze", [name, graph.integers(Array(1..<(rank - 1)))])
      }
      var y = graph.node("Div", [apart, deviation])
      if try call.bool("hasWeight") { y = graph.node("Mul", [y, channels(try call.name(1))]) }
      if try call.bool("hasBias") { y = graph.node("Add", [y, channels(try call.name(call.operandCount - 1))]) }
      return y
    },
  ]

  static let attentions: [WriterRow] = [
    .named("Attention") { (call) throws(ONNXError) in
      let (graph, dtype) = (call.graph, call.resultType)
      let (queries, keys) = (call.sizes(0), call.sizes(1))
      let rank = keys.count
      var order = Array(0..<rank)
      order.swapAt(rank - 2, rank - 1)
      let scale = try call.double("scale")
      // Half of the scale to either side: neither can overflow a score that fits.
      let half = scale < 0 ? 1 : scale.squareRoot()
      let q = graph.node("Mul", [try call.name(0), graph.number(scale / half, dtype)])
      let k = graph.node("Mul", [graph.transpose(try call.name(1), order), graph.number(half, dtype)])
      var scores = graph.node("MatMul", [q, k])
      var seen: String?
      if let i = call.tensor("mask") {
        let name = try call.smallName(i)
        if call.dtype(i) == .bool {
          seen = name
        } else {
          // A key that is masked by −∞ is not seen at all, whatever its score.
          seen = graph.node("Greater", [name, graph.number(-.infinity, dtype)])
          scores = graph.node("Add", [scores, name])
        }
      }
      if try call.bool("isCausal") {
        func places(_ size: Size, _ value: Int) throws(ONNXError) -> String {
          let count = graph.node("Squeeze", [try graph.size(size, among: [value]), graph.integers([0])])
          return graph.node("Range", [graph.whole(0, .int64), count, graph.whole(1, .int64)])
        }
        let rows = graph.node("Unsqueeze", [try places(queries[rank - 2], call.value(0)), graph.integers([1])])
        let earlier = graph.node("LessOrEqual", [try places(keys[rank - 2], call.value(1)), rows])
        seen = seen.map { graph.node("And", [$0, earlier]) } ?? earlier
      }
      let weights: String
      if let seen {
        scores = graph.node("Where", [seen, scores, graph.number(-.infinity, dtype)])
        // Where a query sees nothing, softmax has no answer: no key then has a weight.
        weights = graph.node("Where", [seen, graph.node("Softmax", [scores], ["axis": .int(-1)]), graph.number(0, dtype)])
      } else {
        weights = graph.node("Softmax", [scores], ["axis": .int(-1)])
      }
      return graph.node("MatMul", [weights, try call.name(2)])
    }
  ]
}
