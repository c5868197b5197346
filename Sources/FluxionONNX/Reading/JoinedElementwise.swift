import Tensors

// Element-wise operators on one tensor and numbers of the file, one after the other, as one operator: a hard-swish in eight operators is one pass over
// memory.
extension Graph {
  /// An element-wise operator on one tensor and numbers that the file holds.
  private indirect enum Formula {
    case root
    /// One that the file has as a scalar, or as a vector of one element.
    case number(Double, isVector: Bool)
    case apply(String, [Formula], [Double])

    /// How many operators it has.
    var count: Int {
      if case .apply(_, let operands, _) = self { return operands.reduce(1) { $0 + $1.count } }
      return 0
    }

    var hasVector: Bool {
      switch self {
      case .root: false
      case .number(_, let isVector): isVector
      case .apply(_, let operands, _): operands.contains { $0.hasVector }
      }
    }

    func symbol(_ x: Symbol) -> Symbol {
      guard case .apply(let name, let operands, let numbers) = self else {
        if case .number(let number, _) = self { return Symbol(number) }
        return x
      }
      let a = operands[0].symbol(x)
      switch name {
      case "Add": return a + operands[1].symbol(x)
      case "Sub": return a - operands[1].symbol(x)
      case "Mul": return a * operands[1].symbol(x)
      case "Div": return a / operands[1].symbol(x)
      case "Relu": return relu(a)
      case "Sigmoid": return sigmoid(a)
      case "Tanh": return tanh(a)
      case "Erf": return erf(a)
      case "Exp": return exp(a)
      case "Sqrt": return sqrt(a)
      case "Neg": return -a
      case "HardSigmoid": return (Symbol(numbers[0]) * a + Symbol(numbers[1])).clamped(min: 0, max: 1)
      default:
        // A Clip, whose bounds are infinite where there are none.
        let low = numbers[0] == -.infinity ? a : maximum(a, Symbol(numbers[0]))
        return numbers[1] == .infinity ? low : minimum(low, Symbol(numbers[1]))
      }
    }
  }

  private static let pairs: Set<String> = ["Add", "Sub", "Mul", "Div"]
  private static let functions: Set<String> = ["Relu", "Sigmoid", "Tanh", "Erf", "Exp", "Sqrt", "Neg", "HardSigmoid", "Clip"]
  /// The longest formula.
  private static let mostOperators = 24

  private typealias Known = (root: Int, formula: Formula, node: Int)

  /// Joins what has one tensor as its operand; results that others read too are tensors as before.
  mutating func joinElementwise() {
    let numbers = self.numbers()
    if numbers.isEmpty { return }
    let readers = readers()
    // A value that is read by something else than formulas of its own root is a tensor, and a root itself.
    var roots: Set<Int> = []
    var formulas: [Int: Known] = [:]
    var isSettled = false
    for _ in 0..<8 where !isSettled {
      formulas = [:]
      for (i, node) in nodes.enumerated() {
        guard let (root, formula) = formula(of: node, numbers, formulas, roots), formula.count <= Self.mostOperators else { continue }
        formulas[node.outputs[0]] = (root, formula, i)
      }
      let outer = formulas.filter { slot, known in
        !roots.contains(slot)
          && readers[slot, default: []].contains { i in
            guard i >= 0, let reader = nodes[i].outputs.first.flatMap({ formulas[$0] }) else { return true }
            return reader.node != i || reader.root != known.root
          }
      }
      isSettled = outer.isEmpty
      roots.formUnion(outer.keys)
    }
    if !isSettled { return }
    var list: [Node] = []
    for (i, node) in nodes.enumerated() {
      guard let slot = node.outputs.first, let known = formulas[slot], known.node == i else {
        list.append(node)
        continue
      }
      // What is no root is in the formulas of those that read it.
      if !roots.contains(slot) { continue }
      list.append(known.formula.count < 2 ? node : joined(node, known))
    }
    nodes = list
  }

