/// An order of nodes in which each comes after those whose results it reads: the file's own, where that is one.
struct NodeOrder {
  var positions: [Int] = []

  /// - Parameter known: Whether a name has a value before the first node.
  init(_ nodes: [Onnx_NodeProto], known: (String) -> Bool) throws(ONNXError) {
    var source: [String: Int] = [:]
    for (i, node) in nodes.enumerated() {
      for name in node.output where !name.isEmpty {
        if source.updateValue(i, forKey: name) != nil {
          throw ONNXError(node: NodeOrder.label(node, i), field: "output \(shown(name))", message: "is given by another node too")
        }
      }
    }
    var readers: [Int: [Int]] = [:]
    var open = [Int](repeating: 0, count: nodes.count)
    for (i, node) in nodes.enumerated() {
      for name in NodeOrder.reads(of: node) {
        guard let j = source[name], !(known(name)) else { continue }
        if j == i { throw ONNXError(node: NodeOrder.label(node, i), field: "input \(shown(name))", message: "is its own output: a cycle") }
        readers[j, default: []].append(i)
        open[i] += 1
      }
    }
    // The least position first: a file in order stays as it is.
    var ready = Ready()
    for i in nodes.indices where open[i] == 0 { ready.insert(i) }
    while let i = ready.removeFirst() {
      positions.append(i)
      for reader in readers[i] ?? [] {
        open[reader] -= 1
        if open[reader] == 0 { ready.insert(reader) }
      }
    }
    if positions.count < nodes.count {
      let i = open.firstIndex { $0 > 0 } ?? 0
      throw ONNXError(node: NodeOrder.label(nodes[i], i), field: "inputs", message: "come from the node's own results: a cycle")
    }
  }

  private static func label(_ node: Onnx_NodeProto, _ i: Int) -> String {
    "\(node.name.isEmpty ? "\(i)" : shown(node.name)) (\(shown(node.opType)))"
  }

  /// The names that a node reads, and its graphs from around them.
  private static func reads(of node: Onnx_NodeProto) -> Set<String> {
    var names = Set(node.input)
    for attribute in node.attribute where attribute.hasG { names.formUnion(reads(of: attribute.g)) }
    names.remove("")
    return names
  }

  private static func reads(of graph: Onnx_GraphProto) -> Set<String> {
    var names: Set<String> = []
    for node in graph.node { names.formUnion(reads(of: node)) }
    names.formUnion(graph.output.map(\.name))
    for node in graph.node { names.subtract(node.output) }
    names.subtract(graph.input.map(\.name))
    names.subtract(graph.initializer.map(\.name))
    return names
  }

  /// Numbers of which the least is taken first: a binary heap.
  private struct Ready {
    private var heap: [Int] = []

    mutating func insert(_ x: Int) {
      heap.append(x)
      var i = heap.count - 1
      while i > 0, heap[(i - 1) / 2] > heap[i] {
        heap.swapAt(i, (i - 1) / 2)
        i = (i - 1) / 2
      }
    }

    mutating func removeFirst() -> Int? {
      guard let first = heap.first, let last = heap.popLast() else { return nil }
      if heap.isEmpty { return first }
      heap[0] = last
      var i = 0
      while true {
        var least = i
        for child in [2 * i + 1, 2 * i + 2] where child < heap.count && heap[child] < heap[least] { least = child }
        if least == i { return first }
        heap.swapAt(i, least)
        i = least
      }
    }
  }
}
