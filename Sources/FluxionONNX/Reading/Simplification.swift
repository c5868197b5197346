import Tensors

// The same function by fewer operators, as exporters leave them: a batch normalisation that follows a convolution becomes part of its weight, and
// element-wise operators one after the other become one. Both run where operators run one by one, in gradients and in plans alike.
extension Graph {
  /// Joins operators, here and in the graphs of nodes.
  mutating func simplify(_ parameterTypes: [ONNXElementType]) {
    foldNormalizations(parameterTypes)
    joinElementwise()
    for i in nodes.indices {
      for name in nodes[i].graphs.keys { nodes[i].graphs[name]?.graph.simplify(parameterTypes) }
    }
    findLastUses()
  }

  /// Finds where each slot is read for the last time.
  mutating func findLastUses() {
    var last: [Int: Int] = [:]
    for (i, node) in nodes.enumerated() {
      (nodes[i].released, nodes[i].unread) = ([], [])
      for slot in node.inputs + node.outputs where slot >= 0 { last[slot] = i }
      for subgraph in node.graphs.values { for capture in subgraph.captures { last[capture.outer] = i } }
    }
    for output in outputs { last[output.slot] = nil }
    for (slot, i) in last {
      if nodes[i].outputs.contains(slot) { nodes[i].unread.append(slot) } else { nodes[i].released.append(slot) }
    }
  }

  /// The nodes that read each slot; −1 stands for whoever is given outputs and for graphs of nodes.
  func readers() -> [Int: [Int]] {
    var readers: [Int: [Int]] = [:]
    for (i, node) in nodes.enumerated() {
      for slot in node.inputs where slot >= 0 { readers[slot, default: []].append(i) }
      for subgraph in node.graphs.values { for capture in subgraph.captures { readers[capture.outer, default: []].append(-1) } }
    }
    for output in outputs { readers[output.slot, default: []].append(-1) }
    return readers
  }

  private func makers() -> [Int: Int] {
    var makers: [Int: Int] = [:]
    for (i, node) in nodes.enumerated() { for slot in node.outputs where slot >= 0 { makers[slot] = i } }
    return makers
  }

  // MARK: Batch normalisations

  private mutating func foldNormalizations(_ parameterTypes: [ONNXElementType]) {
    if !nodes.contains(where: { $0.operation.name == "BatchNormalization" }) { return }
    let (readers, makers) = (readers(), makers())
    let given = Set(inputs.map(\.slot))
    var types: [Int: ONNXElementType] = [:]
    for (slot, parameter) in parameters where !given.contains(slot) { types[slot] = parameterTypes[parameter] }
    for (slot, value) in constants where !given.contains(slot) { if case .tensor(let x) = value { types[slot] = x.type } }
    // What follows from weights and constants alone, with its type where it is known.
    var steady = Set(types.keys)
    for node in nodes where node.graphs.isEmpty && node.inputs.allSatisfy({ $0 < 0 || steady.contains($0) }) {
      steady.formUnion(node.outputs)
      let made: TypedTensor? = (try? node.attributes.tensor("value")) ?? nil
      if ["Constant", "ConstantOfShape"].contains(node.operation.name), let slot = node.outputs.first {
        types[slot] = made?.type ?? .float
      }
    }
    func isSteadyFloat(_ slot: Int) -> Bool { steady.contains(slot) && [.float, .double].contains(types[slot] ?? .uint8) }
    var moved: Set<Int> = []
    var list: [Int: [Node]] = [:]
    for (i, node) in nodes.enumerated() where node.operation.name == "BatchNormalization" && node.version >= 7 {
      guard node.inputs.count == 5, node.outputs.count == 1, !((try? node.attributes.flag("training_mode")) ?? true),
        ((try? node.attributes.int("spatial", 1)) ?? 0) == 1, let m = makers[node.inputs[0]], readers[node.inputs[0]] == [i]
      else { continue }
      let before = nodes[m]
      guard before.operation.name == "Conv", before.inputs.count >= 2, isSteadyFloat(before.inputs[1]),
        before.inputs.count < 3 || before.inputs[2] < 0 || steady.contains(before.inputs[2]),
        node.inputs[1...].allSatisfy({ $0 >= 0 && steady.contains($0) })
      else { continue }
      let (weight, bias) = (slotCount, slotCount + 1)
      slotCount += 2
      func made(_ operation: Operator, _ inputs: [Int], _ output: Int) -> Node {
        Node(
          label: node.label, operation: operation, version: 1, inputs: inputs, outputs: [output], attributes: node.attributes, graphs: [:])
      }
      let oldBias = before.inputs.count > 2 ? before.inputs[2] : -1
      moved.insert(m)
      list[i] = [
        made(OperatorTable.normalizedWeight, [before.inputs[1], node.inputs[1], node.inputs[4]], weight),
        made(OperatorTable.normalizedBias, [oldBias] + node.inputs[1...], bias),
        Node(
          label: before.label, operation: before.operation, version: before.version, inputs: [before.inputs[0], weight, bias],
          outputs: node.outputs, attributes: before.attributes, graphs: [:]),
      ]
    }
    if moved.isEmpty { return }
    nodes = nodes.indices.flatMap { i in moved.contains(i) ? [] : list[i] ?? [nodes[i]] }
  }
}

extension OperatorTable {
  /// A convolution's weight by the scale of the batch normalisation that follows.
  static let normalizedWeight = Operator.one("normalizedWeight", [1], "") { call in
    let weight = try call.tensor(0)
    let factor = try call.factor(scale: 1, variance: 2).cast(to: weight.dtype)
    if weight.rank < 1 || factor.rank != 1 || factor.shape[0] != weight.shape[0] {
      throw ONNXError.field("input 1", "\(factor.shape) for a convolution's weight of \(weight.shape)")
    }
    return weight * factor.reshaped(Shape([factor.elementCount] + Array(repeating: 1, count: weight.rank - 1)))
  }

  /// Its bias likewise.
  static let normalizedBias = Operator("normalizedBias", [1], "") { call in
    let (bias, mean) = (try call.tensor(2), try call.tensor(3))
    let factor = try call.factor(scale: 1, variance: 4)
    let start = try call.optional(0).map { $0 - mean.cast(to: $0.dtype) } ?? -mean
    return [.tensor(TypedTensor(start * factor.cast(to: start.dtype) + bias.cast(to: start.dtype), try call.type(2)))]
  }
}

extension Call {
  /// scale / √(variance + epsilon).
  fileprivate func factor(scale: Int, variance: Int) throws(ONNXError) -> Tensor {
    let (scale, variance) = (try tensor(scale), try tensor(variance))
    return scale / sqrt(variance.cast(to: scale.dtype) + (try attributes.float("epsilon", 1e-5)))
  }
}