  /// A formula as one operator.
  private func joined(_ node: Node, _ known: Known) -> Node {
    let formula = known.formula
    let function = Elementwise { x in formula.symbol(x) }
    let operation = Operator("elementwise", [1], "") { call in
      let x = try call.typed(0)
      let y = function(x.tensor)
      return [.tensor(TypedTensor(x.rank == 0 && formula.hasVector ? y.reshaped([1]) : y, x.type))]
    }
    return Node(
      label: node.label, operation: operation, version: 1, inputs: [known.root], outputs: node.outputs, attributes: Attributes(),
      graphs: [:])
  }

  /// The float32 numbers among the values: those of constants with one element.
  private func numbers() -> [Int: Formula] {
    var numbers: [Int: Formula] = [:]
    for node in nodes where node.operation.name == "Constant" {
      guard let slot = node.outputs.first, slot >= 0 else { continue }
      if let x = (try? node.attributes.tensor("value")) ?? nil, x.type == .float, x.elementCount == 1, x.rank <= 1,
        let number = try? x.doubles("value").first, number.isFinite
      {
        numbers[slot] = .number(number, isVector: x.rank == 1)
      }
    }
    return numbers
  }

  /// A node as a formula of one tensor; nil if it is none.
  private func formula(
    of node: Node, _ numbers: [Int: Formula], _ formulas: [Int: Known], _ roots: Set<Int>
  ) -> (root: Int, formula: Formula)? {
    let name = node.operation.name
    guard node.outputs.count == 1, node.outputs[0] >= 0, node.version >= 7, node.graphs.isEmpty else { return nil }
    func operand(_ slot: Int) -> (root: Int, formula: Formula)? {
      if slot < 0 { return nil }
      if let known = formulas[slot], !roots.contains(slot) { return (known.root, known.formula) }
      return (slot, .root)
    }
    if Self.pairs.contains(name), node.inputs.count == 2 {
      let (a, b) = (node.inputs[0], node.inputs[1])
      if let number = numbers[b], numbers[a] == nil, let x = operand(a) { return (x.root, .apply(name, [x.formula, number], [])) }
      if let number = numbers[a], numbers[b] == nil, let x = operand(b) { return (x.root, .apply(name, [number, x.formula], [])) }
      // Of two tensors at least one has met a number, which is float32: so is the other.
      guard let x = operand(a), let y = operand(b), x.root == y.root, numbers[a] == nil, numbers[b] == nil,
        x.formula.count + y.formula.count > 0, isFloat(x.formula) || isFloat(y.formula)
      else { return nil }
      return (x.root, .apply(name, [x.formula, y.formula], []))
    }
    guard Self.functions.contains(name), let x = node.inputs.first.flatMap({ numbers[$0] == nil ? operand($0) : nil }) else { return nil }
    switch name {
    case "HardSigmoid":
      guard isFloat(x.formula), let alpha = try? node.attributes.float("alpha", 0.2), let beta = try? node.attributes.float("beta", 0.5)
      else { return nil }
      return (x.root, .apply(name, [x.formula], [alpha, beta]))
    case "Clip":
      var bounds = [-Double.infinity, Double.infinity]
      if node.version < 11 {
        guard isFloat(x.formula), let low = try? node.attributes.float("min"), let high = try? node.attributes.float("max")
        else { return nil }
        bounds = [low, high]
      } else {
        for (i, slot) in node.inputs.dropFirst().enumerated() where slot >= 0 {
          guard i < 2, case .number(let number, _)? = numbers[slot] else { return nil }
          bounds[i] = number
        }
        if node.inputs.dropFirst().allSatisfy({ $0 < 0 }) { return nil }
      }
      return (x.root, .apply(name, [x.formula], bounds))
    default: return node.inputs.count == 1 && isFloat(x.formula) ? (x.root, .apply(name, [x.formula], [])) : nil
    }
  }

  /// Whether a number of float32 is in it, so that its tensor is one of float32.
  private func isFloat(_ formula: Formula) -> Bool {
    switch formula {
    case .root: false
    case .number: true
    case .apply(let name, let operands, _): name == "Clip" || operands.contains { isFloat($0) }
    }
  }
}
