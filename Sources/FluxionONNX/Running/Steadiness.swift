extension Graph {
  /// Finds the nodes that depend on weights and constants alone: what they give is kept from run to run.
  ///
  /// - Parameters:
  ///   - captured: The slots given from outside of it that do so, too.
  ///   - count: How many graphs and nodes have a number already.
  mutating func findSteadyNodes(_ captured: Set<Int>, _ count: inout Int) {
    id = count
    count += 1
    // What a caller may give in place of an initializer is none.
    let given = Set(inputs.map(\.slot))
    var steady = captured.union(constants.map(\.slot)).union(parameters.map(\.slot)).subtracting(given)
    var made: Set<Int> = []
    var read = Set(outputs.map(\.slot))
    (steadyNodes, otherNodes) = ([], [])
    for i in nodes.indices {
      nodes[i].id = count
      count += 1
      let inputs = nodes[i].inputs
      nodes[i].steadyInputs = Set(inputs.indices.filter { inputs[$0] < 0 || steady.contains(inputs[$0]) })
      if nodes[i].steadyInputs.count == inputs.count && nodes[i].graphs.isEmpty && !Graph.drawing.contains(nodes[i].operation.name) {
        steadyNodes.append(nodes[i])
        steady.formUnion(nodes[i].outputs.filter { $0 >= 0 })
        made.formUnion(nodes[i].outputs.filter { $0 >= 0 })
        continue
      }
      otherNodes.append(nodes[i])
      read.formUnion(inputs)
      for (name, subgraph) in nodes[i].graphs {
        read.formUnion(subgraph.captures.map(\.outer))
        let inner = Set(subgraph.captures.filter { steady.contains($0.outer) }.map(\.inner))
        nodes[i].graphs[name]?.graph.findSteadyNodes(inner, &count)
      }
    }
    steadySlots = made.intersection(read).sorted()
  }

  /// The operators that give something else each time.
  private static let drawing: Set<String> = [
    "RandomUniform", "RandomUniformLike", "RandomNormal", "RandomNormalLike", "Bernoulli", "Multinomial", "Dropout",
  ]
}
