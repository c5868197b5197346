import Tensors

/// What a run of a model's graphs has in common: its parameters.
struct Environment: Sendable {
  let parameters: [TypedTensor]
  /// What is kept from run to run; nil where nothing may be, as in a gradient.
  let kept: KeptRun?

  /// The slots of a graph while it runs.
  final class Frame {
    var slots: [Value?]
    init(_ slots: [Value?]) { self.slots = slots }
  }

  /// An operator's mistake, which the scope around the run keeps; this tells the node.
  struct Stopped: Error {
    let node: String
  }

  /// Runs a graph on its inputs, in their order; nil for one left out.
  func run(_ graph: Graph, _ inputs: [Value?], prepare: (Frame) -> Void = { _ in }) throws -> [Value?] {
    let known = kept?.slots(of: graph)
    let frame = Frame(known ?? given(graph))
    prepare(frame)
    if inputs.count > graph.inputs.count {
      throw ONNXError(field: "inputs", message: "\(inputs.count) for a graph of \(graph.inputs.count)")
    }
    for (input, value) in zip(graph.inputs, inputs) where value != nil { frame.slots[input.slot] = value }
    if let kept {
      if known == nil {
        for node in graph.steadyNodes { try runNamed(node, frame, releases: false) }
        var slots = given(graph)
        for slot in graph.steadySlots { slots[slot] = frame.slots[slot] }
        kept.keep(slots, of: graph)
      }
      for node in graph.otherNodes { try runNamed(node, frame) }
    } else {
      for node in graph.nodes { try runNamed(node, frame) }
    }
    return graph.outputs.map { frame.slots[$0.slot] }
  }

  /// The slots of a graph with its constants and parameters.
  private func given(_ graph: Graph) -> [Value?] {
    var slots = [Value?](repeating: nil, count: graph.slotCount)
    for (slot, value) in graph.constants { slots[slot] = value }
    for (slot, parameter) in graph.parameters { slots[slot] = .tensor(parameters[parameter]) }
    return slots
  }

  /// Runs a node, and tells of it where it fails.
  private func runNamed(_ node: Node, _ frame: Frame, releases: Bool = true) throws {
    do {
      try run(node, frame, releases: releases)
    } catch var error as ONNXError {
      if error.node.isEmpty { error.node = node.label }
      throw error
    }
    if hasFailed { throw Stopped(node: node.label) }
  }

  private func run(_ node: Node, _ frame: Frame, releases: Bool) throws {
    let inputs = node.inputs.map { $0 < 0 ? nil : frame.slots[$0] }
    // What nobody else reads is the operator's own, which it may write over.
    if releases && node.graphs.isEmpty { for slot in node.released { frame.slots[slot] = nil } }
    var results = try node.operation.run(Call(node: node, inputs: inputs, environment: self, frame: frame))
    for i in results.indices where results[i].isHalf && !node.operation.movesElements { results[i] = results[i].roundedHalves() }
    for i in 0..<min(node.outputs.count, results.count) where node.outputs[i] >= 0 { frame.slots[node.outputs[i]] = results[i] }
    if node.outputs.count > results.count, let missing = node.outputs[results.count...].first(where: { $0 >= 0 }) {
      throw ONNXError(field: "output \(node.outputs.firstIndex(of: missing) ?? 0)", message: "is not one that the operator gives here")
    }
    if !releases { return }
    if !node.graphs.isEmpty { for slot in node.released { frame.slots[slot] = nil } }
    for slot in node.unread { frame.slots[slot] = nil }
  }
}

extension Call {
  /// Something that the operator makes of operands, once where those depend on weights and constants alone.
  func kept(_ name: String, of operands: [Int], _ make: () -> Tensor) -> Tensor {
    guard let kept = environment.kept, operands.allSatisfy({ node.steadyInputs.contains($0) || $0 >= node.inputs.count }) else {
      return make()
    }
    return kept.part(node, name, make)
  }

  /// Runs a graph of the node's on inputs, with what it reads of the graph around.
  func run(_ subgraph: Subgraph, _ inputs: [Value?]) throws -> [Value?] {
    try environment.run(subgraph.graph, inputs) { inner in
      for capture in subgraph.captures { inner.slots[capture.inner] = frame.slots[capture.outer] }
    }
  }
}
