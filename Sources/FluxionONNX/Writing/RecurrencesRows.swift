import Tensors

extension WriterTable {
  /// All steps of a recurrence as one operator of ONNX.
  static let recurrences: [WriterRow] = [
    WriterRow("RecurrentSteps") { (call) throws(ONNXError) in
      let graph = call.graph
      let (cell, activation) = try call.choice("cell")
      // Where in ONNX's order each of our gates stands: i, f, g, o to i, o, f, c, and r, z, n to z, r, h.
      let order = cell == "lstm" ? [0, 3, 1, 2] : cell == "gru" ? [1, 0, 2] : [0]
      let size = try call.fixed(call.sizes(1)[1], "the hidden size")
      let (batch, time) = (call.sizes(0)[0], call.sizes(0)[1])
      func moved(_ name: String) -> String {
        if order.count == 1 { return name }
        return graph.node("Concat", order.map { graph.slice(name, axis: 0, $0 * size, ($0 + 1) * size) }, ["axis": .int(0)])
      }
      func directed(_ name: String) -> String { graph.node("Unsqueeze", [name, graph.integers([0])]) }
      let zeros = graph.constant(Tensor.zeros([order.count * size], call.resultType))

      let source = try call.inputProduct()
      let x = graph.transpose(source.x, [1, 0, 2])
      let bias = source.bias.map { moved($0) } ?? zeros
      let hiddenBias = cell == "gru" ? moved(try call.name(3)) : zeros
      var inputs = [x, directed(moved(source.weight)), directed(moved(try call.name(1)))]
      inputs.append(directed(graph.node("Concat", [bias, hiddenBias], ["axis": .int(0)])))
      var isEmpty: String?
      if let i = call.tensor("lengths") {
        inputs.append(graph.cast(try call.name(i), call.dtype(i), .int32))
        // Runtimes give zeros as the last state of a sequence without steps.
        isEmpty = graph.node("Unsqueeze", [graph.node("Equal", [try call.name(i), graph.number(0, call.dtype(i))]), graph.integers([1])])
      } else {
        inputs.append("")
      }
      inputs.append(directed(try call.name(2)))
      if cell == "lstm" { inputs.append(directed(try call.name(3))) }
      var attributes: [String: AttributeContent] = ["hidden_size": .int(size)]
      var outputs: [String]
      switch cell {
      case "lstm": outputs = graph.node("LSTM", inputs, attributes, outputs: 3)
      case "gru":
        attributes["linear_before_reset"] = .int(1)
        outputs = graph.node("GRU", inputs, attributes, outputs: 2)
      default:
        var name = "tanh"
        if case .choice(let choice, _)? = activation { name = choice }
        attributes["activations"] = .texts([["sigmoid": "Sigmoid", "relu": "Relu"][name] ?? "Tanh"])
        outputs = graph.node("RNN", inputs, attributes, outputs: 2)
      }
      let steps = graph.node("Squeeze", [outputs[0], graph.integers([1])])
      let hidden = Size(call.nodes.map { _ in size })
      var parts: [(name: String, sizes: [Size])] = [(graph.transpose(steps, [1, 0, 2]), [batch, time, hidden])]
      for (i, state) in outputs.dropFirst().enumerated() {
        let last = graph.node("Squeeze", [state, graph.integers([0])])
        let first = try call.name(2 + i)
        parts.append((isEmpty.map { graph.node("Where", [$0, first, last]) } ?? last, [batch, hidden]))
      }
      return .packed(parts)
    }
  ]
}

extension WriterCall {
  /// What the gates are a product of: inputs [batch, time, features], a weight and a bias; if they are none, themselves with a weight that changes nothing.
  fileprivate func inputProduct() throws(ONNXError) -> (x: String, weight: String, bias: String?) {
    var node = graph.producer(value(0))
    while node?.kind == "Reshape", let operand = node?.operands[0] { node = graph.producer(operand) }
    if let node {
      let bias = node.kind == "Linear" ? try graph.name(node.operands[2]) : nil
      var weight: String?
      if node.kind == "Linear" {
        weight = try graph.name(node.operands[1])
      } else if node.kind == "MatMul", graph.sizes(node.operands[1]).count == 2 {
        weight = graph.transpose(try graph.name(node.operands[1]), [1, 0])
      }
      let rows = graph.sizes(node.operands[0])
      if let weight, rows.count == 2, graph.sizes(node.result) == [self.sizes(0)[0] * self.sizes(0)[1], self.sizes(0)[2]] {
        let sizes = [self.sizes(0)[0], self.sizes(0)[1], rows[1]]
        // The inputs as they were before they became the rows of a matrix.
        if let reshape = graph.producer(node.operands[0]), reshape.kind == "Reshape", graph.sizes(reshape.operands[0]) == sizes {
          return (try graph.name(reshape.operands[0]), weight, bias)
        }
        return (try graph.reshape(try graph.name(node.operands[0]), rows, sizes, among: [value(0)]), weight, bias)
      }
    }
    let wide = try fixed(self.sizes(0)[2], "the number of gates")
    var identity = [Float](repeating: 0, count: wide * wide)
    for i in 0..<wide { identity[i * wide + i] = 1 }
    return (try name(0), graph.constant(Tensor(identity, shape: [wide, wide]).cast(to: resultType)), nil)
  }
}
