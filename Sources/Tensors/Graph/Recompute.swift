import CKernels

// What a gradient reads of the forward pass is kept until then: most of a training step's memory. Two ways to keep less, with the same bits.
extension TracedGraph {
  /// Lets masks `x ≤ 0` read relu(x) in place of x, which need not be kept any more.
  mutating func readMasksFromResults() {
    var results: [Int: (value: Int, place: Int)] = [:]
    for (place, node) in nodes.enumerated() where node.elementwise?.program.isRelu ?? false {
      results[node.operands[0]] = (node.result, place)
    }
    if results.isEmpty { return }
    // Only where x is read by nothing else from there on; otherwise it would be the result that is kept longer.
    for (place, node) in nodes.enumerated() {
      for (i, operand) in node.operands.enumerated() {
        guard let relu = results[operand], place > relu.place else { continue }
        if !(node.elementwise?.program.onlyMasks(by: i) ?? false) { results[operand] = nil }
      }
    }
    for output in outputs { results[output] = nil }
    for (place, node) in nodes.enumerated() {
      node.renumber { operand in results[operand].flatMap { place > $0.place ? $0.value : nil } ?? operand }
    }
  }

  /// Computes values again where they are read late, if that takes little and what they are made of is there anyway; views as well, which take
  /// nothing, but show what is kept for them.
  mutating func recompute() {
    repeatLate { node, _ in node.isView && !node.isCheck }
    repeatLate { node, isThere in
      let bytes = node.signature.shape.elementCount * node.signature.dtype.byteCount
      return node.isCheap && bytes >= Self.leastBytes && node.operands.allSatisfy(isThere)
    }
  }

  /// Repeats operators before whoever reads their results after the longest time.
  ///
  /// - Parameter isMeant: Which ones, given whether a value is still there then.
  private mutating func repeatLate(_ isMeant: (TracedNode, _ isThere: (Int) -> Bool) -> Bool) {
    var readers: [Int: [Int]] = [:]
    for (place, node) in nodes.enumerated() { for operand in Set(node.operands) { readers[operand, default: []].append(place) } }
    for output in outputs { readers[output, default: []].append(nodes.count) }
    /// Whose elements views show, and when those are read last.
    var shown: [Int: Int] = [:]
    var ends: [Int: Int] = [:]
    for (place, node) in nodes.enumerated() {
      for operand in node.operands { ends[shown[operand] ?? operand] = place }
      if node.isView { shown[node.result] = shown[node.operands[0]] ?? node.operands[0] }
    }
    /// What is computed again before a node, and from which node on it is read.
    var again: [Int: [TracedNode]] = [:]
    var names: [Int: (from: Int, value: Int)] = [:]
    for (place, node) in nodes.enumerated() where node.draw == nil && node.saved.isEmpty {
      let places = readers[node.result] ?? []
      guard places.last != nodes.count, let gap = zip([place] + places, places).max(by: { $0.1 - $0.0 < $1.1 - $1.0 }),
        gap.1 - gap.0 >= Self.leastGap
      else { continue }
      func isThere(_ operand: Int) -> Bool {
        let whole = shown[operand] ?? operand
        return whole < inputCount || constants[whole] != nil || (ends[whole] ?? 0) >= gap.1 && names[whole] == nil
      }
      // What is itself computed again is there under another name.
      guard isMeant(node, isThere), !node.operands.contains(where: { names[$0].map { $0.from > gap.1 } ?? false }) else { continue }
      values.append(node.signature)
      let copy = node.copy(result: values.count - 1)
      copy.renumber { operand in names[operand].flatMap { gap.1 >= $0.from ? $0.value : nil } ?? operand }
      again[gap.1, default: []].append(copy)
      names[node.result] = (gap.1, values.count - 1)
    }
    if again.isEmpty { return }
    var list: [TracedNode] = []
    for (place, node) in nodes.enumerated() {
      list += again[place] ?? []
      node.renumber { operand in names[operand].flatMap { place >= $0.from ? $0.value : nil } ?? operand }
      list.append(node)
    }
    nodes = list
  }

  /// Less is not worth a step.
  private static let leastBytes = 1 << 16
  /// The operators between two that read a value for it to be computed again: fewer are of one layer.
  private static let leastGap = 8
}

extension Program {
  /// Whether it is x ≤ 0 ? 0 : x.
  fileprivate var isRelu: Bool {
    guard instructions.count == 1, instructions[0].op == FX_RELU.rawValue, case .input(0) = instructions[0].arguments.0 else {
      return false
    }
    return true
  }

  /// Whether an input is only asked for whether it is ≤ 0.
  fileprivate func onlyMasks(by input: Int) -> Bool {
    instructions.allSatisfy { instruction in
      let (a, b, c) = instruction.arguments
      func isInput(_ operand: Operand) -> Bool { if case .input(input) = operand { true } else { false } }
      if isInput(b) || isInput(c) { return false }
      if !isInput(a) { return true }
      guard instruction.op == FX_LE.rawValue, case .uniform(let i) = b, case .constant(let number) = uniforms[i] else { return false }
      return number.double == 0
    }
  }
}
