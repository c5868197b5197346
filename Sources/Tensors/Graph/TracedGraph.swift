#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The operators that a traced function called, in order, and what it takes and gives.
struct TracedGraph: @unchecked Sendable {
  var nodes: [TracedNode]
  /// The signature of each value; the inputs are the first.
  var values: [Signature]
  let inputCount: Int
  var constants: [Int: Tensor]
  /// The values that the function gives.
  var outputs: [Int]

  init(_ tracer: Tracer, outputs: [Int]) {
    (nodes, values, inputCount, constants) = (tracer.nodes, tracer.values, tracer.inputCount, tracer.constants)
    self.outputs = outputs
  }

  /// The last step at which each value is read by another one.
  var lastUses: [Int: Int] {
    var uses: [Int: Int] = [:]
    for (place, node) in nodes.enumerated() { for operand in node.operands { uses[operand] = place } }
    // What shows an operand's elements, and what is given back, is looked after by `PlanMemory`.
    return uses
  }

  /// Which nodes have nothing but weights and constants as their operands, and results that go to no caller.
  ///
  /// - Parameter count: How many of the first inputs are weights, the same tensors in most runs.
  func nodesOfWeights(count: Int) -> [Bool] {
    if count == 0 { return Array(repeating: false, count: nodes.count) }
    let given = Set(outputs)
    var known: Set<Int> = []
    func isKnown(_ value: Int) -> Bool { value < count || constants[value] != nil || known.contains(value) }
    return nodes.map { node in
      let isOfWeights =
        node.draw == nil && !node.isCheck && node.saved.isEmpty && !given.contains(node.result) && node.operands.allSatisfy(isKnown)
      if isOfWeights { known.insert(node.result) }
      return isOfWeights
    }
  }

  /// Why this graph, of a second trace, is another one than the first; nil if it is the same.
  func difference(from first: TracedGraph) -> String? {
    if nodes.count != first.nodes.count || outputs != first.outputs {
      return "the function does not call the same operators each time (a Swift if on a counter, a list that grows)"
    }
    for (node, other) in zip(nodes, first.nodes) {
      if node.operands != other.operands || node.key != other.key || node.result != other.result {
        let place = node.location.isEmpty ? "" : ", in \(node.location)"
        return "\(node.name) is not called in the same way each time: numbers in it change from call to call\(place)"
      }
    }
    for (number, constant) in constants {
      guard let other = first.constants[number], constant.hasSameElements(as: other) else {
        return "a tensor \(constant.dtype) \(constant.shape) that is neither an argument nor a constant is another one each time; "
          + "pass it as an argument"
      }
    }
    return nil
  }

  /// Leaves out what no output depends on.
  mutating func removeDeadCode() {
    var isNeeded = Array(repeating: false, count: values.count)
    for output in outputs { isNeeded[output] = true }
    var kept: [TracedNode] = []
    for node in nodes.reversed() where isNeeded[node.result] || node.saved.contains(where: { isNeeded[$0] }) {
      for operand in node.operands { isNeeded[operand] = true }
      kept.append(node)
    }
    nodes = kept.reversed()
    constants = constants.filter { isNeeded[$0.key] }
  }

  /// Computes once what several operators would compute alike.
  mutating func removeCommonSubexpressions() {
    struct Key: Hashable {
      let operands: [Int]
      let key: Int
    }
    var known: [Key: Int] = [:]
    var names = Array(values.indices)
    var kept: [TracedNode] = []
    for node in nodes {
      node.renumber { names[$0] }
      let key = Key(operands: node.operands, key: node.key)
      if node.saved.isEmpty, let same = known[key] {
        names[node.result] = same
      } else {
        known[key] = node.result
        kept.append(node)
      }
    }
    nodes = kept
    outputs = outputs.map { names[$0] }
  }
}

extension Tensor {
  /// Whether both have the same shape, dtype and bits.
  func hasSameElements(as other: Tensor) -> Bool {
    if body === other.body { return true }
    guard shape == other.shape, dtype == other.dtype, let a = try? ordered, let b = try? other.ordered else { return false }
    return elementCount == 0 || memcmp(a.pointer, b.pointer, elementCount * dtype.byteCount) == 0
  }
}

extension TracedGraph {
  /// What the plan is made of: the same results to the bit, by fewer passes over memory.
  ///
  /// - Parameter weightCount: How many of the first inputs are weights; what they give alone is computed once, and stays apart.
  mutating func simplify(weightCount: Int) {
    removeDeadCode()
    removeCommonSubexpressions()
    fuseElementwise(weightCount: weightCount)
    fuseReductions()
    readMasksFromResults()
    recompute()
  }
}
